# shellcheck shell=bash
# The way to the display: $DISPLAY → what the container has to be given to reach that X server.

# The program's own arguments can name another display, or ask for none.
# display_asked_for ARG…: prints the display; nothing where nothing is drawn on one.
display_asked_for() {
  local display=${DISPLAY:-}
  while (($#)); do
    case $1 in
      -display | --display) display=${2:-} && shift ;;
      --display=*) display=${1#*=} ;;
      --off-screen | --list-devices | -h | --help | -V | --version) return ;;
    esac
    shift || true
  done
  printf '%s' "$display"
}

# choose_display DISPLAY: sets display_kind (none, local, loopback or remote), display_number and display_args.
choose_display() {
  local -r display=$1
  display_kind=none display_number='' display_args=(--network=none)
  if [[ -z $display ]]; then
    [[ -z ${WAYLAND_DISPLAY:-} ]] ||
      say "this Wayland session has no X server to show a window on (DISPLAY is unset): is Xwayland installed?"
    return 0
  fi
  [[ $display =~ ^(.*):([0-9]+)(\.[0-9]+)?$ ]] ||
    fail 3 "DISPLAY is '$display', which is no X display: it has the form :0 or host:0"
  local -r host=${BASH_REMATCH[1]} screen=${BASH_REMATCH[3]}
  display_number=${BASH_REMATCH[2]}
  case $host in
    '' | unix | */unix) use_socket "$screen" ;;
    # ssh -X: a port on this machine's own loopback, which only its own network has.
    localhost | 127.* | '[::1]' | ::1)
      display_kind=loopback
      display_args=(--network=host -e "DISPLAY=$display")
      warn "$display is a display forwarded by ssh: the container gets this machine's network (--network=host) to reach it"
      ;;
    *)
      display_kind=remote
      display_args=(-e "DISPLAY=$display")
      ;;
  esac
}

# The one socket, not the folder of them all, and not the abstract one, which comes with --network=host only.
use_socket() {
  local -r socket=/tmp/.X11-unix/X$display_number
  display_kind=local
  [[ -S $socket ]] ||
    fail 3 "there is no X server at :$display_number: $socket does not exist. Which ones there are:" \
      "$(cd /tmp/.X11-unix 2>/dev/null && echo X* | sed 's/X\([0-9]\)/:\1/g; s/X\*/none/')"
  display_args+=(-e "DISPLAY=:$display_number$1" "$(bind "$socket" "$socket" ro)")
}

# bind SOURCE TARGET [ro]: an argument for the engine. --mount rather than -v, which stops at the first colon and makes a
# folder of whatever is missing; its value is a line of CSV, so a field with a comma or a quote is quoted as CSV wants it.
bind() {
  local -r source=$1 target=$2 mode=${3:-}
  printf -- '--mount=type=bind,%s,%s%s' "$(csv "source=$source")" "$(csv "target=$target")" "${mode:+,readonly}"
}
csv() { if [[ $1 == *[,\"]* ]]; then printf '"%s"' "${1//\"/\"\"}"; else printf '%s' "$1"; fi; }
