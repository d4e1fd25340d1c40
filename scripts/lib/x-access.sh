# shellcheck shell=bash disable=SC2016 # shell code to run later or to paste
# Who may talk to the X server. Each way sets x_args (for the engine) and adds to before (lines of shell to run first) and
# after (what undoes them).

readonly cookie_in_container=/run/rust-gears.xauth
readonly x_auth_ways=(cookie user xhost none)
permitted=''    # what the server's list is to have, as xhost shows it
socket_owner='' # uid:gid

# If you are root, the container runs as an unprivileged user. Xwayland's socket can be opened only by its owner; the container
# then runs as that user, unless it is root: no container runs as root.
find_socket_owner() {
  [[ $display_kind == local && $EUID == 0 && $(stat -Lc %A "$x_socket") != *w? ]] || return 0
  socket_owner=$(stat -Lc %u:%g "$x_socket")
  [[ $socket_owner != 0:* ]] || fail 3 "only root can connect to the X server at $display ($x_socket), and the container doesn't" \
    "run as root. To let other users connect: chmod o+w $(quoted "$x_socket"); the server still asks them for its cookie"
}

# How long a cookie made for the run stays valid while no client uses it: enough to start a container, and for a client between
# one window and the next.
readonly cookie_seconds=60

# choose_x_access WAY
choose_x_access() {
  local -r way=$1
  x_args=() x_probe_as=()
  # The file that a client on this machine would use, to test the access before the container is started.
  x_probe=/dev/null
  [[ " ${x_auth_ways[*]} " == *" $way "* ]] || fail 2 "--x-auth is one of: ${x_auth_ways[*]}; not '$way'"
  [[ $display_kind != none ]] || return 0
  find_socket_owner
  "access_by_$way"
}

# A cookie that is valid for any host name (family ffff), because the container's is different. The file is readable for
# whatever user the container runs as; the folder around it lets nobody else in.
#
# If the server can, it makes a cookie for this run alone, in $d/own, which expires. It is tested at once: a server without
# other clients resets when xauth leaves, and ssh accepts only the one cookie that it knows.
access_by_cookie() {
  local find own=''
  check_xauthority
  have xauth || ensure_packages "$install" x-auth
  find=$(cookie_command) || {
    say "there is no cookie for :$display_number in ${XAUTHORITY:-$HOME/.Xauthority}: trying without"
    return 0
  }
  needs_run_folder=1
  if [[ $display_kind != loopback ]] && have xhost; then
    own="{ timeout 10 xauth -f \"\$d/own\" generate $(quoted "$display") . trusted timeout $cookie_seconds && "
    own+="DISPLAY=$(quoted "$display") XAUTHORITY=\"\$d/own\" timeout 10 xhost; } >/dev/null 2>&1 && xauth -f \"\$d/own\" nlist || "
  fi
  before+=(
    'touch "$d/cookie"'
    "{ ${own}{ rm -f \"\$d/own\"; $find; }; } | sed 's/^..../ffff/' | xauth -f \"\$d/cookie\" nmerge -"
    'chmod 644 "$d/cookie"'
  )
  x_probe=@d@/cookie
  x_args=(-e "XAUTHORITY=$cookie_in_container" "$(bind @d@/cookie "$cookie_in_container" readonly)")
}

say_which_cookie() {
  [[ $x_probe == @d@/* ]] || return 0
  if [[ -e $d/own ]]; then
    say "the container gets its own X cookie, which expires $cookie_seconds s after its last client has left"
  else
    say "the container gets a copy of your X cookie, which stays valid until the X server ends"
  fi
}

# The command that lists the display's cookies: this host's, or any with its number (for example if the host was renamed).
cookie_command() {
  local command
  local -r number=$(printf '%s' "$display_number" | od -An -tx1 | tr -d ' \n')
  for command in "xauth -i nlist $(quoted "$display")" \
    "xauth -i nlist | grep -E '^[0-9a-f]{4} [0-9a-f]{4} [0-9a-f]* ([0-9a-f]{4} $number|0000 ) '"; do
    [[ -z $(eval "$command" 2>/dev/null) ]] || { printf '%s' "$command" && return; }
  done
  return 1
}

# `docker run -v` creates a folder if a cookie file is missing; it stays, and X programs never find a cookie again.
check_xauthority() {
  local -r file=${XAUTHORITY:-$HOME/.Xauthority}
  [[ ! -d $file ]] || fail 3 "$file is a folder where the file with the X server's cookies should be: most likely a" \
    "container engine made it in place of a file that was missing. Remove it (rmdir $(quoted "$file")) and log in again"
  [[ ! -e $file || -r $file ]] || fail 3 "$file, the file with the X server's cookies, can't be read by this user"
}

# The kernel vouches for the user: the server lets in the user as whom the container runs.
access_by_user() {
  local id name
  id=$(outer_user)
  name=$(id -un "${id%:*}" 2>/dev/null) || name=#${id%:*}
  ((EUID != 0)) || x_probe_as=(setpriv --reuid "${id%:*}" --regid "${id#*:}" --clear-groups)
  permit "si:localuser:$name" "SI:localuser:$name"
}

access_by_xhost() {
  warn "until the gears end, every program of every user on this machine can read your keys and your screen:" \
    "xhost +local:root admits them all, not root alone"
  permit local:root LOCAL:
}

access_by_none() { :; }

# permit NAME LISTED: let NAME in, and revoke that later, unless the list already had it, or the server asks nobody for a
# cookie: it then lets in all of this machine without listing them, and revoking that would lock them out.
permit() {
  have xhost || ensure_packages "$install" x-auth
  ask_xhost "${XAUTHORITY:-$HOME/.Xauthority}" || refused "$x_words"
  is_listed "$2" && return
  is_listed "SI:localuser:$(id -un)" || ! ask_xhost /dev/null || return 0
  permitted=$2 permit_line="DISPLAY=$(quoted "$display") xhost $(quoted "+$1") >/dev/null"
  before+=("$permit_line")
  after+=("DISPLAY=$(quoted "$display") xhost $(quoted "-$1") >/dev/null")
}
is_listed() { grep -qixF -- "$1" <<<"$x_words"; }

# ask_xhost COOKIES [PREFIX…]: runs xhost (through PREFIX) with this file of cookies. Sets x_words to its output. In the
# background, because bash handles a signal only after a foreground command has ended, and an X server may never answer.
ask_xhost() {
  local status=0
  exec {x_answer}< <(DISPLAY=$display XAUTHORITY=$1 exec timeout 10 "${@:2}" xhost 2>&1)
  IFS= read -rd '' x_words <&"$x_answer" || true
  wait $! || status=$?
  exec {x_answer}<&-
  x_words=${x_words%$'\n'}
  ((status != 124)) || fail 3 "the X server at $display did not answer within 10 seconds. If it hangs, restart it; if it" \
    "was stopped (kill -STOP), let it go on (kill -CONT)"
  return "$status"
}

# A server that was started without -noreset resets when its last client leaves. If that client is xhost, the server forgets
# at once whom it let in. Any other client prevents that until this script ends: xmodmap waits for its input.
keep_permission() {
  [[ -n $permitted ]] || return 0
  ask_xhost "${XAUTHORITY:-$HOME/.Xauthority}" || refused "$x_words"
  ! is_listed "$permitted" || return 0
  have xmodmap || fail 3 "the X server at $display forgets whom it let in as soon as its last client leaves, and it has no other" \
    "client than xhost. Start it with -noreset, keep some X client open, install xmodmap, or use --x-auth=cookie"
  # shellcheck disable=SC2034 # open until this script ends; nothing is ever written to it
  exec {x_client}> >(exec {janitor}>&- && DISPLAY=$display exec xmodmap - >/dev/null 2>&1)
  local _
  for _ in {1..50}; do
    eval "$permit_line" || true
    ask_xhost "${XAUTHORITY:-$HOME/.Xauthority}" || refused "$x_words"
    ! is_listed "$permitted" || return 0
    sleep 0.1
  done
  fail 3 "the X server at $display forgets whom it let in: xhost +${permitted,,} did not last. Use --x-auth=cookie"
}

# Test the access with a client on this machine: it fails as the container's would, but sooner.
probe_x() {
  # libxcb before 1.16, and therefore Debian 12's xhost, accepts no path as a display's name; the container's does.
  [[ $display_kind != none && $display != /* ]] && have xhost || return 0
  ask_xhost "${x_probe/@d@/"$d"}" "${x_probe_as[@]}" || refused "$x_words"
}

refused() {
  explain x-errors "$1" || true
  # A server that refuses says why; only xhost's own line means that nothing answered.
  [[ $1 == *$'\n'* || $1 != *'unable to open display'* ]] || fail 3 "could not connect to the X server at $display"
  fail 3 "the X server at $display does not let us in. Its own words: $1"
}
