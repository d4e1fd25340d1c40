# shellcheck shell=bash
# What scripts/doctor finds in a container: `rust-gears doctor` in the user's image, with the user's options.

readonly seconds=27 # for everything: doctor itself takes ten at most
as_json=''          # whether the report is to be JSON
inside_verdict='' inside_fix='' inside_row=''
look=() # the command that looks into the container

# prepare IMAGE OPTION…: builds and copies what is needed, which may take minutes, and sets look. 1 if it can't run in there.
prepare() {
  local -r image=$1
  shift
  if [[ -n $service ]]; then
    prepare_service || return 1
  elif [[ -z $image ]]; then
    build_ours
    look=("$root/scripts/run" "--engine=$engine_kind" --)
  else
    local -a options mounted=()
    leave_out "$@"
    if ! is_ours "$image"; then
      take_program "$d/rust-gears"
      has_glibc "$image" || return 1
      mounted=("--volume=$d/rust-gears:/rust-gears:ro" --entrypoint=/rust-gears)
      printf '\nrust-gears is mounted into the image, and replaces its entrypoint, %s\n' "$(printable "$(entrypoint "$image")")"
    fi
    look=("${engine[@]}" run --rm "${options[@]}" "${mounted[@]}" "$image")
    render=("${engine[@]}" run --rm --interactive --network=none "${mounted[@]}" "$image" doctor --from -)
  fi
  printf '\nin a container: %s\n' "$(quoted "${look[@]}" doctor)"
}

# check_inside IMAGE OPTION…: 0 if a GPU draws there. Without an image: ours, as scripts/run starts it.
check_inside() {
  local status=0
  local -a command=("${look[@]}" doctor) starter=("${engine[@]}")
  [[ -z $service ]] || starter=("${compose[@]}")
  [[ -z $1$service ]] || command=("${look[@]:0:${#starter[@]}+1}" --name "$container" "${look[@]:${#starter[@]}+1}" doctor)
  [[ -z $as_json ]] || command+=(--json)
  timeout --kill-after=1 "$((seconds > SECONDS + 5 ? seconds - SECONDS : 5))" "${command[@]}" >"$d/report" 2>"$d/words" </dev/null || status=$?
  case $status in
    0 | 4) read_report ;;
    *) why_not "$status" "$@" ;;
  esac
  ((status == 0))
}

# read_report: shows what doctor found, and sets inside_…
read_report() {
  if [[ -n $as_json ]]; then
    mv "$d/report" "$d/json"
    ((${#render[@]})) || render=("${engine[@]}" run --rm --interactive --network=none "$(first_of_ours)" doctor --from -)
    timeout 5 "${render[@]}" <"$d/json" >"$d/report" 2>/dev/null || true
  fi
  sed '/^verdict: /,$d; /^$/d' "$d/report"
  inside_verdict=$(sed -n 's/^verdict: //p' "$d/report")
  inside_fix=$(sed -n 's/^   *to fix it: //p' "$d/report")
  inside_row=$(sed -nE 's/^failure .*\[([0-9]+)\]$/\1/p; t; s/^warning .*\[([0-9]+)\]$/w\1/p' "$d/report" | sort -s -k 1.1,1.1 | head -n 1)
  inside_row=${inside_row#w}
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

# Which of our images scripts/run uses depends on the GPU.
build_ours() { { has_image rust-gears && has_image rust-gears:mesa; } || "$root/scripts/build" "--engine=$engine_kind" slim mesa >&2; }
first_of_ours() { if has_image rust-gears:mesa; then echo rust-gears:mesa; else echo rust-gears; fi; }

# has_glibc IMAGE: whether the loader that the program names is there; says so if not, because the kernel would only say that
# there is no such file.
has_glibc() {
  local -r loader=${glibc_loader[$(uname -m)]:-}
  [[ -n $loader ]] && ! copy_from_image "$1" "$loader" - || return 0 # as an archive: it is a symlink to elsewhere
  found failure image "doctor can't run in it: it has no glibc ($loader)" \
    "it is built with another C library (Alpine's musl), which NVIDIA's driver doesn't work with either, or has none" \
    "take a base image with glibc: Debian, Ubuntu, Fedora" 36
  return 1
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
      "what this report says about the machine is still true; to check the rest, use the same options with rust-gears:mesa instead of your image" 37
  elif look_up launch-errors "$words"; then
    found failure start "${words%%$'\n'*}" "$cause" "$fix" "$row"
  else
    found failure start "the engine did not start it: ${words:-it printed nothing and exited with status $status}"
    ask_for_report "$(quoted "$root/scripts/doctor" "${@:2:1}" -- "${@:3}")"
  fi
}
