//! Rows about problems of other programs although the gears draw: several GPUs, their own libraries, VirtualGL, VNC
//! servers.

use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::{Level, Seen, Topic};
use crate::doctor::facts::{Facts, Gpu};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::CudaOrder,
        topic: Topic::Devices,
        text: Text::Own(Words {
            symptom: "it draws on another GPU than CUDA_VISIBLE_DEVICES names",
            cause: "EGL does not read CUDA_VISIBLE_DEVICES, and lists the GPUs in an order of its own",
            fix: CHOOSE_EGL_DEVICE,
        }),
        check: cuda_order,
        group: Group::Note,
        because_of: &[],
    },
    Row {
        id: Id::OthersLibraries,
        topic: Topic::Driver,
        text: Text::Own(Words {
            symptom: "other programs: libOpenGL.so.0, libGLU.so.1 or libnvidia-egl-gbm.so.1 is missing",
            cause: "the gears do without these libraries, and other programs may not",
            fix: "in the image: apt-get install libopengl0 libglu1-mesa; libnvidia-egl-gbm and -wayland: a current NVIDIA \
                  Container Toolkit with the capability graphics, or apt-get install libnvidia-egl-gbm1 libnvidia-egl-wayland1",
        }),
        check: others_libraries,
        group: Group::Note,
        because_of: &[],
    },
    Row {
        id: Id::ManyOpenFiles,
        topic: Topic::Container,
        text: Text::Own(Words {
            symptom: "a VNC server takes minutes to start, or to answer",
            cause: "the limit of open files is so high that programs which close all of them at the start take minutes",
            fix: "--ulimit nofile=1024:524288",
        }),
        check: many_open_files,
        group: Group::Note,
        because_of: &[],
    },
    Row {
        id: Id::VirtualGlWithoutNode,
        topic: Topic::Devices,
        text: Text::Own(Words {
            symptom: "VirtualGL: could not open display :0, or no /dev/dri/card0",
            cause: "VirtualGL takes a display or a DRM node unless it is told to take an EGL device",
            fix: "vglrun -d egl0 <program>, or -e VGL_DISPLAY=egl0; VirtualGL 3.0.2 or newer",
        }),
        check: virtualgl_without_node,
        group: Group::Note,
        because_of: &[],
    },
    Row {
        id: Id::VirtualGpu,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "a vGPU gets slow after some minutes",
            cause: "a vGPU without a licence is throttled",
            fix: "on the virtual machine: nvidia-smi -q | grep -i 'license status'; and its client token in \
                  /etc/nvidia/ClientConfigToken",
        }),
        check: virtual_gpu,
        group: Group::Note,
        because_of: &[],
    },
];

const CHOOSE_EGL_DEVICE: &str = "choose EGL's device by its number in EGL's order, or by PCI address or UUID: rust-gears \
                                 --list-devices shows all of them; rust-gears --device <PCI>; MuJoCo: \
                                 MUJOCO_EGL_DEVICE_ID=<EGL number>; VirtualGL: VGL_DISPLAY=egl<EGL number>";

fn cuda_order(facts: &Facts) -> Option<Seen> {
    let list = facts.variable("CUDA_VISIBLE_DEVICES")?;
    let gpus = facts.gpus();
    let by_egl = |gpu: &&Gpu| gpu.egl.is_some() && gpu.nvml.is_some();
    if gpus.iter().filter(by_egl).count() < 2 {
        return None;
    }
    // A program that takes EGL's first device draws there.
    let first = gpus.iter().filter(by_egl).min_by_key(|gpu| gpu.egl)?;
    let pci = |gpu: &Gpu| gpu.pci.clone().unwrap_or_else(|| gpu.name.clone());
    let is_told = gpus.iter().filter(by_egl).all(|gpu| gpu.cuda_visible.is_some());
    if !is_told {
        return Seen::warning(format!(
            "CUDA_VISIBLE_DEVICES is {list}, which CUDA counts from the fastest GPU on; EGL's first is {}, NVML's number {}",
            pci(first),
            first.nvml?
        ));
    }
    if first.cuda_visible == Some(true) {
        return None;
    }
    let selected: Vec<String> = gpus.iter().filter(|gpu| gpu.cuda_visible == Some(true)).map(pci).collect();
    let selected = if selected.is_empty() { "none".to_owned() } else { selected.join(", ") };
    Seen::warning(format!(
        "CUDA_VISIBLE_DEVICES is {list}, which selects {selected}; EGL's first is {}",
        pci(first)
    ))
}

fn others_libraries(facts: &Facts) -> Option<Seen> {
    if !facts.has_nvidia() || !facts.draws_in_hardware() {
        return None;
    }
    let missing: Vec<&str> = facts.other_libraries.iter().filter_map(|library| library.not_found()).collect();
    if missing.is_empty() {
        return None;
    }
    Seen::new(
        Level::Ok,
        format!(
            "not here, and other programs may need them: {} (row {})",
            missing.join(", "),
            Id::OthersLibraries
        ),
    )
}

/// With this many, closing all of them, used or not, takes minutes.
const MANY_FILES: u64 = 100_000_000;

fn many_open_files(facts: &Facts) -> Option<Seen> {
    let limit = facts.container.open_files.filter(|limit| *limit >= MANY_FILES)?;
    if facts.container.x_servers.is_empty() {
        return None;
    }
    Seen::warning(format!(
        "{limit} files may be open, and {} is here: servers that close all of them at the start take minutes",
        facts.container.x_servers.join(", ")
    ))
}

fn virtualgl_without_node(facts: &Facts) -> Option<Seen> {
    let is_so = facts.container.virtualgl
        && facts.render_nodes().next().is_none()
        && facts.off_screen.done().is_some_and(|drawn| drawn.is_hardware());
    is_so.then(|| {
        Seen::new(Level::Ok, "VirtualGL is here, and no DRM node: vglrun -d egl0 draws on EGL's first device")
    })?
}

fn virtual_gpu(facts: &Facts) -> Option<Seen> {
    let gpu = facts.nvml.done()?.gpus.iter().find(|gpu| gpu.is_virtual)?;
    let seen = format!(
        "{} is a vGPU: without a licence it is throttled after a while (nvidia-smi -q | grep -i 'license status')",
        gpu.name
    );
    Seen::new(Level::Ok, seen)
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::CudaOrder, |f| two_gpus(f, "GPU-aaaa")),
    leads(Id::CudaOrder, |f| { two_gpus(f, "0"); if let Outcome::Done(nvml) = &mut f.nvml { nvml.gpus.iter_mut().take(1).for_each(|gpu| gpu.name = "slower".into()) } }),
    told(Id::OthersLibraries, |f| { f.other_libraries = vec![library("libGLU.so.1", Role::Dispatch)]; f.other_libraries.iter_mut().for_each(|library| library.loaded = Outcome::Failed("libGLU.so.1: cannot open shared object file: No such file or directory".into())); }),
    leads(Id::ManyOpenFiles, |f| { f.container.open_files = Some(1_073_741_816); f.container.x_servers = vec!["Xvnc".into()]; }),
    told(Id::VirtualGlWithoutNode, |f| f.container.virtualgl = true),
    told(Id::VirtualGpu, |f| if let Outcome::Done(nvml) = &mut f.nvml { nvml.gpus.iter_mut().for_each(|gpu| gpu.is_virtual = true) }),
];
