# shellcheck shell=bash
# What scripts/doctor finds in a container: `rust-gears doctor` in the user's image, with the user's options.

readonly seconds=25 # doctor itself takes ten at most
inside='' # doctor's verdict

# check_inside IMAGE OPTION…: 0 if a GPU draws there. Without an image: ours, as scripts/run starts it.
check_inside() {
  local -r image=$1
  local status=0
  local -a command arguments
  shift
  if [[ -z $image ]]; then
    build_ours
    command=("$root/scripts/run" "--engine=$engine_kind" -- doctor)
    printf '\nin a container: %s\n' "$(quoted "${command[@]}")"
  else
    arguments_for "$image" "$@"
    printf '\nin a container: %s\n' "$(quoted "${engine[@]}" run "${arguments[@]}")"
    command=("${engine[@]}" run --name "$container" "${arguments[@]}")
    on_exit end_quietly
  fi
  timeout --kill-after=3 "$seconds" "${command[@]}" >"$d/report" 2>"$d/words" </dev/null || status=$?
  case $status in
    0 | 4) sed '/^verdict: /,$d; /^$/d' "$d/report" && inside=$(sed -n '/^verdict: /,$s/^verdict: //p; /^   *to fix it/p' "$d/report") ;;
    *) why_not "$status" "$image" "$@" ;;
  esac
  ((status == 0))
}

# leave_out OPTION…: sets options to those that make sense for this check. There is no terminal, the container ends with the
# check, and another container may have its name and its ports.
leave_out() {
  local -a without=()
  options=()
  while (($#)); do
    case $1 in
      --name | --publish | -p | --restart) without+=("$1" "${2:-}") && shift ;;
      --name=* | --publish=* | -p[0-9]* | --restart=* | --publish-all* | -P) without+=("$1") ;;
      --rm | --rm=* | --detach | --detach=* | --interactive | --interactive=* | --tty | --tty=*) without+=("$1") ;;
      *) if [[ $1 =~ ^-[dit]+$ ]]; then without+=("$1"); else options+=("$1"); fi ;;
    esac
    shift || true
  done
  ((${#without[@]} == 0)) || printf '\nleft out, because this is only a check: %s\n' "$(quoted "${without[@]}")"
}

# arguments_for IMAGE OPTION…: sets arguments, those of `docker run`. Our images contain the program; into others it is mounted and replaces their own.
arguments_for() {
  local -r image=$1
  local -a options
  shift
  leave_out "$@"
  arguments=(--rm "${options[@]}")
  if [[ $(entrypoint "$image") != *'"rust-gears"'* ]]; then
    take_program
    arguments+=("--volume=$d/rust-gears:/rust-gears:ro" --entrypoint=/rust-gears)
  fi
  arguments+=("$image" doctor)
}
entrypoint() { "${engine[@]}" image inspect --format '{{json .Config.Entrypoint}}' "$1" 2>/dev/null || true; }

# Which of our images scripts/run uses depends on the GPU. They are built before the clock starts.
build_ours() { { has_image rust-gears && has_image rust-gears:mesa; } || "$root/scripts/build" "--engine=$engine_kind" slim mesa >&2; }

take_program() {
  local ours=rust-gears:mesa
  has_image "$ours" || ours=rust-gears
  has_image "$ours" || build_ours
  "${engine[@]}" create --name "$container" "$ours" >/dev/null
  "${engine[@]}" cp "$container:/usr/local/bin/rust-gears" "$d/rust-gears" >/dev/null
  "${engine[@]}" rm "$container" >/dev/null
  chmod 755 "$d" "$d/rust-gears" # for any user of the image
}

end_quietly() { "${engine[@]}" rm --force "$container" >/dev/null 2>&1 || true; }

# why_not STATUS IMAGE OPTION…: the container did not start, or doctor did not run in it.
why_not() {
  local -r status=$1
  local row cause fix words
  words=$(<"$d/words")
  if ((status == 124 || status == 137)); then
    found failure start "no answer within $seconds seconds" "the engine or a driver hangs" "restart the engine; sudo dmesg | tail shows a driver that hangs"
  elif [[ $words =~ GLIBC_([0-9.]+)\'\ not\ found ]]; then
    found failure image "doctor cannot run in it: $(tail -n 1 "$d/words")" "the image's C library is older than ${BASH_REMATCH[1]}, which doctor needs" \
      "what this report says about the machine is still true; to check the rest, use the same options with rust-gears:mesa instead of your image"
  elif [[ $words == *'exec /rust-gears: no such file or directory'* ]]; then
    found failure image "doctor cannot run in it: it has no glibc" "it is built with another C library (Alpine's musl), which NVIDIA's driver does not work with either" \
      "use a base image with glibc: Debian, Ubuntu, Fedora"
  elif look_up launch-errors "$words"; then
    found failure start "${words%%$'\n'*} [$row]" "$cause" "$fix"
  else
    found failure start "the engine did not start it: ${words:-it printed nothing and exited with status $status}"
    ask_for_report "$(quoted "$root/scripts/doctor" "${@:2:1}" -- "${@:3}")"
  fi
}

# The verdict: what draws, or whose fault it is and what fixes it.
say_verdict() {
  local -r draws=$1
  printf '\n'
  if [[ $draws == yes ]]; then
    printf 'verdict: %s\n' "$(printable "$inside")"
  elif [[ -n $first_seen ]]; then
    printf 'verdict: %s%s\n' "$(printable "$first_seen")" "${first_cause:+: $(printable "$first_cause")}"
    [[ -z $first_fix ]] || printf '         to fix it: %s\n' "$(printable "$first_fix")"
    [[ -z $inside ]] || printf '         the container then said: %s\n' "$(printable "${inside%%$'\n'*}")"
  else
    printf 'verdict: %s\n' "$(printable "$inside")"
  fi
}

# diagnose HOST IMAGE OPTION…: does everything. 0 if a GPU draws, 4 if none does.
diagnose() {
  local draws=no
  d=$(mktemp -d /tmp/rust-gears.XXXXXXXX)
  on_exit rm -rf "$d"
  readonly d container=${d##*/}
  printf 'on this machine:\n'
  check_host "$1"
  if [[ -n $engine_kind ]] && check_inside "${@:2}"; then draws=yes; fi
  say_verdict "$draws"
  [[ $draws == yes ]] || return 4
}
