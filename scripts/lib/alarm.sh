# shellcheck shell=bash
# A signal ALRM to the script itself after some time: it interrupts bash's `wait` and `read`.

alarm=''

# set_alarm SECONDS: replaces an earlier one. It holds none of the script's pipes, because whoever reads those would wait
# for the alarm, too.
set_alarm() {
  stop_alarm
  {
    local fd
    for fd in "/proc/$BASHPID/fd/"*; do
      fd=${fd##*/}
      ((fd < 3 || fd == 255)) || exec {fd}>&-
    done
    sleep "$1" && kill -s ALRM $$
  } </dev/null &>/dev/null &
  alarm=$!
}

stop_alarm() {
  [[ -z $alarm ]] || kill "$alarm" 2>/dev/null || true
  alarm=''
}
