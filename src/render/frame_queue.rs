//! The end of an off-screen frame. Without a window there is no swap to pace the program, so fences do.

use super::{Abilities, Functions, check};
use glow::HasContext;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Groups of frames that may be on their way at once.
const GROUPS_IN_FLIGHT: usize = 3;
/// The most frames in a group.
const MOST_FRAMES: u32 = 64;
/// What a group should last.
const GROUP_LASTS: Duration = Duration::from_micros(500);
/// Groups after which the size of a group is chosen anew. Fewer would take the waits of single groups for their length.
const GROUPS_JUDGED: u32 = 16;
/// A driver that draws nothing for so long, so many times, is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(2);
const WAITS: u32 = 10;

/// Lets a few frames be on their way and waits where there are more.
///
/// A flush and a fence cost 8 to 9 µs on an H100, a third of a small frame. So frames too quick to matter one by one
/// are ended in groups, with one flush and fence a group. A group has as many frames as last half a millisecond, and
/// is a single frame where one lasts that long. (300x300 on that H100: 38,400 FPS with a fence a frame, 58,600 with
/// groups of 16, 59,300 with groups of 64.)
pub struct FrameQueue {
    gl: Functions,
    has_fences: bool,
    fences: VecDeque<glow::Fence>,
    frames_in_group: u32,
    group_size: u32,
    groups_judged: u32,
    judged_since: Instant,
}

/// The driver stopped drawing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the GPU has finished no frame for {} s: its driver hangs, or the GPU was reset; dmesg tells", PATIENCE.as_secs() * u64::from(WAITS))]
pub struct GpuHangs;

impl FrameQueue {
    /// An empty queue.
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

    /// Ends a frame. Returns how many frames ended at this point in time: 0 inside a group, else the group's size.
    ///
    /// # Errors
    /// Where the GPU hangs.
    pub fn end_frame(&mut self) -> Result<u32, GpuHangs> {
        // Here and not where a frame is drawn: drawing into a window that was just taken away is no fault.
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

    /// Waits until everything is drawn. Returns how many frames ended with that.
    ///
    /// # Errors
    /// Where the GPU hangs.
    pub fn finish(&mut self) -> Result<u32, GpuHangs> {
        self.end_group()?;
        while let Some(fence) = self.fences.pop_front() {
            self.wait(fence)?;
        }
        Ok(std::mem::take(&mut self.frames_in_group))
    }

    #[expect(unsafe_code)]
    fn end_group(&mut self) -> Result<(), GpuHangs> {
        // SAFETY: the context is current.
        unsafe {
            if !self.has_fences {
                // The only wait that OpenGL 2.1 and OpenGL ES 2.0 know.
                self.gl.finish();
                return Ok(());
            }
            self.fences.extend(self.gl.fence_sync(glow::SYNC_GPU_COMMANDS_COMPLETE, 0).ok());
            self.gl.flush();
        }
        while self.fences.len() > GROUPS_IN_FLIGHT {
            let Some(fence) = self.fences.pop_front() else { break };
            self.wait(fence)?;
        }
        Ok(())
    }

    #[expect(unsafe_code)]
    fn wait(&self, fence: glow::Fence) -> Result<(), GpuHangs> {
        // SAFETY: the context is current, and the fence is its own, deleted here and nowhere else.
        unsafe {
            let has_ended = (0..WAITS).any(|_| {
                let status = self.gl.client_wait_sync(fence, 0, PATIENCE.as_nanos() as i32);
                matches!(status, glow::ALREADY_SIGNALED | glow::CONDITION_SATISFIED)
            });
            self.gl.delete_sync(fence);
            if has_ended { Ok(()) } else { Err(GpuHangs) }
        }
    }
}

/// How many frames of `frame_time` each last for `time`, within the bounds of a group.
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
