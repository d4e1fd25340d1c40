//! Compares the picture with known colours, and with the real glxgears.

mod support;

use image::RgbImage;
use std::os::unix::fs::MetadataExt;
use support::gears::{self, EQUAL, RealGears};
use support::{XServer, assert_same_picture, have, have_gl, missing, picture, rust_gears, wait_for};

fn off_screen(arguments: &[&str]) -> RgbImage {
    gears::off_screen(arguments, &[])
}

fn in_a_window(server: &XServer, arguments: &[&str]) -> RgbImage {
    gears::in_a_window(server, arguments, &[])
}

fn count(picture: &RgbImage, color: [u8; 3]) -> usize {
    picture.pixels().filter(|pixel| pixel.0.iter().zip(color).all(|(a, b)| a.abs_diff(b) <= 1)).count()
}

#[test]
fn the_gears_have_their_known_colours() {
    if !have_gl() {
        return;
    }
    let gears = off_screen(&["--angle", "0"]);
    for face in [[193, 24, 0], [0, 193, 48], [48, 48, 242]] {
        assert!(count(&gears, face) > 1500, "{face:?}");
    }
    for ambient in [[41, 5, 0], [0, 41, 10]] {
        assert!(count(&gears, ambient) > 20, "{ambient:?}");
    }
    let black = count(&gears, [0, 0, 0]) as f64 / 90_000.0;
    assert!((black - 0.72).abs() < 0.01, "{black}");
}

#[test]
fn the_gears_turn_unless_their_angle_is_given() {
    if !have_gl() {
        return;
    }
    assert_eq!(off_screen(&["--angle", "33"]), off_screen(&["--angle", "33"]));
    assert_ne!(off_screen(&["--angle", "33"]), off_screen(&["--angle", "34"]));
    // 18 degrees are one tooth of the red gear (20 teeth); the others (10 teeth) turn by -36 degrees, one tooth as well.
    assert_same_picture("tooth", &off_screen(&["--angle", "18"]), &off_screen(&["--angle", "0"]), 0.98);
}

#[test]
fn stereo_draws_both_eyes_side_by_side() {
    if !have_gl() {
        return;
    }
    let pair = off_screen(&["--angle", "0", "--stereo"]);
    assert_eq!(pair.dimensions(), (600, 300));
    let half = |x: u32| image::imageops::crop_imm(&pair, x, 0, 300, 300).to_image();
    let (left, right) = (half(0), half(300));
    assert_ne!(left, right);
    for eye in [&left, &right] {
        assert!(count(eye, [193, 24, 0]) > 1000);
    }
    // The gears are at the distance on which both eyes converge: the red gear's front face moves by a few pixels from one
    // eye to the other, not by the distance between the eyes.
    let mean_x = |eye: &RgbImage| {
        let reds: Vec<u32> =
            eye.enumerate_pixels().filter(|(_, _, p)| p.0 == [193, 24, 0]).map(|(x, _, _)| x).collect();
        reds.iter().sum::<u32>() as f64 / reds.len() as f64
    };
    let parallax = mean_x(&left) - mean_x(&right);
    assert!(parallax.abs() < 15.0, "{parallax}");
}

#[test]
fn srgb_shows_the_materials_own_colours() {
    if !have_gl() {
        return;
    }
    let gears = off_screen(&["--angle", "0", "--srgb"]);
    let plain = off_screen(&["--angle", "0"]);
    assert_ne!(gears, plain);
    let encode = |linear: f64| {
        let encoded = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        (encoded.clamp(0.0, 1.0) * 255.0).round() as u8
    };
    let decode = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    // Front faces are lit by 0.2 + N·L. Without sRGB, 193 = 255 · 0.8 · (0.2 + N·L).
    let light = 193.0 / 255.0 / 0.8;
    let face = [encode(decode(0.8) * light), encode(decode(0.1) * light), 0];
    assert!(count(&gears, face) > 1500, "{face:?}");
}

#[test]
fn window_and_off_screen_show_the_same_picture() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("import") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("window.png");
    let still = ["--angle", "40", "--view", "10,-50,5", "--geometry", "400x300+20+10"];
    let aliased = off_screen(&still);
    for samples in ["0", "4"] {
        let still = [&still[..], &["--samples", samples]].concat();
        let window = in_a_window(&server, &[&still[..], &["--screenshot", file.to_str().unwrap()]].concat());
        assert_same_picture(&format!("window-screenshot-{samples}"), &picture(&file), &window, 1.0);
        // In the GPU's memory, windows are upside down and framebuffers aren't, so a pixel's samples are at other
        // positions: with multisampling, edges differ, but nothing else.
        let off_screen = off_screen(&still);
        assert_same_picture(
            &format!("window-{samples}"),
            &window,
            &off_screen,
            if samples == "0" { EQUAL } else { 0.98 },
        );
        let difference = rust_gears::capture::compare(&window, &off_screen, 2).unwrap().picture;
        for (x, y, pixel) in difference.enumerate_pixels() {
            assert!(
                pixel.0 == [0; 3] || is_edge(&aliased, x, y),
                "{samples} samples: {x},{y} differs but isn't on an edge"
            );
        }
    }
}

/// Whether the pixel's colour differs from that of any neighbour.
fn is_edge(picture: &RgbImage, x: u32, y: u32) -> bool {
    let around = |n: u32, size: u32| n.saturating_sub(1)..=(n + 1).min(size - 1);
    let here = picture.get_pixel(x, y);
    around(x, picture.width()).any(|nx| around(y, picture.height()).any(|ny| picture.get_pixel(nx, ny) != here))
}

/// Turns the scene with the arrow keys, and waits after each until the picture has changed.
fn press(server: &XServer, window: &str, keys: &[&str]) {
    for key in keys {
        let before = server.photograph(Some(window));
        server.tool("xdotool", &["search", "--onlyvisible", "--name", window, "windowfocus", "key", key]);
        wait_for("the view to turn", || (server.photograph(Some(window)) != before).then_some(()));
    }
}

#[test]
fn the_picture_is_glxgears() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("import") || !have("xdotool") {
        return;
    }
    // glxgears has no option for the view, only keys, which turn it by 5 degrees each.
    let cases: [(&str, &str, &[&str], &str); 6] = [
        ("300x300", "0", &[], "20,30,0"),
        ("640x480", "0", &[], "20,30,0"),
        ("200x500", "0", &["Up", "Up", "Left"], "30,35,0"),
        ("300x300", "4", &[], "20,30,0"),
        ("500x200", "4", &["Right", "Right", "Down"], "15,20,0"),
        ("300x300", "0", &["Left"; 12], "20,90,0"),
    ];
    for (size, samples, keys, view) in cases {
        let geometry = format!("{size}+0+0");
        let mut arguments = vec!["-geometry", &geometry];
        if samples != "0" {
            arguments.extend(["-samples", samples]);
        }
        let Some(mut glxgears) = RealGears::start(&server, "glxgears", &arguments, &[]) else { return };
        let refusal = wait_for("glxgears", || {
            let is_drawn = server.windows("^glxgears$").len() == 1
                && server.photograph(Some("^glxgears$")).pixels().any(|p| p.0 != [0; 3]);
            glxgears.last_words().or(is_drawn.then(String::new))
        });
        // Debian 13's Xvfb has no multisampled visual for GLX. (rust-gears uses EGL there.)
        if samples != "0" && refusal.contains("Multisample visual") {
            println!("NOT COMPARED: glxgears gets no window with {samples} samples on this X server");
            continue;
        }
        assert_eq!(refusal, "", "glxgears opens a window");
        press(&server, "^glxgears$", keys);
        let expected = server.photograph(Some("^glxgears$"));
        drop(glxgears);
        let still = ["--angle", "0", "--view", view, "--geometry", &geometry, "--samples", samples];
        let name = format!("glxgears-{size}-{samples}-{view}");
        assert_same_picture(&name, &in_a_window(&server, &still), &expected, EQUAL);
        if samples == "0" {
            assert_same_picture(&format!("{name}-off-screen"), &off_screen(&still), &expected, EQUAL);
        }
    }
}

#[test]
fn arrow_keys_turn_the_scene_as_in_glxgears_and_a_pauses() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("import") || !have("xdotool") {
        return;
    }
    for way in ["swap", "copy"] {
        keys_turn_and_pause(&server, &["--present", way]);
    }
}

fn keys_turn_and_pause(server: &XServer, arguments: &[&str]) {
    let gears = || {
        let mut command = support::rust_gears_process();
        command.args(arguments).env("DISPLAY", &server.display);
        command
    };
    let mut child = gears().args(["--angle", "0"]).spawn().unwrap();
    wait_for("the gears", || server.photograph(Some("rust-gears")).pixels().any(|p| p.0 != [0; 3]).then_some(()));
    press(server, "rust-gears", &["Up", "Up", "Left"]);
    let shown = server.photograph(Some("rust-gears"));
    assert_same_picture("keys", &shown, &off_screen(&["--angle", "0", "--view", "30,35,0"]), EQUAL);
    server.tool("xdotool", &["search", "--name", "rust-gears", "windowfocus", "key", "Escape"]);
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let mut child = gears().spawn().unwrap();
    let photograph = || server.photograph(Some("rust-gears"));
    let moves = || {
        let before = photograph();
        std::thread::sleep(std::time::Duration::from_millis(300));
        photograph() != before
    };
    wait_for("the gears to turn", || moves().then_some(()));
    server.tool("xdotool", &["search", "--name", "rust-gears", "windowfocus", "key", "a"]);
    wait_for("the gears to stop", || (!moves()).then_some(()));
    server.tool("xdotool", &["search", "--name", "rust-gears", "windowfocus", "key", "a"]);
    wait_for("the gears to turn again", || moves().then_some(()));
    support::signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_cached_program_draws_the_same_picture_and_a_damaged_one_is_compiled_again() {
    if !have_gl() {
        return;
    }
    let caches = tempfile::tempdir().unwrap();
    let folder = caches.path().join("rust-gears");
    let draw = || {
        let file = caches.path().join("a.png");
        rust_gears()
            .env("XDG_CACHE_HOME", caches.path())
            .args(["--off-screen", "--frames", "2", "--angle", "7", "--screenshot", file.to_str().unwrap()])
            .assert()
            .success();
        picture(&file)
    };
    let compiled = draw();
    let Ok(files) = std::fs::read_dir(&folder) else { return missing("a driver that returns program binaries") };
    let files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "no program is cached");
    let inodes = || files.iter().map(|file| std::fs::metadata(file).unwrap().ino()).collect::<Vec<_>>();
    let first = inodes();
    assert_eq!(draw(), compiled);
    assert_eq!(inodes(), first, "the cached programs were not used");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files.len(), "the cached programs were not used");
    for (cached, name) in files.iter().flat_map(|file| ["empty", "half"].map(|name| (file, name))) {
        let sound = std::fs::read(cached).unwrap();
        let damaged = if name == "half" { &sound[..sound.len() / 2] } else { &[] };
        std::fs::write(cached, damaged).unwrap();
        assert_eq!(draw(), compiled, "{name}");
        assert_ne!(std::fs::read(cached).unwrap(), damaged, "{name}");
    }
}
