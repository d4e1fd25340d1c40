# shellcheck shell=bash
# Attacks on the image `isolated`: from another container, from the network, and by a viewer who knows the password.

address() { docker inspect --format '{{.NetworkSettings.IPAddress}}' "$container"; }

# process NAME: its id on this machine.
process() { docker top "$container" -o pid,args | awk -v name="$1" '$2 == name { print $1; exit }'; }

# in_kib FIELD NAME: from /proc/…/status.
in_kib() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$(process "$2")/status"; }

# knock COUNT: opens this many connections that never finish what they begin to say.
knock() {
  /usr/bin/python3 "$root/tests/security/knock.py" "$(address)" 6080 "$1" >"$here/knocking" 2>&1 &
  on_exit stop_process "$!"
  # Whoever the kernel has no room for tries again after 1, 3, 7, 15 and 31 seconds.
  # shellcheck disable=SC2016 # for the other shell
  timeout 180 bash -c 'until grep -qs knocking "$1"; do sleep 0.2; done' _ "$here/knocking"
}

test_who_shares_the_network_of_isolated_does_not_get_at_its_x_server() {
  start_isolated --isolated
  # The socket without a path is what they share.
  exits 3 docker run --rm --network="container:$container" --user 12345 -e DISPLAY=:0 rust-gears:mesa --frames 1
  # The socket with a path requires a cookie, even from the gears' own user.
  local user
  for user in 12345 65532; do
    exits 3 docker exec --user "$user" -e DISPLAY=:0 "$container" rust-gears --frames 1
    contains "$output" 'Authorization required'
  done
  browse "$url" moving
}

test_a_viewer_gets_in_while_a_thousand_knock() {
  start_isolated --isolated
  knock 1000
  browse "$url" 'text= FPS' moving
  docker exec "$container" isolated --health
  local -r most=$(in_kib VmHWM rust-gears-web)
  ((most * 1024 < 40000000)) || { echo "the web server took $most KiB" >&2 && return 1; }
}

test_few_open_files_are_enough_while_a_thousand_knock() {
  container=$(docker run --detach --rm --tmpfs /tmp --ulimit nofile=256:256 rust-gears:isolated)
  on_exit docker rm --force "$container"
  wait_for 'the URL' has_printed_url
  url="http://$(address):6080/$(docker logs "$container" 2>/dev/null | grep -o '#.*')"
  knock 1000
  browse "$url" 'text= FPS' moving
  docker exec "$container" isolated --health
}
has_printed_url() { docker logs "$container" 2>/dev/null | grep -q '://'; }

test_a_request_that_is_not_finished_ends() {
  start_isolated --isolated
  # shellcheck disable=SC2016 # for the other shell
  exits 0 timeout 20 bash -c 'exec 3<>"/dev/tcp/$1/6080" && printf "GET / HTTP/1.1\r\nHost: x\r\n" >&3 && cat <&3' _ "$(address)"
}

test_a_viewer_who_asks_for_a_huge_screen_ends_nothing() {
  start_isolated --isolated
  exits 0 timeout 300 /usr/bin/python3 "$root/tests/security/screen_size.py" "$(address)" 6080 "${url##*#}" \
    16384x16384 9000x9000 7000x6000 2560x1440
  contains "$output" '16384x16384: 1280x720' '2560x1440: 2560x1440'
  local -r most=$(in_kib VmHWM Xvnc)
  ((most < 600000)) || { echo "the X server took $most KiB" >&2 && return 1; }
  browse "$url" moving
}

test_whoever_connects_in_vain_fills_no_disk() {
  local way port before after
  while read -r way port; do
    start_isolated "$way"
    before=$(written)
    exits 0 /usr/bin/python3 -c '
import socket, sys
for _ in range(500):
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 20).sendall(b"GET /rfb HTTP/1.1\r\n\r\n")' "$(address)" "$port"
    after=$(written)
    ((after - before < 12000)) || { echo "$way: $((after - before)) bytes more in /tmp" >&2 && return 1; }
    docker exec "$container" isolated --health
    stop_process "$run"
  done <<<$'--isolated 6080\n--vnc-only 5900'
}
written() { docker exec "$container" sh -c 'find /tmp -type f -exec cat {} + | wc -c'; }

test_a_refused_request_is_logged_and_a_thousand_of_them_take_few_lines() {
  start_isolated --isolated
  exits 0 curl -s -o /dev/null -H 'Authorization: Bearer wrong' "http://$(address):6080/figures?[1-1000]"
  wait_for 'the log' grep -q 'rust-gears-web: refused [0-9.]* with a wrong password' "$here/run.log"
  local -r lines=$(grep -c refused "$here/run.log")
  ((lines < 100)) || { echo "$lines lines" >&2 && return 1; }
}

test_each_answer_tells_the_browser_what_not_to_do() {
  start_isolated --isolated
  local path
  for path in '' page.js page.css novnc/core/rfb.js novnc/ figures health; do
    exits 0 curl -s -o /dev/null -D - "http://$(address):6080/$path"
    contains "$output" "content-security-policy: default-src 'none'; script-src 'self';" "frame-ancestors 'none'" \
      'x-content-type-options: nosniff' 'referrer-policy: no-referrer' 'cache-control: no-store'
  done
  browse "$url" 'text= FPS' no-other-scripts no-frame
}

test_the_password_leaves_the_location_and_a_reload_still_works() {
  start_isolated --isolated
  browse "$url" 'text= FPS' "address=${url%%#*}" "history-lacks=${url##*#}" reload 'text= FPS' moving "history-lacks=${url##*#}"
}

test_a_password_from_a_file_is_not_printed() {
  printf 'from-a-file_1.2~3\n' >"$here/password"
  chmod 644 "$here/password"
  container=$(docker run --detach --rm --tmpfs /tmp -v "$here/password:/run/password:ro" \
    -e RUST_GEARS_PASSWORD_FILE=/run/password rust-gears:isolated)
  on_exit docker rm --force "$container"
  wait_for 'the URL' has_printed_url
  exits 0 docker logs "$container"
  lacks "$output" from-a-file
  contains "$output" 'the password is the one in /run/password'
  exits 0 curl -s -o /dev/null -m 5 -w '%{http_code}' -I -X GET -H 'Authorization: Bearer from-a-file_1.2~3' "http://$(address):6080/figures"
  same 200 "$output"
  # Passwords that aren't valid are refused.
  exits 2 docker run --rm --tmpfs /tmp -e RUST_GEARS_PASSWORD_FILE=/run/password rust-gears:isolated
  contains "$output" 'cannot read a password from RUST_GEARS_PASSWORD_FILE, /run/password'
  exits 2 docker run --rm --tmpfs /tmp -v "$here/password:/run/password:ro" -e RUST_GEARS_PASSWORD_FILE=/run/password \
    rust-gears:isolated --vnc-only
  contains "$output" 'must have 8 characters'
}

test_vnc_without_encryption_is_there_only_if_asked_for() {
  local way offered
  while read -r way offered; do
    start_isolated "$way"
    exits 0 /usr/bin/python3 -c '
import socket, sys
stream = socket.create_connection((sys.argv[1], 5900), 10).makefile("rwb")
stream.read(12)
stream.write(b"RFB 003.008\n")
stream.flush()
print(*stream.read(stream.read(1)[0]))' "$(address)"
    same "$offered" "$output"
    stop_process "$run"
  done <<<$'--vnc-only 19\n--vnc-only=plain 19 2' # VeNCrypt, that is TLS; VNC's own
}
