//! How certain a figure is: confidence intervals of rates and of their ratios.
//!
//! Rates are compared by their logarithms. Disturbances act on a rate as a factor, which makes the logarithms closer
//! to a normal distribution, and turns a ratio into a difference.

use statrs::distribution::{ContinuousCDF, StudentsT};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The estimate.
    pub ratio: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Ratio {
    /// Extends the interval by the fraction `share` (0.01: 1 %) at either end.
    pub fn widened(self, share: f64) -> Ratio {
        Ratio { low: self.low * (1.0 - share), high: self.high * (1.0 + share), ..self }
    }

    /// Whether the interval holds 1.
    pub fn holds_one(self) -> bool {
        self.low <= 1.0 && 1.0 <= self.high
    }

    /// Whether the whole interval differs from 1 by at most the fraction `share` (0.03: 3 %).
    pub fn is_within(self, share: f64) -> bool {
        1.0 - share <= self.low && self.high <= 1.0 + share
    }

    fn of_logarithms(difference: f64, half_width: f64) -> Ratio {
        Ratio {
            ratio: difference.exp(),
            low: (difference - half_width).exp(),
            high: (difference + half_width).exp(),
        }
    }
}

/// Arithmetic mean; 0 if there are no values.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The median. For an even number of values, the mean of the middle two. `None` if there are no values.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

/// Sample variance with n − 1 in the denominator (Bessel's correction). `None` with fewer than two values.
pub fn variance(values: &[f64]) -> Option<f64> {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (values.len() > 1).then(|| squares / (values.len() - 1) as f64)
}

/// Half the width, in standard errors, of a two-sided interval of Student's t distribution with `freedom` degrees of
/// freedom.
fn student(confidence: f64, freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) => t.inverse_cdf(0.5 + confidence / 2.0),
        Err(_) => f64::INFINITY,
    }
}

/// The confidence interval of the mean of positive `rates`, as factors of it (0.99 to 1.01). `None` with fewer than
/// two.
pub fn rate_interval(rates: &[f64], confidence: f64) -> Option<Ratio> {
    let logarithms = logarithms(rates)?;
    let error = (variance(&logarithms)? / rates.len() as f64).sqrt();
    Some(Ratio::of_logarithms(0.0, student(confidence, rates.len() as f64 - 1.0) * error))
}

/// Half the width of the confidence interval of the mean of `values`, in their unit. `None` with fewer than two
/// values.
pub fn half_width(values: &[f64], confidence: f64) -> Option<f64> {
    let error = (variance(values)? / values.len() as f64).sqrt();
    Some(student(confidence, values.len() as f64 - 1.0) * error)
}

/// How much rates vary: the standard deviation of their logarithms, which for small variation is the coefficient of
/// variation. `None` with fewer than two rates.
pub fn scatter(rates: &[f64]) -> Option<f64> {
    Some(variance(&logarithms(rates)?)?.sqrt())
}

/// The ratio of two means of independent rates, `b` to `a`: Welch's t interval (Welch 1947, Biometrika 34) on the
/// logarithms. `None` with fewer than two rates on either side, or if one isn't positive.
pub fn welch_ratio(a: &[f64], b: &[f64], confidence: f64) -> Option<Ratio> {
    let (a, b) = (logarithms(a)?, logarithms(b)?);
    let (na, nb) = (a.len() as f64, b.len() as f64);
    let (va, vb) = (variance(&a)? / na, variance(&b)? / nb);
    let difference = mean(&b) - mean(&a);
    let error = (va + vb).sqrt();
    if error == 0.0 {
        return Some(Ratio::of_logarithms(difference, 0.0));
    }
    // Welch–Satterthwaite.
    let freedom = (va + vb).powi(2) / (va.powi(2) / (na - 1.0) + vb.powi(2) / (nb - 1.0));
    Some(Ratio::of_logarithms(difference, student(confidence, freedom) * error))
}

/// The ratio of two means of rates measured in pairs, `b` to `a`: Student's t interval on the pairs' differences of
/// logarithms, which cancels out disturbances that affect both. `None` if the numbers of rates differ or are below
/// two, or if a rate isn't positive.
pub fn paired_ratio(a: &[f64], b: &[f64], confidence: f64) -> Option<Ratio> {
    let (a, b) = (logarithms(a)?, logarithms(b)?);
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let error = (variance(&differences)? / differences.len() as f64).sqrt();
    let half_width = student(confidence, differences.len() as f64 - 1.0) * error;
    Some(Ratio::of_logarithms(mean(&differences), half_width))
}

/// The share of the differences at either end that a robust ratio ignores.
const TRIMMED: f64 = 0.2;

/// The ratio of the rates of two benchmarks whose rounds took turns, `b` to `a`: the 20 % trimmed mean of the pairs'
/// differences of logarithms, with its t interval (Tukey and McLaughlin 1963, Sankhyā A 25:331). In a round of a
/// tenth of a second, another program may take half the processor from one side of a pair; the trimmed mean ignores
/// that. With fewer than five pairs nothing is trimmed, and the result equals [`paired_ratio`]. Rounds without a
/// partner, because one side ended early, don't count. `None` with fewer than two pairs, or if a rate isn't positive.
pub fn ratio_in_turns(a: &[f64], b: &[f64], confidence: f64) -> Option<Ratio> {
    let (a, b) = (logarithms(a)?, logarithms(b)?);
    let mut differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    differences.sort_by(f64::total_cmp);
    let count = differences.len();
    let trimmed = (TRIMMED * count as f64) as usize;
    let kept = differences.get(trimmed..count - trimmed)?;
    let (lowest, highest) = (*kept.first()?, *kept.last()?);
    let winsorized: Vec<f64> = differences.iter().map(|d| d.clamp(lowest, highest)).collect();
    let kept_share = kept.len() as f64 / count as f64;
    let error = (variance(&winsorized)? / count as f64).sqrt() / kept_share;
    Some(Ratio::of_logarithms(mean(kept), student(confidence, kept.len() as f64 - 1.0) * error))
}

fn logarithms(rates: &[f64]) -> Option<Vec<f64>> {
    rates.iter().map(|rate| (rate.is_finite() && *rate > 0.0).then(|| rate.ln())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_printed_table() {
        // Two-sided Student's t, as tabulated in statistics books.
        for (confidence, freedom, expected) in
            [(0.95, 1.0, 12.706), (0.95, 4.0, 2.776), (0.95, 9.0, 2.262), (0.99, 4.0, 4.604), (0.99, 30.0, 2.750)]
        {
            assert!((student(confidence, freedom) - expected).abs() < 1e-3, "{confidence} {freedom}");
        }
    }

    #[test]
    fn welch_agrees_with_a_worked_example() {
        // exp() makes the logarithms 1 to 5 and 3, 5, 7, 9, 11: means 3 and 7, variances of the means 0.5 and 2. By
        // hand, that is 5.88 degrees of freedom, between 6 (t = 2.447) and 5 (t = 2.571): 2.459.
        let a: Vec<f64> = (1..=5).map(|n| f64::from(n).exp()).collect();
        let b: Vec<f64> = [3.0f64, 5.0, 7.0, 9.0, 11.0].map(f64::exp).to_vec();
        let ratio = welch_ratio(&a, &b, 0.95).unwrap();
        assert!((ratio.ratio.ln() - 4.0).abs() < 1e-12);
        assert!((ratio.low.ln() - (4.0 - 2.459 * 2.5f64.sqrt())).abs() < 0.01, "{}", ratio.low.ln());
    }

    #[test]
    fn what_slows_down_both_of_a_pair_does_not_matter() {
        let a = [100.0, 50.0, 80.0, 20.0];
        let b = a.map(|rate| rate * 0.9);
        let ratio = paired_ratio(&a, &b, 0.99).unwrap();
        assert!((ratio.ratio - 0.9).abs() < 1e-9 && ratio.high < 0.901);
        assert!(welch_ratio(&a, &b, 0.99).unwrap().holds_one());
    }

    #[test]
    fn in_turns_a_disturbed_round_does_not_matter() {
        let a: Vec<f64> = (0..20).map(|round| 100.0 + f64::from(round % 3)).collect();
        let mut b: Vec<f64> = (0..20).map(|round| 90.0 + f64::from(round % 4)).collect();
        let quiet = ratio_in_turns(&a, &b, 0.99).unwrap();
        b[7] = 10.0;
        let disturbed = ratio_in_turns(&a, &b, 0.99).unwrap();
        assert!((disturbed.ratio / quiet.ratio - 1.0).abs() < 0.005, "{disturbed:?} {quiet:?}");
        assert!(disturbed.high < 0.95 && paired_ratio(&a, &b, 0.99).unwrap().holds_one());
    }

    #[test]
    fn in_turns_agrees_with_a_worked_example() {
        // Ten differences: 0, 0, 1, 1, 1, 2, 2, 2, 9, 9. Two at either end are trimmed: mean 1.5. Winsorized: 1 five
        // times and 2 five times, variance 2.5 / 9. Error: √(0.2778 / 10) / 0.6 = 0.2778; t of 5 degrees of freedom
        // at 95 %: 2.571.
        let b = [0.0f64, 9.0, 1.0, 2.0, 1.0, 2.0, 9.0, 2.0, 1.0, 0.0].map(f64::exp);
        let ratio = ratio_in_turns(&[1.0; 10], &b, 0.95).unwrap();
        assert!((ratio.ratio.ln() - 1.5).abs() < 1e-9);
        assert!((ratio.high.ln() - 1.5 - 2.571 * 0.2778).abs() < 1e-3, "{}", ratio.high.ln());
    }

    #[test]
    fn in_turns_few_pairs_are_as_any_pairs_and_rounds_without_a_partner_do_not_count() {
        let (a, b) = ([100.0, 50.0, 80.0, 20.0], [91.0, 44.0, 73.0, 18.0]);
        let (robust, plain) = (ratio_in_turns(&a, &b, 0.99).unwrap(), paired_ratio(&a, &b, 0.99).unwrap());
        assert!((robust.low / plain.low - 1.0).abs() < 1e-9 && (robust.high / plain.high - 1.0).abs() < 1e-9);
        assert_eq!(ratio_in_turns(&a, &b[..3], 0.99), ratio_in_turns(&a[..3], &b[..3], 0.99));
        assert_eq!(ratio_in_turns(&a, &b[..1], 0.99), None);
        assert_eq!(ratio_in_turns(&a, &[], 0.99), None);
    }

    #[test]
    fn the_median_is_in_the_middle_whatever_the_outliers() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[1.0, 3.0, 1e9]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 1e9]), Some(3.0));
    }

    #[test]
    fn too_few_or_senseless_rates_have_no_interval() {
        assert_eq!(rate_interval(&[1.0], 0.95), None);
        assert_eq!(welch_ratio(&[1.0, 2.0], &[1.0], 0.95), None);
        assert_eq!(paired_ratio(&[1.0, 2.0], &[1.0, 0.0], 0.95), None);
        assert_eq!(paired_ratio(&[1.0, 2.0], &[1.0, 2.0, 3.0], 0.95), None);
        assert_eq!(rate_interval(&[1.0, f64::NAN], 0.95), None);
    }

    /// Twelve uniform numbers minus six are close to a normal distribution (Irwin–Hall).
    fn normal(uniform: &[f64]) -> f64 {
        uniform.iter().sum::<f64>() - 6.0
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_promise() {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;
        let mut runner = TestRunner::deterministic();
        let sample = prop::collection::vec(0.0f64..1.0, 12 * 20);
        let (trials, mut covered, mut equal) = (2000, 0, 0);
        for _ in 0..trials {
            let uniform = sample.new_tree(&mut runner).unwrap().current();
            let rates: Vec<f64> = uniform.chunks(12).map(|u| 100.0 * (0.05 * normal(u)).exp()).collect();
            let around = rate_interval(&rates[..10], 0.95).unwrap();
            let centre = mean(&rates[..10].iter().map(|r| r.ln()).collect::<Vec<_>>()).exp();
            covered += u32::from(centre * around.low <= 100.0 && 100.0 <= centre * around.high);
            equal += u32::from(welch_ratio(&rates[..10], &rates[10..], 0.99).unwrap().holds_one());
        }
        let share = |n: u32| f64::from(n) / f64::from(trials);
        // Three standard errors of 2,000 trials: 1.5 % and 0.7 %.
        assert!((share(covered) - 0.95).abs() < 0.015, "{}", share(covered));
        assert!((share(equal) - 0.99).abs() < 0.007, "{}", share(equal));
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_ratio_and_grows_with_the_confidence(
            a in prop::collection::vec(1.0f64..1e6, 2..20), b in prop::collection::vec(1.0f64..1e6, 2..20),
        ) {
            let (narrow, wide) = (welch_ratio(&a, &b, 0.95).unwrap(), welch_ratio(&a, &b, 0.99).unwrap());
            prop_assert!(wide.low <= narrow.low && narrow.low <= narrow.ratio);
            prop_assert!(narrow.ratio <= narrow.high && narrow.high <= wide.high);
            prop_assert!(wide.widened(0.01).low < wide.low && wide.high < wide.widened(0.01).high);
        }

        #[test]
        fn the_ratio_turned_round_is_the_other_way_round(
            a in prop::collection::vec(1.0f64..1e3, 3..10), b in prop::collection::vec(1.0f64..1e3, 3..10),
        ) {
            let (there, back) = (welch_ratio(&a, &b, 0.95).unwrap(), welch_ratio(&b, &a, 0.95).unwrap());
            prop_assert!((there.ratio * back.ratio - 1.0).abs() < 1e-9);
            prop_assert!((there.low * back.high - 1.0).abs() < 1e-6);
        }
    }
}
