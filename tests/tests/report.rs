//! What is said of a release that was packed: its label, its terms, its lies.

use pkg_tests::{Out, Place, repository};
use serde_json::Value;

const CLAUSE: &str = "If the Licensee's revenue exceeds 20 million US dollars a month, a separate \
                      licence is required.";
const MIT: &str = include_str!("../../core/src/demo/MIT.txt");
const LLAMA: &str = "LicenseRef-scancode-llama-3.1-license-2024";

/// A model whose licence text is one that is known, and who says so.
fn place() -> Place {
    let place = Place::with_model();
    std::fs::write(place.path("model/LICENSE"), MIT).unwrap();
    edit(&place, "licence = \"Apache-2.0\"", "licence = \"MIT\"");
    place
}

fn edit(place: &Place, from: &str, to: &str) {
    let path = place.path("model/pkg.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

fn report(place: &Place, args: &[&str]) -> Value {
    let mut all = vec!["report", "m.pkg", "--json"];
    all.extend(args);
    place.ok(&all).json()["result"].clone()
}

fn codes(out: &Value) -> Vec<String> {
    let findings = out["findings"].as_array().unwrap();
    findings.iter().map(|it| it["code"].as_str().unwrap().to_owned()).collect()
}

fn message(out: &Value, code: &str) -> String {
    let findings = out["findings"].as_array().unwrap();
    let found = findings.iter().find(|it| it["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {findings:#?}"))["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn definition(out: &Value, id: &str, what: &str) -> String {
    let all = out["definitions"].as_array().unwrap();
    all.iter().find(|it| it["id"] == id).unwrap()[what].as_str().unwrap().to_owned()
}

fn packed(place: &Place) -> Value {
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    report(place, &[])
}

#[test]
fn a_packed_release_is_judged_by_what_is_in_it() {
    let out = packed(&place());
    assert_eq!(out["label"], "Open Weights AI");
    let weights = &out["components"][0];
    assert_eq!(
        (&weights["evidence"], &weights["terms"]["known"]),
        (&"packed".into(), &"concluded".into())
    );
    assert_eq!(weights["concluded"]["ids"][0], "MIT");
    assert_eq!(out["components"][4]["evidence"], "linked");
    assert_eq!(definition(&out, "osd", "verdict"), "met");
    // Code that is only linked is there as stated, no more.
    assert_eq!(definition(&out, "osaid", "verdict"), "not-met");
    assert_eq!(definition(&out, "debian", "answer"), "ToxicCandy");
    assert!(out["caveat"].as_str().unwrap().contains("not legal advice"));
}

#[test]
fn one_sentence_in_the_licence_is_never_overlooked() {
    let place = place();
    std::fs::write(place.path("model/LICENSE"), format!("{MIT}\n{CLAUSE}\n")).unwrap();
    let out = packed(&place);
    assert!(message(&out, "licence-modified").contains("20 million US dollars"));
    let terms = &out["components"][0]["terms"];
    assert_eq!((&terms["shown"], &terms["expression"]), (&"modified(MIT)".into(), &Value::Null));
    assert!(out["label"].as_str().unwrap().starts_with("no label"), "{}", out["label"]);
    let page = place.ok(&["report", "m.pkg", "--format", "html"]).stdout;
    assert!(page.contains("<mark>If the Licensee") && page.contains("not MIT"), "{page}");
}

#[test]
fn labels_that_are_not_the_text_are_found() {
    let place = place();
    edit(&place, "licence = \"MIT\"", "licence = \"Apache-2.0\"");
    let out = packed(&place);
    let said = message(&out, "licence-mismatch");
    assert!(
        said.contains("Apache-2.0") && said.contains("is MIT") && said.contains("sha256:"),
        "{said}"
    );
    assert_eq!(out["components"][0]["terms"]["shown"], "MIT");
    let card = "---\nlicense: apache-2.0\nbase_model: other/model\n---\n# Tiny\n";
    std::fs::write(place.path("model/README.md"), card).unwrap();
    std::fs::write(place.path("model/code/run.py"), "# SPDX-License-Identifier: GPL-3.0-only\n")
        .unwrap();
    let out = packed(&place);
    assert_eq!(codes(&out).iter().filter(|code| *code == "declaration-contradicts").count(), 2);
    assert!(message(&out, "file-licence-differs").contains("GPL-3.0-only"));
}

#[test]
fn terms_that_got_lost_are_found_with_their_clause() {
    let place = place();
    edit(
        &place,
        "relation = \"finetune\"",
        &format!("relation = \"finetune\"\nlicence = \"{LLAMA}\""),
    );
    edit(&place, "role = \"pretrain\"", "role = \"pretrain\"\nsynthetic-from = \"Llama 2\"");
    let out = packed(&place);
    let said = message(&out, "terms-dropped");
    assert!(said.contains("clause 1.b.i") && said.contains("this release (sha256:"), "{said}");
    for code in ["notice-missing", "name-prefix", "output-training", "policy-not-kept"] {
        message(&out, code);
    }
    assert_eq!(out["components"][0]["inherited"][0], LLAMA);
}

#[test]
fn a_policy_page_is_kept_with_its_day_and_digest() {
    let place = place();
    edit(&place, "licence = \"MIT\"", &format!("licence = \"{LLAMA}\""));
    let snapshot = "[[snapshot]]\nurl = \"https://example.org/aup\"\nfile = \"aup.html\"\nfetched = \"2026-01-02\"\n";
    edit(&place, "[[base-model]]", &format!("{snapshot}\n[[base-model]]"));
    let out = place.run(&["pack", "model", "-o", "m.pkg", "--json"]);
    out.expect("path-not-found", 2);
    std::fs::write(place.path("model/aup.html"), "Do no harm.").unwrap();
    let out = packed(&place);
    assert!(!codes(&out).contains(&"policy-not-kept".to_owned()));
    assert_eq!(out["disclosure"]["snapshots"][0]["fetched"], "2026-01-02");
    let document = &pkg_tests::Layout::at(&place.path("m.pkg")).document(0)["documents"][0];
    assert_eq!(document["path"], "aup.html");
}

#[test]
fn the_adopters_question_is_answered_on_every_command() {
    let place = place();
    edit(
        &place,
        "licence = \"MIT\"\nlicence-file = \"LICENSE\"",
        &format!("licence = \"{LLAMA}\""),
    );
    edit(&place, "relation = \"finetune\"", "relation = \"finetune\"\nlicence = \"MIT\"");
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    let large = "mau=800e6,use=commercial";
    for args in
        [vec!["report", "m.pkg"], vec!["show", "m.pkg"], vec!["verify", "m.pkg", "--key", "k.pub"]]
    {
        let with = |adopter: &str| -> Out {
            let mut all = args.clone();
            all.extend(["--adopter", adopter, "--json"]);
            place.run(&all)
        };
        let denied = with(large).expect("adopter-denied", 11);
        let answer = &denied.json()["result"]["answer"];
        let sentence = answer["sentence"].as_str().unwrap();
        assert!(
            sentence.contains("No: more than 700 000 000") && sentence.contains("clause 2"),
            "{sentence}"
        );
        assert_eq!(with("mau=1e6,use=commercial").code, Some(0), "{args:?}");
        assert_eq!(with("size=large").code, Some(2));
    }
    std::fs::write(place.path("us.toml"), "name = \"We\"\nmau = 5\nuse = \"commercial\"\n")
        .unwrap();
    let text = place.ok(&["report", "m.pkg", "--adopter", "us.toml"]).stdout;
    assert!(text.contains("May we use it commercially? Yes"), "{text}");
}

#[test]
fn a_policy_can_refuse_terms() {
    let place = place();
    std::fs::write(place.path("model/LICENSE"), format!("{MIT}\n{CLAUSE}\n")).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    let rule = "version = 1\n[[rule]]\nid = \"plain-terms\"\nforbid-finding = { codes = [\"licence-modified\"] }\n";
    std::fs::write(place.path("p.toml"), rule).unwrap();
    let out = place.run(&["verify", "m.pkg", "--key", "k.pub", "--policy", "p.toml", "--json"]);
    out.expect("policy-refused", 11);
    let rego = "package pkg\ndefault allow := false\nallow if { input.terms.components[0].terms.tier == \"open-source\" }\n";
    std::fs::write(place.path("r.rego"), rego).unwrap();
    let rule = "version = 1\n[[rule]]\nid = \"open\"\nrego = { file = \"r.rego\" }\n";
    std::fs::write(place.path("p.toml"), rule).unwrap();
    let out = place.run(&["verify", "m.pkg", "--key", "k.pub", "--policy", "p.toml", "--json"]);
    out.expect("policy-refused", 11);
}

#[test]
fn what_people_state_is_shown_as_theirs_when_they_signed_it() {
    let place = place();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    let claim = r#"{"claim":"no-monetisation","by":"A. Person","role":"counsel","date":"2026-02-03","scope":"all"}"#;
    std::fs::write(place.path("claim.json"), claim).unwrap();
    let args =
        ["attest", "m.pkg", "--type", "claim", "--predicate", "claim.json", "--key", "k.key"];
    place.ok(&args);
    assert_eq!(report(&place, &[])["claims"].as_array().unwrap().len(), 0);
    let out = report(&place, &["--key", "k.pub"]);
    assert_eq!(out["claims"][0]["by"], "A. Person");
    assert!(out["claims"][0]["signedBy"].as_str().unwrap().contains("key"));
    let eu =
        out["definitions"].as_array().unwrap().iter().find(|it| it["id"] == "eu-53-2").unwrap();
    let point = eu["points"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["title"] == "no monetisation")
        .unwrap();
    assert_eq!(point["facts"][0], "stated by A. Person on 2026-02-03");
    assert_eq!(point["verdict"], "met");
    std::fs::write(place.path("claim.json"), r#"{"claim":"x"}"#).unwrap();
    place.run(&[&args[..], &["--json"]].concat()).expect("predicate-invalid", 10);
}

#[test]
fn declarations_that_cannot_both_be_so_are_found() {
    let place = place();
    edit(&place, "kind = \"research-paper\"", "kind = \"inference-code\"");
    edit(&place, "class = \"public\"", "class = \"open\"");
    edit(&place, "licence = \"CC-BY-4.0\"\n\n[[base", "licence = \"CC-BY-NC-4.0\"\n\n[[base");
    let out = packed(&place);
    let said = codes(&out).iter().filter(|code| *code == "declaration-contradicts").count();
    assert_eq!(said, 2, "{:#}", out["findings"]);
}

#[test]
fn a_signed_test_result_makes_it_tested() {
    let place = place();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    let result = r#"{"result":"PASSED","configuration":[{"uri":"https://example.org/suite"}]}"#;
    std::fs::write(place.path("t.json"), result).unwrap();
    place.ok(&[
        "attest",
        "m.pkg",
        "--type",
        "test-result",
        "--predicate",
        "t.json",
        "--key",
        "k.key",
    ]);
    assert_eq!(report(&place, &[])["components"][0]["evidence"], "packed");
    assert_eq!(report(&place, &["--key", "k.pub"])["components"][0]["evidence"], "tested");
    let verified = place.ok(&["verify", "m.pkg", "--key", "k.pub", "--json"]).json();
    assert_eq!(verified["result"]["components"][0]["evidence"], "tested");
}

#[test]
fn notices_hold_texts_wording_and_what_is_due() {
    let place = place();
    edit(
        &place,
        "relation = \"finetune\"",
        &format!("relation = \"finetune\"\nlicence = \"{LLAMA}\""),
    );
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    let out = place.ok(&["notice", "m.pkg", "-o", "n"]).stdout;
    assert!(out.contains("Built with Llama"), "{out}");
    assert_eq!(std::fs::read_to_string(place.path("n/LICENSES/MIT.txt")).unwrap(), MIT);
    let notice = std::fs::read_to_string(place.path("n/NOTICE")).unwrap();
    assert!(
        notice.contains("Llama 3.1 is licensed under the Llama 3.1 Community License"),
        "{notice}"
    );
    place.run(&["notice", "m.pkg", "-o", "n", "--json"]).expect("output-exists", 2);
    place.ok(&["notice", "m.pkg", "-o", "n", "--force"]);
}

#[test]
fn two_releases_are_told_apart_down_to_tensors_and_clauses() {
    let place = place();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    edit(&place, "name = \"tiny\"", "name = \"tuned\"");
    edit(&place, "licence = \"MIT\"\nlicence-file = \"LICENSE\"", "licence = \"CC-BY-NC-4.0\"");
    let other = pkg_tests::safetensors(&[7; 4000]);
    std::fs::write(place.path("model/model-2.safetensors"), other).unwrap();
    place.ok(&["pack", "model", "-o", "t.pkg"]);
    let out = place.ok(&["diff", "m.pkg", "t.pkg", "--json"]).expect("terms-changed", 0).json();
    let diff = &out["result"];
    assert_eq!(diff["tensors"]["same"], 1);
    assert!(diff["tensors"]["changed"][0].as_str().unwrap().contains("other values"));
    assert!(diff["files"]["changed"][0].as_str().unwrap().contains("model-2.safetensors"));
    let terms = diff["terms"]["changed"].to_string();
    assert!(terms.contains("commercial use is denied (CC-BY-NC-4.0"), "{terms}");
    let same = place.ok(&["diff", "m.pkg", "m.pkg"]).stdout;
    assert!(same.contains("nothing that is compared differs"), "{same}");

    let out = place
        .ok(&["lineage", "t.pkg", "m.pkg", "--json"])
        .expect("base-model-undeclared", 0)
        .json();
    let lineage = &out["result"];
    assert_eq!((&lineage["tensors"], &lineage["shared"]), (&2.into(), &1.into()));
    assert_eq!(lineage["sharedBytes"], 160_000);
    let digest = place.digest("m.pkg");
    edit(
        &place,
        "name = \"example/base\"",
        &format!("name = \"example/tiny\"\ndigest = \"{digest}\""),
    );
    place.ok(&["pack", "model", "-o", "t.pkg"]);
    let out = place.ok(&["lineage", "t.pkg", "m.pkg", "--json"]).json();
    assert_eq!(out["result"]["declared"], "by-digest");
}

#[test]
fn every_form_is_written_and_stays_small() {
    let place = place();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    for (format, words) in [
        ("text", "Open Weights AI"),
        ("html", "<!DOCTYPE html>"),
        ("markdown", "## Openness of tiny 1.0"),
        ("badge", "<title>tiny 1.0: Open Weights AI"),
        ("sarif", "\"version\": \"2.1.0\""),
        ("cyclonedx", "\"specVersion\": \"1.7\""),
        ("spdx", "ai_AIPackage"),
        ("svr", "G7_OPEN_WEIGHTS_AI"),
        ("mof", "Model parameters (Final)"),
    ] {
        let args = ["report", "m.pkg", "--format", format, "-o", "page"];
        let out = place.run(&args);
        assert_eq!(out.code, Some(0), "{out:?}");
        let page = std::fs::read_to_string(place.path("page")).unwrap();
        assert!(page.contains(words), "{format}: {page}");
        assert!(page.len() < 300 << 10, "{format}");
        let printed = place.run(&["report", "m.pkg", "--format", format]).stdout;
        assert!(printed.contains(words), "{format}: {printed}");
    }
    std::fs::rename(place.path("page"), place.path("back.yml")).unwrap();
    place.ok(&["report", "back.yml", "--mot-compat"]);
}

#[test]
fn input_that_is_not_what_it_should_be_is_answered() {
    let place = place();
    let utf16: Vec<u8> = MIT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(place.path("model/LICENSE"), [&[0xff, 0xfe][..], &utf16].concat()).unwrap();
    let out = packed(&place);
    assert_eq!(out["components"][0]["concluded"]["ids"][0], "MIT");
    message(&out, "licence-text-encoding");
    let large = std::fs::File::create(place.path("model/LICENSE")).unwrap();
    large.set_len(100 << 20).unwrap();
    let out = packed(&place);
    assert!(
        message(&out, "licence-text-unknown").contains("larger")
            || message(&out, "licence-text-unknown").contains("no text")
    );
    for (name, text, code) in [
        ("twice.yml", "release:\n  name: a\nrelease:\n  name: b\n", "mof-invalid"),
        (
            "bomb.yml",
            "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e]\nrelease: {name: x, components: *f}\n",
            "mof-invalid",
        ),
        ("card.md", "# No front matter\n", "card-invalid"),
        ("data.json", "{}", "croissant-invalid"),
    ] {
        std::fs::write(place.path(name), text).unwrap();
        place.run(&["report", name, "--json"]).expect(code, 2);
    }
    let kind = "release:\n  name: a\n  components:\n    - name: Model cart\n";
    std::fs::write(place.path("kind.yml"), kind).unwrap();
    let out = place.run(&["report", "kind.yml", "--json"]).expect("mof-invalid", 2);
    assert!(out.stdout.contains("did you mean \\\"Model card\\\""), "{}", out.stdout);
    place.run(&["report", "m.pkg", "--mot-compat", "--json"]).expect("usage", 2);
}

#[test]
fn cards_are_claims_and_questions_stay_open() {
    let place = Place::new();
    let card =
        "---\nlicense: other\nlicense_name: my-terms\nbase_model: org/base\ndatasets: [a/b]\n---\n";
    std::fs::write(place.path("README.md"), card).unwrap();
    let out = place.ok(&["report", "README.md", "--json"]).json()["result"].clone();
    assert!(message(&out, "undecided-licence").contains("what is its text?"));
    assert_eq!(out["components"][0]["evidence"], "claimed");
    assert_eq!(out["components"][0]["terms"]["tier"], "undetermined");
    assert_eq!(out["data"][0]["name"], "a/b");
    message(&out, "base-terms-unknown");
}

#[test]
fn data_descriptions_are_judged() {
    let place = place();
    let fixture = |name: &str| repository().join("fixtures/croissant").join(name);
    std::fs::copy(fixture("valid/rai-1.1.json"), place.path("model/data/croissant.json")).unwrap();
    let out = packed(&place);
    assert!(!codes(&out).contains(&"croissant-invalid".to_owned()));
    assert_eq!(out["disclosure"]["data-information"]["provenance"], "data/croissant.json");
    std::fs::copy(fixture("invalid/no-digest.json"), place.path("model/data/croissant.json"))
        .unwrap();
    let out = packed(&place);
    assert!(message(&out, "croissant-invalid").contains("sha256"));
    let alone = fixture("invalid/no-digest.json");
    place.run(&["report", alone.to_str().unwrap(), "--json"]).expect("croissant-invalid", 2);
}
