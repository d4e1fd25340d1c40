# shellcheck shell=bash
# How the GPU gets into the container. A way is a probe (has_WAY), the engine's arguments (args_WAY) and the matching image.

# In this order: WSL first, because OpenGL there is Mesa's d3d12, whatever else is there; then NVIDIA's ways, those that need
# least first (the runtime works in each of the toolkit's modes, --gpus doesn't); then Mesa's.
readonly gpu_ways=(wslg cdi runtime gpus dri none)
readonly -A gpu_image=([wslg]=mesa [cdi]=slim [runtime]=slim [gpus]=slim [dri]=mesa [none]=mesa)
readonly -A gpu_words=(
  [wslg]='the GPU through WSL (/dev/dxg)'
  [cdi]='NVIDIA GPUs through CDI'
  [runtime]='NVIDIA GPUs through the runtime nvidia'
  [gpus]='NVIDIA GPUs through --gpus'
  [dri]='the GPU of /dev/dri'
  [none]='no GPU that a container can be given: Mesa draws in software'
)

# The devices that a way passes on unchanged. Without them the engine would fail with its own message.
readonly -A gpu_device=([wslg]=/dev/dxg [dri]=/dev/dri)
readonly -A gpu_hint=(
  [wslg]='It is there in WSL 2 only; if this is WSL 2, update it: wsl --update, then wsl --shutdown'
  [dri]='It is there once a kernel driver for the GPU is loaded; a virtual machine needs a GPU given to it'
)

# What OpenGL needs of NVIDIA's driver: the toolkit's default leaves it out. Our images ask for it themselves.
readonly all_capabilities=NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display

# Nothing of /mnt/wslg, which contains the sockets of WSL's display and sound, and the distribution's root.
has_wslg() { [[ -c /dev/dxg && -d /usr/lib/wsl ]]; }
args_wslg() {
  printf '%s\0' --device /dev/dxg "$(bind /usr/lib/wsl /usr/lib/wsl readonly)" -e LD_LIBRARY_PATH=/usr/lib/wsl/lib
}

has_cdi() {
  local folder
  while read -r folder; do
    [[ -z $folder ]] || ! grep -rqs 'nvidia\.com/gpu' "${host:-}$folder" || return 0 # below $host in scripts/doctor
  done < <(cdi_folders)
  return 1
}
args_cdi() { printf '%s\0' --device nvidia.com/gpu=all; }

has_runtime() { [[ $engine_kind == docker && $(engine_info '{{json .Runtimes}}') == *'"nvidia":'* ]]; }
args_runtime() { printf '%s\0' --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all; }

# The daemon looks for one of these when it starts.
has_gpus() {
  [[ $engine_kind == docker ]] && { have nvidia-container-runtime-hook || have nvidia-container-toolkit; }
}
args_gpus() { printf '%s\0' --gpus all; }

# Render nodes that Mesa can drive, which excludes those of NVIDIA's own kernel driver.
render_nodes() {
  local node driver
  for node in /dev/dri/renderD*; do
    [[ -c $node ]] || continue
    driver=$(readlink -f "/sys/class/drm/${node##*/}/device/driver" || true)
    [[ ${driver##*/} == nvidia ]] || printf '%s\n' "$node"
  done
}
has_dri() { [[ -n $(render_nodes) ]]; }
# Not all of /dev/dri, because the nodes card* can also set screen modes.
args_dri() {
  local node
  while read -r node; do printf '%s\0' --device "$node"; done < <(render_nodes)
  # By number: the image has no group with this name, or one with another number.
  if is_rootless_podman; then
    printf '%s\0' --group-add keep-groups
  else
    render_nodes | xargs -r stat -c %g | sort -un | while read -r gid; do printf '%s\0' --group-add "$gid"; done
  fi
}

has_none() { true; }
args_none() { :; }

# choose_gpu CHOICE: sets gpu (a way) and gpu_args.
choose_gpu() {
  local -r choice=$1
  local way
  if [[ $choice == auto ]]; then
    for way in "${gpu_ways[@]}"; do "has_$way" && break; done
  elif [[ -n ${gpu_image[$choice]:-} ]]; then
    way=$choice
    local -r device=${gpu_device[$way]:-}
    [[ -z $device || -e $device ]] ||
      die "--gpu=$way needs $device, and there is no such device here. ${gpu_hint[$way]}. Without a GPU: --gpu=none"
  else
    fail 2 "--gpu is auto or one of: ${gpu_ways[*]}; not '$choice'"
  fi
  gpu=$way
  mapfile -d '' -t gpu_args < <("args_$way")
  [[ $way == none && $choice == auto ]] || { say "GPU: ${gpu_words[$way]}" && return; }
  warn "GPU: ${gpu_words[none]}"
  if [[ -e /dev/nvidiactl || -e /proc/driver/nvidia/version ]]; then say_toolkit; fi
}

say_toolkit() {
  local also=''
  ! have nvidia-docker || also=' (nvidia-docker, which is here, is obsolete: it was replaced by the toolkit)'
  warn "cause: this machine has NVIDIA's driver, but $engine_kind has no way to pass its GPUs on$also"
  if [[ $engine_kind == podman ]]; then
    say "fix:   install nvidia-container-toolkit, then: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
  else
    say "fix:   install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
  fi
}
