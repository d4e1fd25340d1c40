# shellcheck shell=bash
# Real X servers, each with its own cookie, which play the role of the host's.

# start_x KIND: one of those below. Sets DISPLAY and XAUTHORITY; stopped when the test ends.
# -noreset in nearly all cases: a server that resets when its last client leaves also forgets what xhost told it.
# Also sets x_server to its process id.
start_x() {
  local -r kind=$1
  [[ $kind != xephyr ]] || start_x xvfb
  local -r number=$(free_display)
  local -r outer_display=${DISPLAY:-} outer_cookies=${XAUTHORITY:-}
  export DISPLAY=:$number XAUTHORITY=$here/cookies-$number
  xauth -q -f "$XAUTHORITY" add "$DISPLAY" . "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" 2>/dev/null
  # A server rereads its file when it changes, and the tests change theirs. (Xpra writes its own cookie into it.)
  local -r servers=$here/server-cookies-$number
  cp "$XAUTHORITY" "$servers"
  # exec makes $! the server itself.
  case $kind in
    xvfb) exec Xvfb "$DISPLAY" -screen 0 1024x768x24 -auth "$servers" -nolisten tcp -noreset ;;
    xvfb-that-resets) exec Xvfb "$DISPLAY" -screen 0 1024x768x24 -auth "$servers" -nolisten tcp ;;
    xvfb-without-cookies) exec Xvfb "$DISPLAY" -screen 0 1024x768x24 -nolisten tcp -noreset ;;
    xvnc) exec Xvnc "$DISPLAY" -geometry 1024x768 -depth 24 -auth "$servers" -SecurityTypes None -rfbport -1 \
      -rfbunixpath "$here/vnc-$number" -noreset ;;
    xephyr)
      local -r own=$DISPLAY
      DISPLAY=$outer_display XAUTHORITY=$outer_cookies exec Xephyr "$own" -screen 800x600 -auth "$servers" -nolisten tcp -noreset
      ;;
    xpra) HOME=$here XDG_RUNTIME_DIR=$here exec xpra start "$DISPLAY" --daemon=no --mdns=no --pulseaudio=no --notifications=no \
      --dbus-launch= --dbus-proxy=no --printing=no --webcam=no --html=off --socket-dir="$here" \
      --xvfb="Xvfb -screen 0 1024x768x24 -auth $XAUTHORITY -nolisten tcp -noreset +extension Composite" ;;
  esac >"$here/x-$number.log" 2>&1 &
  x_server=$!
  # Xpra's own X server outlives an Xpra that is stopped before it has started.
  [[ $kind != xpra ]] || on_exit stop_x "$number"
  on_exit stop_process $x_server
  wait_for "the X server $kind" xdpyinfo || { cat "$here/x-$number.log" && return 1; }
}

stop_x() { [[ ! -e /tmp/.X$1-lock ]] || kill "$(<"/tmp/.X$1-lock")"; }

free_display() {
  local number=40
  while [[ -e /tmp/.X11-unix/X$number || -e /tmp/.X$number-lock ]]; do number=$((number + 1)); done
  printf '%s' "$number"
}

# view_xpra: show Xpra's windows on an Xvfb through an Xpra viewer, and continue with that as the display. Xpra redirects the
# windows' pixels, and maps no window until a viewer is attached.
view_xpra() {
  local -r session=$DISPLAY
  start_x xvfb
  HOME=$here XDG_RUNTIME_DIR=$here xpra attach "$session" --socket-dir="$here" --encoding=rgb --opengl=no --mdns=no \
    --speaker=off --notifications=no --tray=no --clipboard=no --dbus-proxy=no >"$here/viewer.log" 2>&1 &
  on_exit stop_process $!
}

# Finds the gears' window by its class: id, and width×height+x+y on the root.
gears_window() {
  xwininfo -root -tree | awk '/\("rust-gears" "rust-gears"\)/ && !found {
    split($(NF - 1), size, "+"); print $1, size[1] $NF; found = 1 } END { exit !found }'
}

# photograph FILE: what the X server's root shows where the window is.
photograph() {
  local window place
  read -r window place < <(gears_window)
  [[ -n $window ]] && import -window root -crop "$place" +repage "$1"
}
