# shellcheck shell=bash
# The choices that scripts/run makes, as --print shows them, on all kinds of machines.

choice() { DISPLAY='' exits 0 scripts/run --print --no-install "$@"; }

test_without_gpu_mesa_draws_and_it_is_said() {
  choice
  contains "$output" 'no GPU that a container can be given: Mesa draws in software' ' rust-gears:mesa'
  lacks "$output" --device --gpus --runtime
}

test_every_run_is_hardened() {
  choice
  contains "$output" --rm --read-only --cap-drop=ALL --security-opt=no-new-privileges --network=none
}

test_runtime_named_nvidia() {
  start_engine_with_nvidia_runtime
  choice
  contains "$output" '--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all' ' rust-gears' 'scripts/build --engine=docker slim'
  lacks "$output" rust-gears:mesa
}

test_cdi_folder_with_podman() {
  as_another_machine '
    overlay /etc && mkdir -p /etc/cdi && printf "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n" >/etc/cdi/nvidia.yaml
    DISPLAY= scripts/run --print --no-install --engine podman' >"$here/out" 2>&1
  contains "$(<"$here/out")" 'podman run' '--device nvidia.com/gpu=all' ' rust-gears'
  lacks "$(<"$here/out")" rust-gears:mesa
}

test_cdi_folder_of_an_engine_that_does_not_read_it() {
  # Docker before 25, and any with CDI switched off: its `info` names no folder.
  [[ $(docker info --format '{{.CDISpecDirs}}' 2>/dev/null) != *cdi* ]] || return 0
  as_another_machine '
    overlay /etc && mkdir -p /etc/cdi && printf "kind: nvidia.com/gpu\n" >/etc/cdi/nvidia.yaml
    DISPLAY= scripts/run --print --no-install --engine docker' >"$here/out" 2>&1
  lacks "$(<"$here/out")" nvidia.com/gpu
}

test_podman_only() {
  without docker
  choice
  contains "$output" 'podman run' ' rust-gears:mesa'
}

test_gpus_if_there_is_the_hook_but_no_runtime() {
  mkdir "$here/bin" && ln -s /bin/true "$here/bin/nvidia-container-runtime-hook"
  PATH=$here/bin:$PATH choice
  contains "$output" '--gpus all' ' rust-gears'
}

test_render_node_with_the_number_of_its_group() {
  as_another_machine '
    overlay /dev && mkdir -p /dev/dri && mknod /dev/dri/renderD128 c 226 128 && chgrp 4711 /dev/dri/renderD128
    DISPLAY= scripts/run --print --no-install' >"$here/out" 2>&1
  contains "$(<"$here/out")" '--device /dev/dri/renderD128 --group-add 4711' ' rust-gears:mesa'
}

test_render_node_of_nvidias_driver_is_not_mesas() {
  as_another_machine '
    overlay /dev && mkdir -p /dev/dri && mknod /dev/dri/renderD128 c 226 128 && mknod /dev/nvidiactl c 195 255
    mount -t tmpfs tmpfs /sys/class && mkdir -p /sys/class/drm/renderD128/device /sys/class/nvidia
    ln -s /sys/class/nvidia /sys/class/drm/renderD128/device/driver
    DISPLAY= scripts/run --print --no-install' >"$here/out" 2>&1
  lacks "$(<"$here/out")" /dev/dri
  contains "$(<"$here/out")" "has NVIDIA's driver, but docker has no way" 'install nvidia-container-toolkit'
}

test_wsl() {
  as_another_machine '
    overlay /dev && mknod /dev/dxg c 10 125 && overlay /usr/lib && mkdir -p /usr/lib/wsl/lib
    DISPLAY= scripts/run --print --no-install' >"$here/out" 2>&1
  contains "$(<"$here/out")" '--device /dev/dxg' source=/usr/lib/wsl,target=/usr/lib/wsl,readonly LD_LIBRARY_PATH=/usr/lib/wsl/lib ' rust-gears:mesa'
}

test_selinux_gets_the_one_type() {
  as_another_machine '
    mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux && echo 1 >/sys/fs/selinux/enforce
    DISPLAY= scripts/run --print --no-install --out /tmp' >"$here/out" 2>&1
  contains "$(<"$here/out")" --security-opt=label=type:container_runtime_t
  lacks "$(<"$here/out")" label=disable
}

test_without_an_engine_cargo_runs_it() {
  without docker podman
  choice -- --frames 3
  contains "$output" 'cargo run' '-- --frames 3' 'no container engine'
}

test_without_an_engine_and_cargo_it_says_what_to_install() {
  without docker podman cargo
  DISPLAY='' exits 1 scripts/run --no-install
  contains "$output" 'missing: docker.io' 'sudo apt-get install docker.io' '--no-install was given'
}

test_each_choice_can_be_overridden() {
  choice --gpu cdi
  contains "$output" '--device nvidia.com/gpu=all'
  choice --gpu=runtime --image=other:tag
  contains "$output" '--runtime=nvidia' ' other:tag'
  choice --engine podman --gpu none
  contains "$output" 'podman run' ' rust-gears:mesa'
  choice --engine=native
  contains "$output" 'cargo run'
}

test_wrong_options_are_usage_errors() {
  exits 2 scripts/run --gpu=warp
  contains "$output" "not 'warp'"
  exits 2 scripts/run --x-auth
  exits 2 scripts/run --frames 3
  contains "$output" 'come after --'
  exits 2 scripts/run --engine=lxc
  start_x xvfb
  exits 2 scripts/run --x-auth=hope
}

test_displays_of_every_form() {
  start_x xvfb
  exits 0 scripts/run --print
  contains "$output" "-e DISPLAY=$DISPLAY" "source=/tmp/.X11-unix/X${DISPLAY#:}" --network=none readonly
  local -r number=${DISPLAY#:}
  DISPLAY=unix:$number.0 exits 0 scripts/run --print
  contains "$output" "-e DISPLAY=:$number.0"
  DISPLAY='' exits 0 scripts/run --print -- -display ":$number"
  contains "$output" "-e DISPLAY=:$number"
  exits 0 scripts/run --print -- --off-screen
  lacks "$output" DISPLAY X11-unix
  DISPLAY=localhost:10.0 exits 0 scripts/run --print
  contains "$output" 'DISPLAY=:10.0' TCP:localhost:6010 'forwarded by ssh' --network=none
  lacks "$output" --network=host
  DISPLAY=elsewhere:3 exits 0 scripts/run --print
  contains "$output" DISPLAY=elsewhere:3
  lacks "$output" --network=none --network=host
  DISPLAY=nonsense exits 3 scripts/run --print
  contains "$output" "DISPLAY is 'nonsense'"
  DISPLAY='' WAYLAND_DISPLAY=wayland-0 exits 0 scripts/run --print
  contains "$output" 'Wayland session has no X server'
}

# An image whose program prints its arguments, each terminated by NUL.
echoing_image() {
  printf 'FROM rust-gears\nENTRYPOINT ["printf", "%%s\\\\0"]\n' | docker build -q -t rust-gears-test-echo - >/dev/null
  on_exit docker image rm -f rust-gears-test-echo
}

test_quoting_holds() {
  echoing_image
  # shellcheck disable=SC2016 # none of this is to be expanded
  local -r odd=('a b' "it's" '"quoted"' '$HOME `id`' $'line\nbreak' '*' '' '-x' 'ü,=:')
  printf '%s\0' "${odd[@]}" >"$here/expected"
  DISPLAY='' scripts/run --image rust-gears-test-echo -- "${odd[@]}" >"$here/run"
  cmp "$here/expected" "$here/run"
  DISPLAY='' scripts/run --print --image rust-gears-test-echo -- "${odd[@]}" >"$here/printed"
  bash "$here/printed" >"$here/pasted"
  cmp "$here/expected" "$here/pasted"
}

test_folders_with_odd_names() {
  echoing_image
  local folder
  # shellcheck disable=SC2016
  for folder in "$here/a b" "$here/it's, \"so\"" "$here/c:d \$HOME"; do
    mkdir "$folder"
    DISPLAY='' scripts/run --print --image rust-gears-test-echo --out "$folder" >"$here/printed"
    sed '/^docker run/ { s/docker run/docker run --entrypoint touch/; s/$/ file/ }' "$here/printed" | bash
    [[ -f $folder/file ]]
  done
  DISPLAY='' exits 2 scripts/run --print --out "$here/none"
  contains "$output" 'there is no folder'
}

# A fake engine with these properties, because real ones of each kind aren't available. Each argument is a field of
# `docker info` with its value: FIELD=TEXT.
stand_in_docker() {
  mkdir -p "$here/bin"
  {
    printf '#!/usr/bin/env bash\ncase "$*" in\n'
    local field
    for field; do printf '  *%q*) echo %q ;;\n' "${field%%=*}" "${field#*=}"; done
    printf 'esac\n'
  } >"$here/bin/docker"
  chmod +x "$here/bin/docker"
  PATH=$here/bin:$PATH
}

test_cdi_folder_of_docker_25_and_newer() {
  mkdir "$here/cdi" && printf '{"kind": "nvidia.com/gpu"}' >"$here/cdi/nvidia.json"
  stand_in_docker "CDISpecDirs=$here/cdi" 'Runtimes={"nvidia":{},"runc":{}}'
  choice
  contains "$output" '--device nvidia.com/gpu=all' ' rust-gears'
  lacks "$output" --runtime
}

test_a_daemon_that_remaps_users() {
  stand_in_docker 'SecurityOptions=[name=seccomp,profile=default name=userns]'
  choice --out "$here"
  contains "$output" '--user 65532:65532 --userns=host'
}

test_a_daemon_without_root() {
  stand_in_docker 'SecurityOptions=[name=seccomp,profile=default name=rootless]'
  choice
  contains "$output" '--user 0:0' # which is the caller, outside
}

test_docker_from_a_snap() {
  stand_in_docker DockerRootDir=/var/snap/docker/common/var-lib-docker
  choice
  contains "$output" 'Docker from a snap has its own /tmp'
}

test_podman_by_the_name_of_docker() {
  stand_in_docker '--version=podman version 4.3.1' 'Runtimes={"nvidia":{}}'
  choice
  lacks "$output" --runtime
}

test_nvidia_docker_is_obsolete() {
  mkdir "$here/bin" && ln -s /bin/true "$here/bin/nvidia-docker"
  PATH=$here/bin:$PATH as_another_machine '
    overlay /dev && mknod /dev/nvidiactl c 195 255
    DISPLAY= scripts/run --print --no-install' >"$here/out" 2>&1
  contains "$(<"$here/out")" 'nvidia-docker, which is here, is obsolete'
}

test_engine_options_are_printed() {
  choice --engine-option=--ulimit=nofile=1024 --engine-option --ipc=host --image=some:image
  contains "$output" ' --ulimit=nofile=1024 --ipc=host some:image'
  DISPLAY='' exits 2 scripts/run --print --engine-option=nofile=1024
  contains "$output" "not 'nofile=1024'"
}

test_a_value_that_is_missing_does_not_swallow_the_dashes() {
  local option
  for option in --gpu --x-auth --image --engine --out --listen --engine-option; do
    DISPLAY='' exits 2 scripts/run --isolated "$option" -- --frames 3
    contains "$output" "$option needs a value"
  done
}

test_isolated_refuses_off_screen_drawing() {
  DISPLAY='' exits 2 scripts/run --isolated -- --off-screen
  contains "$output" '--off-screen draws nothing that --isolated or --vnc-only could show'
  lacks "$output" --fullscreen
}

test_asking_for_a_missing_gpu() {
  # shellcheck disable=SC2016 # for the other shell
  as_another_machine '
    mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && ln -s /proc/self/fd /dev/fd
    for way in dri wslg; do DISPLAY= scripts/run --gpu=$way || echo "$?"; done' >"$here/out" 2>&1
  contains "$(<"$here/out")" '--gpu=dri needs /dev/dri, and there is no such device here' '--gpu=wslg needs /dev/dxg' \
    'Without a GPU: --gpu=none'
  same $'1\n1' "$(grep -x '[0-9]*' "$here/out")"
  lacks "$(<"$here/out")" 'Error response' docker:
}

test_no_install_builds_nothing() {
  # An engine without images, which logs its commands.
  mkdir "$here/bin"
  local engine
  for engine in docker podman; do
    # shellcheck disable=SC2016 # for that engine
    printf '#!/usr/bin/env bash\necho "$0 $*" >>%q\n[[ $1 != image ]]\n' "$here/asked" >"$here/bin/$engine"
    chmod +x "$here/bin/$engine"
    DISPLAY='' PATH=$here/bin:$PATH exits 1 scripts/run --no-install --engine="$engine" -- --frames 3
    contains "$output" "$engine has no image rust-gears:mesa, and --no-install was given" "scripts/build --engine=$engine mesa"
  done
  lacks "$(<"$here/asked")" ' build' ' pull' ' import' ' run'
}
