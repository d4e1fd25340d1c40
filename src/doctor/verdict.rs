//! The end of the report: what draws here and how, or what prevents it.

use super::checks::{Finding, leading};
use super::facts::{Drawn, Facts};

/// One or two sentences.
pub fn verdict(facts: &Facts, findings: &[Finding]) -> String {
    let place = if facts.container.engine.is_some() { "this container" } else { "this machine" };
    let ways = [
        ("GLX", facts.glx.done()),
        ("EGL", facts.egl.done()),
        ("EGL with copied frames", facts.copied.done()),
        ("EGL off-screen", facts.off_screen.done()),
    ];
    let draws = |wanted: fn(&Drawn) -> bool| {
        let ways: Vec<(&str, &Drawn)> =
            ways.iter().filter_map(|(way, drawn)| Some((*way, drawn.filter(|drawn| wanted(drawn))?))).collect();
        let names: Vec<&str> = ways.iter().map(|(way, _)| *way).collect();
        ways.first().map(|(_, drawn)| format!("{} through {}", drawn.renderer.renderer, in_words(&names)))
    };
    let hardware = draws(|drawn| drawn.is_hardware() && drawn.is_right());
    let software = draws(|drawn| !drawn.is_hardware());
    if facts.draws_right_in_hardware()
        && let Some(hardware) = hardware
    {
        return format!("{place} draws on {hardware}");
    }
    let wrong = facts.in_use().filter(|drawn| !drawn.is_right());
    let what = match (&facts.display, &facts.glx, &facts.egl) {
        (Some(display), glx, egl) if [glx, egl, &facts.copied].iter().all(|window| window.done().is_none()) => {
            let elsewhere = hardware.or(software).map(|way| format!(" (it draws on {way})")).unwrap_or_default();
            format!("opens no window on {}{elsewhere}", display.asked)
        }
        _ => match (wrong, software) {
            (Some(wrong), _) => format!("draws a wrong picture, on {}", wrong.renderer.renderer),
            (None, Some(software)) => format!("draws in software only, on {software}"),
            (None, None) => "draws nothing".into(),
        },
    };
    match leading(findings) {
        Some(finding) => {
            let cause = finding.cause.as_ref().unwrap_or(&finding.seen);
            let fix = finding.fix.as_ref().map(|fix| format!("\nto fix it: {fix}")).unwrap_or_default();
            format!("{place} {what}: {cause}{fix}")
        }
        None => {
            format!("{place} {what}, for a reason that doctor does not know; please report it with doctor --json")
        }
    }
}

/// `a, b and c`.
fn in_words(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}
