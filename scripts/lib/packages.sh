# shellcheck shell=bash
# Installing what is missing on Debian and Ubuntu, after saying what. Which package is for what: packages.tsv.

# missing_packages PURPOSE…: the packages of these purposes that are not here, one a line. A package counts as there
# when its command or file is: whoever installed Docker from elsewhere has no docker.io and needs none.
missing_packages() {
  local purpose sign package
  while IFS=$'\t' read -r purpose sign package; do
    [[ $purpose != '#'* && " $* " == *" $purpose "* ]] || continue
    if [[ $sign == /* ]]; then [[ -e $sign ]]; else have "$sign"; fi || printf '%s\n' "$package"
  done <"$root/scripts/lib/packages.tsv" | sort -u
}

# ensure_packages INSTALL PURPOSE…: install what is missing for these purposes. INSTALL is yes, no, or ask: ask on a
# terminal, and where there is none to ask, say so and go on.
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
  # Standard output is the gears' own; apt's many lines matter only when it fails.
  if ! { as_root apt-get update && add_docker_cli && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    printf '%s\n' "$(printable "$(tail -n 20 "$log")")" >&2
    rm -f "$log"
    die "apt-get could not install: ${missing[*]}. Its own words are above."
  fi
  rm -f "$log"
}

# From Debian 13 on docker.io is the daemon alone, and its client a package that it merely recommends. Adds to the
# caller's `missing`.
add_docker_cli() {
  if [[ " ${missing[*]} " == *' docker.io '* ]] && apt-cache show docker-cli >/dev/null 2>&1; then missing+=(docker-cli); fi
}
