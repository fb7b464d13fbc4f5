//! Bundles that somebody changed, on the way or before signing: each refused
//! by name, and nothing of them unpacked.

use std::fs;

use pkg_tests::{Layout, Place, README, TarEntry, flip, publisher, refused, tar_layer, tar_zstd};
use serde_json::{Value, json};

#[test]
fn changed_cut_and_missing_blobs_are_all_named() {
    let place = Place::signed();
    let layout = Layout::at(&place.path("m.pkg"));
    let raw = layout.layer_ending("weight.v1.raw");
    let tar = layout.layer_ending("code.v1.tar+zstd");
    let docs = layout.layer_ending("doc.v1.tar+zstd");
    flip(&layout.layer_blob(raw));
    flip(&layout.layer_blob(tar));
    fs::remove_file(layout.layer_blob(docs)).unwrap();
    let cut = fs::File::options().write(true).open(layout.layer_blob(raw + 1)).unwrap();
    cut.set_len(100).unwrap();
    let out = refused(&place, &["--key", "k.pub"], "digest-mismatch");
    let codes = out.codes();
    let count = |code: &str| codes.iter().filter(|found| *found == code).count();
    assert_eq!(
        (count("digest-mismatch"), count("missing-blob"), count("wrong-size")),
        (2, 1, 1),
        "{out:?}"
    );
    assert!(
        out.stdout.contains("model-1.safetensors") && out.stdout.contains("README.md"),
        "{out:?}"
    );
}

#[test]
fn every_document_is_checked_against_the_digest_that_leads_to_it() {
    for pick in 0..4 {
        let place = Place::signed();
        let layout = Layout::at(&place.path("m.pkg"));
        let manifest = layout.manifest();
        let digest = match pick {
            0 => layout.index()["manifests"][0]["digest"].clone(),
            1 => manifest["config"]["digest"].clone(),
            other => manifest["layers"][other - 2]["digest"].clone(),
        };
        flip(&layout.blob(digest.as_str().unwrap()));
        refused(&place, &["--key", "k.pub"], "digest-mismatch");
        place.finds(&["show", "m.pkg"], "digest-mismatch", 10);
        place.finds(&["sign", "m.pkg", "--key", "k.key"], "digest-mismatch", 10);
    }
}

#[test]
fn broken_layouts_are_refused() {
    let index = |content: &[u8], code: &str| {
        let place = Place::packed();
        fs::write(place.path("m.pkg/index.json"), content).unwrap();
        refused(&place, &[], code);
    };
    index(b"not json", "index-invalid");
    index(&vec![b' '; 5 << 20], "metadata-too-large");
    index(br#"{"schemaVersion":2,"manifests":[]}"#, "index-invalid");
    index(br#"{"schemaVersion":1,"manifests":[]}"#, "index-invalid");
    let place = Place::packed();
    let layout = Layout::at(&place.path("m.pkg"));
    let mut two = layout.index();
    let entry = two["manifests"][0].clone();
    two["manifests"].as_array_mut().unwrap().push(entry);
    layout.set_index(&two);
    refused(&place, &[], "index-invalid");

    let version = Place::packed();
    fs::write(version.path("m.pkg/oci-layout"), r#"{"imageLayoutVersion":"9.0.0"}"#).unwrap();
    refused(&version, &[], "layout-version");

    let nothing = Place::new();
    fs::create_dir(nothing.path("empty")).unwrap();
    fs::write(nothing.path("file"), "text").unwrap();
    nothing.finds(&["verify", "empty"], "not-a-bundle", 2);
    nothing.finds(&["verify", "file"], "not-a-bundle", 2);
    nothing.finds(&["verify", "nowhere"], "path-not-found", 2);
    let pipe = nothing.path("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    nothing.finds(&["verify", "pipe"], "not-a-bundle", 2);
}

#[test]
fn hostile_manifests_are_refused() {
    publisher("manifest-invalid", |layout| layout.set_manifest_bytes(b"{"));
    publisher("metadata-too-large", |layout| layout.set_manifest_bytes(&vec![b' '; 5 << 20]));
    publisher("manifest-invalid", |layout| layout.edit_manifest(|m| m["schemaVersion"] = json!(1)));
    publisher("manifest-invalid", |layout| {
        layout.edit_manifest(|m| m["artifactType"] = json!("x/y"))
    });
    publisher("manifest-invalid", |layout| {
        layout.edit_manifest(|m| m["subject"] = m["config"].clone());
    });
    publisher("unknown-media-type", |layout| {
        layout.edit_manifest(|m| m["layers"][2]["mediaType"] = json!("application/x-unknown"));
    });
    publisher("unknown-media-type", |layout| {
        let link = "application/vnd.cncf.model.weight.v1.tar+gzip";
        layout.edit_manifest(|m| m["layers"][2]["mediaType"] = json!(link));
    });
    publisher("release-invalid", |layout| {
        layout.edit_manifest(|m| {
            m["layers"].as_array_mut().unwrap().remove(0);
        });
    });
    publisher("config-invalid", |layout| {
        layout.edit_manifest(|m| {
            let again = m["layers"][2].clone();
            m["layers"].as_array_mut().unwrap().push(again);
        });
    });
    publisher("missing-blob", |layout| {
        layout
            .edit_manifest(|m| m["config"]["digest"] = json!(format!("sha256:{}", "0".repeat(64))));
    });
    // A manifest cannot hold its own digest; an index entry can claim that it does.
    let place = Place::packed();
    let layout = Layout::at(&place.path("m.pkg"));
    let mut index = layout.index();
    let own = index["manifests"][0]["digest"].clone();
    let referrer = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": index["manifests"][0], "layers": [],
        "subject": { "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": own, "size": 1 },
    });
    let (digest, size) = layout.put(referrer.to_string().as_bytes());
    index["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size,
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    }));
    layout.set_index(&index);
    refused(&place, &["--digest", &layout.digest()], "manifest-invalid");
}

#[test]
fn hostile_descriptions_are_refused() {
    publisher("release-invalid", |l| {
        l.edit_release(|r| r["schema"] = json!("urn:x-pkg:release:v9"))
    });
    publisher("release-invalid", |l| l.edit_release(|r| r["more"] = json!(1)));
    publisher("release-invalid", |l| l.edit_release(|r| r["components"][0]["files"] = json!(7)));
    publisher("release-invalid", |l| l.edit_release(|r| r["components"][0]["layers"] = json!([])));
    publisher("release-invalid", |l| {
        l.edit_release(|r| r["components"][0]["evidence"] = json!("tested"))
    });
    publisher("release-invalid", |l| {
        l.edit_release(|r| r["components"][4]["evidence"] = json!("packed"))
    });
    publisher("release-invalid", |l| {
        l.edit_release(|r| r["data"][0]["evidence"] = json!("verified"))
    });
    publisher("release-invalid", |l| {
        let none = json!(format!("sha256:{}", "0".repeat(64)));
        l.edit_release(|r| r["components"][0]["licence"]["text"]["digest"] = none);
    });
    publisher("release-invalid", |l| l.edit_files(|f| f["shardSize"] = json!(1)));
    publisher("release-invalid", |l| l.edit_files(|f| f["files"][0]["layer"] = json!(999)));
    publisher("release-invalid", |l| l.edit_files(|f| f["files"][0]["layer"] = json!(0)));
    publisher("release-invalid", |l| {
        l.edit_files(|f| f["files"][0]["owner"] = json!({ "component": 99 }))
    });
    publisher("release-invalid", |l| l.edit_files(|f| f["files"][0]["size"] = json!(u64::MAX)));
    publisher("duplicate-path", |l| {
        l.edit_files(|f| {
            let again = f["files"][0].clone();
            f["files"].as_array_mut().unwrap().insert(0, again);
        });
    });
    for path in ["../evil", "/etc/evil", "a//b", "a/../b", "NUL", "c:\\x"] {
        publisher("release-invalid", |l| l.edit_files(|f| f["files"][0]["path"] = json!(path)));
    }
    for path in [".pkg/release.json", "model.sig", ".PKG/x"] {
        // Kept in order, or the order would be what is refused.
        publisher("unsafe-path", |l| {
            l.edit_files(|f| {
                let mut files: Vec<Value> = f["files"].as_array().unwrap().clone();
                files[0]["path"] = json!(path);
                files.sort_by_key(|file| file["path"].as_str().unwrap().to_owned());
                f["files"] = json!(files);
            });
        });
    }
    publisher("path-case-clash", |l| {
        l.edit_files(|f| {
            let mut files: Vec<Value> = f["files"].as_array().unwrap().clone();
            let mut shouting = files[0].clone();
            shouting["path"] = json!(files[0]["path"].as_str().unwrap().to_lowercase());
            files.push(shouting);
            files.sort_by_key(|file| file["path"].as_str().unwrap().to_owned());
            f["files"] = json!(files);
        });
    });
}

#[test]
fn hostile_tars_are_refused() {
    let readme = TarEntry::file("README.md", README);
    let entry = |name, kind| TarEntry { name, kind, content: b"" };
    tar_layer("unsafe-path", &[TarEntry::file("/README.md", README)]);
    tar_layer("unsafe-path", &[TarEntry::file("../README.md", README)]);
    tar_layer("unsafe-path", &[TarEntry::file("a/../README.md", README)]);
    for (kind, what) in [
        (b'1', "hard link"),
        (b'2', "symbolic link"),
        (b'3', "character device"),
        (b'4', "block device"),
        (b'6', "pipe"),
        (b'S', "sparse"),
        (b'x', "extended header"),
        (b'g', "global header"),
        (b'K', "long link"),
    ] {
        let out = tar_layer("tar-entry-refused", &[readme.clone(), entry("evil", kind)]);
        assert!(out.stdout.contains("evil"), "{what}");
    }
    tar_layer("duplicate-path", &[readme.clone(), readme.clone()]);
    tar_layer("tar-invalid", &[readme.clone(), TarEntry::file("extra", b"x")]);
    tar_layer("tar-invalid", &[]);
    tar_layer("wrong-size", &[TarEntry::file("README.md", b"short")]);
    tar_layer("digest-mismatch", &[TarEntry::file("README.md", b"# Tiny\n\nA model for TESTS.\n")]);
    publisher("config-invalid", |layout| {
        let (bytes, _) = tar_zstd(&[TarEntry::file("README.md", README)]);
        let wrong = format!("sha256:{}", "1".repeat(64));
        layout.replace_layer(layout.layer_ending("doc.v1.tar+zstd"), &bytes, &wrong);
    });
}

#[test]
fn bombs_and_broken_compression_are_refused_early() {
    let replace = |bytes: Vec<u8>| {
        move |layout: &Layout| {
            let diff_id = format!("sha256:{}", "0".repeat(64));
            layout.replace_layer(layout.layer_ending("doc.v1.tar+zstd"), &bytes, &diff_id);
        }
    };
    let mut zeros = zstd::Encoder::new(Vec::new(), 1).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 1 << 30), &mut zeros).unwrap();
    let bomb = zeros.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    publisher("decompression-limit", replace(bomb));
    publisher("decompression-limit", replace(b"no zstd at all".to_vec()));
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(27).unwrap();
    wide.include_contentsize(false).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(7), 64 << 20), &mut wide).unwrap();
    publisher("decompression-limit", replace(wide.finish().unwrap()));
    let (mut trailing, _) = tar_zstd(&[TarEntry::file("README.md", README)]);
    trailing.extend(zstd::encode_all(&b"hidden behind the end"[..], 1).unwrap());
    publisher("tar-invalid", replace(trailing));
}

#[test]
fn signatures_moved_changed_or_of_others_are_refused() {
    let place = Place::signed();
    place.ok(&["keygen", "--no-passphrase", "-o", "other"]);
    place.finds(&["verify", "m.pkg", "--key", "other.pub"], "wrong-key", 10);
    place.ok(&["verify", "m.pkg", "--key", "other.pub", "--key", "k.pub"]);

    // The signatures of one release, put onto another.
    fs::write(place.path("model/README.md"), "another release").unwrap();
    place.ok(&["pack", "model", "-o", "n.pkg"]);
    let (old, new) = (Layout::at(&place.path("m.pkg")), Layout::at(&place.path("n.pkg")));
    for blob in fs::read_dir(place.path("m.pkg/blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        fs::copy(blob.path(), place.path("n.pkg/blobs/sha256").join(blob.file_name())).unwrap();
    }
    let mut index = new.index();
    let moved = old.index()["manifests"].as_array().unwrap()[1..].to_vec();
    index["manifests"].as_array_mut().unwrap().extend(moved);
    new.set_index(&index);
    let out = place.finds(&["verify", "n.pkg", "--key", "k.pub"], "signature-other-subject", 10);
    assert!(!out.codes().contains(&"unsigned".to_owned()), "{out:?}");

    // The same, with referrers that claim to be about the new release.
    let release = new.index()["manifests"][0].clone();
    let mut index = new.index();
    for entry in index["manifests"].as_array_mut().unwrap().iter_mut().skip(1) {
        let path = new.blob(entry["digest"].as_str().unwrap());
        let mut manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        manifest["subject"]["digest"] = release["digest"].clone();
        let (digest, size) = new.put(manifest.to_string().as_bytes());
        entry["digest"] = json!(digest);
        entry["size"] = json!(size);
    }
    new.set_index(&index);
    let out = place.finds(&["verify", "n.pkg", "--key", "k.pub"], "signature-other-subject", 10);
    assert!(out.codes().contains(&"statement-mismatch".to_owned()), "{out:?}");
    let before = place.names();
    assert_eq!(place.run(&["unpack", "n.pkg", "out"]).code, Some(10));
    assert_eq!(place.names(), before);
}

#[test]
fn a_blob_that_nothing_refers_to_is_a_warning() {
    let place = Place::signed();
    Layout::at(&place.path("m.pkg")).put(b"left over");
    place.finds(&["verify", "m.pkg", "--key", "k.pub"], "extra-blob", 0);
}

#[test]
fn an_unpacked_folder_is_checked_in_every_file() {
    let fresh = || {
        let place = Place::signed();
        place.ok(&["unpack", "m.pkg", "out"]);
        place
    };
    let refused = |place: &Place, code: &str| {
        place.finds(&["verify", "out", "--key", "k.pub"], code, 10);
    };
    for name in
        ["README.md", "model-1.safetensors", "code/run.py", "data/croissant.json", "LICENSE"]
    {
        let place = fresh();
        flip(&place.path("out").join(name));
        refused(&place, "digest-mismatch");
        fs::remove_file(place.path("out").join(name)).unwrap();
        refused(&place, "missing-file");
        std::os::unix::fs::symlink("/etc/hostname", place.path("out").join(name)).unwrap();
        refused(&place, "symlink-in-release");
    }
    let place = fresh();
    fs::write(place.path("out/code/evil.py"), "x").unwrap();
    refused(&place, "extra-file");
    let place = fresh();
    fs::write(place.path("out/.pkg/evil.json"), "x").unwrap();
    refused(&place, "extra-file");
    let place = fresh();
    fs::write(place.path("out/README.md"), "longer than it was before, by far\n").unwrap();
    refused(&place, "wrong-size");
    let place = fresh();
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(place.path("out/code/run.py"), fs::Permissions::from_mode(0o755)).unwrap();
    refused(&place, "statement-mismatch");
    for name in ["release.json", "files.json", "config.json"] {
        let place = fresh();
        flip(&place.path("out/.pkg").join(name));
        refused(&place, "digest-mismatch");
    }
    let place = fresh();
    let manifest = place.path("out/.pkg/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("A model for tests.", "A model for pests.")).unwrap();
    refused(&place, "signature-other-subject");
    // Without the model signature the release statement still covers every file.
    let place = fresh();
    fs::remove_file(place.path("out/model.sig")).unwrap();
    place.ok(&["verify", "out", "--key", "k.pub"]);
    fs::remove_dir_all(place.path("out/.pkg/signatures")).unwrap();
    place.finds(&["verify", "out", "--key", "k.pub"], "unsigned", 12);
    // A model signature of another release.
    let place = fresh();
    fs::write(place.path("model/README.md"), "another").unwrap();
    place.ok(&["pack", "model", "-o", "n.pkg"]);
    place.ok(&["sign", "n.pkg", "--key", "k.key"]);
    place.ok(&["unpack", "n.pkg", "other"]);
    fs::copy(place.path("other/model.sig"), place.path("out/model.sig")).unwrap();
    refused(&place, "statement-mismatch");
}

#[test]
fn text_of_a_bundle_cannot_steer_the_terminal() {
    let place = Place::with_model();
    let spec = pkg_tests::SPEC.replace("Example Lab", "Lab\\u001b[2J\\u202Eevil");
    fs::write(place.path("model/pkg.toml"), spec).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    let out = place.ok(&["show", "m.pkg"]);
    assert!(!out.stdout.contains('\u{1b}') && !out.stdout.contains('\u{202e}'), "{out:?}");
    assert!(out.stdout.contains("Lab\u{fffd}[2J"));
}
