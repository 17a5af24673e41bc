#!/usr/bin/env bash
# A throw-away Debian machine with what most readers have: systemd, cgroup v2 alone, AppArmor,
# Docker. Emulated (QEMU TCG), so it needs no hardware support: it boots in about half a minute
# and computes some ten times slower than its host. Making it needs root on Debian.
#
#   machine.sh build        root file system and disk (once, about two minutes)
#   machine.sh up           boot, wait until ssh and Docker answer
#   machine.sh run CMD...   run a command there; standard input and exit status are passed on
#   machine.sh down         power off
#
# All of it lies in VM_HOME. VM_MEMORY (4G), VM_CORES (2), VM_PORT (2222), VM_DISK (12G),
# VM_SOURCES (lines for apt).
set -euo pipefail
home=${VM_HOME:?folder} port=${VM_PORT:-2222}
packages="systemd,systemd-sysv,systemd-resolved,udev,dbus,kmod,iproute2,iptables,nftables,procps"
packages+=",ca-certificates,openssh-server,linux-image-cloud-amd64,initramfs-tools"
packages+=",docker.io,apparmor,python3,attr"

die() { echo "vm: $*" >&2; exit 1; }
inside() {
  ssh -i "$home/key" -p "$port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR -o ConnectTimeout=5 root@127.0.0.1 "$@"
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
  echo vm >"$root/etc/hostname"
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
    setsid qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m "${VM_MEMORY:-4G}" \
      -smp "${VM_CORES:-2}" -no-reboot -display none -serial "file:$home/console.log" \
      -monitor none -kernel "$home/kernel" -initrd "$home/initrd" \
      -append "root=/dev/vda rw console=ttyS0 quiet" \
      -drive "file=$home/disk.img,if=virtio,format=raw,cache=unsafe" \
      -netdev "user,id=n,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net,netdev=n \
      </dev/null >"$home/qemu.log" 2>&1 &
    echo $! >"$home/pid"
  }
  for _ in $(seq 80); do
    inside 'docker info >/dev/null 2>&1' 2>/dev/null && return
    running || die "the machine stopped: see $home/qemu.log and $home/console.log"
    sleep 3
  done
  die "no answer within 240 s: see $home/console.log"
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
