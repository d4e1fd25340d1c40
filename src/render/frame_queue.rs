//! The end of an off-screen frame. Without a window there is no swap to pace the program, so fences do.

use super::Functions;
use glow::HasContext;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Groups of frames that may be on their way at once.
const GROUPS_IN_FLIGHT: usize = 3;
/// The most frames in a group.
const MOST_FRAMES: u32 = 64;
/// A group that took less is doubled; one that took more than four times this is halved.
const SHORT_GROUP: Duration = Duration::from_micros(250);
/// A driver that draws nothing for so long, so many times, is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(2);
const WAITS: u32 = 10;

/// Lets a few frames be on their way and waits where there are more.
///
/// A flush and a fence cost 8 to 9 µs on an H100, a third of a small frame. So frames too quick to matter one by one
/// are ended in groups, with one flush and fence a group. A group is as long as needed to last a quarter of a
/// millisecond, and a single frame where frames last longer.
pub struct FrameQueue {
    gl: Functions,
    fences: VecDeque<glow::Fence>,
    frames_in_group: u32,
    group_size: u32,
    last_group_ended: Option<Instant>,
}

/// The driver stopped drawing.
#[derive(Debug, thiserror::Error)]
#[error("the GPU has finished no frame for {} s: its driver hangs, or the GPU was reset; dmesg tells", PATIENCE.as_secs() * u64::from(WAITS))]
pub struct GpuHangs;

impl FrameQueue {
    /// An empty queue.
    pub fn new(gl: &Functions) -> FrameQueue {
        FrameQueue {
            gl: gl.clone(),
            fences: VecDeque::with_capacity(GROUPS_IN_FLIGHT + 1),
            frames_in_group: 0,
            group_size: 1,
            last_group_ended: None,
        }
    }

    /// Ends a frame. Returns how many frames ended at this point in time: 0 inside a group, else the group's size.
    ///
    /// # Errors
    /// Where the GPU hangs.
    pub fn end_frame(&mut self) -> Result<u32, GpuHangs> {
        self.frames_in_group += 1;
        if self.frames_in_group < self.group_size {
            return Ok(0);
        }
        self.end_group()?;
        let frames = std::mem::take(&mut self.frames_in_group);
        let now = Instant::now();
        if let Some(last) = self.last_group_ended.replace(now) {
            let took = now - last;
            if took < SHORT_GROUP {
                self.group_size = (self.group_size * 2).min(MOST_FRAMES);
            } else if took > 4 * SHORT_GROUP {
                self.group_size = (self.group_size / 2).max(1);
            }
        }
        Ok(frames)
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
