# shellcheck shell=bash
# Attacks that exhaust resources: processes, memory, the space in /tmp.

test_a_fork_bomb_ends_at_the_limit() {
  # shellcheck disable=SC2016 # for the container
  image_of rust-gears-test-bomb 'i=0; while [ $i -lt 1000 ]; do sleep 30 & i=$((i + 1)); done'
  DISPLAY='' exits 2 scripts/run --image rust-gears-test-bomb
  contains "$output" 'Cannot fork'
}

test_memory_is_limited() {
  image_of rust-gears-test-memory 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true'
  DISPLAY='' exits 0 scripts/run --image rust-gears-test-memory
  local -r limit=$(tail -n 1 <<<"$output")
  local -r all=$(awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' /proc/meminfo)
  ((limit > 0 && limit < all && limit <= 8 << 30)) || { echo "the limit is $limit of $all bytes" >&2 && return 1; }
}

test_tmp_of_isolated_is_limited() {
  image_of rust-gears-test-filler 'id -u >/tmp/small && head -c 100000000 /dev/zero >/tmp/large'
  exits 1 scripts/run --isolated --image rust-gears-test-filler
  contains "$output" 'No space left on device'
}

# The largest pictures that the driver draws must still work.
test_a_large_picture_is_within_the_limits() {
  DISPLAY='' exits 0 scripts/run -- --off-screen --geometry 16384x16384 --frames 1
  contains "$output" '1 frame in' ', 16384x16384'
}

test_an_engine_that_cannot_limit_is_not_asked_to() {
  # shellcheck disable=SC2016 # a field of the engine's
  stand_in_docker '{{if .PidsLimit}}= '
  DISPLAY='' exits 0 scripts/run --print --no-install
  lacks "$output" --pids-limit --memory
}

# Rootless podman without delegated control groups.
test_podman_that_cannot_limit_is_not_asked_to() {
  mkdir "$here/bin"
  printf '#!/bin/sh\ncase "$*" in *CgroupControllers*) echo "[]" ;; esac\n' >"$here/bin/podman"
  chmod +x "$here/bin/podman"
  PATH=$here/bin:$PATH DISPLAY='' exits 0 scripts/run --print --no-install --engine=podman
  contains "$output" 'podman run'
  lacks "$output" --pids-limit --memory
}
