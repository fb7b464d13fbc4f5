//! What holds for every input.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use pkg_pickle::blob::Blob;
use pkg_pickle::find::{Found, find};
use pkg_pickle::report;
use pkg_plugin_sdk::Severity;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pickle")
}

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(corpus().join(folder))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn look(name: &str, bytes: &[u8]) -> Found {
    find(&Blob::of_bytes(bytes), name)
}

/// Whether there is an error, in words.
fn errors(name: &str, found: &Found) -> Vec<String> {
    let (_, findings) = report::of_file(name, found);
    let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.detail).collect()
}

fn is_allowed(name: &str, bytes: &[u8]) -> bool {
    let found = look(name, bytes);
    !found.pickles.is_empty() && errors(name, &found).is_empty()
}

#[test]
fn no_part_of_a_good_pickle_is_a_good_pickle() {
    let mut tried = 0;
    for (name, bytes) in files("clean") {
        // Its parts are whole pickles; and an archive has parts that are archives.
        if name == "several.pkl" {
            continue;
        }
        assert!(is_allowed(&name, &bytes), "{name}");
        for end in 0..bytes.len() {
            let found = look(&name, &bytes[..end]);
            assert!(!errors(&name, &found).is_empty(), "{name} cut to {end} bytes");
            tried += 1;
        }
    }
    assert!(tried > 3000, "{tried}");
}

#[test]
fn whatever_follows_a_good_pickle_is_seen() {
    for (name, bytes) in files("clean") {
        for more in [&b"\0"[..], b"x", b"cposix\nsystem\n.", b"\x80\x04", b"PK\x05\x06"] {
            let found = look(&name, &[&bytes, more].concat());
            assert!(!errors(&name, &found).is_empty(), "{name} and {more:?}");
        }
    }
}

fn text(text: &str) -> Vec<u8> {
    [&[0x8c, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// Ways to put a global onto the stack. The memo entries below 100 are theirs.
fn naming(module: &str, name: &str) -> Vec<Vec<Vec<u8>>> {
    let global = format!("c{module}\n{name}\n").into_bytes();
    let put = |number: u8| vec![b'q', number];
    let get = |number: u8| vec![b'h', number];
    let line = |text: &str| format!("S'{text}'\n").into_bytes();
    let stack = vec![0x93];
    let pop = vec![b'0'];
    vec![
        vec![global],
        vec![text(module), text(name), stack.clone()],
        vec![line(module), line(name), stack.clone()],
        [
            vec![text(module), put(7), pop.clone(), text(name), put(8), pop.clone()],
            vec![get(7), get(8), stack.clone()],
        ]
        .concat(),
        // The entry meant something harmless before.
        [
            vec![text("collections"), put(7), pop.clone(), text(module), put(7), pop.clone()],
            vec![text(name), put(8), pop, get(7), get(8), stack],
        ]
        .concat(),
    ]
}

/// Ways to call what is on the stack with one text.
fn calling(global: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let with = |before: Vec<Vec<u8>>, after: Vec<Vec<u8>>| [before, global.clone(), after].concat();
    let tuple = vec![text("true"), vec![0x85]];
    vec![
        with(vec![], [tuple.clone(), vec![vec![b'R']]].concat()),
        with(vec![], [tuple.clone(), vec![vec![0x81]]].concat()),
        with(vec![], [tuple, vec![vec![b'}'], vec![0x92]]].concat()),
        with(vec![vec![b'(']], vec![text("true"), vec![b'o']]),
    ]
}

/// A piece that leaves the stack and the low memo entries as they are.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    select(vec![
        b"N0".to_vec(),
        b"(1".to_vec(),
        b"((0N1".to_vec(),
        b"\x80\x04".to_vec(),
        b"]K\x01a0".to_vec(),
        b"}(K\x01K\x02u0".to_vec(),
        b"Nr\xff\x00\x00\x000".to_vec(),
        b"N200".to_vec(),
        b"ccollections\nOrderedDict\n)R0".to_vec(),
        b"C\x05posix0".to_vec(),
        b"I5\n0F1.5\n0".to_vec(),
        b"\x95\x02\0\0\0\0\0\0\0N0".to_vec(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes_are_an_answer(
        start in select(vec![
            &b""[..], b"\x80\x04", b"\x80\x02", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY\x01\0",
            b"\x1f\x8b\x08\0", b"\x78\x9c", b"(", b"c", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
        ]),
        rest in proptest::collection::vec(any::<u8>(), 0..300),
        name in select(vec!["a.pkl", "a.bin", "a", "a.npy", "a.zip", "a.joblib"]),
    ) {
        let bytes = [start, &rest].concat();
        let found = look(name, &bytes);
        let (_, findings) = report::of_file(name, &found);
        prop_assert!(findings.len() < 1000);
    }

    #[test]
    fn changed_archives_are_an_answer(
        file in select(files("containers")),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in proptest::option::weighted(0.2, any::<Index>()),
    ) {
        let (name, mut bytes) = file;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let found = look(&name, &bytes);
        prop_assert!(report::of_file(&name, &found).1.len() < 1000);
    }

    #[test]
    fn a_call_is_seen_whatever_is_around_it(
        how_named in 0..5_usize,
        how_called in 0..4_usize,
        noise in proptest::collection::vec(noise(), 12),
        end in select(vec![&b"."[..], b"0N.", b"", b"\xff", b"0\x80\x04]."]),
        name in select(vec!["model.pkl", "pytorch_model.bin", "notes.txt", "model.safetensors"]),
    ) {
        let pieces = calling(naming("posix", "system").swap_remove(how_named)).swap_remove(how_called);
        let mut bytes = b"\x80\x04".to_vec();
        for (at, piece) in pieces.iter().enumerate() {
            bytes.extend(&noise[at % noise.len()]);
            bytes.extend(piece);
        }
        bytes.extend(end);
        let found = look(name, &bytes);
        let globals = found.pickles.iter().flat_map(|pickle| &pickle.walk.globals);
        let called = globals.filter(|g| g.module == "posix" && g.name == "system");
        prop_assert!(called.clone().all(|global| global.called.is_some()));
        prop_assert_eq!(called.count(), 1, "{:?}", errors(name, &found));
        prop_assert!(!errors(name, &found).is_empty());
    }

    #[test]
    fn a_changed_dangerous_pickle_is_never_clean_while_it_names_what_it_named(
        file in select(files("forms")),
        at in any::<Index>(),
        byte in any::<u8>(),
    ) {
        let (name, mut bytes) = file;
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let found = look(&name, &bytes);
        if errors(&name, &found).is_empty() {
            // Clean: then nothing but allowed names is left, and every opcode was walked.
            for pickle in &found.pickles {
                prop_assert!(pickle.walk.is_clean());
                prop_assert!(pickle.walk.globals.iter().all(|global| global.allowed));
                prop_assert_eq!(pickle.walk.stopped_at, bytes.len() as u64);
            }
            prop_assert!(!found.pickles.is_empty(), "{} is no pickle", name);
        }
    }
}
