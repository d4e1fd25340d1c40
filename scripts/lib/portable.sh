# shellcheck shell=bash
# rust-gears for other people's images: a program that needs an old glibc, and no library but libc and libm.

readonly portable_glibc=2.27 # Ubuntu 18.04; the program calls memfd_create, which is new in it
readonly portable_tools=(cargo-zigbuild==0.24.1 ziglang==0.17.1) # zig has every glibc's symbols, and links against one of them
readonly -A glibc_loader=([x86_64]=/lib64/ld-linux-x86-64.so.2 [aarch64]=/lib/ld-linux-aarch64.so.1)
portable=''

# build_portable: builds it if it is missing or older than its sources, and sets portable to its path. 1 if that can't be done.
build_portable() {
  local -r target=${CARGO_TARGET_DIR:-$root/target} triple=$(uname -m)-unknown-linux-gnu
  local -r tools=$target/portable-tools
  { have cargo && have python3; } || return 1
  portable=$target/$triple/release/rust-gears
  if [[ ! -x $tools/bin/cargo-zigbuild ]]; then
    say "building a rust-gears that also runs in old images, with zig (some minutes)"
    { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet "${portable_tools[@]}"; } >&2 || return 1
  fi
  PATH=$tools/bin:$PATH cargo zigbuild --quiet --release --locked --manifest-path "$root/Cargo.toml" --bin rust-gears \
    --target "$triple.$portable_glibc" >&2
}

# take_program FILE: to FILE, a program for any image with glibc; or, if it can't be built here, that of our own image, which
# needs as new a glibc as that.
take_program() {
  if build_portable; then
    cp "$portable" "$1"
  else
    warn "without cargo and python3 (and PyPI, once), the program for old images can't be built: using that of our image"
    build_ours
    copy_from_image "$(first_of_ours)" /usr/local/bin/rust-gears "$1"
  fi
  chmod 755 "$1" "${1%/*}" # whoever the image's user is
}

# copy_from_image IMAGE PATH FILE: without running anything of it. 1 if there is no such path.
copy_from_image() {
  local status=0
  "${engine[@]}" create --name "$container" --entrypoint /rust-gears "$1" >/dev/null || return 1
  "${engine[@]}" cp "$container:$2" "$3" >/dev/null 2>&1 || status=1
  "${engine[@]}" rm "$container" >/dev/null
  return "$status"
}
