//! GPUs that were passed in incompletely. The test machine needs no GPU: fakes of the kernel's driver, its nodes and its
//! libraries show doctor what it checks.

use crate::machine::{GLX_WITHOUT_VISUALS, Machine};
use crate::support::{XServer, is_root};

pub const VERSION: &str = "580.159.04";

/// An NVML whose nvmlInit returns `code`, and that has one GPU with this operation mode and MIG mode.
fn nvml(code: i32, operation_mode: u32, mig: u32) -> String {
    nvml_of(&[0], code, operation_mode, mig)
}

/// The same with one GPU for each of these codes, which its handle's call returns.
fn nvml_of(gpus: &[i32], code: i32, operation_mode: u32, mig: u32) -> String {
    let codes: Vec<String> = gpus.iter().map(i32::to_string).collect();
    let (count, codes) = (gpus.len(), codes.join(", "));
    format!(
        r#"
        #include <string.h>
        int nvmlInit_v2(void) {{ return {code}; }}
        static int codes[] = {{ {codes} }};
        int nvmlDeviceGetCount_v2(unsigned *count) {{ *count = {count}; return 0; }}
        int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **gpu) {{ *gpu = gpu; return codes[index]; }}
        int nvmlDeviceGetName(void *gpu, char *name, unsigned length) {{ strncpy(name, "NVIDIA Fake", length); return 0; }}
        int nvmlDeviceGetGpuOperationMode(void *gpu, unsigned *now, unsigned *later) {{ *now = *later = {operation_mode}; return 0; }}
        int nvmlDeviceGetMigMode(void *gpu, unsigned *now, unsigned *later) {{ *now = *later = {mig}; return 0; }}
        "#
    )
}

/// A container with NVIDIA's GPU as NVIDIA's runtime passes it in; the fake driver draws nothing.
pub fn given() -> Machine {
    Machine::new()
        .env("NVIDIA_VISIBLE_DEVICES", "all")
        .env("NVIDIA_DRIVER_CAPABILITIES", "compute,utility,graphics,display")
        .setup(&format!("nvidia_driver {VERSION}"))
}

#[test]
fn row_16_nodes_that_the_user_may_not_open() {
    if !is_root() {
        return;
    }
    let machine = given().setup("nvidia_nodes 600").nvidia_libraries(VERSION);
    let report = machine.by_nobody().finds(16);
    assert!(report.about(16).contains("/dev/nvidiactl"), "{}", report.text());
}

#[test]
fn row_17_forced_without_offload() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    let report = Machine::with_display(&x)
        .env("__GLX_VENDOR_LIBRARY_NAME", "nvidia")
        .setup(&format!(
            "nvidia_driver {VERSION} && nvidia_nodes 666 nvidia-modeset && mkdir /dev/dri && mknod -m 666 /dev/dri/renderD128 c 1 3
             mount -t tmpfs tmpfs /sys/class && mkdir -p /sys/class/drm/renderD128/device /sys/class/i915
             ln -s /sys/class/i915 /sys/class/drm/renderD128/device/driver"
        ))
        .nvidia_libraries(VERSION)
        .examine();
    assert!(report.rows("failure").contains(&17), "{}", report.text());
}

#[test]
fn row_18_nvidias_glx_on_a_forwarded_display() {
    let x = XServer::start("Xvfb", &["-screen", "0", "640x480x24", "-listen", "tcp"]);
    let machine = Machine::new().env("DISPLAY", format!("localhost{}", x.display));
    let report = machine
        .env("__GLX_VENDOR_LIBRARY_NAME", "nvidia")
        .library("libGLX_nvidia.so.0", GLX_WITHOUT_VISUALS)
        .finds(18);
    assert!(report.about(18).contains("--off-screen"), "{}", report.text());
}

#[test]
fn row_23_capabilities_without_graphics() {
    if !is_root() {
        return;
    }
    for (capabilities, words) in
        [("utility", "is utility"), ("compute,utility", "is compute,utility"), ("", "not set")]
    {
        let machine = given().env("NVIDIA_DRIVER_CAPABILITIES", capabilities).setup("nvidia_nodes 666");
        let report = machine.finds(23);
        assert!(report.about(23).contains(words), "{}", report.text());
        assert!(report.about(23).contains("compute,utility,graphics,display"), "{}", report.text());
        assert_eq!(report.rows("failure"), [23], "its consequences are listed under it: {}", report.text());
    }
}

#[test]
fn row_23_nodes_passed_in_by_hand() {
    if !is_root() {
        return;
    }
    let report = Machine::new().env("container", "lxc").setup("nvidia_nodes 666").finds(23);
    assert!(report.about(23).contains("by hand"), "{}", report.text());
}

#[test]
fn row_23_a_library_of_xcb_is_missing() {
    if !is_root() {
        return;
    }
    let x = XServer::start("Xvfb", &[]);
    let machine = Machine::with_display(&x).setup("nvidia_nodes 666 nvidia-modeset; hide libxcb-present.so.0*");
    let machine = machine.nvidia_libraries(VERSION).env("__GLX_VENDOR_LIBRARY_NAME", "nvidia");
    let report = machine.examine();
    assert!(report.about(23).contains("libxcb-present0"), "{}", report.text());
}

#[test]
fn row_25_without_the_compute_capability() {
    if !is_root() {
        return;
    }
    let machine = given().env("NVIDIA_DRIVER_CAPABILITIES", "graphics").setup("nvidia_nodes 666");
    let machine = machine.nvidia_libraries(VERSION);
    std::fs::remove_file(machine.path(&format!("lib/libnvidia-gpucomp.so.{VERSION}"))).unwrap();
    let report = machine.finds(25);
    assert!(report.about(25).contains("compute,utility,graphics,display"), "{}", report.text());
}

fn vendor_file(library: &str) -> String {
    format!(r#"{{"file_format_version": "1.0.0", "ICD": {{"library_path": "{library}"}}}}"#)
}

/// Adds the fake libraries and the vendor files that register them with libglvnd.
pub fn told(machine: Machine) -> Machine {
    let machine = machine.nvidia_libraries(VERSION).file("10_nvidia.json", vendor_file("libEGL_nvidia.so.0"));
    let machine = machine.file("50_mesa.json", vendor_file("libEGL_mesa.so.0"));
    let folder = machine.path("");
    machine.env("__EGL_VENDOR_LIBRARY_DIRS", folder)
}

#[test]
fn row_26_without_the_display_capability() {
    if !is_root() {
        return;
    }
    let report = told(given().setup("nvidia_nodes 666")).examine();
    assert!(report.rows("warning").contains(&26), "{}", report.text());
    let report = told(given().setup("nvidia_nodes 666 nvidia-modeset")).examine();
    assert!(!report.rows("warning").contains(&26), "{}", report.text());
}

#[test]
fn row_27_without_a_vendor_file() {
    if !is_root() {
        return;
    }
    let machine = given().setup("nvidia_nodes 666 nvidia-modeset").nvidia_libraries(VERSION);
    let report = machine.finds(27);
    assert!(report.about(27).contains("10_nvidia.json"), "{}", report.text());
}

#[test]
fn row_28_a_host_driver_without_opengl() {
    if !is_root() {
        return;
    }
    let report = given().setup("nvidia_nodes 666").finds(28);
    assert_eq!(report.rows("failure"), [28], "{}", report.text());
}

#[test]
fn row_29_egl_does_not_list_the_gpus() {
    if !is_root() {
        return;
    }
    let report = told(given().setup("nvidia_nodes 666 'nvidia-modeset nvidia1'")).finds(29);
    assert!(report.about(29).contains("EGL offers 0 of NVIDIA's devices, /dev has 2"), "{}", report.text());
}

#[test]
fn row_30_a_render_node_of_another_group() {
    if !is_root() {
        return;
    }
    let nodes = "overlay /dev && mkdir /dev/dri && mknod -m 660 /dev/dri/renderD128 c 1 3 && chgrp 4711 /dev/dri/renderD128";
    let report = Machine::new().setup(nodes).by_nobody().finds(30);
    assert!(report.about(30).contains("--group-add 4711"), "{}", report.text());
}

#[test]
fn row_31_a_mig_instance() {
    if !is_root() {
        return;
    }
    let instance = "MIG-1234abcd-0011-2233-4455-66778899aabb";
    told(given().setup("nvidia_nodes 666 nvidia-modeset")).env("NVIDIA_VISIBLE_DEVICES", instance).finds(31);
    told(given().setup("nvidia_nodes 666 nvidia-modeset")).library("libnvidia-ml.so.1", &nvml(0, 0, 1)).finds(31);
}

#[test]
fn row_32_an_operation_mode_without_graphics() {
    if !is_root() {
        return;
    }
    told(given().setup("nvidia_nodes 666 nvidia-modeset")).library("libnvidia-ml.so.1", &nvml(0, 1, 0)).finds(32);
}

#[test]
fn row_35_wsl_without_its_gpu_device() {
    if !is_root() {
        return;
    }
    let wsl = "echo 6.6.87.2-microsoft-standard-WSL2 >$here/osrelease && mount --bind $here/osrelease /proc/sys/kernel/osrelease";
    let report = Machine::new().setup(wsl).finds(35);
    assert!(report.about(35).contains("--device /dev/dxg"), "{}", report.text());
}

#[test]
fn row_36_an_image_on_musl() {
    if !is_root() {
        return;
    }
    let musl =
        "overlay /usr/lib && touch /usr/lib/ld-musl-x86_64.so.1; overlay /usr/bin && touch /usr/bin/nvidia-smi";
    Machine::new().setup(musl).finds(36);
}

#[test]
fn row_45_libraries_and_kernel_driver_of_different_versions() {
    if !is_root() {
        return;
    }
    // Mounted, as engines do it.
    let bound = "nvidia_nodes 666; mount --bind $here/lib $here/lib";
    let report = given().setup(bound).nvidia_libraries("535.54.03").finds(45);
    assert!(report.about(45).contains(VERSION) && report.about(45).contains("535.54.03"), "{}", report.text());
    Machine::new().library("libnvidia-ml.so.1", &nvml(18, 0, 0)).finds(45);
}

#[test]
fn row_71_a_driver_that_the_image_carries() {
    if !is_root() {
        return;
    }
    // The same without the mount.
    let machine = given().env("container", "lxc").setup("nvidia_nodes 666").nvidia_libraries("535.54.03");
    let report = machine.finds(71);
    assert!(report.about(71).contains(VERSION) && report.about(71).contains("535.54.03"), "{}", report.text());
    assert!(!report.text().contains("reboot"), "{}", report.text());
}

#[test]
fn row_74_a_gpu_that_is_lost() {
    if !is_root() {
        return;
    }
    let machine = || told(given().setup("nvidia_nodes 666 'nvidia-modeset nvidia1'"));
    let report = machine().library("libnvidia-ml.so.1", &nvml_of(&[0, 15], 0, 0, 0)).finds(74);
    assert!(
        report.about(74).contains("GPU 1: the GPU is lost") && report.about(74).contains("dmesg"),
        "{}",
        report.text()
    );
    let report = machine().library("libnvidia-ml.so.1", &nvml_of(&[0], 0, 0, 0)).finds(74);
    assert!(report.about(74).contains("NVML lists 1 GPUs of 2"), "{}", report.text());
}

#[test]
fn row_46_nvml_may_not_use_the_nodes() {
    Machine::new().library("libnvidia-ml.so.1", &nvml(4, 0, 0)).finds(46);
}

#[test]
fn row_48_the_devices_were_taken_away() {
    Machine::new().library("libnvidia-ml.so.1", &nvml(999, 0, 0)).finds(48);
}

#[test]
fn row_49_egl_fails_though_nvidia_smi_works() {
    if !is_root() {
        return;
    }
    // Everything is there, but EGL has only a software device: row 29 reports it, with row 49 as a consequence.
    let machine =
        told(given().setup("nvidia_nodes 666 nvidia-modeset")).library("libnvidia-ml.so.1", &nvml(0, 0, 0));
    let report = machine.examine();
    assert!(report.text().contains("nvidia-smi would show NVIDIA Fake"), "{}", report.text());
}

#[test]
fn row_59_a_machine_with_a_gpu_and_a_container_without() {
    if !is_root() {
        return;
    }
    let report = Machine::new().setup(&format!("nvidia_driver {VERSION}")).finds(59);
    assert!(report.about(59).contains("--gpus all") && report.about(59).contains(VERSION), "{}", report.text());
    assert_eq!(report.rows("failure"), [59], "its consequences are listed under it: {}", report.text());
    // The variable of NVIDIA's runtime, in a container that another runtime started.
    Machine::new().env("NVIDIA_VISIBLE_DEVICES", "all").finds(59);
}

#[test]
fn row_61_a_node_without_a_driver() {
    if !is_root() {
        return;
    }
    let nodes = "overlay /dev && mknod -m 666 /dev/nvidiactl c 195 255 && mknod -m 666 /dev/nvidia0 c 195 0";
    Machine::new().nvidia_libraries(VERSION).setup(nodes).finds(61);
}
