//! `bench --all-devices`: each GPU in turn, then all at once, each in its own process.

use super::{compare, own_options::this_program, turns::PATIENCE};
use crate::bench::report::{Report, json, parse, table};
use crate::canvas::{CanvasError, Device, OffScreen, devices};
use crate::console::Output;
use crate::error::Error;
use crate::gears::Ended;
use crate::output_file::OutputFile;
use crate::renderer::Kind;
use crate::request::{Bench, Canvas, Judging};
use crate::signals::Signals;
use crate::text_table::Style;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

/// Measures all GPUs (or, if there are none, all software renderers), prints a table for each, and then what each of
/// them loses when all draw at once.
///
/// # Errors
/// Returns an error if there is no device, if one can't be measured, or if the output can't be written.
pub fn run(options: &Bench) -> Result<Ended, Error> {
    let signals = Signals::watch()?;
    let file = options.json.as_deref().map(OutputFile::open).transpose()?;
    let all = choose(devices().map_err(|attempts| CanvasError::NoDeviceList { attempts })?, &options.canvas);
    if all.is_empty() {
        return Err(CanvasError::NoDevices.into());
    }
    let style = if options.markdown { Style::Markdown } else { Style::Text };
    let mut output = Output::default();
    let mut alone = Vec::new();
    for device in &all {
        let report = Measurement::start(device, false)?.finish(&signals)?;
        output.line(&format!("{}, alone\n\n{}\n", device.label(), table(&report, style)))?;
        alone.push(report);
        if signals.caught().is_some() {
            break;
        }
    }
    let mut at_once = Vec::new();
    if all.len() > 1 && signals.caught().is_none() {
        let running: Vec<Measurement> =
            all.iter().map(|device| Measurement::start(device, true)).collect::<Result<_, _>>()?;
        for (device, measurement) in all.iter().zip(running) {
            at_once.push(measurement.finish(&signals)?);
            let rows = compare::compare(&alone[at_once.len() - 1..at_once.len()], &at_once[at_once.len() - 1..]);
            let heading = format!("{}, all at once compared with alone", device.label());
            output.line(&format!("{heading}\n\n{}\n", compare::table(&rows, Judging::default(), style)))?;
        }
    }
    if let Some(file) = file {
        let lines: String = alone.iter().chain(&at_once).map(|report| json(report) + "\n").collect();
        file.write(lines.as_bytes())?;
    }
    Ok(signals.caught().map_or(Ended::Done, Ended::Signal))
}

/// The devices that draw in hardware; if there are none, all that draw.
fn choose(all: Vec<Device>, request: &Canvas) -> Vec<Device> {
    let kind =
        |device: &Device| OffScreen::open_device(device, request).ok().map(|screen| screen.gl.renderer.kind());
    let drawing: Vec<(Device, Kind)> = all.into_iter().filter_map(|d| kind(&d).map(|kind| (d, kind))).collect();
    let has_gpu = drawing.iter().any(|(_, kind)| *kind == Kind::Hardware);
    drawing.into_iter().filter(|(_, kind)| *kind == Kind::Hardware || !has_gpu).map(|(device, _)| device).collect()
}

/// A child process that runs this program on one device.
struct Measurement(Child);

impl Measurement {
    /// Starts the child with this process's own options.
    fn start(device: &Device, at_once: bool) -> Result<Measurement, Error> {
        let mut command = this_program()?;
        command.args(["--device", &device.index.to_string(), "--json", "-"]);
        if at_once {
            command.arg("--at-once");
        }
        // In its own process group, because Ctrl-C at a terminal would otherwise reach the child together with
        // the signal that `finish` passes on, and a second signal makes it exit without a report.
        Ok(Measurement(command.stdout(Stdio::piped()).process_group(0).spawn()?))
    }

    /// Waits for the child and passes on any signal. An interrupted child still reports. If several are running, a
    /// child may block on writing its report until it is read; it has finished measuring by then.
    fn finish(mut self, signals: &Signals) -> Result<Report, Error> {
        let mut stdout = File::from(OwnedFd::from(self.0.stdout.take().expect("stdout is piped")));
        let (mut text, mut buffer, mut is_told) = (Vec::new(), [0; 1 << 16], false);
        loop {
            if let Some(signal) = signals.caught().filter(|_| !is_told) {
                is_told = true;
                let signal = Signal::from_named_raw(signal.into()).expect("a signal that is watched");
                // If this fails, the child has already exited.
                let _ = kill_process(Pid::from_child(&self.0), signal);
            }
            match poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&PATIENCE)) {
                Ok(0) | Err(Errno::INTR) => continue,
                polled => polled.map_err(io::Error::from)?,
            };
            match stdout.read(&mut buffer)? {
                0 => break,
                length => text.extend_from_slice(&buffer[..length]),
            }
        }
        let status = self.0.wait()?;
        let unreadable =
            |reason| io::Error::other(format!("the benchmark of a device ({status}) wrote no report: {reason}"));
        let mut reports = parse(&String::from_utf8_lossy(&text)).map_err(unreadable)?;
        Ok(reports.remove(0))
    }
}
