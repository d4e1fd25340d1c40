//! Showing frames by copying: they are drawn off-screen on an EGL device, read back, and given to the X server.
//!
//! A driver that swaps on an X server that isn't its GPU's own (Xvfb, VNC, ssh -X) copies frames through the CPU as well,
//! but one after the other, while the GPU waits.
//!
//! The crate softbuffer (0.4.8) would do the window's half. It also shares memory by passing a descriptor, but a single buffer, for
//! which it waits until the server has copied it: nothing overlaps (docs/measurements.md says what that costs). And it shows
//! nothing on screens of 16 or 30 bits.

mod choice;
mod format;
mod memory;
mod sink;

pub use choice::{device, device_instead, may_have_gpu};

use super::CanvasError;
use crate::render::{Framebuffer, Functions, PictureReader, PictureRing};
use crate::renderer::Kind;
use serde::Serialize;
use sink::Sink;
use std::time::{Duration, Instant};

/// What copying has cost so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Copying {
    pub through: Through,
    /// Frames copied.
    pub frames: u64,
    /// The program's time for copying drawn frames, and for waiting for the X server.
    pub time: Duration,
}

/// The way to the X server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Through {
    SharedMemory,
    Socket,
}

impl Through {
    pub fn text(self) -> &'static str {
        match self {
            Through::SharedMemory => "shared memory",
            Through::Socket => "the socket",
        }
    }
}

/// Copies frames into a window.
pub struct Copier {
    gl: Functions,
    display: String,
    source: Source,
    sink: Sink,
    frames: u64,
    time: Duration,
}

enum Source {
    /// A GPU: frames are read back a few frames later.
    Ring(PictureRing),
    /// A software renderer, or an OpenGL whose pixel buffers can't be mapped; with memory for a picture that must be converted.
    Reader(PictureReader, Vec<u8>),
}

impl Source {
    fn new(gl: &Functions, kind: Kind, size: (u32, u32)) -> Result<Source, String> {
        let ring = if kind == Kind::Hardware { PictureRing::new(gl, size)? } else { None };
        Ok(ring.map_or_else(|| Source::Reader(PictureReader::new(gl), Vec::new()), Source::Ring))
    }
}

/// Whoever draws, and into which window.
pub struct Ends<'a> {
    pub gl: &'a Functions,
    pub kind: Kind,
    pub display: &'a str,
    pub window: u32,
}

impl Copier {
    /// Copies frames of this size.
    ///
    /// # Errors
    /// Returns an error if there is no memory, or if the X server can't show the frames.
    pub fn new(ends: &Ends, size: (u32, u32)) -> Result<Copier, CanvasError> {
        let sink = Sink::open(ends.display, ends.window, size).map_err(|reason| lost(ends.display, reason))?;
        let source = Source::new(ends.gl, ends.kind, size).map_err(|reason| lost(ends.display, reason))?;
        let (gl, display) = (ends.gl.clone(), ends.display.to_owned());
        Ok(Copier { gl, display, source, sink, frames: 0, time: Duration::ZERO })
    }

    /// Ends a frame that was drawn into `framebuffer`. Returns how many frames the X server has shown since the last call.
    ///
    /// # Errors
    /// Returns an error if the GPU hangs, or if the X server refuses the picture.
    pub fn end_frame(&mut self, framebuffer: &Framebuffer) -> Result<u32, CanvasError> {
        match &mut self.source {
            Source::Ring(ring) => {
                ring.start(framebuffer);
                if ring.is_full() {
                    self.show_oldest()?;
                }
            }
            Source::Reader(reader, converted) => {
                reader.finish();
                let start = Instant::now();
                let sink = &mut self.sink;
                let is_ready = sink.format.is(reader.channels());
                if is_ready && reader.can_invert() {
                    reader.read(framebuffer, sink.image(), true);
                } else {
                    let (width, height) = framebuffer.size();
                    converted.resize(width as usize * height as usize * 4, 0);
                    reader.read(framebuffer, converted, false);
                    let pixels = crate::render::Pixels { bytes: converted, channels: reader.channels() };
                    let format = sink.format;
                    format.write(pixels, width, sink.image());
                }
                let put = sink.put();
                self.copied(start, put)?;
            }
        }
        Ok(self.sink.take_confirmed())
    }

    /// Shows the oldest frame on its way from the GPU. Returns whether there was one.
    fn show_oldest(&mut self) -> Result<bool, CanvasError> {
        let Source::Ring(ring) = &mut self.source else { return Ok(false) };
        let Some(slot) = ring.await_oldest()? else { return Ok(false) };
        let (start, (width, _)) = (Instant::now(), ring.size());
        let (format, sink) = (self.sink.format, &mut self.sink);
        ring.with_picture(slot, |pixels| format.write(pixels, width, sink.image()));
        let put = sink.put();
        self.copied(start, put).map(|()| true)
    }

    /// Counts a frame that was copied since `start`.
    fn copied(&mut self, start: Instant, put: Result<(), String>) -> Result<(), CanvasError> {
        self.time += start.elapsed();
        self.frames += 1;
        put.map_err(|reason| lost(&self.display, reason))
    }

    /// Waits until all frames are shown. Returns how many the X server has shown since the last call.
    ///
    /// # Errors
    /// Returns an error if the GPU hangs, or if the X server refuses a picture.
    pub fn finish(&mut self) -> Result<u32, CanvasError> {
        while self.show_oldest()? {}
        self.sink.finish();
        Ok(self.sink.take_confirmed())
    }

    /// Prepares for frames of another size, after all earlier ones are shown. Returns how many those were.
    ///
    /// # Errors
    /// Returns an error if there is no memory.
    pub fn resize(&mut self, size: (u32, u32)) -> Result<u32, CanvasError> {
        let shown = self.finish()?;
        self.sink.set_size(size);
        if let Source::Ring(ring) = &mut self.source {
            let new = PictureRing::new(&self.gl, size).map_err(|reason| lost(&self.display, reason))?;
            new.into_iter().for_each(|new| *ring = new);
        }
        Ok(shown)
    }

    /// What copying has cost so far.
    pub fn copying(&self) -> Copying {
        let through = if self.sink.shares_memory() { Through::SharedMemory } else { Through::Socket };
        Copying { through, frames: self.frames, time: self.time }
    }
}

fn lost(display: &str, reason: String) -> CanvasError {
    CanvasError::Lost { place: format!("the X server {display}"), reason }
}
