# shellcheck shell=bash
# Known words of an engine or an X server → cause and fix. The tables are launch-errors.tsv and x-errors.tsv; their rows
# have the numbers of the catalogue that `rust-gears doctor --list` prints.

# explain TABLE TEXT: say the cause and the fix of the first row that TEXT matches; 1 if none does.
explain() {
  local -r table=$root/scripts/lib/$1.tsv text=$2
  local row pattern cause fix _
  while IFS=$'\t' read -r row pattern cause fix _; do
    [[ $row != '#'* ]] || continue
    grep -qiE -- "$pattern" <<<"$text" || continue
    say_cause "$cause" "$fix"
    return 0
  done <"$table"
  return 1
}

# explain_row TABLE ROW: the same for a row that was recognised by other means.
explain_row() {
  local row pattern cause fix _
  while IFS=$'\t' read -r row pattern cause fix _; do
    [[ $row != "$2" ]] || say_cause "$cause" "$fix"
  done <"$root/scripts/lib/$1.tsv"
}

say_cause() {
  warn "cause: $1"
  say "fix:   $2"
}

# ask_for_report ASKED: nobody has told us of these words yet. ASKED is a command that shows what was asked of the engine, or
# nothing.
ask_for_report() {
  local -r engine=${engine_kind:-docker}
  warn "the engine's words are not known to us: please report them, with the file that this makes (read it before you post it):"
  say "        { ${1:+$1; }$engine version; $engine info; nvidia-ctk --version; uname -a; } >report.txt 2>&1"
}
