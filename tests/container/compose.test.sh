# shellcheck shell=bash
# compose.yaml, with the commands in its comment.

# Docker's plugin if it is installed, otherwise Debian's docker-compose, with the base images that this engine has.
compose() (
  use_base_images
  if docker compose version >/dev/null 2>&1; then exec docker compose "$@"; else exec docker-compose "$@"; fi
)

# The comment's commands up to the run, unchanged.
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
  # This engine has none: it is asked, and says so.
  exits 1 compose run --rm gears --frames 3
  contains "$output" 'could not select device driver "nvidia" with capabilities: [[gpu]]'
}

# limit NAME: the figure that scripts/run has for it.
limit() { sed -n "s/^readonly $1=\([0-9]*\).*/\1/p" scripts/lib/limits.sh; }

test_compose_limits_what_scripts_run_limits() {
  local -r processes=$(limit most_processes) mib=$(limit most_memory)
  exits 0 compose config
  same 3 "$(grep -c "pids_limit: $processes\$" <<<"$output")"
  same 3 "$(grep -cE "mem_limit: (${mib}m|['\"]?$((mib << 20))['\"]?)\$" <<<"$output")"
  local -r place=$(grep -oE '/tmp:size=[0-9a-z]+' scripts/lib/isolation.sh)
  same 1 "$(grep -c -- "- $place\$" <<<"$output")"
}

# The other nodes of /dev/dri set screens' modes.
test_compose_names_the_render_node_alone() {
  same 'devices: [/dev/dri/renderD128]' "$(grep -o 'devices: .*/dev/dri.*' compose.yaml)"
}

# The name rust-gears in a registry is not ours.
test_compose_never_pulls_an_image() {
  exits 0 compose config
  same 3 "$(grep -c 'pull_policy: build' <<<"$output")"
}

test_compose_starts_from_the_dockerfiles_base_images() {
  local name image checked=0
  while IFS='=' read -r name image; do
    exits 0 grep "^  $name: " compose.yaml
    same "  $name: \"\${$name:-$image}\"" "$output"
    checked=$((checked + 1))
  done < <(sed -n 's/^ARG \(.*_IMAGE=\)/\1/p' Dockerfile)
  same 2 "$checked"
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
