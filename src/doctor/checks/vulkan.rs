//! The row about Vulkan. The gears don't need it, but it fails for the same reason as OpenGL: something wasn't passed into
//! the container.

use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::{Seen, Topic};
use crate::doctor::facts::{Drawn, Facts, Outcome};

pub(super) const ROWS: &[Row] = &[Row {
    id: Id::VulkanWithoutGpu,
    topic: Topic::Vulkan,
    text: Text::Own(Words {
        symptom: "OpenGL draws on the GPU, Vulkan finds llvmpipe or ERROR_INCOMPATIBLE_DRIVER",
        cause: "no driver for the GPU is registered with Vulkan's loader, or the driver does not start",
        fix: "VK_LOADER_DEBUG=all vulkaninfo --summary shows what the loader tried",
    }),
    check: vulkan_without_gpu,
    group: Group::Note,
    because_of: &[],
}];

const NVIDIA_FILE: &str = "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display with a current NVIDIA Container \
                           Toolkit; or in the image: mkdir -p /etc/vulkan/icd.d && echo \
                           '{\"file_format_version\":\"1.0.1\",\"ICD\":{\"library_path\":\"libGLX_nvidia.so.0\",\
                           \"api_version\":\"1.3.0\"}}' >/etc/vulkan/icd.d/nvidia_icd.json";

fn vulkan_without_gpu(facts: &Facts) -> Option<Seen> {
    let in_hardware = |drawn: &&Drawn| drawn.is_hardware();
    let drawn = facts.in_use().filter(in_hardware)?;
    let found = match &facts.vulkan {
        Outcome::Done(devices) if devices.iter().any(|device| !device.is_software) => return None,
        Outcome::Done(devices) if devices.is_empty() => "finds no device".to_owned(),
        Outcome::Done(devices) => format!("finds only {}, which is the CPU", devices[0].name),
        // Without its loader, nothing in this image uses Vulkan.
        Outcome::Failed(words) if words.starts_with("libvulkan.so.1: cannot open") => return None,
        other => format!("fails: {}", other.failure()?),
    };
    let seen = Seen::warning(format!("OpenGL draws on {}; Vulkan {found}", drawn.renderer.renderer))?;
    if let Some(name) =
        ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].into_iter().find(|name| facts.variable(name).is_some())
    {
        return seen.explained(
            format!("{name} is {}, and Vulkan's loader tries nothing else", facts.variable(name)?),
            format!("leave {name} out, or let it name the file of the GPU's driver"),
        );
    }
    let is_nvidias = drawn.renderer.is_nvidia();
    let of_gpu = |library: &str| if is_nvidias { library.contains("nvidia") } else { !library.contains("lvp") };
    let files =
        || facts.vulkan_files.iter().filter(|file| file.library.as_ref().is_ok_and(|library| of_gpu(library)));
    if files().next().is_none() && is_nvidias {
        return seen.explained(
            "the file that tells Vulkan's loader about NVIDIA's driver (nvidia_icd.json) was not passed into this container",
            NVIDIA_FILE,
        );
    }
    if files().next().is_none() {
        return seen.explained(
            "the image has no Mesa drivers for Vulkan",
            "in the image: apt-get install mesa-vulkan-drivers",
        );
    }
    let broken = files().find_map(|file| {
        let library = file.library.as_ref().ok()?;
        Some((&file.path, library, facts.load_failure(library)?))
    });
    let unopened =
        facts.said.get("vulkan").and_then(|said| said.split_once("unable to open '")?.1.split('\'').next());
    if let Some(library) = unopened {
        return seen.explained(
            format!("NVIDIA's driver for Vulkan needs {library}, which is not in this container"),
            "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display with a current NVIDIA Container Toolkit",
        );
    }
    match broken {
        Some((path, library, words)) => seen.explained(
            format!("{path} names {library}, which does not load: {words}"),
            "install in the image what it needs (libX11 and libXext: apt-get install libx11-6 libxext6)",
        ),
        None => Some(seen),
    }
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::VulkanWithoutGpu, |f| f.vulkan = Outcome::Failed("vkCreateInstance: ERROR_INCOMPATIBLE_DRIVER".into())),
    leads(Id::VulkanWithoutGpu, |f| f.vulkan = Outcome::Done(Vec::new())),
];
