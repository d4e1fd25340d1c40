# shellcheck shell=bash
# The engine to test with: the machine's if one is running, otherwise one that the tests start.

# start_engine: makes `docker` answer; returns 1 if it can't.
start_engine() {
  ((EUID == 0)) || { warn "these tests start daemons and change mounts: run them as root" && return 1; }
  docker info >/dev/null 2>&1 && return
  local -r folder=$(mktemp -d -t rust-gears-engine.XXXXXX)
  on_exit rm -rf "$folder"
  make_bridge rust-gears-test 10.98.76.1/24 || return 1
  # Its images are kept between runs, in files that belong to root.
  start_dockerd "$folder" --data-root "$root/target/engine" --bridge rust-gears-test || {
    tail -n 20 "$folder/log" >&2
    warn "no container engine can be started here: its last messages are above"
    return 1
  }
  export DOCKER_HOST=unix://$folder/socket
}

# make_bridge NAME ADDRESS: for the containers, removed at the end. On docker0 there may still be containers of an engine
# that was killed: their network namespaces stay, and answer for the addresses that new containers get.
make_bridge() {
  ip link delete "$1" 2>/dev/null || true # a run that was killed may have left it
  on_exit ip link delete "$1"
  ip link add "$1" type bridge && ip address add "$2" dev "$1" && ip link set "$1" up
}

# The image that rust-gears starts from: Debian's own, or scripts/build's stand-in for it.
base_image() { docker image inspect --format '{{index .Config.Labels "org.opencontainers.image.base.name"}}' rust-gears; }

# start_dockerd FOLDER ARG…: starts a daemon with its socket and state in FOLDER, and stops it at the end.
start_dockerd() {
  local -r folder=$1
  shift
  mkdir -p "$folder"
  ${in_own_network:+unshare --net} dockerd --host "unix://$folder/socket" --exec-root "$folder/exec" --pidfile "$folder/pid" "$@" >"$folder/log" 2>&1 &
  local -r pid=$!
  # The daemon leaves this mounted, and the folder can't be removed while it is.
  on_exit umount --quiet "$folder/exec/netns/default"
  on_exit stop_process "$pid"
  for _ in {1..150}; do
    ! docker --host "unix://$folder/socket" info >/dev/null 2>&1 || return 0
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.2
  done
  return 1
}

stop_process() {
  kill "$1" 2>/dev/null || return 0
  wait "$1" 2>/dev/null || true
}

# source_base_images ENGINE: makes ensure_base_images available, which uses that engine to find the Dockerfile's base images and
# sets base_arguments to the arguments that `docker build` needs for them.
source_base_images() {
  source "$root/scripts/lib/engine.sh"
  source "$root/scripts/lib/packages.sh"
  source "$root/scripts/lib/base-images.sh"
  # shellcheck disable=SC2034 # for ensure_base_images
  engine=("$1") install=no
}
use_base_images() {
  source_base_images docker
  ensure_base_images
}

# A second engine with a runtime named nvidia, as the NVIDIA Container Toolkit configures it. The stand-in runtime fails
# with the words in $here/words, in the way that runc hands its own words to the engine.
start_engine_with_nvidia_runtime() {
  cat >"$here/nvidia-container-runtime" <<'RUNTIME'
#!/usr/bin/env bash
set -eu
folder=$(dirname "$0")
log=
for argument; do
  [[ $log != next ]] || log=$argument
  [[ $argument != --log ]] || log=next
done
[[ -s $folder/words && " $* " == *" create "* ]] || exec runc "$@"
printf '{"level":"error","msg":"%s","time":"2026-01-01T00:00:00Z"}\n' "$(sed 's/["\\]/\\&/g' "$folder/words")" >"$log"
exit 1
RUNTIME
  chmod +x "$here/nvidia-container-runtime"
  # In a separate network namespace, because a second daemon here would take down the first one's bridge.
  local -r in_own_network=1
  start_dockerd "$here/engine" --data-root "$here/engine/data" --bridge=none --iptables=false \
    --add-runtime "nvidia=$here/nvidia-container-runtime"
  export DOCKER_HOST=unix://$here/engine/socket
}
