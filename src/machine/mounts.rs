//! Which mount a file is on: what an engine adds is mounted, and the rest belongs to the image.

use super::small_file::read_small;
use std::path::Path;

/// The mount points of this process, as listed in `mountinfo` (proc(5)).
pub struct Mounts(Vec<String>);

impl Mounts {
    pub fn of_this_process() -> Mounts {
        let bytes = read_small(Path::new("/proc/self/mountinfo")).unwrap_or_default();
        Mounts::parse(&String::from_utf8_lossy(&bytes))
    }

    fn parse(mountinfo: &str) -> Mounts {
        Mounts(mountinfo.lines().filter_map(|line| line.split(' ').nth(4)).map(str::to_owned).collect())
    }

    /// The mount point of a file, given by its path without symlinks: the file itself, or the deepest folder above
    /// it.
    pub fn of(&self, path: &str) -> Option<&str> {
        let above = self.0.iter().filter(|mount| Path::new(path).starts_with(mount.as_str()));
        above.max_by_key(|mount| mount.len()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_point_counts() {
        let mounts = Mounts::parse(
            "590 480 0:88 / / rw - overlay overlay rw\n\
             591 590 8:1 /lib/libEGL_nvidia.so.580 /usr/lib/libEGL_nvidia.so.580 ro - ext4 /dev/sda1 rw\n\
             592 590 8:1 /nvidia /usr/local/nvidia ro - ext4 /dev/sda1 rw\n",
        );
        assert_eq!(mounts.of("/usr/lib/libEGL_nvidia.so.580"), Some("/usr/lib/libEGL_nvidia.so.580"));
        assert_eq!(mounts.of("/usr/lib/libEGL_nvidia.so.565"), Some("/"));
        assert_eq!(mounts.of("/usr/local/nvidia/lib64/libcuda.so.1"), Some("/usr/local/nvidia"));
        assert_eq!(mounts.of("/usr/local/nvidia2/libcuda.so.1"), Some("/"));
        assert_eq!(Mounts::parse("").of("/usr"), None);
    }
}
