//! What a frame is drawn into, and how it ends.

use super::copy::{Copier, Copying, Ends};
use super::{Canvas, CanvasError, Window};
use crate::render::{BackBuffer, FrameQueue, Framebuffer, draw_to_window, read_back_buffer};
use crate::renderer::Kind;
use crate::request;
use crate::scene::Eye;
use image::RgbImage;
use std::rc::Rc;

/// The pictures of a frame, one for each eye.
pub enum Frames {
    /// The window's back buffers. A swap ends the frame and shows it.
    Shown { buffers: &'static [(Eye, BackBuffer)], srgb: bool },
    /// A framebuffer whose pictures are copied into the window.
    Copied { picture: Rc<Framebuffer>, copier: Box<Copier> },
    /// Framebuffers that aren't displayed. A fence ends a group of frames.
    Unseen { pictures: Vec<(Eye, Rc<Framebuffer>)>, queue: FrameQueue },
}

const MONO: &[(Eye, BackBuffer)] = &[(Eye::Mono, BackBuffer::Mono)];
const STEREO: &[(Eye, BackBuffer)] = &[(Eye::Left, BackBuffer::Left), (Eye::Right, BackBuffer::Right)];

impl Frames {
    /// The window's own, or framebuffers of the size that `request` asks for.
    ///
    /// # Errors
    /// Returns an error if the size or the number of samples exceeds OpenGL's limits.
    pub fn new(canvas: &Canvas, request: &request::Canvas) -> Result<Frames, CanvasError> {
        let buffers = if request.stereo { STEREO } else { MONO };
        if canvas.window().is_some_and(Window::is_copied) {
            return Frames::copied(canvas, request.samples.into(), request.srgb);
        }
        if canvas.window().is_some() {
            return Ok(Frames::Shown { buffers, srgb: request.srgb });
        }
        let (size, samples) = (request.size(), request.samples.into());
        let picture = |&(eye, _): &(Eye, BackBuffer)| {
            let framebuffer = Framebuffer::new(canvas.functions(), size, samples, request.srgb)
                .map_err(|e| canvas.too_large(size, samples, &e))?;
            Ok((eye, Rc::new(framebuffer)))
        };
        let pictures = buffers.iter().map(picture).collect::<Result<_, CanvasError>>()?;
        Ok(Frames::Unseen { pictures, queue: FrameQueue::new(canvas.functions()) })
    }

    /// The window's, without stereo or sRGB.
    pub fn shown() -> Frames {
        Frames::Shown { buffers: MONO, srgb: false }
    }

    /// Pictures of the window's size, which are copied into it.
    ///
    /// # Errors
    /// Returns an error if OpenGL or the X server refuses such pictures.
    pub fn copied(canvas: &Canvas, samples: u32, srgb: bool) -> Result<Frames, CanvasError> {
        let Some(window) = canvas.window() else {
            return Err(CanvasError::CannotCopy { reason: "there is no window".into() });
        };
        let (size, gl) = (window.size(), canvas.gl());
        let framebuffer = to_copy(canvas, size, samples, srgb)?;
        let ends =
            Ends { gl: &gl.functions, kind: gl.renderer.kind(), display: window.display(), window: window.id() };
        let copier = Box::new(Copier::new(&ends, size)?);
        Ok(Frames::Copied { picture: Rc::new(framebuffer), copier })
    }

    /// One picture per frame, in `framebuffer`.
    pub fn unseen(canvas: &Canvas, framebuffer: Rc<Framebuffer>) -> Frames {
        Frames::Unseen { pictures: vec![(Eye::Mono, framebuffer)], queue: FrameQueue::new(canvas.functions()) }
    }

    /// The framebuffer of the first picture, unless a window shows it.
    pub fn framebuffer(&self) -> Option<&Rc<Framebuffer>> {
        match self {
            Frames::Shown { .. } => None,
            Frames::Copied { picture, .. } => Some(picture),
            Frames::Unseen { pictures, .. } => Some(&pictures[0].1),
        }
    }

    /// How frames reach the X server, if they do.
    pub fn present(&self) -> Option<&'static str> {
        match self {
            Frames::Shown { .. } => Some("swap"),
            Frames::Copied { .. } => Some("copy"),
            Frames::Unseen { .. } => None,
        }
    }

    /// What copying has cost so far, if frames are copied.
    pub fn copying(&self) -> Option<Copying> {
        match self {
            Frames::Copied { copier, .. } => Some(copier.copying()),
            _ => None,
        }
    }

    /// Samples per pixel; 0 means no multisampling.
    pub fn samples(&self, canvas: &Canvas) -> u32 {
        match self.framebuffer() {
            Some(framebuffer) => framebuffer.samples(),
            None => canvas.window().map_or(0, |window| window.samples),
        }
    }

    /// Makes the first picture the one that is drawn into.
    pub fn bind(&self, canvas: &Canvas) {
        match self.framebuffer() {
            Some(framebuffer) => framebuffer.bind(),
            None => draw_to_window(canvas.functions()),
        }
    }

    /// Draws one frame: calls `draw` for each picture. If there is only one, it must be bound.
    pub fn draw(&self, canvas: &Canvas, mut draw: impl FnMut(Eye)) {
        match self {
            Frames::Shown { buffers, .. } => {
                for &(eye, buffer) in *buffers {
                    if eye != Eye::Mono {
                        buffer.select(canvas.functions());
                    }
                    draw(eye);
                }
            }
            Frames::Copied { picture, .. } => {
                draw(Eye::Mono);
                picture.resolve();
            }
            Frames::Unseen { pictures, .. } => {
                for (eye, framebuffer) in pictures {
                    if *eye != Eye::Mono {
                        framebuffer.bind();
                    }
                    draw(*eye);
                    framebuffer.resolve();
                }
            }
        }
    }

    /// Ends the frame: presents it, or leaves it to the GPU. Returns how many frames have completed by now.
    ///
    /// # Errors
    /// Returns an error if the window is lost or the GPU hangs.
    pub fn end_frame(&mut self, canvas: &Canvas) -> Result<u32, CanvasError> {
        match (self, canvas.window()) {
            (Frames::Copied { picture, copier }, _) => copier.end_frame(picture),
            (Frames::Unseen { queue, .. }, _) => Ok(queue.end_frame()?),
            (Frames::Shown { .. }, Some(window)) => Ok(window.swap_buffers().map(|()| 1)?),
            (Frames::Shown { .. }, None) => Ok(0),
        }
    }

    /// Waits until all frames are drawn. Returns how many completed.
    ///
    /// # Errors
    /// Returns an error if the GPU hangs.
    pub fn finish(&mut self) -> Result<u32, CanvasError> {
        match self {
            Frames::Shown { .. } => Ok(0),
            Frames::Copied { copier, .. } => copier.finish(),
            Frames::Unseen { queue, .. } => Ok(queue.finish()?),
        }
    }

    /// Adapts to the window's new size. Returns how many frames completed.
    ///
    /// # Errors
    /// Returns an error if the size exceeds OpenGL's limits, or if the GPU hangs.
    pub fn resize(&mut self, canvas: &Canvas, size: (u32, u32), srgb: bool) -> Result<u32, CanvasError> {
        let Frames::Copied { picture: framebuffer, copier } = self else { return Ok(0) };
        let completed = copier.resize(size)?;
        let samples = framebuffer.samples();
        *framebuffer = Rc::new(to_copy(canvas, size, samples, srgb)?);
        framebuffer.bind();
        Ok(completed)
    }

    /// What was just drawn, one picture per eye. Once a window's back buffer was shown, its content is undefined.
    ///
    /// # Errors
    /// Returns an error if there is no memory for it.
    pub fn read(&self, canvas: &Canvas, size: (u32, u32)) -> Result<Vec<RgbImage>, CanvasError> {
        match self {
            Frames::Shown { buffers, srgb } => buffers
                .iter()
                .map(|&(_, buffer)| read_back_buffer(canvas.functions(), buffer, size, *srgb))
                .collect::<Result<_, _>>()
                .map_err(|e| canvas.too_large(size, self.samples(canvas), &e)),
            Frames::Copied { picture, .. } => Ok(vec![picture.read()]),
            Frames::Unseen { pictures, .. } => Ok(pictures.iter().map(|(_, picture)| picture.read()).collect()),
        }
    }
}

/// A framebuffer whose pictures are copied.
fn to_copy(canvas: &Canvas, size: (u32, u32), samples: u32, srgb: bool) -> Result<Framebuffer, CanvasError> {
    let make = match canvas.gl().renderer.kind() {
        Kind::Software => Framebuffer::read_as_bgra,
        Kind::Hardware => Framebuffer::new,
    };
    make(canvas.functions(), size, samples, srgb).map_err(|e| canvas.too_large(size, samples, &e))
}
