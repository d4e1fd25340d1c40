//! A window that pictures are put into: through memory shared with its X server if possible, otherwise through the socket.

use super::format::PixelFormat;
use super::memory::SharedMemory;
use crate::canvas::x11;
use std::collections::VecDeque;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::cookie::Cookie;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, GetInputFocusReply, ImageFormat};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;
use x11rb::x11_utils::X11Error;

/// Pictures that the server may hold: while it copies one, the next is written, and a third may wait.
const SLOTS: usize = 3;
/// Bytes of a request to put an image, without the image.
const REQUEST_HEAD: usize = 28;

/// Where the pictures of a window go.
pub struct Sink {
    connection: RustConnection,
    window: u32,
    gc: u32,
    pub format: PixelFormat,
    size: (u32, u32),
    memory: Memory,
    /// Pictures that the server hasn't confirmed, the oldest first.
    sent: VecDeque<Sent>,
    confirmed: u32,
    /// The server's reason for not showing a picture.
    refusal: Option<String>,
}

enum Memory {
    /// [`SLOTS`] pictures.
    Shared { memory: SharedMemory, segment: shm::Seg, next: usize, is_refused: bool },
    /// One picture.
    Own(Vec<u8>),
}

enum Sent {
    /// The server sends an event once it has read the slot.
    Shared { sequence: u16, slot: usize },
    /// The server answers a request that follows the picture.
    Socket { sequence: u64 },
}

impl Sink {
    /// Connects to the server named `display` to show pictures of this `size` in `window`.
    ///
    /// # Errors
    /// Returns an error if there is no connection, or if the screen's pixels can't hold the picture's.
    pub fn open(display: &str, window: u32, size: (u32, u32)) -> Result<Sink, String> {
        let (connection, screen) = x11::connect(display).map_err(|e| e.to_string())?;
        let format = PixelFormat::of(connection.setup(), &connection.setup().roots[screen])?;
        let gc = connection.generate_id().map_err(|e| e.to_string())?;
        connection.create_gc(gc, window, &CreateGCAux::new().graphics_exposures(0)).map_err(|e| e.to_string())?;
        let memory = Memory::Own(Vec::new());
        let (sent, confirmed, refusal) = (VecDeque::with_capacity(SLOTS), 0, None);
        let mut sink = Sink { connection, window, gc, format, size, memory, sent, confirmed, refusal };
        sink.set_size(size);
        Ok(sink)
    }

    /// Bytes of a picture.
    fn len(&self) -> usize {
        self.format.stride(self.size.0) * self.size.1 as usize
    }

    /// Prepares for pictures of this size, after all earlier ones are shown.
    pub fn set_size(&mut self, size: (u32, u32)) {
        self.finish();
        if let Memory::Shared { segment, .. } = self.memory {
            // If this fails, the server keeps some memory until this process ends.
            let _ = self.connection.shm_detach(segment).map(|cookie| cookie.ignore_error());
        }
        self.size = size;
        let shared = self.share();
        self.memory = shared.unwrap_or_else(|| Memory::Own(vec![0; self.len()]));
    }

    /// Memory that the server has attached, if it can.
    fn share(&self) -> Option<Memory> {
        if !x11::takes_descriptors(&self.connection) {
            return None;
        }
        let (memory, file) = SharedMemory::new(self.len() * SLOTS).ok()?;
        let segment = self.connection.generate_id().ok()?;
        self.connection.shm_attach_fd(segment, file, true).ok()?.check().ok()?;
        Some(Memory::Shared { memory, segment, next: 0, is_refused: false })
    }

    /// Whether pictures pass through shared memory.
    pub fn shares_memory(&self) -> bool {
        matches!(self.memory, Memory::Shared { .. })
    }

    /// Where to write the next picture: rows of the format, the top row first. Waits until the server needs what is there no
    /// longer.
    pub fn image(&mut self) -> &mut [u8] {
        while self.sent.len() >= SLOTS {
            self.await_next();
        }
        if matches!(self.memory, Memory::Shared { is_refused: true, .. }) {
            self.finish();
            self.memory = Memory::Own(vec![0; self.len()]);
        }
        let len = self.len();
        match &mut self.memory {
            Memory::Shared { memory, next, .. } => &mut memory.bytes()[*next * len..][..len],
            Memory::Own(bytes) => bytes,
        }
    }

    /// Gives the picture to the server.
    ///
    /// # Errors
    /// Returns the server's reason if it has refused an earlier one.
    pub fn put(&mut self) -> Result<(), String> {
        let len = self.len();
        if let Memory::Shared { segment, next, .. } = &mut self.memory {
            let slot = std::mem::replace(next, (*next + 1) % SLOTS);
            let (width, height) = (self.size.0 as u16, self.size.1 as u16);
            let (depth, format) = (self.format.depth, ImageFormat::Z_PIXMAP.into());
            let offset = (slot * len) as u32;
            let put = self.connection.shm_put_image(
                self.window,
                self.gc,
                width,
                height,
                0,
                0,
                width,
                height,
                0,
                0,
                depth,
                format,
                true,
                *segment,
                offset,
            );
            let sequence = living(put).sequence_number() as u16;
            self.sent.push_back(Sent::Shared { sequence, slot });
            living(self.connection.flush());
        } else {
            self.put_through_socket(None);
        }
        while let Some(event) = living(self.connection.poll_for_event()) {
            self.handle(&event);
        }
        self.refusal.take().map_or(Ok(()), Err)
    }

    /// Sends the picture in `slot` of the shared memory, or the one in this program's own.
    fn put_through_socket(&mut self, slot: Option<usize>) {
        let (len, stride) = (self.len(), self.format.stride(self.size.0));
        let picture = match &mut self.memory {
            Memory::Shared { memory, .. } => &memory.bytes()[slot.unwrap_or(0) * len..][..len],
            Memory::Own(bytes) => &bytes[..],
        };
        let rows = (self.connection.maximum_request_bytes() - REQUEST_HEAD) / stride;
        let mut top = 0;
        for part in picture.chunks(rows.max(1) * stride) {
            let (width, height) = (self.size.0 as u16, (part.len() / stride) as u16);
            let (format, depth) = (ImageFormat::Z_PIXMAP, self.format.depth);
            living(self.connection.put_image(format, self.window, self.gc, width, height, 0, top, 0, depth, part));
            top += height as i16;
        }
        let answer = living(self.connection.get_input_focus());
        self.sent.push_back(Sent::Socket { sequence: answer.sequence_number() });
        // Dropped, it would discard the answer.
        std::mem::forget(answer);
        living(self.connection.flush());
    }

    /// Waits until the server has shown everything.
    pub fn finish(&mut self) {
        while !self.sent.is_empty() {
            self.await_next();
        }
    }

    /// How many pictures the server has finished with since the last call.
    pub fn take_confirmed(&mut self) -> u32 {
        std::mem::take(&mut self.confirmed)
    }

    fn await_next(&mut self) {
        match self.sent.front() {
            Some(&Sent::Socket { sequence }) => {
                let answer: Cookie<_, GetInputFocusReply> = Cookie::new(&self.connection, sequence);
                if let Err(ReplyError::ConnectionError(_)) = answer.reply() {
                    x11::end_with_server();
                }
                self.sent.pop_front();
                self.confirmed += 1;
            }
            _ => {
                let event = living(self.connection.wait_for_event());
                self.handle(&event);
            }
        }
    }

    fn handle(&mut self, event: &Event) {
        match event {
            Event::ShmCompletion(_) => {
                // The server takes them in order.
                if let Some(index) = self.sent.iter().position(|sent| matches!(sent, Sent::Shared { .. })) {
                    self.sent.remove(index);
                    self.confirmed += 1;
                }
            }
            Event::Error(error) => self.handle_error(error),
            _ => {}
        }
    }

    fn handle_error(&mut self, error: &X11Error) {
        let is_meant = |sent: &Sent| matches!(sent, Sent::Shared { sequence, .. } if *sequence == error.sequence);
        let index = self.sent.iter().position(is_meant);
        let shared = index.and_then(|index| self.sent.remove(index));
        // The window was closed: its last event tells.
        if matches!(error.error_kind, ErrorKind::Drawable | ErrorKind::Window | ErrorKind::GContext) {
            self.confirmed += u32::from(shared.is_some());
        } else if let (Some(Sent::Shared { slot, .. }), Memory::Shared { is_refused, .. }) =
            (shared, &mut self.memory)
        {
            *is_refused = true;
            self.put_through_socket(Some(slot));
        } else {
            self.refusal = Some(format!("the X server refuses a picture ({:?})", error.error_kind));
        }
    }
}

/// What the server answered; if the connection is lost, this process ends.
fn living<T>(answer: Result<T, ConnectionError>) -> T {
    answer.unwrap_or_else(|_| x11::end_with_server())
}
