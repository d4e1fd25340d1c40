# shellcheck shell=bash
# The container's own X server, watched from here: no display and no cookie of this machine, and one published port.

# How to watch it: the port, and the URL's parts before and after the address.
readonly -A watch_port=([browser]=6080 [viewer]=5900)
readonly -A watch_scheme=([browser]=http [viewer]=vnc)
readonly -A watch_path=([browser]=/ [viewer]='')

# choose_isolation WAY LISTEN: WAY is browser or viewer, LISTEN is [ADDRESS:]PORT or empty. Sets display_args and whatever else
# a display and access to it would set.
choose_isolation() {
  local -r way=$1 listen=$2
  local address=127.0.0.1 port=${watch_port[$1]}
  if [[ -z $listen ]]; then
    # Ten pairs of gears on one machine are enough.
    while is_taken "$address" "$port" && ((port < ${watch_port[$way]} + 10)); do port=$((port + 1)); done
  else
    [[ $listen =~ ^(([0-9.]+|\[[0-9a-fA-F:]+\]|localhost):)?([1-9][0-9]{0,4})$ && ${BASH_REMATCH[3]} -le 65535 ]] ||
      fail 2 "--listen takes a port, or an address and a port as in 127.0.0.1:8080; not '$listen'"
    address=${BASH_REMATCH[2]:-$address} port=${BASH_REMATCH[3]}
    [[ $address != localhost ]] || address=127.0.0.1 # the engine takes no names
  fi
  is_loopback "$address" ||
    warn "the password and the picture travel to $address:$port unencrypted. From elsewhere, safer:" \
      "ssh -L $port:127.0.0.1:$port $(hostname), and no --listen"
  local host=$address
  [[ $address != @(0.0.0.0|'[::]') ]] || host=$(hostname)
  # The container writes only to /tmp: sockets, the X server's keyboard and its log, a few kilobytes.
  display_args=(--tmpfs /tmp:size=64m --publish "$address:$port:${watch_port[$way]}"
    -e "RUST_GEARS_URL=${watch_scheme[$way]}://$host:$port${watch_path[$way]}")
  display_kind=none x_args=() network_args=()
}

is_loopback() { [[ $1 == @(127.*|'[::1]') ]]; }

# Whether something listens there. (An address from --listen is left to the engine, which alone knows its own addresses.)
is_taken() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }
