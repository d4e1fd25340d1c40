# shellcheck shell=bash
# One verdict out of what scripts/doctor found on the machine and in the container.

# judge IMAGE DRAWS OPTION…: sets verdict (the cause, in a sentence or two), fix (in words), side and steps (lines to copy).
# The machine's fault, if it keeps every container from drawing; otherwise the container's.
judge() {
  local -r image=$1 draws=$2
  local row=$inside_row remedy operand
  shift 2
  verdict=$inside_verdict fix=$inside_fix side='' steps=''
  [[ $draws == no ]] || return 0
  [[ -n $engine_kind ]] || engine=(docker) # for the commands to copy
  if [[ -n $first_seen ]]; then
    verdict="$first_seen${first_cause:+: $first_cause}" fix=$first_fix row=$first_row
    [[ -z $inside_verdict ]] || verdict+=$'\n'"the container then said: $inside_verdict"
  fi
  look_up_remedy "$row"
  # What isn't in the catalogue was seen on this machine, unless the engine said it in words that nobody knows.
  [[ -n $side || -z $first_seen || $first_topic == start ]] || side=machine
  [[ -z $side ]] || steps=$(steps "$side" "$row" "$fix" "$image" "$@")
  # Once the machine's fault is mended, the container's is next: its command takes the place of the unchanged one.
  [[ -z $first_seen || -z $inside_row ]] || next_step "$image" "$@"
}

next_step() {
  local side next
  look_up_remedy "$inside_row"
  next=$(steps "$side" "$inside_row" "$inside_fix" "$@")
  [[ -z $next ]] || steps=$(sed '/^run it again as:$/,$d' <<<"$steps")$'\n'$next steps=${steps#$'\n'}
}

say_verdict() {
  printf '\nverdict: %s\n' "$(printable "${verdict//$'\n'/$'\n         '}")"
  [[ -z $side ]] || printf '         on the side of: %s\n' "${side_words[$side]}"
  [[ -z $fix ]] || printf '         to fix it: %s\n' "$(printable "$fix")"
  [[ -z $steps ]] || printf '\n%s\n' "$(printable "$steps")"
}

# Both reports in one: the container's, if there is one, and `host`, which `rust-gears doctor --from` reads as well.
say_json() {
  local host line
  local -a lines=()
  [[ -z $steps ]] || while IFS= read -r line; do lines+=("$(json_string "$line")"); done <<<"$steps"
  host="{\"findings\": $(json_list "${findings[@]}"), \"steps\": $(json_list "${lines[@]}")"
  host+=", \"verdict\": $(json_string "$verdict")"
  [[ -z $side ]] || host+=", \"side\": $(json_string "${side_words[$side]}")"
  [[ -z $fix ]] || host+=", \"fix\": $(json_string "$fix")"
  ((${#look[@]} == 0)) || host+=", \"command\": $(json_string "$(quoted "${look[@]}" doctor)")"
  if [[ -s $d/json ]]; then
    printf '{\n  "host": %s},\n' "$host"
    tail -n +2 "$d/json"
  else
    printf '{\n  "schema": 1,\n  "host": %s}\n}\n' "$host"
  fi
}

# diagnose HOST IMAGE OPTION…: does everything. 0 if a GPU draws, 4 if none does.
diagnose() {
  local draws=no verdict fix side steps
  d=$(mktemp -d /tmp/rust-gears.XXXXXXXX)
  on_exit rm -rf "$d"
  readonly d container=${d##*/}
  [[ -z $engine_kind ]] || on_exit end_quietly
  [[ -z $as_json ]] || exec 3>&1 >/dev/null
  render=()
  printf 'on this machine:\n'
  check_host "$1"
  if [[ -n $engine_kind ]] && prepare "${@:2}"; then
    SECONDS=0 # what was built doesn't count
    ! check_inside "${@:2}" || draws=yes
  fi
  judge "$2" "$draws" "${@:3}"
  if [[ -z $as_json ]]; then say_verdict; else say_json >&3; fi
  [[ $draws == yes ]] || return 4
}
