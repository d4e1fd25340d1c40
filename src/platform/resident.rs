//! What of the program itself is in memory.

use std::ffi::{c_int, c_void};

/// Unmaps this program's own code and constants for as long as nothing touches them: most of it reads arguments and
/// opens windows. Called before the first frame, in which llvmpipe's compiler takes memory to its peak, that is 0.5 MB
/// lower. The pages come back from the file, those of the loop with the first frame.
///
/// (Breakpoints are changes to such pages: a debugger has to set those of the loop after this.)
#[expect(unsafe_code)]
pub fn forget_code_of_the_start() {
    // SAFETY: the callback has the type that is asked for, and needs no data.
    unsafe { libc::dl_iterate_phdr(Some(forget), std::ptr::null_mut()) };
}

/// Does it for the first object of `dl_iterate_phdr`, the program, and ends the walk there.
#[expect(unsafe_code)]
unsafe extern "C" fn forget(object: *mut libc::dl_phdr_info, _size: usize, _data: *mut c_void) -> c_int {
    // SAFETY: the linker hands out a valid object, with as many headers as it says.
    let (base, headers) = unsafe {
        let object = &*object;
        (object.dlpi_addr, std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()))
    };
    // SAFETY: may be called at any time.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
    for segment in headers.iter().filter(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_W == 0) {
        // Whole pages of the segment only: those at its ends may be shared with one that is written to.
        let start = (base + segment.p_vaddr).next_multiple_of(page);
        let end = (base + segment.p_vaddr + segment.p_filesz) / page * page;
        if start < end {
            // SAFETY: pages of a file that nothing writes to are read from it again, the same, when next touched.
            unsafe { libc::madvise(start as *mut c_void, (end - start) as usize, libc::MADV_DONTNEED) };
        }
    }
    1
}
