//! Displays, X servers and cookies.

use crate::machine::Machine;
use crate::support::{SECRET, XServer, cookie, is_root};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

#[test]
fn row_1_without_a_display() {
    let report = Machine::new().examine();
    assert_eq!(report.rows("skipped"), [1]);
    assert!(report.about(1).contains("-e DISPLAY"));
}

#[test]
fn row_2_no_socket() {
    let report = Machine::new().env("DISPLAY", ":47113").finds(2);
    assert!(report.about(2).contains("-v /tmp/.X11-unix/X47113:/tmp/.X11-unix/X47113"), "{}", report.text());
}

#[test]
fn row_2_names_in_the_folder_of_sockets_do_not_fill_the_report() {
    if !is_root() {
        return;
    }
    let many = "mount -t tmpfs tmpfs /tmp/.X11-unix && cd /tmp/.X11-unix && seq -f X%.0f 0 40000 | xargs touch && \
                seq -f Xnone%.0f 0 40000 | xargs touch";
    let report = Machine::new().env("DISPLAY", ":47113").setup(many).finds(2);
    assert!(report.about(2).contains("here are: :0, :1, :2, ") && report.about(2).contains(" and 39989 more"));
    let length = report.0.to_string().len();
    assert!(length < 100_000, "{length} bytes");
}

#[test]
fn row_2_the_server_has_ended() {
    let mut x = XServer::start("Xvfb", &[]);
    x.kill();
    let report = Machine::with_display(&x).finds(2);
    assert!(report.about(2).contains("has ended"), "{}", report.text());
}

#[test]
fn row_3_unix_before_an_ssh_display() {
    let report = Machine::new().env("DISPLAY", "unixlocalhost:10.0").finds(3);
    assert!(report.about(3).contains("-e DISPLAY=localhost:10.0 --network=host"), "{}", report.text());
    assert_eq!(report.rows("failure"), [3]);
}

#[test]
fn row_4_no_cookie_at_all() {
    let x = XServer::with_cookie();
    let machine = Machine::new().env("DISPLAY", &x.display);
    let report = machine.finds(4);
    assert!(report.about(4).contains("XAUTHORITY is not set"), "{}", report.text());
    let missing = machine.env("XAUTHORITY", "/nowhere/cookies").finds(4);
    assert!(missing.about(4).contains("/nowhere/cookies, which is not there"), "{}", missing.text());
}

#[test]
fn row_4_a_cookie_file_that_cannot_be_read() {
    if !is_root() {
        return;
    }
    let x = XServer::with_cookie();
    let machine = Machine::new().env("DISPLAY", &x.display).file("cookies", cookie(0xffff, "", "", &SECRET));
    let path = machine.path("cookies");
    let machine = machine.env("XAUTHORITY", &path).setup("chmod 600 $XAUTHORITY").by_nobody();
    let report = machine.finds(4);
    assert!(report.about(4).contains("cannot be read"), "{}", report.text());
}

#[test]
fn row_4_a_file_without_a_fitting_cookie() {
    let x = XServer::with_cookie();
    let other = (x.number() + 1).to_string();
    for bytes in [Vec::new(), b"no cookies at all".to_vec(), cookie(0xffff, "", &other, &SECRET)] {
        let machine = Machine::new().env("DISPLAY", &x.display).file("cookies", &bytes);
        let path = machine.path("cookies");
        machine.env("XAUTHORITY", path).finds(4);
    }
}

#[test]
fn row_5_the_words_of_older_servers() {
    let number = 20_000 + std::process::id() % 10_000;
    let socket = format!("/tmp/.X11-unix/X{number}");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let _ = client.read(&mut [0; 512]);
            let words = b"No protocol specified\n";
            let mut refusal = vec![0, words.len() as u8, 11, 0, 0, 0, words.len().div_ceil(4) as u8, 0];
            refusal.extend(words);
            refusal.resize(8 + words.len().next_multiple_of(4), 0);
            let _ = client.write_all(&refusal);
        }
    });
    Machine::new().env("DISPLAY", format!(":{number}")).finds(5);
    std::fs::remove_file(socket).unwrap();
}

#[test]
fn row_6_a_cookie_bound_to_the_hosts_name() {
    let x = XServer::with_cookie();
    let number = x.number().to_string();
    let bound = |host: &str| {
        let machine =
            Machine::new().env("DISPLAY", &x.display).file("cookies", cookie(0x0100, host, &number, &SECRET));
        let path = machine.path("cookies");
        machine.env("XAUTHORITY", path)
    };
    let report = bound("the-host").finds(6);
    assert!(report.about(6).contains("the-host"), "{}", report.text());
    // Bound to this machine's own name, it is accepted.
    bound(&hostname()).finds(21);
}

#[test]
fn row_7_a_stale_cookie() {
    let x = XServer::with_cookie();
    let machine =
        Machine::new().env("DISPLAY", &x.display).file("cookies", cookie(0xffff, "", "", b"fedcba9876543210"));
    let path = machine.path("cookies");
    let report = machine.env("XAUTHORITY", path).finds(7);
    assert_eq!(report.rows("failure"), [7]);
}

#[test]
fn row_8_a_folder_as_cookie() {
    let x = XServer::with_cookie();
    let machine = Machine::new().env("DISPLAY", &x.display);
    let folder = machine.path("");
    machine.env("XAUTHORITY", folder).finds(8);
}

#[test]
fn row_9_an_ssh_display_on_the_containers_loopback() {
    let report = Machine::new().env("DISPLAY", "localhost:10.0").finds(9);
    assert!(report.about(9).contains("--network=host"), "{}", report.text());
}

#[test]
fn row_10_an_untrusted_cookie() {
    let x = XServer::with_cookie();
    let machine = Machine::with_display(&x);
    let path = machine.path("untrusted");
    let generate = std::process::Command::new("xauth")
        .args(["-q", "-f", path.to_str().unwrap(), "generate", &x.display, ".", "untrusted", "timeout", "60"])
        .env("XAUTHORITY", x.cookies.as_ref().unwrap())
        .output()
        .unwrap();
    assert!(generate.status.success(), "{}", String::from_utf8_lossy(&generate.stderr));
    machine.env("XAUTHORITY", path).finds(10);
}

#[test]
fn row_11_a_socket_that_may_not_be_opened() {
    if !is_root() {
        return;
    }
    // Without the abstract socket, which has no permissions.
    let x = XServer::start("Xvfb", &["-nolisten", "local"]);
    std::fs::set_permissions(x.socket(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let report = Machine::with_display(&x).by_nobody().finds(11);
    assert!(report.about(11).contains("-u $(id -u)"), "{}", report.text());
    let selinux = "mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux && echo 1 >/sys/fs/selinux/enforce";
    let report = Machine::with_display(&x).setup(selinux).by_nobody().finds(11);
    assert!(report.about(11).contains("label=type:container_runtime_t"), "{}", report.text());
}

#[test]
fn row_13_a_separate_ipc_namespace() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    let report = Machine::with_display(&x).through(&["unshare", "--ipc"]).finds(21);
    // It draws anyway, so this must not be a failure.
    assert_eq!(report.rows("ok"), [13], "{}", report.text());
    assert_eq!(report.rows("failure"), [] as [u64; 0], "{}", report.text());
}

#[test]
fn row_33_a_wayland_session_without_its_cookie() {
    let x = XServer::with_cookie();
    let report = Machine::new().env("DISPLAY", &x.display).env("WAYLAND_DISPLAY", "wayland-0").finds(33);
    assert_eq!(report.rows("failure"), [33]);
}

#[test]
fn row_38_an_x_server_that_died_beside_nvidias_egl() {
    let mut x = XServer::start("Xvfb", &[]);
    x.kill();
    let report = Machine::with_display(&x).library("libEGL_nvidia.so.0", "").finds(38);
    assert!(report.about(38).contains("50_mesa.json"), "{}", report.text());
}

#[test]
fn row_52_an_x_server_without_randr() {
    // Current servers can't be started without XKEYBOARD and XInput.
    let x = XServer::start("Xvfb", &["-extension", "RANDR"]);
    let report = Machine::with_display(&x).finds(52);
    assert!(report.about(52).contains("no RANDR"), "{}", report.text());
    assert_eq!(report.rows("failure"), [52], "what follows from it is told under it: {}", report.text());
}

#[test]
fn row_53_an_x_server_that_hangs() {
    let x = XServer::start("Xvfb", &[]);
    x.signal("STOP");
    let report = Machine::with_display(&x).finds(53);
    x.signal("CONT");
    assert_eq!(report.rows("failure"), [53]);
}

#[test]
fn row_54_an_x_server_without_glx() {
    let x = XServer::start("Xvfb", &["-extension", "GLX"]);
    let report = Machine::with_display(&x).finds(54);
    // EGL can draw in a window there.
    assert_eq!(report.rows("failure"), [] as [u64; 0], "{}", report.text());
}

#[test]
fn row_91_a_screen_of_8_bits_per_pixel() {
    let x = XServer::start("Xvfb", &["-screen", "0", "640x480x8"]);
    let report = Machine::with_display(&x).finds(91);
    assert!(report.about(91).contains("8 bits per pixel"), "{}", report.text());
    assert_eq!(report.rows("failure"), [91], "what follows from it is told under it: {}", report.text());
}

#[test]
fn row_60_not_the_name_of_a_display() {
    for name in ["nonsense", ":", "::::", ":1.x", ":99999999999"] {
        Machine::new().env("DISPLAY", name).finds(60);
    }
}

#[test]
fn a_run_that_fails_ends_with_the_leading_cause() {
    let x = XServer::with_cookie();
    let machine = Machine::new().env("DISPLAY", &x.display);
    let (output, _) = machine.run(&["--frames", "1"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("no connection to the X server"), "{errors}");
    let doctor = errors.find("rust-gears: doctor: the X server refused").expect(&errors);
    assert!(
        errors[doctor..].contains("cause: ") && errors[doctor..].contains("fix:   on the host: d=$(mktemp -d)"),
        "{errors}"
    );
    // Not if the request is at fault rather than the machine.
    let (output, _) = Machine::new().run(&["--off-screen", "--device", "99"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("doctor:"));
}
