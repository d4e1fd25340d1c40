//! The gears together with the canvas that they are drawn on.

use crate::canvas::{Canvas, CanvasError, Copying, Drawing, Event, Frames, SwapInterval, Warning};
use crate::capture::side_by_side;
use crate::error::Error;
use crate::render::{self, Gears};
use crate::request;
use crate::scene::{View, transforms};
use image::RgbImage;
use std::time::Duration;

pub struct Painter {
    // Fields are dropped in this order, so objects of the context come before the context.
    gears: Gears,
    frames: Frames,
    canvas: Canvas,
    size: (u32, u32),
    srgb: bool,
}

impl Painter {
    /// Opens what `request` asks for.
    ///
    /// # Errors
    /// Returns an error that says what is missing.
    pub fn open(request: &request::Canvas) -> Result<Painter, Error> {
        let canvas = Canvas::open(request)?;
        canvas.check_window_size()?;
        let frames = Frames::new(&canvas, request)?;
        let size = canvas.window().map_or_else(|| request.size(), |window| window.size());
        let gears = Gears::new(canvas.functions(), &canvas.gl().renderer, request.srgb)?;
        canvas.gl().release_compiler();
        gears.set_viewport(size);
        frames.bind(&canvas);
        Ok(Painter { gears, frames, canvas, size, srgb: request.srgb })
    }

    /// What draws, and where.
    pub fn drawing(&self) -> Drawing {
        let renderer = self.canvas.gl().renderer.clone();
        let (width, height) = self.size;
        Drawing {
            kind: renderer.kind(),
            renderer,
            api: self.canvas.api().name(),
            target: self.canvas.target(),
            device: self.canvas.name(),
            width,
            height,
            samples: self.frames.samples(&self.canvas),
            present: self.frames.present(),
        }
    }

    /// What the user should know about what was opened.
    pub fn warning(&self) -> Option<&Warning> {
        self.canvas.warning()
    }

    /// OpenGL's extensions, separated by spaces.
    pub fn extensions(&self) -> String {
        render::extensions(self.canvas.functions())
    }

    /// The ID of the window's visual.
    pub fn visual(&self) -> Option<u64> {
        self.canvas.window().map(|window| window.visual)
    }

    pub fn swap_interval(&self) -> Option<&SwapInterval> {
        self.canvas.window().map(|window| &window.swap_interval)
    }

    /// The refresh rate, in Hz, of the window's screen.
    pub fn refresh_rate(&self) -> Option<f64> {
        self.canvas.window()?.refresh_rate()
    }

    pub fn set_title(&self, title: &str) {
        if let Some(window) = self.canvas.window() {
            window.set_title(title);
        }
    }

    /// Events since the last call. If there are none, waits for them for up to `patience`.
    ///
    /// # Errors
    /// Returns an error if the X server is lost.
    pub fn events(&mut self, patience: Duration) -> Result<Vec<Event>, CanvasError> {
        self.canvas.events(patience)
    }

    /// Adapts to the window's new size. Returns how many frames completed.
    ///
    /// # Errors
    /// Returns an error if the size exceeds OpenGL's limits.
    pub fn resize(&mut self, drawing: &mut Drawing) -> Result<u32, Error> {
        self.canvas.check_window_size()?;
        let Some(window) = self.canvas.window() else { return Ok(0) };
        self.size = window.size();
        let completed = self.frames.resize(&self.canvas, self.size, self.srgb)?;
        self.gears.set_viewport(self.size);
        (drawing.width, drawing.height) = self.size;
        Ok(completed)
    }

    /// What copying has cost so far, if frames are copied.
    pub fn copying(&self) -> Option<Copying> {
        self.frames.copying()
    }

    /// Draws one frame: a picture for each eye.
    pub fn draw(&self, view: View, angle: f64) {
        self.frames.draw(&self.canvas, |eye| self.gears.draw(&transforms(self.size, eye, view, angle)));
    }

    /// Ends the frame: presents it, or leaves it to the GPU. Returns how many frames have completed by now.
    ///
    /// # Errors
    /// Returns an error if the window is lost or the GPU hangs.
    pub fn end_frame(&mut self) -> Result<u32, CanvasError> {
        self.frames.end_frame(&self.canvas)
    }

    /// Waits until all frames are drawn. Returns how many completed.
    ///
    /// # Errors
    /// Returns an error if the GPU hangs.
    pub fn finish(&mut self) -> Result<u32, CanvasError> {
        self.frames.finish()
    }

    /// The picture of a frame, read from where it is drawn. With stereo: left and right side by side.
    ///
    /// # Errors
    /// Returns an error if there is no memory for it.
    pub fn picture(&self, view: View, angle: f64) -> Result<RgbImage, Error> {
        self.draw(view, angle);
        let pictures = self.frames.read(&self.canvas, self.size)?;
        Ok(match <[RgbImage; 1]>::try_from(pictures) {
            Ok([only]) => only,
            Err(pair) => side_by_side(&pair[0], &pair[1]),
        })
    }
}
