# shellcheck shell=bash
# Attacks on the display: by another user of this machine, by an image, by an X server.

# Whoever creates the folder first owns it, and can read what is put there.
test_what_is_pasted_uses_no_folder_that_others_can_make_first() {
  start_x xvfb
  local folder
  scripts/run --print -- --frames 3 >"$here/printed"
  folder=$(grep -oE '/tmp/rust-gears\.[A-Za-z0-9]+' "$here/printed" | grep -vm 1 XXXX || true)
  same '' "$folder" # named in advance
  # Without a folder, no further line is executed.
  mkdir "$here/bin"
  printf '#!/bin/sh\nexit 1\n' >"$here/bin/mktemp"
  printf '#!/bin/sh\ntouch %q\n' "$here/started" >"$here/bin/docker"
  chmod +x "$here/bin/"*
  (cd "$here" && PATH=$here/bin:$PATH bash printed) || true
  [[ ! -e $here/started && ! -e /cookie && ! -e $here/cookie ]]
}

# A cookie kept by an image is useless later.
test_a_stolen_cookie_expires() {
  start_x xvfb
  # shellcheck disable=SC2016 # for the container
  image_of rust-gears-test-thief 'cp $XAUTHORITY /out/cookie'
  exits 0 scripts/run --image rust-gears-test-thief --out "$here"
  contains "$output" 'its own X cookie, which expires 60 s after'
  lacks "$(xauth -f "$here/cookie" list)" "$(xauth list "$DISPLAY" | awk '{ print $3 }')"
  XAUTHORITY=$here/cookie exits 0 xhost # it is the right one, still
  sleep 61
  XAUTHORITY=$here/cookie exits 1 xhost
  exits 0 xhost
}

# Such a server can't make cookies that expire; the script says so and continues.
test_a_server_that_makes_no_cookies() {
  local -r number=$(free_display)
  export DISPLAY=:$number XAUTHORITY=$here/cookies
  xauth -q add "$DISPLAY" . 00112233445566778899aabbccddeeff
  Xvfb "$DISPLAY" -auth "$XAUTHORITY" -nolisten tcp -noreset -extension SECURITY &
  on_exit stop_process $!
  wait_for 'the X server' xdpyinfo
  exits 0 scripts/run -- --frames 3
  contains "$output" 'a copy of your X cookie, which stays valid until the X server ends' on-screen
}

# Nobody else is connected, so the server resets when xauth leaves, and forgets the cookie that it made.
test_a_server_that_forgets_the_cookies_it_made() {
  local -r number=$(free_display)
  export DISPLAY=:$number XAUTHORITY=$here/cookies
  xauth -q add "$DISPLAY" . 00112233445566778899aabbccddeeff
  Xvfb "$DISPLAY" -auth "$XAUTHORITY" -nolisten tcp &
  on_exit stop_process $!
  wait_for 'the X server' xdpyinfo
  exits 0 scripts/run -- --frames 3
  contains "$output" 'a copy of your X cookie' on-screen
}

# The abstract socket of the local display, and every port of this machine's loopback, come with --network=host.
test_a_display_forwarded_by_ssh_opens_nothing_else() {
  start_x xvfb
  local -r number=$(free_display)
  python3 "$root/tests/container/lib/forward.py" $((6000 + number)) "/tmp/.X11-unix/X${DISPLAY#:}" &
  on_exit stop_process $!
  xauth -q add ":$number" . "$(xauth list "$DISPLAY" | awk '{ print $3; exit }')"
  grep -q "@/tmp/.X11-unix/X${DISPLAY#:}" /proc/net/unix
  local -r before=$(relays)
  export DISPLAY=localhost:$number.0
  wait_for 'the forwarded display' xdpyinfo
  image_of rust-gears-test-network 'cat /proc/net/unix /proc/net/dev; ls /tmp/.X11-unix'
  exits 0 scripts/run --image rust-gears-test-network
  lacks "$output" @/tmp/.X11-unix eth0
  contains "$output" "X$number"
  same "$before" "$(relays)"
}
relays() { pgrep -af 'socat.*UNIX-LISTEN.*rust-gears' || true; }

# An X server that refuses, with words for the terminal: xserver.py SOCKET
test_what_an_x_server_says_does_not_reach_the_terminal_raw() {
  mkdir -p /tmp/.X11-unix
  local -r number=$(free_display)
  python3 - "/tmp/.X11-unix/X$number" "$escape" <<'SERVER' &
import os, socket, struct, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)  # as an X server's
listener.listen()
words = os.fsencode(sys.argv[2]) + b"refused"
while True:
    client, _ = listener.accept()
    client.recv(4096)
    padded = words + b"\0" * (-len(words) % 4)
    client.sendall(struct.pack("<BBHHH", 0, len(words), 11, 0, len(padded) // 4) + padded)
    client.close()
SERVER
  on_exit stop_process $!
  on_exit rm -f "/tmp/.X11-unix/X$number"
  wait_for 'the socket' test -S "/tmp/.X11-unix/X$number"
  local way
  for way in none user; do
    DISPLAY=:$number exits 3 scripts/run --x-auth="$way"
    contains "$output" 'Its own words: ?]0;owned?' refused
    is_clean "$output"
  done
}

test_what_a_line_before_the_run_says_does_not_reach_the_terminal_raw() {
  start_x xvfb
  mkdir "$here/bin"
  # It refuses the second connection.
  printf '#!/bin/sh\n[ $# = 0 ] && exec %q\nprintf "%%s" "%s" >&2\nexit 1\n' "$(command -v xhost)" "$escape" >"$here/bin/xhost"
  chmod +x "$here/bin/xhost"
  PATH=$here/bin:$PATH exits 1 scripts/run --x-auth=user
  contains "$output" 'this failed: DISPLAY=' 'Its own words: ?]0;owned?'
  is_clean "$output"
}
