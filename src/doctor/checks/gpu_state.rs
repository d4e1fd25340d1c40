//! Rows about a GPU that is here but doesn't draw: broken, without a driver, or configured for computing.

use super::access::{ENODEV, ENXIO, level, nvidia_nodes_with, paths};
use super::catalogue::Cause::One;
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::{Seen, Topic};
use crate::doctor::facts::{Facts, Node, NvmlGpu};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::NodeWithoutDriver,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "a device node with nothing behind it",
            cause: "the node was made by hand or is left over: the kernel has no driver for it",
            fix: "on the host: sudo modprobe nvidia, and check that nvidia-smi works",
        }),
        check: node_without_driver,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::GpuFaulty,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "RmInitAdapter failed; GPU is lost; No devices were found",
            cause: "a GPU did not start, or stopped working since",
            fix: RESET_GPU,
        }),
        check: gpu_faulty,
        group: Group::Gpu,
        because_of: &[One(Id::NodeWithoutDriver)],
    },
    Row {
        id: Id::Mig,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "EGL fails on an A100 or H100",
            cause: "the GPU is split into instances (MIG), and those of an A100 or H100 cannot draw",
            fix: "use a GPU that is not split; on the host: sudo nvidia-smi -mig 0; a GPU that has profiles with graphics \
                  (Blackwell: 1g.24gb+gfx): ask for one of them",
        }),
        check: mig,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::ComputeOnly,
        topic: Topic::Gpu,
        text: Text::Own(Words {
            symptom: "EGL fails on an old Tesla",
            cause: "the GPU's operation mode excludes graphics",
            fix: "on the host: sudo nvidia-smi --gom=0, then reboot",
        }),
        check: compute_only,
        group: Group::Gpu,
        because_of: &[],
    },
];

/// nvml.h: codes that mean that one or all GPUs don't work, in words.
const NVML_FAULTS: [(i32, &str); 4] = [
    (9, "the driver is not loaded"),
    (15, "the GPU is lost"),
    (16, "the GPU needs a reset"),
    (999, "Unknown Error"),
];

const EIO: i32 = 5;
const ETIMEDOUT: i32 = 110;

const RESET_GPU: &str = "on the host: sudo dmesg | grep -i -e xid -e RmInitAdapter says why; then: sudo nvidia-smi \
                         --gpu-reset -i <number>, or reboot; until then leave that GPU out: --gpus device=<another>";
fn node_without_driver(facts: &Facts) -> Option<Seen> {
    let mut nodes = nvidia_nodes_with(facts, &[ENXIO, ENODEV]);
    if facts.draws_in_hardware() {
        nodes.retain(|node| facts.nvidia_gpu_nodes().any(|gpu| gpu.path == node.path));
    }
    if nodes.is_empty() {
        return None;
    }
    Seen::new(level(facts), format!("{}: the node is here, no driver is behind it", paths(&nodes)))
}

/// The GPUs that don't work, each with a name and the evidence.
fn faults(facts: &Facts) -> Vec<String> {
    let answer = |node: &Node| match node.errno {
        Some(EIO) => Some(format!("{}: Input/output error", node.path)),
        Some(ETIMEDOUT) => Some(format!("{} does not answer when it is opened", node.path)),
        _ => None,
    };
    let mut faults: Vec<String> = facts.nvidia_gpu_nodes().filter_map(answer).collect();
    let Some(nvml) = facts.nvml.done() else { return faults };
    let in_words = |code: i32| NVML_FAULTS.iter().find(|(known, _)| *known == code).map(|(_, words)| *words);
    let failing = nvml.gpus.iter().enumerate().filter(|(_, gpu)| gpu.code != 0);
    faults.extend(failing.map(|(index, gpu)| {
        let name = gpu.pci.as_ref().map_or_else(|| format!("GPU {index}"), |pci| format!("GPU {index} ({pci})"));
        format!("{name}: {}", in_words(gpu.code).map_or_else(|| format!("NVML error {}", gpu.code), Into::into))
    }));
    // A code for all of them; 999 has its own row.
    let for_all = in_words(nvml.code).filter(|_| nvml.gpus.is_empty() && nvml.code != 999);
    faults.extend(for_all.map(|words| format!("NVML: {words}")));
    if faults.is_empty() && nvml.code == 0 {
        faults.extend(unlisted(facts, &nvml.gpus));
    }
    faults
}

/// GPUs whose node opens although NVML doesn't list them.
fn unlisted(facts: &Facts, gpus: &[NvmlGpu]) -> Option<String> {
    let nodes: Vec<&Node> = facts.nvidia_gpu_nodes().filter(|node| node.errno.is_none()).collect();
    if nodes.len() <= gpus.len() {
        return None;
    }
    let number = |node: &&Node| node.path.trim_start_matches("/dev/nvidia").parse::<u32>().ok();
    let is_listed = |node: &&Node| gpus.iter().any(|gpu| gpu.minor.is_some() && gpu.minor == number(node));
    let missing: Vec<&Node> = nodes.iter().copied().filter(|node| !is_listed(node)).collect();
    let seen = format!("{} GPUs of {}", gpus.len(), nodes.len());
    // Reports of older versions don't say which is which.
    if missing.len() + gpus.len() == nodes.len() {
        return Some(format!("NVML lists {seen}: {} is missing", paths(&missing)));
    }
    Some(format!("NVML lists {seen}: {}", paths(&nodes)))
}

fn gpu_faulty(facts: &Facts) -> Option<Seen> {
    let faults = faults(facts);
    if faults.is_empty() {
        return None;
    }
    Seen::new(level(facts), faults.join("; "))
}

fn mig(facts: &Facts) -> Option<Seen> {
    if facts.draws_in_hardware() {
        return None;
    }
    let asked = ["NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"];
    let asked = asked.into_iter().find(|name| facts.variable(name).is_some_and(|value| value.contains("MIG-")));
    let gpus = facts.nvml.done().map_or(&[][..], |nvml| &nvml.gpus);
    let gpu = gpus.iter().find(|gpu| gpu.has_mig).or(gpus.first().filter(|_| asked.is_some()));
    let seen = match (asked, gpu) {
        (Some(name), _) => format!("{name} names an instance of a divided GPU (MIG)"),
        (None, Some(gpu)) => format!("{} is divided into instances (MIG)", gpu.name),
        (None, None) => return None,
    };
    let seen = Seen::failure(seen)?;
    let name = gpu.map(|gpu| gpu.name.as_str()).unwrap_or_default();
    if name.contains("Blackwell") || name.contains("RTX PRO") {
        return seen.explained(
            format!("this instance of {name} has no graphics: only profiles whose names end in +gfx do"),
            "on the host: nvidia-smi mig -lgip lists the profiles; make an instance with graphics: sudo nvidia-smi mig -cgi \
             1g.24gb+gfx -C",
        );
    }
    if ["A100", "A30", "H100", "H200"].iter().any(|known| name.contains(known)) {
        return seen.explained(
            format!("{name} has no profile with graphics: its instances compute, and cannot draw"),
            "use a GPU that is not split; on the host: sudo nvidia-smi -mig 0",
        );
    }
    Some(seen)
}

fn compute_only(facts: &Facts) -> Option<Seen> {
    let gpu = facts.nvml.done()?.gpus.iter().find(|gpu| gpu.is_compute_only)?;
    (!facts.draws_in_hardware()).then(|| Seen::failure(format!("{}: operation mode COMPUTE", gpu.name)))?
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::NodeWithoutDriver, |f| errno(f, "/dev/nvidiactl", 6)),
    leads(Id::GpuFaulty, |f| errno(f, "/dev/nvidia0", 5)),
    leads(Id::GpuFaulty, |f| { f.nvml = Outcome::Done(Nvml::default()); nothing_draws(f); }),
    leads(Id::GpuFaulty, |f| if let Outcome::Done(nvml) = &mut f.nvml { nvml.gpus.push(NvmlGpu { code: 15, ..NvmlGpu::default() }) }),
    leads(Id::Mig, |f| { f.environment.insert("NVIDIA_VISIBLE_DEVICES".into(), "MIG-1234".into()); nothing_draws(f); }),
    leads(Id::ComputeOnly, |f| { if let Outcome::Done(nvml) = &mut f.nvml { nvml.gpus.iter_mut().for_each(|gpu| gpu.is_compute_only = true) } nothing_draws(f); }),
];
