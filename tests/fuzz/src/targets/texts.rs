//! Texts and documents that people and other programs write.

use pkg_core::croissant as croissants;
use pkg_core::git;
use pkg_core::licence::{self as licences, text as licence_texts};
use pkg_core::openness::{adopter as adopters, mof as framework};
use pkg_core::pipeline;
use pkg_core::plugin::Manifest;
use pkg_core::policy as policies;
use pkg_core::scan;
use pkg_core::spec as specs;
use pkg_core::tables;

use super::round;
use crate::seeds;

pub(super) fn spec(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(spec) = specs::parse(text, "pkg.toml") else { return };
    round(&spec);
    let written = toml::to_string(&spec).expect("what was read can be written");
    assert_eq!(specs::parse(&written, "pkg.toml").expect("what was written can be read"), spec);
    let _ = (specs::check(&spec), spec.disclosure().references());
}

pub(super) fn spec_seeds() -> Vec<Vec<u8>> {
    let mut all = seeds::all(&[seeds::SPEC]);
    all.extend(seeds::fixtures("releases", "pkg.toml"));
    all
}

pub(super) fn policy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // Rules in Rego are read by others' code, in a process of its own that is bounded.
    if ["rego", "expression"].iter().any(|word| text.contains(word)) {
        return;
    }
    let folder = seeds::scratch();
    for name in ["alice.pub", "bob.pub", "carol.pub", "authority.pem"] {
        let path = folder.join(name);
        if !path.exists() {
            std::fs::write(path, seeds::fixture(&format!("policies/good/{name}"))).expect("a file");
        }
    }
    let Ok(policy) = policies::load(&seeds::file("policy.toml", data)) else { return };
    assert!(policy.active_rules() > 0, "a policy that decides nothing");
    let facts = seeds::fixture("policies/good/facts.json");
    let facts = policies::Facts::from_json(&facts, "facts").expect("good facts");
    let one = serde_json::to_value(policies::decide(&policy, &facts)).expect("JSON");
    assert_eq!(one, serde_json::to_value(policies::decide(&policy, &facts)).expect("JSON"));
    let _ = policies::explain(&policy);
}

pub(super) fn policy_seeds() -> Vec<Vec<u8>> {
    let mut all = seeds::fixtures("policies/good", ".toml");
    // The full policy without its rules in Rego.
    let whole = seeds::text("policies/good/policy.toml");
    let plain: Vec<&str> = whole
        .split("\n\n")
        .filter(|part| !part.contains("rego") && !part.contains("expression"))
        .collect();
    all.push(plain.join("\n\n").into_bytes());
    all.extend(seeds::fixtures("policies/bad", ".toml"));
    all
}

pub(super) fn facts(data: &[u8]) {
    let Ok(facts) = policies::Facts::from_json(data, "facts") else { return };
    let written = serde_json::to_vec(&facts).expect("facts can be written");
    assert_eq!(policies::Facts::from_json(&written, "facts").expect("facts can be read"), facts);
}

pub(super) fn facts_seeds() -> Vec<Vec<u8>> {
    vec![seeds::fixture("policies/good/facts.json")]
}

pub(super) fn adopter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for pairs in [true, false] {
        if let Ok(adopter) = adopters::parse(text, "adopter", pairs) {
            let written = serde_json::to_vec(&adopter).expect("JSON");
            let again: adopters::Adopter = serde_json::from_slice(&written).expect("an adopter");
            assert_eq!(again, adopter);
        }
    }
}

pub(super) fn adopter_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "purpose = \"commercial\"\nusers = 1000\nrevenue = 5000000\n",
        "purpose=commercial,users=1000,revenue=5000000",
    ])
}

pub(super) fn card(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(card) = scan::card::parse(&text) {
        assert!(card.tags.len() <= 4000 && card.datasets.len() <= 4000);
        if let Some(id) = &card.license {
            let _ = scan::licence_ids::lookup(id);
        }
    }
}

pub(super) fn card_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[seeds::CARD, "\u{feff}---\r\nlicense: mit\r\n---\r\n"])
}

pub(super) fn croissant(data: &[u8]) {
    if let Ok(set) = croissants::read(data, "croissant.json") {
        let again = croissants::read(data, "croissant.json").expect("the same");
        assert_eq!(set, again);
    }
}

pub(super) fn croissant_seeds() -> Vec<Vec<u8>> {
    let mut all = seeds::fixtures("croissant", ".json");
    all.push(br#"{"@type":"sc:Dataset","name":"Tiny corpus"}"#.to_vec());
    all
}

pub(super) fn mof(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(read) = framework::read(text, "model.yml") else { return };
    let _ = framework::rate(&read, &framework::Mot);
    let written = framework::write(&read);
    let again = framework::read(&written, "model.yml").expect("what was written can be read");
    assert_eq!(again.components, read.components, "{written}");
}

pub(super) fn mof_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "framework:\n  name: 'Model Openness Framework'\n  version: '1.0'\n  date: '2024-12-15'\nrelease:\n  name: m\n  version: '1.0'\n  producer: x\n  license:\n    distribution:\n      name: Apache-2.0\n      path: ''\n    code:\n      name: 'MIT'\n  components:\n    -\n      name: Model card\n      license: unlicensed\n    - name: 'Model parameters (Final)'\n      description: 'x'\n      license: Apache-2.0\n",
        "release:\n  name: m\n  components:\n    - name: Model card\n",
        "a: &a [x, x]\nb: &b [*a, *a]\nrelease: {name: *b, components: []}\n",
    ])
}

pub(super) fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(choices) = licences::expression::choices(text) {
        assert!(!choices.is_empty() && choices.len() <= 4096);
    }
    let _ = (licences::expression::ids(text), licences::lookup(text), licences::named(text));
    let _ = tables::meant(text, licences::all().iter().map(|licence| licence.id.as_str()));
}

pub(super) fn expression_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "Apache-2.0",
        "(MIT OR Apache-2.0) AND CC-BY-4.0",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-x AND (MIT OR BSD-3-Clause OR ISC) AND (MIT OR BSD-3-Clause OR ISC)",
    ])
}

pub(super) fn record(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(licence) = licences::parse(text, "licence") {
        round(&licence);
    }
}

pub(super) fn record_seeds() -> Vec<Vec<u8>> {
    let folder = seeds::repository().join("core/licences");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("licences")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    paths.into_iter().step_by(12).map(|path| std::fs::read(path).expect("a licence")).collect()
}

pub(super) fn licence(data: &[u8]) {
    let Some(decoded) = licence_texts::decode(data) else { return };
    let _ = scan::licence::propose(&decoded.text);
    let one = format!("{:?}", licence_texts::conclude(&decoded.text));
    assert_eq!(one, format!("{:?}", licence_texts::conclude(&decoded.text)));
}

pub(super) fn licence_seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = ["MIT", "ISC", "BSD-3-Clause", "Apache-2.0"]
        .iter()
        .filter_map(|id| licence_texts::listed_text(id))
        .map(|text| text.as_bytes().to_vec())
        .collect();
    assert!(!all.is_empty());
    let wide: Vec<u8> = "The MIT License".encode_utf16().flat_map(u16::to_le_bytes).collect();
    all.push([&[0xff, 0xfe], wide.as_slice()].concat());
    all
}

pub(super) fn lfs(data: &[u8]) {
    let plain = scan::lfs::parse(data);
    if let Ok(Some(object)) = git::lfs::pointer(data, "a") {
        assert!(plain.is_some(), "a pointer here and none there: {object:?}");
    }
}

pub(super) fn lfs_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "version https://git-lfs.github.com/spec/v1\noid sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nsize 12345\n",
        "version https://git-lfs.github.com/spec/v1\next-0-foo sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\noid sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nsize 18446744073709551615\n",
    ])
}

/// Commits and tags, taken apart for their signatures.
pub(super) fn git_object(data: &[u8]) {
    if let Some((signature, payload)) = git::object::split_commit(data) {
        assert!(signature.len() + payload.len() < data.len());
        // The signed bytes hold no signature any more.
        let head = payload.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
        assert!(head.into_iter().all(|line| !line.starts_with(b"gpgsig")));
    }
    if let Some((signature, payload)) = git::object::split_tag(data) {
        assert_eq!([payload, signature].concat(), data);
    }
}

pub(super) fn git_object_seeds() -> Vec<Vec<u8>> {
    let signature = seeds::text("ssh/ed25519.sig");
    let folded = signature.trim_end().replace('\n', "\n ");
    let head = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@example.org> 1700000000 +0000\ncommitter A <a@example.org> 1700000000 +0000\n";
    vec![
        format!("{head}gpgsig {folded}\nencoding x\n\nmessage\n").into_bytes(),
        format!("{head}gpgsig {folded}\ngpgsig-sha256 {folded}\n\nmessage\n").into_bytes(),
        format!("object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\ntagger A <a@example.org> 1700000000 +0000\n\nv1\n{signature}").into_bytes(),
    ]
}

pub(super) fn git_modules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for url in git::parse_modules(text).values() {
        // Before the first slash of a URL; a path may hold anything, and what has no colon
        // before it is the name of a user.
        let place = url.split_once("://").map(|(_, rest)| rest.split('/').next());
        let place = place.map_or(url.as_str(), Option::unwrap_or_default);
        assert!(!place.contains(":hunter2@"), "a password is told");
    }
}

pub(super) fn git_modules_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "[core]\n\tpath = no\n[submodule \"a\"]\n\tpath = lib/a\n\turl = https://me:hunter2@example.org/a.git\n# comment\n[submodule \"b\"]\nurl = \"../b\"\n\tpath=b/\n[include]\n\tpath = /etc/passwd\n",
    ])
}

pub(super) fn plugin_manifest(data: &[u8]) {
    let path = seeds::file("plugin.json", data);
    let Ok((manifest, bytes)) = Manifest::read(&path) else { return };
    assert_eq!(bytes, data);
    assert!(!manifest.library.contains('/') && manifest.library != "..");
    let written = serde_json::to_vec(&manifest).expect("JSON");
    let (again, _) = Manifest::read(&seeds::file("plugin.json", &written))
        .expect("what was written can be read");
    assert_eq!(serde_json::to_vec(&again).expect("JSON"), written);
}

pub(super) fn plugin_manifest_seeds() -> Vec<Vec<u8>> {
    let description = pkg_plugin_sdk::Description::new(
        "tiny",
        "1.0.0",
        &[pkg_plugin_sdk::Kind::Verify],
        "Looks.",
    );
    let digest = pkg_core::model::digest::Digest::of(b"library");
    let manifest = Manifest::of(&description, "libtiny.so", &digest, false);
    vec![serde_json::to_vec(&manifest).expect("JSON")]
}

pub(super) fn plugin_reply(data: &[u8]) {
    if let Ok(reply) = pkg_plugin_host::read_reply(data) {
        assert_eq!(reply.contradiction(), None);
        let written = serde_json::to_vec(&reply).expect("JSON");
        let again = pkg_plugin_host::read_reply(&written).expect("what was written can be read");
        assert_eq!(serde_json::to_vec(&again).expect("JSON"), written);
    }
    if let Ok(description) = serde_json::from_slice::<pkg_plugin_sdk::Description>(data) {
        round(&description);
    }
    if let Ok(request) = serde_json::from_slice::<pkg_plugin_sdk::Request>(data) {
        let written = serde_json::to_vec(&request).expect("JSON");
        assert!(serde_json::from_slice::<pkg_plugin_sdk::Request>(&written).is_ok());
    }
}

pub(super) fn plugin_reply_seeds() -> Vec<Vec<u8>> {
    use pkg_plugin_sdk::{Check, Metric, Outcome, Reply};
    let mut reply =
        Reply::new([Check::new("a", Outcome::Warned, "b"), Check::when("c", true, "d")])
            .summary("e");
    reply.metrics = vec![Metric::new("m", "bytes", 1.5)];
    let description = pkg_plugin_sdk::Description::new(
        "tiny",
        "1.0.0",
        &[pkg_plugin_sdk::Kind::Verify],
        "Looks.",
    )
    .setting("s", "t");
    let request = crate::plugins::request(Vec::new());
    vec![
        serde_json::to_vec(&reply).expect("JSON"),
        serde_json::to_vec(&description).expect("JSON"),
        serde_json::to_vec(&request).expect("JSON"),
    ]
}

/// The log of a release that was begun.
pub(super) fn release_log(data: &[u8]) {
    let path = seeds::file("release.jsonl", data);
    if pipeline::Log::open(&path).is_ok() {
        pipeline::Log::open(&path).expect("a log that was opened can be opened again");
    }
}

pub(super) fn release_log_seeds() -> Vec<Vec<u8>> {
    let path = seeds::scratch().join("seed.jsonl");
    let mut log = pipeline::Log::open(&path).expect("a log");
    for step in [pipeline::Step::Pack, pipeline::Step::Sign] {
        log.add(&pipeline::Entry::started(step, None)).expect("an entry");
    }
    let bytes = std::fs::read(&path).expect("the log");
    std::fs::remove_file(path).expect("removed");
    vec![bytes]
}
