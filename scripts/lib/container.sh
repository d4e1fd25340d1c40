# shellcheck shell=bash disable=SC2016 # shell code to run later or to paste
# Runs the container and cleans up, however it ends.

readonly patience=2 # seconds from a signal to the end by force: the gears themselves take no more than one

# `before` and `after` are lines of shell around the container, executed as `scripts/run --print` prints them. Their files are
# in $d, a folder made for the run. In the engine's arguments, @d@ stands for it.
needs_run_folder=''
# Not in TMPDIR, whose name may need quoting. mktemp guarantees that the folder is new and private.
readonly make_run_folder='d=$(mktemp -d /tmp/rust-gears.XXXXXXXX)'

# Runs the lines of `before`; on every exit, those of `after`, in the order in which they are printed.
let_in() {
  local line i
  on_exit dismiss_janitor
  eval "$make_run_folder"
  export d
  on_exit rm -rf "$d"
  # The container gets the folder's name, which makes it known in advance.
  readonly container_name=${d##*/} client_file=$d/client words_file=$d/words missed_file=$d/missed
  for ((i = ${#after[@]} - 1; i >= 0; i--)); do on_exit take_back "${after[i]}"; done
  [[ -z $copy_out ]] || on_exit eval "$copy_out"
  on_exit end_container
  call_janitor
  # In the background, because bash handles a signal only after a foreground command has ended.
  for line in "${before[@]}"; do
    eval "$line" {janitor}>&- 2>"$d/said" &
    wait $! || die "this failed: $line. Its own words: $(<"$d/said")"
  done
}

# take_back LINE: an X server that has ended has nothing left to take back. One that hangs has, but must not block this script.
take_back() {
  local words status=0
  words=$(timeout "$patience" bash -c "$1" 2>&1) || status=$?
  ((status != 124)) || words="no answer within $patience seconds"
  ((status == 0)) || [[ $words == *'unable to open display'* ]] || warn "this was not undone ($words); to do so later:  $1"
}

# The same, to paste. The first lines are chained so that nothing happens in a folder that could not be created.
print_run() {
  local line
  [[ -z $needs_run_folder ]] || before=("$make_run_folder" "${before[@]}") after+=('rm -rf "$d"')
  [[ -z $copy_out ]] || after=("$copy_out" "${after[@]}")
  for line in "${before[@]}"; do printf '%s &&\n' "$line"; done
  line=$(quoted "${engine[@]}" "${options[@]}")
  printf '%s\n' "${line//@d@/\"\$d\"} $(quoted "$image" "${gears[@]}")" "${after[@]}"
}

# `kill -9` leaves this script no time to clean up. The janitor, in a process group of its own, waits for the end of a pipe
# whose other end only this script holds, and then cleans up in its place.
call_janitor() {
  local -r pipe=$d/janitor
  mkfifo "$pipe"
  set -m
  janitor <"$pipe" >/dev/null &
  set +m
  exec {janitor}>"$pipe"
}

janitor() {
  trap '' HUP INT TERM
  ! read -r || exit 0
  # The engine's client goes on without this script. If it hasn't created the container yet, it must not do so later.
  [[ ! -s $client_file ]] || kill -KILL "$(<"$client_file")" 2>/dev/null || true
  run_undo
}

dismiss_janitor() {
  [[ -n ${janitor:-} ]] || return 0
  trap '' PIPE
  echo >&"$janitor"
}

# Runs `command`. A signal is passed on to the gears, which then end; only after that is everything restored.
run_container() {
  local status=0 signal
  ended_by='' # the first signal that came
  on_exit stop_alarm

  # In the background, because bash handles a signal only after a foreground command has ended. Its standard input would be
  # empty there. In a process group of its own, because otherwise Ctrl-C would reach the gears twice, through the client, too.
  exec {filter}> >(exec {janitor}>&- && hold_back_engine_words "$words_file")
  local -r filter_pid=$!
  set -m
  "${command[@]:0:${#engine[@]}+1}" --name "$container_name" "${command[@]:${#engine[@]}+1}" <&0 2>&"$filter" \
    {filter}>&- {janitor}>&- &
  child=$!
  set +m
  echo "$child" >"$client_file"
  for signal in HUP INT TERM; do
    # shellcheck disable=SC2064 # the signal's name must be expanded now
    trap "pass_on $signal" "$signal"
  done
  trap end_by_force ALRM
  while kill -0 "$child" 2>/dev/null; do
    status=0
    wait "$child" || status=$?
  done
  exec {filter}>&-
  wait "$filter_pid" 2>/dev/null || true
  # What was killed, or ended before it started, ended because of the signal.
  [[ -z $ended_by ]] || ((status != 137 && status != 125)) || status=$((128 + $(kill -l "$ended_by")))
  if [[ -s $words_file ]]; then
    if did_not_start "$status"; then
      status=1
      # shellcheck disable=SC2154 # scripts/run's own
      explain launch-errors "$(<"$words_file")" || ask_for_report "$(quoted "$root/scripts/run" --print "${arguments[@]}")"
    fi
    printf '%s\n' "$(printable "$(<"$words_file")")" >&2
  fi
  ((status == 0)) || [[ -n $ended_by ]] || say_missed "$missed_file" "$status"
  ((status < 125 || status > 127)) || status=1
  exit "$status"
}

# 125: the engine could not start the container; 126 and 127: not the program in it. A program for another processor ends
# with 1 or 255, depending on the engine's version.
did_not_start() { (($1 >= 125 && $1 <= 127)) || grep -qi 'exec format error' "$words_file"; }

# Prefixes that distinguish the engine's messages from the gears'.
readonly engine_speaks='^(docker|Error|Error response from daemon|unknown flag|exec [^ ]+|standard_init_linux\.go:[0-9]+|\{"msg"):'

# The gears' messages are shown at once. The engine's are held back to the end, because if they are known, the cause and the
# fix should come first.
hold_back_engine_words() {
  local line held=''
  trap '' HUP INT TERM # the last words are to come through
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ -n $held || $line =~ $engine_speaks ]]; then
      held+=$line$'\n'
    else
      printf '%s\n' "$(printable "$line")" >&2
      [[ -z $foreign ]] || note_denied "$missed_file" "$line"
    fi
  done
  printf '%s' "$held" >"$1"
}

# pass_on SIGNAL: the first signal is passed on to the gears. If they hang, they are killed: soon, or on the second signal.
pass_on() {
  [[ -z $ended_by ]] || { end_by_force && return; }
  ended_by=$1
  set_alarm "$patience"
  tell_engine kill --signal "$1" "$container_name" ||
    kill "$child" 2>/dev/null || true # not even started yet
}

end_by_force() {
  tell_engine kill "$container_name" || kill -KILL "$child" 2>/dev/null || true
}

# The engine's client can be killed while its container goes on. Removing a container that --rm is already removing fails,
# which is no error; the container exists for a moment longer.
end_container() {
  [[ -s $client_file ]] || return 0
  local _
  for _ in {1..25}; do
    tell_engine container inspect "$container_name" || return 0
    [[ $engine_kind != podman ]] || tell_engine kill "$container_name" || true # its rm waits ten seconds otherwise
    tell_engine rm --force "$container_name" || sleep 0.2
  done
}

tell_engine() { timeout 5 "${engine[@]}" "$@" >/dev/null 2>&1; }
