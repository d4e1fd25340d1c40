# shellcheck shell=bash
# The container engine: Docker or podman, as an array `engine` to which a command is appended.

engine=()
engine_kind='' # docker, podman, or native: no engine, the program itself

# A daemon that hangs does not answer. (sudo may ask for a password first, which takes as long as it takes.)
readonly answer_within=10
answers() { if [[ $1 == sudo ]]; then "$@" info; else timeout "$answer_within" "$@" info; fi >/dev/null 2>&1; }

# try_engine NAME: use it if it is installed and answers.
try_engine() {
  have "$1" || return 1
  if answers "$1"; then
    engine=("$1")
  elif [[ $1 == docker ]] && ((EUID != 0)) && have sudo && answers sudo docker; then
    # The customary way for users who aren't in the group docker.
    engine=(sudo docker)
  else
    return 1
  fi
  engine_kind=$1
  # Debian's podman-docker also answers to the name docker.
  if "$1" --version 2>/dev/null | grep -qi podman; then engine_kind=podman; fi
}

# find_engine CHOICE INSTALL: CHOICE is auto, docker, podman or native.
find_engine() {
  local -r choice=$1 install=$2
  case $choice in
    native) engine_kind=native ;;
    docker | podman) try_engine "$choice" || no_answer "$choice" ;;
    auto)
      try_engine docker || try_podman || install_engine "$install" || run_natively || no_answer docker
      ;;
    *) fail 2 "--engine is docker, podman, native or auto, not '$choice'" ;;
  esac
}

# Uses podman instead of a Docker that is installed but doesn't answer.
try_podman() {
  try_engine podman || return 1
  ! have docker || say "the Docker daemon does not answer: using podman instead (--engine=docker shows why)"
}

# In a subshell: if this fails, there may still be cargo.
install_engine() {
  if ! have docker; then (ensure_packages "$1" engine) || return 1; fi
  [[ $1 != no ]] && start_docker && try_engine docker
}

# Debian's package starts the daemon, but not if there is no systemd.
start_docker() {
  answers docker && return
  say "starting the Docker daemon: service docker start"
  as_root service docker start >/dev/null 2>&1 || return 1
  local _
  for _ in {1..50}; do
    answers docker && return
    sleep 0.2
  done
  return 1
}

run_natively() {
  have cargo || return 1
  warn "no container engine is available: running the program itself, built with cargo"
  engine_kind=native
}

no_answer() {
  have "$1" || die "$1 is not installed. Install it (scripts/setup), or choose with --engine=docker, podman or native"
  local -r words=$("$1" info 2>&1 >/dev/null || true)
  explain launch-errors "$words" || engine_kind=$1 ask_for_report ''
  die "$1 is installed, but does not answer. Its own words: $words"
}

# engine_info TEMPLATE: a field of the engine's `info`, or nothing if the engine has no such field.
engine_info() { "${engine[@]}" info --format "$1" 2>/dev/null || true; }

# The folders where the engine looks for CDI specifications. Docker lists them, if it looks at all; podman always uses these.
cdi_folders() {
  if [[ $engine_kind == podman ]]; then
    printf '%s\n' /etc/cdi /var/run/cdi
  else
    engine_info '{{range .CDISpecDirs}}{{println .}}{{end}}'
  fi
}

has_image() { "${engine[@]}" image inspect "$1" >/dev/null 2>&1; }

is_rootless_docker() { [[ $engine_kind == docker && $(engine_info '{{.SecurityOptions}}') == *name=rootless* ]]; }
is_remapped() { [[ $engine_kind == docker && $(engine_info '{{.SecurityOptions}}') == *name=userns* ]]; }
is_rootless_podman() { [[ $engine_kind == podman && $EUID -ne 0 ]]; }

# is_ours IMAGE: whether it is one of this project's, or made from it: it starts our program. A name must do for an image
# that isn't here.
is_ours() {
  if has_image "$1"; then
    [[ $(entrypoint "$1") == *[\"/]@(rust-gears|isolated)\"* ]]
  else
    [[ $1 == ?(*/)rust-gears?(:*) ]]
  fi
}
entrypoint() { "${engine[@]}" image inspect --format '{{json .Config.Entrypoint}}' "$1" 2>/dev/null || true; }
