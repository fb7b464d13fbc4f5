//! Clocks that are wrong: digests and verdicts do not come from them, but where the
//! documents say so.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use pkg_rig::TokenSpec;
use pkg_tests::keyless::{ADA, Keyless};
use pkg_tests::{Out, Place, repository};
use serde_json::Value;

const YEAR: i64 = 365 * 86_400;

/// Shift, and what is added at every other reading.
const CLOCKS: [(&str, i64, i64); 6] = [
    ("right", 0, 0),
    ("an hour ago", -3600, 0),
    ("1970", -56 * YEAR, 0),
    ("2100", 75 * YEAR, 0),
    ("forth and back a day", 0, 86_400),
    ("back and forth thirty years", 0, -30 * YEAR),
];

/// The wrong clock, built in the folder of a place.
fn clock(place: &Place) -> PathBuf {
    let library = place.path(".cache/clock.so");
    fs::create_dir_all(place.path(".cache")).unwrap();
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o"]);
    command.arg(&library).arg(repository().join("tests/trace/clock.c"));
    assert!(command.status().unwrap().success(), "{command:?}");
    library
}

/// Runs the program by a clock; gives how often it was asked, too.
fn by(place: &Place, (_, shift, jump): (&str, i64, i64), args: &[&str]) -> (Out, u64) {
    let asked = place.path(".cache/asked");
    fs::write(&asked, "").unwrap();
    let mut command = place.command(args);
    command.env("LD_PRELOAD", place.path(".cache/clock.so"));
    command.env("PKG_CLOCK_SHIFT", shift.to_string()).env("PKG_CLOCK_JUMP", jump.to_string());
    command.env("PKG_CLOCK_READ", &asked);
    let out = place.finish(&mut command);
    (out, fs::metadata(&asked).unwrap().len())
}

fn must(place: &Place, clock: (&str, i64, i64), args: &[&str]) -> Out {
    let (out, _) = by(place, clock, args);
    assert_eq!(out.code, Some(0), "{}: {args:?}: {out:?}", clock.0);
    out
}

#[test]
fn no_digest_comes_from_a_clock_and_no_verdict_by_a_key() {
    let place = Place::with_model();
    clock(&place);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    let (mut digests, mut archives, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
    let mut asked = 0;
    for clock in CLOCKS {
        let (out, readings) = by(&place, clock, &["pack", "model", "-o", "m.pkg", "--force"]);
        assert_eq!(out.code, Some(0), "{}: {out:?}", clock.0);
        asked += readings;
        must(&place, clock, &["pack", "model", "-o", "m.tar", "--force"]);
        digests.push(place.digest("m.pkg"));
        archives.push(fs::read(place.path("m.tar")).unwrap());
        must(&place, clock, &["sign", "m.pkg", "--key", "k.key"]);
        must(&place, clock, &["unpack", "m.pkg", "out", "--force"]);
        // What was signed by one clock is verified by all.
        for other in CLOCKS {
            let out = must(&place, other, &["verify", "m.pkg", "--key", "k.pub", "--json"]);
            verdicts.push(out.json()["result"]["digest"].clone());
            must(&place, other, &["verify", "out", "--key", "k.pub"]);
        }
    }
    assert!(asked > 0, "the wrong clock was never asked");
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    assert!(archives.iter().all(|archive| *archive == archives[0]));
    assert!(verdicts.iter().all(|digest| *digest == digests[0]), "{verdicts:?}");
}

#[test]
fn a_change_is_seen_whatever_the_clock_said_when_the_file_was_read() {
    for clock_of_packing in CLOCKS {
        let place = Place::with_model();
        clock(&place);
        // Just written, so a digest of now could be of a file that is still being changed.
        let path = place.path("model/config.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text).unwrap();
        must(&place, clock_of_packing, &["pack", "model", "-o", "m.pkg"]);
        let before = place.digest("m.pkg");
        fs::write(&path, text.replace("tiny", "tony")).unwrap();
        for clock in CLOCKS {
            must(&place, clock, &["pack", "model", "-o", "n.pkg", "--force"]);
            let after = place.digest("n.pkg");
            assert_ne!(before, after, "packed {}, then {}", clock_of_packing.0, clock.0);
            must(&place, clock, &["pack", "model", "-o", "o.pkg", "--no-cache", "--force"]);
            assert_eq!(after, place.digest("o.pkg"), "{}", clock.0);
        }
    }
}

/// A clock that is behind sees a proof from the future, or a log or an authority that does
/// not exist yet, and refuses. No clock makes a verdict better than the right one does.
#[test]
fn a_verdict_on_an_identity_comes_from_proven_times() {
    for rekor in [1, 2] {
        let test = Keyless::new(Place::packed());
        let place = &test.place;
        clock(place);
        let signed = test.sign(&TokenSpec::email(ADA), rekor);
        assert_eq!(signed.code, Some(0), "{signed:?}");
        let url = test.rig.url();
        let root = ["--trusted-root", "root.json", "--json"];
        let verify = [&["verify", "m.pkg", "--identity", ADA, "--issuer", url][..], &root].concat();
        let told = |out: &Out| -> Value { out.json()["result"]["signatures"].clone() };
        let right = told(&must(place, CLOCKS[0], &verify));
        let (mut same, mut behind) = (0, 0);
        for clock in CLOCKS {
            let (_, shift, jump) = clock;
            let (out, _) = by(place, clock, &verify);
            if out.code == Some(0) {
                assert_eq!(told(&out), right, "{}", clock.0);
                same += 1;
            } else {
                assert!(shift < 0 || jump < 0, "{}: {out:?}", clock.0);
                assert_eq!(out.code, Some(10), "{}: {out:?}", clock.0);
                let known = ["log-time-invalid", "timestamp-invalid", "checkpoint-invalid"];
                assert!(out.codes().iter().any(|code| known.contains(&code.as_str())), "{out:?}");
                behind += 1;
            }
        }
        assert!(same >= 3, "{same} clocks agree, {behind} are behind");
        // A wrong identity stays wrong.
        let mut wrong = verify.clone();
        wrong[3] = "eve@example.com";
        for clock in CLOCKS {
            let (out, _) = by(place, clock, &wrong);
            assert_eq!(out.code, Some(10), "{}: {out:?}", clock.0);
        }
    }
}
