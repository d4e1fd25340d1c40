//! Drivers that were passed in incompletely or where the linker doesn't find them; WSL, Jetson and other special machines.

use crate::gpu::{VERSION, given, told};
use crate::machine::{Machine, compile};
use crate::support::is_root;

#[test]
fn row_72_a_driver_outside_the_linkers_path() {
    if !is_root() {
        return;
    }
    let folder = "/usr/local/nvidia/lib64";
    let setup = format!(
        "nvidia_nodes 666 nvidia-modeset; mount -t tmpfs tmpfs /usr/local && mkdir -p {folder} && cp -P $here/lib/* {folder}"
    );
    let machine = Machine::new().env("container", "lxc").setup(&format!("nvidia_driver {VERSION}; {setup}"));
    let machine = machine.nvidia_libraries(VERSION).env("LD_LIBRARY_PATH", "");
    let report = machine.finds(72);
    assert!(report.about(72).contains(&format!("-e LD_LIBRARY_PATH={folder}")), "{}", report.text());
    assert!(!report.text().contains("NVIDIA_DRIVER_CAPABILITIES"), "{}", report.text());
    // The advice works.
    let report = machine.env("LD_LIBRARY_PATH", folder).examine();
    assert!(!report.rows("failure").contains(&72), "{}", report.text());
}

#[test]
fn row_73_a_cdi_specification_that_leaves_libraries_out() {
    if !is_root() {
        return;
    }
    let machine = given().env("NVIDIA_VISIBLE_DEVICES", "void").setup("nvidia_nodes 666 nvidia-modeset");
    let machine = told(machine);
    std::fs::remove_file(machine.path(&format!("lib/libnvidia-eglcore.so.{VERSION}"))).unwrap();
    let report = machine.finds(73);
    let about = report.about(73);
    assert!(about.contains("libnvidia-eglcore") && about.contains("nvidia-ctk cdi generate"), "{}", report.text());
    assert!(!report.text().contains("-e NVIDIA_DRIVER_CAPABILITIES"), "{}", report.text());
}

#[test]
fn row_75_a_profile_that_hides_gpus_from_egl() {
    if !is_root() {
        return;
    }
    let folder = "/etc/nvidia/nvidia-application-profiles-rc.d";
    let profile = r#"{"profiles": [{"name": "_container_", "settings": ["EGLVisibleDGPUDevices", 0x1]}]}"#;
    // The fake nodes are copies of /dev/null, so their minor number is 3.
    let setup = format!(
        "nvidia_nodes 666 'nvidia-modeset nvidia1'; overlay /etc && mkdir -p {folder} && echo '{profile}' >{folder}/10-container.conf"
    );
    let report = told(given().setup(&setup)).finds(75);
    assert!(
        report.about(75).contains("10-container.conf") && report.about(75).contains("0x1"),
        "{}",
        report.text()
    );
}

fn kernel(release: &str) -> String {
    format!("echo {release} >$here/osrelease && mount --bind $here/osrelease /proc/sys/kernel/osrelease")
}

#[test]
fn row_76_wsl_with_everything_it_needs_but_llvmpipe_draws() {
    if !is_root() {
        return;
    }
    let setup =
        format!("{}; overlay /dev && mknod -m 666 /dev/dxg c 1 3", kernel("6.6.87.2-microsoft-standard-WSL2"));
    let machine = Machine::new().setup(&setup).library("libdxcore.so", "");
    let report = machine.finds(76);
    assert!(report.about(76).contains("-e GALLIUM_DRIVER=d3d12"), "{}", report.text());
    assert!(!report.text().contains("no GPU was passed"), "{}", report.text());
}

#[test]
fn row_81_a_jetson_without_its_runtime() {
    if !is_root() {
        return;
    }
    let report = Machine::new().env("container", "lxc").setup(&kernel("5.15.148-tegra")).finds(81);
    assert!(report.about(81).contains("--runtime=nvidia"), "{}", report.text());
}

#[test]
fn row_83_a_card_without_nvidias_driver() {
    if !is_root() {
        return;
    }
    let card = "card=/sys/bus/pci/devices/0000:01:00.0; mount -t tmpfs tmpfs /sys/bus/pci/devices && mkdir $card && \
                echo 0x10de >$card/vendor && echo 0x030000 >$card/class";
    let report = Machine::new().setup(card).finds(83);
    assert!(report.about(83).contains("mokutil --sb-state"), "{}", report.text());
    assert!(!report.text().contains("no GPU was passed"), "{}", report.text());
    let nouveau = format!("{card}; mkdir /sys/bus/pci/devices/nouveau && ln -s ../nouveau $card/driver");
    let report = Machine::new().setup(&nouveau).finds(83);
    assert!(report.about(83).contains("with the driver nouveau"), "{}", report.text());
}

#[test]
fn row_79_an_old_libstdcxx_before_the_systems() {
    let machine = Machine::new();
    let (new, old) = (machine.path("new"), machine.path("conda"));
    // The driver needs a new libstdc++, but the linker finds an old one.
    for (folder, version) in [(&new, "GLIBCXX_9.9.9"), (&old, "GLIBCXX_9.9.8")] {
        std::fs::create_dir(folder).unwrap();
        let map = folder.join("versions");
        std::fs::write(&map, format!("{version} {{ global: throw_up; }};")).unwrap();
        let options =
            ["-nostdlib", "-Wl,-soname,libstdc++.so.6", &format!("-Wl,--version-script={}", map.display())];
        compile(&folder.join("libstdc++.so.6"), "int throw_up(void) { return 0; }", &options);
    }
    let lib = machine.path("lib");
    std::fs::create_dir(&lib).unwrap();
    let uses = "int throw_up(void); int use(void) { return throw_up(); }";
    let linked = new.join("libstdc++.so.6");
    compile(&lib.join("libEGL_nvidia.so.0"), uses, &["-nostdlib", linked.to_str().unwrap()]);
    let report = machine.env("LD_LIBRARY_PATH", format!("{}:{}", lib.display(), old.display())).finds(79);
    let about = report.about(79);
    assert!(about.contains("LD_LIBRARY_PATH") && about.contains("conda/libstdc++.so.6"), "{}", report.text());
    assert!(!about.contains("base image"), "{}", report.text());
}
