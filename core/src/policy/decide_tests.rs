use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::*;
use super::{Decision, Facts, Outcome, decide, load};
use crate::exit::Exit;
use crate::finding::Code;

#[test]
fn signers_are_counted_by_who_they_are() {
    let two = policy(&format!(
        "{TEAM}\n[[rule]]\nid = \"r\"\nsigned-by = {{ signers = [\"team\"], threshold = 2 }}"
    ));
    let (alice, bob) = (by_key("alice.pub"), by_key("bob.pub"));
    passes(&two, &signed_by(&[alice.clone(), bob.clone()]));
    fails(
        &two,
        &signed_by(std::slice::from_ref(&alice)),
        "1 of 2 needed different signers of team",
    );
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
    fails(&policy, &signed_by(std::slice::from_ref(&alice)), "1 of 2 needed");
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
}
