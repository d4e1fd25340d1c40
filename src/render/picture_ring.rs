//! Pictures on their way from the GPU to the CPU.

use super::frame_queue::wait_for;
use super::{Abilities, Framebuffer, Functions, GpuHangs};
use glow::HasContext;
use std::collections::VecDeque;

/// Pictures on their way at the same time: while the GPU draws one and writes another, the CPU reads the third.
const IN_FLIGHT: usize = 3;
/// Bytes per pixel.
const PIXEL: usize = 4;
/// `GL_MESA_pack_invert`.
const PACK_INVERT: u32 = 0x8758;

/// The order of the four bytes of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Blue, green, red, alpha.
    Bgra,
    /// Red, green, blue, alpha: OpenGL ES has no other order that every framebuffer can be read in.
    Rgba,
}

/// A picture in memory.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// Rows without padding, the bottom row first.
    pub bytes: &'a [u8],
    pub channels: Channels,
}

/// Reads pictures of one size back, a few frames behind the GPU, which therefore never waits.
pub struct PictureRing {
    gl: Functions,
    channels: Channels,
    size: (u32, u32),
    buffers: Vec<PixelBuffer>,
    /// What the GPU still writes, the oldest first: the buffer's number, and the fence behind it.
    in_flight: VecDeque<(usize, Option<glow::Fence>)>,
    next: usize,
}

/// A pixel buffer. With `GL_ARB_buffer_storage` it stays mapped, at this address.
struct PixelBuffer {
    id: glow::Buffer,
    address: Option<*const u8>,
}

impl PictureRing {
    /// Returns `None` if the context's pixel buffers can't be mapped.
    ///
    /// # Errors
    /// Returns the driver's reason if there is no memory for it.
    pub fn new(gl: &Functions, size: (u32, u32)) -> Result<Option<PictureRing>, String> {
        let abilities = Abilities::of(gl);
        if !abilities.mapping {
            return Ok(None);
        }
        let mut ring = PictureRing {
            gl: gl.clone(),
            channels: channels(&abilities),
            size,
            buffers: Vec::with_capacity(IN_FLIGHT),
            in_flight: VecDeque::with_capacity(IN_FLIGHT),
            next: 0,
        };
        for _ in 0..IN_FLIGHT {
            ring.add_buffer(abilities.persistent_mapping)?;
        }
        Ok(Some(ring))
    }

    /// Width and height of the pictures, in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    fn bytes(&self) -> usize {
        self.size.0 as usize * self.size.1 as usize * PIXEL
    }

    #[expect(unsafe_code)]
    fn add_buffer(&mut self, stays_mapped: bool) -> Result<(), String> {
        let (target, bytes) = (glow::PIXEL_PACK_BUFFER, self.bytes() as i32);
        // SAFETY: the context is current, and the buffer that is bound has this many bytes.
        unsafe {
            let id = self.gl.create_buffer()?;
            self.buffers.push(PixelBuffer { id, address: None });
            self.gl.bind_buffer(target, Some(id));
            if stays_mapped {
                let access = glow::MAP_READ_BIT | glow::MAP_PERSISTENT_BIT | glow::MAP_COHERENT_BIT;
                self.gl.buffer_storage(target, bytes, None, access | glow::CLIENT_STORAGE_BIT);
                let address = self.gl.map_buffer_range(target, 0, bytes, access);
                if let Some(buffer) = self.buffers.last_mut() {
                    buffer.address = (!address.is_null()).then_some(address.cast_const());
                }
            } else {
                self.gl.buffer_data_size(target, bytes, glow::STREAM_READ);
            }
            self.gl.bind_buffer(target, None);
        }
        super::last_error(&self.gl).map_or(Ok(()), Err)
    }

    /// Whether another picture can only be read after one was taken.
    pub fn is_full(&self) -> bool {
        self.in_flight.len() == IN_FLIGHT
    }

    /// Starts to read what was drawn into `framebuffer`. The ring must not be full.
    #[expect(unsafe_code)]
    pub fn start(&mut self, framebuffer: &Framebuffer) {
        let slot = self.next;
        self.next = (slot + 1) % IN_FLIGHT;
        framebuffer.bind_for_reading();
        // SAFETY: the context is current; the buffer that is bound holds a whole picture.
        unsafe {
            self.gl.bind_buffer(glow::PIXEL_PACK_BUFFER, Some(self.buffers[slot].id));
            read(&self.gl, self.size, self.channels, glow::PixelPackData::BufferOffset(0));
            self.gl.bind_buffer(glow::PIXEL_PACK_BUFFER, None);
            // Without this, only mapping the buffer would wait for the GPU.
            let fence = self.buffers[slot]
                .address
                .and_then(|_| self.gl.fence_sync(glow::SYNC_GPU_COMMANDS_COMPLETE, 0).ok());
            self.gl.flush();
            self.in_flight.push_back((slot, fence));
        }
        framebuffer.bind();
    }

    /// Waits for the oldest picture. Returns `None` if none is on its way.
    ///
    /// # Errors
    /// Returns an error if the GPU hangs.
    pub fn await_oldest(&mut self) -> Result<Option<usize>, GpuHangs> {
        let Some((slot, fence)) = self.in_flight.pop_front() else { return Ok(None) };
        fence.map_or(Ok(()), |fence| wait_for(&self.gl, fence))?;
        Ok(Some(slot))
    }

    /// Passes the picture in this `slot`, which [`PictureRing::await_oldest`] returned, to `user`.
    #[expect(unsafe_code)]
    pub fn with_picture<T>(&self, slot: usize, user: impl FnOnce(Pixels) -> T) -> Option<T> {
        let (buffer, target, bytes) = (&self.buffers[slot], glow::PIXEL_PACK_BUFFER, self.bytes());
        let pixels = |address| {
            // SAFETY: the buffer has this many bytes, it is mapped at this address until after `user` has returned, and the
            // GPU has written it: either a fence was waited for, or mapping has waited.
            Pixels { bytes: unsafe { std::slice::from_raw_parts(address, bytes) }, channels: self.channels }
        };
        if let Some(address) = buffer.address {
            return Some(user(pixels(address)));
        }
        // SAFETY: the context is current, and the buffer that is bound has this many bytes.
        unsafe {
            self.gl.bind_buffer(target, Some(buffer.id));
            let address = self.gl.map_buffer_range(target, 0, bytes as i32, glow::MAP_READ_BIT);
            let result = (!address.is_null()).then(|| user(pixels(address.cast_const())));
            self.gl.unmap_buffer(target);
            self.gl.bind_buffer(target, None);
            result
        }
    }
}

impl Drop for PictureRing {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current, and the objects are its own. Deleting a buffer unmaps it.
        unsafe {
            self.in_flight.drain(..).filter_map(|(_, fence)| fence).for_each(|fence| self.gl.delete_sync(fence));
            self.buffers.iter().for_each(|buffer| self.gl.delete_buffer(buffer.id));
        }
    }
}

fn channels(abilities: &Abilities) -> Channels {
    if abilities.is_embedded { Channels::Rgba } else { Channels::Bgra }
}

/// # Safety
/// The context must be current, and `pixels` must have room for a picture of this size.
#[expect(unsafe_code)]
unsafe fn read(gl: &Functions, (width, height): (u32, u32), channels: Channels, pixels: glow::PixelPackData) {
    let format = if channels == Channels::Bgra { glow::BGRA } else { glow::RGBA };
    // SAFETY: the caller's.
    unsafe { gl.read_pixels(0, 0, width as i32, height as i32, format, glow::UNSIGNED_BYTE, pixels) };
}

/// Reads pictures at once, into the program's own memory. A renderer that draws on the CPU has nothing to do meanwhile, and this
/// saves it a copy.
pub struct PictureReader {
    gl: Functions,
    channels: Channels,
    can_invert: bool,
}

impl PictureReader {
    pub fn new(gl: &Functions) -> PictureReader {
        let can_invert = gl.supported_extensions().contains("GL_MESA_pack_invert");
        PictureReader { gl: gl.clone(), channels: channels(&Abilities::of(gl)), can_invert }
    }

    /// Waits until everything is drawn.
    #[expect(unsafe_code)]
    pub fn finish(&self) {
        // SAFETY: the context is current.
        unsafe { self.gl.finish() };
    }

    /// The order of a pixel's bytes.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// Whether [`PictureReader::read`] can start with the top row.
    pub fn can_invert(&self) -> bool {
        self.can_invert
    }

    /// Reads what was drawn into `framebuffer`: rows without padding, the bottom row first, or the top row if `invert`.
    #[expect(unsafe_code)]
    pub fn read(&self, framebuffer: &Framebuffer, bytes: &mut [u8], invert: bool) {
        let (width, height) = framebuffer.size();
        assert!(bytes.len() >= width as usize * height as usize * PIXEL, "a picture has its size");
        framebuffer.bind_for_reading();
        // SAFETY: the context is current, and the memory is large enough.
        unsafe {
            if invert {
                self.gl.pixel_store_i32(PACK_INVERT, 1);
            }
            read(&self.gl, (width, height), self.channels, glow::PixelPackData::Slice(Some(bytes)));
            if invert {
                self.gl.pixel_store_i32(PACK_INVERT, 0);
            }
        }
        framebuffer.bind();
    }
}
