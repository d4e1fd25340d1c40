//! Older versions of OpenGL and OpenGL ES: the picture stays the same, and messages say what a version lacks.

mod support;

use image::RgbImage;
use predicates::prelude::*;
use predicates::str::contains;
use rust_gears::bench::report::{Mark, Report, parse};
use rust_gears::stage_name::StageName;
use support::gears::{EQUAL, Environment, RealGears, in_a_window, off_screen};
use support::{XServer, assert_same_picture, have, have_gl, rust_gears};

/// A version that these variables make Mesa offer.
struct Version {
    environment: Environment<'static>,
    api: &'static str,
    /// What `GL_VERSION` begins with.
    offers: &'static str,
    /// The program of mesa-demos that needs the same version.
    real: &'static str,
    /// It has multisampling off-screen.
    has_samples: bool,
    has_srgb: bool,
}

/// Removes all extensions that have become part of OpenGL since 2.1 and that the program uses, except framebuffers.
const NO_EXTENSIONS: &str = "-GL_ARB_sync -GL_ARB_map_buffer_range -GL_ARB_timer_query -GL_ARB_get_program_binary \
                             -GL_ARB_draw_elements_base_vertex -GL_ARB_draw_instanced";

const VERSIONS: &[Version] = &[
    Version {
        environment: &[("MESA_GL_VERSION_OVERRIDE", "3.1"), ("MESA_GLSL_VERSION_OVERRIDE", "140")],
        api: "auto",
        offers: "3.1 ",
        real: "glxgears",
        has_samples: true,
        has_srgb: true,
    },
    Version {
        environment: &[
            ("MESA_GL_VERSION_OVERRIDE", "3.1"),
            ("MESA_GLSL_VERSION_OVERRIDE", "140"),
            ("MESA_EXTENSION_OVERRIDE", NO_EXTENSIONS),
        ],
        api: "gl",
        offers: "3.1 ",
        real: "glxgears",
        has_samples: true,
        has_srgb: true,
    },
    Version {
        environment: &[("MESA_GL_VERSION_OVERRIDE", "2.1"), ("MESA_GLSL_VERSION_OVERRIDE", "120")],
        api: "auto",
        offers: "2.1 ",
        real: "glxgears",
        has_samples: true,
        has_srgb: true,
    },
    Version {
        environment: &[
            ("MESA_GL_VERSION_OVERRIDE", "2.1"),
            ("MESA_GLSL_VERSION_OVERRIDE", "120"),
            ("MESA_EXTENSION_OVERRIDE", NO_EXTENSIONS),
        ],
        api: "gl",
        offers: "2.1 ",
        real: "glxgears",
        has_samples: true,
        has_srgb: true,
    },
    Version {
        environment: &[("MESA_GL_VERSION_OVERRIDE", "1.4"), ("MESA_GLES_VERSION_OVERRIDE", "3.0")],
        api: "auto",
        offers: "OpenGL ES 3.0 ",
        real: "es2gears_x11",
        has_samples: true,
        has_srgb: true,
    },
    Version {
        environment: &[("MESA_GLES_VERSION_OVERRIDE", "2.0")],
        api: "gles",
        offers: "OpenGL ES 2.0 ",
        real: "es2gears_x11",
        has_samples: false,
        has_srgb: false,
    },
    Version {
        environment: &[
            ("MESA_GLES_VERSION_OVERRIDE", "2.0"),
            (
                "MESA_EXTENSION_OVERRIDE",
                "-GL_OES_rgb8_rgba8 -GL_OES_vertex_array_object -GL_OES_element_index_uint",
            ),
        ],
        api: "gles",
        offers: "OpenGL ES 2.0 ",
        real: "es2gears_x11",
        has_samples: false,
        has_srgb: false,
    },
];

/// Draws with one of Mesa's software drivers in every version, and compares the picture with that of the highest version
/// and with the real glxgears or es2gears.
fn every_version_draws_the_picture(driver: &'static str, samples: &[&str]) {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("import") || !have("xdotool") {
        return;
    }
    let driver = ("GALLIUM_DRIVER", driver);
    let best: Vec<[RgbImage; 2]> = samples
        .iter()
        .map(|samples| {
            let still = ["--angle", "0", "--samples", samples];
            [in_a_window(&server, &still, &[driver]), off_screen(&still, &[driver])]
        })
        .collect();
    for (number, version) in VERSIONS.iter().enumerate() {
        let environment = [version.environment, &[driver]].concat();
        let name = format!("version-{number}-{}", driver.1);
        let info = rust_gears()
            .args(["--off-screen", "--frames", "2", "--info", "--gl-api", version.api])
            .envs(environment.iter().copied())
            .assert();
        info.success().stdout(contains(format!("GL_VERSION    = {}", version.offers)).and(contains(" GL_")));

        let Some(mut real) = RealGears::start(&server, version.real, &[], &environment) else { return };
        let window = format!("^{}$", version.real.trim_end_matches("_x11"));
        let theirs = real.shown(&server, &window).expect("it draws with the same OpenGL");
        drop(real);
        for (samples, [in_window, unseen]) in samples.iter().zip(&best) {
            let still = ["--angle", "0", "--samples", samples, "--gl-api", version.api];
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("window.png");
            let with_file = [&still[..], &["--screenshot", file.to_str().unwrap()]].concat();
            let shown = in_a_window(&server, &with_file, &environment);
            assert_same_picture(&format!("{name}-{samples}-screenshot"), &support::picture(&file), &shown, 1.0);
            assert_same_picture(&format!("{name}-{samples}"), &shown, in_window, EQUAL);
            if *samples == "0" || version.has_samples {
                let drawn = off_screen(&still, &environment);
                assert_same_picture(&format!("{name}-{samples}-off-screen"), &drawn, unseen, EQUAL);
            }
            // es2gears' camera and light differ.
            if *samples == "0" && version.real == "glxgears" {
                assert_same_picture(&format!("{name}-real"), &shown, &theirs, EQUAL);
            }
        }
    }
}

#[test]
fn llvmpipe_draws_glxgears_picture_in_every_version() {
    every_version_draws_the_picture("llvmpipe", &["0", "4"]);
}

#[test]
fn softpipe_draws_glxgears_picture_in_every_version() {
    every_version_draws_the_picture("softpipe", &["0"]);
}

#[test]
fn srgb_is_the_same_in_every_version_that_has_it() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("import") || !have("xdotool") {
        return;
    }
    let best = ["--angle", "0", "--srgb"];
    let (shown, unseen) = (in_a_window(&server, &best, &[]), off_screen(&best, &[]));
    for version in VERSIONS {
        let still = [&best[..], &["--gl-api", version.api]].concat();
        if version.has_srgb {
            let name = format!("{}srgb", version.offers);
            assert_same_picture(&name, &in_a_window(&server, &still, version.environment), &shown, EQUAL);
            assert_same_picture(&name, &off_screen(&still, version.environment), &unseen, EQUAL);
        } else {
            for (place, name) in [("--off-screen", ""), ("--display", server.display.as_str())] {
                let place = [place, name].into_iter().filter(|word| !word.is_empty());
                let mut command = rust_gears();
                command.args(place).args(["--frames", "2"]).args(&still).envs(version.environment.iter().copied());
                let told = contains("OpenGL ES 2.0 has no sRGB (--srgb)").and(contains("ask for less"));
                command.assert().code(3).stderr(told.and(contains("too old").not()));
            }
        }
    }
}

#[test]
fn missing_multisampling_is_reported_and_missing_framebuffers_lead_to_another_version() {
    if !have_gl() {
        return;
    }
    let es2 = [("MESA_GLES_VERSION_OVERRIDE", "2.0")];
    let mut command = rust_gears();
    command.args(["--off-screen", "--frames", "2", "--gl-api", "gles", "--samples", "4"]).envs(es2);
    let told = contains("OpenGL ES 2.0 has no multisampling off-screen (--samples)").and(contains("ask for less"));
    command.assert().code(3).stderr(told.and(contains("too old").not()));
    // Without framebuffers, OpenGL 2.1 can't draw off-screen, but OpenGL ES can.
    let none = [
        ("MESA_GL_VERSION_OVERRIDE", "2.1"),
        ("MESA_EXTENSION_OVERRIDE", "-GL_ARB_framebuffer_object -GL_EXT_framebuffer_object"),
    ];
    let draw = |api| {
        let mut command = rust_gears();
        command.args(["--off-screen", "--frames", "2", "--info", "--gl-api", api]).envs(none);
        command.assert()
    };
    draw("auto").success().stdout(contains("GL_VERSION    = OpenGL ES "));
    draw("gl").code(3).stderr(contains("OpenGL 2.1 has no framebuffers to draw into off-screen"));
}

#[test]
fn a_window_without_framebuffers_is_read_with_its_samples_resolved() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() || !have("import") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("window.png");
    let still = ["--angle", "0", "--samples", "4", "--gl-api", "gl", "--screenshot", file.to_str().unwrap()];
    let none = [
        ("MESA_GL_VERSION_OVERRIDE", "2.1"),
        ("MESA_EXTENSION_OVERRIDE", "-GL_ARB_framebuffer_object -GL_EXT_framebuffer_object"),
    ];
    let shown = in_a_window(&server, &still, &none);
    assert_same_picture("window-without-framebuffers", &support::picture(&file), &shown, 1.0);
}

#[test]
fn a_family_that_is_too_old_is_reported_with_its_version() {
    let Some(server) = XServer::xvfb(&[]) else { return };
    if !have_gl() {
        return;
    }
    let old = [("MESA_GL_VERSION_OVERRIDE", "1.4"), ("MESA_GLES_VERSION_OVERRIDE", "1.1")];
    for (api, needed, offered, variable) in [
        ("gl", "OpenGL 2.1 is needed", "offers 1.4 ", "MESA_GL_VERSION_OVERRIDE=1.4"),
        ("gles", "OpenGL ES 2.0 is needed", "offers OpenGL ES-CM 1.1 ", "MESA_GLES_VERSION_OVERRIDE=1.1"),
    ] {
        for place in [["--display", server.display.as_str()], ["--off-screen", "--info"]] {
            let mut command = rust_gears();
            command.args(["--frames", "2", "--gl-api", api]).args(place).envs(old);
            let told = contains(needed)
                .and(contains(offered))
                .and(contains(format!("unset the environment variable {variable}")));
            command.assert().code(3).stderr(told.and(contains("will not draw").not()));
        }
    }
    if have("xdotool") && have("import") {
        let Some(mut real) = RealGears::start(&server, "es2gears_x11", &[], &old) else { return };
        assert_eq!(real.shown(&server, "^es2gears$"), None, "es2gears draws with a version that we refuse");
    }
}

#[test]
fn a_stage_that_cannot_be_measured_says_why_and_the_others_are_measured() {
    if !have_gl() {
        return;
    }
    use StageName::{Classic, Fill, Readback, Submit, Upload, Vertex};
    let old = [
        ("MESA_GL_VERSION_OVERRIDE", "2.1"),
        ("MESA_GLSL_VERSION_OVERRIDE", "120"),
        ("MESA_EXTENSION_OVERRIDE", NO_EXTENSIONS),
    ];
    let es = |version| [("MESA_GLES_VERSION_OVERRIDE", version); 3];
    let cases: [(&str, _, &[StageName], &[&str]); 4] = [
        ("gl", [("MESA_GL_VERSION_OVERRIDE", "3.1"); 3], &[Classic, Submit, Upload, Vertex, Fill, Readback], &[]),
        ("gl", old, &[Classic, Submit, Fill], &["upload", "vertex", "readback"]),
        ("gles", es("3.0"), &[Classic, Submit, Vertex, Fill, Readback], &["upload"]),
        ("gles", es("2.0"), &[Classic, Submit, Fill], &["upload", "vertex", "readback"]),
    ];
    for (api, environment, measured, left_out) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        let table = rust_gears()
            .args(["bench", "--off-screen", "--duration", "0.1s", "--rounds", "5", "--gl-api", api, "--json"])
            .arg(&file)
            .envs(environment)
            .assert()
            .success();
        let report: Report = parse(&std::fs::read_to_string(&file).unwrap()).unwrap().remove(0);
        let names: Vec<StageName> = report.stages.iter().map(|stage| stage.stage).collect();
        assert_eq!(names, measured, "{environment:?}");
        for stage in &report.stages {
            assert!(!stage.marks.contains(&Mark::FramesNotDrawn), "{:?}", stage.stage);
        }
        let reasons = report.marks.iter().filter_map(|mark| match mark {
            Mark::NotMeasured { stage, reason } => Some((stage.as_str(), reason.as_str())),
            _ => None,
        });
        let reasons: Vec<(&str, &str)> = reasons.collect();
        let names: Vec<&str> = reasons.iter().map(|(stage, _)| *stage).collect();
        assert_eq!(names, left_out, "{environment:?}");
        assert!(reasons.iter().all(|(_, reason)| reason.contains(" has no ")), "{reasons:?}");
        let printed = String::from_utf8_lossy(&table.get_output().stdout).into_owned();
        for (stage, reason) in reasons {
            assert!(printed.contains(&format!("! {stage}: not measured: {reason}")), "{printed}");
        }
    }
}
