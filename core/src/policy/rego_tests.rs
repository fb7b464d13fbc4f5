use std::fs;

use super::rego::Program;
use crate::finding::Code;

/// The answer of a program with this text.
fn run(text: &str, input: &str) -> Result<Option<bool>, String> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("rule.rego");
    fs::write(&path, format!("package pkg\n\n{text}")).unwrap();
    let program = Program::read(&path, "rule.rego", "data.pkg.allow".to_owned()).unwrap();
    program.run(Some(input)).map(|answer| answer.allow)
}

fn answer(text: &str) -> Option<bool> {
    run(text, r#"{"release": {"name": "m"}}"#).unwrap()
}

fn error(text: &str) -> String {
    run(text, "{}").unwrap_err()
}

#[test]
fn an_answer_is_a_boolean_or_an_object_or_undefined() {
    assert_eq!(answer("allow := true"), Some(true));
    assert_eq!(answer("allow := false"), Some(false));
    assert_eq!(answer("allow if input.release.name == \"m\""), Some(true));
    assert_eq!(answer("allow if input.release.name == \"other\""), None);
    assert_eq!(answer("allow := {\"allow\": false, \"reasons\": [\"a\"]}"), Some(false));
    for wrong in ["\"yes\"", "1", "null", "[true]", "{}", "{\"allow\": 1}"] {
        assert!(error(&format!("allow := {wrong}")).starts_with("the answer "), "{wrong}");
    }
    for wrong in ["\"a\"", "[1]", "null"] {
        let text = format!("allow := {{\"allow\": true, \"reasons\": {wrong}}}");
        assert!(error(&text).contains("reasons"), "{wrong}");
    }
}

#[test]
fn reasons_are_taken_over_up_to_a_limit() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("rule.rego");
    let text = r#"package pkg
        allow := {"allow": count(deny) == 0, "reasons": deny}
        deny contains sprintf("%v%s", [n, concat("", ["x" | some _ in input.long])]) if some n in input.many"#;
    fs::write(&path, text).unwrap();
    let program = Program::read(&path, "rule.rego", "data.pkg.allow".to_owned()).unwrap();
    let numbers = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let input = format!("{{\"many\": [{}], \"long\": [{}]}}", numbers(50), numbers(2000));
    let answer = program.run(Some(&input)).unwrap();
    assert_eq!((answer.allow, answer.reasons.len()), (Some(false), 20));
    assert!(answer.reasons.iter().all(|reason| reason.chars().count() == 500));
}

#[test]
fn errors_have_a_place_and_stay_errors_under_not() {
    let wrong_type = error("allow if count(1)");
    assert!(wrong_type.starts_with("rule.rego:3:"), "{wrong_type}");
    assert!(wrong_type.contains("`count` requires array"), "{wrong_type}");
    assert!(error("allow if not json.unmarshal(\"{\")").contains("could not deserialize json"));
    assert!(error("allow if other\nother if allow").contains("recursion detected"));
    assert!(error("allow if unknown_function(1)").contains("could not find function"));
}

#[test]
fn clocks_chance_sockets_and_what_makes_much_of_a_number_are_not_there() {
    for (call, why) in [
        ("time.now_ns() > 0", "`input.now`"),
        ("rand.intn(\"a\", 2) == 1", "no game of chance"),
        ("count(numbers.range(1, 100000000000)) > 1", "any length"),
        ("count(numbers.range_step(1, 100000000000, 1)) > 1", "any length"),
        ("bits.lsh(1, 4000000000) > 1", "any length"),
        ("http.send({\"method\": \"get\", \"url\": \"http://localhost\"})", "could not find"),
        ("opa.runtime()", "could not find"),
        ("net.cidr_contains(\"10.0.0.0/8\", \"10.0.0.1\")", "could not find"),
        ("time[\"now_ns\"]() > 0", "`input.now`"),
        ("not rand.intn(\"a\", 2)", "no game of chance"),
    ] {
        let error = error(&format!("allow if {call}"));
        assert!(error.contains(why), "{call}: {error}");
    }
}

#[test]
fn a_program_that_does_not_end_is_ended() {
    let digits = "digits := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n";
    let loops: Vec<String> = ('a'..='l').map(|c| format!("some {c} in digits; ")).collect();
    let loops = loops.concat();
    let text = format!("{digits}allow if count([1 | {loops} true]) > 1");
    assert_eq!(error(&text), "it takes longer than 2 seconds");
}

#[test]
fn expressions_that_backtrack_elsewhere_are_harmless_and_large_ones_refused() {
    let text = format!("allow if regex.match(\"(a+)+$\", \"{}!\")", "a".repeat(500));
    assert_eq!(answer(&text), None);
    assert!(error("allow if regex.match(\"a{1000}{1000}\", \"a\")").contains("size limit"));
}

#[test]
fn files_that_are_no_rego_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("rule.rego");
    let code = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Program::read(&path, "rule.rego", "data.pkg.allow".to_owned()).unwrap_err().code()
    };
    assert_eq!(code(b"\xff"), Code::RegoInvalid);
    assert_eq!(code(&vec![b'#'; 300 << 10]), Code::MetadataTooLarge);
    for text in ["allow := ", "allow if {", "default allow = \"\\ud800\"", "\0"] {
        assert!(run(text, "{}").is_err(), "{text}");
    }
}
