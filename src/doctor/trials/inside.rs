//! Runs inside a trial's process.

use super::Trial;
use super::x_server;
use crate::canvas;
use crate::capture::compare;
use crate::doctor::facts::{Drawn, EglDevice, Node};
use crate::gears::Painter;
use crate::machine::{self, DisplayName};
use crate::request::{Canvas, Place, WindowApi};
use crate::scene::View;
use image::RgbImage;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs `trial` and writes the answer, one line of JSON, to standard output.
///
/// # Errors
/// Returns an error if nobody reads it.
pub fn perform(trial: &Trial) -> std::io::Result<()> {
    end_with_parent()?;
    let line = match trial {
        Trial::Library(name) => json(load(name)),
        Trial::Nodes => json(Ok(nodes())),
        Trial::Nvml => json(machine::ask_nvml()),
        Trial::Start(node) => json(Ok(start(node))),
        Trial::Reach(display) => json(reach(display)),
        Trial::X(display) => json(x_server::ask(display)),
        Trial::Glx(display) => json(draw(Place::Window { display: display.clone() }, Some(WindowApi::Glx))),
        Trial::Egl(display) => json(draw(Place::Window { display: display.clone() }, Some(WindowApi::Egl))),
        Trial::Devices => json(devices()),
        Trial::Vulkan => json(machine::vulkan_devices()),
        Trial::Copied(display) => json(draw_copied(display)),
        Trial::OffScreen => json(draw(Place::default(), None)),
    };
    writeln!(std::io::stdout().lock(), "{line}")
}

/// Whoever ends doctor also ends its trials, including one that hangs.
fn end_with_parent() -> std::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may already have ended, in which case nobody holds the other end of standard output.
    let stdout = std::io::stdout();
    let mut answer = [PollFd::new(&stdout, PollFlags::empty())];
    poll(&mut answer, Some(&Timespec::default()))?;
    match answer[0].revents().contains(PollFlags::HUP) {
        true => Err(std::io::ErrorKind::BrokenPipe.into()),
        false => Ok(()),
    }
}

fn json<T: Serialize>(answer: Result<T, String>) -> String {
    serde_json::to_string(&answer).expect("structs with string keys are JSON")
}

/// Loads a library. Returns its file, with symlinks resolved.
fn load(name: &str) -> Result<String, String> {
    machine::load_library(name).map_err(as_if_absent)?;
    // libdxcore.so.1.2 was requested as libdxcore.so; the kernel's list of mapped files has the real name.
    let stem = Path::new(name).file_name().map_or(name.into(), |n| n.to_string_lossy().into_owned());
    let stem = stem.split(".so").next().unwrap_or(name).to_owned() + ".so";
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let paths = maps.lines().filter_map(|line| Some(&line[line.find('/')?..]));
    let mut of_that_name = paths.filter(|path| {
        let file = Path::new(path).file_name().map(|n| n.to_string_lossy().into_owned());
        file.is_some_and(|file| file.starts_with(&stem))
    });
    Ok(of_that_name.next().unwrap_or(name).to_owned())
}

/// NVIDIA's runtime leaves empty files where it mounts its libraries, and an image made from such a container keeps
/// them. An empty file counts as a missing library. `words` are dlopen's.
fn as_if_absent(words: String) -> String {
    match words.strip_suffix(": file too short") {
        Some(path) if is_left_mount_point(Path::new(path)) => {
            let name = Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy());
            format!(
                "{name}: cannot open shared object file: No such file or directory (only an empty file is here)"
            )
        }
        _ => words,
    }
}

fn is_left_mount_point(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_nvidias = name.contains("nvidia") || name.starts_with("libcuda.");
    is_nvidias && fs::metadata(path).is_ok_and(|file| file.len() == 0)
}

/// All device nodes that drawing may need, opened like a driver does.
fn nodes() -> Vec<Node> {
    let places =
        [("/dev", "nvidia"), ("/dev/dri", "renderD"), ("/dev", "dxg"), ("/dev", "nvmap"), ("/dev", "nvhost-ctrl")];
    let all = places.iter().flat_map(|(folder, start)| names(folder, start));
    all.filter(|path| !path.is_dir()).filter_map(|path| node(&path)).collect()
}

fn names(folder: &str, start: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)));
    paths.sort();
    paths
}

/// The largest number of GPUs on one machine; more names in /dev must be a joke.
const MOST_GPUS: usize = 32;

/// `/dev/nvidia0` and so on.
pub(super) fn gpu_nodes() -> Vec<String> {
    let numbered = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = name.strip_prefix("nvidia").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    };
    let paths = names("/dev", "nvidia").into_iter().filter(numbered).take(MOST_GPUS);
    paths.map(|path| path.display().to_string()).collect()
}

/// Opens a GPU's node such that the kernel starts the GPU first, which O_NONBLOCK would defer. Returns the error
/// number or 0.
fn start(node: &str) -> i32 {
    let is_device = fs::metadata(node).is_ok_and(|file| file.file_type().is_char_device());
    if !is_device {
        return 0;
    }
    let opened = OpenOptions::new().read(true).write(true).open(node);
    opened.err().and_then(|e| e.raw_os_error()).unwrap_or(0)
}

fn node(path: &Path) -> Option<Node> {
    let metadata = fs::metadata(path).ok()?;
    let opened = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path);
    let is_device = metadata.file_type().is_char_device();
    let errno = if is_device { opened.err().and_then(|e| e.raw_os_error()) } else { Some(libc::ENODEV) };
    let class = Path::new("/sys/class/drm").join(path.file_name()?).join("device/driver");
    let driver = fs::canonicalize(class).ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
    Some(Node {
        path: path.display().to_string(),
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
        errno,
        driver,
        minor: Some(libc::minor(metadata.rdev())),
    })
}

/// Connects without sending anything, which shows what the operating system alone says.
fn reach(display: &str) -> Result<String, String> {
    let name = DisplayName::parse(display).ok_or("that is not a display name")?;
    if let Some(socket) = name.socket() {
        return UnixStream::connect(&socket).map(|_| socket).map_err(|e| e.to_string());
    }
    let host = name.host.as_deref().unwrap_or_default();
    let addresses = canvas::addresses(&name).map_err(|e| format!("{host}: {e}"))?;
    let mut last = format!("{host} has no address of that kind");
    for address in addresses {
        match TcpStream::connect(address) {
            Ok(_) => return Ok(address.to_string()),
            Err(e) => last = format!("{address}: {e}"),
        }
    }
    Err(last)
}

fn devices() -> Result<Vec<EglDevice>, String> {
    let all = canvas::devices().map_err(|attempts| attempts.in_one_line())?;
    let describe = |device: &canvas::Device| EglDevice {
        label: device.label(),
        is_nvidia: device.is_nvidia,
        is_software: device.is_software,
        pci: device.pci.clone(),
        uuid: device.uuid.clone(),
        node: device.node.as_ref().map(|node| node.display().to_string()),
    };
    Ok(all.iter().map(describe).collect())
}

/// A working driver's pictures differ from the reference only at edges.
const TOLERANCE: u8 = 2;
/// Number of frames drawn to measure the speed, and how long that may take.
const FRAMES: u32 = 100;
const FRAMES_TIME: Duration = Duration::from_millis(300);

/// Opens a window as the gears do, and draws in it if its frames are copied.
fn draw_copied(display: &str) -> Result<Drawn, String> {
    let place = Place::Window { display: display.into() };
    let painter = open(&Canvas { place, ..Canvas::default() })?;
    match painter.drawing().present {
        Some("copy") => draw_with(painter),
        _ => Err("the gears swap here".into()),
    }
}

fn draw(place: Place, window_api: Option<WindowApi>) -> Result<Drawn, String> {
    draw_with(open(&Canvas { place, window_api, ..Canvas::default() })?)
}

fn open(request: &Canvas) -> Result<Painter, String> {
    Painter::open(request).map_err(|e| {
        let earlier = canvas::earlier_failures();
        if earlier.is_empty() { e.to_string() } else { format!("{e}\nbefore that: {earlier}") }
    })
}

/// Draws the gears at angle 0 as the program does, and compares the picture with the reference.
fn draw_with(mut painter: Painter) -> Result<Drawn, String> {
    let view = View::default();
    let drawing = painter.drawing();
    // The first frame, in which drivers compile and allocate, says nothing about speed.
    painter.draw(view, 0.0);
    painter.end_frame().map_err(|e| e.to_string())?;
    painter.finish().map_err(|e| e.to_string())?;
    let started = Instant::now();
    let mut frames = 0;
    while frames < FRAMES && started.elapsed() < FRAMES_TIME {
        painter.events(Duration::ZERO).map_err(|e| e.to_string())?;
        painter.draw(view, 0.0);
        painter.end_frame().map_err(|e| e.to_string())?;
        frames += 1;
    }
    painter.finish().map_err(|e| e.to_string())?;
    let fps = f64::from(frames) / started.elapsed().as_secs_f64();
    let picture = painter.picture(view, 0.0).map_err(|e| e.to_string())?;
    Ok(Drawn {
        kind: drawing.kind,
        renderer: drawing.renderer,
        device: drawing.device,
        right_pixels: compare(&picture, &reference(), TOLERANCE).map(|difference| difference.equal_share()),
        fps,
        refresh_rate: painter.refresh_rate(),
        earlier_failures: canvas::earlier_failures(),
    })
}

/// The gears as glxgears draws them at angle 0, 300×300.
fn reference() -> RgbImage {
    let picture = image::load_from_memory_with_format(include_bytes!("../gears.png"), image::ImageFormat::Png);
    picture.expect("a picture that a test has read").to_rgb8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_the_oracles_colours() {
        // facts/glxgears.md, "Oracle"
        let picture = reference();
        assert_eq!(picture.dimensions(), (300, 300));
        let share = |colour: [u8; 3]| picture.pixels().filter(|pixel| pixel.0 == colour).count() as f64 / 90_000.0;
        assert!((0.71..0.73).contains(&share([0, 0, 0])), "{}", share([0, 0, 0]));
        for colour in [[193, 24, 0], [0, 193, 48], [48, 48, 242], [41, 5, 0], [0, 41, 10]] {
            assert!(share(colour) > 0.001, "{colour:?}");
        }
    }

    #[test]
    fn a_library_is_found_where_it_is() {
        assert!(load("libc.so.6").unwrap().ends_with("/libc.so.6"));
        assert!(load("libthere-is-none.so.7").unwrap_err().contains("No such file or directory"));
    }

    #[test]
    fn an_empty_file_of_nvidias_counts_as_absent_and_a_short_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let words = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            as_if_absent(format!("{}: file too short", path.display()))
        };
        assert!(words("libnvidia-gpucomp.so.580", "").starts_with("libnvidia-gpucomp.so.580: cannot open shared"));
        assert!(words("libcuda.so.1", "").starts_with("libcuda.so.1: cannot open shared"));
        assert!(words("libGLX_nvidia.so.0", "x").ends_with(": file too short"));
        assert!(words("libGL.so.1", "").ends_with(": file too short"));
    }
}
