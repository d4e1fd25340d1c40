# shellcheck shell=bash
# The image `isolated`: it is watched in a real browser, closed to everybody else, and ends as a whole.

readonly browser=$root/tests/container/lib/browser.py

# start_isolated ARG…: scripts/run with these; sets url, container and run (the script's process).
start_isolated() {
  rm -f "$here/url"
  scripts/run "$@" >"$here/url" 2>"$here/run.log" &
  run=$!
  on_exit stop_process "$run"
  wait_for 'the URL' grep -qs :// "$here/url" || { cat "$here/run.log" >&2 && return 1; }
  url=$(head -n 1 "$here/url")
  [[ $url =~ :([0-9]+) ]]
  container=$(docker ps --quiet --filter "publish=${BASH_REMATCH[1]}")
}

# The system's own Python: it has what Debian packages.
browse() { timeout 120 /usr/bin/python3 "$browser" "$@"; }

# reference FILE SIZE OPTION…: draws the same picture off-screen.
reference() {
  DISPLAY='' scripts/run --out "$here" -- --off-screen --frames 1 --screenshot "$1" --geometry "$2" "${@:3}"
}

# ends_with STATUS: asserts that scripts/run ends with it.
ends_with() {
  local status=0
  wait "$run" || status=$?
  same "$1" "$status"
}

# signal_in_container NAME SIGNAL: sends the signal to a process in the container.
signal_in_container() {
  local -r pid=$(docker top "$container" -o pid,args | awk -v name="$1" '$2 == name || $3 == name { print $1; exit }')
  [[ -n $pid ]] && kill -s "$2" "$pid"
}

test_isolated_adds_at_most_60_mb_to_mesa() {
  local -r added=$(($(bytes rust-gears:isolated) - $(bytes rust-gears:mesa)))
  ((added > 0 && added <= 60000000)) || { echo "it adds $added bytes" >&2 && return 1; }
}

test_isolated_gets_nothing_of_this_machines_display() {
  start_x xvfb
  start_isolated --isolated
  exits 0 docker inspect --format '{{json .HostConfig}} {{json .Config}} {{json .Mounts}}' "$container"
  contains "$output" '"ReadonlyRootfs":true' '"CapDrop":["ALL"]' no-new-privileges '"HostIp":"127.0.0.1"' '"NetworkMode":"default"' \
    '"User":"65532:65532"' '"Binds":null'
  lacks "$output" X11-unix XAUTHORITY "$DISPLAY" '"Privileged":true'
}

test_a_browser_shows_the_turning_gears_and_who_draws_them() {
  start_isolated --isolated
  browse "$url" 'text=llvmpipe' 'text=drawn in software' 'text= FPS' moving
}

test_the_screen_is_the_gears_in_the_browsers_size_and_its_keys_turn_them() {
  start_isolated --isolated -- --angle 0
  browse "$url" size=640x480 'text=640 × 480' "still=$here/begin.png" key=ArrowLeft key=ArrowUp key=ArrowUp \
    "still=$here/turned.png" size=720x400 "still=$here/resized.png"
  local picture size view
  while read -r picture size view; do
    reference "reference-$picture" "$size" --angle 0 --view "$view"
    same_picture "$here/reference-$picture" "$here/$picture"
  done <<<$'begin.png 640x480 20,30,0\nturned.png 640x480 30,35,0\nresized.png 720x400 30,35,0'
}

test_the_key_a_stops_the_gears_and_turns_them_again() {
  start_isolated --isolated
  browse "$url" moving key=a "still=$here/stopped.png" text='at rest' key=a moving
}

test_esc_in_a_browser_ends_nothing() {
  start_isolated --isolated
  # Keys arrive in order: if the gears stop at a, they have survived Esc.
  browse "$url" moving key=Escape key=a "still=$here/stopped" 'text=at rest' key=a moving
  docker exec "$container" isolated --health
}

test_the_browsers_console_has_nothing_to_say() {
  start_isolated --isolated
  browse "$url" 'text= FPS' moving quiet
}

test_what_is_said_beside_the_url_does_not_depend_on_the_order() {
  local way words
  while read -r way words; do
    start_isolated "$way"
    # Standard output is the URL, and nothing on standard error announces that it comes next.
    same 1 "$(wc -l <"$here/url")"
    wait_for 'the hint' grep -q "$words" "$here/run.log"
    exits 1 grep ':$' "$here/run.log"
    stop_process "$run"
  done <<<$'--isolated a browser shows the gears at the URL\n--vnc-only TigerVNC: vncviewer 127.0.0.1::59[0-9]*, with the password '
}

test_a_second_viewer_watches_and_turns_and_a_closed_tab_stops_nothing() {
  start_isolated --isolated
  browse "$url" moving "touch=$here/first" "wait-for=$here/stopped" 'text=at rest' "touch=$here/seen" \
    "wait-for=$here/turning" moving &
  local -r first=$!
  # What one of them does, the other sees.
  browse "$url" "wait-for=$here/first" 'text=llvmpipe' 'text= FPS' moving key=a "still=$here/stopped" "wait-for=$here/seen" \
    key=a moving "touch=$here/turning"
  wait "$first"
  docker exec "$container" isolated --health
  browse "$url" moving
}

test_without_the_password_nobody_gets_in() {
  start_isolated --isolated
  local -r site=${url%%#*}
  local password
  for password in '' wrong "${url##*#}x"; do
    browse "$site#$password" 'text=The password is missing or wrong' nothing
    exits 0 curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $password" "${site}figures"
    same 401 "$output"
    exits 0 curl -s -o /dev/null -w '%{http_code}' --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
      -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==' \
      -H "Sec-WebSocket-Protocol: binary${password:+, $password}" "${site}rfb"
    same 401 "$output"
  done
  # With the password, the same request gets status 101 and the X server's greeting, until curl's time is up.
  exits 28 curl -s -o "$here/greeting" -D "$here/headers" --max-time 2 --http1.1 -H 'Connection: Upgrade' \
    -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==' \
    -H "Sec-WebSocket-Protocol: binary, ${url##*#}" "${site}rfb"
  contains "$(<"$here/headers")" ' 101 '
  grep -q 'RFB 003' "$here/greeting"
}

test_each_start_has_its_own_password() {
  start_isolated --isolated
  local -r first=${url##*#}
  ((${#first} >= 20))
  stop_process "$run"
  start_isolated --isolated
  [[ ${url##*#} != "$first" ]]
}

test_from_the_bridge_one_port_is_open() {
  local way port
  while read -r way port; do
    start_isolated "$way"
    exits 0 /usr/bin/python3 "$root/tests/container/lib/open_ports.py" \
      "$(docker inspect --format '{{.NetworkSettings.IPAddress}}' "$container")"
    same "$port" "$output"
    stop_process "$run"
  done <<<$'--isolated 6080\n--vnc-only 5900'
}

test_whichever_ends_all_end_with_its_exit_status() {
  local name words
  while read -r name words; do
    start_isolated --isolated
    signal_in_container "$name" KILL
    ends_with 137
    contains "$(<"$here/run.log")" "$words ended with exit status 137"
  done <<<$'Xvnc the X server\nrust-gears the gears\nrust-gears-web the web server'
}

test_gears_that_end_by_themselves_end_it_with_their_own_status() {
  exits 0 scripts/run --isolated -- --frames 3
  contains "$output" 'the gears ended with exit status 0'
  exits 4 scripts/run --isolated -- --require-hardware
  contains "$output" 'the gears ended with exit status 4' '--require-hardware is not met'
}

test_isolated_stops_within_a_second() {
  local way began took
  for way in --isolated --vnc-only; do
    start_isolated "$way"
    began=$(date +%s%N)
    docker stop "$container"
    took=$((($(date +%s%N) - began) / 1000000))
    ends_with 143
    contains "$(<"$here/run.log")" 'drew on-screen'
    ((took < 1000)) || { echo "docker stop took $took ms" >&2 && return 1; }
  done
}

# As long as it isn't collected, the zombie has an entry in /proc.
test_process_1_of_isolated_collects_orphans() {
  start_isolated --isolated
  local -r orphan=$(docker exec "$container" sh -c 'sleep 0.1 >/dev/null 2>&1 & echo $!')
  ((orphan > 1))
  wait_for "the end of process $orphan" exits 1 docker exec "$container" test -e "/proc/$orphan"
}

# A terminal's Ctrl-C goes to all processes in its foreground: only process 1 is there, and ends the gears before the X server.
test_ctrl_c_in_a_terminal_of_isolated_lets_the_gears_print_their_summary() {
  local -r log=$here/log
  { wait_for 'the URL' grep -qs 'password included' "$log" && printf '\003' && sleep 5; } |
    exits 130 script -qefc 'docker run -it --rm --tmpfs /tmp rust-gears:isolated' "$log"
  contains "$(<"$log")" 'drew on-screen'
  lacks "$(<"$log")" 'so everything ends'
}

test_isolated_says_that_tmp_has_to_be_writable() {
  exits 1 docker run --rm --read-only rust-gears:isolated
  contains "$output" 'cannot write to /tmp/rust-gears: ' '/tmp has to be writable: docker run --tmpfs /tmp'
}

test_the_health_check_means_something() {
  local way
  for way in --isolated --vnc-only; do
    start_isolated "$way"
    wait_for 'health' is_healthy
    signal_in_container Xvnc STOP
    exits 1 docker exec "$container" isolated --health
    contains "$output" 'the X server does not answer'
    signal_in_container Xvnc CONT
    docker exec "$container" isolated --health
    stop_process "$run"
  done
}
is_healthy() { [[ $(docker inspect --format '{{.State.Health.Status}}' "$container") == healthy ]]; }

# capture PORT PASSWORD FILE: uses a viewer that asks for the password on a terminal.
capture() {
  (sleep 1 && printf '%s\n' "$2") | timeout 60 script -qec "gvnccapture 127.0.0.1:$(($1 - 5900)) $3" /dev/null
}

test_a_vnc_viewer_sees_the_gears_with_the_password_and_nothing_without() {
  start_isolated --vnc-only -- --angle 0
  [[ $url =~ ^vnc://127\.0\.0\.1:([0-9]+)\?VncPassword=(.{8})$ ]]
  local -r port=${BASH_REMATCH[1]} password=${BASH_REMATCH[2]}
  capture "$port" "$password" "$here/seen.png"
  reference reference.png 1280x720 --angle 0
  same_picture "$here/reference.png" "$here/seen.png"
  exits 1 capture "$port" "wrong" "$here/unseen.png"
  [[ ! -e $here/unseen.png ]]
}

test_where_to_listen() {
  start_isolated --isolated
  contains "$url" "$(docker port "$container" 6080)/#"
  # The next run takes another port; a port that is in use is refused with advice.
  exits 0 scripts/run --isolated --print
  lacks "$output" "$(docker port "$container" 6080):"
  exits 1 scripts/run --isolated --listen "$(docker port "$container" 6080)"
  contains "$output" 'choose another port with --listen'
  exits 2 scripts/run --isolated --listen here
  contains "$output" '--listen takes a port'
  exits 2 scripts/run --listen 8080
  exits 0 scripts/run --isolated --print --listen 0.0.0.0:6443
  contains "$output" 'unencrypted' "--publish 0.0.0.0:6443:6080"
  exits 1 scripts/run --isolated --engine native
  contains "$output" 'need a container engine'
}
