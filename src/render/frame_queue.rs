//! The end of an off-screen frame. Without a window there is no swap to pace the program; fences do that instead.

use super::{Abilities, Functions, check};
use glow::HasContext;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Groups of frames that may be in flight at the same time.
const GROUPS_IN_FLIGHT: usize = 3;
/// The largest group, in frames.
const MOST_FRAMES: u32 = 64;
/// What a group should last.
const GROUP_LASTS: Duration = Duration::from_micros(500);
/// Number of groups after which their size is adjusted. With fewer, waiting for a single group would count as its
/// length.
const GROUPS_JUDGED: u32 = 16;
/// If a driver finishes nothing for this long, this many times, waiting ends.
const PATIENCE: Duration = Duration::from_secs(2);
const WAITS: u32 = 10;

/// Keeps a few frames in flight, and waits if there are more.
///
/// A flush and a fence cost 8 to 9 µs on an H100, a third of a small frame. Fast frames are therefore ended in
/// groups, with one flush and one fence per group. A group lasts half a millisecond, and is a single frame if that
/// takes as long.
///
/// That is the limit. In one run on that H100, at 300x300: 66,180 FPS; without any update of a uniform 66,680; with
/// nothing but the clear 85,000. A plain C program reaches 37,300 with a fence per frame, and 55,400 in groups of 64.
/// Only a frame that isn't cleared would be faster, and it wouldn't be glxgears' frame.
pub struct FrameQueue {
    gl: Functions,
    has_fences: bool,
    fences: VecDeque<glow::Fence>,
    frames_in_group: u32,
    group_size: u32,
    groups_judged: u32,
    judged_since: Instant,
}

/// The driver has stopped drawing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the GPU has finished no frame for {} s", PATIENCE.as_secs() * u64::from(WAITS))]
pub struct GpuHangs;

impl FrameQueue {
    pub fn new(gl: &Functions) -> FrameQueue {
        FrameQueue {
            gl: gl.clone(),
            has_fences: Abilities::of(gl).fences,
            fences: VecDeque::with_capacity(GROUPS_IN_FLIGHT + 1),
            frames_in_group: 0,
            group_size: 1,
            groups_judged: 0,
            judged_since: Instant::now(),
        }
    }

    /// Ends a frame. Returns how many frames have completed by now: 0 inside a group, otherwise the group's size.
    ///
    /// # Errors
    /// Returns an error if the GPU hangs.
    pub fn end_frame(&mut self) -> Result<u32, GpuHangs> {
        // Here and not when a frame is drawn, because drawing into a window that was just closed is not a bug.
        debug_assert!(check(&self.gl, "a frame").is_ok());
        self.frames_in_group += 1;
        if self.frames_in_group < self.group_size {
            return Ok(0);
        }
        self.end_group()?;
        self.judge_group_size();
        Ok(std::mem::take(&mut self.frames_in_group))
    }

    fn judge_group_size(&mut self) {
        self.groups_judged += 1;
        if self.groups_judged == GROUPS_JUDGED {
            let frames = self.group_size * GROUPS_JUDGED;
            self.group_size = frames_lasting(GROUP_LASTS, self.judged_since.elapsed() / frames);
            self.groups_judged = 0;
            self.judged_since = Instant::now();
        }
    }

    /// Waits until everything is drawn. Returns how many frames completed.
    ///
    /// # Errors
    /// Returns an error if the GPU hangs.
    pub fn finish(&mut self) -> Result<u32, GpuHangs> {
        self.end_group()?;
        while let Some(fence) = self.fences.pop_front() {
            wait_for(&self.gl, fence)?;
        }
        Ok(std::mem::take(&mut self.frames_in_group))
    }

    #[expect(unsafe_code)]
    fn end_group(&mut self) -> Result<(), GpuHangs> {
        // SAFETY: the context is current.
        unsafe {
            if !self.has_fences {
                // The only way to wait in OpenGL 2.1 and OpenGL ES 2.0.
                self.gl.finish();
                return Ok(());
            }
            self.fences.extend(self.gl.fence_sync(glow::SYNC_GPU_COMMANDS_COMPLETE, 0).ok());
            self.gl.flush();
        }
        while self.fences.len() > GROUPS_IN_FLIGHT {
            let Some(fence) = self.fences.pop_front() else { break };
            wait_for(&self.gl, fence)?;
        }
        Ok(())
    }
}

/// Waits for `fence`, and deletes it.
///
/// # Errors
/// Returns an error if the GPU hangs.
#[expect(unsafe_code)]
pub(super) fn wait_for(gl: &Functions, fence: glow::Fence) -> Result<(), GpuHangs> {
    // SAFETY: the context is current, and the fence is its own, deleted here and nowhere else.
    unsafe {
        let has_ended = (0..WAITS).any(|_| {
            let status = gl.client_wait_sync(fence, 0, PATIENCE.as_nanos() as i32);
            matches!(status, glow::ALREADY_SIGNALED | glow::CONDITION_SATISFIED)
        });
        gl.delete_sync(fence);
        if has_ended { Ok(()) } else { Err(GpuHangs) }
    }
}

/// How many frames of `frame_time` fit into `time`, within the limits of a group.
fn frames_lasting(time: Duration, frame_time: Duration) -> u32 {
    let frames = time.as_nanos() / frame_time.as_nanos().max(1);
    u32::try_from(frames).unwrap_or(MOST_FRAMES).clamp(1, MOST_FRAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_what_lasts_half_a_millisecond() {
        let group = |micros| frames_lasting(GROUP_LASTS, Duration::from_micros(micros));
        assert_eq!((group(0), group(1), group(17), group(400), group(5000)), (64, 64, 29, 1, 1));
    }
}
