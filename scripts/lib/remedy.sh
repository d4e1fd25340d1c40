# shellcheck shell=bash disable=SC2016,SC2030,SC2031 # shell code to paste; variables of run_again's subshell
# From a row of the catalogue to what the user can copy: commands for the machine, lines for the image, and the user's own
# `docker run` with what it lacks. remedies.tsv has the rows.

readonly -A side_words=(
  [options]='the options with which the container was started' [machine]='this machine' [image]='the image'
  [cluster]='the cluster'
)

# look_up_remedy ROW: sets side, remedy and operand. An unknown row belongs to nobody and has none.
look_up_remedy() {
  local row
  while IFS=$'\t' read -r row side remedy; do
    [[ $row == "$1" ]] || continue
    operand=''
    [[ $remedy != *' '* ]] || operand=${remedy#* } remedy=${remedy%% *}
    return
  done <"$root/scripts/lib/remedies.tsv"
  side='' remedy=- operand=''
}

# steps SIDE ROW FIX IMAGE OPTION…: prints the steps in order, each a line for people and indented lines to copy.
steps() {
  local side=$1 remedy operand again=''
  local -r whose=$1 row=$2 fix=$3 image=$4
  shift 4
  look_up_remedy "$row"
  case $remedy in
    run) printf 'on this machine:\n  %s\n' "$operand" ;;
    build) printf "add this to the image's Dockerfile, and build it again:\n  %s\n" "$operand" ;;
    -) [[ $whose == machine ]] || return 0 ;; # what to change stands in the fix, and the same command would fail the same way
  esac
  if [[ -n $service ]]; then
    compose_steps
  elif [[ -n $image ]]; then
    again=$(run_again "$@") || again=''
  elif [[ $remedy == @(-|run) ]]; then
    again=$(quoted "$root/scripts/run")
  fi
  [[ -z $again ]] || printf 'run it again as:\n  %s\n' "${again//$'\n'/$'\n'  }"
}

# run_again OPTION…: the user's own command, with the remedy in it; nothing if this machine can't tell what to add. In a
# subshell, because what scripts/run can't do ends it.
run_again() (
  # shellcheck disable=SC2034 # for print_run and whoever sets them
  before=() after=() copy_out='' needs_run_folder='' gears=() install=no
  added=() obsolete=''
  "remedy_${remedy/-/none}" >/dev/null 2>&1 || exit 0
  options=(run)
  keep_options "$obsolete" "$@"
  options+=("${added[@]}")
  print_run
)

remedy_none() { :; }
remedy_run() { :; }
remedy_build() { :; }
remedy_add() { read -ra added <<<"$operand" && replace_variables; }
remedy_take() {
  [[ $fix =~ $operand ]] || return 1
  read -ra added <<<"${BASH_REMATCH[0]}" && replace_variables
}
# The new value of a variable replaces the old one.
replace_variables() {
  local option
  for option in "${added[@]}"; do
    [[ $option != [A-Za-z_]*=* ]] || obsolete+="${obsolete:+|}env=${option%%=*}(=.*)?"
  done
}
remedy_gpu() {
  local gpu
  choose_gpu auto
  [[ $gpu != none ]] || return 1
  added=("${gpu_args[@]}")
  [[ $gpu != @(cdi|runtime|gpus) ]] || is_ours "$image" || added+=(-e "$all_capabilities")
  obsolete='gpus=.*|runtime=nvidia|device=(nvidia\.com/|/dev/dri).*|env=NVIDIA_VISIBLE_DEVICES(=.*)?'
  replace_variables
}
remedy_display() {
  remedy_cookie || { [[ $display_kind != none ]] && added=("${display_args[@]}"); }
  obsolete+='|env=DISPLAY(=.*)?|volume=/tmp/\.X11-unix.*|mount=.*/tmp/\.X11-unix.*'
}
remedy_cookie() {
  local x_args=() x_probe
  choose_display "${DISPLAY:-}"
  obsolete="env=XAUTHORITY(=.*)?|(mount|volume)=.*$cookie_in_container.*"
  choose_x_access cookie
  added=("${x_args[@]}")
  [[ $remedy != display ]] || added=("${display_args[@]}" "${x_args[@]}")
  ((${#x_args[@]}))
}

# keep_options OBSOLETE OPTION…: adds to options those that don't match OBSOLETE (ERE), written as name=value.
keep_options() {
  local -r obsolete=$1
  local -a words
  local name
  shift
  while (($#)); do
    words=("$1")
    name=$1
    case $1 in
      -e | --env | -v | --volume | --mount | --gpus | --runtime | --device) words+=("${2:-}") name="$1=${2:-}" && shift ;;
      -[ev]?*) name="${1:0:2}=${1:2}" ;;
    esac
    name=${name/#-e=/--env=} name=${name/#-v=/--volume=}
    [[ -n $obsolete && ${name#--} =~ ^($obsolete)$ ]] || options+=("${words[@]}")
    shift || true
  done
}
