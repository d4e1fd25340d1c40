# shellcheck shell=bash
# What the container may not do, and what --allow lets it do all the same. hardening.tsv has the parts, and what programs say
# that miss one. Our images need none of them. Other images may, so scripts/run says what it denies them.

readonly hardening_table=$root/scripts/lib/hardening.tsv
declare -A allowed=([write]='' [capabilities]='' [setuid]='' [network]='' [user]='' [limits]='')

# allow PART[,PART…]
allow() {
  local part
  for part in ${1//,/ }; do
    [[ -v allowed[$part] ]] || fail 2 "--allow is one of: $(cut -f 1 "$hardening_table" | sed 1d | xargs); not '$part'"
    allowed[$part]=1
  done
}

denied_args() {
  if [[ -z ${allowed[write]} ]]; then
    printf '%s\0' --read-only
    # Most programs write a little: sockets, locks, caches.
    [[ -z $foreign ]] || printf '%s\0' --tmpfs=/tmp:mode=1777 --tmpfs=/run:mode=1777
  fi
  [[ -n ${allowed[capabilities]} ]] || printf '%s\0' --cap-drop=ALL
  [[ -n ${allowed[setuid]} ]] || printf '%s\0' --security-opt=no-new-privileges
  [[ -n ${allowed[limits]} ]] || limits_args
}

# Which user: the caller, who then owns the files. For root, the containers run as the images' user, because whatever a
# malicious image does as uid 0 is done as root if it reaches the host. But if only its owner can open the X server's socket,
# as with Xwayland, they run as that owner.
user_args() {
  [[ -z ${allowed[user]} ]] || return 0
  if is_rootless_podman; then
    printf '%s\0' --userns=keep-id --user "$(id -u):$(id -g)"
  elif is_rootless_docker; then
    printf '%s\0' --user 0:0 # outside the container, this is the caller
  else
    printf '%s\0' --user "$(outer_user)"
    # A remapped user id is a different one outside, which only matters for files, and if the kernel vouches for the user.
    if [[ -n $out || ($x_auth == user && $display_kind != none) ]] && is_remapped; then printf '%s\0' --userns=host; fi
  fi
}
outer_user() { if ((EUID == 0)); then printf '%s' "${socket_owner:-$(image_user)}"; else printf '%s' "$(id -u):$(id -g)"; fi; }

# Our images' user; or that of another image, if it is a number other than root's.
image_user() {
  local user=''
  [[ -z $foreign ]] || user=$("${engine[@]}" image inspect --format '{{.Config.User}}' "$image" 2>/dev/null || true)
  [[ $user =~ ^[1-9][0-9]*(:[0-9]+)?$ ]] || user=65532:65532
  printf '%s' "$user"
}

# The variables that our images or our program set by themselves.
surroundings_args() {
  [[ -n $foreign ]] || return 0
  if [[ $gpu == @(cdi|runtime|gpus) ]]; then
    printf '%s\0' -e "$all_capabilities"
    # Without it, libglvnd asks the X server for the vendor, and most name Mesa. Through ssh, only Mesa's GLX works.
    [[ $display_kind != @(none|local) ]] || printf '%s\0' -e __GLX_VENDOR_LIBRARY_NAME=nvidia
  fi
  # The image's own home is not writable, or belongs to its own user.
  [[ -n ${allowed[write]} && -n ${allowed[user]} ]] || printf '%s\0' -e HOME=/tmp
}

say_denied() {
  local part what _ denied=''
  while IFS=$'\t' read -r part what _; do
    [[ $part == '#'* || -n ${allowed[$part]} ]] || [[ $part == network && ${#network_args[@]} -eq 0 ]] || denied+="${denied:+; }$what ($part)"
  done <"$hardening_table"
  [[ -z $denied ]] || say "$image may not: $denied. --allow=PART allows it"
}

# note_denied FILE LINE: adds to FILE the parts that a program misses that says this line.
note_denied() {
  local part what words
  shopt -s nocasematch
  while IFS=$'\t' read -r part what words; do
    [[ $part == '#'* || -n ${allowed[$part]} || ! $2 =~ $words ]] || printf '%s\t%s\n' "$part" "$what" >>"$1"
  done <"$hardening_table"
  shopt -u nocasematch
}

# say_missed FILE STATUS: the program failed, and said something that fits.
say_missed() {
  [[ -s $1 ]] || return 0
  local part what
  while IFS=$'\t' read -r part what; do
    warn "the program ended with status $2, and its words fit a program that may not $what; to allow it: --allow=$part"
  done < <(sort -u "$1")
}
