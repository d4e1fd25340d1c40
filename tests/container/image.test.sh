# shellcheck shell=bash
# The image: what is in it, how small it is, and that it runs under every restriction.

readonly hardened=(--read-only --cap-drop=ALL --security-opt=no-new-privileges --network=none)
readonly targets=(rust-gears rust-gears:mesa)
readonly all_targets=("${targets[@]}" rust-gears:isolated)

bytes() { docker image inspect --format '{{.Size}}' "$1"; }
config() { docker image inspect --format "$2" "$1"; }

test_slim_adds_at_most_10_mb_and_a_half() {
  local -r added=$(($(bytes rust-gears) - $(bytes "$(base_image)")))
  ((added <= 10500000)) || { echo "it adds $added bytes" >&2 && return 1; }
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

# Without a registry, the base image is a stand-in, which another build must not mistake for Debian's or Rust's own.
test_a_stand_in_has_its_own_name() {
  source_base_images engine_without_images
  # It has no images and no registry, and remembers what it imports.
  engine_without_images() {
    [[ $1 != import ]] || printf '%s\n' "${@: -1}" >>"$here/imported"
    [[ $1 != image ]] || grep -qxF "$3" "$here/imported" 2>/dev/null || return 1
    [[ $1 != pull ]] || { echo 'no such host' && return 1; }
  }
  ensure_packages() { :; }
  bootstrap() { :; }
  ensure_base_images
  same $'localhost/rust-stand-in:1.95-slim-trixie\nlocalhost/debian-stand-in:trixie-slim' "$(<"$here/imported")"
  same '--build-arg RUST_IMAGE=localhost/rust-stand-in:1.95-slim-trixie --build-arg DEBIAN_IMAGE=localhost/debian-stand-in:trixie-slim' \
    "${base_arguments[*]}"
}

test_base_images_are_taken_from_the_environment() {
  source_base_images engine_with_every_image
  engine_with_every_image() { :; }
  DEBIAN_IMAGE=debian@sha256:0123 RUST_IMAGE='' ensure_base_images
  same '--build-arg RUST_IMAGE=docker.io/library/rust:1.95-slim-trixie --build-arg DEBIAN_IMAGE=debian@sha256:0123' "${base_arguments[*]}"
}

test_the_base_that_the_label_names_is_the_base() {
  local image
  local -r first_layer=$(config "$(base_image)" '{{index .RootFS.Layers 0}}')
  for image in "${all_targets[@]}"; do same "$first_layer" "$(config "$image" '{{index .RootFS.Layers 0}}')"; done
}

# Scanners read the list of Debian packages from dpkg's status file and, for packages that were only unpacked, from status.d.
test_scanners_see_what_was_unpacked() {
  local image packages package
  while IFS=$'\t' read -r image packages; do
    for package in $packages; do
      exits 0 docker run --rm --entrypoint cat "$image" "/var/lib/dpkg/status.d/$package"
      contains "$output" "Package: $package" $'\nVersion: ' $'\nArchitecture: '
    done
  done <<<$'rust-gears\tlibgl1 libglx0 libegl1 libglvnd0
rust-gears:isolated\ttigervnc-standalone-server tigervnc-tools x11-xkb-utils novnc'
}

test_every_licence_is_in_the_image() {
  local image
  for image in "${all_targets[@]}"; do
    same '(MIT OR Apache-2.0) AND LicenseRef-Third-Party' "$(config "$image" '{{index .Config.Labels "org.opencontainers.image.licenses"}}')"
    # shellcheck disable=SC2016 # for the shell in there
    exits 0 docker run --rm --entrypoint sh "$image" -c '
      cd /usr/share/doc
      zcat --force rust-gears/LICENSE-* rust-gears/THIRD-PARTY.gz rust-gears/copyright
      for package in $(dpkg-query --show --showformat="\${Package} ") $(ls /var/lib/dpkg/status.d 2>/dev/null); do
        [ -s "$package/copyright" ] || echo "no copyright: $package"
      done'
    contains "$output" 'Permission is hereby granted' 'Apache License' 'winit ' LicenseRef-Third-Party
    lacks "$output" 'no copyright:'
  done
}

test_no_program_is_setuid() {
  local image
  for image in "${all_targets[@]}"; do
    exits 0 docker run --rm --user 0:0 --entrypoint find "$image" / -xdev -perm /6000
    same '' "$output"
  done
}

test_the_vendor_file_of_nvidias_egl_is_there() {
  local image
  for image in "${targets[@]}"; do
    exits 0 docker run --rm --entrypoint cat "$image" /usr/share/glvnd/egl_vendor.d/10_nvidia.json
    contains "$output" libEGL_nvidia.so.0
  done
}

# The build runs the same check. This tests that it can fail.
test_the_check_of_the_libraries_can_fail() {
  local image
  for image in "${targets[@]}"; do
    docker run --rm --user 0:0 --entrypoint /usr/local/share/rust-gears/check-libraries "$image"
    exits 1 docker run --rm --user 0:0 --entrypoint sh "$image" -c \
      'rm /usr/lib/*/libxcb-glx.so.0* && /usr/local/share/rust-gears/check-libraries'
    contains "$output" "libxcb-glx.so.0 is not in this image, but NVIDIA's GLX needs it (dlopen)"
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

test_slim_without_a_driver_says_what_is_missing() {
  exits 3 docker run --rm "${hardened[@]}" rust-gears --off-screen
  contains "$output" 'no Mesa that would draw without one' rust-gears:mesa
}

test_a_change_in_src_leaves_the_dependencies_alone() {
  use_base_images
  mkdir "$here/tree"
  git ls-files -z | xargs -0 cp --parents -t "$here/tree"
  printf '\n// changed at %s\n' "$(date)" >>"$here/tree/src/main.rs" # so no earlier run's layer matches
  docker build "${base_arguments[@]}" --target builder "$here/tree" >"$here/log" 2>&1
  lacks "$(<"$here/log")" ' winit v'
  contains "$(<"$here/log")" ' rust-gears v'
}

test_the_same_tree_gives_the_same_binary() {
  use_base_images
  docker build "${base_arguments[@]}" --no-cache --target builder --tag rust-gears-test-again . >"$here/log" 2>&1
  on_exit docker image rm -f rust-gears-test-again
  local -r again=$(docker run --rm --entrypoint sha256sum rust-gears-test-again /src/target/release/rust-gears)
  local -r first=$(docker run --rm --entrypoint sha256sum rust-gears /usr/local/bin/rust-gears)
  same "${first%% *}" "${again%% *}"
}

test_nothing_is_tied_to_x86() {
  exits 1 grep -nE 'x86|amd64' Dockerfile
}
