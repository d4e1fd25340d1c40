# shellcheck shell=bash
# Real X servers, each with a cookie of its own, to be the host's.

# start_x KIND: xvfb, xvnc, xephyr or xpra. Sets DISPLAY and XAUTHORITY; stopped when the test ends.
# -noreset everywhere: a server that starts afresh when its last client leaves also forgets what xhost told it.
start_x() {
  local -r kind=$1
  local -r number=$(free_display)
  [[ $kind != xephyr ]] || start_x xvfb
  local -r outer_display=${DISPLAY:-} outer_cookies=${XAUTHORITY:-}
  export DISPLAY=:$number XAUTHORITY=$here/cookies-$number
  touch "$XAUTHORITY"
  xauth -q add "$DISPLAY" . "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
  case $kind in
    xvfb) Xvfb "$DISPLAY" -screen 0 1024x768x24 -auth "$XAUTHORITY" -nolisten tcp -noreset ;;
    xvnc) Xvnc "$DISPLAY" -geometry 1024x768 -depth 24 -auth "$XAUTHORITY" -SecurityTypes None -rfbport -1 -noreset ;;
    xephyr)
      local -r own=$DISPLAY cookies=$XAUTHORITY
      DISPLAY=$outer_display XAUTHORITY=$outer_cookies Xephyr "$own" -screen 800x600 -auth "$cookies" -nolisten tcp -noreset
      ;;
    xpra) HOME=$here XDG_RUNTIME_DIR=$here xpra start "$DISPLAY" --daemon=no --mdns=no --pulseaudio=no --notifications=no \
      --dbus-launch= --dbus-proxy=no --printing=no --webcam=no --html=off --socket-dir="$here" \
      --xvfb="Xvfb -screen 0 1024x768x24 -auth $XAUTHORITY -nolisten tcp -noreset +extension Composite" ;;
  esac >"$here/x-$number.log" 2>&1 &
  on_exit stop_process $!
  wait_for "the X server $kind" xdpyinfo || { cat "$here/x-$number.log" && return 1; }
}

free_display() {
  local number=40
  while [[ -e /tmp/.X11-unix/X$number || -e /tmp/.X$number-lock ]]; do number=$((number + 1)); done
  printf '%s' "$number"
}

# The gears' window, as xwininfo lists it: the id and the place of the one that is 300×300.
gears_window() { xwininfo -root -tree | awk '$0 ~ / 300x300\+/ && !found { print $1; found = 1 } END { exit !found }'; }

# photograph FILE: what the X server's root shows where the window is.
photograph() {
  local -r window=$(gears_window)
  local -r place=$(xwininfo -id "$window" |
    awk '/Absolute upper-left X/ { x = $NF } /Absolute upper-left Y/ { y = $NF } END { printf "+%d+%d", x, y }')
  import -window root -crop "300x300$place" +repage "$1"
}
