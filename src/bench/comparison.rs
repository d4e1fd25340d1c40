//! What the ratio of two speeds amounts to: the same, slower, faster, or not known.

use crate::request::Judging;
use crate::stats::Ratio;

#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    Compared {
        /// Speed of the second divided by speed of the first.
        ratio: Ratio,
        /// How much two runs of the same program can differ without their rounds showing it, as a fraction.
        noise: f64,
    },
    NotComparable(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Same,
    Slower,
    Faster,
    CannotTell,
    NotComparable,
}

impl Comparison {
    /// The whole interval has to agree: it is narrow and near 1, or, widened by the noise, it doesn't contain 1.
    fn outcome(&self, judging: Judging) -> Outcome {
        match self {
            Comparison::NotComparable(_) => Outcome::NotComparable,
            Comparison::Compared { ratio, .. } if ratio.is_within(judging.same_within) => Outcome::Same,
            Comparison::Compared { ratio, noise } if ratio.widened(*noise).holds_one() => Outcome::CannotTell,
            Comparison::Compared { ratio, .. } if ratio.ratio < 1.0 => Outcome::Slower,
            Comparison::Compared { .. } => Outcome::Faster,
        }
    }

    pub fn text(&self, judging: Judging) -> String {
        match (self, self.outcome(judging)) {
            (Comparison::NotComparable(why), _) => format!("not comparable: {why}"),
            (Comparison::Compared { ratio, .. }, outcome) => match outcome {
                Outcome::Slower => format!("slower by {:.1} %", 100.0 * (1.0 - ratio.ratio)),
                Outcome::Faster => format!("faster by {:.1} %", 100.0 * (ratio.ratio - 1.0)),
                Outcome::CannotTell => {
                    let advice = if ratio.holds_one() { "measure longer" } else { "compare several runs of each" };
                    format!("cannot tell ({:.3} to {:.3}): {advice}", ratio.low, ratio.high)
                }
                Outcome::Same | Outcome::NotComparable => "same".into(),
            },
        }
    }

    /// Whether it passes the gate, if there is one. What isn't known doesn't pass.
    pub fn passes(&self, judging: Judging) -> bool {
        match (judging.fail_below, self, self.outcome(judging)) {
            (None, _, _) | (_, _, Outcome::Same | Outcome::Faster) => true,
            (Some(least), Comparison::Compared { ratio, .. }, Outcome::Slower) => ratio.ratio >= least,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(ratio: f64, low: f64, high: f64) -> Comparison {
        Comparison::Compared { ratio: Ratio { ratio, low, high }, noise: 0.01 }
    }

    #[test]
    fn same_is_only_said_of_a_narrow_interval() {
        for (comparison, text, passes) in [
            (compared(1.0, 0.99, 1.01), "same", true),
            // Certainly different, but by less than matters.
            (compared(0.98, 0.975, 0.985), "same", true),
            (compared(0.94, 0.93, 0.95), "slower by 6.0 %", false),
            (compared(0.96, 0.93, 0.985), "slower by 4.0 %", true),
            (compared(1.1, 1.05, 1.15), "faster by 10.0 %", true),
            (compared(0.86, 0.423, 1.748), "cannot tell (0.423 to 1.748): measure longer", false),
            (compared(1.0, 0.99, 1.04), "cannot tell (0.990 to 1.040): measure longer", false),
            (compared(0.98, 0.965, 0.995), "cannot tell (0.965 to 0.995): compare several runs of each", false),
            (Comparison::NotComparable("size".into()), "not comparable: size", false),
        ] {
            let judging = Judging { fail_below: Some(0.95), ..Judging::default() };
            assert_eq!((&*comparison.text(judging), comparison.passes(judging)), (text, passes));
            assert!(comparison.passes(Judging::default()), "{text}: without a gate");
        }
        let wide = Judging { same_within: 0.1, fail_below: Some(0.95) };
        assert_eq!(compared(1.0, 0.92, 1.09).text(wide), "same");
    }
}
