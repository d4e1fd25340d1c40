//! Every row, from recorded facts: a healthy container with one problem, and doctor's judgement.

#![cfg(test)]

use super::catalogue::{Cause, Text};
use super::examples::*;
use super::*;

fn facts_of(change: fn(&mut Facts)) -> Facts {
    let mut facts = healthy();
    change(&mut facts);
    facts
}

fn examples() -> impl Iterator<Item = Example> {
    let topics = [
        display::EXAMPLES,
        cookies::EXAMPLES,
        x_server::EXAMPLES,
        libraries::EXAMPLES,
        access::EXAMPLES,
        gpu::EXAMPLES,
        gpu_state::EXAMPLES,
        injection::EXAMPLES,
        driver::EXAMPLES,
        drawing::EXAMPLES,
        renderer::EXAMPLES,
        others::EXAMPLES,
        vulkan::EXAMPLES,
    ];
    topics.into_iter().flatten().copied()
}

#[test]
fn the_first_cause_named_is_the_right_one() {
    for (index, Example { id, change, .. }) in examples().filter(|example| example.leads).enumerate() {
        let findings = diagnose(&facts_of(change));
        let first = leading(&findings).and_then(|finding| finding.row);
        assert_eq!(first, Some(id), "example {index}: {findings:#?}");
        assert!(leading(&findings).unwrap().cause.as_ref().is_some_and(|cause| cause.len() > 10), "{id:?}");
    }
}

#[test]
fn what_is_no_first_cause_is_told_as_well() {
    for Example { id, change, .. } in examples().filter(|example| !example.leads) {
        let findings = diagnose(&facts_of(change));
        let all = findings.iter().flat_map(|finding| std::iter::once(finding).chain(&finding.consequences));
        assert!(all.into_iter().any(|finding| finding.row == Some(id)), "{id:?}: {findings:#?}");
    }
}

#[test]
fn every_row_has_a_text_and_an_example() {
    for row in rows() {
        let Words { symptom, cause, fix } = row.words();
        assert!([symptom, cause, fix].iter().all(|part| part.len() > 5), "{:?}: {:?}", row.id, row.words());
        assert!(examples().any(|example| example.id == row.id), "{:?} has no example", row.id);
    }
}

/// Numbers from 100 on belong to the launcher's table; lower ones belong to either, or to a row whose text both
/// share.
#[test]
fn the_launchers_rows_have_numbers_of_their_own() {
    for launch in launch_rows() {
        let of_both = rows().find(|row| u8::from(row.id) == launch.number);
        assert!(of_both.is_none_or(|row| matches!(row.text, Text::Launcher)), "{} is taken", launch.number);
    }
    assert!(rows().all(|row| u8::from(row.id) < 100));
}

#[test]
fn every_name_is_the_name_of_one_row() {
    for (index, row) in rows().enumerate() {
        let first = rows().position(|other| other.id == row.id);
        assert_eq!(first, Some(index), "{:?} has two rows", row.id);
    }
    // Rust can't list the variants, but the source can.
    let source = include_str!("catalogue.rs").split_once("pub enum Id {").unwrap().1.split_once('}').unwrap().0;
    for name in source.lines().filter_map(|line| line.trim().split_once(" = ")).map(|(name, _)| name) {
        assert!(rows().any(|row| format!("{:?}", row.id) == name), "{name} has no row");
    }
    for number in 1..=49 {
        let is_launchers = launch_rows().any(|row| row.number == number);
        assert!(is_launchers || rows().any(|row| u8::from(row.id) == number), "row {number}");
    }
}

#[test]
fn causes_stand_before_what_they_cause() {
    for (index, row) in rows().enumerate() {
        for cause in row.because_of {
            let is_it = |other: &Row| match cause {
                Cause::One(id) => other.id == *id,
                Cause::Any(group) => other.group == *group,
            };
            assert!(rows().take(index).any(is_it), "{:?} names {cause:?}, and it does not come before", row.id);
        }
    }
}

#[test]
fn a_healthy_container_raises_no_alarm() {
    let findings = diagnose(&healthy());
    let alarms: Vec<_> = findings.iter().filter(|f| matches!(f.level, Level::Failure | Level::Warning)).collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
    assert!(healthy().draws_in_hardware());
    let verdict = crate::doctor::verdict::verdict(&healthy(), &findings);
    assert_eq!(verdict, format!("this container draws on {H100} through GLX and EGL off-screen"));
}

#[test]
fn a_wrong_picture_is_a_failure_where_the_gears_would_be_drawn() {
    let spoil = |outcome: &mut Outcome<Drawn>| {
        if let Outcome::Done(drawn) = outcome {
            drawn.right_pixels = Some(0.72);
        }
    };
    for (change, level, is_well, words) in [
        (
            (|f, spoil| spoil(&mut f.glx)) as fn(&mut Facts, &dyn Fn(&mut _)),
            Level::Failure,
            false,
            "draws a wrong picture, on NVIDIA",
        ),
        (|f, spoil| spoil(&mut f.off_screen), Level::Warning, true, "through GLX"),
        (
            |f, spoil| {
                f.display = None;
                spoil(&mut f.off_screen)
            },
            Level::Failure,
            false,
            "draws a wrong picture, on NVIDIA",
        ),
    ] {
        let mut facts = healthy();
        change(&mut facts, &spoil);
        let findings = diagnose(&facts);
        let found = findings.iter().find(|finding| finding.row == Some(Id::WrongPicture)).expect("it is told");
        assert_eq!((found.level, facts.draws_right_in_hardware()), (level, is_well));
        let verdict = crate::doctor::verdict::verdict(&facts, &findings);
        assert!(verdict.contains(words), "{verdict}");
    }
}

#[test]
fn the_consequences_of_one_cause_are_told_under_it() {
    let narrowed: fn(&mut Facts) = |f| {
        f.environment.insert("NVIDIA_DRIVER_CAPABILITIES".into(), "utility".into());
        for name in ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0", &format!("libnvidia-gpucomp.so.{VERSION}")] {
            without_library(f, name);
        }
        f.devices = Outcome::Done(Vec::new());
        nothing_draws(f);
    };
    let findings = diagnose(&facts_of(narrowed));
    let failures: Vec<&Finding> = findings.iter().filter(|finding| finding.level == Level::Failure).collect();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    let below: Vec<Option<Id>> = failures[0].consequences.iter().map(|finding| finding.row).collect();
    assert_eq!(
        below,
        [Id::TooFewDevices, Id::GlxFails, Id::EglFails, Id::OffScreenFails, Id::EglFailsNvmlWorks].map(Some)
    );
}

#[test]
fn facts_survive_the_way_to_json_and_back() {
    let facts = healthy();
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
}

proptest::proptest! {
    // The facts of a foreign report may be incomplete, and combined as on no real machine.
    #[test]
    fn no_facts_panic(some: [proptest::sample::Index; 3]) {
        let examples: Vec<Example> = examples().collect();
        let mut facts = healthy();
        for index in some {
            (index.get(&examples).change)(&mut facts);
        }
        let findings = diagnose(&facts);
        let _ = crate::doctor::verdict::verdict(&facts, &findings);
        assert!(findings.len() <= rows().count() + Topic::ALL.len());
    }
}
