use std::fs::File;
use std::os::unix::fs::FileExt as _;

use proptest::prelude::*;

use super::fetch;
use crate::finding::{Code, Result};
use crate::hash::{Meter, Sink, shards};
use crate::model::digest::Digest;
use crate::registry::Options;
use crate::registry::fake::{Fake, Faults};
use crate::registry::journal::Journal;
use crate::registry::parts::{Part, Want};

const SIZE: usize = 300_000;

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n.wrapping_mul(n) >> 3).to_le_bytes()[0]).collect()
}

fn parts(bytes: &[u8], size: u64) -> Vec<Part> {
    let each = shards(bytes.len() as u64, size).map(|(offset, len)| {
        let start = usize::try_from(offset).unwrap();
        let digest = Digest::of(&bytes[start..start + usize::try_from(len).unwrap()]);
        Part { offset, len, digest }
    });
    each.collect()
}

/// One blob in a registry, and a place for it.
struct Case {
    fake: Fake,
    bytes: Vec<u8>,
    blob: Digest,
    folder: tempfile::TempDir,
    file: File,
    meter: Meter,
    part: Option<u64>,
}

impl Case {
    fn of(bytes: Vec<u8>, part: Option<u64>, faults: Faults) -> Self {
        let fake = Fake::new(faults);
        let blob = fake.add(&bytes);
        let folder = tempfile::tempdir().unwrap();
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true);
        let file = file.open(folder.path().join("sink")).unwrap();
        Self { fake, bytes, blob, folder, file, meter: Meter::default(), part }
    }

    fn new(part: Option<u64>, faults: Faults) -> Self {
        Self::of(content(SIZE), part, faults)
    }

    fn want(&self) -> Want<'_> {
        let parts = self.part.map_or(Vec::new(), |size| parts(&self.bytes, size));
        let sink = Some(Sink { file: &self.file, offset: 7 });
        Want { blob: self.blob, size: self.bytes.len() as u64, parts, sink }
    }

    fn journal(&self, boot: &str) -> Journal {
        Journal::open_since(&self.folder.path().join("journal"), boot).unwrap()
    }

    fn run(&self, retries: u32, journal: Option<&Journal>) -> Result<()> {
        let options = Options { retries: Some(retries), jobs: 2, ..Options::default() };
        let session = self.fake.session(&options);
        fetch(&session, &[self.want()], journal, &self.meter).pop().unwrap()
    }

    fn code(&self, retries: u32) -> Code {
        self.run(retries, None).unwrap_err().code()
    }

    fn check(&self) {
        let mut got = vec![0; self.bytes.len()];
        self.file.read_exact_at(&mut got, 7).unwrap();
        assert!(got == self.bytes, "other bytes");
    }

    /// The bytes are there, each was counted once, and so many were asked for.
    fn complete(&self, retries: u32) {
        self.run(retries, None).unwrap();
        self.check();
        assert_eq!(self.meter.state(), (self.bytes.len() as u64, self.bytes.len() as u64));
    }
}

#[test]
fn blobs_arrive_whole_or_in_parts() {
    for part in [None, Some(SIZE as u64), Some(100_000), Some(4096)] {
        let case = Case::new(part, Faults::default());
        case.complete(0);
        assert_eq!(case.fake.count("GET"), 1, "few parts come in one request");
    }
    let large = Case::of(content(20 << 20), Some(1 << 20), Faults::default());
    large.complete(0);
    let log = large.fake.log();
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|request| request.headers.contains_key("range")));
}

#[test]
fn many_blobs_come_at_once_and_one_that_fails_stops_no_other() {
    let fake = Fake::new(Faults::default());
    let contents: Vec<Vec<u8>> = (0..20).map(|n| content(1000 * n)).collect();
    let files: Vec<File> = contents.iter().map(|_| tempfile::tempfile().unwrap()).collect();
    let wants: Vec<Want<'_>> = contents
        .iter()
        .zip(&files)
        .enumerate()
        .map(|(n, (bytes, file))| {
            let blob = if n == 3 { Digest::of(b"not there") } else { fake.add(bytes) };
            let sink = (n != 4).then_some(Sink { file, offset: 0 });
            Want { blob, size: bytes.len() as u64, parts: vec![], sink }
        })
        .collect();
    let meter = Meter::default();
    let results = fetch(&fake.session(&Options::default()), &wants, None, &meter);
    for (n, result) in results.into_iter().enumerate() {
        if n == 3 {
            assert_eq!(result.unwrap_err().code(), Code::MissingBlob);
            continue;
        }
        result.unwrap();
        let len = if n == 4 { 0 } else { contents[n].len() as u64 };
        assert_eq!(files[n].metadata().unwrap().len(), len, "nothing is kept without a sink");
    }
}

#[test]
fn a_wrong_part_is_asked_for_again_alone_on_another_connection() {
    for part in [None, Some(100_000)] {
        let case = Case::new(part, Faults { wrong_byte: (150_000, 3), ..Faults::default() });
        case.complete(0);
        let log = case.fake.log();
        assert_eq!(log.len(), 4);
        let connections: std::collections::BTreeSet<usize> =
            log.iter().map(|request| request.connection).collect();
        assert_eq!(connections.len(), 4);
        if part.is_some() {
            for again in &log[1..] {
                assert_eq!(again.headers["range"], "bytes=100000-199999");
            }
        }
    }
}

#[test]
fn a_part_that_stays_wrong_is_named_and_the_others_stay_proved() {
    let case = Case::new(Some(100_000), Faults { wrong_byte: (150_000, 99), ..Faults::default() });
    let journal = case.journal("b");
    let problem = case.run(0, Some(&journal)).unwrap_err();
    assert_eq!(problem.code(), Code::DigestMismatch);
    let text = problem.to_string();
    for fact in ["bytes 100000-199999", &case.blob.to_string(), "expected sha256:", "sends sha256:"]
    {
        assert!(text.contains(fact), "{text}");
    }
    assert_eq!(case.fake.count("GET"), 4);
    case.fake.faults(|faults| faults.wrong_byte.1 = 0);
    case.fake.forget_log();
    case.run(0, Some(&journal)).unwrap();
    case.check();
    let log = case.fake.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].headers["range"], "bytes=100000-199999");
}

#[test]
fn a_cut_is_gone_on_from_at_the_last_byte() {
    for part in [None, Some(130_000)] {
        let case = Case::new(part, Faults { cut_bodies: (70_000, 3), ..Faults::default() });
        case.complete(1);
        let log = case.fake.log();
        let ranges: Vec<&str> = log
            .iter()
            .filter_map(|request| request.headers.get("range"))
            .map(String::as_str)
            .collect();
        assert_eq!(ranges, ["bytes=70000-299999", "bytes=140000-299999", "bytes=210000-299999"]);
    }
}

#[test]
fn cuts_without_progress_end_it() {
    let case = Case::new(None, Faults { cut_bodies: (10, 99), ..Faults::default() });
    assert_eq!(case.code(3), Code::TransferInterrupted);
    assert_eq!(case.fake.count("GET"), 4);
    let case =
        Case::new(None, Faults { short_ranges: Some(1), cut_bodies: (9, 1), ..Faults::default() });
    assert_eq!(case.code(2), Code::TransferInterrupted);
    let case = Case::new(None, Faults { cut_bodies: (100_000, 1), ..Faults::default() });
    assert_eq!(case.code(0), Code::TransferInterrupted);
}

#[test]
fn a_registry_may_give_shorter_ranges() {
    let case = Case::of(
        content(20 << 20),
        Some(1 << 20),
        Faults { short_ranges: Some(3_000_000), ..Faults::default() },
    );
    case.complete(0);
}

#[test]
fn a_registry_without_ranges_is_asked_for_the_whole_once() {
    let faults = Faults { ignore_ranges: true, ..Faults::default() };
    let case = Case::of(content(30 << 20), Some(1 << 20), faults);
    case.complete(0);
    let log = case.fake.log();
    let whole = log.iter().filter(|request| !request.headers.contains_key("range")).count();
    // Two threads may have begun with a range before the first answer came.
    assert!(log.len() - whole <= 2, "{log:?}");
    assert!((1..=2).contains(&whole), "{log:?}");
}

#[test]
fn a_registry_without_ranges_that_errs_is_read_again() {
    let faults = Faults {
        ignore_ranges: true,
        cut_bodies: (25 << 20, 2),
        wrong_byte: (5_500_000, 2),
        ..Faults::default()
    };
    let case = Case::of(content(30 << 20), Some(1 << 20), faults);
    case.complete(2);
    let faults = Faults { ignore_ranges: true, wrong_byte: (5_500_000, 99), ..Faults::default() };
    let case = Case::of(content(30 << 20), Some(1 << 20), faults);
    assert_eq!(case.code(9), Code::DigestMismatch);
    assert!(case.fake.count("GET") < 9);
    let faults = Faults { ignore_ranges: true, cut_bodies: (100, 99), ..Faults::default() };
    let case = Case::of(content(30 << 20), Some(1 << 20), faults);
    assert_eq!(case.code(2), Code::TransferInterrupted);
}

#[test]
fn answers_against_the_rules_are_refused() {
    let invalid = |part, faults| {
        let case = Case::of(content(20 << 20), part, faults);
        let code = case.code(2);
        assert!(case.fake.count("GET") <= 4);
        code
    };
    let part = Some(5 << 20);
    let shifted = Faults { shifted_ranges: 99, ..Faults::default() };
    assert_eq!(invalid(part, shifted), Code::RegistryInvalid);
    let short = Faults { short_blobs: true, ..Faults::default() };
    assert_eq!(invalid(None, short), Code::RegistryInvalid);
    let short = Faults { short_blobs: true, ignore_ranges: true, ..Faults::default() };
    assert_eq!(invalid(part, short), Code::RegistryInvalid);
    // The blob is shorter than was said.
    let case = Case::new(Some(100_000), Faults::default());
    case.fake.add_as(case.blob, &case.bytes[..SIZE - 1]);
    assert_eq!(case.code(2), Code::RegistryInvalid);
    // Longer.
    let case = Case::new(Some(100_000), Faults::default());
    case.fake.add_as(case.blob, &content(SIZE + 1));
    assert_eq!(case.code(2), Code::RegistryInvalid);
}

#[test]
fn errors_that_pass_are_waited_for_and_others_are_named() {
    Case::new(None, Faults { status: (500, 2), ..Faults::default() }).complete(2);
    for (status, code) in [
        (500, Code::RegistryRefused),
        (403, Code::RegistryDenied),
        (404, Code::MissingBlob),
        (418, Code::RegistryRefused),
        (206, Code::RegistryInvalid),
        (416, Code::RegistryInvalid),
    ] {
        let case = Case::new(None, Faults { status: (status, 99), ..Faults::default() });
        assert_eq!(case.code(2), code, "{status}");
    }
}

#[test]
fn a_full_disk_and_a_denial_stop_everything() {
    let fake = Fake::new(Faults::default());
    let full = File::options().write(true).open("/dev/full").unwrap();
    let bytes: Vec<Vec<u8>> = (1..9).map(|n| content(100_000 * n)).collect();
    let wants: Vec<Want<'_>> = bytes
        .iter()
        .enumerate()
        .map(|(n, bytes)| {
            let sink = Some(Sink { file: &full, offset: n as u64 });
            Want { blob: fake.add(bytes), size: bytes.len() as u64, parts: vec![], sink }
        })
        .collect();
    let options = Options { jobs: 1, ..Options::default() };
    let results = fetch(&fake.session(&options), &wants, None, &Meter::default());
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().code() == Code::DiskFull));
    let text = results[0].as_ref().unwrap_err().to_string();
    assert!(text.contains("/dev/full"), "{text}");
    assert_eq!(fake.count("GET"), 1);

    fake.faults(|faults| faults.status = (403, 99));
    fake.forget_log();
    let wants: Vec<Want<'_>> = wants.into_iter().map(|want| Want { sink: None, ..want }).collect();
    let results = fetch(&fake.session(&options), &wants, None, &Meter::default());
    let denied = |result: &Result<()>| result.as_ref().unwrap_err().code() == Code::RegistryDenied;
    assert!(results.iter().all(denied));
    assert_eq!(fake.count("GET"), 1);
}

#[test]
fn one_place_is_not_written_by_two() {
    let case = Case::new(None, Faults::default());
    let wants = [case.want(), case.want()];
    let results = fetch(&case.fake.session(&Options::default()), &wants, None, &case.meter);
    results[0].as_ref().unwrap();
    assert_eq!(results[1].as_ref().unwrap_err().code(), Code::Internal);
}

#[test]
fn the_next_run_goes_on_from_a_whole_blob_that_was_cut() {
    let case = Case::new(None, Faults { cut_bodies: (123_456, 1), ..Faults::default() });
    let code = case.run(0, Some(&case.journal("b"))).unwrap_err().code();
    assert_eq!(code, Code::TransferInterrupted);
    case.fake.forget_log();
    case.run(0, Some(&case.journal("b"))).unwrap();
    case.check();
    assert_eq!(case.fake.log()[0].headers["range"], "bytes=123456-299999");
    case.fake.forget_log();
    case.run(0, Some(&case.journal("b"))).unwrap();
    assert_eq!(case.fake.count("GET"), 0);
}

#[test]
fn after_a_power_cut_what_is_there_is_hashed_before_it_is_believed() {
    for (part, damage) in [(None, false), (None, true), (Some(50_000), false), (Some(50_000), true)]
    {
        let case = Case::new(part, Faults { cut_bodies: (123_456, 1), ..Faults::default() });
        case.run(0, Some(&case.journal("one"))).unwrap_err();
        if damage {
            case.file.write_all_at(&[0; 4096], 7 + 60_000).unwrap();
        }
        case.fake.forget_log();
        case.run(0, Some(&case.journal("two"))).unwrap();
        case.check();
        let log = case.fake.log();
        let asked = |range: &str| {
            log.iter()
                .filter(|request| request.headers.get("range").is_some_and(|it| it == range))
                .count()
        };
        // What is right and was begun is gone on with, whatever became of the rest.
        let goes_on = part.is_some() || !damage;
        assert_eq!(asked("bytes=123456-299999"), usize::from(goes_on));
        assert_eq!(asked("bytes=50000-99999"), usize::from(part.is_some() && damage));
        case.fake.forget_log();
        case.run(0, Some(&case.journal("two"))).unwrap();
        assert_eq!(case.fake.count("GET"), 0);
    }
}

#[test]
fn a_killed_run_is_gone_on_from_the_last_point_that_was_noted() {
    const NOTED: u64 = 64 << 20;
    let cut = NOTED + 900_000;
    let faults = Faults { cut_bodies: (cut, 1), ..Faults::default() };
    let case = Case::of(content((66 << 20) + 1), None, faults);
    case.run(0, Some(&case.journal("b"))).unwrap_err();
    // A run that is killed does not note where it ends.
    let path = case.folder.path().join("journal");
    let text = std::fs::read_to_string(&path).unwrap();
    let (noted, _) = text.trim_end().rsplit_once('\n').unwrap();
    std::fs::write(&path, format!("{noted}\n")).unwrap();
    case.fake.forget_log();
    case.run(0, Some(&case.journal("b"))).unwrap();
    case.check();
    let log = case.fake.log();
    let from = log[0].headers["range"].strip_prefix("bytes=").unwrap().split_once('-').unwrap().0;
    assert!((NOTED..cut).contains(&from.parse().unwrap()), "{from}");
}

#[test]
fn a_forged_state_is_found_out_and_begun_anew() {
    let case = Case::new(None, Faults { cut_bodies: (123_456, 1), ..Faults::default() });
    case.run(0, Some(&case.journal("b"))).unwrap_err();
    // As if another program had written there.
    case.file.write_all_at(b"other", 7 + 100).unwrap();
    let path = case.folder.path().join("journal");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, state) = text.trim_end().rsplit_once(' ').unwrap();
    let flipped = if state.starts_with('0') { "1" } else { "0" };
    std::fs::write(&path, format!("{before} {flipped}{}\n", &state[1..])).unwrap();
    case.run(0, Some(&case.journal("b"))).unwrap();
    case.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn wherever_a_run_is_killed_the_next_one_fetches_what_is_not_proved(
        size in 1_usize..100_000,
        part in 1_u64..30_000,
        kept in 0_usize..=100,
        shrunk in proptest::option::of(0_usize..=100),
    ) {
        let part = part.max(size as u64 / 40 + 1);
        let case = Case::of(content(size), Some(part), Faults::default());
        case.run(0, Some(&case.journal("b"))).unwrap();
        let path = case.folder.path().join("journal");
        let text = std::fs::read_to_string(&path).unwrap();
        let share = |percent: usize, of: usize| of * percent / 100;
        let text = &text[..share(kept, text.len())];
        std::fs::write(&path, text).unwrap();
        let len = shrunk.map_or(size, |shrunk| share(shrunk, size));
        case.file.set_len(7 + len as u64).unwrap();
        let complete = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let parts = case.want().parts;
        let proved: u64 = parts
            .iter()
            .filter(|part| complete.contains(&format!(" {} {} {} ", part.offset, part.len, part.digest.hex())))
            .filter(|part| part.end() <= len as u64)
            .map(|part| part.len)
            .sum();
        let before = case.fake.sent();
        case.run(0, Some(&case.journal("b"))).unwrap();
        case.check();
        prop_assert_eq!(case.fake.sent() - before, size as u64 - proved);
    }

    #[test]
    fn any_parts_and_any_cuts_give_the_bytes_and_fetch_proved_parts_once(
        size in 1_usize..400_000,
        part in proptest::option::of(1_u64..200_000),
        cut in 66_000_u64..200_000,
        cuts in 0_u32..4,
        wrong in 0_usize..400_000,
        wrongs in 0_u32..2,
        retries in 0_u32..2,
    ) {
        let part = part.map(|part| part.max(size as u64 / 50 + 1));
        let faults = Faults { cut_bodies: (cut, cuts), wrong_byte: (wrong, wrongs), ..Faults::default() };
        let case = Case::of(content(size), part, faults);
        let mut runs = 0;
        while let Err(problem) = case.run(retries, Some(&case.journal("b"))) {
            prop_assert_eq!(problem.code(), Code::TransferInterrupted);
            runs += 1;
            prop_assert!(runs <= cuts);
        }
        case.check();
        // Every byte that arrived was kept, but for the wrong part.
        let longest = part.unwrap_or(size as u64).min(size as u64);
        let session_bytes: u64 = case.fake.sent();
        prop_assert!(session_bytes <= size as u64 + u64::from(wrongs) * longest);
        case.fake.forget_log();
        case.run(0, Some(&case.journal("b"))).unwrap();
        prop_assert_eq!(case.fake.count("GET"), 0);
    }
}
