//! `pkg verify --policy`: what a policy demands of a real release.

use std::fs;

use pkg_rig::TokenSpec;
use pkg_tests::Place;
use pkg_tests::keyless::{ADA, Keyless};

/// A bundle `m.pkg` signed by some of the keys `a`, `b`, `c`, and a policy that
/// wants two of three.
fn place(signers: &[&str]) -> Place {
    let place = Place::packed();
    let mut policy = "version = 1\n[[signers]]\nname = \"team\"\n".to_owned();
    for name in ["a", "b", "c"] {
        place.ok(&["keygen", "--no-passphrase", "-o", name]);
        policy += &format!("[[signers.member]]\nperson = \"{name}\"\nkey = \"{name}.pub\"\n");
    }
    policy += "[[rule]]\nid = \"two\"\nmode = \"enforce\"\nsigned-by = { signers = [\"team\"], threshold = 2 }\n";
    fs::write(place.path("policy.toml"), policy).unwrap();
    for name in signers {
        place.ok(&["sign", "m.pkg", "--key", &format!("{name}.key")]);
    }
    place
}

const VERIFY: [&str; 4] = ["verify", "m.pkg", "--policy", "policy.toml"];

#[test]
fn a_threshold_counts_people_and_not_signatures() {
    place(&["a", "c"]).ok(&VERIFY);
    let out = place(&["a"]).finds(&VERIFY, "policy-refused", 11);
    assert_eq!(out.json()["result"]["decision"]["allowed"], false, "{out:?}");
    let twice = place(&["a", "a"]);
    twice.finds(&VERIFY, "policy-refused", 11);
    let text = twice.run(&VERIFY).stdout;
    assert!(text.contains("policy  NOT MET: 0 of 1 rules pass"), "{text}");
}

#[test]
fn a_policy_can_warn_and_a_broken_one_decides_nothing() {
    let place = place(&["a"]);
    let text = fs::read_to_string(place.path("policy.toml")).unwrap();
    let write = |text: String| fs::write(place.path("policy.toml"), text).unwrap();
    write(text.replace("enforce", "warn"));
    place.finds(&VERIFY, "policy-decides-nothing", 2);
    let proof =
        "[[rule]]\nid = \"weights\"\ncomponent = { kind = \"weights\", evidence = \"verified\" }\n";
    write(text.replace("enforce", "warn") + proof);
    place.finds(&VERIFY, "policy-warning", 0);
    write(text.replace("threshold", "treshold"));
    place.finds(&VERIFY, "policy-unknown-key", 2);
    place.finds(&["verify", "m.pkg", "--policy", "nowhere.toml"], "path-not-found", 2);
    // Damage is a failed verification first.
    write(text);
    let weights = place.path("m.pkg/blobs/sha256");
    let largest = fs::read_dir(weights).unwrap().map(|e| e.unwrap().path());
    let largest = largest.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = fs::read(&largest).unwrap();
    bytes[100] ^= 1;
    fs::write(&largest, bytes).unwrap();
    assert_eq!(place.run(&VERIFY).code, Some(10));
}

#[test]
fn identities_count_with_their_proven_times() {
    let test = Keyless::new(Place::packed());
    assert_eq!(test.sign(&TokenSpec::email(ADA), 1).code, Some(0));
    let policy = format!(
        "version = 1\n[[signers]]\nname = \"ada\"\n[[signers.member]]\nidentity = \"{ADA}\"\nissuer = \"{}\"\n\
         [[rule]]\nid = \"signed\"\nsigned-by = {{ signers = [\"ada\"] }}\n\
         [[rule]]\nid = \"fresh\"\nmax-age = {{ days = 30, signers = [\"ada\"] }}\n",
        test.rig.url()
    );
    fs::write(test.place.path("policy.toml"), &policy).unwrap();
    let args = ["verify", "m.pkg", "--policy", "policy.toml", "--trusted-root", "root.json"];
    test.place.ok(&args);
    // A year later the same release is too old.
    let later = jiff::Timestamp::now().as_second() + 365 * 86_400;
    let mut command = test.place.command(&[&args[..], &["--json"]].concat());
    command.env("SOURCE_DATE_EPOCH", later.to_string());
    test.place.finish(&mut command).expect("policy-refused", 11);
    fs::write(test.place.path("policy.toml"), policy.replace(ADA, "eve@example.com")).unwrap();
    test.place.finds(&args, "identity-mismatch", 10);
}
