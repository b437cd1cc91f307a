#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs `./dev` commands on a clone of HEAD inside a minimal Debian 12 made for
# it: fresh.sh FOLDER [COMMAND...] (default: build demo test). Needs root and
# debootstrap. FOLDER is made where it is missing and kept, so that a second
# run starts from what the first installed; remove it for a fresh start.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=${1:?usage: fresh.sh FOLDER [COMMAND...]}
shift
(($#)) || set -- build demo test

if [[ ! -d $root/root ]]; then
  debootstrap --variant=minbase --include=git bookworm "$root"
  # LLVM 22 is among the security updates.
  for suite in bookworm bookworm-updates; do
    echo "deb http://deb.debian.org/debian $suite main"
  done >"$root/etc/apt/sources.list"
  echo "deb http://deb.debian.org/debian-security bookworm-security main" >>"$root/etc/apt/sources.list"
fi

clone=$root/root/dlc
rm -rf "$clone"
git clone --quiet "file://$source" "$clone"

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
trap 'umount -R "$root/dev" "$root/proc"' EXIT

environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root)
if [[ -n ${PIP_CERT:-} ]]; then # a network that has a certificate authority of its own
  cp "$PIP_CERT" "$root/root/ca.crt"
  environment+=(PIP_CERT=/root/ca.crt)
fi
for command in "$@"; do
  chroot "$root" env -i "${environment[@]}" bash -c 'cd /root/dlc && time ./dev $0' "$command"
done
