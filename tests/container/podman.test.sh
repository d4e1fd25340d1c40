# shellcheck shell=bash
# The same with podman, in separate storage.

use_podman() {
  docker save --output "$here/image" rust-gears:mesa
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$here/podman" "$here/podman-run" >"$here/storage.conf"
  # crun, the default, doesn't work on hybrid control groups, nor can limits be raised if the machine itself lacks the right
  # to do so.
  printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\nruntime = "runc"\n' >"$here/containers.conf"
  export CONTAINERS_STORAGE_CONF=$here/storage.conf CONTAINERS_CONF=$here/containers.conf
  # Not `podman system reset`, which would also remove the machine's own networks.
  on_exit umount --quiet "$here/podman/overlay"
  on_exit podman rmi --all --force
  podman load --input "$here/image"
}

test_podman_runs_the_gears_in_a_window_and_leaves_no_trace() {
  use_podman
  start_x xvfb
  local way
  local -r before=$(state)
  for way in "${each_way[@]}"; do
    exits 0 scripts/run --engine=podman --x-auth="$way" -- --frames 3
    contains "$output" '3 frames in' "on-screen on $DISPLAY"
    same "$before" "$(state)"
  done
}

test_kill_9_of_the_script_leaves_no_trace_with_podman() {
  use_podman
  # shellcheck disable=SC2034 # for kill_9_leaves_no_trace
  local -r with_engine=podman
  # Podman has these, too.
  eval "docker_$(declare -f state)"
  state() { docker_state && podman ps --all --quiet; }
  start_x xvfb
  kill_9_leaves_no_trace cookie
}

test_podman_says_that_there_is_no_cdi_specification() {
  use_podman
  DISPLAY='' exits 1 scripts/run --engine=podman --gpu=cdi --image=rust-gears:mesa -- --frames 3
  contains "$output" "cause: no CDI specification (a file that lists a GPU's device nodes and libraries) names this device" \
    'unresolvable CDI devices'
}

test_doctor_from_the_host_with_podman() {
  use_podman
  DISPLAY='' exits 4 scripts/doctor --engine=podman rust-gears:mesa -- -e NVIDIA_VISIBLE_DEVICES=all
  contains "$output" 'podman version' '[21]' $'\nverdict: '
  printf 'FROM rust-gears:mesa\nENTRYPOINT ["/bin/false"]\n' | podman build --quiet --tag rust-gears-test-stranger - >/dev/null
  DISPLAY='' exits 4 scripts/doctor --engine=podman rust-gears-test-stranger
  contains "$output" '--entrypoint=/rust-gears' '[21]' $'\nverdict: '
  # Podman itself says this.
  DISPLAY='' exits 4 scripts/doctor --engine=podman rust-gears:mesa -- --device nvidia.com/gpu=all
  contains "$output" 'unresolvable CDI devices' '[41]' $'\nverdict: '
  same '' "$(podman ps --all --quiet)"
}
