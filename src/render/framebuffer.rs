//! Framebuffers to draw into without a window, and pictures read back from them.

use super::limits::Limits;
use super::{Abilities, BackBuffer, Functions, Lack, last_error};
use glow::HasContext;
use image::{DynamicImage, RgbImage, RgbaImage};

/// A picture in the GPU's memory: colour and depth, with or without multisampling.
pub struct Framebuffer {
    /// What is drawn into.
    drawn: Storage,
    /// Samples are resolved to pixels here; not needed without multisampling.
    resolved: Option<Storage>,
    gl: Functions,
    size: (u32, u32),
    samples: u32,
}

/// The driver can't create a framebuffer of this size.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FramebufferError(pub(super) String);

impl From<Lack> for FramebufferError {
    fn from(lack: Lack) -> FramebufferError {
        FramebufferError(lack.to_string())
    }
}

impl Framebuffer {
    /// Creates one with at least this many `samples` per pixel; 0 means no multisampling.
    ///
    /// # Errors
    /// Returns the limit that was exceeded.
    pub fn new(
        gl: &Functions,
        size: (u32, u32),
        samples: u32,
        srgb: bool,
    ) -> Result<Framebuffer, FramebufferError> {
        Framebuffer::with(gl, size, samples, srgb, false)
    }

    /// The same, for pictures that are read as blue, green, red and alpha, which then takes half as long in software: Mesa
    /// stores a texture in the order of the pixels that it is made of.
    ///
    /// # Errors
    /// Returns the limit that was exceeded.
    pub fn read_as_bgra(
        gl: &Functions,
        size: (u32, u32),
        samples: u32,
        srgb: bool,
    ) -> Result<Framebuffer, FramebufferError> {
        Framebuffer::with(gl, size, samples, srgb, true)
    }

    fn with(
        gl: &Functions,
        size: (u32, u32),
        samples: u32,
        srgb: bool,
        bgra: bool,
    ) -> Result<Framebuffer, FramebufferError> {
        let abilities = Abilities::of(gl);
        abilities.require_off_screen(samples, srgb)?;
        Limits::of(gl).allow(size, samples)?;
        let color = if srgb { glow::SRGB8_ALPHA8 } else { glow::RGBA8 };
        let stored = Color::Renderbuffer(color);
        let read = match abilities {
            // OpenGL ES 2.0 only guarantees renderbuffers with 16 bits per pixel, which would change colours.
            Abilities { true_color: false, .. } => Color::Texture(glow::RGBA),
            Abilities { is_embedded: false, .. } if bgra && !srgb => Color::Texture(glow::BGRA),
            _ => stored,
        };
        let drawn = if samples > 0 { stored } else { read };
        let (drawn, actual) = Storage::new(gl, size, samples, drawn, true)?;
        let resolved = (samples > 0).then(|| Storage::new(gl, size, 0, read, false)).transpose()?.map(|(s, _)| s);
        Ok(Framebuffer { drawn, resolved, gl: gl.clone(), size, samples: actual })
    }

    /// Samples per pixel; 0 means no multisampling.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Makes it the source of reading; with multisampling, that is the picture resolved last. To draw again, `bind`
    /// it.
    pub fn bind_for_reading(&self) {
        self.resolved.as_ref().unwrap_or(&self.drawn).bind(glow::FRAMEBUFFER);
    }

    /// Makes it the framebuffer that is drawn into.
    pub fn bind(&self) {
        self.drawn.bind(glow::FRAMEBUFFER);
    }

    /// Resolves samples to pixels, as presenting a window does. Leaves the framebuffer bound as `bind` does.
    #[expect(unsafe_code)]
    pub fn resolve(&self) {
        let Some(resolved) = &self.resolved else { return };
        let (width, height) = (self.size.0 as i32, self.size.1 as i32);
        resolved.bind(glow::DRAW_FRAMEBUFFER);
        // SAFETY: the context is current; both framebuffers have this size and format.
        unsafe {
            self.gl.blit_framebuffer(
                0,
                0,
                width,
                height,
                0,
                0,
                width,
                height,
                glow::COLOR_BUFFER_BIT,
                glow::NEAREST,
            );
        }
        self.drawn.bind(glow::DRAW_FRAMEBUFFER);
    }

    /// The picture, top row first.
    pub fn read(&self) -> RgbImage {
        self.bind_for_reading();
        let picture = read_pixels(&self.gl, self.size);
        self.bind();
        picture
    }
}

/// The picture in a window's back buffer, top row first. Read it before the buffers are swapped.
///
/// # Errors
/// Returns an error if there is no memory for it.
#[expect(unsafe_code)]
pub fn read_back_buffer(
    gl: &Functions,
    buffer: BackBuffer,
    size: (u32, u32),
    srgb: bool,
) -> Result<RgbImage, FramebufferError> {
    let (width, height) = (size.0 as i32, size.1 as i32);
    let abilities = Abilities::of(gl);
    if abilities.is_embedded && srgb {
        return Ok(read_pixels(gl, size));
    }
    if abilities.is_embedded || !abilities.blits {
        return copy_of_window(gl, size, abilities.is_embedded);
    }
    // With Mesa, reading a multisampled window directly yields one sample per pixel instead of their mean.
    let color = if srgb { glow::SRGB8_ALPHA8 } else { glow::RGBA8 };
    let (resolved, _) = Storage::new(gl, size, 0, Color::Renderbuffer(color), false)?;
    // SAFETY: the context is current; 0 is the window's own framebuffer.
    unsafe {
        gl.bind_framebuffer(glow::READ_FRAMEBUFFER, None);
        gl.read_buffer(buffer.gl_name());
        gl.blit_framebuffer(0, 0, width, height, 0, 0, width, height, glow::COLOR_BUFFER_BIT, glow::NEAREST);
    }
    resolved.bind(glow::FRAMEBUFFER);
    let picture = read_pixels(gl, size);
    // SAFETY: as above.
    unsafe { gl.bind_framebuffer(glow::FRAMEBUFFER, None) };
    Ok(picture)
}

/// The picture in a window's back buffer, copied through a texture, which resolves samples like a blit. OpenGL ES
/// blits samples only between equal formats, and can't draw into a format that equals a window without alpha.
#[expect(unsafe_code)]
fn copy_of_window(gl: &Functions, size: (u32, u32), is_embedded: bool) -> Result<RgbImage, FramebufferError> {
    let (width, height) = (size.0 as i32, size.1 as i32);
    // SAFETY: the context is current; the texture is bound, and as large as the window.
    unsafe {
        let texture = Texture::new(gl)?;
        gl.copy_tex_image_2d(glow::TEXTURE_2D, 0, glow::RGB, 0, 0, width, height, 0);
        if !is_embedded {
            return Ok(picture(size, |rgba| {
                gl.get_tex_image(glow::TEXTURE_2D, 0, glow::RGBA, glow::UNSIGNED_BYTE, rgba)
            }));
        }
        // Only the bound framebuffer can be read.
        let storage = Storage::of_texture(gl, texture)?;
        storage.check()?;
        let picture = read_pixels(gl, size);
        gl.bind_framebuffer(glow::FRAMEBUFFER, None);
        Ok(picture)
    }
}

/// The picture in the framebuffer that is read, top row first.
#[expect(unsafe_code)]
fn read_pixels(gl: &glow::Context, size: (u32, u32)) -> RgbImage {
    let (width, height) = (size.0 as i32, size.1 as i32);
    // OpenGL ES has no other format in which every framebuffer can be read.
    // SAFETY: the context is current, and the memory is a picture's of this size.
    picture(size, |rgba| unsafe {
        gl.read_pixels(0, 0, width, height, glow::RGBA, glow::UNSIGNED_BYTE, rgba);
    })
}

/// The picture that `read` writes into the given memory, with four bytes per pixel, which leaves no padding between
/// rows.
fn picture((width, height): (u32, u32), read: impl FnOnce(glow::PixelPackData)) -> RgbImage {
    let mut rgba = RgbaImage::new(width, height);
    read(glow::PixelPackData::Slice(Some(rgba.as_mut())));
    let mut picture = DynamicImage::ImageRgba8(rgba).into_rgb8();
    // OpenGL's first row is the bottom one.
    image::imageops::flip_vertical_in_place(&mut picture);
    picture
}

/// Where the colours of a framebuffer are.
#[derive(Debug, Clone, Copy)]
enum Color {
    /// In a renderbuffer of this format.
    Renderbuffer(u32),
    /// In a texture whose pixels have this format.
    Texture(u32),
}

/// A framebuffer object and the storage of its pixels.
struct Storage {
    gl: Functions,
    framebuffer: glow::Framebuffer,
    renderbuffers: Vec<glow::Renderbuffer>,
    texture: Option<Texture>,
}

impl Storage {
    /// Also returns the actual number of samples per pixel.
    #[expect(unsafe_code)]
    fn new(
        gl: &Functions,
        (width, height): (u32, u32),
        samples: u32,
        color: Color,
        with_depth: bool,
    ) -> Result<(Storage, u32), FramebufferError> {
        let (width, height) = (width as i32, height as i32);
        // On an H100, clearing 24 bits of depth took half of a frame. With 16 bits, 300x300 went from 58,600 to
        // 66,200 FPS, and 1920x1080 from 2,500 to 2,830. The gears are 30 to 50 units away, where 16 bits distinguish
        // 0.007 units.
        let depth = (glow::DEPTH_ATTACHMENT, glow::DEPTH_COMPONENT16);
        // SAFETY: the context is current; the sizes are within its limits.
        unsafe {
            let (mut storage, color) = match color {
                Color::Renderbuffer(format) => {
                    (Storage::without_pixels(gl)?, Some((glow::COLOR_ATTACHMENT0, format)))
                }
                Color::Texture(format) => {
                    let texture = Texture::new(gl)?;
                    let (target, stored, kind) = (glow::TEXTURE_2D, glow::RGBA as i32, glow::UNSIGNED_BYTE);
                    let none = glow::PixelUnpackData::Slice(None);
                    gl.tex_image_2d(target, 0, stored, width, height, 0, format, kind, none);
                    (Storage::of_texture(gl, texture)?, None)
                }
            };
            storage.bind(glow::FRAMEBUFFER);
            let mut actual = 0;
            for (attachment, format) in color.into_iter().chain(with_depth.then_some(depth)) {
                let renderbuffer = gl.create_renderbuffer().map_err(FramebufferError)?;
                storage.renderbuffers.push(renderbuffer);
                gl.bind_renderbuffer(glow::RENDERBUFFER, Some(renderbuffer));
                let target = glow::RENDERBUFFER;
                if samples > 0 {
                    gl.renderbuffer_storage_multisample(target, samples as i32, format, width, height);
                    actual = gl.get_renderbuffer_parameter_i32(target, glow::RENDERBUFFER_SAMPLES).max(0) as u32;
                } else {
                    gl.renderbuffer_storage(target, format, width, height);
                }
                gl.framebuffer_renderbuffer(glow::FRAMEBUFFER, attachment, target, Some(renderbuffer));
            }
            storage.check()?;
            Ok((storage, actual))
        }
    }

    #[expect(unsafe_code)]
    fn without_pixels(gl: &Functions) -> Result<Storage, FramebufferError> {
        // SAFETY: the context is current.
        let framebuffer = unsafe { gl.create_framebuffer() }.map_err(FramebufferError)?;
        Ok(Storage { gl: gl.clone(), framebuffer, renderbuffers: Vec::new(), texture: None })
    }

    /// A framebuffer that draws into `texture`, bound.
    #[expect(unsafe_code)]
    fn of_texture(gl: &Functions, texture: Texture) -> Result<Storage, FramebufferError> {
        let mut storage = Storage::without_pixels(gl)?;
        storage.bind(glow::FRAMEBUFFER);
        let (target, attachment) = (glow::FRAMEBUFFER, glow::COLOR_ATTACHMENT0);
        // SAFETY: the context is current, and the objects are its own.
        unsafe { gl.framebuffer_texture_2d(target, attachment, glow::TEXTURE_2D, Some(texture.id), 0) };
        storage.texture = Some(texture);
        Ok(storage)
    }

    /// Whether it can be drawn into. It is bound.
    #[expect(unsafe_code)]
    fn check(&self) -> Result<(), FramebufferError> {
        if let Some(reason) = last_error(&self.gl) {
            return Err(FramebufferError(reason));
        }
        // SAFETY: the context is current.
        match unsafe { self.gl.check_framebuffer_status(glow::FRAMEBUFFER) } {
            glow::FRAMEBUFFER_COMPLETE => Ok(()),
            status => Err(FramebufferError(format!("the framebuffer is incomplete (0x{status:x})"))),
        }
    }

    #[expect(unsafe_code)]
    fn bind(&self, target: u32) {
        // SAFETY: the context is current.
        unsafe { self.gl.bind_framebuffer(target, Some(self.framebuffer)) };
    }
}

impl Drop for Storage {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current, and the objects are its own.
        unsafe {
            self.gl.delete_framebuffer(self.framebuffer);
            self.renderbuffers.iter().for_each(|&renderbuffer| self.gl.delete_renderbuffer(renderbuffer));
        }
    }
}

/// A texture that deletes itself.
struct Texture {
    gl: Functions,
    id: glow::Texture,
}

impl Texture {
    /// A texture without pixels, bound.
    #[expect(unsafe_code)]
    fn new(gl: &Functions) -> Result<Texture, FramebufferError> {
        // SAFETY: the context is current.
        unsafe {
            let id = gl.create_texture().map_err(FramebufferError)?;
            gl.bind_texture(glow::TEXTURE_2D, Some(id));
            // By default a texture needs mipmaps, and this one has none.
            gl.tex_parameter_i32(glow::TEXTURE_2D, glow::TEXTURE_MIN_FILTER, glow::NEAREST as i32);
            Ok(Texture { gl: gl.clone(), id })
        }
    }
}

impl Drop for Texture {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current.
        unsafe { self.gl.delete_texture(self.id) };
    }
}
