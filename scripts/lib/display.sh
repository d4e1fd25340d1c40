# shellcheck shell=bash disable=SC2016 # lines of shell that are run later, or pasted
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

# choose_display DISPLAY: sets display_kind (none, local, loopback or remote), display_number and display_args; adds to before
# and after.
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
    localhost | 127.* | '[::1]' | ::1) use_relay "${host/#::1/[::1]}" "$screen" ;;
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
    fail 3 "there is no X server at :$display_number: $socket does not exist. Which ones there are: $(local_displays)"
  # On WSL the folder, or the socket, can be a symlink into /mnt/wslg, of which the container gets nothing else.
  display_args+=(-e "DISPLAY=:$display_number$1" "$(bind "$(readlink -f "$socket")" "$socket" readonly)")
}

# The displays that have a socket here. Everybody may make files there, so only names of sockets count, and not all of them.
local_displays() {
  local -a found
  mapfile -t found < <(find /tmp/.X11-unix/ -name 'X*' -type s -printf '%f\n' 2>/dev/null | grep -xE 'X[0-9]{1,5}' | sort -V | head -n 20)
  ((${#found[@]})) || found=(none)
  printf '%s' "${found[*]/#X/:}"
}

# A display forwarded by ssh is a port on this machine's loopback. --network=host would reach it, and with it every other
# port there and the abstract socket of the local display, so the one port is relayed to a socket that is mounted.
use_relay() {
  local -r socket="\"\$d/X$display_number\""
  display_kind=loopback
  have socat || ensure_packages "$install" relay
  say "$display is a display forwarded by ssh: the container gets its one port, through a relay (socat)"
  needs_run_folder=1
  # In a session of its own: Ctrl-C ends the gears, which still need their display to do so.
  before+=(
    "setsid --fork socat -L \"\$d/relay\" UNIX-LISTEN:$socket,mode=666,fork TCP:$1:$((6000 + display_number)) </dev/null >\"\$d/relay.log\" 2>&1"
    "{ timeout 5 sh -c 'until [ -S \"\$0\" ]; do sleep 0.1; done' $socket || { cat \"\$d/relay.log\" >&2 && false; }; }"
  )
  after+=('kill "$(cat "$d/relay")"')
  display_args+=(-e "DISPLAY=:$display_number$2" "$(bind "@d@/X$display_number" "/tmp/.X11-unix/X$display_number" readonly)")
}

# bind SOURCE TARGET [OPTIONS]: an argument for the engine. --mount rather than -v, which stops at the first colon and makes
# a folder of whatever is missing; its value is a line of CSV, so a field with a comma or a quote is quoted as CSV wants it.
bind() {
  local -r source=$1 target=$2 options=${3:-}
  printf -- '--mount=type=bind,%s,%s%s' "$(csv "source=$source")" "$(csv "target=$target")" "${options:+,$options}"
}
csv() { if [[ $1 == *[,\"]* ]]; then printf '"%s"' "${1//\"/\"\"}"; else printf '%s' "$1"; fi; }
