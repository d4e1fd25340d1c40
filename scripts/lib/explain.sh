# shellcheck shell=bash
# Known messages of an engine or an X server → cause and fix. The tables are launch-errors.tsv and x-errors.tsv. Their rows
# have the numbers of the catalogue that `rust-gears doctor --list` prints.

# look_up TABLE TEXT: sets row, cause and fix to those of the first row that TEXT matches; 1 if none does.
look_up() {
  local -r table=$root/scripts/lib/$1.tsv text=$2
  local pattern _
  while IFS=$'\t' read -r row pattern cause fix _; do
    [[ $row != '#'* ]] || continue
    ! grep -qiE -- "$pattern" <<<"$text" || return 0
  done <"$table"
  return 1
}

# look_up_row TABLE ROW: the same for a row that was recognised by other means.
look_up_row() {
  local pattern _
  while IFS=$'\t' read -r row pattern cause fix _; do
    [[ $row != "$2" ]] || return 0
  done <"$root/scripts/lib/$1.tsv"
  return 1
}

# explain TABLE TEXT: say the cause and the fix of the first row that TEXT matches; 1 if none does.
explain() {
  local row cause fix
  look_up "$1" "$2" && say_cause
}

# explain_row TABLE ROW: the same for a row that was recognised by other means.
explain_row() {
  local row cause fix
  look_up_row "$1" "$2" && say_cause
}

say_cause() {
  warn "cause: $cause"
  say "fix:   $fix"
}

# ask_for_report ASKED: the message is unknown. ASKED is a command that shows what the engine was asked to do, or empty.
ask_for_report() {
  local -r engine=${engine_kind:-docker}
  warn "this message of the engine is unknown: please report it, with the file that this command creates (read it before you post it):"
  say "        { ${1:+$1; }$engine version; $engine info; nvidia-ctk --version; uname -a; } >report.txt 2>&1"
}
