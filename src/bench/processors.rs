//! Who uses the processors: this program and everybody else.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::time::Duration;

/// Ticks per second in /proc/stat (USER_HZ, the same for user space on every Linux).
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of all threads of this process since it started.
pub fn own_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Counters at one point in time.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    own: Duration,
    all: Option<Ticks>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Ticks {
    busy: f64,
    total: f64,
}

impl Usage {
    pub fn now() -> Usage {
        Usage { own: own_time(), all: fs::read_to_string("/proc/stat").ok().and_then(|text| parse(&text)) }
    }

    /// Processor time of this process up to then.
    pub fn own(&self) -> Duration {
        self.own
    }

    /// The share of all processors that others used since `before`, from 0 to 1, or `None` if the kernel doesn't say.
    /// The kernel counts in hundredths of a second, so a short interval can yield less than 0.
    pub fn others_since(&self, before: &Usage) -> Option<f64> {
        let (now, then) = (self.all?, before.all?);
        let total = now.total - then.total;
        let own = (self.own - before.own).as_secs_f64() * TICKS_PER_SECOND;
        (total > 0.0).then(|| (now.busy - then.busy - own) / total)
    }
}

/// Parses the first line: `cpu  user nice system idle iowait irq softirq steal …`.
fn parse(text: &str) -> Option<Ticks> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line.split_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    let total: f64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some(Ticks { busy: total - idle, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_line_is_understood() {
        let text = "cpu  100 0 50 800 50 0 0 10 5 0\ncpu0 1 2 3 4\n";
        assert_eq!(parse(text), Some(Ticks { busy: 160.0, total: 1010.0 }));
        assert_eq!(parse("intr 1 2 3"), None);
    }

    #[test]
    fn what_is_not_our_own_is_others() {
        let at = |own, busy, total| Usage { own: Duration::from_millis(own), all: Some(Ticks { busy, total }) };
        // In a second on two processors: 150 ticks busy, 100 of them ours.
        assert_eq!(at(1000, 150.0, 200.0).others_since(&at(0, 0.0, 0.0)), Some(0.25));
        assert_eq!(at(1000, 90.0, 200.0).others_since(&at(0, 0.0, 0.0)), Some(-0.05));
        assert_eq!(at(0, 0.0, 0.0).others_since(&at(0, 0.0, 0.0)), None);
    }
}
