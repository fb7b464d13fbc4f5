//! The whole round: pack, sign, verify, show, unpack, and what must stay the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use pkg_tests::{Place, write_model};

#[test]
fn a_release_goes_round_as_folder_and_as_archive() {
    let place = Place::with_model();
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    for bundle in ["m.pkg", "m.tar"] {
        place.ok(&["pack", "model", "-o", bundle]);
        place.finds(&["verify", bundle, "--key", "k.pub"], "unsigned", 12);
        place.ok(&["sign", bundle, "--key", "k.key"]);
        let out = place.ok(&["verify", bundle, "--key", "k.pub", "--json"]);
        let result = &out.json()["result"];
        assert_eq!(result["filesVerified"], result["filesTotal"], "{out:?}");
        assert_eq!(result["filesTotal"], 10);
        place.ok(&["unpack", bundle, "out"]);
        place.ok(&["verify", "out", "--key", "k.pub"]);
        for name in
            ["model-1.safetensors", "code/deep/er/util.py", "LICENSE", "data/croissant.json"]
        {
            let read = |folder: &str| fs::read(place.path(folder).join(name)).unwrap();
            assert_eq!(read("out"), read("model"), "{name}");
        }
        fs::remove_dir_all(place.path("out")).unwrap();
    }
    assert_eq!(place.digest("m.pkg"), place.digest("m.tar"));
}

#[test]
fn the_digest_does_not_depend_on_place_time_umask_or_store() {
    let place = Place::packed();
    let digest = place.digest("m.pkg");
    write_model(&place.path("elsewhere/model"));
    for name in ["README.md", "code/run.py"] {
        let path = place.path("elsewhere/model").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    }
    for (output, store) in [("a.pkg", "copy"), ("b.pkg", "hardlink"), ("c.tar", "auto")] {
        let script =
            format!("umask 077; exec \"$0\" pack elsewhere/model -o {output} --store {store}");
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(script).arg(pkg_tests::binary());
        shell.current_dir(place.path(".")).env_clear().env("TZ", "Pacific/Kiritimati");
        let out = place.finish(shell.env("HOME", place.path("home")).env("LC_ALL", "C"));
        assert_eq!(out.code, Some(0), "{out:?}");
        assert_eq!(place.digest(output), digest, "{store}");
    }
    // Two archives are the same byte for byte.
    place.ok(&["pack", "model", "-o", "d.tar"]);
    assert!(fs::read(place.path("c.tar")).unwrap() == fs::read(place.path("d.tar")).unwrap());
}

#[test]
fn a_creation_time_comes_from_source_date_epoch_only() {
    let place = Place::packed();
    let mut command = place.command(&["pack", "model", "-o", "dated.pkg"]);
    assert_eq!(place.finish(command.env("SOURCE_DATE_EPOCH", "1700000000")).code, Some(0));
    assert_ne!(place.digest("dated.pkg"), place.digest("m.pkg"));
    let manifest = pkg_tests::Layout::at(&place.path("dated.pkg")).manifest();
    let created = &manifest["annotations"]["org.opencontainers.image.created"];
    assert_eq!(created, "2023-11-14T22:13:20Z");
    let mut command = place.command(&["pack", "model", "-o", "x.pkg"]);
    assert_eq!(place.finish(command.env("SOURCE_DATE_EPOCH", "soon")).code, Some(2));
}

#[test]
fn a_readme_edit_reads_only_what_changed() {
    let place = Place::with_model();
    // The cache does not trust files that changed a moment ago.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let first = place.ok(&["pack", "model", "-o", "m.pkg", "--json"]).json();
    assert_eq!(first["result"]["bytesRead"], first["result"]["bytes"]);
    let same = place.ok(&["pack", "model", "-o", "m.pkg", "--json"]).json();
    assert_eq!(same["result"]["bytesRead"], 0);
    assert_eq!(same["result"]["digest"], first["result"]["digest"]);
    fs::write(place.path("model/README.md"), "# Tiny, edited\n").unwrap();
    let edited = place.ok(&["pack", "model", "-o", "m.pkg", "--json"]).json();
    assert_eq!(edited["result"]["bytesRead"], 15);
    assert_ne!(edited["result"]["digest"], first["result"]["digest"]);
    place.ok(&["verify", "m.pkg", "--digest", edited["result"]["digest"].as_str().unwrap()]);
    let all = place.ok(&["pack", "model", "-o", "m.pkg", "--no-cache", "--json"]).json();
    assert_eq!(all["result"]["bytesRead"], all["result"]["bytes"]);
    assert_eq!(all["result"]["digest"], edited["result"]["digest"]);
}

#[test]
fn signatures_stay_with_their_release_and_not_with_the_next() {
    let place = Place::signed();
    let same = place.ok(&["pack", "model", "-o", "m.pkg", "--json"]).json();
    assert_eq!(same["result"]["signaturesKept"], 2);
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
    let again = place.ok(&["sign", "m.pkg", "--key", "k.key", "--json"]).json();
    assert_eq!(again["result"]["added"].as_array().unwrap().len(), 0);
    fs::write(place.path("model/README.md"), "another").unwrap();
    place.finds(&["pack", "model", "-o", "m.pkg"], "signatures-dropped", 0);
    place.finds(&["verify", "m.pkg", "--key", "k.pub"], "unsigned", 12);
}

#[test]
fn several_people_can_sign_one_release() {
    let place = Place::signed();
    place.ok(&["keygen", "--no-passphrase", "--algorithm", "ed25519", "-o", "e"]);
    place.finds(&["sign", "m.pkg", "--key", "e.key"], "oms-skipped", 0);
    for key in ["k.pub", "e.pub"] {
        place.finds(&["verify", "m.pkg", "--key", key], "signature-not-checked", 0);
        place.ok(&["verify", "m.pkg", "--key", key]);
    }
    place.ok(&["unpack", "m.pkg", "out"]);
    place.ok(&["verify", "out", "--key", "e.pub"]);
}

#[test]
fn signers_at_the_same_time_lose_no_signature() {
    for bundle in ["m.pkg", "m.tar"] {
        let place = Place::with_model();
        place.ok(&["pack", "model", "-o", bundle]);
        let keys: Vec<String> = (0..6).map(|number| format!("k{number}")).collect();
        for key in &keys {
            place.ok(&["keygen", "--no-passphrase", "-o", key]);
        }
        let sign = |key: &String| {
            let mut command = place.command(&["sign", bundle, "--key", &format!("{key}.key")]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let running: Vec<_> = keys.iter().map(sign).collect();
        let mut signed = 0;
        for (key, mut process) in keys.iter().zip(running) {
            // An archive is written anew: whoever comes second may be told so.
            let code = process.wait().unwrap().code();
            if code == Some(0) {
                place.ok(&["verify", bundle, "--key", &format!("{key}.pub")]);
                signed += 1;
            } else {
                assert!(bundle == "m.tar" && code == Some(2), "{code:?}");
            }
        }
        assert!(signed == keys.len() || (bundle == "m.tar" && signed > 0), "{signed}");
    }
}

#[test]
fn a_hard_link_cannot_give_one_file_two_modes() {
    let place = Place::with_model();
    let (one, other) =
        (place.path("model/model-1.safetensors"), place.path("model/model-2.safetensors"));
    fs::copy(&one, &other).unwrap();
    fs::set_permissions(&one, fs::Permissions::from_mode(0o755)).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg", "--store", "hardlink"]);
    let digest = place.digest("m.pkg");
    place.ok(&["verify", "m.pkg", "--digest", &digest]);
    place.finds(&["unpack", "m.pkg", "linked", "--store", "hardlink"], "link-unsupported", 2);
    place.ok(&["unpack", "m.pkg", "copied"]);
    place.ok(&["verify", "copied", "--digest", &digest]);
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("copied/model-1.safetensors") & 0o100, 0o100);
    assert_eq!(mode("copied/model-2.safetensors") & 0o100, 0);
}

#[test]
fn a_part_can_be_unpacked_and_verified_and_the_rest_is_named() {
    let place = Place::signed();
    place.ok(&["unpack", "m.pkg", "part", "--only", "weights"]);
    assert!(place.path("part/model-1.safetensors").exists());
    assert!(!place.path("part/README.md").exists() && !place.path("part/model.sig").exists());
    let args = ["verify", "part", "--key", "k.pub", "--only", "weights"];
    let out = place.finds(&args, "not-checked", 0);
    let not_checked = out.json()["result"]["notChecked"].as_array().unwrap().len();
    assert_eq!(not_checked, 7, "{out:?}");
    assert!(place.ok(&args).stdout.starts_with("OK in part"));
    place.finds(&["verify", "part", "--key", "k.pub"], "missing-file", 10);
    place.finds(&["verify", "m.pkg", "--key", "k.pub", "--only", "datasets"], "usage", 2);
    place.ok(&["verify", "m.pkg", "--key", "k.pub", "--only", "code,model-card"]);
}

#[test]
fn a_digest_pins_a_release_without_a_key() {
    let place = Place::signed();
    let digest = place.digest("m.pkg");
    let text = place.ok(&["verify", "m.pkg", "--digest", &digest]).stdout;
    assert!(
        text.contains("has the digest that was asked for") && !text.contains("is what was signed"),
        "{text}"
    );
    let other = format!("sha256:{}", "0".repeat(64));
    place.finds(&["verify", "m.pkg", "--digest", &other], "expected-digest-mismatch", 10);
    place.finds(&["verify", "m.pkg"], "key-needed", 2);
    assert_eq!(place.run(&["verify", "m.pkg", "--digest", "sha256:xyz"]).code, Some(2));
}

#[test]
fn large_files_get_shards_and_both_ways_of_checking_agree() {
    let place = Place::with_model();
    let content: Vec<u8> =
        (0..70_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(place.path("model/model-1.safetensors"), pkg_tests::safetensors(&content)).unwrap();
    let packed = place.ok(&["pack", "model", "-o", "m.pkg", "--json"]).json();
    assert_eq!(packed["result"]["shardSize"], 33_554_432);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key", "--model-signature", "shards"]);
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
    place.ok(&["verify", "m.pkg", "--key", "k.pub", "--whole-files"]);
    // A damaged range is named by its place in the file, also inside an archive.
    place.ok(&["pack", "model", "-o", "m.tar"]);
    let digest = place.digest("m.tar");
    let mut bytes = fs::read(place.path("m.tar")).unwrap();
    let head = &pkg_tests::safetensors(&content)[..64];
    let start = bytes.windows(64).position(|window| window == head).unwrap();
    bytes[start + 50_000_000] ^= 1;
    fs::write(place.path("m.tar"), bytes).unwrap();
    let out = place.finds(&["verify", "m.tar", "--digest", &digest], "digest-mismatch", 10);
    assert!(out.stdout.contains("bytes 33554432 to 67108864 were recorded"), "{out:?}");
    place.ok(&["unpack", "m.pkg", "out"]);
    place.ok(&["verify", "out", "--key", "k.pub"]);
    // Without pkg's documents the folder is still verified by its model signature.
    fs::remove_dir_all(place.path("out/.pkg")).unwrap();
    let out = place.ok(&["verify", "out", "--key", "k.pub", "--json"]);
    assert_eq!(out.json()["result"]["form"], "model-signature");
    let whole = place.ok(&["pack", "model", "-o", "w.pkg", "--shards", "never", "--json"]).json();
    assert_eq!(whole["result"]["shardSize"], serde_json::Value::Null);
    place.finds(&["sign", "w.pkg", "--key", "k.key", "--model-signature", "shards"], "usage", 2);
}

#[test]
fn code_comes_from_the_commit_and_not_from_the_work_tree() {
    let place = Place::with_model();
    let repository = git2::Repository::init(place.path("code-repo")).unwrap();
    fs::create_dir_all(place.path("code-repo/train")).unwrap();
    fs::write(place.path("code-repo/train/run.py"), "committed").unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who =
        git2::Signature::new("a", "a@example.org", &git2::Time::new(1_700_000_000, 0)).unwrap();
    let id = repository.commit(Some("HEAD"), &who, &who, "m", &tree, &[]).unwrap();
    index.write().unwrap();
    fs::write(place.path("code-repo/train/run.py"), "changed since").unwrap();
    let spec = pkg_tests::SPEC.replace(
        "url = \"https://example.org/train.tar.gz\"\ndigest = \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
        "git = { repo = \"../code-repo\", rev = \"HEAD\", path = \"train\" }",
    );
    fs::write(place.path("model/pkg.toml"), spec).unwrap();
    place.finds(&["pack", "model", "-o", "m.pkg"], "git-dirty", 2);
    place.ok(&["pack", "model", "-o", "m.pkg", "--allow-dirty"]);
    place.ok(&["unpack", "m.pkg", "out"]);
    assert_eq!(fs::read(place.path("out/train/run.py")).unwrap(), b"committed");
    let shown = place.ok(&["show", "m.pkg", "--json"]).json();
    let training = &shown["result"]["components"][4];
    assert_eq!(training["commit"], id.to_string());
    assert_eq!(training["git"]["dirty"], true);
}

#[test]
fn what_is_only_linked_or_absent_is_never_shown_as_evidence() {
    let place = Place::signed();
    let out = place.ok(&["verify", "m.pkg", "--key", "k.pub", "--json"]).json();
    let levels: Vec<(&str, &str)> = out["result"]["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["kind"].as_str().unwrap(), c["evidence"].as_str().unwrap_or("absent")))
        .collect();
    assert_eq!(
        levels,
        [
            ("model-parameters-final", "verified"),
            ("model-metadata", "verified"),
            ("model-card", "verified"),
            ("inference-code", "verified"),
            ("training-code", "linked"),
            ("research-paper", "absent"),
        ]
    );
    let part =
        place.ok(&["verify", "m.pkg", "--key", "k.pub", "--only", "weights", "--json"]).json();
    assert_eq!(part["result"]["components"][1]["evidence"], "packed");
    // Without a signature or a pinned digest, right bytes are nobody's bytes.
    let unsigned = Place::packed();
    let out = unsigned.finds(&["verify", "m.pkg"], "unsigned", 12).json();
    assert_eq!(out["result"]["components"][0]["evidence"], "packed");
}

#[test]
fn show_fits_on_one_screen() {
    let place = Place::signed();
    let text = place.ok(&["show", "m.pkg"]).stdout;
    assert!(text.lines().count() < 24, "{text}");
    for part in
        ["tiny 1.0, by Example Lab", "sha256:", "absent", "linked", "CC-BY-4.0", "not checked"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        place.ok(&["show", "m.pkg", "--key", "k.pub"]).stdout.contains("verified, time not proven")
    );
}
