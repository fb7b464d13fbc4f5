use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Decision, Facts, Outcome, Policy, decide, explain, load};
use crate::exit::Exit;
use crate::finding::{Code, Problem};

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/policies").join(folder)
}

/// A folder with a policy and the keys of the fixtures.
fn folder(policy: &str, files: &[(&str, &str)]) -> (TempDir, PathBuf) {
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

fn policy(text: &str) -> Policy {
    load(&folder(text, &[]).1).unwrap()
}

fn refused(text: &str) -> Problem {
    load(&folder(text, &[]).1).unwrap_err()
}

/// The facts of the fixtures, edited.
fn facts(edit: impl FnOnce(&mut Value)) -> Facts {
    let text = fs::read(fixtures("good").join("facts.json")).unwrap();
    let mut value: Value = serde_json::from_slice(&text).unwrap();
    edit(&mut value);
    Facts::from_json(&serde_json::to_vec(&value).unwrap(), "facts").unwrap()
}

/// Outcome and reason of the only rule.
fn only(policy: &Policy, facts: &Facts) -> (Outcome, String) {
    let decision = decide(policy, facts);
    let [rule] = decision.rules.as_slice() else { panic!("{decision:?}") };
    (rule.outcome, rule.reason.clone())
}

fn passes(policy: &Policy, facts: &Facts) {
    let (outcome, reason) = only(policy, facts);
    assert_eq!(outcome, Outcome::Pass, "{reason}");
}

fn fails(policy: &Policy, facts: &Facts, because: &str) {
    let (outcome, reason) = only(policy, facts);
    assert_eq!(outcome, Outcome::Fail, "{reason}");
    assert!(reason.contains(because), "{reason}");
}

const TEAM: &str = r#"
[[signers]]
name = "team"
member = [{ key = "alice.pub" }, { key = "bob.pub" }, { key = "carol.pub" }]
"#;

fn hint(name: &str) -> String {
    let key = crate::trust::keyfile::load_public_key(&fixtures("good").join(name)).unwrap();
    key.hint()
}

/// A verified signature over the release by the key of a fixture.
fn by_key(name: &str) -> Value {
    let who = json!({ "kind": "key", "algorithm": "ecdsa-p256", "hint": hint(name) });
    by(&who)
}

fn by_identity(identity: &str) -> Value {
    by(&json!({ "kind": "identity", "identity": identity, "issuer": "https://i", "claims": {} }))
}

fn by(who: &Value) -> Value {
    json!({
        "name": "sha256:0", "predicateType": "urn:x-pkg:release:v1", "standing": "verified",
        "who": who, "times": [], "log": false
    })
}

fn signed_by(signatures: &[Value]) -> Facts {
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
fn signers_are_counted_by_who_they_are() {
    let two = policy(&format!(
        "{TEAM}\n[[rule]]\nid = \"r\"\nsigned-by = {{ signers = [\"team\"], threshold = 2 }}"
    ));
    let (alice, bob) = (by_key("alice.pub"), by_key("bob.pub"));
    passes(&two, &signed_by(&[alice.clone(), bob.clone()]));
    fails(&two, &signed_by(&[alice.clone()]), "1 of 2 needed different signers of team");
    fails(&two, &signed_by(&[alice.clone(), alice.clone()]), "1 of 2 needed");
    fails(&two, &signed_by(&[]), "there is no such signature");
    let stranger = by_identity("eve@lab.example");
    fails(&two, &signed_by(&[alice.clone(), stranger]), "eve@lab.example belongs to no group");
    for (standing, why) in [("not-checked", "was not checked"), ("invalid", "is invalid")] {
        let mut bob = bob.clone();
        (bob["standing"], bob["who"]) = (json!(standing), Value::Null);
        fails(&two, &signed_by(&[alice.clone(), bob]), why);
    }
    let mut nobody = bob.clone();
    nobody["who"] = Value::Null;
    fails(&two, &signed_by(&[alice.clone(), nobody]), "unknown: sha256:0 is by nobody known");
    let mut other = bob;
    other["predicateType"] = json!("https://model_signing/signature/v1.0");
    fails(&two, &signed_by(&[alice, other]), "1 of 2 needed");
}

#[test]
fn members_of_one_person_are_one_signer_and_so_is_a_member_of_two_groups() {
    let text = r#"
[[signers]]
name = "a"
member = [
  { person = "alice", key = "alice.pub" },
  { person = "alice", identity = "alice@lab.example", issuer = "https://i" },
]
[[signers]]
name = "b"
member = [{ key = "bob.pub" }, { key = "alice.pub" }]
[[rule]]
id = "r"
signed-by = { signers = ["a", "b"], threshold = 2 }
"#;
    let policy = policy(text);
    let (alice, also_alice) = (by_key("alice.pub"), by_identity("alice@lab.example"));
    fails(&policy, &signed_by(&[alice.clone(), also_alice.clone()]), "1 of 2 needed");
    fails(&policy, &signed_by(&[alice.clone()]), "1 of 2 needed");
    passes(&policy, &signed_by(&[also_alice, by_key("bob.pub")]));
}

#[test]
fn identities_that_fit_one_expression_are_signers_of_their_own_unless_they_are_one_person() {
    let text = |person: &str| {
        policy(&format!(
            "[[signers]]\nname = \"lab\"\nmember = [{{ {person} identity-regexp = '.*@lab\\.example|https://.*', issuer = \"https://i\" }}, {{ key = \"alice.pub\" }}]\n[[rule]]\nid = \"r\"\nsigned-by = {{ signers = [\"lab\"], threshold = 2 }}"
        ))
    };
    let both = signed_by(&[by_identity("a@lab.example"), by_identity("b@lab.example")]);
    passes(&text(""), &both);
    fails(&text("person = \"lab\","), &both, "1 of 2 needed");
    fails(&text(""), &signed_by(&[by_identity("a@lab.example"), by_identity("b@evil")]), "1 of 2");
    let run = |at: &str| by_identity(&format!("https://github.com/lab/m/release.yml@refs/{at}"));
    let branches = signed_by(&[run("heads/main"), run("heads/other")]);
    fails(&text(""), &branches, "1 of 2 needed");
}

fn certificate(subject: &str, fingerprint: u8, authority: Option<&str>) -> Value {
    let mut signature = by(&json!({
        "kind": "certificate", "subject": subject, "issuer": "CN=Root",
        "fingerprint": format!("sha256:{}", format!("{fingerprint:02x}").repeat(32)),
    }));
    signature["authority"] = json!(authority);
    signature
}

#[test]
fn certificates_count_by_fingerprint_or_by_the_authority_they_were_verified_under() {
    const AUTHORITY: &str =
        "sha256:e9ed3ced88ee9a85e3e76d027d6cd34a5f1636234e358cadedff4f6d6ae632cf";
    let rule = "[[rule]]\nid = \"r\"\nsigned-by = { signers = [\"c\"] }";
    let group = |member: &str| {
        policy(&format!("[[signers]]\nname = \"c\"\nmember = [{{ {member} }}]\n{rule}"))
    };
    let pinned = group(&format!("certificate = \"sha256:{}\"", "07".repeat(32)));
    passes(&pinned, &signed_by(&[certificate("CN=a", 7, None)]));
    fails(&pinned, &signed_by(&[certificate("CN=a", 8, Some(AUTHORITY))]), "0 of 1");
    let authority = group("authority = \"authority.pem\"");
    passes(&authority, &signed_by(&[certificate("CN=a", 7, Some(AUTHORITY))]));
    // The name of an issuer alone is what another authority could write too.
    fails(&authority, &signed_by(&[certificate("CN=a", 7, None)]), "0 of 1");
    let other = format!("sha256:{}", "01".repeat(32));
    fails(&authority, &signed_by(&[certificate("CN=a", 7, Some(&other))]), "0 of 1");
    let named = group("authority = \"authority.pem\", subject = \"CN=a\"");
    passes(&named, &signed_by(&[certificate("CN=a", 7, Some(AUTHORITY))]));
    fails(&named, &signed_by(&[certificate("CN=b", 7, Some(AUTHORITY))]), "0 of 1");
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
fn timed(times: &[&str]) -> Value {
    let mut signature = by_key("alice.pub");
    let times = times.iter().map(|time| json!({ "time": time, "source": "timestamp" }));
    signature["times"] = times.collect();
    signature
}

#[test]
fn age_counts_from_the_earliest_proven_time_and_is_unknown_without_one() {
    let policy = policy("[[rule]]\nid = \"r\"\nmax-age = { days = 30 }");
    let at = |times: &[&str]| signed_by(&[timed(times)]);
    passes(&policy, &at(&["2026-05-02T00:00:00Z"]));
    fails(&policy, &at(&["2026-05-01T23:59:59Z"]), "is 30 days old");
    fails(&policy, &at(&["2025-01-01T00:00:00Z", "2026-05-31T00:00:00Z"]), "days old");
    fails(&policy, &at(&[]), "has no proven time, so its age is unknown");
    fails(&policy, &at(&["2026-06-01T00:00:01Z"]), "yet to come");
    passes(&policy, &signed_by(&[timed(&[]), timed(&["2026-05-31T00:00:00+02:00"])]));
}

#[test]
fn log_and_time_are_proven_or_unknown() {
    let log = policy("[[rule]]\nid = \"r\"\nrequire-log = {}");
    let time = policy("[[rule]]\nid = \"r\"\nrequire-time-proof = {}");
    let mut signature = by_key("alice.pub");
    fails(&log, &signed_by(&[signature.clone()]), "unknown: ");
    fails(&time, &signed_by(&[signature.clone()]), "has no proven time");
    signature["log"] = json!(true);
    passes(&log, &signed_by(&[signature]));
    passes(&time, &signed_by(&[timed(&["2026-05-31T00:00:00Z"])]));
}

#[test]
fn a_proof_counts_only_for_the_groups_that_are_named() {
    let text = format!("{TEAM}\n[[rule]]\nid = \"r\"\nrequire-log = {{ signers = [\"team\"] }}");
    let policy = policy(&text);
    let mut stranger = by_identity("eve@lab.example");
    stranger["log"] = json!(true);
    fails(&policy, &signed_by(&[stranger, by_key("alice.pub")]), "no proven entry in a log");
}

#[test]
fn attestations_count_by_predicate_type() {
    let text = format!(
        "{TEAM}\n[[rule]]\nid = \"r\"\nattestation = {{ predicate-type = \"https://slsa.dev/provenance/v1\", signers = [\"team\"] }}"
    );
    let policy = policy(&text);
    let mut signature = by_key("bob.pub");
    fails(&policy, &signed_by(&[signature.clone()]), "there is no such signature");
    signature["predicateType"] = json!("https://slsa.dev/provenance/v1");
    passes(&policy, &signed_by(&[signature]));
}

#[test]
fn components_are_there_as_well_as_demanded() {
    let policy = |demand: &str| policy(&format!("[[rule]]\nid = \"r\"\ncomponent = {demand}"));
    let all = facts(|_| {});
    passes(&policy("{ kind = \"weights\", evidence = \"verified\" }"), &all);
    passes(&policy("{ kind = \"model-card\" }"), &all);
    fails(
        &policy("{ kind = \"weights\", evidence = \"tested\" }"),
        &all,
        "is verified; at least tested",
    );
    fails(&policy("{ kind = \"code\" }"), &all, "the release lists no code");
    let absent = facts(|facts| facts["components"][1]["evidence"] = Value::Null);
    fails(&policy("{ kind = \"docs\", evidence = \"claimed\" }"), &absent, "model-card is absent");
}

#[test]
fn findings_are_forbidden_by_code_or_weight() {
    let policy = |demand: &str| policy(&format!("[[rule]]\nid = \"r\"\nforbid-finding = {demand}"));
    let with = |code: &str, severity: &str| {
        facts(|facts| {
            facts["findings"] = json!([{ "code": code, "severity": severity, "subject": "a.bin" }]);
        })
    };
    let pickle = with("pickle-weights", "warning");
    fails(&policy("{ codes = [\"pickle-weights\"] }"), &pickle, "pickle-weights (a.bin)");
    fails(&policy("{ severity = \"note\" }"), &pickle, "1 forbidden");
    passes(&policy("{ severity = \"error\" }"), &pickle);
    passes(&policy("{ codes = [\"extra-blob\"] }"), &pickle);
    fails(&policy("{ codes = [\"extra-blob\"], severity = \"warning\" }"), &pickle, "1 forbidden");
    fails(&policy("{ severity = \"error\" }"), &with("of-a-newer-pkg", "error"), "of-a-newer-pkg");
}

#[test]
fn what_was_not_looked_at_is_unknown_and_fails() {
    let nothing = facts(|facts| {
        for key in ["signatures", "components", "findings"] {
            facts.as_object_mut().unwrap().remove(key);
        }
    });
    for demand in [
        "require-log = {}",
        "require-time-proof = {}",
        "max-age = { days = 1 }",
        "component = { kind = \"weights\" }",
        "forbid-finding = { severity = \"error\" }",
    ] {
        fails(&policy(&format!("[[rule]]\nid = \"r\"\n{demand}")), &nothing, "unknown");
    }
}

#[test]
fn the_mode_decides_what_a_rule_that_is_not_met_does() {
    let text = |mode: &str| {
        format!(
            "[[rule]]\nid = \"ok\"\ncomponent = {{ kind = \"weights\" }}\n[[rule]]\nid = \"r\"\nmode = \"{mode}\"\ncomponent = {{ kind = \"code\" }}"
        )
    };
    let findings = |mode| {
        let decision: Decision = decide(&policy(&text(mode)), &facts(|_| {}));
        let codes: Vec<Code> = decision.findings().iter().map(|finding| finding.code).collect();
        (decision.allowed, codes)
    };
    assert_eq!(findings("off"), (true, vec![]));
    assert_eq!(findings("warn"), (true, vec![Code::PolicyWarning]));
    assert_eq!(findings("enforce"), (false, vec![Code::PolicyRefused]));
    assert_eq!(Code::PolicyRefused.exit(), Exit::PolicyRefused);
    assert_eq!(Code::PolicyRuleError.exit(), Exit::PolicyRefused);
}

#[test]
fn everything_that_a_policy_names_can_be_asked_for() {
    let accepted = load(&fixtures("good").join("policy.toml")).unwrap().accepted();
    let hints: Vec<String> = accepted.keys.iter().map(|key| key.hint()).collect();
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
    let keys: String = (0..10_000).map(|n| format!("x{n} = 1\n")).collect();
    let problem = refused(&format!("{unknown}{keys}"));
    assert_eq!(problem.code(), Code::PolicyUnknownKey);
    assert!(problem.finding().message.ends_with("and 9981 more"), "{problem}");
}

#[test]
fn decisions_are_the_same_for_the_same_facts() {
    let policy = load(&fixtures("good").join("policy.toml")).unwrap();
    let facts = facts(|facts| facts["components"] = json!([]));
    let first = decide(&policy, &facts);
    assert!(!first.allowed);
    assert_eq!(first, decide(&policy, &facts));
}

proptest! {
    /// However signatures are repeated and ordered, the number of different
    /// signers is that of the different keys among the members.
    #[test]
    fn thresholds_count_different_members(
        signatures in prop::collection::vec(0_usize..4, 0..12),
        threshold in 1_usize..4,
    ) {
        let text = format!(
            "{TEAM}\n[[rule]]\nid = \"r\"\nsigned-by = {{ signers = [\"team\"], threshold = {threshold} }}"
        );
        let made: Vec<Value> = signatures
            .iter()
            .map(|who| match who {
                0 => by_key("alice.pub"),
                1 => by_key("bob.pub"),
                2 => by_key("carol.pub"),
                _ => by_identity("eve@lab.example"),
            })
            .collect();
        let mut members: Vec<usize> = signatures.into_iter().filter(|who| *who < 3).collect();
        members.sort_unstable();
        members.dedup();
        let decision = decide(&policy(&text), &signed_by(&made));
        prop_assert_eq!(decision.rules[0].facts.counted.len(), members.len());
        prop_assert_eq!(decision.allowed, members.len() >= threshold);
    }

    /// Taking a signature away never turns a refusal into a pass.
    #[test]
    fn fewer_signatures_never_help(left_out in 0_usize..5) {
        let policy = load(&fixtures("good").join("policy.toml")).unwrap();
        let all = facts(|facts| facts["now"] = json!("2030-01-01T00:00:00Z"));
        let mut fewer = all.clone();
        fewer.signatures.as_mut().unwrap().remove(left_out);
        let passed = |facts: &Facts| {
            decide(&policy, facts).rules.iter().map(|r| r.outcome == Outcome::Pass).collect::<Vec<_>>()
        };
        for (before, after) in passed(&all).into_iter().zip(passed(&fewer)) {
            prop_assert!(before || !after);
        }
    }

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
