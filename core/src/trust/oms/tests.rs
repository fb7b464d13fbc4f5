//! Tests of model signatures.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Described, Form, IgnoreSet, Method, Resource, compat_pae, is_model_signature, is_old, parse,
};
use crate::finding::{Code, Result};
use crate::model::content::{ContentDigest, ContentHash};
use crate::model::digest::Digest;
use crate::trust::bundle::{self, Content, SignedBundle};
use crate::trust::judge::{Judge, Judgement};
use crate::trust::key::{Algorithm, PublicKey, SigningKey};
use crate::trust::root::RootChoice;

const SHARDS: Method = Method::Shards { size: 10 };

fn build(
    name: &str,
    method: Method,
    resources: Vec<Resource>,
    ignore_paths: &[&str],
) -> Result<Vec<u8>> {
    let (hash, allow_symlinks) = (ContentHash::Sha256, false);
    super::build(Described { name, method, hash, ignore_paths, allow_symlinks }, resources)
}

fn file(path: &str) -> Resource {
    Resource { path: path.to_owned(), range: None, digest: Digest::of(path.as_bytes()).into() }
}

fn shard(path: &str, start: u64, end: u64) -> Resource {
    let digest = Digest::of(format!("{path} {start} {end}").as_bytes());
    Resource { path: path.to_owned(), range: Some((start, end)), digest: digest.into() }
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
        model.resources.iter().flat_map(|resource| resource.digest.as_bytes()).copied().collect();
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
    assert_eq!(model.resources[1].digest, Digest::of(b"xxxxxxxxxx").into());
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
    let digests: Vec<(&str, ContentDigest)> =
        model.resources.iter().map(|resource| (&*resource.path, resource.digest)).collect();
    let of = |content: &[u8]| ContentDigest::from(Digest::of(content));
    assert_eq!(digests, [("empty", of(b"")), ("sub/hello.txt", of(b"hello\n"))]);
    assert!(IgnoreSet::new(&model.ignore_paths).covers("model.sig"));
}

#[test]
fn other_methods_and_hashes_are_not_mistaken_for_ours() {
    let payload = build("demo", Method::Files, vec![file("a")], &[]).unwrap();
    for (pointer, value, expected) in [
        ("/predicate/serialization/hash_type", json!("blake2"), Code::OmsHashUnknown),
        ("/predicate/serialization/hash_type", json!("sha512"), Code::OmsHashUnknown),
        ("/predicate/serialization/method", json!("archive"), Code::OmsMethodUnknown),
        ("/predicate/resources/0/algorithm", json!("sha512"), Code::OmsHashUnknown),
        ("/predicate/resources/0/algorithm", json!("md5-sharded-10"), Code::OmsHashUnknown),
        ("/predicate/resources/0/algorithm", json!("blake3"), Code::StatementMismatch),
        ("/predicate/resources/0/algorithm", json!("sha256-sharded-10"), Code::StatementMismatch),
        // The digest has the length of SHA-256.
        ("/predicate/serialization/hash_type", json!("blake2b"), Code::StatementMismatch),
    ] {
        assert_eq!(code(&edited(&payload, pointer, value)), expected, "{pointer}");
    }
    let other = edited(&payload, "/predicateType", json!("urn:x-pkg:release:v1"));
    assert_eq!(code(&other), Code::SignatureFormat);
    assert!(!is_model_signature(&other) && is_model_signature(&payload));
    let sharded = build("demo", SHARDS, vec![shard("a", 0, 3)], &[]).unwrap();
    let size = edited(&sharded, "/predicate/resources/0/algorithm", json!("sha256-sharded-11"));
    assert_eq!(code(&size), Code::StatementMismatch);
    let plain = edited(&sharded, "/predicate/resources/0/algorithm", json!("sha256"));
    assert!(parse(&plain, "test").is_ok());
    // As model-signing 0.3.1 writes it, and with another size than the shards have.
    let old = edited(&sharded, "/predicate/serialization/hash_type", json!("sha256-sharded-10"));
    assert_eq!(parse(&old, "test").unwrap(), parse(&sharded, "test").unwrap());
    let other = edited(&sharded, "/predicate/serialization/hash_type", json!("sha256-sharded-11"));
    assert_eq!(code(&other), Code::OmsHashUnknown);
}

#[test]
fn every_hash_is_written_as_model_signing_names_it() {
    let blake2b = ContentDigest::Blake2b([7; 64]);
    let blake3 = ContentDigest::Blake3([8; 32]);
    for (digest, method, algorithm) in [
        (blake2b, Method::Files, "blake2b"),
        (blake2b, SHARDS, "blake2b-sharded-10"),
        (blake3, Method::Files, "blake3"),
        (blake3, SHARDS, "blake3-sharded-10"),
    ] {
        let range = (method == SHARDS).then_some((0, 3));
        let resource = Resource { path: "a".to_owned(), range, digest };
        let about = Described {
            name: "demo",
            method,
            hash: digest.hash(),
            ignore_paths: &[],
            allow_symlinks: true,
        };
        let payload = super::build(about, vec![resource.clone()]).unwrap();
        let document: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(document["predicate"]["resources"][0]["algorithm"], algorithm);
        let model = parse(&payload, "test").unwrap();
        assert_eq!((model.hash, model.allow_symlinks, model.form), (digest.hash(), true, Form::V1));
        assert_eq!(model.root, Digest::of(digest.as_bytes()));
        assert_eq!(model.resources, [resource]);
        let wrong = Described { hash: ContentHash::Sha256, ..about };
        assert_eq!(super::build(wrong, model.resources).unwrap_err().code(), Code::Internal);
    }
}

#[test]
fn a_single_file_is_a_model() {
    for (method, resource) in [(Method::Files, file(".")), (SHARDS, shard(".", 0, 10))] {
        let payload = build("weights", method, vec![resource], &[]).unwrap();
        assert!(parse(&payload, "test").unwrap().is_single_file());
    }
    let folder = build("demo", Method::Files, vec![file("a")], &[]).unwrap();
    assert!(!parse(&folder, "test").unwrap().is_single_file());
    let both = build("demo", Method::Files, vec![file("."), file("a")], &[]).unwrap_err();
    assert_eq!(both.code(), Code::StatementMismatch);
}

/// As model-signing 0.2 wrote it, for `a` and `b/c`.
fn old() -> Value {
    let subject = |name: &str| {
        json!({
            "name": name,
            "digest": { "sha256": Digest::of(name.as_bytes()).hex() },
            "annotations": { "actual_hash_algorithm": "file-sha256" },
        })
    };
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject("a"), subject("b/c")],
        "predicateType": "https://model_signing/Digests/v0.1",
        "predicate": { "unused": "Unused, just passed due to API requirements" },
    })
}

#[test]
fn old_statements_are_read_with_a_root_of_their_own() {
    let payload = old().to_string().into_bytes();
    assert!(is_old(&payload) && is_model_signature(&payload));
    let model = parse(&payload, "test").unwrap();
    assert_eq!((model.form, model.name.as_str()), (Form::Digests, ""));
    assert_eq!(model.resources, [file("a"), file("b/c")]);
    let digests = [Digest::of(b"a"), Digest::of(b"b/c")];
    assert_eq!(model.root, Digest::of(&digests.map(|digest| *digest.as_bytes()).concat()));
    assert!(model.ignore_paths.is_empty() && !model.is_single_file());
    let mut plain = old();
    plain["subject"][0].as_object_mut().unwrap().remove("annotations");
    assert!(parse(plain.to_string().as_bytes(), "test").is_ok());
}

#[test]
fn old_statements_are_read_as_strictly() {
    for (pointer, value, expected) in [
        (
            "/subject/0/annotations/actual_hash_algorithm",
            json!("file-blake3"),
            Code::OmsHashUnknown,
        ),
        (
            "/subject/0/annotations/actual_hash_algorithm",
            json!("file-sha256-10"),
            Code::OmsHashUnknown,
        ),
        ("/subject/0/digest/sha256", json!("00"), Code::SignatureFormat),
        ("/subject/0/name", json!("b/c"), Code::StatementMismatch),
        ("/subject/0/name", json!("../a"), Code::UnsafePath),
        ("/subject", json!([]), Code::SignatureFormat),
        ("/_type", json!("https://in-toto.io/Statement/v0.1"), Code::SignatureFormat),
        ("/predicateType", json!("https://model_signing/Digest/v0.1"), Code::SignatureFormat),
        ("/predicateType", json!("https://model_signing/ShardDigests/v0.1"), Code::SignatureFormat),
    ] {
        let payload = edited(old().to_string().as_bytes(), pointer, value.clone());
        assert_eq!(code(&payload), expected, "{pointer} {value}");
    }
    let mut more = old();
    more["later"] = json!(1);
    assert_eq!(code(more.to_string().as_bytes()), Code::SignatureFormat);
}

#[test]
fn a_statement_that_contradicts_itself_is_refused() {
    let payload = build("demo", Method::Files, vec![file("a"), file("b")], &[]).unwrap();
    let document: Value = serde_json::from_slice(&payload).unwrap();
    let mut reversed = document["predicate"]["resources"].as_array().unwrap().clone();
    reversed.reverse();
    let other = Digest::of(b"other").hex();
    for (pointer, value, expected) in [
        ("/predicate/resources", json!(reversed), Code::OmsRoot),
        ("/predicate/resources/0/digest", json!(other), Code::OmsRoot),
        ("/predicate/resources/0/name", json!("b"), Code::StatementMismatch),
        ("/subject/0/digest/sha256", json!(other), Code::OmsRoot),
        ("/predicate/resources", json!([]), Code::OmsRoot),
        ("/predicate/resources/0/digest", json!("00"), Code::SignatureFormat),
        ("/predicate/serialization/allow_symlinks", json!("no"), Code::SignatureFormat),
        ("/subject", json!([]), Code::SignatureFormat),
        ("/predicate/serialization/method", json!("shards"), Code::SignatureFormat),
        ("/predicate/resources/0/name", json!("../a"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("/a"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!(""), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("a//x"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("./a"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("a/.."), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("a\0"), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("x".repeat(5000)), Code::UnsafePath),
        ("/predicate/resources/0/name", json!("."), Code::StatementMismatch),
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
        assert_eq!(problem.code(), Code::OmsShards);
    }
    let payload = build("demo", SHARDS, vec![shard("a", 0, 10)], &[]).unwrap();
    for size in [json!(0), json!(0.0), json!(10.5), json!(-10), json!(1e30)] {
        let edited = edited(&payload, "/predicate/serialization/shard_size", size.clone());
        assert_eq!(code(&edited), Code::SignatureFormat, "{size}");
    }
    for name in
        ["a", "a:0", "a:0:x", "a:00:10", "a:+0:10", "a:0:18446744073709551616", ":0:10", "/a:0:10"]
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
    let path = build("demo", SHARDS, vec![shard("a:b", 0, 10)], &[]).unwrap_err();
    assert_eq!(path.code(), Code::UnsafePath);
    // Names that other systems cannot store are the publisher's to choose.
    for name in ["a:b", "a\\b", "aux.json", "Icon\r", "a.", "\u{fc}"] {
        let payload = build("demo", Method::Files, vec![file(name)], &[]).unwrap();
        assert_eq!(parse(&payload, "test").unwrap().resources[0].path, name);
    }
    let range = build("demo", Method::Files, vec![shard("a", 0, 10)], &[]).unwrap_err();
    assert_eq!(range.code(), Code::StatementMismatch);
}

/// The signature of model-signing 0.2.0, made with a P-384 key.
fn old_signature() -> (SignedBundle, Judge) {
    let signature = include_bytes!("../../../../fixtures/model-signing/0.2.0-key.sig").as_slice();
    let key = include_str!("../../../../fixtures/model-signing/key.pub");
    let key = PublicKey::from_pem(key, "key").unwrap();
    let judge = Judge::new(vec![key].into(), RootChoice::default());
    (bundle::parse(signature, "test").unwrap(), judge)
}

#[test]
fn a_signature_of_the_first_version_verifies_in_its_own_way_only() {
    let (bundle, judge) = old_signature();
    let usual = judge.statement(&bundle, "test");
    assert!(!matches!(usual, Ok(Judgement::Accepted(_))), "{usual:?}");
    let own = judge.old_model_signature(&bundle, "test").unwrap();
    assert!(matches!(own, Judgement::Accepted(_)), "{own:?}");
    let stranger = SigningKey::generate(Algorithm::EcdsaP384).unwrap().public().unwrap();
    let stranger = Judge::new(vec![stranger].into(), RootChoice::default());
    let other = stranger.old_model_signature(&bundle, "test");
    assert!(!matches!(other, Ok(Judgement::Accepted(_))), "{other:?}");
    let mut changed = bundle;
    let Content::Envelope(envelope) = &mut changed.content else { panic!("{changed:?}") };
    let at = envelope.payload.len() / 2;
    envelope.payload[at] ^= 1;
    let changed = judge.old_model_signature(&changed, "test");
    assert!(!matches!(changed, Ok(Judgement::Accepted(_))), "{changed:?}");
}

#[test]
fn newer_statements_may_not_be_signed_in_the_old_way() {
    let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    let judge = Judge::new(vec![key.public().unwrap()].into(), RootChoice::default());
    let payload = build("demo", Method::Files, vec![file("a")], &[]).unwrap();
    let bytes = bundle::sign_statement(&key, &payload, &[]).unwrap();
    let mut bundle = bundle::parse(&bytes, "test").unwrap();
    let refused = judge.old_model_signature(&bundle, "test").unwrap_err();
    assert_eq!(refused.code(), Code::SignatureInvalid);
    let Content::Envelope(envelope) = &mut bundle.content else { panic!("{bundle:?}") };
    envelope.signature = key.sign(&compat_pae(&envelope.payload_type, &payload)).unwrap();
    for judgement in [judge.statement(&bundle, "test"), judge.old_model_signature(&bundle, "test")]
    {
        assert!(!matches!(judgement, Ok(Judgement::Accepted(_))), "{judgement:?}");
    }
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

#[test]
fn files_are_looked_up_by_name_and_by_what_is_above_them() {
    let paths = ["a!", "a/b", "a/b!/c", "a/b/c", "ab", "b", "b-/x", "c/d"];
    let payload =
        build("m", Method::Files, paths.iter().rev().map(|path| file(path)).collect(), &[])
            .unwrap();
    let model = parse(&payload, "test").unwrap();
    let files = model.files();
    assert!(files.iter().map(|(path, _)| path).eq(paths));
    for name in ["a", "a!", "a/b", "a/b!", "a/b/c", "a/b/c/d", "ab", "b", "b-", "c", "c/", "d"] {
        assert_eq!(files.has(name), paths.contains(&name), "{name}");
        let above = paths.iter().any(|path| *path == name || path.starts_with(&format!("{name}/")));
        assert_eq!(files.has_in(name), above, "{name}");
    }
}
