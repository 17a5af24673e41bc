#!/bin/sh
# Start the services as the machine's init would. Keys of its own, made anew each time.
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd
rpcbind
rsyslogd
cron
exim4 -bd
exec tail -f /dev/null
