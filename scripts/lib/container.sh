# shellcheck shell=bash disable=SC2016 # lines of shell that are run later, or pasted
# Running the container from here to its end, whichever end that is.

# `before` and `after` are lines of shell around the container, run as `scripts/run --print` prints them. What they make is in $d,
# a folder of the run. In the engine's arguments @d@ stands for it.
needs_run_folder=''
# Not in TMPDIR, whose name may need quoting. Nobody can have made this folder before, and nobody else can look into it.
readonly make_run_folder='d=$(mktemp -d /tmp/rust-gears.XXXXXXXX)'

# The lines of `before`; on each way out those of `after`, in the order in which they are printed.
let_in() {
  local line i
  eval "$make_run_folder"
  export d
  on_exit rm -rf "$d"
  for ((i = ${#after[@]} - 1; i >= 0; i--)); do on_exit eval "${after[i]} 2>/dev/null"; done
  [[ -z $copy_out ]] || on_exit eval "$copy_out"
  for line in "${before[@]}"; do eval "$line" 2>"$d/said" || die "this failed: $line. Its own words: $(<"$d/said")"; done
}

# The same to be pasted. What comes first is chained, so that nothing is done in a folder that was not made.
print_run() {
  local line
  [[ -z $needs_run_folder ]] || before=("$make_run_folder" "${before[@]}") after+=('rm -rf "$d"')
  [[ -z $copy_out ]] || after=("$copy_out" "${after[@]}")
  for line in "${before[@]}"; do printf '%s &&\n' "$line"; done
  line=$(quoted "${engine[@]}" "${options[@]}")
  printf '%s\n' "${line//@d@/\"\$d\"} $(quoted "$image" "${gears[@]}")" "${after[@]}"
}

# Runs `command`. A signal goes on to the gears, which end by it; only then are things put back as they were.
run_container() {
  local status=0 signal
  readonly id_file=$d/id words_file=$d/words
  on_exit remove_container

  # In the background, since bash sees to a signal only when a command in the foreground has ended. There its standard
  # input would be empty.
  exec {filter}> >(hold_back_engine_words "$words_file")
  local -r filter_pid=$!
  "${command[@]:0:${#engine[@]}+1}" --cidfile "$id_file" "${command[@]:${#engine[@]}+1}" <&0 2>&"$filter" {filter}>&- &
  child=$!
  for signal in HUP INT TERM; do
    # shellcheck disable=SC2064 # the signal's name is to be filled in now
    trap "pass_on $signal" "$signal"
  done
  while kill -0 "$child" 2>/dev/null; do
    status=0
    wait "$child" || status=$?
  done
  exec {filter}>&-
  wait "$filter_pid" 2>/dev/null || true
  # 125: the engine could not start the container; 126 and 127: not the program in it.
  if [[ -s $words_file ]]; then
    ((status < 125 || status > 127)) || explain launch-errors "$(<"$words_file")" || true
    printf '%s\n' "$(printable "$(<"$words_file")")" >&2
  fi
  ((status < 125 || status > 127)) || status=1
  exit "$status"
}

# What the gears say goes through at once. What the engine says is held back to the end: if it is known, the cause and the
# fix are to be read first.
hold_back_engine_words() {
  local line held=''
  trap '' HUP INT TERM # the last words are to come through
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ -n $held || $line =~ ^(docker|Error|Error\ response\ from\ daemon): ]]; then
      held+=$line$'\n'
    else
      printf '%s\n' "$(printable "$line")" >&2
    fi
  done
  printf '%s' "$held" >"$1"
}

pass_on() {
  if [[ -s $id_file ]]; then
    "${engine[@]}" kill --signal "$1" "$(<"$id_file")" >/dev/null 2>&1 || true
  else
    kill "$child" 2>/dev/null || true # not even created yet
  fi
}

# The engine's client can be killed while its container goes on.
remove_container() {
  [[ ! -s $id_file ]] || "${engine[@]}" rm --force "$(<"$id_file")" >/dev/null 2>&1 || true
}
