//! The cost of measuring a frame: everything that a frame pays for being timed, without the frame itself.
//!
//! `cargo bench --bench cost_of_timing` prints nanoseconds. A frame on an H100 takes 15,000 (300x300, off-screen), 1 % of
//! which is 150.

use criterion::{Criterion, criterion_group, criterion_main};
use rust_gears::gears::Timing;
use std::hint::black_box;
use std::time::{Duration, Instant};

fn cost_of_timing(criterion: &mut Criterion) {
    criterion.bench_function("time one frame", |bencher| {
        let mut timing = Timing::new(Duration::from_secs(5));
        bencher.iter(|| {
            // As the gears do: once when it is drawn, once when it has ended.
            black_box(Instant::now());
            timing.drew();
            black_box(timing.frames_ended(Instant::now(), 1));
        });
    });
}

criterion_group!(benches, cost_of_timing);
criterion_main!(benches);
