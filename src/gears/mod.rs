//! A run: draws the scene frame by frame, measures and prints the results, until something ends it.
//!
//! The same loop and the same measurement serve windows and off-screen drawing.

mod json;
mod painter;
mod results;
mod summary;
mod text;
mod timing;

pub use timing::Timing;

use crate::advice;
use crate::canvas::{CanvasError, Drawing, Event, Key, before_exit_when_server_dies};
use crate::capture;
use crate::console::{self, Output};
use crate::error::Error;
use crate::output_file::OutputFile;
use crate::renderer::Kind;
use crate::request;
use crate::scene::{DEGREES_PER_SECOND, View};
use crate::signals::Signals;
pub(crate) use painter::Painter;
use results::Results;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use summary::Interval;

/// How a run ended, if it didn't fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The requested frames or time are over, or the user closed the window, or nobody reads the output any longer.
    Done,
    /// A signal ended it.
    Signal(u8),
}

impl Ended {
    pub fn exit_code(self) -> u8 {
        match self {
            Ended::Done => 0,
            Ended::Signal(number) => 128 + number,
        }
    }
}

/// How far an arrow key turns the scene, in degrees.
const KEY_TURN: f32 = 5.0;
/// How long a paused window waits for an event before it checks for signals and limits again.
const PAUSE: Duration = Duration::from_millis(50);

/// Draws what `options` ask for.
///
/// # Errors
/// Returns an error if it can't draw, or can't go on. What was measured until then is still reported.
pub fn run(options: &request::Gears) -> Result<Ended, Error> {
    let signals = Signals::watch()?;
    let screenshot = options.screenshot.as_deref().map(OutputFile::open).transpose()?;
    let mut output = Output::default();
    let painter = Painter::open(&options.canvas).inspect_err(|error| {
        // Scripts look for glxgears' own words on standard output.
        if let (false, Some(line)) = (options.json, glxgears_error(error, &options.canvas)) {
            let _ = output.line(&line);
        }
    })?;
    let mut run = Run::new(options, painter, output, signals);
    run.check_requirements()?;
    run.print_info()?;
    let outcome = run.draw_until_ended().and_then(|ended| run.finish().map(|()| ended));
    if outcome.is_ok()
        && let Some(file) = screenshot
    {
        file.write(&capture::png(&run.painter.picture(run.view, run.angle)?)?)?;
    }
    let is_judged = run.results.borrow().is_judged();
    let refresh_rate = if is_judged { None } else { run.painter.refresh_rate() };
    run.results.borrow_mut().print_summary(refresh_rate)?;
    outcome
}

/// What glxgears prints when it gives up.
fn glxgears_error(error: &Error, canvas: &request::Canvas) -> Option<String> {
    match error {
        Error::Canvas(CanvasError::NoConnection { display, .. }) => Some(text::could_not_open_display(display)),
        Error::Canvas(CanvasError::NoWindow { .. } | CanvasError::OtherVendor { .. }) => {
            Some(text::could_not_get_visual(canvas.stereo, canvas.samples > 0))
        }
        _ => None,
    }
}

struct Run<'a> {
    options: &'a request::Gears,
    painter: Painter,
    /// Only borrowed between calls of `painter`: if the X server dies during one, the results are printed from there.
    results: Rc<RefCell<Results>>,
    signals: Signals,
    view: View,
    angle: f64,
    /// When the last frame was drawn; `None` at the start and after a pause.
    drawn_at: Option<Instant>,
    is_paused: bool,
}

impl<'a> Run<'a> {
    fn new(options: &'a request::Gears, painter: Painter, output: Output, signals: Signals) -> Run<'a> {
        let drawing = painter.drawing();
        if let Some(warning) = painter.warning() {
            console::say(&advice::warning(warning));
        }
        painter.set_title(&text::title(&drawing, None));
        let results = Results::new(options, drawing, painter.swap_interval().cloned(), output);
        let results = Rc::new(RefCell::new(results));
        let so_far = results.clone();
        before_exit_when_server_dies(move || {
            if let Ok(mut results) = so_far.try_borrow_mut() {
                // What ends the run isn't that standard output can't be written.
                let _ = results.print_summary(None);
            }
        });
        Run {
            options,
            painter,
            results,
            signals,
            view: options.view,
            angle: options.angle.unwrap_or(0.0),
            drawn_at: None,
            is_paused: false,
        }
    }

    fn check_requirements(&self) -> Result<(), Error> {
        let Drawing { renderer, kind, .. } = &self.results.borrow().drawing;
        let name = &renderer.renderer;
        if self.options.require_hardware && *kind == Kind::Software {
            return Err(Error::Requirement(format!(
                "--require-hardware is not met: {name} draws in software\n\
                 Give this process a GPU and its OpenGL driver, or leave the option out"
            )));
        }
        match &self.options.expect_renderer {
            Some(regex) if !regex.is_match(name) => Err(Error::Requirement(format!(
                "--expect-renderer is not met: '{name}' does not match '{regex}'\n\
                 Choose another device (--list-devices, --device, --gl-vendor), or expect another name"
            ))),
            _ => Ok(()),
        }
    }

    fn print_info(&self) -> Result<(), Error> {
        if !self.options.info || self.options.json {
            return Ok(());
        }
        let (extensions, visual) = (self.painter.extensions(), self.painter.visual());
        let Results { output, drawing, .. } = &mut *self.results.borrow_mut();
        output.line(&text::gl_strings(drawing, &extensions))?;
        if let Some(visual) = visual {
            output.line(&text::visual(visual))?;
        }
        Ok(())
    }

    fn draw_until_ended(&mut self) -> Result<Ended, Error> {
        loop {
            let mut must_draw = !self.is_paused;
            for event in self.painter.events(if self.is_paused { PAUSE } else { Duration::ZERO })? {
                must_draw = true;
                match event {
                    Event::Closed | Event::Key(Key::Escape) => return Ok(Ended::Done),
                    Event::Key(key) => self.press(key),
                    Event::Resized => {
                        let mut drawing = self.results.borrow().drawing.clone();
                        let frames = self.painter.resize(&mut drawing)?;
                        self.results.borrow_mut().drawing = drawing;
                        self.frames_ended(frames)?;
                    }
                    Event::Exposed => {}
                }
            }
            if let Some(signal) = self.signals.caught() {
                return Ok(Ended::Signal(signal));
            }
            if must_draw {
                self.draw_frame()?;
            }
            if self.is_over() {
                return Ok(Ended::Done);
            }
            if self.is_paused && must_draw {
                // No further frame would push it out.
                self.finish()?;
            }
        }
    }

    /// Waits until all frames have completed.
    fn finish(&mut self) -> Result<(), Error> {
        let frames = self.painter.finish()?;
        self.frames_ended(frames)
    }

    fn press(&mut self, key: Key) {
        match key {
            Key::Left => self.view.y += KEY_TURN,
            Key::Right => self.view.y -= KEY_TURN,
            Key::Up => self.view.x += KEY_TURN,
            Key::Down => self.view.x -= KEY_TURN,
            Key::Animate => {
                self.is_paused = !self.is_paused;
                self.drawn_at = None;
                self.results.borrow_mut().timing.pause();
            }
            Key::Escape => {}
        }
    }

    fn draw_frame(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        if self.options.angle.is_none() && !self.is_paused {
            let passed = self.drawn_at.map_or(Duration::ZERO, |last| now - last);
            self.angle = (self.angle + DEGREES_PER_SECOND * passed.as_secs_f64()) % 360.0;
            self.drawn_at = Some(now);
        }
        self.painter.draw(self.view, self.angle);
        let frames = self.painter.end_frame()?;
        self.results.borrow_mut().timing.drew();
        self.frames_ended(frames)
    }

    fn frames_ended(&mut self, frames: u32) -> Result<(), Error> {
        if frames == 0 {
            return Ok(());
        }
        let copying = self.painter.copying();
        let over = {
            let mut results = self.results.borrow_mut();
            results.copying = copying;
            results.timing.frames_ended(Instant::now(), frames.into())
        };
        over.map_or(Ok(()), |interval| self.print_interval(interval))
    }

    fn print_interval(&self, interval: Interval) -> Result<(), Error> {
        if !self.results.borrow().is_judged() {
            let refresh_rate = self.painter.refresh_rate();
            self.results.borrow_mut().judge_synchronisation(interval.fps, refresh_rate)?;
        }
        let title = text::title(&self.results.borrow().drawing, Some(interval.fps));
        self.painter.set_title(&title);
        self.results.borrow_mut().print_interval(interval)?;
        Ok(())
    }

    fn is_over(&self) -> bool {
        let Results { output, timing, .. } = &*self.results.borrow();
        output.is_closed()
            || self.options.frames.is_some_and(|frames| timing.drawn() >= frames)
            || self.options.duration.is_some_and(|duration| timing.has_run_for(duration))
    }
}
