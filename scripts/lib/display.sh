# shellcheck shell=bash disable=SC2016 # shell code to run later or to paste
# The way to the display: $DISPLAY → what the container needs to reach that X server.

# The program's own arguments can name another display or ask for none.
# display_asked_for ARG…: prints the display, or nothing if nothing is drawn on one.
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

# choose_display DISPLAY: sets display_kind (none, local, loopback or remote), display, display_number, display_args and
# network_args; adds to before and after.
choose_display() {
  display=$1
  display_kind=none display_number='' display_args=() network_args=(--network=none)
  if [[ -z $display ]]; then
    [[ -z ${WAYLAND_DISPLAY:-} ]] ||
      say "this Wayland session has no X server to show a window on (DISPLAY is unset): is Xwayland installed?"
    return 0
  fi
  local socket=${display#unix:} screen='' bare
  if [[ $socket == /* ]]; then
    [[ -e $socket || ! $socket =~ ^(.*)(\.[0-9]+)$ ]] || socket=${BASH_REMATCH[1]} screen=${BASH_REMATCH[2]}
    # As in libxcb, the cookie for a socket with another path is that of display 0.
    display_number=0
    [[ ! $socket =~ ^/tmp/\.X11-unix/X([0-9]+)$ ]] || display_number=${BASH_REMATCH[1]}
    use_socket "$socket" "$screen"
    return
  fi
  [[ $display =~ ^(.*):([0-9]+)(\.[0-9]+)?$ ]] || no_display "$display"
  local -r host=${BASH_REMATCH[1]}
  display_number=${BASH_REMATCH[2]} screen=${BASH_REMATCH[3]}
  # shellcheck disable=SC2034 # network_args: for scripts/run
  case $host in
    '' | unix | unix/* | */unix) use_socket "/tmp/.X11-unix/X$display_number" "$screen" ;;
    localhost | 127.* | '[::1]' | ::1 | tcp/localhost | tcp/127.* | inet/localhost | inet/127.* | inet6/localhost | inet6/*::1*)
      bare=${host#*/}
      use_relay "${bare/#::1/[::1]}" "$screen"
      ;;
    tcp/?* | inet/?* | inet6/?*)
      display_kind=remote
      display_args=(-e "DISPLAY=$display") network_args=()
      ;;
    */*) no_display "$display" ;;
    *)
      display_kind=remote
      display_args=(-e "DISPLAY=$display") network_args=()
      ;;
  esac
}

no_display() { fail 3 "DISPLAY is '$1', which is not the name of an X display; use the form :0 or host:0"; }

# use_socket SOCKET SCREEN: only this socket, not the folder with all of them, and not the abstract one, which needs
# --network=host. Sets display to a name that every release of libxcb accepts: 1.15 doesn't accept paths, 1.17 not unix:0.
use_socket() {
  local -r socket=$1
  x_socket=$socket # for who asks whose it is
  display_kind=local
  [[ -S $socket ]] ||
    fail 3 "there is no X server at $display: $socket does not exist. Start it, or set DISPLAY to one that is here:" \
      "$(local_displays)"
  display=$socket${2#.0}
  [[ $socket != "/tmp/.X11-unix/X$display_number" ]] || display=:$display_number$2
  # On WSL the folder or the socket can be a symlink into /mnt/wslg, of which the container gets nothing else.
  display_args+=(-e "DISPLAY=$display" "$(bind "$(readlink -f "$socket")" "$socket" readonly)")
}

# The displays that have a socket here. Anybody may create files there; only names of sockets count, and not all of them.
local_displays() {
  local -a found
  mapfile -t found < <(find /tmp/.X11-unix/ -name 'X*' -type s -printf '%f\n' 2>/dev/null | grep -xE 'X[0-9]{1,5}' | sort -V | head -n 20)
  ((${#found[@]})) || found=(none)
  printf '%s' "${found[*]/#X/:}"
}

# A display forwarded by ssh is a port on this machine's loopback. --network=host would reach it, but also every other port
# there and the abstract socket of the local display. Instead, this one port is relayed to a socket that is mounted.
use_relay() {
  local -r socket="\"\$d/X$display_number\""
  display_kind=loopback
  have socat || ensure_packages "$install" relay
  say "$display is a display forwarded by ssh: the container reaches only its port, through a relay (socat)"
  needs_run_folder=1
  # In a session of its own: Ctrl-C ends the gears, which need their display to end properly.
  before+=(
    "setsid --fork socat -L \"\$d/relay\" UNIX-LISTEN:$socket,mode=666,fork TCP:$1:$((6000 + display_number)) </dev/null >\"\$d/relay.log\" 2>&1"
    "{ timeout 5 sh -c 'until [ -S \"\$0\" ]; do sleep 0.1; done' $socket || { cat \"\$d/relay.log\" >&2 && false; }; }"
  )
  after+=('kill "$(cat "$d/relay")"')
  display_args+=(-e "DISPLAY=:$display_number$2" "$(bind "@d@/X$display_number" "/tmp/.X11-unix/X$display_number" readonly)")
}

# bind SOURCE TARGET [OPTIONS]: an argument for the engine. --mount rather than -v, which stops at the first colon and creates
# a folder if the source is missing. Its value is a line of CSV; fields with a comma or a quote are quoted accordingly.
bind() {
  local -r source=$1 target=$2 options=${3:-}
  printf -- '--mount=type=bind,%s,%s%s' "$(csv "source=$source")" "$(csv "target=$target")" "${options:+,$options}"
}
csv() { if [[ $1 == *[,\"]* ]]; then printf '"%s"' "${1//\"/\"\"}"; else printf '%s' "$1"; fi; }
