//! Libraries that are missing, damaged or harmful.

use crate::machine::{Machine, compile};
use crate::support::{XServer, is_root};

#[test]
fn row_15_mesa_without_its_drivers() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    // Mesa 25 has all drivers in one library.
    let hide = "hide libgallium-*.so && mount -t tmpfs tmpfs $libraries/dri";
    Machine::with_display(&x).setup(hide).finds(15);
    Machine::new().setup(hide).finds(15);
}

#[test]
fn row_24_without_libxext() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    let report = Machine::with_display(&x).setup("hide libXext.so.6*").finds(24);
    assert!(report.about(24).contains("libxext6"), "{}", report.text());
}

#[test]
fn row_37_a_libc_that_is_too_old() {
    let machine = Machine::new();
    let folder = machine.path("");
    let (libc, map) = (folder.join("libc.so.6"), folder.join("versions"));
    std::fs::write(&map, "GLIBC_2.99 { global: from_the_future; };").unwrap();
    let options = ["-nostdlib", "-Wl,-soname,libc.so.6", &format!("-Wl,--version-script={}", map.display())];
    compile(&libc, "int from_the_future(void) { return 0; }", &options);
    let driver = folder.join("lib/libEGL_nvidia.so.0");
    std::fs::create_dir(folder.join("lib")).unwrap();
    compile(
        &driver,
        "int from_the_future(void); int use(void) { return from_the_future(); }",
        &["-nostdlib", libc.to_str().unwrap()],
    );
    let report = machine.env("LD_LIBRARY_PATH", folder.join("lib")).finds(37);
    assert!(report.about(37).contains("GLIBC_2.99"), "{}", report.text());
}

#[test]
fn row_50_without_window_libraries() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    for (library, package) in [("libXcursor.so.1", "libxcursor1"), ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0")]
    {
        let report = Machine::with_display(&x).setup(&format!("hide {library}*")).finds(50);
        assert!(report.about(50).contains(package), "{}", report.text());
        assert_eq!(report.rows("failure"), [50], "what follows from it is told under it: {}", report.text());
    }
}

#[test]
fn row_51_without_keyboard_data() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    let report = Machine::with_display(&x).setup("mount -t tmpfs tmpfs /usr/share/X11/xkb").finds(51);
    assert!(report.about(51).contains("xkb-data"), "{}", report.text());
    assert_eq!(report.rows("failure"), [51], "{}", report.text());
}

#[test]
fn row_55_a_driver_that_crashes_when_it_is_loaded() {
    let crash = "__attribute__((constructor)) static void crash(void) { *(volatile int *)8 = 1; }";
    let report = Machine::new().library("libEGL_nvidia.so.0", crash).finds(55);
    assert!(report.about(55).contains("SIGSEGV"), "{}", report.text());
}

#[test]
fn row_56_a_driver_that_is_cut_short() {
    let x = XServer::start("Xvfb", &[]);
    let machine = Machine::with_display(&x).library("libGLX_nvidia.so.0", "int a[100000] = {1};");
    let path = machine.path("lib/libGLX_nvidia.so.0");
    let whole = std::fs::read(&path).unwrap();
    // Not empty, because empty files are what NVIDIA's runtime leaves in an image, and they count as missing
    // libraries.
    for length in [10, 70, 5000] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let report = machine.finds(56);
        assert!(report.about(56).contains("libGLX_nvidia.so.0"), "{}", report.text());
    }
}

#[test]
fn row_57_a_driver_that_hangs_when_it_is_loaded() {
    let hang = "#include <unistd.h>\n__attribute__((constructor)) static void hang(void) { for (;;) pause(); }";
    let machine = Machine::new().library("libEGL_nvidia.so.0", hang);
    machine.finds(57);
    // Even EGL's initialisation hangs in it, because it is EGL's only driver.
    let vendor = r#"{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_nvidia.so.0"}}"#;
    let machine = machine.file("10_nvidia.json", vendor);
    let folder = machine.path("");
    machine.env("__EGL_VENDOR_LIBRARY_DIRS", folder).finds(57);
}

#[test]
fn row_58_without_libglvnd() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    let report = Machine::with_display(&x).setup("hide libEGL.so* libGL.so*").finds(58);
    assert!(report.about(58).contains("libegl1 libgl1"), "{}", report.text());
    assert_eq!(report.rows("failure"), [58], "{}", report.text());
    Machine::new().setup("hide libEGL.so*").finds(58);
}

#[test]
fn row_64_invalid_vendor_files() {
    for content in ["", "{", "[]", r#"{"ICD": {"library_path": 7}}"#] {
        let machine = Machine::new().file("10_nvidia.json", content);
        let folder = machine.path("");
        machine.env("__EGL_VENDOR_LIBRARY_DIRS", folder).finds(64);
    }
}
