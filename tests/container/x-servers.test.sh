# shellcheck shell=bash
# The X servers that a host may have: the window appears, its pixels are the gears, and the FPS line is printed.

shows_the_gears() {
  start_x "$1"
  scripts/run -- --angle 0 --interval 1 >"$here/figures" &
  local -r run=$!
  on_exit stop_process "$run"
  wait_for 'the FPS line' grep -qE '^[0-9]+ frames in [0-9]+\.[0-9] seconds = +[0-9]+\.[0-9]{3} FPS$' "$here/figures"
  [[ $1 != xpra ]] || view_xpra
  wait_for 'the gears on the root' is_photographed
  # The same drawn off-screen in the window's size: Xpra's viewer makes it a little larger.
  DISPLAY='' scripts/run --out "$here" -- --off-screen --angle 0 --frames 1 --screenshot reference.png \
    --geometry "$(identify -format %wx%h "$here/photograph.png")"
  same_picture "$here/reference.png" "$here/photograph.png"
}
is_photographed() { photograph "$here/photograph.png" && is_gears "$here/photograph.png"; }

test_xvfb_shows_the_gears() { shows_the_gears xvfb; }
test_xvnc_shows_the_gears() { shows_the_gears xvnc; }
test_xephyr_shows_the_gears() { shows_the_gears xephyr; }
test_xpra_shows_the_gears() { shows_the_gears xpra; }

test_without_a_display_the_gears_are_drawn_off_screen_and_it_is_said() {
  DISPLAY='' exits 0 scripts/run -- --frames 3
  contains "$output" 'DISPLAY is not set, so the gears are drawn off-screen' '3 frames in'
}
