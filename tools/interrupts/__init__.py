"""Kill notebooks' kernels between cells, and look what `labs clean` leaves.

    python -m tools.interrupts                     every notebook, after each of its cells
    python -m tools.interrupts book/docker/...     these notebooks
    python -m tools.interrupts --once              each after one cell, chosen by --seed

A kernel that is killed (`kill -9`, the memory gone, the laptop shut) has no time to clean up.
So at every boundary: a new kernel, the cells up to there, the kill, `labs clean`; then
nothing may be there that was not there before, and at last the notebook runs green. After
each cell everything new on the engine must bear the label of its run: by it `labs clean`
finds what to remove. On an engine that others use too (not --quiet), what bears neither the
label nor the run's name is taken to be theirs.
"""
