"""A throw-away machine with cgroup v2, systemd and AppArmor: what most readers have.

    python -m tools.vm record [NOTEBOOK ...]  record labs in it, on a current engine
    python -m tools.vm test [NOTEBOOK ...]    run the kernel's tests and labs in it; its groups
                                              are recorded. With names: these labs alone
    python -m tools.vm up                     boot it (made first, if need be)
    python -m tools.vm down                   power it off

Without names, labs are those whose metadata say "recorded_on": ["cgroup2"]. `test` leaves its
result, with date and versions, in tests/fixtures/vm.json, and what the kernel showed in
tests/fixtures/cgroup-v2.json, which unit tests read on every machine. KEEP=1 leaves the
machine running. Making it needs root on Debian.

    machine     booted, spoken to, powered off (machine.sh)
    furnish     what it is given: code, packages, images, the current engine
    engines     which engine runs there
    notebooks   labs recorded and tested there
    record      runs there: control groups as the kernel shows them
"""
