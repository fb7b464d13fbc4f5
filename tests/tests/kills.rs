//! Commands that are killed at a call of the system, and at any moment.
//!
//! `PKG_KILLS` says how many kills there are (56), `PKG_SEED` where. A failure names the
//! command and the number of the call, which is all that is needed to see it again.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use pkg_tests::Place;
use pkg_tests::kill::{Bench, CASES};
use pkg_tests::random::Rng;
use pkg_tests::trace::{Point, tracer};

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

/// Kills at one in four of the points come from a clock, the others at a call.
const CLOCK: u64 = 4;

#[derive(Default)]
struct Row {
    calls: u64,
    at_call: u64,
    by_clock: u64,
    over: u64,
    left: u64,
    at: BTreeMap<String, u64>,
}

#[test]
fn what_is_killed_can_be_run_again_and_nothing_half_made_verifies() {
    if tracer().is_none() {
        return;
    }
    let kills = number("PKG_KILLS", 56);
    let seed = number("PKG_SEED", 7);
    let each = kills.div_ceil(CASES.len() as u64).max(1);
    let mut wrong = Vec::new();
    let mut rows = Vec::new();
    for case in CASES {
        let bench = Bench::new(*case);
        let mut row = Row::default();
        let stream =
            case.name.bytes().fold(0, |all: u64, byte| all.wrapping_mul(31) + u64::from(byte));
        let mut dice = Rng::new(seed, stream);
        let run = bench.begin();
        let started = Instant::now();
        row.calls = traced(&bench, &run.command(), Point::none()).counted;
        let whole = started.elapsed();
        drop(run);
        for turn in 0..each {
            let by_clock = turn % CLOCK == CLOCK - 1;
            let (what, left) = if by_clock {
                clocked(&bench, &mut row, whole, &mut dice)
            } else {
                // One in each of equal parts of the run.
                let part = |turn: u64| turn * row.calls / each;
                let at = 1 + part(turn) + dice.below_large((part(turn + 1) - part(turn)).max(1));
                called(&bench, &mut row, at)
            };
            match left {
                Ok(left) => row.left += left,
                Err(why) => wrong.push(format!("{}, killed {what}: {why}", case.name)),
            }
        }
        rows.push((case.name, row));
    }
    let table = table(&rows);
    print(&table);
    assert!(wrong.is_empty(), "{} of {kills} kills:\n{}", wrong.len(), wrong.join("\n"));
    // Those by the clock may come too late; a call may be missing where threads race.
    let done: u64 = rows.iter().map(|(_, row)| row.at_call).sum();
    assert!(done >= kills / 2, "only {done} runs were killed at a call\n{table}");
}

fn traced(bench: &Bench, args: &[String], point: Point<'_>) -> pkg_tests::trace::Trace {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    bench.place().traced(&args, point).1
}

/// Kills at a call; says which, and how many leftovers there were.
fn called(bench: &Bench, row: &mut Row, at: u64) -> (String, Result<u64, String>) {
    let run = bench.begin();
    let trace = traced(bench, &run.command(), Point::kill(at));
    let what = trace.done().next().map_or("none", |call| call.name.as_str());
    if trace.killed {
        row.at_call += 1;
        *row.at.entry(what.to_owned()).or_default() += 1;
    } else {
        row.over += 1;
    }
    (format!("before call {at} ({what})"), judge(&run))
}

/// Kills after a part of the time that a traced run takes.
fn clocked(
    bench: &Bench,
    row: &mut Row,
    whole: Duration,
    dice: &mut Rng,
) -> (String, Result<u64, String>) {
    let run = bench.begin();
    let args = run.command();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let after = whole.mul_f64(dice.below_large(1000) as f64 / 2000.0);
    let mut command = bench.place().command(&args);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
    std::thread::sleep(after);
    child.kill().expect("a child");
    if child.wait().expect("a child").code().is_none() {
        row.by_clock += 1;
    } else {
        row.over += 1;
    }
    (format!("after {after:?}"), judge(&run))
}

fn judge(run: &pkg_tests::kill::Run<'_>) -> Result<u64, String> {
    let left = run.after_the_fall()?;
    run.again()?;
    Ok(left.len() as u64)
}

fn table(rows: &[(&str, Row)]) -> String {
    let mut text = "| command | calls | killed at a call | by the clock | over before | leftovers, gone after the second run | calls at which |\n|---|---|---|---|---|---|---|\n".to_owned();
    let mut total = [0; 4];
    for (name, row) in rows {
        let at: Vec<String> =
            row.at.iter().map(|(name, count)| format!("{name} {count}")).collect();
        text += &format!(
            "| {name} | {} | {} | {} | {} | {} | {} |\n",
            row.calls,
            row.at_call,
            row.by_clock,
            row.over,
            row.left,
            at.join(", ")
        );
        for (sum, count) in total.iter_mut().zip([row.at_call, row.by_clock, row.over, row.left]) {
            *sum += count;
        }
    }
    text + &format!("| all | | {} | {} | {} | {} | |\n", total[0], total[1], total[2], total[3])
}

/// Past the capture of the test runner.
fn print(table: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "\n{table}").expect("standard error");
}

/// Both files of a pair belong to each other, or one of them is missing.
fn judge_pair(place: &Place) -> Result<(), String> {
    let [private, public] = ["n.key", "n.pub"].map(|name| place.path(name).exists());
    if !(private && public) {
        return Ok(());
    }
    place.ok(&["sign", "m.pkg", "--key", "n.key"]);
    let out = place.run(&["verify", "m.pkg", "--key", "n.pub"]);
    let same = out.code == Some(0);
    same.then_some(()).ok_or_else(|| format!("the files are not of one pair: {out:?}"))
}

#[test]
fn a_killed_keygen_is_run_again_and_leaves_no_half_pair() {
    if tracer().is_none() {
        return;
    }
    const NEW: [&str; 4] = ["keygen", "--no-passphrase", "-o", "n"];
    let mut wrong = Vec::new();
    for force in [false, true] {
        let args: Vec<&str> = NEW.into_iter().chain(force.then_some("--force")).collect();
        let mut killed = 0;
        for at in 1.. {
            let place = Place::packed();
            if force {
                place.ok(&NEW);
            }
            let old = std::fs::read(place.path("n.key")).ok();
            let (_, trace) = place.traced(&args, Point::kill(at));
            if !trace.killed {
                break;
            }
            killed += 1;
            let what = trace.done().next().map_or("none", |call| call.name.as_str()).to_owned();
            let mut tell = |why: &str| wrong.push(format!("{args:?} before {at} ({what}): {why}"));
            if let Err(why) = judge_pair(&place) {
                tell(&why);
            }
            // Without `--force` a private key that is there stays what it is.
            let key = std::fs::read(place.path("n.key")).ok();
            let public = place.path("n.pub").exists();
            let out = place.run(&NEW);
            if key.is_some() {
                if out.code != Some(2) || std::fs::read(place.path("n.key")).ok() != key {
                    tell(&format!("a private key was there: {out:?}"));
                }
                if key == old && !place.path("n.pub").exists() {
                    tell("the public key that was set aside did not come back");
                }
            } else if out.code != Some(0) {
                tell(&format!("public key there: {public}, and then {out:?}"));
            }
            if force {
                place.ok(&args);
            }
            if let Err(why) = judge_pair(&place) {
                tell(&why);
            }
            let names = place.names();
            let ours: Vec<&String> = names.iter().filter(|name| name.contains("n.")).collect();
            if ours != ["n.key", "n.pub"] {
                tell(&format!("{ours:?} are there"));
            }
        }
        assert!(killed > 10, "{args:?} was killed {killed} times only");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_gets_its_name_before_it_is_on_the_disk() {
    if tracer().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    for case in CASES {
        let bench = Bench::new(*case);
        let run = bench.begin();
        let trace = traced(&bench, &run.command(), Point::none());
        // What a cache holds is checked when it is used, and made again.
        let spared = [bench.place().path(".cache")];
        let torn = trace.torn(bench.place().root(), &spared);
        wrong.extend(torn.into_iter().map(|why| format!("{}: {why}", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
