//! One table of all GPUs. EGL, NVML and CUDA each number them in a different order; only PCI addresses and UUIDs
//! agree.

use super::nvml::NvmlGpu;
use crate::text_table::{self, Style};
use serde::Serialize;

/// A GPU as EGL lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EglGpu {
    /// Position in EGL's own order.
    pub index: usize,
    pub name: String,
    /// PCI address, if EGL reports it.
    pub pci: Option<String>,
    /// UUID, if EGL reports it.
    pub uuid: Option<String>,
    /// DRM node, if EGL reports it.
    pub node: Option<String>,
}

/// A GPU with all of its names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Gpu {
    pub name: String,
    /// Position in EGL's order, which `--device` accepts; `None`: EGL doesn't list it.
    pub egl: Option<usize>,
    /// Position in NVML's and nvidia-smi's order.
    pub nvml: Option<usize>,
    pub pci: Option<String>,
    /// UUID, as nvidia-smi writes it.
    pub uuid: Option<String>,
    pub node: Option<String>,
    /// N of `/dev/nvidiaN`.
    pub minor: Option<u32>,
    /// Whether CUDA_VISIBLE_DEVICES selects it; `None`: that variable isn't set, or the answer isn't known.
    pub cuda_visible: Option<bool>,
}

/// The hexadecimal digits of a UUID, however it is written.
fn digits(uuid: &str) -> String {
    uuid.trim_start_matches("GPU-")
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The same for a PCI address, whose domain has 4 or 8 digits.
fn pci_key(pci: &str) -> String {
    pci.to_lowercase().trim_start_matches('0').to_owned()
}

fn is_same(egl: &EglGpu, nvml: &NvmlGpu) -> bool {
    let same = |a: &Option<String>, b: &Option<String>, key: fn(&str) -> String| {
        a.as_ref().zip(b.as_ref()).map(|(a, b)| key(a) == key(b))
    };
    same(&egl.uuid, &nvml.uuid, digits).or(same(&egl.pci, &nvml.pci, pci_key)).unwrap_or(false)
}

/// All GPUs, those that EGL lists first. `variable` gives environment variables that are set and not empty.
pub fn join(egl: Vec<EglGpu>, nvml: &[NvmlGpu], variable: impl Fn(&str) -> Option<String>) -> Vec<Gpu> {
    let mut gpus: Vec<Gpu> = egl
        .iter()
        .map(|egl| {
            let number = nvml.iter().position(|gpu| is_same(egl, gpu));
            let of_nvml = number.map(|number| &nvml[number]);
            let uuid = of_nvml.and_then(|gpu| gpu.uuid.clone()).or_else(|| egl.uuid.clone());
            Gpu {
                name: of_nvml
                    .map(|gpu| gpu.name.clone())
                    .filter(|name| !name.is_empty())
                    .unwrap_or(egl.name.clone()),
                egl: Some(egl.index),
                nvml: number,
                pci: egl.pci.clone().or_else(|| of_nvml?.pci.clone()),
                uuid,
                node: egl.node.clone(),
                minor: of_nvml.and_then(|gpu| gpu.minor),
                cuda_visible: None,
            }
        })
        .collect();
    for (number, gpu) in nvml.iter().enumerate().filter(|(_, gpu)| !egl.iter().any(|egl| is_same(egl, gpu))) {
        gpus.push(Gpu {
            name: gpu.name.clone(),
            nvml: Some(number),
            pci: gpu.pci.clone(),
            uuid: gpu.uuid.clone(),
            minor: gpu.minor,
            ..Gpu::default()
        });
    }
    if let Some(list) = variable("CUDA_VISIBLE_DEVICES") {
        // CUDA puts the fastest first, unless it is configured to use NVML's order; GPUs of the same kind are equally
        // fast.
        let is_one_kind = nvml.windows(2).all(|pair| pair[0].name == pair[1].name);
        let counts_as_nvml = variable("CUDA_DEVICE_ORDER").as_deref() == Some("PCI_BUS_ID") || is_one_kind;
        for gpu in gpus.iter_mut().filter(|gpu| gpu.nvml.is_some()) {
            gpu.cuda_visible = is_selected(&list, gpu, counts_as_nvml);
        }
    }
    gpus
}

/// Whether CUDA_VISIBLE_DEVICES contains this GPU. CUDA ignores everything after the first word that it doesn't
/// understand.
fn is_selected(list: &str, gpu: &Gpu, counts_as_nvml: bool) -> Option<bool> {
    for word in list.split(',').map(str::trim) {
        if let Ok(number) = word.parse::<i64>() {
            if number < 0 {
                break;
            }
            if !counts_as_nvml {
                return None;
            }
            if gpu.nvml == usize::try_from(number).ok() {
                return Some(true);
            }
        } else if word.starts_with("GPU-") {
            let start = digits(word);
            if gpu.uuid.as_ref().is_some_and(|uuid| digits(uuid).starts_with(&start)) {
                return Some(true);
            }
        } else {
            break;
        }
    }
    Some(false)
}

/// The table as lines, with a heading.
pub fn table(gpus: &[Gpu]) -> Vec<String> {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let heading = ["EGL", "NVML", "PCI", "node", "UUID", "CUDA", "name"].map(str::to_owned).to_vec();
    let left: Vec<usize> = (0..heading.len()).collect();
    let cells = gpus.iter().map(|gpu| {
        let node = gpu.node.clone().or_else(|| gpu.minor.map(|minor| format!("/dev/nvidia{minor}")));
        let cuda = gpu.cuda_visible.map(|is_visible| if is_visible { "visible" } else { "hidden" }.to_owned());
        vec![
            or_dash(gpu.egl.map(|index| index.to_string())),
            or_dash(gpu.nvml.map(|index| index.to_string())),
            or_dash(gpu.pci.clone()),
            or_dash(node),
            or_dash(gpu.uuid.clone()),
            or_dash(cuda),
            gpu.name.clone(),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(cells).collect();
    text_table::format(&rows, &left, Style::Text).lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nvml(name: &str, pci: &str, uuid: &str) -> NvmlGpu {
        NvmlGpu { name: name.into(), pci: Some(pci.into()), uuid: Some(uuid.into()), ..NvmlGpu::default() }
    }

    /// EGL lists the GPUs in the opposite order, as on machines with a display on the second one.
    fn two() -> (Vec<EglGpu>, Vec<NvmlGpu>) {
        let egl = |index, pci: &str| EglGpu {
            index,
            name: "EGL device".into(),
            pci: Some(pci.into()),
            ..EglGpu::default()
        };
        let mut all = vec![egl(0, "0000:41:00.0"), egl(1, "0000:01:00.0")];
        all[1].uuid = Some("aaaa0000000000000000000000000000".into());
        let gpus = vec![
            nvml("RTX A", "00000000:01:00.0", "GPU-aaaa0000-0000-0000-0000-000000000000"),
            nvml("RTX B", "00000000:41:00.0", "GPU-bbbb0000-0000-0000-0000-000000000000"),
        ];
        (all, gpus)
    }

    fn cuda(list: &'static str, order: Option<&'static str>) -> Vec<Option<bool>> {
        let (egl, nvml) = two();
        let variable =
            |name: &str| if name == "CUDA_VISIBLE_DEVICES" { Some(list) } else { order }.map(str::to_owned);
        join(egl, &nvml, variable).into_iter().map(|gpu| gpu.cuda_visible).collect()
    }

    #[test]
    fn the_same_gpu_is_found_under_its_other_number() {
        let (egl, nvml) = two();
        let gpus = join(egl, &nvml, |_| None);
        let numbers: Vec<_> = gpus.iter().map(|gpu| (gpu.egl, gpu.nvml, gpu.name.as_str())).collect();
        assert_eq!(numbers, [(Some(0), Some(1), "RTX B"), (Some(1), Some(0), "RTX A")]);
        assert!(gpus.iter().all(|gpu| gpu.cuda_visible.is_none()));
    }

    #[test]
    fn a_gpu_that_egl_does_not_list_is_in_the_table() {
        let (mut egl, nvml) = two();
        egl.truncate(1);
        let gpus = join(egl, &nvml, |_| None);
        assert_eq!((gpus.len(), gpus[1].egl, gpus[1].nvml), (2, None, Some(0)));
        let lines = table(&gpus);
        assert!(lines[0].starts_with("EGL  NVML  PCI"), "{lines:?}");
        assert!(lines[2].starts_with("-    0     00000000:01:00.0"), "{lines:?}");
    }

    #[test]
    fn cuda_visible_devices_selects() {
        // In EGL's order: B, A.
        assert_eq!(cuda("0", Some("PCI_BUS_ID")), [Some(false), Some(true)]);
        assert_eq!(cuda("1,0", Some("PCI_BUS_ID")), [Some(true), Some(true)]);
        assert_eq!(cuda("-1,0", Some("PCI_BUS_ID")), [Some(false), Some(false)]);
        assert_eq!(cuda("GPU-bbbb", None), [Some(true), Some(false)]);
        // The fastest first, whichever that is.
        assert_eq!(cuda("0", None), [None, None]);
    }
}
