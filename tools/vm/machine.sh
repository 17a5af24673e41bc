#!/usr/bin/env bash
# A throw-away Debian machine with what most readers have: systemd, cgroup v2 alone, AppArmor,
# Docker. Emulated (QEMU TCG), so it needs no hardware support: it boots in about half a minute
# and computes some ten times slower than its host. Making it needs root on Debian.
#
#   machine.sh build        root file system and disk (once, about two minutes)
#   machine.sh up           boot, wait until ssh answers
#   machine.sh run CMD...   run a command there; standard input and exit status are passed on
#   machine.sh down         power off
#
# All of it lies in VM_HOME. VM_MEMORY (4G), VM_CORES (2), VM_PORT (a free one), VM_DISK (12G),
# VM_NICE (2), VM_SOURCES (lines for apt).
set -euo pipefail
home=${VM_HOME:?folder}
packages="systemd,systemd-sysv,systemd-resolved,udev,dbus,kmod,iproute2,iptables,nftables,procps"
packages+=",ca-certificates,openssh-server,linux-image-cloud-amd64,initramfs-tools"
packages+=",docker.io,apparmor,python3,attr"

die() { echo "vm: $*" >&2; exit 1; }
inside() {
  # One connection for all: to make one costs the machine seconds.
  ssh -i "$home/key" -p "$(cat "$home/port")" -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5 \
    -o ControlMaster=auto -o ControlPath="$home/ssh-%p" -o ControlPersist=60 root@127.0.0.1 "$@"
}
running() { [ -s "$home/pid" ] && kill -0 "$(cat "$home/pid")" 2>/dev/null; }

build() {
  local root=$home/root need=(mmdebstrap qemu-system-x86 e2fsprogs openssh-client)
  dpkg -s "${need[@]}" >/dev/null 2>&1 || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends "${need[@]}"
  }
  rm -rf "$home"
  mkdir -p "$home"
  ssh-keygen -q -t ed25519 -N '' -f "$home/key"
  printf '%s\n' "${VM_SOURCES:-deb http://deb.debian.org/debian bookworm main}" |
    mmdebstrap --variant=minbase --include="$packages" --aptopt='Acquire::Retries "5"' \
      bookworm "$root" - >"$home/build.log" 2>&1 ||
    die "no root file system: see $home/build.log"
  install -d -m 700 "$root/root/.ssh"
  install -m 600 "$home/key.pub" "$root/root/.ssh/authorized_keys"
  echo "/dev/vda / ext4 rw 0 1" >"$root/etc/fstab"
  echo my-machine >"$root/etc/hostname" # what the book calls a reader's machine
  printf '[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n' >"$root/etc/systemd/network/lan.network"
  for unit in systemd-networkd systemd-resolved; do
    ln -sf "/lib/systemd/system/$unit.service" \
      "$root/etc/systemd/system/multi-user.target.wants/$unit.service"
  done
  cp "$root"/boot/vmlinuz-* "$home/kernel"
  cp "$root"/boot/initrd.img-* "$home/initrd"
  truncate -s "${VM_DISK:-12G}" "$home/disk.part"
  mke2fs -q -t ext4 -d "$root" "$home/disk.part"
  rm -rf "$root"
  mv "$home/disk.part" "$home/disk.img"
}

up() {
  [ -f "$home/disk.img" ] || build
  running || {
    free='import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
    truncate -s 4G "$home/cargo" # where files are put for it to read
    echo "${VM_PORT:-$(python3 -c "$free")}" >"$home/port"
    setsid nice -n "${VM_NICE:-2}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max \
      -m "${VM_MEMORY:-4G}" -smp "${VM_CORES:-2}" -no-reboot -display none \
      -serial "file:$home/console.log" \
      -monitor none -kernel "$home/kernel" -initrd "$home/initrd" \
      -append "root=/dev/vda rw console=ttyS0 quiet" \
      -drive "file=$home/disk.img,if=virtio,format=raw,cache=unsafe" \
      -drive "file=$home/cargo,if=virtio,format=raw,cache=unsafe,readonly=on" \
      -netdev "user,id=n,hostfwd=tcp:127.0.0.1:$(cat "$home/port")-:22" \
      -device virtio-net,netdev=n \
      </dev/null >"$home/qemu.log" 2>&1 &
    echo $! >"$home/pid"
  }
  for _ in $(seq 200); do
    inside true 2>/dev/null && return
    running || die "the machine stopped: see $home/qemu.log and $home/console.log"
    sleep 3
  done
  die "no answer within 600 s: see $home/console.log"
}

down() {
  running || return 0
  inside poweroff 2>/dev/null || true
  for _ in $(seq 15); do
    running || return 0
    sleep 1
  done
  kill "$(cat "$home/pid")"
}

case ${1:-} in
  build | up | down) "$1" ;;
  run)
    shift
    inside "$@"
    ;;
  *)
    sed -n '2,13p' "$0"
    exit 2
    ;;
esac
