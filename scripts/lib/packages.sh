# shellcheck shell=bash
# Installs missing packages on Debian and Ubuntu, after listing them. packages.tsv says which package is for what.

# missing_packages PURPOSE…: the packages for these purposes that are missing, one per line. A package counts as installed if
# its command or file exists: if Docker comes from elsewhere, docker.io isn't needed.
missing_packages() {
  local purpose sign package
  while IFS=$'\t' read -r purpose sign package; do
    [[ $purpose != '#'* && " $* " == *" $purpose "* ]] || continue
    if [[ $sign == /* ]]; then [[ -e $sign ]]; else have "$sign"; fi || printf '%s\n' "$package"
  done <"$root/scripts/lib/packages.tsv" | sort -u
}

# ensure_packages INSTALL PURPOSE…: install what is missing for these purposes. INSTALL is yes, no, or ask: ask on a terminal;
# without one, announce it and go on.
ensure_packages() {
  local -r install=$1
  shift
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  have apt-get || die "missing here: ${missing[*]} (Debian's names). There is no apt-get to install them with:" \
    "install them in your distribution's own way."
  if [[ $install == no ]]; then
    die "missing: ${missing[*]}. --no-install was given; to install them:  sudo apt-get install ${missing[*]}"
  fi
  say "installing: ${missing[*]}"
  if [[ $install == ask && -t 0 && -t 2 ]]; then
    local answer
    read -rp "  go ahead? [Y/n] " answer
    [[ ${answer,,} == @(|y|yes) ]] || die "nothing was installed. Missing: ${missing[*]}"
  fi
  local -r log=$(mktemp)
  # Standard output belongs to the gears; apt's many lines matter only if it fails.
  if ! { as_root apt-get update && add_docker_cli && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    printf '%s\n' "$(printable "$(tail -n 20 "$log")")" >&2
    rm -f "$log"
    die "apt-get could not install: ${missing[*]}. Its own words are above."
  fi
  rm -f "$log"
}

# From Debian 13 on, docker.io is only the daemon, and its client is a package that it merely recommends. Adds to the caller's
# `missing`.
add_docker_cli() {
  if [[ " ${missing[*]} " == *' docker.io '* ]] && apt-cache show docker-cli >/dev/null 2>&1; then missing+=(docker-cli); fi
}
