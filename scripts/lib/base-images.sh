# shellcheck shell=bash
# The images that the Dockerfile starts from: pulled, or, where no registry is in reach (an air-gapped machine, this
# project's own tests), bootstrapped under their public names from Debian's packages and this machine's Rust toolchain.

# Every FROM that is not an earlier stage, with the ARG defaults filled in.
base_images() {
  awk '
    $1 == "ARG" && split($2, arg, "=") == 2 { value[arg[1]] = arg[2] }
    toupper($1) == "FROM" {
      image = $2
      for (name in value) gsub("\\$\\{" name "\\}", value[name], image)
      if (!(image in stage)) print image
      stage[$4] = 1
    }' "$root/Dockerfile" | sort -u
}

ensure_base_images() {
  local image said
  while read -r image; do
    "${engine[@]}" image inspect "$image" >/dev/null 2>&1 && continue
    say "pulling $image"
    said=$("${engine[@]}" pull --quiet "$image" 2>&1) && continue
    say "$image cannot be pulled (${said##*$'\n'}): bootstrapping a stand-in for it from Debian's packages"
    bootstrap_image "$image"
  done < <(base_images)
}

bootstrap_image() {
  local -r image=$1
  # debian:trixie-slim → trixie; rust:1.95-slim-trixie → trixie
  local suite=${image##*:}
  suite=${suite%-slim}
  suite=${suite##*-}
  case $image in
    debian:*-slim) import_debian "$image" "$suite" ;;
    rust:*-slim-*) import_rust "$image" "$suite" ;;
    *) die "there is no stand-in for $image: pull it where a registry is in reach, then docker save and docker load it" ;;
  esac
}

# Debian's own slim images leave these out too (debuerreotype's .slimify-excludes); copyrights stay.
readonly slim_excludes=(/usr/share/{doc,info,linda,lintian,locale,man,groff}/'*')

# bootstrap SUITE OPTION… >TAR
bootstrap() {
  local -r suite=$1
  shift
  local -a options=(--quiet --variant=minbase)
  local path
  for path in "${slim_excludes[@]}"; do options+=("--dpkgopt=path-exclude=$path"); done
  options+=('--dpkgopt=path-include=/usr/share/doc/*/copyright')
  # Without a list of mirrors mmdebstrap takes Debian's own, security updates with them.
  as_root mmdebstrap "${options[@]}" "$@" "$suite" -
}

import_debian() {
  local -r image=$1 suite=$2
  ensure_packages "$install" base-images
  bootstrap "$suite" | "${engine[@]}" import --change 'CMD ["bash"]' - "$image" >/dev/null
}

import_rust() {
  local -r image=$1 suite=$2
  have rustc || die "$image cannot be pulled and this machine has no Rust toolchain to put in its place: install rustup's"
  ensure_packages "$install" base-images
  local -r sysroot=$(rustc --print sysroot)
  say "the Rust in it is this machine's: $(rustc --version)"
  # The machine's CA bundle goes in as it is: behind a proxy that signs TLS anew cargo trusts no other.
  # shellcheck disable=SC2016 # $1 is for the hook's own shell: the new root
  bootstrap "$suite" --include=ca-certificates,gcc,libc6-dev \
    --customize-hook="tar -C $(quoted "$sysroot") -c --exclude=lib/rustlib/src bin lib"' | tar -C "$1/usr/local" -x --no-same-owner' \
    --customize-hook='cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"' |
    "${engine[@]}" import --change 'ENV CARGO_HOME=/usr/local/cargo' --change 'CMD ["bash"]' - "$image" >/dev/null
}
