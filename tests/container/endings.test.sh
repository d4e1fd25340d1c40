# shellcheck shell=bash
# How a container ends, and how failures to start are explained.

# start_detached ARG…: the gears off-screen in a hardened container; sets container.
start_detached() {
  container=$(docker run --detach "${hardened[@]}" "$@" --interval 0.3)
  on_exit docker rm --force "$container"
  wait_for 'the gears' turning_in "$container"
}
turning_in() { docker logs "$1" 2>&1 | grep -q 'frames in'; }

test_docker_stop_takes_less_than_a_second() {
  start_detached rust-gears:mesa
  local -r began=$(date +%s%N)
  docker stop "$container"
  local -r took=$((($(date +%s%N) - began) / 1000000))
  same 143 "$(docker inspect --format '{{.State.ExitCode}}' "$container")"
  ((took < 1000)) || { echo "docker stop took $took ms" >&2 && return 1; }
}

test_results_in_a_mounted_folder_survive_docker_stop() {
  mkdir "$here/results" && chmod 777 "$here/results"
  start_detached --volume "$here/results:/results" rust-gears:mesa --angle 0 --screenshot /results/gears.png
  docker stop "$container"
  docker rm "$container"
  is_gears "$here/results/gears.png"
}

test_out_belongs_to_the_caller() {
  mkdir "$here/results"
  DISPLAY='' exits 0 scripts/run --out "$here/results" -- --frames 1 --screenshot gears.png
  same "$(id -u)" "$(stat -c %u "$here/results/gears.png")"
}

test_the_exit_status_is_the_gears_own() {
  exits 2 scripts/run -- --no-such-option
  DISPLAY='' exits 4 scripts/run -- --frames 3 --require-hardware
  DISPLAY='' exits 5 scripts/run -- --frames 3 --screenshot /gears.png # a read-only file system
}

# Full messages of an engine with NVIDIA's toolkit, each with the row of the table that must be found.
test_known_words_are_explained() {
  docker save --output "$here/image" rust-gears
  start_engine_with_nvidia_runtime
  docker load --input "$here/image"
  local row words cause
  while IFS=$'\t' read -r row words; do
    cause=$(awk -F '\t' -v row="$row" '$1 == row { print $3 }' scripts/lib/launch-errors.tsv)
    printf '%s' "$words" >"$here/words"
    DISPLAY='' exits 1 scripts/run
    contains "$output" "cause: $cause" 'fix: ' "$words"
    # The cause first, then the engine's own words.
    [[ ${output%%"$words"*} == *"$cause"* ]]
  done <"$root/tests/container/engine-words.tsv"
}

# Engines without the toolkit say these, so they need no stand-in.
test_gpu_asked_of_an_engine_without_the_toolkit() {
  local row choice
  while read -r row choice; do
    DISPLAY='' exits 1 scripts/run --gpu="$choice" -- --frames 3
    contains "$output" "cause: $(awk -F '\t' -v row="$row" '$1 == row { print $3 }' scripts/lib/launch-errors.tsv)" 'docker: '
  done <<<$'39 gpus\n40 runtime\n113 cdi'
}

test_unknown_words_are_shown_as_they_are() {
  exits 1 scripts/run --gpu=none --image "$(base_image)" -- /no/such/program
  contains "$output" '/no/such/program'
  lacks "$output" 'cause:'
}

test_no_daemon() {
  DOCKER_HOST=unix://$here/none exits 1 scripts/run --engine=docker
  contains "$output" 'cause: the Docker daemon is not running' 'systemctl start docker'
}

# A container that ignores signals and doesn't end by itself, like a program that hangs in the kernel or in a driver.
test_a_container_that_does_not_end_is_killed() {
  printf 'FROM %s\nENTRYPOINT ["bash", "-c", "trap : INT TERM HUP; echo here; while :; do sleep 1; done"]\n' "$(base_image)" |
    docker build -q -t rust-gears-test-deaf - >/dev/null
  on_exit docker image rm -f rust-gears-test-deaf
  local signal
  for signal in INT TERM HUP; do
    DISPLAY='' in_background scripts/run --image=rust-gears-test-deaf
    wait_for 'the container' grep -qx here "$here/out"
    kill -s "$signal" "$job"
    ended_with $((128 + $(kill -l "$signal")))
    same '' "$(docker ps --all --quiet --filter ancestor=rust-gears-test-deaf)"
    rm "$here/out"
  done
}

test_a_signal_goes_to_the_gears_once() {
  # shellcheck disable=SC2016 # for the container's shell
  printf 'FROM %s\nENTRYPOINT ["bash", "-c", "trap \\"echo signal\\" INT; echo here; for i in 1 2 3 4 5 6; do sleep 0.2; done"]\n' "$(base_image)" |
    docker build -q -t rust-gears-test-count - >/dev/null
  on_exit docker image rm -f rust-gears-test-count
  DISPLAY='' in_background scripts/run --image=rust-gears-test-count
  wait_for 'the container' grep -qx here "$here/out"
  kill -INT -- "-$job" # as a terminal does: to the engine's client, too, if that were in the group
  ended_with 0
  same 1 "$(grep -cx signal "$here/out")"
}

test_a_file_that_cannot_be_written_names_the_option() {
  DISPLAY='' exits 5 scripts/run -- --frames 1 --screenshot g.png
  contains "$output" 'scripts/run --out FOLDER'
}

test_where_nobody_can_listen() {
  # 192.0.2.0/24 is reserved for documentation: no machine has it.
  DISPLAY='' exits 1 scripts/run --isolated --listen 192.0.2.1:6080
  contains "$output" "cause: the address that --listen names does not belong to this machine"
  lacks "$output" 'something listens'
}

test_engine_options_reach_the_container() {
  DISPLAY='' exits 0 scripts/run --image="$(base_image)" --engine-option=--ulimit=nofile=123 --engine-option --entrypoint=bash \
    -- -c 'ulimit -n'
  contains "$output" 123
}
