use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use proptest::prelude::*;

use super::{HEADER, Journal, Known};
use crate::finding::Code;
use crate::hash::{Hasher, Sink};
use crate::model::digest::Digest;
use crate::registry::parts::Part;

struct Place {
    folder: tempfile::TempDir,
    file: File,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create_new(folder.path().join("sink")).unwrap();
        file.set_len(1000).unwrap();
        Self { folder, file }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("journal")
    }

    fn sink(&self) -> Sink<'_> {
        Sink { file: &self.file, offset: 0 }
    }

    fn open(&self, boot: &str) -> Journal {
        Journal::open_since(&self.path(), boot).unwrap()
    }

    fn known(&self, boot: &str, part: &Part) -> Option<Known> {
        self.open(boot).known(blob(), part, self.sink())
    }
}

fn blob() -> Digest {
    Digest::of(b"blob")
}

fn part(offset: u64, len: u64) -> Part {
    Part { offset, len, digest: Digest::of(&offset.to_le_bytes()) }
}

fn append(path: &Path, bytes: &[u8]) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn what_was_proved_is_known_to_the_next_run() {
    let place = Place::new();
    let journal = place.open("b");
    journal.proved(blob(), &part(0, 100), place.sink()).unwrap();
    let mut hasher = Hasher::default();
    hasher.update(b"half");
    journal.reached(blob(), &part(100, 100), place.sink(), 4, &hasher).unwrap();
    drop(journal);
    let whole = place.known("b", &part(0, 100)).unwrap();
    assert!(whole.believed && whole.done == 100 && whole.hasher.is_none());
    let half = place.known("b", &part(100, 100)).unwrap();
    assert!(half.believed && half.done == 4);
    assert_eq!(half.hasher.unwrap().finish(), Digest::of(b"half"));
}

#[test]
fn another_start_of_the_machine_is_doubted_until_it_is_proved_again() {
    let place = Place::new();
    place.open("one").proved(blob(), &part(0, 100), place.sink()).unwrap();
    assert!(!place.known("two", &part(0, 100)).unwrap().believed);
    // Not even the first start is believed once another came in between.
    place.open("two").proved(blob(), &part(0, 100), place.sink()).unwrap();
    assert!(place.known("two", &part(0, 100)).unwrap().believed);
    assert!(!place.known("", &part(0, 100)).unwrap().believed);
}

#[test]
fn a_line_speaks_of_one_digest_one_range_and_one_file() {
    let place = Place::new();
    let proved = part(0, 100);
    place.open("b").proved(blob(), &proved, place.sink()).unwrap();
    let journal = place.open("b");
    let forged = Part { digest: Digest::of(b"another"), ..proved };
    assert!(journal.known(blob(), &forged, place.sink()).is_none());
    assert!(journal.known(Digest::of(b"x"), &proved, place.sink()).is_none());
    assert!(journal.known(blob(), &Part { len: 99, ..proved }, place.sink()).is_none());
    let moved = Sink { offset: 1, ..place.sink() };
    assert!(journal.known(blob(), &proved, moved).is_none());
    let other = tempfile::tempfile().unwrap();
    other.set_len(1000).unwrap();
    assert!(journal.known(blob(), &proved, Sink { file: &other, offset: 0 }).is_none());
    assert!(journal.known(blob(), &proved, place.sink()).is_some());
}

#[test]
fn a_file_that_shrank_or_was_made_anew_voids_its_lines() {
    let mut place = Place::new();
    place.open("b").proved(blob(), &part(0, 100), place.sink()).unwrap();
    place.file.set_len(99).unwrap();
    assert!(place.known("b", &part(0, 100)).is_none());
    place.file.set_len(100).unwrap();
    assert!(place.known("b", &part(0, 100)).is_some());
    // Often under the same inode number as the one that is gone.
    let path = place.folder.path().join("sink");
    std::fs::remove_file(&path).unwrap();
    place.file = tempfile::tempfile().unwrap();
    place.file = File::create_new(&path).unwrap();
    place.file.set_len(1000).unwrap();
    assert!(place.known("b", &part(0, 100)).is_none_or(|known| !known.believed));
}

#[test]
fn a_torn_line_is_left_out_and_written_over() {
    let place = Place::new();
    place.open("b").proved(blob(), &part(0, 100), place.sink()).unwrap();
    let before = std::fs::read(place.path()).unwrap();
    append(&place.path(), b"part 00");
    assert!(place.known("b", &part(0, 100)).unwrap().believed);
    assert_eq!(std::fs::read(place.path()).unwrap(), before);
}

#[test]
fn a_damaged_line_takes_belief_from_all_before_it() {
    let place = Place::new();
    place.open("b").proved(blob(), &part(0, 100), place.sink()).unwrap();
    append(&place.path(), b"\0\0\0\n");
    assert!(!place.known("b", &part(0, 100)).unwrap().believed);
}

#[test]
fn what_is_no_journal_is_begun_anew() {
    for text in ["pkg download 2\n", "\n", "hello", "\u{0}\n"] {
        let place = Place::new();
        std::fs::write(place.path(), text).unwrap();
        drop(place.open("b"));
        assert_eq!(std::fs::read_to_string(place.path()).unwrap(), format!("{HEADER}\nboot b\n"));
    }
    let place = Place::new();
    File::create(place.path()).unwrap().set_len(super::LIMIT + 1).unwrap();
    drop(place.open("b"));
    assert!(std::fs::metadata(place.path()).unwrap().len() < 100);
}

#[test]
fn two_runs_do_not_share_a_journal_and_links_are_not_followed() {
    let place = Place::new();
    let first = place.open("b");
    let problem = Journal::open(&place.path()).unwrap_err();
    assert_eq!(problem.code(), Code::OutputBusy);
    drop(first);
    let link = place.folder.path().join("link");
    std::os::unix::fs::symlink(place.path(), &link).unwrap();
    assert!(Journal::open(&link).is_err());
    assert!(Journal::open(place.folder.path()).is_err());
}

#[test]
fn this_machine_says_since_when_it_runs() {
    let place = Place::new();
    Journal::open(&place.path()).unwrap().proved(blob(), &part(0, 9), place.sink()).unwrap();
    let journal = Journal::open(&place.path()).unwrap();
    assert!(journal.known(blob(), &part(0, 9), place.sink()).unwrap().believed);
}

proptest! {
    #[test]
    fn any_bytes_can_be_opened(
        text in "(part|boot|state| |-|b|[0-9a-f]{64}|[0-9]{1,22}|\n|\u{0}){0,60}",
        header in any::<bool>(),
    ) {
        let place = Place::new();
        let text = if header { format!("{HEADER}\nboot b\n{text}") } else { text };
        std::fs::write(place.path(), text).unwrap();
        place.open("b").proved(blob(), &part(0, 9), place.sink()).unwrap();
        prop_assert!(place.known("b", &part(0, 9)).is_some());
    }
}
