# shellcheck shell=bash
# Assertions. Each fails with a line that says what was found instead.

# wait_for WHAT COMMAND…: wait until the command succeeds. The limit of half a minute is for a busy machine.
wait_for() {
  local -r what=$1
  shift
  for _ in {1..150}; do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.2
  done
  echo "still waiting for $what after 30 seconds: $*" >&2
  return 1
}

# contains TEXT PART…: TEXT contains every PART, literally.
contains() {
  local -r text=$1
  local part
  for part in "${@:2}"; do
    [[ $text == *"$part"* ]] || { printf 'not found: %s\nin: %s\n' "$part" "$text" >&2 && return 1; }
  done
}
lacks() {
  local -r text=$1
  local part
  for part in "${@:2}"; do
    [[ $text != *"$part"* ]] || { printf 'found: %s\nin: %s\n' "$part" "$text" >&2 && return 1; }
  done
}
same() { [[ $1 == "$2" ]] || { printf 'expected: %s\ngot:      %s\n' "$1" "$2" >&2 && return 1; }; }

# exits STATUS COMMAND…: leaves the output, including standard error, in $output.
exits() {
  local -r expected=$1
  local status=0
  shift
  output=$("$@" 2>&1) || status=$?
  ((status == expected)) || { printf 'exit status %s, not %s: %s\n%s\n' "$status" "$expected" "$*" "$output" >&2 && return 1; }
}

# same_picture A B: at least 99.5 % of the pixels are equal within 2/255.
same_picture() {
  local -r differing=$(compare -metric AE -fuzz 0.8% "$1" "$2" "${2%.png}-difference.png" 2>&1 || true)
  local -r pixels=$(identify -format '%[fx:w*h]' "$1")
  awk -v d="$differing" -v p="$pixels" 'BEGIN { exit !(d ~ /^[0-9.e+]+$/ && d <= p / 200) }' ||
    { echo "$differing of $pixels pixels differ: $1 $2" >&2 && return 1; }
}

# is_gears PICTURE: each gear's colour has its expected share of the picture, and the rest is black.
is_gears() {
  local -r colours=$(convert "$1" -alpha off -format %c histogram:info:)
  local colour
  for colour in '193,24,0' '0,193,48' '48,48,242' '41,5,0' '0,41,10'; do
    grep -qE "\( *${colour//,/, *}\)" <<<"$colours" || { printf 'no %s in:\n%s\n' "$colour" "$colours" >&2 && return 1; }
  done
  awk '/\( *0, *0, *0\)/ { black += $1 } { all += $1 } END { exit !(black / all > 0.70 && black / all < 0.74) }' <<<"$colours" ||
    { printf 'not 72 %% black:\n%s\n' "$colours" >&2 && return 1; }
}

# as_another_machine SCRIPT: run it as root in a mount namespace, where it may change what this machine looks like.
# There, overlay FOLDER lays a writable folder over one of the machine's.
as_another_machine() {
  # shellcheck disable=SC2016 # for the other shell
  here=$here unshare --mount --propagation private bash -eEuo pipefail -c '
    overlay() {
      local -r layer=$here/overlay$RANDOM
      mkdir -p "$layer" && mount -t tmpfs tmpfs "$layer" && mkdir "$layer/upper" "$layer/work"
      mount -t overlay overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" "$1"
    }
    '"$1"
}

# without PROGRAM…: continue with a PATH of links to all programs except these.
without() {
  local -r farm=$here/without
  local -a folders
  local i hidden
  IFS=: read -ra folders <<<"$PATH"
  mkdir "$farm"
  for ((i = ${#folders[@]} - 1; i >= 0; i--)); do
    [[ ! -d ${folders[i]} ]] || find "${folders[i]}" -maxdepth 1 ! -type d -exec ln -sft "$farm" {} +
  done
  for hidden; do rm -f "$farm/$hidden"; done
  export PATH=$farm
}
