#!/usr/bin/env bash
# Two machines, node1 and node2, for one who follows docs/first-cluster.md: each with a network of its own (scripts/netlab, a
# switch of 1 Gbit/s), a name, a home folder, a user "me" with a password, and a real sshd. The built package lies in ~/tsmpi
# of both. Started by two-machines.ts as root in namespaces of its own, with which everything ends:
#
#   unshare --net --mount --pid --fork --kill-child --mount-proc two-machines.sh CHECKOUT FOLDER NODE
#
# Then reads lines MACHINE<TAB>COMMAND, runs each as the user would, in the folder in which the last one ended, and
# writes its output and a line END<TAB>CODE.
set -euo pipefail

CHECKOUT=$1 FOLDER=$2 NODE=$3
USER_PATH=/home/me/.local/bin:$(dirname "$NODE"):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
# sha512crypt of "secret"
SECRET='$6$tsmpilab$suAGiu8dVdErfYWNKgiKeiCuYLpAUFsOliJd3sb9bYh4gyt8fxMxqmLygVQlmG.ioSqmK8EyMI2vhFSYtMAKK1'

# machine NAME: inside of its network; becomes its sshd.
machine() {
  local files=$FOLDER/$1
  mkdir -p "$files"
  hostname "$1"
  mount -t tmpfs home /home
  mkdir -p /home/me/tsmpi/node_modules
  (cd "$CHECKOUT" && cp -a --parents package.json README.md dist docs examples hostfiles hpl/HPL.dat scripts/netlab /home/me/tsmpi)
  mount --bind "$CHECKOUT/node_modules" /home/me/tsmpi/node_modules
  mount -o remount,bind,ro /home/me/tsmpi/node_modules
  # Where npm puts the commands of global packages must be no folder of this machine.
  echo 'prefix=/home/me/.local' >/home/me/.npmrc
  printf '127.0.0.1 localhost\n10.99.0.1 node1\n10.99.0.2 node2\n' >"$files/hosts"
  { echo 'me:x:0:0:me:/home/me:/bin/bash' && cat /etc/passwd; } >"$files/passwd"
  { echo "me:$SECRET:19000:0:99999:7:::" && cat /etc/shadow; } >"$files/shadow"
  for name in hosts passwd shadow; do mount --bind "$files/$name" "/etc/$name"; done
  ssh-keygen -q -t ed25519 -N '' -f "$files/host_key"
  cat >"$files/sshd_config" <<END
HostKey $files/host_key
PidFile none
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
SetEnv PATH=$USER_PATH
END
  exec /usr/sbin/sshd -D -e -f "$files/sshd_config" 2>"$files/sshd.log"
}

# on MACHINE COMMAND: what its user types at the keyboard; ssh gets its answers from askpass.
on() {
  nsenter --target "${PIDS[$1]}" --mount --uts --net -- env -i HOME=/home/me USER=me LANG=C.UTF-8 PATH="$USER_PATH" \
    SSH_ASKPASS="$FOLDER/askpass" SSH_ASKPASS_REQUIRE=force CHANGED="$FOLDER/$1/folder" \
    bash -c 'cd "$(cat "$CHANGED" 2>/dev/null || echo ~)" && eval "$1"; code=$?; pwd >"$CHANGED"; exit $code' bash "$2"
}

mount -t tmpfs run /run
mkdir -p /run/netns /run/sshd
printf '#!/bin/sh\ncase "$1" in *yes/no*) echo yes ;; *) echo secret ;; esac\n' >"$FOLDER/askpass"
chmod +x "$FOLDER/askpass"
ip link set lo up
"$CHECKOUT/scripts/netlab" up 2 1gbe >&2

declare -A PIDS
export CHECKOUT FOLDER USER_PATH SECRET
export -f machine
for number in 1 2; do
  ip netns exec "netlab-n$number" unshare --mount --uts bash -c "set -euo pipefail; machine node$number" </dev/null >&2 &
  PIDS[node$number]=$!
done
for name in node1 node2; do
  until grep -qs 'Server listening' "$FOLDER/$name/sshd.log"; do
    kill -0 "${PIDS[$name]}"
    sleep 0.05
  done
done

echo READY
while IFS=$'\t' read -r name command; do
  code=0
  on "$name" "$command" </dev/null 2>&1 || code=$?
  printf 'END\t%s\n' "$code"
done
