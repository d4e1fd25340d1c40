//! Timer queries: how long the GPU itself says that it took.

use super::{Abilities, Functions, RenderError};
use glow::HasContext;
use std::collections::VecDeque;
use std::time::Duration;

/// Queries in flight at the same time. With fewer than four, some drivers wait for an answer; more do no harm.
const RING: usize = 8;

/// Measures how long the GPU takes for what is submitted between [`begin`](GpuTimer::begin) and
/// [`end`](GpuTimer::end), without ever waiting for it.
pub struct GpuTimer {
    gl: Functions,
    free: Vec<glow::Query>,
    pending: VecDeque<glow::Query>,
    running: Option<glow::Query>,
}

impl GpuTimer {
    /// A ring of queries. If the context has no timer queries, it is empty and measures nothing.
    ///
    /// # Errors
    /// Returns an error if the driver can't create a query.
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions) -> Result<GpuTimer, RenderError> {
        let mut timer = GpuTimer {
            gl: gl.clone(),
            free: Vec::with_capacity(RING),
            pending: VecDeque::with_capacity(RING),
            running: None,
        };
        let queries = if Abilities::of(gl).timers { RING } else { 0 };
        for _ in 0..queries {
            // SAFETY: the context is current.
            let query = unsafe { gl.create_query() };
            timer.free.push(query.map_err(|reason| RenderError::Refused { what: "a query", reason })?);
        }
        Ok(timer)
    }

    /// Starts to measure, if a query is free. Only one timer may run at a time.
    #[expect(unsafe_code)]
    pub fn begin(&mut self) {
        self.running = self.free.pop();
        if let Some(query) = self.running {
            // SAFETY: the context is current, and no query of this kind runs.
            unsafe { self.gl.begin_query(glow::TIME_ELAPSED, query) };
        }
    }

    /// Ends what `begin` started.
    #[expect(unsafe_code)]
    pub fn end(&mut self) {
        if let Some(query) = self.running.take() {
            // SAFETY: the context is current, and `begin` started the query.
            unsafe { self.gl.end_query(glow::TIME_ELAPSED) };
            self.pending.push_back(query);
        }
    }

    /// The oldest complete measurement. A driver without this clock returns 0.
    #[expect(unsafe_code)]
    pub fn take(&mut self) -> Option<Duration> {
        let query = *self.pending.front()?;
        // SAFETY: the context is current, and the query has ended.
        let nanos = unsafe {
            if self.gl.get_query_parameter_u32(query, glow::QUERY_RESULT_AVAILABLE) == 0 {
                return None;
            }
            self.gl.get_query_parameter_u64(query, glow::QUERY_RESULT)
        };
        self.free.extend(self.pending.pop_front());
        Some(Duration::from_nanos(nanos))
    }
}

impl Drop for GpuTimer {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        for query in self.free.drain(..).chain(self.pending.drain(..)).chain(self.running.take()) {
            // SAFETY: the context is current, and the query is its own.
            unsafe { self.gl.delete_query(query) };
        }
    }
}
