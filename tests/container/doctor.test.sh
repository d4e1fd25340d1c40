# shellcheck shell=bash
# `rust-gears doctor` in real containers that are started in all the wrong ways that people use: the first cause that it names
# must be the right one. What needs no engine is in tests/doctor/.

# finds ROW ARG…: doctor in a container started with these arguments names this row first. Its report is left in $report.
finds() {
  local -r row=$1
  local status=0
  shift
  report=$(docker run --rm "$@" doctor --json 2>"$here/errors") || status=$?
  ((status == 4)) || { printf 'exit status %s, not 4: %s\n%s\n%s\n' "$status" "$*" "$report" "$(<"$here/errors")" >&2 && return 1; }
  names_first "$row"
}
names_first() {
  python3 -c '
import json, sys
findings = json.loads(sys.argv[1])["findings"]
rows = [f["row"] for level in ("failure", "warning") for f in findings if f["level"] == level]
if rows[:1] != [int(sys.argv[2])]:
    sys.exit("expected row %s first, got %s\n%s" % (sys.argv[2], rows, json.dumps(findings, indent=1)))
' "$report" "$1"
}

# The X server's socket without a cookie.
socket_args() { printf '%s\n' -e "DISPLAY=$DISPLAY" -v "/tmp/.X11-unix/X${DISPLAY#:}:/tmp/.X11-unix/X${DISPLAY#:}"; }
# with_cookie ROW FILE: the socket with this file as the cookie.
with_cookie() {
  local -a socket
  mapfile -t socket < <(socket_args)
  [[ ! -f $2 ]] || chmod 644 "$2"
  finds "$1" "${socket[@]}" -v "$2:/cookie:ro" -e XAUTHORITY=/cookie rust-gears:mesa
}

test_doctor_1_and_21_mesa_without_anything() {
  finds 21 rust-gears:mesa
  contains "$report" 'DISPLAY is not set' '"engine": "docker"'
}

test_doctor_under_every_hardening() {
  finds 21 --read-only --cap-drop=ALL --security-opt=no-new-privileges --network=none -u 4711:4711 rust-gears:mesa
}

test_doctor_59_slim_without_a_gpu() {
  finds 59 rust-gears
  contains "$report" '--gpus all'
}

test_doctor_59_the_variable_of_a_runtime_that_was_not_used() {
  finds 59 -e NVIDIA_VISIBLE_DEVICES=all rust-gears
  contains "$report" 'the variable alone does nothing'
}

test_doctor_2_no_socket() {
  start_x xvfb
  finds 2 -e "DISPLAY=$DISPLAY" rust-gears:mesa
}

test_doctor_4_no_cookie() {
  start_x xvfb
  local -a socket
  mapfile -t socket < <(socket_args)
  finds 4 "${socket[@]}" rust-gears:mesa
}

test_doctor_4_cookie_that_the_user_may_not_read() {
  start_x xvfb
  chmod 600 "$XAUTHORITY"
  local -a socket
  mapfile -t socket < <(socket_args)
  finds 4 "${socket[@]}" -v "$XAUTHORITY:/cookie:ro" -e XAUTHORITY=/cookie rust-gears:mesa
  contains "$report" 'cannot be read'
}

test_doctor_6_cookie_of_the_host() {
  start_x xvfb
  with_cookie 6 "$XAUTHORITY"
}

test_doctor_7_wrong_cookie() {
  start_x xvfb
  xauth -q -f "$here/wrong" add "$DISPLAY" . 00112233445566778899aabbccddeeff
  xauth -f "$here/wrong" nlist | sed 's/^..../ffff/' | xauth -q -f "$here/any" nmerge -
  with_cookie 7 "$here/any"
}

test_doctor_8_folder_that_the_engine_made() {
  start_x xvfb
  with_cookie 8 "$here/not-there"
}

test_doctor_9_display_of_ssh() {
  finds 9 -e DISPLAY=localhost:10.0 rust-gears:mesa
}

test_doctor_10_untrusted_cookie() {
  start_x xvfb
  xauth -q -f "$here/untrusted" generate "$DISPLAY" . untrusted timeout 60
  xauth -f "$here/untrusted" nlist | sed 's/^..../ffff/' | xauth -q -f "$here/any" nmerge -
  with_cookie 10 "$here/any"
}

test_doctor_13_and_no_alarm_with_everything() {
  start_x xvfb
  xauth nlist "$DISPLAY" | sed 's/^..../ffff/' | xauth -q -f "$here/any" nmerge -
  with_cookie 21 "$here/any"
  contains "$report" 'pictures go through the socket'
}

test_doctor_48_node_that_the_cgroup_forbids() {
  # Docker lets a container create a device node, but not open it.
  # shellcheck disable=SC2016 # for the container's shell
  report=$(docker run --rm -u 0 --cap-add=MKNOD --entrypoint sh rust-gears -c \
    'mknod -m 666 /dev/nvidiactl c 195 255 && mknod -m 666 /dev/nvidia0 c 195 0 && rust-gears doctor --json; exit 0')
  names_first 48
}

test_a_run_that_fails_ends_with_doctors_cause() {
  exits 3 docker run --rm rust-gears
  contains "$output" 'doctor: ' 'cause: ' 'fix:   '
}

# scripts/doctor: this machine, then the container. Faults of machines are in tests/host/.
test_doctor_from_the_host() {
  DISPLAY='' exits 4 scripts/doctor
  contains "$output" 'on this machine:' 'ok       engine' 'scripts/run --engine=docker -- doctor' 'llvmpipe' $'\nverdict: '
  # Somebody else's image: the program is mounted into it, and no container is left.
  local -r image=rust-gears-test-stranger
  printf 'FROM %s\nRUN useradd -m somebody\nUSER somebody\nENTRYPOINT ["/bin/false"]\n' "$(base_image)" | docker build -q -t "$image" - >/dev/null
  on_exit docker image rm -f "$image"
  DISPLAY='' exits 4 scripts/doctor "$image" -- -e NVIDIA_VISIBLE_DEVICES=all
  contains "$output" '-e NVIDIA_VISIBLE_DEVICES=all' 'a container of docker, user 1000' '[58]' $'\nverdict: '
  same '' "$(docker ps --all --quiet --filter "ancestor=$image")"
  # A way to pass the GPU that this engine doesn't support.
  DISPLAY='' exits 4 scripts/doctor rust-gears -- --gpus all
  contains "$output" 'could not select device driver' '[39]' $'\nverdict: '
  exits 2 scripts/doctor rust-gears --gpus
  contains "$output" 'scripts/doctor IMAGE -- --gpus'
}

# stranger LINE…: an image of somebody else, from Debian's base image.
stranger() {
  { printf 'FROM %s\n' "$(base_image)" && printf '%s\n' "$@"; } | docker build -q -t rust-gears-test-stranger - >/dev/null
  on_exit docker image rm -f rust-gears-test-stranger
}

test_doctor_from_the_host_says_what_to_copy() {
  start_x xvfb
  stranger 'ENTRYPOINT ["/bin/false"]'
  exits 4 scripts/doctor rust-gears:mesa -- -e "DISPLAY=$DISPLAY" -v /tmp/.X11-unix:/tmp/.X11-unix --name app
  contains "$output" '[4]' 'on the side of:' $'\nrun it again as:\n  d=$(mktemp -d ' '--name app'
  # What it says to copy works: the same image, with doctor as its command.
  sed -n '/^run it again as:$/,$ { /^run it/d; s/^  //p }' <<<"$output" | sed 's/ rust-gears:mesa$/& doctor/; s/docker run /docker run --rm /' >"$here/copied"
  exits 0 bash "$here/copied" # its last line removes the cookie
  contains "$output" 'GLX window' 'llvmpipe'
  lacks "$output" '[4]'
}

test_doctor_from_the_host_as_json() {
  stranger 'ENTRYPOINT ["/bin/false"]'
  local status=0
  DISPLAY='' scripts/doctor --json rust-gears-test-stranger >"$here/report.json" 2>"$here/errors" || status=$?
  same 4 "$status"
  python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
assert report["host"]["findings"] and report["findings"] and report["facts"], report
' "$here/report.json"
  exits 4 docker run --rm -i rust-gears:mesa doctor --from - <"$here/report.json"
  contains "$output" 'on this machine:' 'ok       engine' 'in a container: docker run' '[58]' 'on the side of:'
}

test_doctor_from_the_host_in_older_images() {
  # Debian 12: its glibc is older than that of our images, so this is the program for old images.
  source_base_images docker
  import_debian rust-gears-test-old:bookworm bookworm
  on_exit docker image rm -f rust-gears-test-old:bookworm
  DISPLAY='' exits 4 scripts/doctor rust-gears-test-old:bookworm -- --read-only --network=none --user 4711
  contains "$output" 'a container of docker, user 4711' '[58]'
  same GLIBC_2.27 "$(grep -aoE 'GLIBC_2\.[0-9]+' "target/$(uname -m)-unknown-linux-gnu/release/rust-gears" | sort -uV | tail -n 1)"
  # And one without glibc, which is not even started.
  mkdir "$here/static" && echo >"$here/static/file" && printf 'FROM scratch\nCOPY file /\nCMD ["/file"]\n' >"$here/static/Dockerfile"
  docker build -q -t rust-gears-test-static "$here/static" >/dev/null
  on_exit docker image rm -f rust-gears-test-static
  DISPLAY='' exits 4 scripts/doctor rust-gears-test-static
  contains "$output" 'it has no glibc' '[36]' 'take a base image with glibc' $'\nverdict: '
  lacks "$output" 'no such file' 'in a container:'
}

test_doctor_from_the_host_in_a_compose_service() {
  stranger 'ENTRYPOINT ["/bin/false"]'
  printf 'services:\n  app:\n    image: rust-gears-test-stranger\n    environment: [NVIDIA_VISIBLE_DEVICES=all]\n    network_mode: none\n' >"$here/compose.yaml"
  cd "$here"
  DISPLAY='' exits 4 "$root/scripts/doctor" --compose app
  contains "$output" '--no-deps' 'a container of docker' '[58]' $'\nverdict: '
  exits 2 "$root/scripts/doctor" --compose other
  contains "$output" 'has no service other. It has: app'
  same '' "$(docker ps --all --quiet --filter ancestor=rust-gears-test-stranger)"
}

# What docs/kubernetes-doctor.yaml does in a cluster.
test_doctor_in_a_pod_brings_its_program() {
  stranger 'ENTRYPOINT ["/bin/false"]'
  docker volume create rust-gears-test-program >/dev/null
  on_exit docker volume rm rust-gears-test-program
  docker run --rm --user 0 -v rust-gears-test-program:/program --entrypoint chmod rust-gears 777 /program
  docker run --rm --read-only --cap-drop=ALL --user 65532 -v rust-gears-test-program:/program --entrypoint cp rust-gears /usr/local/bin/rust-gears /program/
  exits 4 docker run --rm --read-only --cap-drop=ALL --user 65532 -v rust-gears-test-program:/program:ro --entrypoint /program/rust-gears rust-gears-test-stranger doctor
  contains "$output" '[58]'
}
