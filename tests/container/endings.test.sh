# shellcheck shell=bash
# How a container ends, and how one that cannot be started is explained.

# start_detached ARG…: the gears off-screen in a container of the hardened kind; sets container.
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

# What an engine with NVIDIA's toolkit says, in full, and the row of the table that has to be found.
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

# Said by an engine that has no toolkit, so these need no stand-in.
test_gpu_asked_of_an_engine_without_the_toolkit() {
  local row choice
  while read -r row choice; do
    DISPLAY='' exits 1 scripts/run --gpu="$choice" -- --frames 3
    contains "$output" "cause: $(awk -F '\t' -v row="$row" '$1 == row { print $3 }' scripts/lib/launch-errors.tsv)" 'docker: '
  done <<<$'39 gpus\n40 runtime\n41 cdi'
}

test_unknown_words_are_shown_as_they_are() {
  exits 1 scripts/run --gpu=none --image debian:trixie-slim -- /no/such/program
  contains "$output" '/no/such/program'
  lacks "$output" 'cause:'
}

test_no_daemon() {
  DOCKER_HOST=unix://$here/none exits 1 scripts/run --engine=docker
  contains "$output" 'cause: the Docker daemon is not running' 'systemctl start docker'
}
