# shellcheck shell=bash
# What every script starts with: strictness, the project's folder, messages, cleaning up.
set -eEuo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root
program=${0##*/}
readonly program

# printable TEXT: without anything that a terminal interprets instead of showing. Engines, X servers, containers and file names
# speak through these scripts; every message passes through here. Line breaks and tabs stay; a `?` replaces control characters
# (ASCII and U+0080 to U+009F) and bidirectional controls; invalid UTF-8 is dropped.
printable() (
  LC_ALL=C
  local text=$1
  if [[ $text == *[$'\x80'-$'\xff']* ]]; then
    text=$(iconv -c -f UTF-8 -t UTF-8 <<<"$text"; printf .) # the dot keeps the line breaks at the end
    text=${text%$'\n.'}
  fi
  text=${text//[$'\x01'-$'\x08'$'\x0b'-$'\x1f'$'\x7f']/?}
  text=${text//$'\xc2'[$'\x80'-$'\x9f']/?}
  text=${text//$'\xe2\x80'[$'\xaa'-$'\xae']/?}
  printf '%s' "${text//$'\xe2\x81'[$'\xa6'-$'\xa9']/?}"
)

# All messages go to standard error, because standard output belongs to the gears' figures.
if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
  readonly bold=$'\e[1m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
else
  readonly bold='' red='' yellow='' plain=''
fi
say() { printf '%s\n' "${bold}$program:${plain} $(printable "$*")" >&2; }
warn() { printf '%s\n' "${bold}$program:${plain} ${yellow}$(printable "$*")${plain}" >&2; }
# fail STATUS MESSAGE…: the exit statuses are rust-gears' own (2 usage, 3 nothing to draw on, 1 anything else).
fail() {
  local -r status=$1
  shift
  printf '%s\n' "${bold}$program:${plain} ${red}$(printable "$*")${plain}" >&2
  exit "$status"
}
die() { fail 1 "$@"; }

have() { command -v -- "$1" >/dev/null 2>&1; }

# The comment at the top of a script, from its second line on, is its help.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# on_exit COMMAND…: commands to run, last one first, whenever this shell exits and is still able to run them.
undo=()
on_exit() { undo+=("$(printf '%q ' "$@")"); }
run_undo() {
  local -r status=$?
  trap - ERR
  trap '' INT TERM HUP # a second Ctrl-C does not leave half of it undone
  local i
  for ((i = ${#undo[@]} - 1; i >= 0; i--)); do eval "${undo[i]}" || true; done
  undo=()
  return "$status"
}
trap run_undo EXIT
# Bash runs the EXIT trap after these; callers expect 128 + signal.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A command failed unexpectedly: name it instead of ending silently.
trap 'warn "${BASH_SOURCE[0]#"$root/"}, line $LINENO: this failed: $BASH_COMMAND"' ERR

# The user's own rights if they suffice, otherwise sudo.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif have sudo; then
    sudo -- "$@"
  else
    die "this needs root, and there is no sudo: run as root:  $(printf '%q ' "$@")"
  fi
}

# One line of shell to paste: arguments are quoted only if necessary.
quoted() {
  local arg out=''
  for arg; do
    if [[ $arg =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]]; then out+="$arg "; else out+="$(printf '%q' "$arg") "; fi
  done
  printf '%s' "${out% }"
}
