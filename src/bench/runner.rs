//! Draws stages and measures the time.

use super::framebuffers::Framebuffers;
use super::halt::{Halt, Stop};
use super::processors::{Usage, own_time};
use super::record::{Record, Round};
use super::stages::{Setup, Spec};
use super::window;
use crate::canvas::{Canvas, Frames, Target};
use crate::error::Error;
use crate::render::workload::Workload;
use crate::render::{self, Functions, Gears, GpuTimer};
use crate::request::Bench;
use crate::scene::angle_at;
use crate::signals::Signals;
use crate::stats::rate;
use image::RgbImage;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A frame whose load the benchmark chooses lasts at least this long: hundreds of times the cost of its fence, and 30
/// times what an H100 needs to clear a screen.
const SHORTEST_FRAME: Duration = Duration::from_millis(4);
/// Number of frames by which a load is judged.
const TRIAL_FRAMES: u32 = 3;
/// How long each round draws before the timing starts, which fills the caches and the pipeline with its own data.
const LEAD_IN: Duration = Duration::from_millis(10);
const LEAD_IN_GROUPS: u32 = 4;
/// Time between two timer queries. Each keeps the GPU from overlapping frames for a few microseconds.
const QUERY_INTERVAL: Duration = Duration::from_millis(5);
/// Time between two checks for window events.
const EVENT_INTERVAL: Duration = Duration::from_millis(50);
/// A stage is warm once this many consecutive rates agree within this fraction.
const STEADY_RATES: usize = 3;
const STEADY_SHARE: f64 = 0.02;
const WARM_UP_STEP: Duration = Duration::from_millis(50);
/// Time between two pauses of a deliberate slowdown.
const SLOW_DOWN_INTERVAL: Duration = Duration::from_millis(20);

/// A stage that is set up.
pub struct Running {
    pub spec: &'static Spec,
    /// What it draws; owns OpenGL objects.
    workload: Box<dyn Workload>,
    frames: Frames,
    pub size: (u32, u32),
    /// Samples per pixel.
    pub samples: u32,
    /// Gears or readbacks per frame.
    pub load: u32,
    /// Work per frame, in the workload's unit.
    pub work: f64,
    /// Frames completed, including those that weren't measured.
    pub ended: u64,
    /// Every check of its picture found a gear.
    pub is_drawn: bool,
    query_every: u64,
    pub record: Record,
}

/// Everything needed to draw.
pub struct Runner<'a> {
    options: &'a Bench,
    // Fields are dropped in this order, so objects of the context come before the context.
    gears: Rc<Gears>,
    framebuffers: Framebuffers,
    timer: GpuTimer,
    gl: Functions,
    pub canvas: Canvas,
    signals: Signals,
    begun: Instant,
    handled_events: Instant,
    slowed_down: Instant,
}

impl<'a> Runner<'a> {
    /// Opens what `options` ask for.
    ///
    /// # Errors
    /// Returns an error if it can't be opened.
    pub fn new(options: &'a Bench, signals: Signals) -> Result<Runner<'a>, Error> {
        let canvas = window::open(&options.canvas)?;
        let gl = canvas.functions().clone();
        let now = Instant::now();
        Ok(Runner {
            options,
            gears: Rc::new(Gears::new(&gl, &canvas.gl().renderer, false)?),
            framebuffers: Framebuffers::default(),
            timer: GpuTimer::new(&gl)?,
            gl,
            canvas,
            signals,
            begun: now,
            handled_events: now,
            slowed_down: now,
        })
    }

    /// Raises the window above others, which may belong to benchmarks that take turns with this one. A covered window
    /// isn't displayed, and is faster for that reason.
    pub fn raise_window(&self) {
        if let Some(window) = self.canvas.window() {
            window.raise();
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Sets a stage up (its objects and load), checks its picture, then draws until it is warm.
    ///
    /// # Errors
    /// Returns an error if OpenGL fails, if the surface is lost, or if something ends the measurement.
    pub fn prepare(&mut self, spec: &'static Spec) -> Result<Running, Halt> {
        // The classic stage has the same size on-screen and off-screen, even if a window manager chose it.
        let window_size = self.canvas.window().map(|window| window.size());
        let size = spec.size.pixels(window_size, self.options.canvas.geometry.size);
        let frames = match spec.target {
            Target::OnScreen => Frames::shown(),
            Target::Copied => Frames::copied(&self.canvas, self.options.canvas.samples.into(), false)?,
            Target::OffScreen => {
                let samples = self.options.canvas.samples.into();
                Frames::unseen(&self.canvas, self.framebuffers.of_size(&self.canvas, size, samples)?)
            }
        };
        let samples = frames.samples(&self.canvas);
        let setup = Setup { gl: &self.gl, gears: &self.gears, framebuffer: frames.framebuffer(), size };
        let mut stage = Running {
            spec,
            workload: (spec.build)(&setup)?,
            frames,
            size,
            samples,
            load: 1,
            work: 1.0,
            ended: 0,
            is_drawn: true,
            query_every: 1,
            record: Record::default(),
        };
        let given = self.options.gears.filter(|_| spec.is_load_gears);
        self.set_load(&mut stage, given.unwrap_or(spec.min_load))?;
        self.check_picture(&mut stage)?;
        if spec.max_load > 1 && given.is_none() {
            // An idle GPU clocks down and would be given too little work.
            self.warm_up(&mut stage)?;
            self.find_load(&mut stage)?;
        }
        self.warm_up(&mut stage)?;
        Ok(stage)
    }

    /// Doubles the load until a frame is long enough. Powers of two let two runs find the same load.
    fn find_load(&mut self, stage: &mut Running) -> Result<(), Error> {
        while stage.load < stage.spec.max_load {
            self.draw_frames(stage, TRIAL_FRAMES)?;
            let start = Instant::now();
            self.draw_frames(stage, TRIAL_FRAMES)?;
            let frame = start.elapsed() / TRIAL_FRAMES;
            if frame >= SHORTEST_FRAME {
                break;
            }
            self.set_load(stage, stage.load * 2)?;
        }
        Ok(())
    }

    fn set_load(&self, stage: &mut Running, load: u32) -> Result<(), Error> {
        self.bind(stage);
        stage.load = load.min(stage.spec.max_load);
        stage.workload.set_load(stage.load)?;
        stage.work = stage.workload.work();
        // The new load may have come with new buffers.
        self.bind(stage);
        Ok(())
    }

    /// Draws some frames and waits for the last.
    fn draw_frames(&mut self, stage: &mut Running, count: u32) -> Result<(), Error> {
        for _ in 0..count {
            self.draw(stage, 0.0);
            self.end_frame(stage)?;
        }
        stage.frames.finish()?;
        Ok(())
    }

    /// Draws until the rate is steady, but no longer than the user allows.
    fn warm_up(&mut self, stage: &mut Running) -> Result<(), Halt> {
        let start = Instant::now();
        let mut rates: Vec<f64> = Vec::new();
        while start.elapsed() < self.options.warm_up {
            let round = self.draw_for(stage, WARM_UP_STEP, false)?;
            rates.extend(rate(round.frames, round.time));
            let last = &rates[rates.len().saturating_sub(STEADY_RATES)..];
            let (low, high) = last.iter().fold((f64::MAX, 0.0f64), |(l, h), r| (l.min(*r), h.max(*r)));
            if last.len() == STEADY_RATES && high / low < 1.0 + STEADY_SHARE {
                break;
            }
        }
        if let Some(rate) = rates.last() {
            stage.query_every = (rate * QUERY_INTERVAL.as_secs_f64()).ceil().max(1.0) as u64;
        }
        Ok(())
    }

    /// Measures one round of a stage.
    ///
    /// # Errors
    /// Returns an error if the surface is lost, if the GPU hangs, or if something ends the measurement.
    pub fn round(&mut self, stage: &mut Running) -> Result<(), Halt> {
        let round = self.draw_for(stage, self.options.slice, true)?;
        stage.record.round(round, self.elapsed());
        Ok(())
    }

    /// Draws for at least `time`, measured from the end of one frame to the end of another.
    fn draw_for(&mut self, stage: &mut Running, time: Duration, is_recorded: bool) -> Result<Round, Halt> {
        self.bind(stage);
        let instrumented = is_recorded && stage.spec.is_instrumented;
        let begun = Instant::now();
        let (mut drawn, mut frames, mut groups) = (0u64, 0u64, 0u32);
        // Set at the end of the lead-in.
        let mut start: Option<(Instant, Usage)> = None;
        let mut last = begun;
        let ended = loop {
            if let Some(signal) = self.signals.caught() {
                break Err(Stop::Signal(signal));
            }
            let is_timed = instrumented && start.is_some() && drawn % stage.query_every == 0;
            if is_timed {
                self.timer.begin();
            }
            self.draw(stage, angle_at((last - self.begun).as_secs_f64()));
            if is_timed {
                self.timer.end();
            }
            drawn += 1;
            let ended = self.end_frame(stage)?;
            if ended == 0 {
                continue;
            }
            let ended = u64::from(ended) + self.slow_down(stage)?;
            let now = Instant::now();
            groups += 1;
            if start.is_some() {
                frames += ended;
                if instrumented {
                    stage.record.frames(ended, now - last, now - self.begun, time);
                }
            }
            last = now;
            match &start {
                None if groups >= LEAD_IN_GROUPS && now - begun >= LEAD_IN => {
                    start = Some((now, Usage::now()));
                    // Reading the processors' counters must not count as frame time.
                    last = Instant::now();
                    start = start.map(|(_, usage)| (last, usage));
                }
                Some((start, before)) if now - *start >= time => {
                    let cpu = own_time() - before.own();
                    let others = Usage::now().others_since(before);
                    break Ok(Round { frames, time: now - *start, cpu, others });
                }
                _ => {}
            }
            if stage.spec.target != Target::OffScreen && now - self.handled_events >= EVENT_INTERVAL {
                self.handled_events = now;
                if !window::handle_events(&mut self.canvas)? {
                    break Err(Stop::Closed);
                }
            }
        };
        stage.frames.finish()?;
        while let Some(time) = self.timer.take() {
            stage.record.gpu(time);
        }
        ended.map_err(Halt::Stopped)
    }

    /// Makes the stage's framebuffer and objects current.
    fn bind(&self, stage: &Running) {
        stage.frames.bind(&self.canvas);
        self.gears.set_viewport(stage.size);
        stage.workload.bind();
    }

    fn draw(&self, stage: &mut Running, angle: f64) {
        let Running { spec, frames, workload, .. } = stage;
        frames.draw(&self.canvas, |_| {
            if self.options.test_draw_nothing != Some(spec.stage) {
                workload.draw(angle);
            }
        });
    }

    /// Ends the frame: presents it, or leaves it to the GPU. Returns how many frames have completed by now.
    fn end_frame(&mut self, stage: &mut Running) -> Result<u32, Error> {
        stage.ended += 1;
        Ok(stage.frames.end_frame(&self.canvas)?)
    }

    /// Wastes the share of time that a test asks for. Returns how many frames completed meanwhile.
    fn slow_down(&mut self, stage: &mut Running) -> Result<u64, Error> {
        let percent = self.options.test_slow_down;
        let passed = self.slowed_down.elapsed();
        if percent == 0.0 || passed < SLOW_DOWN_INTERVAL {
            return Ok(0);
        }
        // Frames in flight would use the pause to catch up. The time since the last pause may include another stage's
        // time, or a check of the window.
        let ended = stage.frames.finish()?;
        std::thread::sleep(passed.min(2 * SLOW_DOWN_INTERVAL).mul_f64(percent / 100.0));
        self.slowed_down = Instant::now();
        Ok(ended.into())
    }

    /// Draws a frame onto black and looks for the red gear, which every stage's picture shows.
    ///
    /// # Errors
    /// Returns an error if there is no memory for the picture.
    pub fn check_picture(&mut self, stage: &mut Running) -> Result<(), Error> {
        self.bind(stage);
        render::clear(&self.gl);
        self.draw(stage, 0.0);
        let pictures = stage.frames.read(&self.canvas, stage.size)?;
        stage.is_drawn &= pictures.iter().all(shows_red_gear);
        Ok(())
    }
}

/// Whether any pixel has the red gear's hue, at any brightness.
fn shows_red_gear(picture: &RgbImage) -> bool {
    picture.pixels().any(|pixel| {
        let [r, g, b] = pixel.0;
        r > 30 && g < r / 3 && b < r / 3
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gear_is_red_and_black_is_none() {
        let picture = |color| RgbImage::from_pixel(2, 2, image::Rgb(color));
        assert!(shows_red_gear(&picture([193, 24, 0])) && shows_red_gear(&picture([41, 5, 0])));
        assert!(!shows_red_gear(&picture([0, 0, 0])) && !shows_red_gear(&picture([255, 255, 255])));
        assert!(!shows_red_gear(&picture([0, 193, 48])));
    }
}
