//! Memory that is shared with an X server by passing it a file descriptor, which works across containers: unlike
//! System V's, it has no name that both would have to know.

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::io;
use std::os::fd::OwnedFd;

/// A mapped piece of memory.
pub struct SharedMemory {
    address: *mut u8,
    len: usize,
}

impl SharedMemory {
    /// Memory of `len` bytes, and its descriptor.
    ///
    /// # Errors
    /// Returns the operating system's reason.
    #[expect(unsafe_code)]
    pub fn new(len: usize) -> io::Result<(SharedMemory, OwnedFd)> {
        let file = memfd_create("rust-gears", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, len as u64)?;
        // If the server could shorten it, writing would end this process (SIGBUS).
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let address = unsafe {
            mmap(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, &file, 0)?
        };
        Ok((SharedMemory { address: address.cast(), len }, file))
    }

    /// The bytes. The server only reads them.
    #[expect(unsafe_code)]
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: mapped until this is dropped, and borrowed from it.
        unsafe { std::slice::from_raw_parts_mut(self.address, self.len) }
    }
}

impl Drop for SharedMemory {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: mapped above, and nothing borrows it any longer.
        let _ = unsafe { munmap(self.address.cast(), self.len) };
    }
}
