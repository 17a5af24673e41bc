#!/bin/sh
# Opens the workshop: its own control group becomes writable and may have others below it.
# That takes CAP_SYS_ADMIN. No group of the machine's can be seen from in here.
set -e
groups=/sys/fs/cgroup
if [ -e $groups/cgroup.controllers ]; then
    mount -o remount,bind,rw $groups
    # Version 2 lets a group hand on its controllers only if no process is in it.
    mkdir -p $groups/workshop
    for process in $(cat $groups/cgroup.procs); do
        echo "$process" > $groups/workshop/cgroup.procs 2> /dev/null || true
    done
    echo "+pids +memory" > $groups/cgroup.subtree_control
else
    for each in "$groups"/*; do
        [ -L "$each" ] || mount -o remount,bind,rw "$each"
    done
fi
touch /open
exec sleep infinity
