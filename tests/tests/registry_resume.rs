//! Transfers that are killed or run out of room go on where they stopped.

use std::fs;
use std::process::{Command, Stdio};

use pkg_rig::registry::{Failure, Fault, Logged, Registry};
use pkg_tests::registry::{debian, oci, traffic};
use pkg_tests::{Place, skipped, wait_until};

const MIB: u64 = 1 << 20;
/// Weights in shards: three whole ones of 32 MiB, and the rest.
const WEIGHTS: u32 = 100 << 20;
const SHARD: u64 = 32 * MIB;

/// Kills a child and waits for it; it must not have been over before.
fn kill(mut child: std::process::Child) {
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it was over before it could be killed");
}

fn spans(log: &[Logged], digest: &str) -> Vec<(u64, u64)> {
    let asked = log.iter().filter(|it| it.is("GET", digest));
    asked.map(|it| it.span().unwrap_or((0, u64::MAX))).collect()
}

#[test]
fn a_killed_pull_goes_on_and_fetches_nothing_again_that_was_proved() {
    let place = Place::signed_with_weights(WEIGHTS);
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.pushed(&to);
    let weights = place.weights();
    // Every answer stops in its second shard, if it has one.
    rig.fail(Failure::new(Fault::Hold(SHARD + MIB)).at(&weights));
    let child = place.start(&["pull", &to, "-o", "p.pkg", "--key", "k.pub", "--transfers", "1"]);
    assert!(wait_until(|| rig.held() > 0), "nothing was held: {:#?}", rig.log());
    let journal = place.path(".p.pkg.partial/.journal");
    // The first shard is proved; only then is the run killed.
    let proved = || {
        let lines = fs::read_to_string(&journal).unwrap_or_default();
        lines.lines().any(|line| line.contains(&weights["sha256:".len()..]))
    };
    assert!(wait_until(proved), "{:?}", fs::read_to_string(&journal));
    let before = rig.log().len();
    let first: Vec<u64> = spans(&rig.log(), &weights).iter().map(|span| span.0).collect();
    kill(child);
    rig.heal();
    assert!(!place.path("p.pkg").exists());
    assert_ne!(place.run(&["verify", ".p.pkg.partial"]).code, Some(0));

    let out = place.pull(&to, "p.pkg");
    assert_eq!(out.code, Some(0), "{out:?}");
    let log = rig.log_after(before);
    let start = first[0];
    for (from, to) in spans(&log, &weights) {
        assert!(
            to < start || from >= start + SHARD,
            "{from}-{to} was asked for though {start}-{} was proved",
            start + SHARD - 1
        );
    }
    let fetched: u64 = log.iter().filter(|it| it.is("GET", &weights)).map(|it| it.sent).sum();
    assert!(fetched <= u64::from(WEIGHTS) - SHARD + MIB, "{fetched}");
    place.same_layouts("m.pkg", "p.pkg");
    assert!(!place.names().iter().any(|name| name.contains(".partial")));
}

#[test]
fn a_killed_push_goes_on_with_what_the_registry_has() {
    let place = Place::signed_with_weights(WEIGHTS);
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    // The second chunk of the weights stops in its middle.
    rig.fail(Failure::new(Fault::Hold(10 * MIB)).on("PATCH").skip(1));
    let child = place.start(&["push", "m.pkg", &to]);
    assert!(wait_until(|| rig.held() > 0), "nothing was held: {:#?}", rig.log());
    kill(child);
    rig.heal();
    assert_eq!(rig.tag("a", "v1"), None);
    let before = rig.log().len();
    let chunks = |log: &[Logged]| -> u64 {
        let sent = log.iter().filter(|it| it.target.contains("/uploads/"));
        sent.map(|it| it.received).sum()
    };
    let result = place.pushed(&to);
    let first = chunks(&rig.log()[..before]);
    let second = chunks(&rig.log_after(before));
    let slack = 2 * MIB;
    assert!(first > 64 * MIB, "a chunk was accepted before: {first}");
    assert!(
        first + second <= u64::from(WEIGHTS) + slack,
        "{first} and {second} bytes were sent of {WEIGHTS}"
    );
    assert!(result["sent"].as_u64().unwrap() <= second, "{result:#}");
    place.ok(&["verify", &to, "--key", "k.pub"]);
}

#[test]
fn a_killed_push_to_debians_registry_can_be_run_again() {
    let place = Place::signed_with_weights(WEIGHTS);
    let Some(docker) = debian() else { return };
    // Sessions are remembered while they last. This registry holds nothing back, so a
    // run may be over before it is killed; another repository is taken then.
    let uploads = place.path(".cache/uploads");
    let begun = || fs::read_dir(&uploads).is_ok_and(|mut entries| entries.next().is_some());
    let killed = (0..10).find_map(|number| {
        let to = oci(docker.host(), &format!("a{number}:v1"));
        let mut child = place.start(&["push", "m.pkg", &to]);
        while !begun() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        (!child.wait().unwrap().success()).then_some(to)
    });
    let to = killed.expect("a run that was killed in its middle");
    place.pushed(&to);
    place.ok(&["verify", &to, "--key", "k.pub"]);
    assert_eq!(place.pull(&to, "p.pkg").code, Some(0));
    place.same_layouts("m.pkg", "p.pkg");
    let left = fs::read_dir(&uploads).map(Iterator::count).unwrap_or_default();
    assert_eq!(left, 0, "finished uploads are forgotten");
}

#[test]
fn a_session_that_the_registry_forgot_is_begun_anew() {
    let place = Place::signed_with_weights(20 << 20);
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    rig.fail(Failure::new(Fault::Hold(10 * MIB)).on("PATCH"));
    let child = place.start(&["push", "m.pkg", &to]);
    assert!(wait_until(|| rig.held() > 0), "nothing was held: {:#?}", rig.log());
    kill(child);
    rig.heal();
    rig.fail(Failure::new(Fault::ForgetUploads).times(1));
    place.pushed(&to);
    place.ok(&["verify", &to, "--key", "k.pub"]);
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_nothing_at_the_output_and_room_lets_it_go_on() {
    let place = Place::signed_with_weights(4 << 20);
    fs::create_dir_all(place.path("disk")).unwrap();
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(place.path("disk"));
        mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !mount("size=2m") {
        skipped("a file system cannot be mounted here, so a full disk was not tested");
        return;
    }
    let _unmount = Unmount(place.path("disk"));
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.pushed(&to);
    let pull = ["pull", &to, "-o", "disk/p.pkg", "--key", "k.pub"];
    place.finds(&pull, "disk-full", 1);
    assert!(!place.path("disk/p.pkg").exists());
    assert!(mount("remount,size=20m"));
    let before = rig.log().len();
    let out = place.run(&pull);
    assert_eq!(out.code, Some(0), "{out:?}");
    place.same_layouts("m.pkg", "disk/p.pkg");
    let (_, down) = traffic(&rig.log_after(before));
    assert!(down <= 5 * MIB, "{down}");
}
