# shellcheck shell=bash
# Limits how much of this machine a container may use, which keeps a malicious image, or a viewer with an enormous window, from
# exhausting it. --engine-option overrides each limit.

# llvmpipe has a thread per processor, 32 at most, and Mesa as many to compile shaders: 3 on 1 processor, 33 on 16, 65 on 32 and
# more, also on 128 (docs/measurements.md, Limits). isolated has eight more. NVIDIA's driver has some of its own, and there is
# room for them.
readonly most_processes=512

# 300×300 takes 32 MiB, a benchmark 97 MiB, 16384×16384 off-screen with a screenshot 2.4 GiB, with the driver's maximum of
# samples 5 GiB; isolated also has two pictures of the screen.
readonly most_memory=8192 # MiB

# Only what the engine can limit: rootless ones need these control groups delegated to the user by systemd.
limits_args() {
  local limited memory
  if [[ $engine_kind == podman ]]; then
    limited=$(engine_info '{{.Host.CgroupControllers}}')
  else
    limited=$(engine_info '{{if .PidsLimit}}pids{{end}} {{if .MemoryLimit}}memory{{end}}')
  fi
  # A quarter of a smaller machine's memory is left to everything else.
  memory=$(awk -v most="$most_memory" '$1 == "MemTotal:" { mib = int($2 / 1024 * 3 / 4); print mib < most ? mib : most }' /proc/meminfo)
  [[ $limited != *pids* ]] || printf '%s\0' "--pids-limit=$most_processes"
  [[ $limited != *memory* ]] || printf '%s\0' "--memory=${memory}m"
}
