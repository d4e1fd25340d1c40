# shellcheck shell=bash
# The images that the Dockerfile starts from: pulled, or, if no registry is reachable (an air-gapped machine, this project's
# own tests), bootstrapped from Debian's packages and this machine's Rust toolchain.
# shellcheck disable=SC2154 # engine: set by engine.sh

# A stand-in never takes the public name, because other builds on this machine would unknowingly start from it.
stand_in_for() { printf 'localhost/%s-stand-in:%s' "$(basename "${1%%:*}")" "${1##*:}"; }

# base_images: the Dockerfile's build arguments for base images with their defaults: NAME=IMAGE, one per line.
base_images() { sed -n 's/^ARG \([A-Z]*_IMAGE=.*\)/\1/p' "$root/Dockerfile"; }

# ensure_base_images: make them, or those that the environment names instead, available. Sets base_arguments to what `build`
# needs, and exports the same for compose.yaml.
ensure_base_images() {
  local name image said
  base_arguments=()
  while IFS='=' read -r name image; do
    image=${!name:-$image}
    if ! has_image "$image" && ! has_image "$(stand_in_for "$image")"; then
      say "pulling $image"
      if ! said=$("${engine[@]}" pull --quiet "$image" 2>&1); then
        say "could not pull $image (${said##*$'\n'}): bootstrapping a stand-in for it from Debian's packages"
        bootstrap_image "$image"
      fi
    fi
    has_image "$image" || image=$(stand_in_for "$image")
    base_arguments+=(--build-arg "$name=$image")
    export "$name=$image"
  done < <(base_images)
}

bootstrap_image() {
  local -r image=$1 stand_in=$(stand_in_for "$1")
  # debian:trixie-slim → trixie; rust:1.95-slim-trixie → trixie
  local suite=${image##*:}
  suite=${suite%-slim}
  suite=${suite##*-}
  case ${image##*/} in
    debian:*-slim) import_debian "$stand_in" "$suite" ;;
    rust:*-slim-*) import_rust "$stand_in" "$suite" ;;
    *) die "there is no stand-in for $image: pull it on a machine with access to a registry, then transfer it with docker save and docker load" ;;
  esac
}

# bootstrap SUITE OPTION… >TAR: Debian's smallest. Without a list of mirrors, mmdebstrap uses Debian's own, including
# security updates.
bootstrap() {
  local -r suite=$1
  shift
  as_root mmdebstrap --quiet --variant=minbase "$@" "$suite" -
}

# Debian's own slim images leave these out, too (debuerreotype's .slimify-excludes). Copyright files stay.
readonly slim=(
  --dpkgopt=path-exclude=/usr/share/{doc,info,linda,lintian,locale,man,groff}/'*'
  '--dpkgopt=path-include=/usr/share/doc/*/copyright'
)

import_debian() {
  local -r stand_in=$1 suite=$2
  ensure_packages "$install" base-images
  bootstrap "$suite" "${slim[@]}" | "${engine[@]}" import --change 'CMD ["bash"]' - "$stand_in" >/dev/null
}

import_rust() {
  local -r stand_in=$1 suite=$2
  have rustc || die "$stand_in needs this machine's Rust toolchain, and there is none: install it with rustup"
  ensure_packages "$install" base-images
  say "it contains this machine's Rust: $(rustc --version)"
  bootstrap_rust "$suite" "${slim[@]}" --include=gcc,libc6-dev |
    "${engine[@]}" import --change 'ENV CARGO_HOME=/usr/local/cargo' --change 'CMD ["bash"]' - "$stand_in" >/dev/null
}

# bootstrap_rust SUITE OPTION… >TAR: the same with this machine's Rust toolchain.
bootstrap_rust() {
  local -r suite=$1 sysroot=$(rustc --print sysroot)
  shift
  # The machine's CA bundle is included unchanged, because behind a proxy that re-signs TLS, cargo trusts no other.
  # shellcheck disable=SC2016 # $1 belongs to the hook's own shell: the new root
  bootstrap "$suite" --include=ca-certificates "$@" \
    --customize-hook="tar -C $(quoted "$sysroot") -c --exclude=lib/rustlib/src bin lib"' | tar -C "$1/usr/local" -x --no-same-owner' \
    --customize-hook='cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"'
}
