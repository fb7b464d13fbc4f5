//! Plain folders with an OpenSSF model signature: signed and verified.

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_rig::TokenSpec;
use pkg_tests::keyless::{ADA, Keyless};
use pkg_tests::{Place, flip, repository};
use serde_json::{Value, json};

const SIGN: [&str; 4] = ["sign", "m", "--key", "k.key"];
const VERIFY: [&str; 4] = ["verify", "m", "--key", "k.pub"];

/// A place with a plain folder `m` and the keys `k.key`, `k.pub`.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir_all(place.path("m/code/empty")).unwrap();
    for (name, content) in [
        ("weights.bin", "0123456789".repeat(1000).as_str()),
        ("README.md", "# A model\n"),
        ("code/a!.py", "a = 1\n"),
        ("code/a/b.py", "b = 1\n"),
        ("code/__init__.py", ""),
        (".gitattributes", "*.bin filter=lfs\n"),
    ] {
        let path = place.path("m").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place
}

fn signed() -> Place {
    let place = place();
    place.ok(&SIGN);
    place
}

fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

fn statement(place: &Place, signature: &str) -> Value {
    let bundle: Value = serde_json::from_slice(&fs::read(place.path(signature)).unwrap()).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    serde_json::from_slice(&STANDARD.decode(payload).unwrap()).unwrap()
}

fn names(statement: &Value) -> Vec<&str> {
    let resources = statement["predicate"]["resources"].as_array().unwrap();
    resources.iter().map(|resource| resource["name"].as_str().unwrap()).collect()
}

#[test]
fn a_plain_folder_is_signed_and_verified() {
    let place = place();
    let out = place.ok(&with(&SIGN, &["--json"])).json();
    let result = &out["result"];
    assert_eq!(result["name"], "m");
    assert_eq!((&result["method"], &result["hash"]), (&json!("files"), &json!("sha256")));
    assert_eq!((&result["files"], &result["filesTrusted"]), (&json!(5), &json!(0)));
    assert_eq!(result["bytes"], result["bytesRead"]);
    assert_eq!(result["ignored"], json!([".gitattributes"]));
    let statement = statement(&place, "m/model.sig");
    // In the order of code points: `!` comes before `/`.
    let expected = ["README.md", "code/__init__.py", "code/a!.py", "code/a/b.py", "weights.bin"];
    assert_eq!(names(&statement), expected);
    assert_eq!(
        statement["subject"][0]["digest"]["sha256"],
        result["digest"].as_str().unwrap()[7..]
    );
    let serialization = &statement["predicate"]["serialization"];
    let ignored = json!([".git", ".gitattributes", ".github", ".gitignore", "model.sig"]);
    assert_eq!(serialization["ignore_paths"], ignored);
    assert_eq!(serialization["allow_symlinks"], false);

    let verified = place.ok(&with(&VERIFY, &["--json"]));
    let verdict = &verified.json()["result"];
    assert_eq!(verdict["form"], "model-signature");
    assert_eq!(verdict["digest"], result["digest"]);
    assert_eq!((&verdict["filesVerified"], &verdict["filesTotal"]), (&json!(5), &json!(5)));
    assert_eq!(verdict["bytesRead"], result["bytes"]);
    assert_eq!(verified.codes(), ["time-not-proven"]);
    let digest = result["digest"].as_str().unwrap();
    place.ok(&with(&VERIFY, &["--digest", digest]));
    let other = format!("sha256:{}", "0".repeat(64));
    place.finds(&with(&VERIFY, &["--digest", &other]), "expected-digest-mismatch", 10);
    assert!(place.ok(&VERIFY).stdout.starts_with("OK: m is what was signed\n"));
}

#[test]
fn every_hash_and_method_goes_round() {
    for (hash, method, algorithm) in [
        ("sha256", "files", "sha256"),
        ("blake2b", "files", "blake2b"),
        ("blake3", "files", "blake3"),
        ("sha256", "shards", "sha256-sharded-33554432"),
        ("blake2b", "shards", "blake2b-sharded-33554432"),
    ] {
        let place = place();
        place.ok(&with(&SIGN, &["--hash", hash, "--model-signature", method]));
        let statement = statement(&place, "m/model.sig");
        assert_eq!(statement["predicate"]["resources"][0]["algorithm"], algorithm);
        assert_eq!(statement["predicate"]["serialization"]["hash_type"], hash);
        place.ok(&VERIFY);
        flip(&place.path("m/weights.bin"));
        let out = place.finds(&VERIFY, "digest-mismatch", 10);
        assert!(out.stdout.contains(hash), "{out:?}");
        flip(&place.path("m/weights.bin"));
        fs::write(place.path("m/weights.bin"), "cut").unwrap();
        let expected = if method == "shards" { "wrong-size" } else { "digest-mismatch" };
        place.finds(&VERIFY, expected, 10);
    }
    let place = place();
    let shards = ["--hash", "blake3", "--model-signature", "shards"];
    place.finds(&with(&SIGN, &shards), "usage", 2);
    place.finds(&with(&SIGN, &["--model-signature", "none"]), "usage", 2);
    assert!(!place.path("m/model.sig").exists());
}

#[test]
fn large_files_are_signed_shard_by_shard() {
    let place = place();
    let content: Vec<u8> = (0..(33_u32 << 20) + 5).map(|n| (n >> 12) as u8).collect();
    fs::write(place.path("m/large.bin"), content).unwrap();
    place.ok(&with(&SIGN, &["--model-signature", "shards"]));
    let statement = statement(&place, "m/model.sig");
    let names = names(&statement);
    assert!(names.contains(&"large.bin:0:33554432"), "{names:?}");
    assert!(names.contains(&"large.bin:33554432:34603013"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("code/__init__")), "empty: {names:?}");
    place.ok(&VERIFY);
    let path = place.path("m/large.bin");
    let mut content = fs::read(&path).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&path, content).unwrap();
    let out = place.finds(&VERIFY, "digest-mismatch", 10);
    assert!(out.stdout.contains("bytes 33554432 to 34603013"), "{out:?}");
}

#[test]
fn the_signature_may_be_elsewhere_and_the_model_a_single_file() {
    let place = place();
    place.ok(&with(&SIGN, &["--signature", "m.sig"]));
    assert!(!place.path("m/model.sig").exists());
    place.finds(&VERIFY, "not-a-bundle", 2);
    place.ok(&with(&VERIFY, &["--signature", "m.sig"]));
    fs::copy(place.path("m.sig"), place.path("m/model.sig")).unwrap();
    place.finds(&with(&VERIFY, &["--signature", "m.sig"]), "extra-file", 10);
    fs::remove_file(place.path("m/model.sig")).unwrap();

    let file = ["m/weights.bin", "--signature", "w.sig"];
    place.ok(&with(&["sign", "--key", "k.key"], &file));
    let statement = statement(&place, "w.sig");
    assert_eq!(names(&statement), ["."]);
    assert_eq!(statement["subject"][0]["name"], "weights.bin");
    let verify = with(&["verify", "--key", "k.pub"], &file);
    place.ok(&verify);
    flip(&place.path("m/weights.bin"));
    place.finds(&verify, "digest-mismatch", 10);
    place.finds(&with(&VERIFY, &["--signature", "w.sig"]), "oms-target-kind", 10);
    let folder = ["verify", "m/README.md", "--key", "k.pub", "--signature", "m.sig"];
    place.finds(&folder, "oms-target-kind", 10);
    place.finds(&["verify", "gone", "--key", "k.pub", "--signature", "m.sig"], "path-not-found", 2);
    place.finds(&["sign", "m/weights.bin", "--key", "k.key", "--trust-cache"], "usage", 2);
}

#[test]
fn signatures_of_every_version_of_model_signing_verify() {
    let folder = repository().join("fixtures/model-signing");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let key = ["--key".to_owned(), at("key.pub")];
    let authority = ["--certificate-chain".to_owned(), at("authority.pem")];
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".sig") {
            continue;
        }
        seen += 1;
        let place = Place::new();
        fs::create_dir_all(place.path("m/sub")).unwrap();
        for file in ["a", "empty", "sub/b"] {
            fs::copy(folder.join("model").join(file), place.path("m").join(file)).unwrap();
        }
        fs::copy(folder.join(&name), place.path("m/model.sig")).unwrap();
        let trust = if name.contains("certificate") { &authority } else { &key };
        let verify = ["verify", "m", trust[0].as_str(), trust[1].as_str()];
        let out = place.ok(&with(&verify, &["--json"]));
        let old = out.codes().contains(&"oms-old-signature".to_owned());
        assert_eq!(old, name.starts_with("0.2"), "{name}: {out:?}");
        fs::write(place.path("m/sub/b"), "c\n").unwrap();
        place.finds(&verify, "digest-mismatch", 10);
        fs::remove_file(place.path("m/sub/b")).unwrap();
        place.finds(&verify, "missing-file", 10);
        fs::copy(folder.join("model/sub/b"), place.path("m/sub/b")).unwrap();
        fs::write(place.path("m/more"), "x").unwrap();
        place.finds(&verify, "extra-file", 10);
    }
    assert_eq!(seen, 12);
}

#[test]
fn a_folder_is_signed_by_identity() {
    let test = Keyless::new(place());
    let token = test.rig.token(&TokenSpec::email(ADA));
    let sign = ["sign", "m", "--identity-token", &token, "--trust-config", "trust2.json"];
    let out = test.place.ok(&with(&sign, &["--json"])).json();
    assert_eq!(out["result"]["who"]["identity"], ADA);
    assert_eq!(out["result"]["logged"], true);
    let root = ["--trusted-root", "root.json"];
    let verify = ["verify", "m", "--issuer", test.rig.url(), root[0], root[1], "--identity"];
    let verdict = test.place.ok(&with(&verify, &[ADA, "--json"])).json();
    assert_eq!(verdict["result"]["signatures"][0]["who"]["identity"], ADA);
    test.place.finds(&with(&verify, &["eve@example.com"]), "identity-mismatch", 10);
    test.place.finds(&["verify", "m", root[0], root[1]], "identity-needed", 2);
    flip(&test.place.path("m/README.md"));
    test.place.finds(&with(&verify, &[ADA]), "digest-mismatch", 10);
}

/// The cache keeps nothing that changed a moment ago.
fn settle() {
    std::thread::sleep(Duration::from_millis(200));
}

#[test]
fn an_edit_signs_again_without_reading_what_did_not_change() {
    let place = place();
    settle();
    let trusting = with(&SIGN, &["--trust-cache"]);
    let read = |args: &[&str]| {
        let out = place.ok(&with(args, &["--json"]));
        let result = out.json()["result"].clone();
        assert_eq!(
            out.codes().contains(&"digests-trusted".to_owned()),
            result["filesTrusted"] != 0
        );
        (result["filesTrusted"].as_u64().unwrap(), result["bytesRead"].as_u64().unwrap())
    };
    let all = read(&trusting);
    assert_eq!(all.0, 0, "nothing is known yet");
    assert_eq!(read(&trusting), (5, 0));
    fs::write(place.path("m/README.md"), "# Another\n").unwrap();
    settle();
    assert_eq!(read(&trusting), (4, 10));
    place.ok(&VERIFY);
    assert_eq!(read(&SIGN), (0, all.1), "it was not asked for");
    let text = place.ok(&trusting).stdout;
    assert!(text.contains("read   0 B; 5 files not read"), "{text}");
    // Digests of another hash or method are others.
    assert_eq!(read(&with(&trusting, &["--hash", "blake3"])), (0, all.1));
    assert_eq!(read(&with(&trusting, &["--hash", "blake3"])), (5, 0));
    let shards = with(&trusting, &["--model-signature", "shards"]);
    assert_eq!(read(&shards), (0, all.1));
    assert_eq!(read(&shards), (4, 0), "an empty file has no digest to keep");
    place.ok(&VERIFY);
}

#[test]
fn what_changed_is_read_and_verify_never_trusts_a_cache() {
    let place = place();
    settle();
    place.ok(&SIGN);
    let weights = place.path("m/weights.bin");
    let before = fs::metadata(&weights).unwrap();
    flip(&weights);
    // As it was, but for the time of its inode.
    let file = fs::File::options().write(true).open(&weights).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    drop(file);
    place.finds(&VERIFY, "digest-mismatch", 10);
    settle();
    place.ok(&with(&SIGN, &["--trust-cache"]));
    place.ok(&VERIFY);

    // Somebody who can write to the cache can make signatures wrong, not verify.
    let caches: Vec<_> =
        fs::read_dir(place.path(".cache")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [cache] = caches.as_slice() else { panic!("{caches:?}") };
    let text = fs::read_to_string(cache).unwrap();
    let lied: Vec<String> = text
        .lines()
        .map(|line| match line.rsplit_once(' ') {
            Some((state, digest)) if digest.len() == 64 => format!("{state} {}", "0".repeat(64)),
            _ => line.to_owned(),
        })
        .collect();
    fs::write(cache, lied.join("\n") + "\n").unwrap();
    place.ok(&VERIFY);
    place.ok(&with(&SIGN, &["--trust-cache"]));
    place.finds(&VERIFY, "digest-mismatch", 10);
    // A cache that cannot be understood is no cache.
    let unusable = [
        "pkg folder digests 1\nx\n".to_owned(),
        "pkg folder digests 0\n".to_owned(),
        text.replace("digests 1\n", "digests 1\n1 2 3 4 5 00\n"),
        text[..text.len() - 3].to_owned(),
        String::new(),
    ];
    for noise in unusable {
        fs::write(cache, noise).unwrap();
        let out = place.ok(&with(&SIGN, &["--trust-cache", "--json"])).json();
        assert_eq!(out["result"]["filesTrusted"], 0);
        place.ok(&VERIFY);
    }
}

#[test]
fn only_a_model_signature_is_replaced() {
    let place = signed();
    place.ok(&SIGN);
    assert!(!place.path("m/.model.sig.partial").exists());
    for content in ["notes", "{}", ""] {
        fs::write(place.path("m/model.sig"), content).unwrap();
        place.finds(&SIGN, "output-exists", 2);
        assert_eq!(fs::read_to_string(place.path("m/model.sig")).unwrap(), content);
    }
    place.ok(&with(&SIGN, &["--force"]));
    place.ok(&VERIFY);
    // What a killed run left is no part of the model.
    fs::write(place.path("m/.model.sig.partial"), "half").unwrap();
    place.ok(&SIGN);
    place.ok(&VERIFY);
    place.finds(&with(&SIGN, &["--signature", "gone/m.sig"]), "path-not-found", 2);
}

#[test]
fn what_cannot_be_signed_is_named() {
    let place = place();
    place.ok(&["keygen", "--no-passphrase", "--algorithm", "ed25519", "-o", "ed"]);
    place.finds(&["sign", "m", "--key", "ed.key"], "oms-key-kind", 2);
    fs::create_dir(place.path("nothing")).unwrap();
    place.finds(&["sign", "nothing", "--key", "k.key"], "empty-folder", 2);
    fs::write(place.path("m/with:colon"), "x").unwrap();
    place.ok(&SIGN);
    place.ok(&VERIFY);
    place.finds(&with(&SIGN, &["--model-signature", "shards"]), "unsafe-path", 10);
    // A bundle keeps its signatures in itself.
    let bundle = Place::packed();
    bundle.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    bundle.finds(&["sign", "m.pkg", "--key", "k.key", "--trust-cache"], "usage", 2);
    bundle.finds(&["verify", "m.pkg", "--key", "k.pub", "--ignore-unsigned-files"], "usage", 2);
}
