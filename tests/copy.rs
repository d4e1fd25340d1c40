//! Frames that are copied into the window: the same pictures as with a swap, on every screen and on every way to the X server,
//! and as many as were drawn.

mod support;

#[path = "support/x_proxy.rs"]
mod x_proxy;

use image::RgbImage;
use predicates::prelude::*;
use predicates::str::contains;
use std::process::Command;
use support::gears::{EQUAL, in_a_window, off_screen};
use support::{XServer, assert_same_picture, have, have_gl, missing, rust_gears, rust_gears_process, wait_for};
use x_proxy::RefusingDisplay;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};

/// How the summary says that frames were copied.
const THROUGH_MEMORY: &str = "; each frame copied through shared memory in ";
const THROUGH_SOCKET: &str = "; each frame copied through the socket in ";

/// Servers, the option to select them, and how frames get there.
const SERVERS: [(&[&str], &str); 3] = [
    (&[], THROUGH_MEMORY),
    (&["-extension", "MIT-SHM"], THROUGH_SOCKET),
    (&["-extension", "GLX"], THROUGH_MEMORY),
];

fn copied(server: &XServer, arguments: &[&str]) -> RgbImage {
    in_a_window(server, &[&["--present", "copy", "--angle", "40"], arguments].concat(), &[])
}

#[test]
fn the_picture_is_the_one_that_a_swap_shows() {
    if !have_gl() || !have("import") {
        return;
    }
    for (arguments, through) in SERVERS {
        let Some(server) = XServer::xvfb(arguments) else { return };
        let run =
            rust_gears().args(["--present", "copy", "--frames", "9"]).env("DISPLAY", &server.display).assert();
        run.success().stderr(contains(" drew on-screen on ").and(contains(through)));
        for still in [
            &["--geometry", "300x300+0+0"][..],
            &["--geometry", "501x203+0+0"],
            &["--geometry", "200x300+0+0", "--samples", "4"],
            &["--srgb", "--gl-api", "gles"],
            &["--gl-api", "gles"],
        ] {
            let name = format!("copy-{}-{}", arguments.join(""), still.join(""));
            assert_same_picture(
                &name,
                &copied(&server, still),
                &off_screen(&[&["--angle", "40"], still].concat(), &[]),
                EQUAL,
            );
        }
    }
    let Some(server) = XServer::xvfb(&[]) else { return };
    let swapped = in_a_window(&server, &["--present", "swap", "--angle", "40"], &[]);
    assert_same_picture("copy-swap", &copied(&server, &[]), &swapped, EQUAL);
}

#[test]
fn old_opengl_reads_without_pixel_buffers() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("import") {
        return;
    }
    for environment in [
        [("MESA_GL_VERSION_OVERRIDE", "2.1"), ("MESA_EXTENSION_OVERRIDE", "-GL_MESA_pack_invert")],
        [("MESA_GLES_VERSION_OVERRIDE", "2.0"), ("MESA_GL_VERSION_OVERRIDE", "1.4")],
    ] {
        let shown = in_a_window(&server, &["--present", "copy", "--angle", "40"], &environment);
        assert_same_picture("copy-old", &shown, &off_screen(&["--angle", "40"], &[]), EQUAL);
    }
}

/// The colours of a screen with fewer bits.
fn as_shown(picture: &RgbImage, bits: [u32; 3]) -> RgbImage {
    let mut picture = picture.clone();
    for pixel in picture.pixels_mut() {
        for (channel, bits) in pixel.0.iter_mut().zip(bits) {
            let most = (1 << bits) - 1;
            let kept = (u32::from(*channel) * most + 127) / 255;
            *channel = ((kept * 255 + most / 2) / most) as u8;
        }
    }
    picture
}

#[test]
fn screens_of_16_and_30_bits_show_the_right_colours_and_one_of_8_is_named() {
    if !have_gl() || !have("import") {
        return;
    }
    let expected = off_screen(&["--angle", "40"], &[]);
    for (depth, bits) in [("16", [5, 6, 5]), ("30", [8, 8, 8])] {
        for extension in ["", "MIT-SHM"] {
            let screen = format!("640x480x{depth}");
            let arguments = ["-screen", "0", &screen, "-extension", extension];
            let Some(server) = XServer::xvfb(&arguments[..if extension.is_empty() { 3 } else { 5 }]) else {
                return;
            };
            let shown = copied(&server, &[]);
            assert_same_picture(&format!("copy-{depth}{extension}"), &shown, &as_shown(&expected, bits), EQUAL);
        }
    }
    let Some(server) = XServer::xvfb(&["-screen", "0", "640x480x8"]) else { return };
    let run = rust_gears().args(["--present", "copy", "--frames", "2"]).env("DISPLAY", &server.display).assert();
    run.code(1).stderr(contains("8 bits per pixel"));
}

#[test]
fn a_picture_larger_than_a_request_arrives_in_parts() {
    let Some(server) = XServer::xvfb(&["-screen", "0", "2600x1700x24", "-extension", "MIT-SHM"]) else { return };
    if !have_gl() || !have("import") {
        return;
    }
    let still = ["--geometry", "2600x1700+0+0"];
    let expected = off_screen(&["--angle", "40", "--geometry", "2600x1700+0+0"], &[]);
    assert_same_picture("copy-parts", &copied(&server, &still), &expected, EQUAL);
}

#[test]
fn a_window_that_is_resized_shows_pictures_of_its_new_size() {
    for (arguments, _) in SERVERS {
        let Some(server) = XServer::xvfb(arguments) else { return };
        if !have_gl() || !have("import") || !have("xdotool") {
            return;
        }
        let mut command = rust_gears_process();
        command.args(["--present", "copy", "--angle", "40", "--samples", "2"]).env("DISPLAY", &server.display);
        let mut child = command.spawn().unwrap();
        server.window("rust-gears");
        for size in ["200x200", "450x310", "301x299", "640x480"] {
            let (width, height) = size.split_once('x').unwrap();
            server.tool(
                "xdotool",
                &["search", "--onlyvisible", "--name", "rust-gears", "windowsize", width, height],
            );
            let expected = off_screen(&["--angle", "40", "--samples", "2", "--geometry", size], &[]);
            let is_shown = || {
                let difference =
                    rust_gears::capture::compare(&server.photograph(Some("rust-gears")), &expected, 2)?;
                (difference.equal_share() >= EQUAL).then_some(())
            };
            wait_for(&format!("the picture of {size}"), is_shown);
        }
        support::signal(&child, "INT");
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }
}

/// How many pictures of a window with the default size the server has drawn, according to the server itself (XDamage), while the
/// program drew `frames`.
fn shown(display: &str, way: &str, through: Option<&str>, frames: u32) -> usize {
    let (connection, screen) = x11rb::connect(Some(display)).unwrap();
    let root = connection.setup().roots[screen].root;
    connection.damage_query_version(1, 1).unwrap().reply().unwrap();
    let damage = connection.generate_id().unwrap();
    connection.damage_create(damage, root, ReportLevel::RAW_RECTANGLES).unwrap().check().unwrap();
    let mut command = rust_gears();
    command.args(["--present", way, "--frames", &frames.to_string(), "--json"]).env("DISPLAY", display);
    let output = command.output().unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["frames"], frames, "{summary}");
    assert_eq!(summary["present"], way, "{summary}");
    assert_eq!(summary["copy"]["through"].as_str(), through, "{summary}");
    assert_eq!(summary["copy"]["ms"].is_f64(), through.is_some(), "{summary}");
    // An answer that comes after all events.
    x11rb::protocol::xproto::get_input_focus(&connection).unwrap().reply().unwrap();
    let events = std::iter::from_fn(|| connection.poll_for_event().unwrap());
    let is_picture =
        |event: &Event| matches!(event, Event::DamageNotify(e) if (e.area.width, e.area.height) == (300, 300));
    events.filter(is_picture).count()
}

#[test]
fn as_many_frames_are_shown_as_are_drawn() {
    if !have_gl() {
        return;
    }
    // The window itself is drawn, too, when it appears.
    let fifty = |display: &str, way, through| shown(display, way, through, 90) - shown(display, way, through, 40);
    for (arguments, summary) in SERVERS {
        let Some(server) = XServer::xvfb(arguments) else { return };
        let through = if summary == THROUGH_MEMORY { "shared-memory" } else { "socket" };
        assert_eq!(fifty(&server.display, "copy", Some(through)), 50, "{arguments:?}");
    }
    let Some(server) = XServer::xvfb(&[]) else { return };
    assert_eq!(fifty(&server.display, "swap", None), 50, "swapped");
    // The server's refusal of shared memory loses no frame.
    let refusing = RefusingDisplay::new(&server, 20);
    assert_eq!(fifty(&refusing.name, "copy", Some("socket")), 50, "refused");
}

#[test]
fn auto_copies_in_software_only_where_drivers_share_no_memory_with_the_server() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    let has_gpu = rust_gears::machine::nvidia_driver_version().is_some()
        || rust_gears::machine::has_other_gpu(std::path::Path::new("/sys/class/drm"));
    if !have_gl() || has_gpu {
        return missing("a machine without a GPU");
    }
    let run = |wrapper: &[&str], arguments: &[&str], display: &str| {
        let mut command = Command::new(wrapper.first().copied().unwrap_or("env"));
        command.args(wrapper.get(1..).unwrap_or_default()).arg(assert_cmd::cargo::cargo_bin("rust-gears"));
        let output = command.args(["--frames", "9"]).args(arguments).env("DISPLAY", display).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{errors}");
        errors
    };
    assert!(!run(&[], &[], &server.display).contains("copied"));
    let container = ["unshare", "--map-root-user", "--ipc"];
    let copied = run(&container, &[], &server.display);
    assert!(copied.contains(THROUGH_MEMORY), "{copied}");
    assert!(!run(&container, &["--present", "swap"], &server.display).contains("copied"));
    assert!(!run(&container, &["--gl-vendor", "mesa", "--present", "swap"], &server.display).contains("copied"));
}

#[test]
fn through_a_network_frames_pass_through_the_socket() {
    let Some(server) = XServer::xvfb(&["-listen", "tcp"]) else { return };
    if !have_gl() {
        return;
    }
    let display = format!("127.0.0.1{}", server.display);
    let run = rust_gears().args(["--present", "copy", "--frames", "9"]).env("DISPLAY", display).assert();
    run.success().stderr(contains(THROUGH_SOCKET));
}

#[test]
fn what_cannot_be_copied_is_named() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    let run = |arguments: &[&str]| {
        rust_gears().args(["--present", "copy"]).args(arguments).env("DISPLAY", &server.display).assert()
    };
    run(&["--stereo"]).code(3).stderr(contains("--stereo").and(contains("remove --present copy")));
    run(&["--samples", "64"]).code(3).stderr(contains("64 samples"));
    run(&["--off-screen"]).code(2).stderr(contains("--off-screen"));
    run(&["--swap-interval", "1", "--info", "--frames", "9"])
        .success()
        .stderr(contains("swap interval: asked 1, accepted 0 (copied frames wait for no refresh)"));
}
