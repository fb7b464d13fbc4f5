//! Calls that fail or move less than they were asked to: each command either names what
//! failed, or does what it does without faults.
//!
//! `PKG_FAULTS` says how many runs there are (84), `PKG_SEED` where the faults are; with
//! `PKG_FAULTS=all`, every call of every command fails in every way, which takes an hour.

use std::collections::BTreeMap;

use pkg_tests::Out;
use pkg_tests::kill::{Bench, CASES, Case, READERS};
use pkg_tests::random::Rng;
use pkg_tests::trace::{Act, Point, Trace, tracer};

const EINTR: i32 = 4;
const EIO: i32 = 5;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const EDQUOT: i32 = 122;

/// A way to fail, of which classes of calls, and how often.
struct Way {
    name: &'static str,
    classes: &'static str,
    act: Act,
    period: u64,
}

/// Of each: once, and where it makes sense from one call on.
const WAYS: &[Way] = &[
    Way { name: "ENOSPC", classes: "wsn", act: Act::Fail(ENOSPC), period: 0 },
    Way { name: "ENOSPC from there on", classes: "wn", act: Act::Fail(ENOSPC), period: 1 },
    Way { name: "EDQUOT", classes: "wn", act: Act::Fail(EDQUOT), period: 0 },
    Way { name: "EIO on writing", classes: "wsn", act: Act::Fail(EIO), period: 0 },
    Way { name: "EIO on flushing", classes: "s", act: Act::Fail(EIO), period: 0 },
    Way { name: "EIO on reading", classes: "r", act: Act::Fail(EIO), period: 0 },
    Way { name: "EIO from there on", classes: "rwsnom", act: Act::Fail(EIO), period: 1 },
    Way { name: "EROFS from there on", classes: "nm", act: Act::Fail(EROFS), period: 1 },
    Way { name: "EACCES", classes: "no", act: Act::Fail(EACCES), period: 0 },
    Way { name: "EMFILE", classes: "no", act: Act::Fail(EMFILE), period: 0 },
    Way { name: "EINTR at every other", classes: "rwsnomt", act: Act::Fail(EINTR), period: 2 },
    Way { name: "EINTR", classes: "rwsnomt", act: Act::Fail(EINTR), period: 0 },
    // Not of sockets: who waits for their edges may take a short read for an empty socket.
    Way { name: "half of what was asked", classes: "rw", act: Act::Short, period: 1 },
];

#[derive(Default)]
struct Row {
    runs: u64,
    calls: u64,
    succeeded: u64,
    codes: BTreeMap<String, u64>,
}

/// What runs are planned: all calls, or some.
enum Plan {
    All,
    Some(u64),
}

fn plan() -> Plan {
    match std::env::var("PKG_FAULTS").as_deref() {
        Ok("all") => Plan::All,
        Ok(text) => Plan::Some(text.parse().expect("a number, or `all`")),
        Err(_) => Plan::Some(84),
    }
}

fn seed() -> u64 {
    std::env::var("PKG_SEED").map_or(7, |text| text.parse().expect("a number"))
}

/// How many of the wanted runs one of the pairs of a case and a way gets, evenly.
fn share(wanted: u64, pairs: u64, turn: u64) -> u64 {
    turn * wanted / pairs - (turn - 1) * wanted / pairs
}

/// The calls of one case and one way at which something is done.
fn points(plan: &Plan, pairs: u64, turn: u64, calls: u64, dice: &mut Rng) -> Vec<u64> {
    if calls == 0 {
        return Vec::new();
    }
    match plan {
        Plan::All => (1..=calls).collect(),
        Plan::Some(wanted) => (0..share(*wanted, pairs, turn).min(calls))
            .map(|_| 1 + dice.below_large(calls))
            .collect(),
    }
}

#[test]
fn a_fault_is_named_or_does_not_matter() {
    if tracer().is_none() {
        return;
    }
    let (plan, seed) = (plan(), seed());
    let pairs = ((CASES.len() + READERS.len()) * WAYS.len()) as u64;
    let mut rows: Vec<Row> = WAYS.iter().map(|_| Row::default()).collect();
    let mut wrong = Vec::new();
    let mut turn = 0;
    for (case, reads) in
        CASES.iter().map(|case| (case, false)).chain(READERS.iter().map(|case| (case, true)))
    {
        let bench = Bench::new(*case);
        let mut dice = Rng::new(seed, case.name.len() as u64);
        for (way, row) in WAYS.iter().zip(&mut rows) {
            let none = Point { classes: way.classes, act: None, period: 0 };
            turn += 1;
            if matches!(plan, Plan::Some(wanted) if share(wanted, pairs, turn) == 0) {
                continue;
            }
            let run = bench.begin();
            let (clean, trace) = go(&bench, case, &run.command(), none);
            drop(run);
            for at in points(&plan, pairs, turn, trace.counted, &mut dice) {
                let run = bench.begin();
                let point = Point { act: Some((at, way.act)), period: way.period, ..none };
                let (out, trace) = go(&bench, case, &run.command(), point);
                row.runs += 1;
                row.calls += trace.done().count() as u64;
                let judged = judge(case, &out, &trace, row).and_then(|()| {
                    if reads {
                        let same = out.code != Some(0) || out.stdout == clean.stdout;
                        return if same {
                            Ok(())
                        } else {
                            Err(format!("succeeds and says something else: {}", out.stdout))
                        };
                    }
                    run.after_the_fall()?;
                    run.again()
                });
                if let Err(why) = judged {
                    let what: Vec<String> = trace
                        .done()
                        .take(3)
                        .map(|it| format!("{} {}", it.name, it.path.display()))
                        .collect();
                    wrong.push(format!("{}, {} at {at} ({what:?}): {why}", case.name, way.name));
                }
            }
        }
    }
    let table = table(&rows);
    print(&table);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows.iter().all(|row| row.runs == 0 || row.calls > 0), "nothing failed\n{table}");
}

/// The new index is in place when its folder cannot be flushed: what it refers to stays.
#[test]
fn a_last_flush_that_fails_takes_nothing_away() {
    if tracer().is_none() {
        return;
    }
    let mut tried = 0;
    for case in CASES.iter().filter(|case| ["sign", "attest"].contains(&case.name)) {
        let bench = Bench::new(*case);
        let none = Point { classes: "s", act: None, period: 0 };
        let run = bench.begin();
        let (_, trace) = go(&bench, case, &run.command(), none);
        let last = trace.calls.iter().rfind(|call| call.number == trace.counted).expect("a call");
        assert_eq!(last.path, bench.place().path("m.pkg"), "it flushes its folder last");
        drop(run);
        let run = bench.begin();
        let point = Point { act: Some((trace.counted, Act::Fail(EIO))), ..none };
        let (out, _) = go(&bench, case, &run.command(), point);
        assert_eq!(out.codes(), ["write-failed"], "{out:?}");
        run.after_the_fall().expect("what was good is good");
        run.again().expect("a second run");
        tried += 1;
    }
    assert_eq!(tried, 2);
}

fn go(bench: &Bench, case: &Case, args: &[String], point: Point<'_>) -> (Out, Trace) {
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert!(!case.run.contains(&"--json"), "added here");
    args.push("--json");
    bench.place().traced(&args, point)
}

/// How it ended must be one of the documented ways, and say what failed.
fn judge(case: &Case, out: &Out, trace: &Trace, row: &mut Row) -> Result<(), String> {
    if trace.killed {
        return Err(format!("a signal ended it: {out:?}"));
    }
    match out.code {
        Some(0) => {
            row.succeeded += 1;
            // What must be on the disk and could not be put there is never a success.
            let matters = |call: &&pkg_tests::trace::Call| {
                let cache = call.path.components().any(|part| part.as_os_str() == ".cache");
                let falls_back = call.name == "ficlone" || call.name == "copy_file_range";
                let failed =
                    call.result.is_some_and(|result| result < 0 && result != -i64::from(EINTR));
                failed && matches!(call.class, 'w' | 's') && !cache && !falls_back
            };
            match trace.done().find(matters) {
                Some(call) => Err(format!("{} failed, and {} succeeds", call.name, case.name)),
                None => Ok(()),
            }
        }
        Some(1 | 2 | 10 | 11 | 12 | 13 | 14 | 20 | 21) => {
            let json: serde_json::Value = serde_json::from_str(&out.stdout)
                .map_err(|error| format!("no JSON ({error}): {out:?}"))?;
            let findings = json["findings"].as_array().cloned().unwrap_or_default();
            let named = findings.iter().find(|finding| finding["severity"] == "error");
            let Some(named) = named else {
                return Err(format!("exit {:?} without an error: {out:?}", out.code));
            };
            let text = |key: &str| named[key].as_str().unwrap_or_default().to_owned();
            if text("code") == "internal" || text("subject").is_empty() {
                return Err(format!("no name or no subject: {named}"));
            }
            *row.codes.entry(text("code")).or_default() += 1;
            Ok(())
        }
        _ => Err(format!("ended in no documented way: {out:?}")),
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = "| fault | runs | calls that failed | done right in spite of it | refused, and why |\n|---|---|---|---|---|\n".to_owned();
    let mut total = [0; 3];
    for (way, row) in WAYS.iter().zip(rows) {
        let codes: Vec<String> =
            row.codes.iter().map(|(code, count)| format!("`{code}` {count}")).collect();
        text += &format!(
            "| {} | {} | {} | {} | {} |\n",
            way.name,
            row.runs,
            row.calls,
            row.succeeded,
            codes.join(", ")
        );
        for (sum, count) in total.iter_mut().zip([row.runs, row.calls, row.succeeded]) {
            *sum += count;
        }
    }
    text + &format!("| all | {} | {} | {} | |\n", total[0], total[1], total[2])
}

/// Past the capture of the test runner.
fn print(table: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "\n{table}").expect("standard error");
}
