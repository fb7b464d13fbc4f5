//! The mutation campaign; `docs/mutations.md` has its table.
//!
//! `PKG_MUTATIONS=100000` is the long form. `PKG_MUTATIONS_SEED` repeats a run's choices.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_tests::mutate::bench::{Answer, Bench, Said, THREAD};
use pkg_tests::mutate::material::{self, Case};
use pkg_tests::mutate::neutral::REASONS;
use pkg_tests::mutate::oracle::{Outcome, judge};
use pkg_tests::mutate::plan::Plan;
use pkg_tests::mutate::swaps::roll_backs;
use pkg_tests::mutate::tally::Tally;
use pkg_tests::{Out, Place, repository};
use serde_json::Value;

/// How many mutations the short form makes.
const SHORT: usize = 2_000;

/// The seed unless another is given.
const SEED: u64 = 7;

/// Every kind of mutation.
const KINDS: [&str; 32] = [
    "DER: added",
    "DER: one bit or tag",
    "DER: other form of a length",
    "DER: removed",
    "JSON: emptied",
    "JSON: escaped",
    "JSON: other form of a number",
    "JSON: other key",
    "JSON: other order",
    "JSON: other type",
    "JSON: other value",
    "JSON: removed",
    "JSON: repeated",
    "JSON: something added",
    "JSON: white space",
    "base64: other bytes",
    "base64: other form",
    "bit",
    "bit, digests made to fit",
    "byte",
    "byte, digests made to fit",
    "file: added",
    "file: link or folder in its place",
    "file: mode",
    "file: removed",
    "file: renamed",
    "file: two exchanged",
    "line of a text",
    "release: rolled back to an older one",
    "signature: a field of another one",
    "signature: replayed from another release",
    "signature: two exchanged",
];

/// What is mutated, made once for all tests.
fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(material::make)
}

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")),
        Err(_) => otherwise,
    }
}

/// What went wrong, by where, with an example and how often.
type Wrong = BTreeMap<String, (String, usize)>;

#[test]
fn what_was_changed_is_refused_by_name_or_the_same() {
    let count = number("PKG_MUTATIONS", SHORT as u64) as usize;
    let seed = number("PKG_MUTATIONS_SEED", SEED);
    let cases = cases();
    let plan = Plan::new(cases, seed, count);
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    let wrong: Mutex<Wrong> = Mutex::new(Wrong::new());
    let work = || {
        let memory = std::path::Path::new("/dev/shm");
        let place = if memory.is_dir() { memory } else { &std::env::temp_dir() };
        let folder = tempfile::tempdir_in(place).expect("a temporary folder");
        let benches: Vec<(Bench<'_>, Said)> = cases
            .iter()
            .enumerate()
            .map(|(position, case)| {
                let bench = Bench::new(case, &folder.path().join(position.to_string()).join("c"));
                match bench.ask() {
                    Answer::Accepted(said) => (bench, *said),
                    other => panic!("{} is refused as it is: {other:?}", case.name),
                }
            })
            .collect();
        let mut own = Tally::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= plan.len() {
                break;
            }
            if number > 0 && number.is_multiple_of(10_000) {
                println!("{number} of {}", plan.len());
            }
            let (position, mutation) = plan.mutation(number);
            let (bench, before) = &benches[position];
            let case = &cases[position];
            let answer = bench.try_out(&mutation);
            let row = own.rows.entry(mutation.kind.to_owned()).or_default();
            row.made += 1;
            match judge(case, before, &mutation, &answer) {
                Outcome::Refused(code) => *row.refused.entry(code).or_default() += 1,
                Outcome::Neutral(reason) => {
                    *row.neutral.entry(reason.to_owned()).or_default() += 1;
                }
                Outcome::Wrong(why) => {
                    let key = format!("{} / {} / {why}", case.name, mutation.kind);
                    let mut wrong = wrong.lock().expect("no panic");
                    let entry = wrong.entry(key).or_insert_with_key(|key| {
                        println!("WRONG {key}\n      such as {}", mutation.what);
                        (mutation.what.clone(), 0)
                    });
                    entry.1 += 1;
                }
            }
        }
        // Everything was put back: what was accepted first is accepted last.
        for ((bench, before), case) in benches.iter().zip(cases) {
            let answer = bench.ask();
            assert_eq!(answer, Answer::Accepted(Box::new(before.clone())), "{}", case.name);
        }
        tally.lock().expect("no panic").add(&own);
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            let builder = thread::Builder::new().name(THREAD.to_owned());
            builder.spawn_scoped(scope, work).expect("a thread");
        }
    });
    let tally = tally.into_inner().expect("no panic");
    let (made, refused, neutral) = tally.totals();
    let (fields, ways) = plan.fields();
    println!(
        "seed {seed}; {} cases, {fields} fields, {ways} of them times ways; {made} mutations: {refused} refused, {neutral} neutral\n\n{}",
        cases.len(),
        tally.table(),
    );
    let wrong = wrong.into_inner().expect("no panic");
    for (what, (example, times)) in &wrong {
        println!("WRONG ({times} times) {what}\n      such as {example}");
    }
    assert!(wrong.is_empty(), "{} kinds of mutation were accepted or refused wrongly", wrong.len());
    assert_eq!(made as usize, plan.len());
    assert_eq!(made, refused + neutral);
    // Nothing was left out, and of each kind but one something was refused, where it was tried
    // often enough: some have a meaning in few places.
    let kinds: Vec<&str> = tally.rows.keys().map(String::as_str).collect();
    assert_eq!(kinds, KINDS);
    for (kind, row) in &tally.rows {
        let seldom = kind == "file: mode" || row.made < 50;
        assert!(seldom || !row.refused.is_empty(), "{kind}: {row:?}");
    }
}

/// Found by the campaign: without its manifest an unpacked release was taken for a plain folder
/// with a model signature, of which description, version and terms are no part.
#[test]
fn an_unpacked_release_without_its_manifest_is_damaged() {
    let place = Place::signed();
    place.ok(&["unpack", "m.pkg", "out"]);
    fs::remove_file(place.path("out/.pkg/manifest.json")).expect("the manifest");
    place.finds(&["verify", "out", "--key", "k.pub"], "missing-file", 10);
    for name in ["config.json", "release.json", "files.json"] {
        fs::remove_file(place.path("out/.pkg").join(name)).expect("a document");
    }
    // Nothing of the release is left but its signature, which says what it is about.
    let left = place.ok(&["verify", "out", "--key", "k.pub", "--json"]).json();
    assert_eq!(left["result"]["form"], "model-signature", "{left:#}");
}

/// A kept bundle over `a.txt`, and what verifying a changed one gives.
fn kept(name: &str) -> (Value, impl Fn(&Value) -> Out) {
    let folder = repository().join("fixtures/sigstore");
    let bundle = fs::read_to_string(folder.join(name)).expect("a bundle");
    let place = Place::new();
    for name in ["a.txt", "trusted_root.json"] {
        fs::copy(folder.join(name), place.path(name)).expect("a copy");
    }
    let verify = move |bundle: &Value| {
        fs::write(place.path("b.json"), bundle.to_string()).expect("a bundle");
        let base = ["sigstore", "verify-bundle", "--bundle", "b.json", "a.txt", "--json"];
        let who = ["--certificate-identity-regexp", "https://github.com/lab/model/.*"];
        let issuer = ["--certificate-oidc-issuer", "https://token.actions.githubusercontent.com"];
        let root = ["--trusted-root", "trusted_root.json"];
        place.run(&[&base[..], &who, &issuer, &root].concat())
    };
    (serde_json::from_str(&bundle).expect("JSON"), verify)
}

/// Found by the campaign: hashes of a log proof were read without the `=` at their end.
#[test]
fn base64_of_log_proofs_is_read_in_one_form() {
    let (mut bundle, verify) = kept("message.rekor1.v03.json");
    let out = verify(&bundle);
    assert_eq!(out.code, Some(0), "{out:?}");
    let proof = "/verificationMaterial/tlogEntries/0/inclusionProof";
    for field in ["rootHash", "hashes/0"] {
        let place = bundle.pointer_mut(&format!("{proof}/{field}")).expect("a hash");
        let whole = place.clone();
        *place = whole.as_str().expect("a text").trim_end_matches('=').into();
        assert_ne!(*place, whole);
        verify(&bundle).expect("signature-format", 10);
        *bundle.pointer_mut(&format!("{proof}/{field}")).expect("a hash") = whole;
    }
}

/// Found by the campaign: the content of a timestamp was taken whatever type it said it had.
#[test]
fn the_content_of_a_timestamp_is_an_octet_string() {
    let (mut bundle, verify) = kept("message.rekor1.v03.json");
    let place = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0";
    let place = bundle.pointer_mut(&format!("{place}/signedTimestamp")).expect("a timestamp");
    let mut reply = STANDARD.decode(place.as_str().expect("a text")).expect("base64");
    // id-ct-TSTInfo, then [0] and its length.
    let kind = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
    let at = reply.windows(kind.len()).position(|window| window == kind).expect("the type");
    let tag = at + kind.len() + 2;
    assert_eq!((reply[tag - 2], reply[tag]), (0xa0, 0x04));
    // An UTF8String.
    reply[tag] = 0x0c;
    *place = STANDARD.encode(reply).into();
    verify(&bundle).expect("timestamp-invalid", 10);
}

/// Nothing in a signed release says that there is a newer one: who knows no digest is told which
/// release it is, and nothing else.
#[test]
fn a_roll_back_without_knowledge_says_which_release_it_is() {
    let cases = cases();
    let named = |name: &str| cases.iter().find(|case| case.name == name).expect("a case");
    let (older, newer) = (named("key"), named("the later of two"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (case, version) in [(older, "1.0"), (newer, "1.1")] {
        let bench = Bench::new(case, &folder.path().join(version));
        let Answer::Accepted(said) = bench.ask() else { panic!("{case:?} is refused") };
        assert_eq!(said.facts["version"], version);
        assert_eq!(said.facts["digest"], case.identity.as_str());
    }
    let bench = Bench::new(newer, &folder.path().join("back"));
    for mutation in roll_backs(newer, older) {
        let answer = bench.try_out(&mutation);
        assert!(matches!(answer, Answer::Refused { .. }), "{}: {answer:?}", mutation.what);
    }
}

/// The list in the code is the one in the documentation.
#[test]
fn every_neutral_mutation_is_documented() {
    let page = repository().join("docs/neutral-mutations.md");
    let page = fs::read_to_string(page).expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: Vec<&str> = rows.collect();
    assert_eq!(documented, REASONS);
}
