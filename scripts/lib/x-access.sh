# shellcheck shell=bash
# Who may talk to the X server. Each way gives x_args (for the engine), before (lines of shell to run first) and after (what
# undoes them). `scripts/run --print` prints these lines; without it they are run as they are printed.

readonly cookie_in_container=/run/rust-gears.xauth
readonly x_auth_ways=(cookie user xhost none)

# choose_x_access WAY FOLDER: FOLDER is a name for a folder of its own, not made yet.
choose_x_access() {
  local -r way=$1 folder=$2
  x_args=() before=() after=()
  # The file that a client on this machine would use, to try the access with before the container is started.
  x_probe=/dev/null
  [[ " ${x_auth_ways[*]} " == *" $way "* ]] || fail 2 "--x-auth is one of: ${x_auth_ways[*]}; not '$way'"
  [[ $display_kind != none ]] || return 0
  "access_by_$way" "$folder"
}

# A cookie that is good from any host name (family ffff), since the container's is another. The file is readable for
# whatever user the container runs as; the folder around it lets nobody else in.
access_by_cookie() {
  local -r file=$1/cookie
  local find
  check_xauthority
  have xauth || ensure_packages "$install" x-auth
  find=$(cookie_command) || {
    say "there is no cookie for :$display_number in ${XAUTHORITY:-$HOME/.Xauthority}: trying without"
    return 0
  }
  before=(
    "mkdir -m 700 $(quoted "$1")"
    "touch $(quoted "$file")"
    "$find | sed 's/^..../ffff/' | xauth -f $(quoted "$file") nmerge -"
    "chmod 644 $(quoted "$file")"
  )
  after=("rm -rf $(quoted "$1")")
  x_probe=$file
  x_args=(-e "XAUTHORITY=$cookie_in_container" "$(bind "$file" "$cookie_in_container" ro)")
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

# The kernel vouches for the user: the container has to run as the same one.
access_by_user() {
  permit "si:localuser:$(id -un)" "SI:localuser:$(id -un)"
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
  local list
  have xhost || ensure_packages "$install" x-auth
  list=$(DISPLAY=$display xhost 2>&1) || refused "$list"
  grep -qixF -- "$2" <<<"$list" && return
  grep -qixF -- "SI:localuser:$(id -un)" <<<"$list" ||
    ! DISPLAY=$display XAUTHORITY=/dev/null timeout 10 xhost &>/dev/null || return 0
  before=("DISPLAY=$(quoted "$display") xhost +$(quoted "$1") >/dev/null")
  after=("DISPLAY=$(quoted "$display") xhost -$(quoted "$1") >/dev/null")
}

# Try the way with a client of this machine: it fails as the container's would, and sooner.
probe_x() {
  local words
  [[ $display_kind != none ]] && have xhost || return 0
  words=$(DISPLAY=$display XAUTHORITY=$x_probe timeout 10 xhost 2>&1) || refused "$words"
}

refused() {
  explain x-errors "$1" || true
  fail 3 "the X server at $display does not let us in. Its own words: $1"
}
