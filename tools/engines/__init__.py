"""Container engines of our own, beside or instead of the machine's: for recordings and tests.

    python -m tools.engines current                start a current engine, print DOCKER_HOST
    python -m tools.engines run current -- CMD...  run CMD on it, then remove all of it
    python -m tools.engines run machine -- CMD...  run CMD on the machine's own engine
    python -m tools.engines stop                   stop what the first command started

An engine of ours has a network namespace, folders and a socket of its own, so that it
cannot harm the machine's: two engines in one namespace fight over docker0. Its published
ports are reachable inside that namespace alone; so `run` runs its command in there.
"""
