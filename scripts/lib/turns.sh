# shellcheck shell=bash
# Several `rust-gears bench` at once, of which one measures while the others wait: src/bench/turns.rs has the protocol.

declare -A side_pid=() side_in=() side_out=() side_status=()

# start_side SIDE COMMAND…: a benchmark that takes turns. Returns when it waits for its first one. Its report will be in
# SIDE.json, its exit status in side_status[SIDE]; where it has ended already, that is returned.
start_side() {
  local -r side=$1
  local fd to from
  shift
  rm -f "$side.json" "$side.in" "$side.out"
  mkfifo "$side.in" "$side.out"
  (
    # A side that held the other ends of other sides' pipes would keep those from ending.
    for fd in "${side_in[@]}" "${side_out[@]}"; do exec {fd}>&-; done
    exec "$@" --in-turns --json -
  ) <"$side.in" >"$side.out" &
  side_pid[$side]=$!
  exec {to}>"$side.in" {from}<"$side.out"
  rm -f "$side.in" "$side.out"
  side_in[$side]=$to side_out[$side]=$from
  hear "$side"
  return "${side_status[$side]:-0}"
}

# hear SIDE: waits until it says what its next turn will be, or has ended.
hear() {
  local -r side=$1
  # Not `status`, which a caller's traps may set: they run in here.
  local line code=0
  while IFS= read -r line <&"${side_out[$side]}" || code=$?; ((code == 0 || code > 128)); do
    # Above 128: a signal came in between, and its trap has run.
    if ((code > 128)); then
      code=0
    elif [[ $line == '{'* ]]; then
      printf '%s\n' "$line" >"$side.json"
    else
      return 0
    fi
  done
  while code=0 && { wait "${side_pid[$side]}" || code=$?; }; do
    # The trap of a signal ends the wait, too, and the side goes on.
    kill -0 "${side_pid[$side]}" 2>/dev/null || break
  done
  side_status[$side]=$code
}

# take_turns SIDE…: until each has ended. Where one fails, or after ask_to_end, all end with what they have. Returns the
# first exit status that is not 0.
take_turns() {
  local side i
  local -a order
  # A side that has ended reads no more, which is no reason for this shell to end.
  trap '' PIPE
  while ((${#side_status[@]} < $#)); do
    order=("$@")
    # A coin tells who is first (randomised blocks): neither a drift nor a beat is anybody's advantage, and what one
    # pair of rounds suffers says nothing of the next. There and back would have both of one side's rounds in one burst.
    if ((RANDOM % 2)); then
      order=()
      for ((i = $#; i > 0; i--)); do order+=("${!i}"); done
    fi
    for side in "${order[@]}"; do
      [[ -z ${side_status[$side]-} ]] || continue
      if [[ -n $is_end_asked ]]; then
        end_side "$side"
      else
        { echo >&"${side_in[$side]}"; } 2>/dev/null || true
      fi
      hear "$side"
      ((${side_status[$side]:-0} == 0)) || ask_to_end
    done
  done
  for side; do
    [[ ${side_status[$side]} == 0 ]] || return "${side_status[$side]}"
  done
}

is_end_asked=''
ask_to_end() { is_end_asked=1; }

# Its input ends, and it with that.
end_side() {
  local fd=${side_in[$1]}
  exec {fd}>&-
  unset "side_in[$1]"
}
