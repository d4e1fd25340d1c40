//! One JSON object per line.

use super::summary::{Interval, Summary};
use crate::canvas::Drawing;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    r#type: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

#[derive(Serialize)]
struct IntervalOf<'a> {
    #[serde(flatten)]
    interval: Interval,
    #[serde(flatten)]
    drawing: &'a Drawing,
}

/// An interval, with what drew it.
pub fn interval(interval: Interval, drawing: &Drawing) -> String {
    line("interval", &IntervalOf { interval, drawing })
}

pub fn summary(summary: &Summary) -> String {
    line("summary", summary)
}

fn line<T: Serialize>(r#type: &'static str, value: &T) -> String {
    serde_json::to_string(&Line { r#type, value }).expect("structs with string keys are JSON")
}
