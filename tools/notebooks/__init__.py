"""Run, record, normalise and test the book's notebooks.

    python -m tools.notebooks record [NOTEBOOK ...]   run on the real systems, store outputs
    python -m tools.notebooks test [NOTEBOOK ...]     run and compare with what is stored
    python -m tools.notebooks check                   what is wrong without running anything
    python -m tools.notebooks census [--write]        how many notebooks, cells, checks exist

What counts as "the same output" is decided in one place, `sanitise`: a recording is kept as
it is, byte for byte, exactly when the tests would accept it.

    book        which notebooks there are, in the table of contents and on disk
    sanitise    outputs -> what of them is a fact (`tests/notebooks/sanitize.cfg`)
    terminal    what a terminal would show after all its cursor movements
    widgets     ids of widgets in order; state that is too large cut
    normalise   a notebook -> the form in which it is stored
    execute     run a notebook in a fresh kernel
    record      execute, normalise, keep or replace the recording
    provenance  on what, and when, a recording was made
    outline     faults of one notebook that one sees without running it
    census      how many notebooks, cells and checks exist, and which are gone
    harness     the pytest plugin: nbval, strict, and everything counted
"""
