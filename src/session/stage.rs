//! What the gears are drawn on: a window, or framebuffers that nobody sees.

use crate::capture::side_by_side;
use crate::console;
use crate::error::Error;
use crate::platform::{Event, Gl, OffScreen, PlatformError, SwapInterval, Window};
use crate::render::{self, BackBuffer, FrameQueue, Framebuffer, Gears, read_back_buffer};
use crate::report::{Drawing, Target};
use crate::request::{Canvas, Place};
use crate::scene::{Eye, View, transforms};
use image::RgbImage;
use std::time::Duration;

/// The gears and what they are drawn on.
pub struct Stage {
    // Dropped in this order: objects of the context before the context.
    gears: Gears,
    surface: Surface,
    size: (u32, u32),
    srgb: bool,
}

enum Surface {
    Window { window: Box<Window>, buffers: &'static [(Eye, BackBuffer)] },
    OffScreen { pictures: Vec<(Eye, Framebuffer)>, queue: FrameQueue, screen: Box<OffScreen> },
}

/// The pictures of a frame, one an eye.
const MONO: &[(Eye, BackBuffer)] = &[(Eye::Mono, BackBuffer::Mono)];
const STEREO: &[(Eye, BackBuffer)] = &[(Eye::Left, BackBuffer::Left), (Eye::Right, BackBuffer::Right)];

impl Stage {
    /// Opens what `request` asks for.
    ///
    /// # Errors
    /// Why that cannot be had.
    pub fn open(request: &Canvas) -> Result<Stage, Error> {
        let buffers = if request.stereo { STEREO } else { MONO };
        match &request.place {
            Place::Window { display } => {
                let window = Box::new(Window::open(display, request)?);
                let size = window.size();
                check_size(&window.gl, size, window.samples)?;
                let gears = Gears::new(&window.gl.functions, &window.gl.renderer, request.srgb)?;
                window.gl.release_compiler();
                gears.set_viewport(size);
                Ok(Stage { gears, surface: Surface::Window { window, buffers }, size, srgb: request.srgb })
            }
            Place::OffScreen { device, for_want_of_display } => {
                if *for_want_of_display {
                    console::say("DISPLAY is not set, so the gears are drawn off-screen");
                }
                let screen = Box::new(OffScreen::open(device.as_ref(), request.gl_vendor)?);
                let gl = &screen.gl.functions;
                let samples = request.samples.into();
                let picture = |eye| -> Result<(Eye, Framebuffer), Error> {
                    let framebuffer = Framebuffer::new(gl, request.size(), samples, request.srgb)
                        .map_err(|e| too_large(&screen.gl, request.size(), samples, &e))?;
                    Ok((eye, framebuffer))
                };
                let pictures: Vec<_> = buffers.iter().map(|&(eye, _)| picture(eye)).collect::<Result<_, _>>()?;
                let gears = Gears::new(gl, &screen.gl.renderer, request.srgb)?;
                screen.gl.release_compiler();
                gears.set_viewport(request.size());
                pictures[0].1.bind();
                let queue = FrameQueue::new(gl);
                Ok(Stage {
                    gears,
                    surface: Surface::OffScreen { pictures, queue, screen },
                    size: request.size(),
                    srgb: request.srgb,
                })
            }
        }
    }

    /// What draws, and where to.
    pub fn drawing(&self) -> Drawing {
        let (width, height) = self.size;
        let (renderer, api, target, device, samples) = match &self.surface {
            Surface::Window { window, .. } => (
                &window.gl.renderer,
                window.api.name(),
                Target::OnScreen,
                window.display().to_owned(),
                window.samples,
            ),
            Surface::OffScreen { screen, pictures, .. } => {
                (&screen.gl.renderer, "EGL", Target::OffScreen, screen.device.label(), pictures[0].1.samples())
            }
        };
        let kind = renderer.kind();
        Drawing { renderer: renderer.clone(), kind, api, target, device, width, height, samples }
    }

    /// What the user must know about what was opened.
    pub fn warnings(&self) -> &[String] {
        match &self.surface {
            Surface::Window { window, .. } => &window.warnings,
            Surface::OffScreen { screen, .. } => &screen.warnings,
        }
    }

    /// OpenGL's extensions, separated by spaces.
    pub fn extensions(&self) -> String {
        render::extensions(match &self.surface {
            Surface::Window { window, .. } => &window.gl.functions,
            Surface::OffScreen { screen, .. } => &screen.gl.functions,
        })
    }

    /// The window, where there is one.
    fn window(&self) -> Option<&Window> {
        match &self.surface {
            Surface::Window { window, .. } => Some(window),
            Surface::OffScreen { .. } => None,
        }
    }

    /// The ID of the window's visual.
    pub fn visual(&self) -> Option<u64> {
        self.window().map(|window| window.visual)
    }

    /// The window's swap interval.
    pub fn swap_interval(&self) -> Option<&SwapInterval> {
        self.window().map(|window| &window.swap_interval)
    }

    /// The refresh rate, in Hz, of the screen that the window is on.
    pub fn refresh_rate(&self) -> Option<f64> {
        self.window()?.refresh_rate()
    }

    /// Names the window.
    pub fn set_title(&self, title: &str) {
        if let Some(window) = self.window() {
            window.set_title(title);
        }
    }

    /// What happened since the last call; waits for it for as long as `patience`.
    ///
    /// # Errors
    /// Where the X server is lost.
    pub fn events(&mut self, patience: Duration) -> Result<Vec<Event>, PlatformError> {
        match &mut self.surface {
            Surface::Window { window, .. } => window.events(patience),
            Surface::OffScreen { .. } => Ok(Vec::new()),
        }
    }

    /// Takes note of the window's new size.
    ///
    /// # Errors
    /// Where it is beyond what OpenGL draws.
    pub fn resize(&mut self, drawing: &mut Drawing) -> Result<(), Error> {
        if let Surface::Window { window, .. } = &self.surface {
            self.size = window.size();
            check_size(&window.gl, self.size, window.samples)?;
            self.gears.set_viewport(self.size);
            (drawing.width, drawing.height) = self.size;
        }
        Ok(())
    }

    /// Draws one frame: a picture for each eye.
    pub fn draw(&self, view: View, angle: f64) {
        let draw = |eye| self.gears.draw(&transforms(self.size, eye, view, angle));
        match &self.surface {
            Surface::Window { window, buffers } => {
                for &(eye, buffer) in *buffers {
                    if eye != Eye::Mono {
                        buffer.select(&window.gl.functions);
                    }
                    draw(eye);
                }
            }
            Surface::OffScreen { pictures, .. } => {
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

    /// Ends the frame: shows it, or lets it go its way. Returns how many frames ended at this point in time.
    ///
    /// # Errors
    /// Where the window is lost, or the GPU hangs.
    pub fn end_frame(&mut self) -> Result<u32, Error> {
        match &mut self.surface {
            Surface::Window { window, .. } => Ok(window.swap_buffers().map(|()| 1)?),
            Surface::OffScreen { queue, .. } => Ok(queue.end_frame()?),
        }
    }

    /// Waits until all frames are drawn. Returns how many ended with that.
    ///
    /// # Errors
    /// Where the GPU hangs.
    pub fn finish(&mut self) -> Result<u32, Error> {
        match &mut self.surface {
            Surface::Window { .. } => Ok(0),
            Surface::OffScreen { queue, .. } => Ok(queue.finish()?),
        }
    }

    /// The picture of a frame, read from where it is drawn. With stereo: left and right beside each other.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub fn picture(&self, view: View, angle: f64) -> Result<RgbImage, Error> {
        // A window's back buffer holds nothing defined after it was shown, so the frame is drawn once more.
        self.draw(view, angle);
        let pictures: Vec<RgbImage> = match &self.surface {
            Surface::Window { window, buffers } => buffers
                .iter()
                .map(|&(_, buffer)| read_back_buffer(&window.gl.functions, buffer, self.size, self.srgb))
                .collect::<Result<_, _>>()
                .map_err(|e| too_large(&window.gl, self.size, window.samples, &e))?,
            Surface::OffScreen { pictures, .. } => {
                pictures.iter().map(|(_, framebuffer)| framebuffer.read()).collect()
            }
        };
        Ok(match <[RgbImage; 1]>::try_from(pictures) {
            Ok([only]) => only,
            Err(pair) => side_by_side(&pair[0], &pair[1]),
        })
    }
}

fn check_size(gl: &Gl, size: (u32, u32), samples: u32) -> Result<(), Error> {
    render::check_size(&gl.functions, size).map_err(|e| too_large(gl, size, samples, &e))
}

/// The error for a picture that OpenGL cannot draw for `reason`.
pub(crate) fn too_large(
    gl: &Gl,
    (width, height): (u32, u32),
    samples: u32,
    reason: &render::FramebufferError,
) -> Error {
    let (renderer, reason) = (gl.renderer.renderer.clone(), reason.to_string());
    PlatformError::TooLarge { width, height, samples, renderer, reason }.into()
}
