"""A throw-away machine with cgroup v2, systemd and AppArmor: what most readers have.

    python -m tools.vm test      run the kernel's tests in it, and record its control groups
    python -m tools.vm up        boot it (made first, if need be); `down` powers it off

`test` leaves its result, with date and versions, in tests/fixtures/vm.json, and what the
kernel showed in tests/fixtures/cgroup-v2.json, which unit tests read on every machine.
KEEP=1 leaves the machine running. Making it needs root on Debian.
"""
