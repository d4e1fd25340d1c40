# shellcheck shell=bash
# scripts/bench: this machine and the container, round by round.

# As short as possible: benches/same-or-slower tests whether a difference is found.
bench() { DISPLAY='' scripts/bench "$@" -- --stage classic --duration 0.3s --rounds 3 --off-screen; }

test_bench_compares_this_machine_and_the_container() {
  have cargo || return 0
  exits 0 bench --keep "$here" --image rust-gears:mesa
  contains "$output" 'container.json compared with host.json'
  grep -qE '^classic .* (same|slower|faster|cannot tell)' <<<"$output"
  same "$(what_was_measured host)" "$(what_was_measured container)"
  same 'True 3' "$(what_was_measured host)"
  grep -q '"container":"docker"' "$here/container.json"
}

# Whether its rounds took turns, and how many there are.
what_was_measured() {
  python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["settings"]["in_turns"], len(r["stages"][0]["rounds"]))' \
    <"$here/$1.json"
}

test_bench_exits_with_what_failed() {
  have cargo || return 0
  # One round is too few to compare, and --fail-below doesn't accept that.
  DISPLAY='' exits 4 scripts/bench --fail-below 0.5 --image rust-gears:mesa -- --stage classic --duration 0.1s --rounds 1
  DISPLAY='' exits 2 scripts/bench --image rust-gears:mesa -- --no-such-option
  exits 1 bench --image no-such-image:here
  lacks "$output" 'compared with host.json'
}

test_bench_interrupted_compares_what_it_has() {
  have cargo || return 0
  DISPLAY='' scripts/bench --keep "$here" --image rust-gears:mesa -- --stage classic --duration 300s --rounds 1000 \
    --off-screen >"$here/output" 2>&1 &
  local -r pid=$!
  local status=0
  wait_for 'the container' container_of_bench
  sleep 5
  kill -TERM "$pid"
  wait "$pid" || status=$?
  same 143 "$status"
  contains "$(<"$here/output")" 'container.json compared with host.json'
}
container_of_bench() { docker ps --format '{{.Command}}' --no-trunc | grep -q -- --in-turns; }
