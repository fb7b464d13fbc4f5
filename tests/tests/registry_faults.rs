//! Registries that are slow, broken, full or dishonest: each ends in a clear error with
//! nothing lost, or is got over.

use std::fs;

use pkg_rig::registry::{Failure, Fault, Lie, Logged, Registry};
use pkg_tests::registry::oci;
use pkg_tests::{Layout, Out, Place};

/// A place with a signed bundle that is in a registry, what names it there, and the
/// digest of its weights.
struct There {
    place: Place,
    rig: Registry,
    to: String,
    weights: String,
}

impl There {
    fn new() -> Self {
        let place = Place::signed_with_weights(1 << 20);
        let rig = Registry::start();
        let to = oci(&rig.host(), "lab/tiny:v1");
        place.pushed(&to);
        let weights = place.weights();
        Self { place, rig, to, weights }
    }

    /// Pulls with a fault, which must be got over; gives what was asked.
    fn pulls(&self, failure: Failure) -> Vec<Logged> {
        let before = self.rig.log().len();
        self.rig.fail(failure);
        let out = self.place.pull(&self.to, "p.pkg");
        self.rig.heal();
        assert_eq!(out.code, Some(0), "{out:?}");
        self.place.same_layouts("m.pkg", "p.pkg");
        fs::remove_dir_all(self.place.path("p.pkg")).unwrap();
        self.rig.log_after(before)
    }

    /// Pulls with a fault that cannot be got over: nothing is at the output, and a later
    /// run without it succeeds.
    fn refuses(&self, failure: Failure, exit: i32, codes: &[&str]) -> Out {
        self.rig.fail(failure.clone());
        let out = self.place.pull(&self.to, "p.pkg");
        self.rig.heal();
        assert_eq!(out.code, Some(exit), "{failure:?}: {out:?}");
        let found = out.codes();
        let fits = found.iter().any(|code| codes.contains(&code.as_str()));
        assert!(fits, "{failure:?}: {found:?}");
        assert!(!self.place.path("p.pkg").exists(), "{failure:?}");
        out
    }

    /// Pushes an edited release with a fault, which must be got over.
    fn pushes(&self, failure: Failure) -> Vec<Logged> {
        let before = self.rig.log().len();
        let fresh = Registry::start();
        fresh.fail(failure);
        let to = oci(&fresh.host(), "a:v1");
        let out = self.place.run(&["push", "m.pkg", &to, "--json"]);
        fresh.heal();
        assert_eq!(out.code, Some(0), "{out:?}");
        self.place.ok(&["verify", &to, "--key", "k.pub"]);
        assert_eq!(self.rig.log().len(), before);
        fresh.log()
    }
}

#[test]
fn wrong_bytes_are_fetched_again_alone_and_refused_when_they_stay() {
    let there = There::new();
    let asked = |log: &[Logged], weights: bool| {
        let blobs = log.iter().filter(|it| it.is("GET", "/blobs/"));
        blobs.filter(|it| it.target.contains(&there.weights) == weights).count()
    };
    let right = there.pulls(Failure::new(Fault::NoDigestHeader).times(0));
    let log = there.pulls(Failure::new(Fault::WrongContent).at(&there.weights).times(1));
    assert_eq!((asked(&right, true), asked(&log, true)), (1, 2), "{log:#?}");
    assert_eq!(asked(&right, false), asked(&log, false), "only what was wrong is fetched again");
    let mut blobs: Vec<&str> =
        right.iter().filter(|it| it.is("GET", "/blobs/")).map(|it| it.target.as_str()).collect();
    blobs.sort_unstable();
    let all = blobs.len();
    blobs.dedup();
    assert_eq!(blobs.len(), all, "nothing is fetched twice: {right:#?}");

    let wrong = Failure::new(Fault::WrongContent).at(&there.weights);
    let out = there.refuses(wrong.clone(), 10, &["digest-mismatch"]);
    assert!(out.stdout.contains(&there.weights), "{out:?}");
    there.rig.fail(wrong);
    there.place.finds(&["verify", &there.to, "--key", "k.pub"], "digest-mismatch", 10);
    let unpacked = there.place.run(&["unpack", &there.to, "out"]);
    assert_eq!(unpacked.code, Some(10), "{unpacked:?}");
    assert!(!there.place.path("out").exists());
}

#[test]
fn a_damaged_blob_in_the_registry_is_found() {
    let there = There::new();
    pkg_tests::flip(&there.rig.blob_path(&there.weights));
    there.refuses(Failure::new(Fault::NoDigestHeader), 10, &["digest-mismatch"]);
    fs::remove_file(there.rig.blob_path(&there.weights)).unwrap();
    there.refuses(Failure::new(Fault::Status(404)).at(&there.weights), 10, &["missing-blob"]);
}

#[test]
fn a_cut_answer_is_gone_on_from() {
    let there = There::new();
    let log = there.pulls(Failure::new(Fault::Truncated(300_000)).at(&there.weights).times(1));
    let asked: Vec<&Logged> = log.iter().filter(|it| it.is("GET", &there.weights)).collect();
    assert_eq!(asked.len(), 2, "{log:#?}");
    assert_eq!(asked[1].span().map(|(from, _)| from), Some(300_000), "{asked:#?}");
    assert!(asked[1].sent < asked[0].sent + (1 << 20) - 299_000, "{asked:#?}");
    for part in ["/manifests/", "/referrers/"] {
        let out = there.refuses(
            Failure::new(Fault::Truncated(10)).at(part),
            1,
            &["transfer-interrupted"],
        );
        assert!(out.stdout.contains("\"hint\""), "{out:?}");
    }
    let nothing = Failure::new(Fault::Truncated(0)).at(&there.weights);
    there.refuses(nothing, 1, &["transfer-interrupted"]);
}

#[test]
fn a_busy_or_failing_registry_is_asked_again() {
    let there = There::new();
    let status = |log: &[Logged], status| log.iter().filter(|it| it.status == Some(status)).count();
    for (fault, code) in [
        (Fault::Busy(0), 429),
        (Fault::Busy(1), 429),
        (Fault::Status(500), 500),
        (Fault::Status(503), 503),
    ] {
        let log = there.pulls(Failure::new(fault.clone()).times(2));
        assert_eq!(status(&log, code), 2, "{fault:?}");
        let log = there.pushes(Failure::new(fault.clone()).on("PUT").times(2));
        assert_eq!(status(&log, code), 2, "{fault:?}");
    }
    let always = Failure::new(Fault::Status(500)).at("/manifests/");
    there.refuses(always, 1, &["registry-refused"]);
    let long = Failure::new(Fault::Busy(100_000));
    there.refuses(long, 1, &["registry-busy"]);
}

#[test]
fn redirects_are_followed_and_loops_are_not() {
    let there = There::new();
    let log = there.pulls(Failure::new(Fault::Redirect).at("/blobs/"));
    assert!(log.iter().any(|it| it.elsewhere && it.target.contains(&there.weights)), "{log:#?}");
    let looping = Failure::new(Fault::RedirectLoop).at("/blobs/");
    let out = there.refuses(looping, 1, &["registry-invalid-answer", "registry-refused"]);
    assert!(out.stdout.contains("in a circle"), "{out:?}");
    for place in ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "//"] {
        let fault = Fault::RedirectTo(place.to_owned());
        there.refuses(
            Failure::new(fault).at(&there.weights),
            1,
            &["registry-invalid-answer", "registry-refused"],
        );
    }
    // Neither is clear text beyond loopback, though a redirect asks for it.
    let away = Fault::RedirectTo("http://registry.example/v2/x".to_owned());
    there.refuses(Failure::new(away).at(&there.weights), 2, &["registry-not-encrypted"]);
}

#[test]
fn registries_without_ranges_serve_and_wrong_ranges_are_refused() {
    let there = There::new();
    there.pulls(Failure::new(Fault::IgnoreRange));
    // After a cut, a whole answer is taken too.
    there.rig.fail(Failure::new(Fault::Truncated(1000)).at(&there.weights).times(1));
    there.pulls(Failure::new(Fault::IgnoreRange));
    there.rig.fail(Failure::new(Fault::Truncated(1000)).at(&there.weights).times(1));
    let wrong = Failure::new(Fault::WrongContentRange).at(&there.weights);
    there.refuses(wrong, 1, &["registry-invalid-answer"]);
}

#[test]
fn answers_that_make_no_sense_are_named() {
    let there = There::new();
    let invalid = ["registry-invalid-answer"];
    there.refuses(Failure::new(Fault::WrongManifest).at("/manifests/v1"), 1, &invalid);
    there.refuses(Failure::new(Fault::WrongDigestHeader).at("/manifests/v1"), 1, &invalid);
    there.refuses(Failure::new(Fault::Garbage).at("/referrers/"), 1, &invalid);
    let garbage = there.rig.log().len();
    // It comes as another type than a manifest has.
    there.refuses(Failure::new(Fault::Garbage).at("/manifests/v1"), 2, &["not-a-bundle"]);
    assert!(there.rig.log().len() < garbage + 20);
    for part in ["/manifests/", "/referrers/", there.weights.as_str()] {
        let before = there.rig.log().len();
        there.rig.fail(Failure::new(Fault::Endless).at(part));
        let out = there.place.pull(&there.to, "p.pkg");
        there.rig.heal();
        assert!(matches!(out.code, Some(1 | 10)), "{part}: {out:?}");
        assert!(!there.place.path("p.pkg").exists());
        let sent: u64 = there.rig.log_after(before).iter().map(|it| it.sent).sum();
        assert!(sent < 256 << 20, "{part}: {sent} bytes were read");
    }
    there.pulls(Failure::new(Fault::NoDigestHeader));
    // A reference by digest is checked against what it says itself.
    let digest = there.place.digest("m.pkg");
    there.rig.fail(Failure::new(Fault::WrongManifest));
    let pinned = format!("{}@{digest}", oci(&there.rig.host(), "lab/tiny"));
    let out = there.place.run(&["verify", &pinned, "--key", "k.pub", "--json"]);
    assert!(matches!(out.code, Some(1 | 10)), "{out:?}");
    let codes = out.codes();
    assert!(
        codes.iter().any(|it| it == "digest-mismatch" || it == "registry-invalid-answer"),
        "{codes:?}"
    );
}

#[test]
fn denied_is_named_with_what_to_do() {
    let there = There::new();
    for status in [401, 403] {
        let failure = Failure::new(Fault::Denied(status));
        there.refuses(failure.clone(), 1, &["registry-denied"]);
        there.rig.fail(failure);
        there.place.finds(&["push", "m.pkg", &there.to], "registry-denied", 1);
        there.rig.heal();
    }
}

#[test]
fn a_full_registry_stops_a_push_before_the_tag_and_the_next_run_goes_on() {
    let place = Place::signed_with_weights(1 << 20);
    for status in [500, 507] {
        let rig = Registry::start();
        let to = oci(&rig.host(), "a:v1");
        let weights = place.weights();
        rig.fail(Failure::new(Fault::FullDisk(status)).at(&weights));
        rig.fail(Failure::new(Fault::FullDisk(status)).on("PATCH"));
        let out = place.finds(&["push", "m.pkg", &to], "registry-refused", 1);
        assert!(out.stdout.contains("no space left"), "what the registry says: {out:?}");
        assert_eq!(rig.tag("a", "v1"), None);
        rig.heal();
        place.pushed(&to);
        place.ok(&["verify", &to, "--key", "k.pub"]);
    }
}

#[test]
fn a_registry_that_forgets_uploads_is_begun_with_anew() {
    let there = There::new();
    there.pushes(Failure::new(Fault::ForgetUploads).on("PUT").at("/uploads/").times(1));
    there.pushes(Failure::new(Fault::ForgetUploads).on("PATCH").times(1));
    there.pushes(Failure::new(Fault::Truncated(0)).on("PUT").at("/uploads/").times(1));
}

#[test]
fn a_registry_that_hides_signatures_makes_a_release_unsigned() {
    let there = There::new();
    let hides = Failure::new(Fault::Referrers(Lie::Hides));
    there.refuses(hides.clone(), 12, &["unsigned"]);
    there.rig.fail(hides);
    there.place.finds(&["verify", &there.to, "--key", "k.pub"], "unsigned", 12);
    there.place.finds(&["pull", &there.to, "-o", "p.pkg"], "signer-not-asked", 0);
}

#[test]
fn a_registry_that_lies_about_what_refers_to_a_release_is_found_out() {
    let there = There::new();
    // Another release with a signature of its own, in the same repository.
    let place = &there.place;
    fs::write(place.path("model/README.md"), "# Other\n").unwrap();
    place.ok(&["pack", "model", "-o", "n.pkg"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "other"]);
    place.ok(&["sign", "n.pkg", "--key", "other.key"]);
    place.ok(&["push", "n.pkg", &oci(&there.rig.host(), "lab/tiny:v2")]);

    let verify = |lie: Lie, key: &str| {
        there.rig.fail(Failure::new(Fault::Referrers(lie)));
        let out = place.run(&["verify", &there.to, "--key", key, "--json"]);
        there.rig.heal();
        out
    };
    // What is about something else never counts for this release.
    let foreign = verify(Lie::Foreign, "other.pub");
    assert!(matches!(foreign.code, Some(1 | 10 | 12)), "{foreign:?}");
    for lie in [Lie::Foreign, Lie::Missing, Lie::OtherDigest, Lie::EndlessPages] {
        let out = verify(lie, "k.pub");
        let names = matches!(out.code, Some(0 | 1 | 10 | 12));
        assert!(names && !out.codes().is_empty(), "{lie:?}: a finding says so: {out:?}");
        if out.code == Some(0) {
            assert!(matches!(lie, Lie::Foreign | Lie::Missing), "{lie:?}: {out:?}");
        }
    }
    assert_eq!(verify(Lie::EndlessPages, "k.pub").code, Some(1));
    place.ok(&["verify", &there.to, "--key", "k.pub"]);
}

#[test]
fn a_tag_scheme_index_that_is_none_is_refused_and_left_alone() {
    let there = There::new();
    let digest = there.place.digest("m.pkg");
    let tag = digest.replace(':', "-");
    // Somebody put the release itself under the tag that should hold the list.
    there.place.ok(&["push", "m.pkg", &oci(&there.rig.host(), &format!("lab/tiny:{tag}"))]);
    there.rig.fail(Failure::new(Fault::NoReferrersApi));
    let verify = ["verify", &there.to, "--key", "k.pub"];
    there.place.finds(&verify, "registry-invalid-answer", 1);
    there.place.finds(&["sign", &there.to, "--key", "k.key"], "registry-invalid-answer", 1);
    assert_eq!(there.rig.tag("lab/tiny", &tag), Some(digest));
}

#[test]
fn a_bundle_that_was_changed_is_not_pushed() {
    let place = Place::signed_with_weights(1 << 20);
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    let weights = place.weights();
    pkg_tests::flip(&Layout::at(&place.path("m.pkg")).blob(&weights));
    place.finds(&["push", "m.pkg", &to], "digest-mismatch", 10);
    assert_eq!(rig.tag("a", "v1"), None);
    assert!(!rig.blobs("a").contains(&weights));
}

#[test]
fn nobody_there_is_said() {
    let place = Place::signed();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let to = oci(&host, "a:v1");
    place.finds(&["push", "m.pkg", &to], "registry-unreachable", 1);
    place.finds(&["pull", &to], "registry-unreachable", 1);
    place.finds(&["show", "oci://registry.invalid/a:v1"], "registry-unreachable", 1);
    place.finds(&["show", "oci://HOST/UPPER:v1"], "registry-reference", 2);
}
