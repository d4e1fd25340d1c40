# shellcheck shell=bash
# Whom the X server lets in, and that access is restored afterwards however the run ends.

# What a run must leave as it found it.
state() {
  xhost
  find /tmp -maxdepth 1 -name 'rust-gears.*' | sort
  docker ps --all --quiet --filter ancestor=rust-gears:mesa
}

# in_background COMMAND…: runs it in its own process group, like a terminal's job, so it can be interrupted; sets job.
in_background() {
  set -m
  "$@" >"$here/out" 2>&1 &
  job=$!
  set +m
}
ends() { ! kill -0 "$job" 2>/dev/null; }
ended_with() {
  local status=0
  wait_for 'the end of the run' ends
  wait "$job" || status=$?
  same "$1" "$status"
}
turning() { grep -q 'frames in' "$here/out"; }

readonly each_way=(cookie user xhost)

# each_opens_a_window_and_leaves_no_trace WAY…
each_opens_a_window_and_leaves_no_trace() {
  local -r at_first=$(state)
  local way
  for way; do
    exits 0 scripts/run --x-auth="$way" -- --frames 3
    contains "$output" '3 frames in' "on-screen on $DISPLAY"
    same "$at_first" "$(state)" # and the server still admits this program
  done
}

test_each_way_lets_the_container_in_and_leaves_no_trace() {
  start_x xvfb
  each_opens_a_window_and_leaves_no_trace "${each_way[@]}"
}

test_none_is_for_servers_that_let_everybody_in() {
  start_x xvfb
  exits 3 scripts/run --x-auth=none -- --frames 3
  contains "$output" 'the X server demands a cookie, but'
  xhost + >/dev/null
  exits 0 scripts/run --x-auth=none -- --frames 3
}

test_a_server_without_cookies_stays_as_it_was() {
  start_x xvfb-without-cookies
  each_opens_a_window_and_leaves_no_trace "${each_way[@]}" none
}

test_xhost_warns() {
  start_x xvfb
  exits 0 scripts/run --x-auth=xhost -- --frames 3
  contains "$output" 'can read your keys' 'admits them all, not root alone'
}

test_what_was_let_in_before_stays_so() {
  start_x xvfb
  xhost +local: +si:localuser:root >/dev/null
  local -r before=$(state)
  local way
  for way in user xhost; do
    exits 0 scripts/run --x-auth="$way" -- --frames 3
    same "$before" "$(state)"
  done
}

test_ctrl_c_leaves_no_trace() {
  start_x xvfb
  local -r before=$(state)
  local way
  for way in "${each_way[@]}"; do
    in_background scripts/run --x-auth="$way" -- --interval 0.3
    wait_for 'the gears' turning
    kill -INT -- "-$job" # the whole job, as a terminal does
    ended_with 130
    contains "$(<"$here/out")" 'FPS on average' # and the gears had time for their summary
    same "$before" "$(state)"
    rm "$here/out"
  done
}

test_kill_and_hangup_leave_no_trace() {
  start_x xvfb
  local -r before=$(state)
  local signal
  for signal in TERM HUP; do
    in_background scripts/run --x-auth=xhost -- --interval 0.3
    wait_for 'the gears' turning
    kill -s "$signal" "$job" # the script alone, as `kill` does
    ended_with $((128 + $(kill -l "$signal")))
    same "$before" "$(state)"
    rm "$here/out"
  done
}

test_kill_9_of_the_engines_client_leaves_no_trace() {
  start_x xvfb
  local -r before=$(state)
  local way
  for way in "${each_way[@]}"; do
    in_background scripts/run --x-auth="$way" -- --interval 0.3
    wait_for 'the gears' turning
    kill -KILL "$(pgrep -P "$job" docker)"
    ended_with 137
    same "$before" "$(state)"
    rm "$here/out"
  done
}

test_the_cookie_is_private_and_read_only() {
  start_x xvfb
  in_background scripts/run -- --interval 0.3
  wait_for 'the gears' turning
  local -r container=$(docker ps --quiet --filter ancestor=rust-gears:mesa)
  local -r file=$(docker inspect --format '{{range .Mounts}}{{if not .RW}}{{println .Source}}{{end}}{{end}}' "$container" | grep cookie)
  same 700 "$(stat -c %a "${file%/*}")"
  contains "$(xauth -f "$file" list)" "#ffff#" "${DISPLAY}"
  [[ $file != "$XAUTHORITY" ]]
  exits 0 docker inspect --format '{{range .Mounts}}{{println .Source .RW}}{{end}}' "$container"
  lacks "$output" true # nothing is mounted writable
  kill -INT -- "-$job"
  ended_with 130
  [[ ! -e $file ]]
}

test_a_stale_cookie() {
  start_x xvfb
  xauth -q add "$DISPLAY" . 00112233445566778899aabbccddeeff
  exits 3 scripts/run -- --frames 3
  contains "$output" "the cookie is stale or not this server's" 'Invalid MIT-MAGIC-COOKIE-1 key'
}

test_a_missing_cookie() {
  start_x xvfb
  XAUTHORITY=$here/no-such-file exits 3 scripts/run -- --frames 3
  contains "$output" "there is no cookie for $DISPLAY in $here/no-such-file" 'the X server demands a cookie'
  xauth -q remove "$DISPLAY"
  exits 3 scripts/run -- --frames 3
  contains "$output" 'the X server demands a cookie'
}

# A cookie for a previous name of this machine: X clients ignore it, and the container's name differs anyway.
test_a_cookie_bound_to_another_host_name() {
  start_x xvfb
  local -r entry=$(xauth nlist "$DISPLAY")
  xauth -q remove "$DISPLAY"
  awk '{ $2 = "0005"; $3 = "6f74686572"; print }' <<<"$entry" | xauth -q nmerge -
  exits 1 xdpyinfo
  exits 0 scripts/run -- --frames 3
}

test_a_cookie_for_any_display_as_login_managers_write_it() {
  start_x xvfb
  local -r entry=$(xauth nlist "$DISPLAY")
  xauth -q remove "$DISPLAY"
  awk '{ print "ffff 0000  0000  " $6, $7, $8, $9 }' <<<"$entry" | xauth -q nmerge -
  exits 0 scripts/run -- --frames 3
}

test_a_folder_in_place_of_the_cookie() {
  start_x xvfb
  mkdir "$here/folder"
  XAUTHORITY=$here/folder exits 3 scripts/run -- --frames 3
  contains "$output" "$here/folder is a folder where the file with the X server's cookies should be" rmdir
}

# The command that countless guides print, unchanged.
test_the_docker_command_of_the_guides() {
  start_x xvfb
  xhost +local: >/dev/null
  exits 0 docker run --rm -e DISPLAY="unix$DISPLAY" -v /tmp/.X11-unix:/tmp/.X11-unix rust-gears:mesa --frames 3
  contains "$output" "on-screen on unix$DISPLAY"
  local name
  for name in "unix/$DISPLAY" "host/unix$DISPLAY.0" "/tmp/.X11-unix/X${DISPLAY#:}" "unix:/tmp/.X11-unix/X${DISPLAY#:}"; do
    exits 0 docker run --rm -e DISPLAY="$name" -v /tmp/.X11-unix:/tmp/.X11-unix rust-gears:mesa --frames 3
    contains "$output" "on-screen on $name"
  done
}

test_a_socket_somewhere_else() {
  start_x xvfb-without-cookies
  ln -s "/tmp/.X11-unix/X${DISPLAY#:}" "$here/socket"
  local name
  for name in "$here/socket" "$here/socket.0" "unix:$here/socket"; do
    DISPLAY=$name exits 0 scripts/run --x-auth=none -- --frames 3
    contains "$output" "on-screen on $here/socket"
  done
}

test_every_form_of_a_local_display() {
  start_x xvfb
  local -r number=${DISPLAY#:}
  local name
  for name in "unix:$number" "unix/:$number.0" "host/unix:$number" "/tmp/.X11-unix/X$number" "unix:/tmp/.X11-unix/X$number.0"; do
    DISPLAY=$name exits 0 scripts/run -- --frames 3
    contains "$output" "on-screen on :$number"
  done
  for name in nonsense : ":$number." "tcp/:$number" "other/localhost:$number"; do
    DISPLAY=$name exits 3 scripts/run -- --frames 3
    contains "$output" 'is not the name of an X display'
  done
}

test_a_missing_socket() {
  DISPLAY=:$(free_display) exits 3 scripts/run -- --frames 3
  contains "$output" 'there is no X server at' 'does not exist'
}

test_a_socket_that_nobody_listens_to() {
  local -r number=$(free_display)
  mkdir -p /tmp/.X11-unix
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "/tmp/.X11-unix/X$number"
  on_exit rm -f "/tmp/.X11-unix/X$number"
  chmod 777 "/tmp/.X11-unix/X$number" # as an X server's
  DISPLAY=:$number XAUTHORITY=$here/none exits 3 scripts/run -- --frames 3
  contains "$output" 'nothing answers on this display' 'could not connect to the X server'
  lacks "$output" 'does not let us in'
}

test_a_display_forwarded_by_ssh() {
  start_x xvfb
  # What ssh provides: a port on the loopback, and a cookie for this host's name.
  local -r number=$(free_display)
  python3 "$root/tests/container/lib/forward.py" $((6000 + number)) "/tmp/.X11-unix/X${DISPLAY#:}" &
  on_exit stop_process $!
  xauth -q add ":$number" . "$(xauth list "$DISPLAY" | awk '{ print $3; exit }')"
  export DISPLAY=localhost:$number.0
  wait_for 'the forwarded display' xdpyinfo
  exits 0 scripts/run -- --frames 3
  contains "$output" 'forwarded by ssh' 'on-screen'
}

test_what_is_printed_runs_when_pasted() {
  start_x xvfb
  local -r before=$(state)
  local way
  for way in "${each_way[@]}"; do
    scripts/run --print --x-auth="$way" -- --frames 3 >"$here/printed"
    same "$before" "$(state)" # printing changes nothing
    exits 0 bash -e "$here/printed"
    contains "$output" '3 frames in'
    same "$before" "$(state)"
  done
}

# As with Xwayland: only the socket's owner may write to it, which connecting requires.
test_a_socket_that_its_owner_alone_can_open() {
  start_x xvfb
  chown 4711:4711 "/tmp/.X11-unix/X${DISPLAY#:}"
  chmod 755 "/tmp/.X11-unix/X${DISPLAY#:}"
  each_opens_a_window_and_leaves_no_trace "${each_way[@]}"
  exits 0 scripts/run --print
  contains "$output" '--user 4711:4711'
}

test_a_socket_that_root_alone_can_open_makes_no_container_root() {
  start_x xvfb
  chmod 755 "/tmp/.X11-unix/X${DISPLAY#:}"
  exits 3 scripts/run -- --frames 3
  contains "$output" 'only root can connect' "chmod o+w /tmp/.X11-unix/X${DISPLAY#:}"
  chmod o+w "/tmp/.X11-unix/X${DISPLAY#:}"
  exits 0 scripts/run -- --frames 3
}

test_a_server_that_forgets_whom_it_let_in() {
  start_x xvfb-that-resets
  local -r before=$(state)
  each_opens_a_window_and_leaves_no_trace "${each_way[@]}"
  without xmodmap
  exits 3 scripts/run --x-auth=user -- --frames 3
  contains "$output" 'forgets whom it let in as soon as its last client leaves' 'install xmodmap, or use --x-auth=cookie'
  same "$before" "$(state)"
}

test_kill_9_of_the_script_leaves_no_trace() {
  start_x xvfb
  kill_9_leaves_no_trace "${each_way[@]}"
}

# kill_9_leaves_no_trace WAY…: kills the script alone, then its whole process group.
kill_9_leaves_no_trace() {
  local way whom
  before=$(state)
  for way; do
    for whom in script group; do
      in_background scripts/run --x-auth="$way" ${with_engine:+--engine "$with_engine"} -- --interval 0.3
      wait_for 'the gears' turning
      [[ $before != "$(state)" ]]
      if [[ $whom == script ]]; then kill -KILL "$job"; else kill -KILL -- "-$job"; fi
      ended_with 137
      wait_for 'the janitor' state_is_as_before
      rm "$here/out"
    done
  done
}
state_is_as_before() { [[ $before == "$(state)" ]]; }

test_when_the_x_server_ends_nothing_but_that_is_said() {
  start_x xvfb
  in_background scripts/run --x-auth=user -- --interval 0.3
  wait_for 'the gears' turning
  kill -KILL "$x_server"
  wait_for 'the end of the run' ends
  lacks "$(<"$here/out")" 'unable to open display' xhost 'not undone'
}

# A suspended server wouldn't receive the signal that ends it with the test, either.
suspend_x() { kill -STOP "$x_server" && on_exit kill -CONT "$x_server"; }

# What ends the gears while their X server hangs: once, the script does the rest soon; twice, at once.
test_a_signal_ends_the_run_while_the_x_server_hangs() {
  start_x xvfb
  local -r before=$(state)
  local signal times
  for signal in INT TERM HUP; do
    for times in 1 2; do
      in_background scripts/run -- --interval 0.3
      wait_for 'the gears' turning
      suspend_x
      kill -s "$signal" "$job"
      ((times == 1)) || { sleep 0.3 && kill -s "$signal" "$job"; }
      ended_with $((128 + $(kill -l "$signal")))
      kill -CONT "$x_server"
      same "$before" "$(state)"
      rm "$here/out"
    done
  done
}

test_a_server_that_hangs_before_the_run() {
  start_x xvfb
  local -r before=$(state)
  suspend_x
  exits 3 scripts/run -- --frames 3
  contains "$output" "the X server at $DISPLAY did not answer within 10 seconds" 'kill -CONT'
  in_background scripts/run --x-auth=user -- --frames 3
  sleep 1 # it waits for the server
  kill -TERM "$job"
  ended_with 143
  kill -CONT "$x_server"
  same "$before" "$(state)"
}

# What could not be undone is said: a permission that stays is a hole.
test_a_permission_that_cannot_be_taken_back_is_said() {
  start_x xvfb
  in_background scripts/run --x-auth=user -- --interval 0.3
  wait_for 'the gears' turning
  suspend_x
  kill -TERM "$job"
  ended_with 143
  contains "$(<"$here/out")" 'this was not undone' "to do so later:  DISPLAY=$DISPLAY xhost -si:localuser:"
  kill -CONT "$x_server"
}
