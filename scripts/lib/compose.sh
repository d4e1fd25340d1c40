# shellcheck shell=bash
# scripts/doctor --compose: the service as Compose would start it.

compose=() # the command
service='' # of the Compose file in this folder

# find_compose: sets compose, or says what is missing.
find_compose() {
  local services
  if "${engine[@]}" compose version >/dev/null 2>&1; then
    compose=("${engine[@]}" compose)
  elif have docker-compose; then
    compose=(docker-compose)
  else
    fail 2 "there is no docker compose: install it (Debian: docker-compose; Docker's packages: docker-compose-plugin)"
  fi
  services=$("${compose[@]}" config --services 2>&1) || fail 2 "the Compose file can't be read: $services"
  grep -qxF -- "$service" <<<"$services" || fail 2 "the Compose file has no service $service. It has: ${services//$'\n'/, }"
}

# The image of the service, if the file names it.
compose_image() {
  "${compose[@]}" config 2>/dev/null |
    awk -v service="  $service:" '/^[^ ]/ { in_services = /^services:/ } in_services && /^  [^ ]/ { found = $0 == service } found && $1 == "image:" { print $2 }'
}

# prepare_service: sets look and render, as prepare does for an image. 1 if doctor can't run in it.
prepare_service() {
  local image
  "${compose[@]}" build "$service" >&2 || return 1
  image=$(compose_image)
  take_program "$d/rust-gears"
  [[ -z $image ]] || has_glibc "$image" || return 1
  look=("${compose[@]}" run --rm --no-deps -T "--volume=$d/rust-gears:/rust-gears:ro" --entrypoint=/rust-gears "$service")
  render=("${look[@]}" doctor --from -)
}

# compose_steps: what to change in the Compose file, by remedy and operand.
compose_steps() {
  case $remedy in
    add | take)
      [[ $remedy != take || $fix =~ $operand ]] || return 0
      [[ $remedy != take ]] || operand=${BASH_REMATCH[0]}
      printf 'give the service %s in the Compose file what docker run calls:\n  %s\n' "$service" "$operand"
      ;;
    gpu)
      printf 'for an NVIDIA GPU, give the service %s in the Compose file:\n  %s\n' "$service" \
        'deploy: {resources: {reservations: {devices: [{driver: nvidia, count: all, capabilities: [gpu]}]}}}'
      ;;
    cookie | display) printf 'make the cookie before each start, as the comment of compose.yaml does\n' ;;
  esac
  printf 'run it again as:\n  %s\n' "$(quoted "${compose[@]}" up "$service")"
}
