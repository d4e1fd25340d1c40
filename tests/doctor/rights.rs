//! Access that is denied for a reason that file permissions don't show.

use crate::machine::{Machine, program};
use crate::support::{XServer, is_root};
use std::os::unix::net::UnixStream;
use std::process::Command;

/// A program that runs a command that may open files for writing only in /tmp and /proc. Elsewhere it gets EACCES
/// whatever the file's mode, as with an SELinux policy.
const LANDLOCK: &str = r#"
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <linux/landlock.h>
    #include <sys/prctl.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main(int count, char **words) {
        struct landlock_ruleset_attr handled = { .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE };
        int rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0);
        if (rules < 0) return 125;
        const char *folders[] = { "/tmp", "/proc" };
        for (int i = 0; i < 2; i++) {
            struct landlock_path_beneath_attr beneath = {
                .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE, .parent_fd = open(folders[i], O_PATH) };
            if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0)) return 126;
        }
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0)) return 126;
        execvp(words[1], words + 1);
        return 127;
    }
"#;

#[test]
fn row_70_a_security_module_denies_what_the_mode_allows() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let deny = machine.path("deny");
    program(&deny, LANDLOCK);
    if Command::new(&deny).arg("true").status().unwrap().code() == Some(125) {
        eprintln!("NOT TESTED: this kernel has no Landlock");
        return;
    }
    let machine = machine.setup("nvidia_driver 580.159.04; nvidia_nodes 666").through(&[deny.to_str().unwrap()]);
    let report = machine.finds(70);
    let about = report.about(70);
    assert!(about.contains("/dev/nvidia0") && about.contains("dmesg"), "{}", report.text());
    assert!(!about.contains("chmod") && !about.contains("--group-add"), "{}", report.text());
    let selinux = "mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux && echo 1 >/sys/fs/selinux/enforce";
    let report = machine.setup(selinux).finds(70);
    assert!(report.about(70).contains("setsebool -P container_use_devices=1"), "{}", report.text());
}

#[test]
fn row_82_a_group_that_is_not_mapped_into_the_namespace() {
    if !is_root() {
        return;
    }
    let nodes = "overlay /dev && mkdir /dev/dri && mknod -m 660 /dev/dri/renderD128 c 1 3 && chgrp 4711 /dev/dri/renderD128";
    let rootless = [
        "setpriv",
        "--reuid",
        "4712",
        "--regid",
        "4712",
        "--clear-groups",
        "unshare",
        "--user",
        "--map-root-user",
    ];
    let report = Machine::new().setup(nodes).through(&rootless).finds(82);
    assert!(report.about(82).contains("keep-groups") && report.about(82).contains("crun"), "{}", report.text());
    assert!(!report.text().contains("--group-add 65534"), "{}", report.text());
}

#[test]
fn row_77_an_x_server_that_is_full() {
    let x = XServer::start("Xvfb", &["-maxclients", "64"]);
    let clients: Vec<UnixStream> = (0..70).map_while(|_| UnixStream::connect(x.socket()).ok()).collect();
    let report = Machine::with_display(&x).finds(77);
    assert!(report.about(77).contains("Maximum number of clients reached"), "{}", report.text());
    assert!(report.about(77).contains("-maxclients") && !report.about(77).contains("cookie"), "{}", report.text());
    drop(clients);
}
