//! The mutation campaign; `docs/mutations.md` has its table.
//!
//! `PKG_MUTATIONS=100000` is the long form. `PKG_MUTATIONS_SEED` repeats a run's choices.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pkg_tests::mutate::bench::{Answer, Bench, Said, THREAD};
use pkg_tests::mutate::material;
use pkg_tests::mutate::oracle::{Outcome, judge};
use pkg_tests::mutate::plan::Plan;
use pkg_tests::mutate::tally::Tally;

/// How many mutations the short form makes.
const SHORT: usize = 2_000;

/// The seed unless another is given.
const SEED: u64 = 7;

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
    let cases = material::make();
    let plan = Plan::new(&cases, seed, count);
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
                    let entry = wrong.entry(key).or_insert_with(|| (mutation.what.clone(), 0));
                    entry.1 += 1;
                }
            }
        }
        // Everything was put back: what was accepted first is accepted last.
        for ((bench, before), case) in benches.iter().zip(&cases) {
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
}
