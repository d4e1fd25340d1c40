//! Whatever may hang or crash is tried in a separate process with a time limit.
//!
//! Each trial is a new process of this program with a hidden argument ([`Trial`]), which answers with one line of
//! JSON. All trials of a phase run at the same time; the time limit therefore passes only once, even if several hang.

mod inside;
mod process;
mod x_server;

pub use inside::perform;

use crate::doctor::facts::{Facts, Library, Outcome, Role};
use crate::machine::{Mounts, NVIDIA_GLX_LIBRARIES, WINDOW_LIBRARIES};
use process::{Process, WORK_WITHIN};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trial {
    /// Load this library.
    Library(String),
    /// Open the device nodes.
    Nodes,
    /// Open an NVIDIA GPU's node as its driver does: the GPU starts, or fails to.
    Start(String),
    /// Ask NVIDIA's management library.
    Nvml,
    /// Connect to this display's socket or port.
    Reach(String),
    /// Talk to this X server.
    X(String),
    /// Draw in a window of this X server through GLX.
    Glx(String),
    /// Draw in a window of this X server through EGL.
    Egl(String),
    /// Draw in a window of this X server as the gears do, and fail unless frames are copied.
    Copied(String),
    /// List EGL's devices.
    Devices,
    /// Draw on an EGL device.
    OffScreen,
    /// List Vulkan's devices.
    Vulkan,
}

/// Both phases, and everything else, end within 10 seconds, unless the machine is slow.
const PROBE_LIMIT: Duration = Duration::from_millis(3000);
const DRAW_LIMIT: Duration = Duration::from_millis(5500);
/// On a busy or emulated machine, what doesn't hang can take longer: a trial that is at work then has until here.
const LONGEST_LIMIT: Duration = Duration::from_secs(30);
/// On such a machine, what waits for another program has this many times as long as the quickest trial took.
const QUICKEST_TIMES: u32 = 30;
/// Time between two checks of the processes.
const TICK: Duration = Duration::from_millis(3);

/// Tries everything except drawing: libraries, nodes, the X server. Takes at most 3 seconds unless the machine is slow.
pub fn probe(facts: &mut Facts) {
    let mut libraries = libraries(facts);
    let own = libraries.len();
    libraries.extend(others());
    let mut trials: Vec<Trial> = libraries.iter().map(|library| Trial::Library(library.name.clone())).collect();
    let firsts = trials.len();
    trials.extend([Trial::Nodes, Trial::Nvml]);
    let gpus = inside::gpu_nodes();
    trials.extend(gpus.iter().cloned().map(Trial::Start));
    let before_display = trials.len();
    let asked =
        facts.display.as_ref().filter(|display| display.name.is_some()).map(|display| display.asked.clone());
    if let Some(asked) = asked {
        trials.extend([Trial::Reach(asked.clone()), Trial::X(asked)]);
    }
    let mut ended = run(&trials, PROBE_LIMIT);
    let mut rest = ended.split_off(firsts).into_iter();
    let mounts = Mounts::of_this_process();
    facts.libraries = libraries
        .into_iter()
        .zip(ended)
        .map(|(library, end)| {
            let loaded: Outcome<String> = end.outcome();
            let mount = loaded.done().and_then(|path| mounts.of(path)).map(str::to_owned);
            Library { loaded, mount, ..library }
        })
        .collect();
    facts.other_libraries = facts.libraries.split_off(own);
    let mut next = || rest.next().unwrap_or_default();
    facts.nodes = next().outcome();
    facts.nvml = next().outcome();
    for gpu in gpus {
        started(facts, &gpu, next().outcome());
    }
    if trials.len() > before_display {
        facts.reach = next().outcome();
        facts.x = next().outcome();
    }
}

/// Records the result of starting a GPU: the error number, or that it hangs.
fn started(facts: &mut Facts, gpu: &str, outcome: Outcome<i32>) {
    let errno = match outcome {
        Outcome::Done(errno) => errno,
        Outcome::Hung(_) => libc::ETIMEDOUT,
        _ => return,
    };
    if let Outcome::Done(nodes) = &mut facts.nodes {
        let opened = nodes.iter_mut().filter(|node| node.path == gpu && node.errno.is_none());
        opened.for_each(|node| node.errno = (errno != 0).then_some(errno));
    }
}

/// Tries every way to draw. Takes at most 5.5 seconds unless the machine is slow.
pub fn draw(facts: &mut Facts) {
    let mut trials = vec![Trial::Devices, Trial::OffScreen, Trial::Vulkan];
    let display = facts.display.as_ref().map(|display| display.asked.clone());
    match display {
        Some(display) if facts.x_server().is_some() => {
            if may_copy(facts) {
                trials.push(Trial::Copied(display.clone()));
            } else {
                facts.copied = Outcome::NotTried("the gears swap here".into());
            }
            trials.extend([Trial::Glx(display.clone()), Trial::Egl(display)]);
        }
        other => {
            let why =
                if other.is_some() { "there is no connection to the X server" } else { "DISPLAY is not set" };
            facts.glx = Outcome::NotTried(why.into());
            facts.egl = Outcome::NotTried(why.into());
            facts.copied = Outcome::NotTried(why.into());
        }
    }
    for (trial, end) in trials.iter().zip(run(&trials, DRAW_LIMIT)) {
        let name = match trial {
            Trial::Glx(_) => "glx",
            Trial::Egl(_) => "egl",
            Trial::Copied(_) => "copied",
            Trial::Devices => "devices",
            Trial::Vulkan => "vulkan",
            _ => "off_screen",
        };
        if !end.words.is_empty() {
            facts.said.insert(name.into(), end.words.clone());
        }
        match trial {
            Trial::Glx(_) => facts.glx = end.outcome(),
            Trial::Egl(_) => facts.egl = end.outcome(),
            Trial::Copied(_) => facts.copied = end.outcome(),
            Trial::Devices => facts.devices = end.outcome(),
            Trial::Vulkan => facts.vulkan = end.outcome(),
            _ => facts.off_screen = end.outcome(),
        }
    }
}

/// Whether the gears may copy frames on this X server.
fn may_copy(facts: &Facts) -> bool {
    let may_have_gpu = facts.has_nvidia() || facts.render_nodes().next().is_some();
    facts
        .x_server()
        .is_some_and(|server| !server.may_be_gpus_own() && (may_have_gpu || server.shared_memory != Some(Ok(()))))
}

/// libglvnd's libraries, and the Debian package each is in.
const DISPATCH: &[(&str, &str)] = &[
    ("libGL.so.1", "libgl1"),
    ("libGLX.so.0", "libglx0"),
    ("libEGL.so.1", "libegl1"),
    ("libGLdispatch.so.0", "libglvnd0"),
];

/// NVIDIA's libraries whose names carry the driver's version: what libGLX_nvidia and libEGL_nvidia load in turn.
const NVIDIA_VERSIONED: [&str; 5] =
    ["libnvidia-tls", "libnvidia-glcore", "libnvidia-eglcore", "libnvidia-glsi", "libnvidia-gpucomp"];

/// A library that is still to be loaded.
fn library(name: &str, package: Option<&str>, role: Role) -> Library {
    let (name, package) = (name.into(), package.map(Into::into));
    Library { name, role, package, loaded: Outcome::default(), mount: None }
}

/// Libraries that Debian's packages bring.
fn packaged(table: &[(&str, &str)], role: Role) -> Vec<Library> {
    table.iter().map(|(name, package)| library(name, Some(package), role)).collect()
}

/// Libraries that an engine adds, or whose package isn't known.
fn injected(names: &[&str], role: Role) -> Vec<Library> {
    names.iter().map(|name| library(name, None, role)).collect()
}

/// What other programs load: libglvnd's and GLU's libraries that the gears do without, and NVIDIA's for GBM and
/// Wayland.
fn others() -> Vec<Library> {
    [
        packaged(&[("libOpenGL.so.0", "libopengl0"), ("libGLU.so.1", "libglu1-mesa")], Role::Dispatch),
        injected(&["libnvidia-egl-gbm.so.1", "libnvidia-egl-wayland.so.1"], Role::NvidiaOther),
    ]
    .concat()
}

/// All libraries to load. What both windows and NVIDIA's GLX need is tried once for each.
fn libraries(facts: &Facts) -> Vec<Library> {
    let versioned: Vec<String> = facts
        .nvidia_kernel_driver
        .iter()
        .flat_map(|version| NVIDIA_VERSIONED.map(|name| format!("{name}.so.{version}")))
        .collect();
    let versioned: Vec<&str> = versioned.iter().map(String::as_str).collect();
    let is_software = |path: &&str| path.ends_with("/swrast_dri.so") || path.contains("/libgallium");
    let mesa: Vec<&str> = facts.mesa_drivers.iter().map(String::as_str).filter(is_software).collect();
    [
        packaged(WINDOW_LIBRARIES, Role::Window),
        packaged(DISPATCH, Role::Dispatch),
        injected(&["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"], Role::NvidiaDriver),
        injected(&versioned, Role::NvidiaDriver),
        packaged(NVIDIA_GLX_LIBRARIES, Role::NvidiaNeeds),
        injected(&["libnvidia-ml.so.1", "libcuda.so.1"], Role::NvidiaOther),
        packaged(&[("libGLX_mesa.so.0", "libglx-mesa0"), ("libEGL_mesa.so.0", "libegl-mesa0")], Role::Mesa),
        injected(&mesa, Role::Mesa),
        injected(&["libdxcore.so"], Role::Wsl),
    ]
    .concat()
}

/// How a trial ended.
#[derive(Debug, Default)]
struct End {
    answer: Outcome<serde_json::Value>,
    words: String,
}

impl End {
    /// The answer, parsed as the trial's type.
    fn outcome<T: DeserializeOwned>(self) -> Outcome<T> {
        let answer = self.answer.map(serde_json::from_value::<Result<T, String>>);
        match answer {
            Outcome::Done(Ok(Ok(value))) => Outcome::Done(value),
            Outcome::Done(Ok(Err(reason))) => Outcome::Failed(reason),
            Outcome::Done(Err(e)) => Outcome::Died(format!("its answer makes no sense: {e}")),
            Outcome::Failed(reason) => Outcome::Failed(reason),
            Outcome::Hung(seconds) => Outcome::Hung(seconds),
            Outcome::Died(how) => Outcome::Died(how),
            Outcome::NotTried(why) => Outcome::NotTried(why),
        }
    }
}

/// Runs all trials at the same time. Returns their results in order, after `limit` at the latest, unless the machine is
/// slow.
fn run(trials: &[Trial], limit: Duration) -> Vec<End> {
    let started = Instant::now();
    let mut running: Vec<Result<Process, String>> = trials.iter().map(Process::start).collect();
    let mut quickest = None;
    loop {
        let mut at_work = Vec::new();
        for process in running.iter_mut().flatten() {
            if process.has_ended() {
                quickest.get_or_insert(started.elapsed());
            } else {
                at_work.push(process);
            }
        }
        let elapsed = started.elapsed();
        let limit = limit.max(QUICKEST_TIMES * quickest.unwrap_or(LONGEST_LIMIT)).min(LONGEST_LIMIT);
        if at_work.is_empty() || elapsed >= LONGEST_LIMIT {
            break;
        }
        if elapsed + WORK_WITHIN >= limit {
            at_work.iter_mut().for_each(|process| process.look());
        }
        if elapsed >= limit && !at_work.iter().any(|process| process.is_at_work()) {
            break;
        }
        std::thread::sleep(TICK);
    }
    let limit = started.elapsed();
    let end = |process: Result<Process, String>| match process {
        Ok(process) => process.end(limit),
        Err(reason) => End { answer: Outcome::NotTried(reason), words: String::new() },
    };
    running.into_iter().map(end).collect()
}
