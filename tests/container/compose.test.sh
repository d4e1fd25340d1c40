# shellcheck shell=bash
# compose.yaml, with the commands of its own comment.

# Docker's plugin where it is, else Debian's docker-compose.
compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }

# The comment's commands up to the run, as they stand there.
make_cookie() {
  # shellcheck source=/dev/null
  source <(sed -n 's/^#   \(folder=.*\|touch .*\)/\1/p' compose.yaml)
  on_exit rm -r "$folder"
}

test_compose_runs_the_gears_in_a_window() {
  start_x xvfb
  make_cookie
  exits 0 compose run --rm mesa --frames 3
  contains "$output" '3 frames in' "on-screen on $DISPLAY"
}

test_compose_runs_the_gears_without_a_display() {
  DISPLAY='' && unset DISPLAY
  exits 0 compose run --rm mesa --frames 3
  contains "$output" 'off-screen'
}

test_compose_asks_for_nvidias_gpus() {
  exits 0 compose config
  contains "$output" 'driver: nvidia' 'read_only: true' 'network_mode: none'
  # This engine has none to give: it is asked, and says so.
  exits 1 compose run --rm gears --frames 3
  contains "$output" 'could not select device driver "nvidia" with capabilities: [[gpu]]'
}

test_compose_isolates_the_gears() {
  compose up isolated >"$here/log" 2>&1 &
  on_exit stop_process $!
  on_exit compose rm --force --stop isolated
  wait_for 'the URL' grep -q 'http://127.0.0.1:6080/#' "$here/log"
  local -r password=$(sed -n 's|.*http://127.0.0.1:6080/#||p' "$here/log" | head -n 1)
  exits 28 curl -s --max-time 3 -H "Authorization: Bearer $password" http://127.0.0.1:6080/figures
  contains "$output" '"renderer":"llvmpipe'
}
