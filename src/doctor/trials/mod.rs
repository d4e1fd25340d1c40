//! Whatever may hang or crash is tried in a separate process with a time limit.
//!
//! Each trial is a new process of this program with a hidden argument ([`Trial`]), which answers with one line of
//! JSON. All trials of a phase run at the same time; the time limit therefore passes only once, even if several hang.

mod inside;
mod x_server;

pub use inside::perform;

use crate::doctor::facts::{Facts, Library, Outcome, Role, XAnswer};
use crate::machine::{Mounts, NVIDIA_GLX_LIBRARIES, WINDOW_LIBRARIES};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
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
    /// List EGL's devices.
    Devices,
    /// Draw on an EGL device.
    OffScreen,
    /// List Vulkan's devices.
    Vulkan,
}

/// Both phases, and everything else, end within 10 seconds.
const PROBE_LIMIT: Duration = Duration::from_millis(3000);
const DRAW_LIMIT: Duration = Duration::from_millis(5500);
/// Time between two checks of the processes.
const TICK: Duration = Duration::from_millis(3);
/// How much of the end of a process's output is kept.
const WORDS_KEPT: usize = 1500;

/// Tries everything except drawing: libraries, nodes, the X server. Takes at most 3 seconds.
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

/// Tries every way to draw. Takes at most 5.5 seconds.
pub fn draw(facts: &mut Facts) {
    let mut trials = vec![Trial::Devices, Trial::OffScreen, Trial::Vulkan];
    let display = facts.display.as_ref().map(|display| display.asked.clone());
    match display {
        Some(display) if matches!(facts.x.done(), Some(XAnswer::Welcome(_))) => {
            trials.extend([Trial::Glx(display.clone()), Trial::Egl(display)]);
        }
        other => {
            let why =
                if other.is_some() { "there is no connection to the X server" } else { "DISPLAY is not set" };
            facts.glx = Outcome::NotTried(why.into());
            facts.egl = Outcome::NotTried(why.into());
        }
    }
    for (trial, end) in trials.iter().zip(run(&trials, DRAW_LIMIT)) {
        let name = match trial {
            Trial::Glx(_) => "glx",
            Trial::Egl(_) => "egl",
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
            Trial::Devices => facts.devices = end.outcome(),
            Trial::Vulkan => facts.vulkan = end.outcome(),
            _ => facts.off_screen = end.outcome(),
        }
    }
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

/// Runs all trials at the same time. Returns their results in order, after `limit` at the latest.
fn run(trials: &[Trial], limit: Duration) -> Vec<End> {
    let started = Instant::now();
    let mut running: Vec<Result<Process, String>> = trials.iter().map(Process::start).collect();
    while started.elapsed() < limit {
        let mut all_ended = true;
        for process in running.iter_mut().flatten() {
            all_ended &= process.has_ended();
        }
        if all_ended {
            break;
        }
        std::thread::sleep(TICK);
    }
    let end = |process: Result<Process, String>| match process {
        Ok(process) => process.end(limit),
        Err(reason) => End { answer: Outcome::NotTried(reason), words: String::new() },
    };
    running.into_iter().map(end).collect()
}

/// A trial's process.
struct Process {
    child: Child,
    // Sockets rather than pipes, because reading them doesn't wait for processes that a driver has started and left
    // behind.
    answer: UnixStream,
    words: UnixStream,
    answer_read: Vec<u8>,
    words_read: Vec<u8>,
    exit: Option<ExitStatus>,
}

impl Process {
    fn start(trial: &Trial) -> Result<Process, String> {
        let start = || -> std::io::Result<Process> {
            let ((answer, answers), (words, says)) = (UnixStream::pair()?, UnixStream::pair()?);
            answer.set_nonblocking(true)?;
            words.set_nonblocking(true)?;
            let request = serde_json::to_string(trial).map_err(std::io::Error::other)?;
            // Not the program's path, because the file may be replaced while it runs.
            let mut command = Command::new("/proc/self/exe");
            command
                .arg0("rust-gears")
                .args(["doctor", "--trial", &request])
                .stdin(Stdio::null())
                .stdout(OwnedFd::from(answers))
                .stderr(OwnedFd::from(says));
            crate::canvas::forget_vendor_progress(&mut command);
            let child = command.spawn()?;
            Ok(Process { child, answer, words, answer_read: Vec::new(), words_read: Vec::new(), exit: None })
        };
        start().map_err(|e| format!("no process could be started for it: {e}"))
    }

    /// Reads what is there. Returns whether the wait is over: the answer is complete, or will never come.
    fn has_ended(&mut self) -> bool {
        // Checked before the output is read, so that everything written before the end is read, too.
        if self.exit.is_none() {
            self.exit = self.child.try_wait().ok().flatten();
        }
        read_available(&mut self.answer, &mut self.answer_read);
        read_available(&mut self.words, &mut self.words_read);
        self.exit.is_some() || self.answer_read.ends_with(b"\n")
    }

    fn end(mut self, limit: Duration) -> End {
        let has_ended = self.has_ended();
        if self.exit.is_none() {
            // Even if the answer is there, because a driver's exit handlers may hang. A process that not even SIGKILL
            // ends, because it waits in the kernel, is left behind.
            let _ = self.child.kill();
            let _ = self.child.try_wait();
        }
        let lines = String::from_utf8_lossy(&self.answer_read);
        let answer = lines.lines().last().and_then(|line| serde_json::from_str(line).ok());
        let answer = match (answer, self.exit) {
            (Some(value), _) => Outcome::Done(value),
            (None, Some(status)) => Outcome::Died(describe(status)),
            (None, None) if has_ended => Outcome::Died("its answer makes no sense".into()),
            (None, None) => Outcome::Hung(limit.as_secs_f64()),
        };
        let words = String::from_utf8_lossy(&self.words_read);
        let start = words.len().saturating_sub(WORDS_KEPT);
        let start = (start..=words.len()).find(|&at| words.is_char_boundary(at)).unwrap_or(0);
        End { answer, words: words[start..].trim().to_owned() }
    }
}

fn read_available(from: &mut UnixStream, into: &mut Vec<u8>) {
    let mut buffer = [0; 4096];
    // Limited, because a driver in a loop may write faster than this reads.
    for _ in 0..64 {
        match from.read(&mut buffer) {
            Ok(length) if length > 0 => into.extend_from_slice(&buffer[..length]),
            _ => break,
        }
    }
    let excess = into.len().saturating_sub(1 << 20);
    into.drain(..excess);
}

/// How a process ended: the signal's name, or the exit code.
fn describe(status: ExitStatus) -> String {
    const SIGNALS: [(i32, &str); 8] = [
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGSYS, "SIGSYS"),
        (libc::SIGTERM, "SIGTERM"),
    ];
    match (status.signal(), status.code()) {
        (Some(signal), _) => SIGNALS
            .iter()
            .find(|(number, _)| *number == signal)
            .map_or_else(|| format!("signal {signal}"), |(_, name)| name.to_string()),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "for no reason that is told".into(),
    }
}
