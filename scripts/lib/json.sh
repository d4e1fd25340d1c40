# shellcheck shell=bash
# Text as JSON.

# json_string TEXT: quoted. What a terminal would interpret is left out.
json_string() {
  local text
  text=$(printable "$1")
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "${text//$'\t'/\\t}"
}

# json_object NAME VALUE…: of strings, and of numbers if the name is `row`. Empty values are left out.
json_object() {
  local out=''
  while (($#)); do
    if [[ $1 == row && -n $2 ]]; then
      out+="${out:+, }\"row\": $2"
    elif [[ -n $2 ]]; then
      out+="${out:+, }\"$1\": $(json_string "$2")"
    fi
    shift 2
  done
  printf '{%s}' "$out"
}

# json_list ELEMENT…: of JSON.
json_list() {
  local IFS=,
  printf '[%s]' "$*"
}
