# shellcheck shell=bash disable=SC2016 # lines of shell that are run later, or pasted
# Who may talk to the X server. Each way gives x_args (for the engine) and adds to before (lines of shell to run first) and
# after (what undoes them).

readonly cookie_in_container=/run/rust-gears.xauth
readonly x_auth_ways=(cookie user xhost none)
permitted=''    # what the server's list is to have, as xhost shows it
socket_owner='' # uid:gid

# Root's container runs as a user of no privileges. Xwayland's socket can be opened by its owner alone; then as that one,
# unless that is root: no container runs as root.
find_socket_owner() {
  [[ $display_kind == local && $EUID == 0 && $(stat -Lc %A "$x_socket") != *w? ]] || return 0
  socket_owner=$(stat -Lc %u:%g "$x_socket")
  [[ $socket_owner != 0:* ]] || fail 3 "only root can connect to the X server at $display ($x_socket), and the container doesn't" \
    "run as root. To let other users connect: chmod o+w $(quoted "$x_socket"); the server still asks them for its cookie"
}

# How long a cookie made for the run stays good while no client uses it: enough to start a container, and a client between
# one window and the next.
readonly cookie_seconds=60

# choose_x_access WAY
choose_x_access() {
  local -r way=$1
  x_args=() x_probe_as=()
  # The file that a client on this machine would use, to try the access with before the container is started.
  x_probe=/dev/null
  [[ " ${x_auth_ways[*]} " == *" $way "* ]] || fail 2 "--x-auth is one of: ${x_auth_ways[*]}; not '$way'"
  [[ $display_kind != none ]] || return 0
  find_socket_owner
  "access_by_$way"
}

# A cookie that is good from any host name (family ffff), since the container's is another. The file is readable for
# whatever user the container runs as; the folder around it lets nobody else in.
#
# If the server can, it makes a cookie for this run alone, in $d/own, which expires. Whether it is good is tried at once: a
# server without other clients starts afresh when xauth leaves, and ssh knows the one cookie only.
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
    say "the container gets an X cookie of its own, which expires $cookie_seconds s after its last client has left"
  else
    say "the container gets a copy of your X cookie, which stays good until the X server ends"
  fi
}

# The command that lists the display's cookies: this host's, else, as after a change of the host's name, any with its number.
cookie_command() {
  local command
  local -r number=$(printf '%s' "$display_number" | od -An -tx1 | tr -d ' \n')
  for command in "xauth -i nlist $(quoted "$display")" \
    "xauth -i nlist | grep -E '^[0-9a-f]{4} [0-9a-f]{4} [0-9a-f]* ([0-9a-f]{4} $number|0000 ) '"; do
    [[ -z $(eval "$command" 2>/dev/null) ]] || { printf '%s' "$command" && return; }
  done
  return 1
}

# `docker run -v` makes a folder of a cookie file that is not there; it stays, and X programs see no cookie ever after.
check_xauthority() {
  local -r file=${XAUTHORITY:-$HOME/.Xauthority}
  [[ ! -d $file ]] || fail 3 "$file is a folder where the file with the X server's cookies should be: most likely a" \
    "container engine made it in place of a file that was missing. Remove it (rmdir $(quoted "$file")) and log in again"
  [[ ! -e $file || -r $file ]] || fail 3 "$file, the file with the X server's cookies, cannot be read by this user"
}

# The kernel vouches for the user: the one who is let in is the one whom the container runs as.
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

# permit NAME LISTED: let NAME in, and out again, unless the list had it before, or the server asks nobody for a cookie: it
# lets all of this machine in then, without listing them, and taking that back would lock them out.
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

# ask_xhost COOKIES [PREFIX…]: what xhost, run by PREFIX, says with this file of cookies, in x_words; its exit status. In the background, since bash
# sees to a signal only when a command in the foreground has ended, and an X server may never answer.
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

# A server that was started without -noreset starts afresh when its last client leaves. If that client is xhost, the server
# forgets at once whom it let in. Any other client keeps it from that until this script ends: xmodmap waits for its input.
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

# Try the way with a client of this machine: it fails as the container's would, and sooner.
probe_x() {
  # libxcb before 1.16, and so Debian 12's xhost, takes no path for a display's name; the container's does.
  [[ $display_kind != none && $display != /* ]] && have xhost || return 0
  ask_xhost "${x_probe/@d@/"$d"}" "${x_probe_as[@]}" || refused "$x_words"
}

refused() {
  explain x-errors "$1" || true
  # A server that refuses says why; xhost's own line alone means that nothing answered.
  [[ $1 == *$'\n'* || $1 != *'unable to open display'* ]] || fail 3 "could not connect to the X server at $display"
  fail 3 "the X server at $display does not let us in. Its own words: $1"
}
