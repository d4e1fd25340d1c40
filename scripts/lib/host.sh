# shellcheck shell=bash
# What scripts/doctor finds on this machine: what a container needs from it to draw. It changes nothing and doesn't need root.
#
# Each function checks one thing, below the folder $host (empty: this machine itself), and calls `found`. A failure keeps every
# container from drawing, whatever its options; a warning matters only to some.

host=''
nvidia='' # version of NVIDIA's driver, if it is loaded
nvidia_level=failure
lacks_nodes='' # set if NVIDIA's driver is loaded without its device nodes
first_seen='' first_cause='' first_fix='' first_row='' first_topic='' # of the first failure
findings=() # all of them, as JSON

# found LEVEL TOPIC SEEN [CAUSE FIX [ROW]]: a line of the report, in the form of `rust-gears doctor`.
found() {
  local -r level=$1 topic=$2 seen=$3 cause=${4:-} fix=${5:-} row=${6:-}
  printf '%-8s %-12s %s\n' "$level" "$topic" "$(printable "$seen")${row:+ [$row]}"
  [[ -z $cause ]] || printf '%21s cause: %s\n%21s fix:   %s\n' '' "$(printable "$cause")" '' "$(printable "$fix")"
  findings+=("$(json_object level "$level" topic "$topic" seen "$seen" cause "$cause" fix "$fix" row "$row")")
  if [[ $level == failure && -z $first_seen ]]; then
    first_seen=$seen${row:+ [$row]} first_cause=$cause first_fix=$fix first_row=$row first_topic=$topic
  fi
}
# found_row LEVEL TOPIC SEEN ROW: the same with the cause and the fix from a row of the launcher's table.
found_row() {
  local row cause fix
  look_up_row launch-errors "$4"
  found "$1" "$2" "$3" "$cause" "$fix" "$4"
}

check_host() {
  host=$1
  # A problem with NVIDIA's card doesn't affect another one.
  if has_other_gpu; then nvidia_level=warning; else nvidia_level=failure; fi
  check_engine
  check_gpu
  [[ -z $nvidia ]] || check_libraries
  [[ -z $nvidia ]] || check_nvidia_nodes
  check_render_nodes
  [[ -z $nvidia ]] || check_toolkit
  check_cdi
  check_selinux
  check_apparmor
  check_display
}

check_engine() {
  if [[ -z $engine_kind ]]; then
    local words row cause fix status=0
    have docker || status=127
    ((status)) || words=$(timeout 3 docker info 2>&1 >/dev/null) || status=$?
    if ((status == 124)); then
      found failure engine "Docker does not answer within $answer_within seconds" "the Docker daemon hangs" \
        "sudo systemctl restart docker; sudo journalctl -u docker -n 50 shows what it did last"
    elif look_up launch-errors "${words:-}"; then
      found failure engine "Docker does not answer" "$cause" "$fix" "$row"
    else
      found failure engine "no container engine answers" "neither Docker nor podman is installed and running" "scripts/setup"
    fi
    return
  fi
  local seen
  seen="$("${engine[@]}" --version), as $(if is_rootless_docker || is_rootless_podman; then echo 'yourself (rootless)'; else echo root; fi)"
  if [[ $(engine_info '{{.OperatingSystem}}') == *'Docker Desktop'* && ! -e $host/dev/dxg ]]; then
    found failure engine "$seen, in Docker Desktop" "Docker Desktop runs containers in a virtual machine, which on Linux has no GPU" \
      "use Docker Engine: docker context use default"
  elif [[ $(engine_info '{{.DockerRootDir}}') == /var/snap/* ]]; then
    found_row warning engine "$seen, from a snap" 12
  else
    found ok engine "$seen"
  fi
}

# A GPU that Mesa can drive: a render node whose kernel driver isn't NVIDIA's, or WSL's.
has_other_gpu() {
  local node driver
  [[ ! -e $host/dev/dxg ]] || return 0
  for node in "$host"/dev/dri/renderD*; do
    [[ -e $node ]] || continue
    driver=$(readlink "$host/sys/class/drm/${node##*/}/device/driver" || true)
    [[ ${driver##*/} == nvidia ]] || return 0
  done
  return 1
}

# NVIDIA's display controllers, as folders of sysfs.
nvidia_cards() {
  local card
  for card in "$host"/sys/bus/pci/devices/*; do
    [[ $(cat "$card/vendor" 2>/dev/null) == 0x10de && $(cat "$card/class" 2>/dev/null) == 0x03* ]] || continue
    printf '%s\n' "$card"
  done
}

check_gpu() {
  local -r version_file=$host/proc/driver/nvidia/version
  local card driver
  if [[ -f $version_file ]]; then
    nvidia=$(regular "$version_file" | grep -aoE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1)
    found ok GPU "NVIDIA's driver${nvidia:+ $nvidia} is loaded"
    return
  fi
  card=$(nvidia_cards | head -n 1)
  if [[ -n $card ]]; then
    driver=$(readlink "$card/driver" || true)
    case ${driver##*/} in
      '') found_row "$nvidia_level" GPU "an NVIDIA card (${card##*/}) that no driver is bound to" 122 ;;
      nouveau)
        found warning GPU "an NVIDIA card (${card##*/}), driven by nouveau" \
          "nouveau is the kernel's own driver: it is slower than NVIDIA's, and --gpus doesn't work with it" \
          "install NVIDIA's driver; or keep nouveau and give containers --device /dev/dri/renderD128, and Mesa in the image"
        ;;
      *)
        found "$nvidia_level" GPU "an NVIDIA card (${card##*/}), bound to ${driver##*/}" \
          "${driver##*/} usually reserves a card for a virtual machine; containers can't draw with it" \
          "bind it to NVIDIA's driver again: a file in /etc/modprobe.d, or the kernel's command line, names ${driver##*/}"
        ;;
    esac
  elif [[ -e $host/dev/dxg ]]; then
    found ok GPU "WSL's (/dev/dxg)"
  elif has_other_gpu; then
    found ok GPU "one that Mesa can drive"
  else
    found failure GPU "no driver for a GPU is loaded: neither NVIDIA's, nor one with a node in /dev/dri" \
      "this machine has no GPU, or none of its GPUs has a driver" \
      "lspci -nn | grep -E 'VGA|3D|Display' shows the GPUs: install the driver of yours; a virtual machine needs a GPU given to it"
  fi
}

# The versions of the driver's libraries in this machine's usual folders, each once.
library_versions() {
  local file
  for file in "$host"/usr/lib{,64,/*-linux-gnu,/*-linux-gnu/nvidia/current} "$host"/run/opengl-driver/lib; do
    compgen -G "$file/libnvidia-ml.so.*.*" || true
  done | sed 's/.*\.so\.//' | sort -u
}

check_libraries() {
  local versions
  versions=$(library_versions)
  if [[ -z $versions ]]; then
    found_row "$nvidia_level" driver "there is no libnvidia-ml.so.$nvidia" 43
  elif ! grep -qxF "$nvidia" <<<"$versions"; then
    found_row "$nvidia_level" driver "$nvidia is loaded, but the libraries have version ${versions//$'\n'/, }" 45
  else
    found ok driver "its libraries have the same version"
  fi
}

check_nvidia_nodes() {
  local node modes
  for node in nvidiactl nvidia0; do
    [[ -e $host/dev/$node ]] || {
      lacks_nodes=1
      found "$nvidia_level" nodes "there is no /dev/$node" "the driver is loaded, but its device nodes weren't created" "sudo nvidia-modprobe -c=0"
      return
    }
  done
  modes=$(stat -c %a "$host/dev/nvidiactl" "$host/dev/nvidia0" | sort -u)
  if [[ $modes != 666 ]]; then
    found_row warning nodes "the modes of /dev/nvidiactl and /dev/nvidia0 are ${modes//$'\n'/ and }, not 666" 46
  elif [[ ! -e $host/dev/nvidia-uvm ]]; then
    found_row warning nodes "there is no /dev/nvidia-uvm (CUDA needs it, OpenGL does not)" 47
  else
    found ok nodes "/dev/nvidia* exist, and everybody may open them"
  fi
}

check_render_nodes() {
  local node group
  for node in "$host"/dev/dri/renderD*; do
    [[ -e $node ]] || continue
    group=$(stat -c '%G (%g)' "$node")
    if [[ -r $node && -w $node ]]; then
      found ok nodes "/dev/dri/${node##*/}, group $group"
    else
      found warning nodes "you may not open /dev/dri/${node##*/}, group $group" \
        "a rootless engine passes on only what you may open yourself" \
        "sudo usermod -aG $(stat -c %G "$node") \"\$USER\" and a new login"
    fi
  done
}

check_toolkit() {
  if ! have nvidia-ctk; then
    found_row warning toolkit "the NVIDIA Container Toolkit is not installed (there is no nvidia-ctk)" 39
    return
  fi
  local -r configuration=$host/etc/nvidia-container-runtime/config.toml
  local version ldconfig
  version=$(nvidia-ctk --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1 || true)
  setting() { regular "$configuration" | sed -nE "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\"?([^\"#]*)\"?.*/\1/p" | head -n 1; }
  ldconfig=$(setting ldconfig)
  ldconfig=${ldconfig#@}
  if [[ -e $configuration && ! -r $configuration ]]; then
    found warning toolkit "$version; you may not read its configuration" "the permissions of ${configuration#"$host"}" "sudo chmod a+r ${configuration#"$host"}"
  elif [[ -n $ldconfig && ! -e $host$ldconfig ]]; then
    found_row warning toolkit "$version; its configuration names $ldconfig, which does not exist" 44
  elif [[ $(setting no-cgroups) == true* ]] && ! is_rootless_docker && ! is_rootless_podman; then
    found warning toolkit "$version; its configuration has no-cgroups = true" \
      "that is for rootless engines: if the engine runs as root, its containers then can't open the GPU" \
      "sudo nvidia-ctk config --in-place --set nvidia-container-cli.no-cgroups=false; or pass the GPU through CDI: --device nvidia.com/gpu=all"
  else
    found ok toolkit "${version:-its version is unknown}"
  fi
}

# The content of a regular file, because reading a pipe might never end. None of these files has more than a megabyte.
regular() { [[ ! -f $1 || ! -r $1 ]] || head -c 1000000 "$1" | tr -d '\0'; }

# The paths on this machine that a CDI specification (YAML or JSON) names.
named_by() {
  regular "$1" | grep -oE '(^|[^A-Za-z])(hostPath|path)"?: *"?/[^",[:space:]]+' | sed -E 's/^[^:]*: *"?//' | sort -u || true
}

# The versions of NVIDIA's driver whose libraries a CDI specification names.
versions_named_by() {
  named_by "$1" | sed -nE 's/.*\/lib(nvidia-[a-z]+|cuda|[A-Z]+_nvidia|[A-Za-z0-9]*_nvidia)\.so\.([0-9]+\.[0-9.]+)$/\2/p' | sort -u
}

check_cdi() {
  local folder file path versions installed seen=''
  local -a folders=()
  [[ -z $engine_kind ]] || mapfile -t folders < <(cdi_folders)
  for folder in "${folders[@]}"; do
    [[ -n $folder ]] || continue
    for file in "$host$folder"/*.{yaml,json}; do
      [[ -f $file ]] || continue
      seen+="${seen:+, }${file#"$host"}"
      if [[ ! -r $file ]]; then
        found warning CDI "you may not read ${file#"$host"}" "a rootless engine reads it as you" "sudo chmod a+r ${file#"$host"}"
        return
      fi
      while read -r path; do
        [[ ! -e $host$path ]] || continue
        case $path in
          /dev/nvidia*) [[ -z $lacks_nodes ]] || continue ;;&
          /dev/*) found_row warning CDI "${file#"$host"} names $path, which does not exist" 117 ;;
          */nvidia-cdi-hook | */nvidia-ctk) found_row warning CDI "${file#"$host"} names $path, which does not exist" 119 ;;
          *) found_row warning CDI "${file#"$host"} names $path, which does not exist" 118 ;;
        esac
        return
      done < <(named_by "$file")
      versions=$(versions_named_by "$file")
      installed=$(library_versions)
      if [[ -n $versions && -n $installed ]] && ! grep -qxF "$versions" <<<"$installed"; then
        found_row warning CDI "${file#"$host"} is made for driver ${versions//$'\n'/, }, and ${installed//$'\n'/, } is installed" 118
        return
      fi
    done
  done
  if [[ -n $seen ]]; then
    found ok CDI "$seen: every file that it names exists"
  elif [[ -n $nvidia ]]; then
    found skipped CDI "no specification in the folders that this engine reads"
  fi
}

check_selinux() {
  if [[ $(cat "$host/sys/fs/selinux/enforce" 2>/dev/null) != 1 ]]; then
    found ok SELinux "not enforced"
  elif [[ $(cat "$host/sys/fs/selinux/booleans/container_use_devices" 2>/dev/null) == 1* ]]; then
    found ok SELinux "enforced, but containers may use devices"
  else
    found warning SELinux "enforced" "it denies containers the GPU's nodes and the X server's socket" \
      "sudo setsebool -P container_use_devices 1 for the GPU; for the X server too: --security-opt label=type:container_runtime_t (scripts/run does that)"
  fi
}

# AppArmor lets containers use devices and the X server's socket. It is in the way only of engines without root, and of those
# that can't load their profile.
check_apparmor() {
  local -r restricted=$host/proc/sys/kernel/apparmor_restrict_unprivileged_userns
  if [[ $(cat "$host/sys/module/apparmor/parameters/enabled" 2>/dev/null) != Y ]]; then
    found ok AppArmor "not enforced"
  elif [[ $(cat "$restricted" 2>/dev/null) == 1 ]] && { is_rootless_docker || is_rootless_podman; }; then
    found warning AppArmor "enforced, and it restricts user namespaces, which an engine without root needs" \
      "programs without a profile that allows it may not make user namespaces (Ubuntu since 23.10)" \
      "install the engine from your distribution, whose packages have such profiles; or: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
  elif [[ ! -e $host/sbin/apparmor_parser && ! -e $host/usr/sbin/apparmor_parser ]]; then
    found_row warning AppArmor "enforced, and there is no apparmor_parser, with which engines load their profile" 150
  else
    found ok AppArmor "enforced: it lets containers use devices and the X server's socket"
  fi
}

check_display() {
  local -r display=${DISPLAY:-}
  if [[ -z $display ]]; then
    found skipped display "DISPLAY is not set${WAYLAND_DISPLAY:+ (a Wayland session without Xwayland)}: containers can draw off-screen"
  elif [[ ! $display =~ ^(unix)?:([0-9]+)(\.[0-9]+)?$ ]]; then
    found ok display "$display, not a socket of this machine"
  elif [[ ! -S $host/tmp/.X11-unix/X${BASH_REMATCH[2]} ]]; then
    found warning display "DISPLAY is $display, and there is no socket /tmp/.X11-unix/X${BASH_REMATCH[2]}" \
      "no X server on this machine has that number" "ls /tmp/.X11-unix shows the running ones; correct DISPLAY"
  elif have xauth && [[ -z $(xauth list "$display" 2>/dev/null) ]]; then
    found warning display "$display, and you have no cookie for it" "most X servers admit only clients that show the cookie, a secret in a file" \
      "set XAUTHORITY to the file that contains it; or use scripts/run --x-auth=user, which needs no cookie"
  else
    found ok display "$display has a socket here"
  fi
}
