# shellcheck shell=bash disable=SC2016 # for the other shell, and Markdown
# scripts/run --image: other people's images, taken to the display as ours are. The Dockerfile is that of
# docs/your-own-program.md.

readonly own_image=rust-gears-test-own

# build_own PACKAGE PROGRAM: the page's Dockerfile, with this program in place of its own.
build_own() {
  sed -n '/^```Dockerfile$/,/^```$/ { /^```/d; p }' docs/your-own-program.md |
    sed "s/glmark2-x11/$1/; s/\"glmark2\"/\"$2\"/" |
    docker build -q -t "$own_image" --build-arg "DEBIAN_IMAGE=$(base_image)" - >"$here/build.log" || { cat "$here/build.log" && return 1; }
  on_exit docker image rm -f "$own_image"
}

test_own_program_glmark2_draws_with_a_cookie() {
  build_own glmark2-x11 glmark2
  start_x xvfb
  exits 0 scripts/run --image "$own_image" -- --size 320x240 --benchmark build:duration=1
  contains "$output" 'the container gets its own X cookie' 'llvmpipe' 'glmark2 Score'
  same '' "$(docker ps --all --quiet --filter "ancestor=$own_image")"
  # Doctor agrees, in the same image.
  DISPLAY='' exits 4 scripts/doctor "$own_image"
  contains "$output" '[21]' 'software only, on llvmpipe'
}

test_own_program_gtk_shows_its_window() {
  build_own gtk-3-examples gtk3-demo
  start_x xvfb
  scripts/run --image "$own_image" -- --run=glarea >"$here/out" 2>&1 &
  local -r run=$!
  on_exit stop_process "$run"
  wait_for "GTK's window" shows_window 'OpenGL Area' || { cat "$here/out" && return 1; }
  # The triangle is drawn with OpenGL, in colours that run into each other.
  wait_for "its triangle" shows_colours 200
  kill "$run"
  local status=0
  wait "$run" || status=$?
  same 143 "$status"
  same '' "$(docker ps --all --quiet --filter "ancestor=$own_image")"
}
shows_window() { xwininfo -root -tree | grep -F "\"$1\""; }
shows_colours() { import -window root "$here/root.png" && (($(identify -format %k "$here/root.png") > $1)); }

# small_image LINE…: made from the base image, with these lines.
small_image() {
  { printf 'FROM %s\n' "$(base_image)" && printf '%s\n' "$@"; } | docker build -q -t "$own_image" - >/dev/null
  on_exit docker image rm -f "$own_image"
}

# denied PART COMMAND: the image's program COMMAND fails, scripts/run names PART, and with --allow=PART it succeeds.
denied() {
  local -r part=$1
  local status=0
  shift
  output=$(scripts/run --image "$own_image" -- "$@" 2>&1) || status=$?
  ((status != 0)) || { printf 'not denied: %s\n%s\n' "$*" "$output" >&2 && return 1; }
  contains "$output" "to allow it: --allow=$part"
  exits 0 scripts/run --image "$own_image" --allow "$part" -- "$@"
}

test_own_program_is_told_what_it_may_not_do() {
  export DISPLAY=''
  small_image 'RUN install -d -m 777 /opt/state && echo secret >/secret && chmod 600 /secret' 'ENTRYPOINT ["env"]'
  denied write touch /opt/state/file
  lacks "$output" 'write outside'
  denied user cat /secret
  denied network sh -c 'grep -q eth0 /proc/net/dev || { echo "Network is unreachable" >&2 && exit 1; }'
  exits 0 scripts/run --image "$own_image" -- sh -c 'id -u && grep -E "NoNewPrivs|CapBnd" /proc/self/status && touch /tmp/file "$HOME/file"'
  contains "$output" 65532 $'NoNewPrivs:\t1' $'CapBnd:\t0000000000000000'
  exits 0 scripts/run --image "$own_image" --allow=setuid,capabilities -- grep -E 'NoNewPrivs|CapBnd' /proc/self/status
  contains "$output" $'NoNewPrivs:\t0' 'CapBnd'
  lacks "$output" $'CapBnd:\t0000000000000000'
  DISPLAY='' exits 0 scripts/run --print --image "$own_image" --allow limits
  lacks "$output" --pids-limit --memory
  exits 2 scripts/run --image "$own_image" --allow=everything
  contains "$output" 'write capabilities' "not 'everything'"
  exits 2 scripts/run --isolated --image "$own_image"
  exits 2 scripts/run --image "$own_image" --allow=user --x-auth=user
}

test_own_program_runs_as_its_images_user() {
  small_image 'USER 4711' 'ENTRYPOINT ["id", "-u"]'
  DISPLAY='' exits 0 scripts/run --image "$own_image"
  contains "$output" 4711
}

test_own_program_gets_what_nvidias_driver_needs() {
  small_image 'ENTRYPOINT ["true"]'
  DISPLAY='' exits 0 scripts/run --print --gpu=runtime --image "$own_image"
  contains "$output" 'NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display' '__GLX_VENDOR_LIBRARY_NAME=nvidia'
  DISPLAY=localhost:10.0 exits 0 scripts/run --print --gpu=runtime --image "$own_image"
  lacks "$output" __GLX_VENDOR
  # Our own bring these.
  DISPLAY='' exits 0 scripts/run --print --gpu=runtime --image rust-gears:mesa
  lacks "$output" NVIDIA_DRIVER_CAPABILITIES --tmpfs HOME=
}
