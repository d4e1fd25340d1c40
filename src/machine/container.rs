//! The container, its user, and the kernel underneath.

use super::small_file::read_small;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where the program runs, and as which user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// `docker`, `podman`, `kubernetes` and so on; `unknown` in another kind of container, `None` outside of
    /// containers.
    pub engine: Option<String>,
    /// This machine's own name.
    pub hostname: String,
    pub uid: u32,
    /// Group IDs, the primary group first.
    pub groups: Vec<u32>,
    /// Release of the kernel.
    pub kernel: String,
    /// The label that SELinux or AppArmor gives this process.
    pub security_label: Option<String>,
    /// SELinux is enforced.
    pub selinux: bool,
    /// System calls are filtered (seccomp).
    pub seccomp: bool,
    /// The cgroup, version 2, or the first line of version 1.
    pub cgroup: String,
    /// Mount points with "nvidia" in their path, which a GPU runtime adds.
    pub nvidia_mounts: Vec<String>,
    /// musl's loader is here: the image isn't based on glibc, which NVIDIA's files need.
    pub musl: bool,
    pub nvidia_smi: bool,
    /// X servers that are installed.
    pub x_servers: Vec<String>,
    /// /usr/lib/wsl is here, with the libraries that reach the GPU.
    pub wsl_folder: bool,
    /// Its user namespace maps only some of the machine's users and groups, as rootless engines' do.
    pub user_namespace: bool,
    /// This process may ignore file permissions (CAP_DAC_OVERRIDE), except on files of unmapped users.
    pub dac_override: bool,
    /// How many files a process may have open.
    pub open_files: Option<u64>,
    /// VirtualGL is installed.
    pub virtualgl: bool,
    /// The machine's name in the device tree (`compatible`): Jetson and other Arm boards.
    pub device_tree: Option<String>,
}

/// Where this process runs. `environment` may contain variables that engines set; the others are ignored.
pub fn container(environment: &BTreeMap<String, String>) -> Container {
    let status = text("/proc/self/status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>()
    };
    // The effective group, out of real, effective, saved and file system group.
    let mut groups: Vec<u32> = field("Gid:").get(1).copied().into_iter().chain(field("Groups:")).collect();
    groups.dedup();
    let cgroup = text("/proc/self/cgroup").lines().next().unwrap_or_default().to_owned();
    let mountinfo = text("/proc/self/mountinfo");
    let mount_points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4));
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap_or_default();
    let device_tree = text("/proc/device-tree/compatible").trim_end_matches('\0').replace('\0', ",");
    let label = text("/proc/self/attr/current").trim_end_matches(['\0', '\n']).to_owned();
    Container {
        engine: engine(environment, &cgroup, &mountinfo),
        hostname: text("/proc/sys/kernel/hostname").trim().to_owned(),
        uid: field("Uid:").get(1).copied().unwrap_or_default(),
        groups,
        kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
        security_label: (!label.is_empty()).then_some(label),
        selinux: Path::new("/sys/fs/selinux/enforce").exists(),
        seccomp: field("Seccomp:").first().is_some_and(|&mode| mode != 0),
        nvidia_mounts: mount_points.filter(|path| path.contains("nvidia")).map(str::to_owned).collect(),
        cgroup,
        musl: names_in("/lib").any(|name| name.starts_with("ld-musl-")),
        nvidia_smi: Path::new("/usr/bin/nvidia-smi").exists(),
        x_servers: ["Xorg", "Xvfb", "Xvnc", "Xephyr", "Xwayland"]
            .into_iter()
            .filter(|name| Path::new("/usr/bin").join(name).exists())
            .map(str::to_owned)
            .collect(),
        wsl_folder: Path::new("/usr/lib/wsl").is_dir(),
        user_namespace: maps_some_users_only(&text("/proc/self/uid_map")),
        dac_override: has_capability(capabilities, CAP_DAC_OVERRIDE),
        device_tree: (!device_tree.is_empty()).then_some(device_tree),
        open_files: open_files(&text("/proc/self/limits")),
        virtualgl: ["/usr/bin/vglrun", "/opt/VirtualGL/bin/vglrun"].iter().any(|path| Path::new(path).exists()),
    }
}

/// The limit that counts, of the two in /proc/self/limits.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// linux/capability.h
const CAP_DAC_OVERRIDE: u32 = 1;

/// Whether a set of capabilities, in the notation of proc(5), contains this one.
fn has_capability(set: &str, capability: u32) -> bool {
    u64::from_str_radix(set.trim(), 16).is_ok_and(|set| set >> capability & 1 == 1)
}

/// Whether `uid_map` (user_namespaces(7)) leaves users out. The machine's own namespace maps all of them to
/// themselves.
fn maps_some_users_only(uid_map: &str) -> bool {
    let all = ["0", "0", "4294967295"];
    !uid_map.trim().is_empty() && !uid_map.split_whitespace().eq(all)
}

/// Recognises an engine by what it leaves behind.
fn engine(environment: &BTreeMap<String, String>, cgroup: &str, mountinfo: &str) -> Option<String> {
    let is_here = |path: &str| Path::new(path).exists();
    let name = if environment.contains_key("KUBERNETES_SERVICE_HOST") || cgroup.contains("kubepods") {
        "kubernetes"
    } else if is_here("/run/.containerenv") {
        "podman"
    } else if is_here("/.dockerenv") || cgroup.contains("docker") || mountinfo.contains("/docker/containers/") {
        "docker"
    } else if let Some(name) = environment.get("container") {
        name
    } else if root_is_container(mountinfo) || has_own_processes() {
        OTHER_ENGINE
    } else {
        return None;
    };
    Some(name.to_owned())
}

/// A container started by an OCI runtime, without an engine that leaves traces.
pub const OTHER_ENGINE: &str = "OCI runtime";

/// Whether the root in `mountinfo` (proc(5)) is an overlay, or a folder inside a file system.
fn root_is_container(mountinfo: &str) -> bool {
    mountinfo.lines().any(|line| {
        let mut words = line.split(' ').skip(3);
        let (root, mount_point) = (words.next(), words.next());
        let kind = line.split(" - ").nth(1).and_then(|rest| rest.split(' ').next());
        mount_point == Some("/") && (kind == Some("overlay") || root.is_some_and(|root| root != "/"))
    })
}

/// The kernel's own threads are only visible in its first PID namespace.
fn has_own_processes() -> bool {
    text("/proc/2/comm").trim() != "kthreadd" && text("/proc/1/comm").trim() != "systemd"
}

fn text(path: &str) -> String {
    // Files in /proc have no length, and `read_small` only needs a regular file.
    read_small(Path::new(path))
        .map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn names_in(folder: &str) -> impl Iterator<Item = String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_and_capabilities_are_read() {
        assert!(!maps_some_users_only("         0          0 4294967295\n"));
        assert!(maps_some_users_only("         0       1000          1\n         1     100000      65536\n"));
        assert!(!maps_some_users_only(""));
        assert!(has_capability("\t000001ffffffffff", CAP_DAC_OVERRIDE));
        assert!(!has_capability("\t00000000a80425f9", CAP_DAC_OVERRIDE));
        assert!(!has_capability("", CAP_DAC_OVERRIDE));
        let limits =
            "Limit      Soft Limit  Hard Limit  Units\nMax open files    1073741816   1073741816   files\n";
        assert_eq!(open_files(limits), Some(1073741816));
    }

    #[test]
    fn a_containers_root_is_told_from_a_machines() {
        assert!(root_is_container("590 480 0:88 / / rw,relatime - overlay overlay rw,lowerdir=/x\n"));
        assert!(root_is_container("590 480 8:1 /opt/bundle/rootfs / rw - ext4 /dev/sda1 rw\n"));
        assert!(!root_is_container(
            "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n22 21 8:2 /a /home rw - ext4 b rw"
        ));
    }
}
