# shellcheck shell=bash
# The image: what is in it, how small it is, and that it runs under every restriction.

readonly hardened=(--read-only --cap-drop=ALL --security-opt=no-new-privileges --network=none)
readonly targets=(rust-gears rust-gears:mesa)

bytes() { docker image inspect --format '{{.Size}}' "$1"; }
config() { docker image inspect --format "$2" "$1"; }

test_slim_adds_at_most_20_mb() {
  local -r added=$(($(bytes rust-gears) - $(bytes debian:trixie-slim)))
  ((added <= 20000000)) || { echo "it adds $added bytes" >&2 && return 1; }
}

test_mesa_adds_at_most_5_mb_to_debians_mesa() {
  scripts/sizes >"$here/sizes"
  local -r added=$(awk '$1 == "mesa" && $2 == "adds" { print $3 * 1000000 }' "$here/sizes")
  [[ -n $added ]]
  ((added <= 5000000)) || { cat "$here/sizes" >&2 && return 1; }
}

test_slim_has_no_mesa() {
  exits 0 docker run --rm --user 0:0 --entrypoint find rust-gears / -xdev '(' -name '*gallium*' -o -name '*LLVM*' -o -name '*_mesa*' ')'
  same '' "$output"
}

test_metadata() {
  local image
  for image in "${targets[@]}"; do
    same 65532:65532 "$(config "$image" '{{.Config.User}}')"
    same '[rust-gears]' "$(config "$image" '{{.Config.Entrypoint}}')"
    exits 0 config "$image" '{{range .Config.Env}}{{println .}}{{end}}'
    contains "$output" NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display
    lacks "$output" NVIDIA_VISIBLE_DEVICES
    exits 0 config "$image" '{{json .Config.Labels}}'
    contains "$output" org.opencontainers.image.{title,description,licenses,version,revision,base.name}
    lacks "$output" unknown
  done
}

test_the_vendor_file_of_nvidias_egl_is_there() {
  local image
  for image in "${targets[@]}"; do
    exits 0 docker run --rm --entrypoint cat "$image" /usr/share/glvnd/egl_vendor.d/10_nvidia.json
    contains "$output" libEGL_nvidia.so.0
  done
}

# The build runs the same check; here is that it can fail.
test_the_check_of_the_libraries_can_fail() {
  local image
  for image in "${targets[@]}"; do
    docker run --rm --user 0:0 --entrypoint /usr/local/share/rust-gears/check-libraries "$image"
    exits 1 docker run --rm --user 0:0 --entrypoint sh "$image" -c \
      'rm /usr/lib/*/libxcb-glx.so.0* && /usr/local/share/rust-gears/check-libraries'
    contains "$output" "libxcb-glx.so.0 is not in this image, and NVIDIA's GLX dlopens it"
  done
}

test_every_restriction_alone_and_all_at_once() {
  local option
  for option in '' "${hardened[@]}" '--user=12345:54321' '--user=0:0' "${hardened[*]} --user=12345:54321 --pids-limit=64"; do
    # shellcheck disable=SC2086 # several options in one
    exits 0 docker run --rm $option rust-gears:mesa --off-screen --frames 3
    contains "$output" '3 frames in'
    lacks "$output" 'Read-only' 'ermission' 'rror'
  done
}

test_slim_says_what_is_missing_where_there_is_no_driver() {
  exits 3 docker run --rm "${hardened[@]}" rust-gears --off-screen
  contains "$output" 'There is no NVIDIA driver here' rust-gears:mesa
}

test_a_change_in_src_leaves_the_dependencies_alone() {
  local file
  mkdir "$here/tree"
  git ls-files -z | xargs -0 cp --parents -t "$here/tree"
  printf '\n// changed at %s\n' "$(date)" >>"$here/tree/src/main.rs" # so that no earlier run's layer will do
  docker build --target builder "$here/tree" >"$here/log" 2>&1
  lacks "$(<"$here/log")" ' winit v'
  contains "$(<"$here/log")" ' rust-gears v'
}

test_the_same_tree_gives_the_same_binary() {
  docker build --no-cache --target builder --tag rust-gears-test-again . >"$here/log" 2>&1
  on_exit docker image rm -f rust-gears-test-again
  local -r again=$(docker run --rm --entrypoint sha256sum rust-gears-test-again /src/target/release/rust-gears)
  local -r first=$(docker run --rm --entrypoint sha256sum rust-gears /usr/local/bin/rust-gears)
  same "${first%% *}" "${again%% *}"
}

test_nothing_is_tied_to_x86() {
  exits 1 grep -nE 'x86|amd64' Dockerfile
}
