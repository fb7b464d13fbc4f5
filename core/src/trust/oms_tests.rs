//! Tests of model signatures.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ALWAYS_IGNORED, Method, Resource, build, is_ignored, parse};
use crate::finding::Code;
use crate::model::digest::Digest;
use crate::trust::bundle;
use crate::trust::judge::{Judge, Judgement};
use crate::trust::key::PublicKey;
use crate::trust::root::RootChoice;

const SHARDS: Method = Method::Shards { size: 10 };

fn file(path: &str) -> Resource {
    Resource { path: path.to_owned(), range: None, digest: Digest::of(path.as_bytes()) }
}

fn shard(path: &str, start: u64, end: u64) -> Resource {
    let digest = Digest::of(format!("{path} {start} {end}").as_bytes());
    Resource { path: path.to_owned(), range: Some((start, end)), digest }
}

fn names(payload: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(payload).unwrap();
    let resources = document["predicate"]["resources"].as_array().unwrap();
    resources.iter().map(|resource| resource["name"].as_str().unwrap().to_owned()).collect()
}

/// A signature over `files`, with one value of the statement replaced.
fn edited(payload: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(payload).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    serde_json::to_vec(&document).unwrap()
}

fn code(payload: &[u8]) -> Code {
    parse(payload, "test").unwrap_err().code()
}

#[test]
fn files_are_listed_in_code_point_order_under_one_root() {
    let resources = vec![file("b"), file("a/b"), file("a!"), file("a.b"), file("\u{fc}")];
    let payload = build("demo", Method::Files, resources, &["z", ".git", "z"]).unwrap();
    assert_eq!(names(&payload), ["a!", "a.b", "a/b", "b", "\u{fc}"]);
    let model = parse(&payload, "test").unwrap();
    assert_eq!((model.name.as_str(), model.method), ("demo", Method::Files));
    assert_eq!(model.ignore_paths, [".git", "z"]);
    assert!(!model.allow_symlinks);
    let digests: Vec<u8> =
        model.resources.iter().flat_map(|resource| *resource.digest.as_bytes()).collect();
    assert_eq!(model.root, Digest::of(&digests));
    assert_eq!(model.resources.len(), 5);
    assert_eq!(model.resources[0], file("a!"));
}

#[test]
fn shards_keep_their_ranges_and_are_ordered_by_name() {
    let resources: Vec<Resource> =
        (0..12).map(|n| shard("a", n * 10, n * 10 + 10)).chain([shard("a", 120, 125)]).collect();
    let payload = build("demo", SHARDS, resources.clone(), &[]).unwrap();
    assert_eq!(names(&payload)[..4], ["a:0:10", "a:100:110", "a:10:20", "a:110:120"]);
    let mut model = parse(&payload, "test").unwrap();
    assert_eq!(model.method, SHARDS);
    model.resources.sort();
    assert_eq!(model.resources, resources);
}

#[test]
fn what_model_signing_writes_is_read() {
    // Written by model-signing 1.1.1 for a file of 25 bytes and an empty one,
    // in shards of 10; shortened to the values that matter.
    let x = "fc11d6f28e59d3cc33c0b14ceb644bf0902ebd63d61218dffe9e7dac7c254542";
    let last = "eaf16bc07968e013f3f94ab1342472434a39fc3475f11cf341a6c3965974f8e9";
    let listed = |name: &str, digest: &str| json!({ "name": name, "algorithm": "sha256-sharded-10", "digest": digest });
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": "m",
            "digest": { "sha256": "d7ccc4dc3a6368a925143f28398826265bc0ecef9551d8d8f4ace218ebb8b6d2" },
        }],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "ignore_paths": [".gitignore", ".git", "model.sig", ".gitattributes", ".github"],
                "hash_type": "sha256",
                "shard_size": 10.0,
                "allow_symlinks": false,
                "method": "shards",
            },
            "resources": [listed("a.bin:0:10", x), listed("a.bin:10:20", x), listed("a.bin:20:25", last)],
        },
    });
    let model = parse(&serde_json::to_vec_pretty(&statement).unwrap(), "test").unwrap();
    assert_eq!(model.method, SHARDS);
    assert_eq!(model.resources[1].range, Some((10, 20)));
    assert_eq!(model.resources[1].digest, Digest::of(b"xxxxxxxxxx"));
    let mut added = statement;
    added["predicate"]["later"] = json!("unknown members are ignored");
    assert!(parse(added.to_string().as_bytes(), "test").is_ok());
}

#[test]
fn a_signature_of_model_signing_verifies() {
    // Made by model-signing 1.1.1 with a P-384 key over two files, one empty.
    let signature = include_bytes!("testdata/model-signing-1.1.1.sig");
    let key = PublicKey::from_pem(include_str!("testdata/model-signing-1.1.1.pub"), "key").unwrap();
    let bundle = bundle::parse(signature, "test").unwrap();
    let judge = Judge::new(vec![key.clone()].into(), RootChoice::default());
    let judgement = judge.statement(&bundle, "test").unwrap();
    assert!(matches!(judgement, Judgement::Accepted(_)), "{judgement:?}");
    assert_eq!(bundle.hint(), Some(&*key.hint()));
    let model = parse(&bundle.statement("test").unwrap().payload, "test").unwrap();
    let digests: Vec<(&str, Digest)> =
        model.resources.iter().map(|resource| (&*resource.path, resource.digest)).collect();
    assert_eq!(digests, [("empty", Digest::of(b"")), ("sub/hello.txt", Digest::of(b"hello\n"))]);
    assert!(is_ignored("model.sig", &model.ignore_paths));
}

#[test]
fn other_methods_and_hashes_are_not_mistaken_for_ours() {
    let payload = build("demo", Method::Files, vec![file("a")], &[]).unwrap();
    for (pointer, value) in [
        ("/predicate/serialization/hash_type", json!("blake2b")),
        ("/predicate/serialization/hash_type", json!("blake3")),
        ("/predicate/serialization/method", json!("archive")),
        ("/predicate/resources/0/algorithm", json!("blake3")),
        ("/predicate/resources/0/name", json!(".")),
        ("/predicate/resources/0/algorithm", json!("sha256-sharded-10")),
        ("/predicateType", json!("https://model_signing/Digests/v0.1")),
    ] {
        assert_eq!(code(&edited(&payload, pointer, value)), Code::OmsUnsupported, "{pointer}");
    }
    let other = edited(&payload, "/predicateType", json!("urn:x-pkg:release:v1"));
    assert_eq!(code(&other), Code::SignatureFormat);
    let sharded = build("demo", SHARDS, vec![shard("a", 0, 3)], &[]).unwrap();
    let size = edited(&sharded, "/predicate/resources/0/algorithm", json!("sha256-sharded-11"));
    assert_eq!(code(&size), Code::OmsUnsupported);
    let plain = edited(&sharded, "/predicate/resources/0/algorithm", json!("sha256"));
    assert!(parse(&plain, "test").is_ok());
}

#[test]
fn a_statement_that_contradicts_itself_is_refused() {
    let payload = build("demo", Method::Files, vec![file("a"), file("b")], &[]).unwrap();
    let document: Value = serde_json::from_slice(&payload).unwrap();
    let mut reversed = document["predicate"]["resources"].as_array().unwrap().clone();
    reversed.reverse();
    let other = Digest::of(b"other").hex();
    for (pointer, value, expected) in [
        ("/predicate/resources", json!(reversed), Code::StatementMismatch),
        ("/predicate/resources/0/digest", json!(other), Code::StatementMismatch),
        ("/predicate/resources/0/name", json!("b"), Code::StatementMismatch),
        ("/subject/0/digest/sha256", json!(other), Code::StatementMismatch),
        ("/predicate/resources", json!([]), Code::StatementMismatch),
        ("/predicate/resources/0/digest", json!("00"), Code::SignatureFormat),
        ("/predicate/serialization/allow_symlinks", json!("no"), Code::SignatureFormat),
        ("/subject", json!([]), Code::SignatureFormat),
        ("/predicate/serialization/method", json!("shards"), Code::SignatureFormat),
        ("/predicate/resources/0/name", json!("../a"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("/a"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("a\\b"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("a:0:10"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!(""), Code::UnsafePath),
    ] {
        assert_eq!(code(&edited(&payload, pointer, value.clone())), expected, "{pointer} {value}");
    }
    let ignored = json!(vec!["x"; super::MAX_IGNORED + 1]);
    let payload = build("demo", Method::Files, vec![file("a")], &["x"]).unwrap();
    let many = edited(&payload, "/predicate/serialization/ignore_paths", ignored);
    assert_eq!(code(&many), Code::SignatureFormat);
}

#[test]
fn shards_that_make_no_file_are_refused() {
    for bad in [
        vec![shard("a", 1, 11)],
        vec![shard("a", 0, 11)],
        vec![shard("a", 0, 0)],
        vec![shard("a", 5, 0)],
        vec![shard("a", 0, 10), shard("a", 11, 20)],
        vec![shard("a", 0, 10), shard("a", 20, 30)],
        vec![shard("a", 0, 5), shard("a", 5, 10)],
        vec![shard("a", 0, 10), shard("a", 0, 10)],
        vec![shard("a", 0, 10), shard("a", 0, 9)],
        vec![file("a")],
    ] {
        let problem = build("demo", SHARDS, bad, &[]).unwrap_err();
        assert_eq!(problem.code(), Code::StatementMismatch);
    }
    let payload = build("demo", SHARDS, vec![shard("a", 0, 10)], &[]).unwrap();
    for size in [json!(0), json!(0.0), json!(10.5), json!(-10), json!(1e30)] {
        let edited = edited(&payload, "/predicate/serialization/shard_size", size.clone());
        assert_eq!(code(&edited), Code::SignatureFormat, "{size}");
    }
    for name in
        ["a", "a:0", "a:0:x", "a:00:10", "a:+0:10", "a:0:18446744073709551616", ":0:10", "a:b:0:10"]
    {
        let edited = edited(&payload, "/predicate/resources/0/name", json!(name));
        let code = code(&edited);
        assert!(matches!(code, Code::SignatureFormat | Code::UnsafePath), "{name}: {code}");
    }
}

#[test]
fn what_cannot_be_signed_is_not_signed() {
    let twice = build("demo", Method::Files, vec![file("a"), file("a")], &[]).unwrap_err();
    assert_eq!(twice.code(), Code::StatementMismatch);
    let path = build("demo", Method::Files, vec![file("a:b")], &[]).unwrap_err();
    assert_eq!(path.code(), Code::UnsafePath);
    let range = build("demo", Method::Files, vec![shard("a", 0, 10)], &[]).unwrap_err();
    assert_eq!(range.code(), Code::StatementMismatch);
}

#[test]
fn ignored_paths_cover_what_lies_below_them_only() {
    for path in [".git", ".git/config", ".github/workflows/x", ".gitignore"] {
        assert!(is_ignored(path, &ALWAYS_IGNORED), "{path}");
    }
    for path in ["a/.git", ".gitx", ".gi", ".GIT", "model.sig"] {
        assert!(!is_ignored(path, &ALWAYS_IGNORED), "{path}");
    }
    assert!(!is_ignored("a", &[".".to_owned()]) && !is_ignored("a", &[""]));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(parse(&bytes, "test").is_err());
    }

    #[test]
    fn whatever_is_built_is_read_again(
        // Letters that make no name which Windows reserves.
        paths in proptest::collection::btree_set("[d-k]{1,3}(/[d-k\u{e0}-\u{ff}]{1,3}){0,2}", 0..8),
        size in 1_u64..50,
        lengths in proptest::collection::vec(1_u64..200, 8),
    ) {
        let mut shards = Vec::new();
        for (path, length) in paths.iter().zip(&lengths) {
            let starts = (0..*length).step_by(usize::try_from(size).unwrap());
            shards.extend(starts.map(|start| shard(path, start, (start + size).min(*length))));
        }
        let files: Vec<Resource> = paths.iter().map(|path| file(path)).collect();
        for (method, mut resources) in [(Method::Files, files), (Method::Shards { size }, shards)] {
            let payload = build("demo", method, resources.clone(), &[]).unwrap();
            let mut model = parse(&payload, "test").unwrap();
            model.resources.sort();
            resources.sort();
            prop_assert_eq!(model.resources, resources);
            prop_assert_eq!(model.method, method);
        }
    }

    #[test]
    fn edited_statements_never_panic(
        member in "(method|hash_type|shard_size|ignore_paths|allow_symlinks)",
        value in prop_oneof![Just(json!(null)), Just(json!(1e308)), Just(json!(["x"])), Just(json!("shards")), Just(json!(7))],
        name in "[a:0-9./]{0,8}",
    ) {
        let payload = build("demo", SHARDS, vec![shard("a", 0, 10)], &[]).unwrap();
        let mut document: Value = serde_json::from_slice(&payload).unwrap();
        document["predicate"]["serialization"][member.as_str()] = value;
        document["predicate"]["resources"][0]["name"] = json!(name);
        if let Ok(model) = parse(document.to_string().as_bytes(), "test") {
            prop_assert!(model.resources.iter().all(|resource| !resource.path.contains("..")));
        }
    }
}
