use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Facts, Outcome, Policy, decide, explain, load};
use crate::exit::Exit;
use crate::finding::{Code, Problem};
use crate::trust::key::PublicKey;

pub(super) fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/policies").join(folder)
}

/// A folder with a policy and the keys of the fixtures.
pub(super) fn folder(policy: &str, files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["alice.pub", "bob.pub", "carol.pub", "authority.pem"] {
        fs::copy(fixtures("good").join(name), folder.path().join(name)).unwrap();
    }
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().join("policy.toml");
    fs::write(&path, format!("version = 1\n{policy}")).unwrap();
    (folder, path)
}

pub(super) fn policy(text: &str) -> Policy {
    load(&folder(text, &[]).1).unwrap()
}

pub(super) fn refused(text: &str) -> Problem {
    load(&folder(text, &[]).1).unwrap_err()
}

/// The facts of the fixtures, edited.
pub(super) fn facts(edit: impl FnOnce(&mut Value)) -> Facts {
    let text = fs::read(fixtures("good").join("facts.json")).unwrap();
    let mut value: Value = serde_json::from_slice(&text).unwrap();
    edit(&mut value);
    Facts::from_json(&serde_json::to_vec(&value).unwrap(), "facts").unwrap()
}

/// Outcome and reason of the only rule.
pub(super) fn only(policy: &Policy, facts: &Facts) -> (Outcome, String) {
    let decision = decide(policy, facts);
    let [rule] = decision.rules.as_slice() else { panic!("{decision:?}") };
    (rule.outcome, rule.reason.clone())
}

pub(super) fn passes(policy: &Policy, facts: &Facts) {
    let (outcome, reason) = only(policy, facts);
    assert_eq!(outcome, Outcome::Pass, "{reason}");
}

pub(super) fn fails(policy: &Policy, facts: &Facts, because: &str) {
    let (outcome, reason) = only(policy, facts);
    assert_eq!(outcome, Outcome::Fail, "{reason}");
    assert!(reason.contains(because), "{reason}");
}

pub(super) const TEAM: &str = r#"
[[signers]]
name = "team"
member = [{ key = "alice.pub" }, { key = "bob.pub" }, { key = "carol.pub" }]
"#;

pub(super) fn hint(name: &str) -> String {
    let key = crate::trust::keyfile::load_public_key(&fixtures("good").join(name)).unwrap();
    key.hint()
}

/// A verified signature over the release by the key of a fixture.
pub(super) fn by_key(name: &str) -> Value {
    let who = json!({ "kind": "key", "algorithm": "ecdsa-p256", "hint": hint(name) });
    by(&who)
}

pub(super) fn by_identity(identity: &str) -> Value {
    by(&json!({ "kind": "identity", "identity": identity, "issuer": "https://i", "claims": {} }))
}

pub(super) fn by(who: &Value) -> Value {
    json!({
        "name": "sha256:0", "predicateType": "urn:x-pkg:release:v1", "standing": "verified",
        "who": who, "times": [], "log": false
    })
}

pub(super) fn signed_by(signatures: &[Value]) -> Facts {
    facts(|facts| facts["signatures"] = json!(signatures))
}

#[test]
fn the_good_fixtures_load_and_the_full_one_allows_its_facts() {
    load(&fixtures("good").join("smallest.toml")).unwrap();
    let policy = load(&fixtures("good").join("policy.toml")).unwrap();
    let decision = decide(&policy, &facts(|_| {}));
    assert!(decision.allowed, "{decision:#?}");
    let off = decision.rules.iter().filter(|rule| rule.outcome == Outcome::NotApplicable).count();
    let met = decision.rules.iter().filter(|rule| rule.outcome == Outcome::Pass).count();
    assert_eq!((off, met), (1, decision.rules.len() - 1), "{decision:#?}");
    assert!(decision.findings().is_empty());
}

#[test]
fn every_bad_fixture_is_refused_with_its_own_reason() {
    let expected = [
        ("authority-empty", Code::CertificateInvalid, "no certificate"),
        ("costly-expression", Code::PatternInvalid, "size limit"),
        ("damaged-expression", Code::PatternInvalid, "unclosed group"),
        ("empty-file", Code::PolicySyntax, "`version`"),
        ("forbids-nothing", Code::PolicyInvalid, "forbids nothing"),
        ("identity-without-issuer", Code::PolicyInvalid, "needs an `issuer`"),
        ("key-damaged", Code::KeyInvalid, "not PEM"),
        ("key-hint", Code::PolicyInvalid, "64 lower-case hex digits"),
        ("key-missing", Code::PathNotFound, "member 1 of the group `team`"),
        ("key-outside", Code::PolicyFileOutside, "outside the folder"),
        ("no-demand", Code::PolicyInvalid, "needs exactly one demand"),
        ("no-rules", Code::PolicyDecidesNothing, "No rule of the policy is enforced"),
        ("nobody", Code::PolicyInvalid, "names nobody"),
        ("only-warnings", Code::PolicyDecidesNothing, "No rule of the policy is enforced"),
        ("rego-damaged", Code::RegoInvalid, "damaged.rego:"),
        ("rego-without-query", Code::RegoInvalid, "data.pkg.allow"),
        ("repeated-id", Code::PolicyInvalid, "`weights` is the id of a rule twice"),
        ("repeated-key", Code::PolicyRepeatedKey, "line 2, column 1"),
        ("threshold-too-high", Code::PolicyInvalid, "needs 2 signers, but its groups have 1"),
        ("threshold-zero", Code::PolicyInvalid, "demands nothing"),
        ("two-demands", Code::PolicyInvalid, "needs exactly one demand"),
        ("unknown-code", Code::PolicyInvalid, "did you mean `pickle-weights`?"),
        ("unknown-demand", Code::PolicyUnknownKey, "did you mean `signed-by`?"),
        ("unknown-group", Code::PolicyInvalid, "names the group `team`"),
        ("unknown-key", Code::PolicyUnknownKey, "did you mean `kind`?"),
        ("unknown-kind", Code::PolicyInvalid, "`wieghts` is neither a group"),
        ("unknown-mode", Code::PolicyInvalid, "use off, warn, enforce"),
        ("version-2", Code::PolicyVersion, "reads version 1"),
    ];
    let entries = fs::read_dir(fixtures("bad")).unwrap();
    let policies = entries
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "toml"));
    assert_eq!(policies.count(), expected.len(), "a bad fixture is not tested");
    for (name, code, text) in expected {
        let problem = load(&fixtures("bad").join(format!("{name}.toml"))).unwrap_err();
        let message = &problem.finding().message;
        assert_eq!(problem.code(), code, "{name}: {message}");
        assert!(message.contains(text), "{name}: {message}");
        assert_eq!(code.exit(), Exit::Usage);
    }
}

#[test]
fn the_example_of_the_reference_is_a_policy() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.md");
    let page = fs::read_to_string(page).unwrap();
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let rego = fs::read_to_string(fixtures("good").join("size.rego")).unwrap();
    let (_folder, path) = folder("", &[("size.rego", &rego)]);
    fs::write(&path, example).unwrap();
    let policy = load(&path).unwrap();
    assert!(decide(&policy, &facts(|_| {})).allowed);
}

#[test]
fn a_file_of_an_authority_holds_whole_certificates() {
    let good = fs::read_to_string(fixtures("good").join("authority.pem")).unwrap();
    let text = "[[signers]]\nname = \"t\"\nmember = [{ authority = \"ca.pem\" }]\n[[rule]]\nid = \"r\"\nsigned-by = { signers = [\"t\"] }";
    let loaded = |pem: &str| load(&folder(text, &[("ca.pem", pem)]).1);
    for fine in
        [format!("a comment\n{good}"), format!("{good}\n{good}"), good.replace('\n', "\r\n")]
    {
        loaded(&fine).unwrap();
    }
    let key = fs::read_to_string(fixtures("good").join("alice.pub")).unwrap();
    let cut = &good[..good.len() / 2];
    for bad in ["", "\n", "hello", cut, &good.replace("MII", "MIJ"), &key, &format!("{good}{cut}")]
    {
        assert_eq!(loaded(bad).unwrap_err().code(), Code::CertificateInvalid, "{bad}");
    }
}

/// A signature by alice with these proven times.

#[test]
fn everything_that_a_policy_names_can_be_asked_for() {
    let accepted = load(&fixtures("good").join("policy.toml")).unwrap().accepted();
    let hints: Vec<String> = accepted.keys.iter().map(PublicKey::hint).collect();
    assert_eq!(hints, ["alice.pub", "bob.pub", "carol.pub"].map(hint));
    assert_eq!(accepted.identities.len(), 2);
    assert!(accepted.identities.iter().all(|rule| rule.names_somebody() && rule.issuer.is_some()));
    assert!(accepted.authorities[0].ends_with("good/authority.pem"));
    assert!(accepted.certificates.is_empty() && accepted.key_hints.is_empty());
}

#[test]
fn a_policy_is_explained_rule_by_rule() {
    let explained = explain(&load(&fixtures("good").join("policy.toml")).unwrap());
    let demand = |id: &str| {
        let rule = explained.rules.iter().find(|rule| rule.id == id).unwrap();
        rule.demand.clone()
    };
    assert_eq!(
        demand("two-of-three"),
        "at least 2 different signers of release-team must have signed the release"
    );
    assert!(demand("fresh").ends_with("proven to be at most 365 days ago"), "{}", demand("fresh"));
    assert!(demand("weights-checked").contains("at least as verified"));
    assert!(demand("not-too-large").contains("`data.pkg.allow` in size.rego"));
    assert_eq!(explained.groups[0].members.len(), 4);
    assert!(explained.groups[0].members[0].starts_with("alice: ecdsa-p256 key "));
}

#[test]
fn facts_that_cannot_be_so_are_refused() {
    let text = fs::read_to_string(fixtures("good").join("facts.json")).unwrap();
    for (from, to) in [
        ("\"now\": \"2026", "\"now\": \"the year 2026"),
        ("\"standing\": \"verified\"", "\"standing\": \"not-checked\""),
        ("\"time\": \"2026-03-01T12", "\"time\": \"2026-03-01T99"),
        ("\"release\": {", "\"now\": \"2026-06-01T00:00:00Z\", \"release\": {"),
        ("\"release\": {", "\"extra\": 1, \"release\": {"),
        ("\"digest\": \"sha256:", "\"digest\": \"md5:"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let problem = Facts::from_json(changed.as_bytes(), "facts").unwrap_err();
        assert_eq!(problem.code(), Code::FactsInvalid, "{to}: {problem}");
    }
}

#[test]
fn a_link_out_of_the_folder_is_outside() {
    let text = "[[signers]]\nname = \"t\"\nmember = [{ key = \"link.pub\" }]\n[[rule]]\nid = \"r\"\nsigned-by = { signers = [\"t\"] }";
    let (place, path) = folder(text, &[]);
    let link = place.path().join("link.pub");
    std::os::unix::fs::symlink(fixtures("good").join("alice.pub"), &link).unwrap();
    assert_eq!(load(&path).unwrap_err().code(), Code::PolicyFileOutside);
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("alice.pub", &link).unwrap();
    load(&path).unwrap();
    // Whoever writes an absolute path means it.
    let absolute = fixtures("good").join("alice.pub");
    let text = fs::read_to_string(&path).unwrap().replace("link.pub", absolute.to_str().unwrap());
    fs::write(&path, text).unwrap();
    load(&path).unwrap();
}

#[test]
fn what_is_too_much_is_refused() {
    use std::fmt::Write as _;

    let (_place, path) = folder("", &[]);
    fs::File::create(&path).unwrap().set_len(super::MAX_POLICY + 1).unwrap();
    assert_eq!(load(&path).unwrap_err().code(), Code::MetadataTooLarge);
    let rules = |count: usize| {
        (0..count).fold(String::new(), |mut text, n| {
            let _ = write!(text, "[[rule]]\nid = \"r{n}\"\ncomponent = {{ kind = \"weights\" }}\n");
            text
        })
    };
    assert_eq!(decide(&policy(&rules(1000)), &facts(|_| {})).rules.len(), 1000);
    assert!(refused(&rules(1001)).to_string().contains("1001 rules, more than 1000"));
    let member = "{ identity-regexp = 'a.*', issuer = \"i\" }, ";
    let group = format!("[[signers]]\nname = \"t\"\nmember = [{}]\n", member.repeat(251));
    assert!(refused(&group).to_string().contains("more than 250 regular expressions"));
    let unknown = "x = 1\n";
    let keys: Vec<String> = (0..10_000).map(|n| format!("x{n} = 1\n")).collect();
    let keys = keys.concat();
    let problem = refused(&format!("{unknown}{keys}"));
    assert_eq!(problem.code(), Code::PolicyUnknownKey);
    assert!(problem.finding().message.ends_with("and 9981 more"), "{problem}");
}

proptest! {
    #[test]
    fn arbitrary_policies_are_an_answer(text in "(\\PC|[\\[\\]{}=\".,\n])*") {
        let (_place, path) = folder(&text, &[]);
        prop_assert!(load(&path).is_err());
    }

    #[test]
    fn arbitrary_facts_are_an_answer(bytes: Vec<u8>) {
        prop_assert!(Facts::from_json(&bytes, "facts").is_err());
    }
}
