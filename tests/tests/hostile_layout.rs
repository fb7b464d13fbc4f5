//! Layouts with strange things in them: special files, documents made to
//! exhaust the reader, sizes and shards that lie, tar headers nobody writes.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use pkg_tests::{
    Layout, Place, README, TarEntry, compressed, flip, mkfifo, patch_header, publisher, refused,
    tar, tar_layer,
};
use serde_json::{Value, json};

/// Puts something else in the place of a file.
fn replace(path: &Path, make: impl FnOnce(&Path)) {
    fs::rename(path, path.with_extension("moved")).unwrap();
    make(path);
}

#[test]
fn pipes_folders_and_links_in_a_layout_are_refused_and_nothing_waits_for_them() {
    type Pick = fn(&Layout, &Path) -> std::path::PathBuf;
    let picks: [Pick; 5] = [
        |_, root| root.join("index.json"),
        |_, root| root.join("oci-layout"),
        |layout, _| layout.blob(&layout.digest()),
        |layout, _| layout.layer_blob(layout.layer_ending("weight.v1.raw")),
        |layout, _| layout.layer_blob(layout.layer_ending("code.v1.tar+zstd")),
    ];
    for pick in picks {
        let pipe = Place::signed();
        let root = pipe.path("m.pkg");
        let path = pick(&Layout::at(&root), &root);
        replace(&path, mkfifo);
        refused(&pipe, &["--key", "k.pub"], "special-file");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused(&pipe, &["--key", "k.pub"], "special-file");
        fs::remove_dir(&path).unwrap();
        // Also a link to the right content: what is verified has to be what is there.
        symlink(path.with_extension("moved"), &path).unwrap();
        refused(&pipe, &["--key", "k.pub"], "symlink-in-release");
    }
}

#[test]
fn a_target_that_is_no_file_or_folder_is_no_bundle() {
    let place = Place::new();
    mkfifo(&place.path("pipe"));
    for target in ["/dev/null", "/dev/zero", "pipe"] {
        place.finds(&["verify", target], "not-a-bundle", 2);
        place.finds(&["show", target], "not-a-bundle", 2);
        place.finds(&["unpack", target, "out"], "not-a-bundle", 2);
    }
    assert_eq!(place.names(), ["pipe"]);
}

#[test]
fn documents_made_to_break_the_reader_are_refused() {
    let deep = [b"[".repeat(300_000), b"]".repeat(300_000)].concat();
    let index = |content: &[u8]| {
        let place = Place::packed();
        fs::write(place.path("m.pkg/index.json"), content).unwrap();
        refused(&place, &[], "index-invalid");
    };
    index(&deep);
    index(&[b"{\"schemaVersion\":2,\"x\":", deep.as_slice(), b",\"manifests\":[]}"].concat());
    index(b"\xff\xfe{\0}\0");
    index(b"\xef\xbb\xbf{}");
    let many = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "digest": format!("sha256:{}", "0".repeat(64)), "size": 1 });
    let place = Place::packed();
    let layout = Layout::at(&place.path("m.pkg"));
    let mut crowded = layout.index();
    crowded["manifests"].as_array_mut().unwrap().extend(vec![many; 1001]);
    layout.set_index(&crowded);
    refused(&place, &[], "index-invalid");

    publisher("manifest-invalid", |layout| layout.set_manifest_bytes(&deep));
    publisher("manifest-invalid", |layout| {
        layout.edit_manifest(|m| m["config"]["size"] = json!(-1))
    });
    publisher("manifest-invalid", |layout| {
        layout.edit_manifest(|m| m["layers"][2]["digest"] = json!("sha512:00"));
    });
    publisher("manifest-invalid", |layout| {
        layout.edit_manifest(|m| {
            let shouting = m["layers"][2]["digest"].as_str().unwrap().to_uppercase();
            m["layers"][2]["digest"] = json!(shouting.replace("SHA256", "sha256"));
        });
    });
    publisher("manifest-invalid", |layout| {
        let text = layout.manifest().to_string();
        layout.set_manifest_bytes(text.replacen('{', "{\"layers\":[],", 1).as_bytes());
    });
    publisher("metadata-too-large", |layout| {
        layout.edit_manifest(|m| m["config"]["size"] = json!(u64::MAX));
    });
    publisher("metadata-too-large", |layout| {
        layout.edit_manifest(|m| m["layers"][1]["size"] = json!(1_u64 << 40));
    });
    for (position, code) in [(0, "release-invalid"), (1, "release-invalid")] {
        publisher(code, |layout| {
            let (digest, size) = layout.put(&deep);
            layout.claim_layer_only(position, &digest, size, &digest);
        });
    }
    publisher("config-invalid", |layout| {
        let (digest, size) = layout.put(&deep);
        layout.edit_manifest(|m| {
            m["config"]["digest"] = json!(digest);
            m["config"]["size"] = json!(size);
        });
    });
}

#[test]
fn an_index_that_leads_elsewhere_is_refused() {
    let entry = |edit: &dyn Fn(&mut Value), code: &str| {
        let place = Place::packed();
        let layout = Layout::at(&place.path("m.pkg"));
        let mut index = layout.index();
        edit(&mut index["manifests"][0]);
        layout.set_index(&index);
        refused(&place, &[], code);
    };
    entry(&|e| e["mediaType"] = json!("application/vnd.oci.image.index.v1+json"), "index-invalid");
    entry(
        &|e| e["artifactType"] = json!("application/vnd.dev.sigstore.bundle.v0.3+json"),
        "index-invalid",
    );
    entry(&|e| e["digest"] = json!(format!("sha256:{}", "0".repeat(64))), "missing-blob");
    entry(&|e| e["digest"] = json!("sha256:../../../../etc/passwd"), "index-invalid");
    entry(&|e| e["size"] = json!(e["size"].as_u64().unwrap() + 1), "wrong-size");
    entry(&|e| e["size"] = json!(0), "wrong-size");
    entry(&|e| e["size"] = json!(u64::MAX), "metadata-too-large");
}

/// No manifest can hold its own digest; one can only be stored as if it did.
#[test]
fn a_manifest_that_names_itself_is_refused() {
    for (field, position) in [("subject", None), ("layers", Some(2)), ("config", None)] {
        let place = Place::packed();
        let layout = Layout::at(&place.path("m.pkg"));
        let own = format!("sha256:{}", "5".repeat(64));
        let mut manifest = layout.manifest();
        match position {
            Some(position) => manifest[field][position]["digest"] = json!(own),
            None if field == "subject" => {
                manifest[field] =
                    json!({ "mediaType": manifest["mediaType"], "digest": own, "size": 1 });
            }
            None => manifest[field]["digest"] = json!(own),
        }
        let text = manifest.to_string();
        fs::write(layout.blob(&own), &text).unwrap();
        let mut index = layout.index();
        index["manifests"][0]["digest"] = json!(own);
        index["manifests"][0]["size"] = json!(text.len());
        layout.set_index(&index);
        refused(&place, &["--digest", &own], "digest-mismatch");
    }
}

#[test]
fn sizes_and_names_of_layers_have_to_agree_everywhere() {
    for change in [-1_i64, 1] {
        publisher("wrong-size", |layout| {
            let tar = layout.layer_ending("code.v1.tar+zstd");
            layout.edit_manifest(|m| {
                let size = m["layers"][tar]["size"].as_i64().unwrap();
                m["layers"][tar]["size"] = json!(size + change);
            });
        });
    }
    let raw = |edit: &dyn Fn(&mut Value)| {
        publisher("release-invalid", |layout| {
            let raw = layout.layer_ending("weight.v1.raw");
            layout.edit_manifest(|m| edit(&mut m["layers"][raw]));
        });
    };
    raw(&|layer| layer["size"] = json!(7));
    raw(&|layer| layer["annotations"]["org.cncf.model.filepath"] = json!("other.safetensors"));
    raw(&|layer| layer["annotations"]["org.cncf.model.filepath"] = json!("../evil"));
    raw(&|layer| layer["annotations"] = json!({}));
    publisher("config-invalid", |layout| {
        let raw = layout.layer_ending("weight.v1.raw");
        layout.edit_manifest(|m| m["layers"].as_array_mut().unwrap().swap(raw, raw + 1));
    });
    publisher("wrong-size", |layout| {
        layout.edit_files(|f| {
            let files = f["files"].as_array_mut().unwrap();
            let run = files.iter_mut().find(|file| file["path"] == "code/run.py").unwrap();
            run["size"] = json!(run["size"].as_u64().unwrap() + 1);
        });
        layout.edit_release(|r| {
            let code = &mut r["components"][3]["bytes"];
            *code = json!(code.as_u64().unwrap() + 1);
        });
    });
}

#[test]
fn shards_are_checked_each_and_the_whole_file_when_asked() {
    const SHARD: usize = 33_554_432;
    let place = Place::with_model();
    let content: Vec<u8> = (0..40_000_000_u32).map(|n| (n >> 8) as u8).collect();
    let weights = pkg_tests::safetensors(&content);
    fs::write(place.path("model/model-1.safetensors"), &weights).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg", "--shards", "always"]);
    let layout = Layout::at(&place.path("m.pkg"));
    let raw = layout.layer_ending("weight.v1.raw");
    let blob = layout.layer_blob(raw);
    let mut changed = weights.clone();
    changed[SHARD] ^= 1;
    fs::write(&blob, changed).unwrap();
    let digest = layout.digest();
    let out = refused(&place, &["--digest", &digest], "digest-mismatch");
    assert!(out.stdout.contains("bytes 33554432 to 40000"), "{out:?}");
    fs::write(&blob, &weights).unwrap();
    place.ok(&["verify", "m.pkg", "--digest", &digest, "--whole-files"]);

    // A file stored under another name than its digest, with right shards.
    let wrong = format!("sha256:{}", "7".repeat(64));
    fs::rename(&blob, layout.blob(&wrong)).unwrap();
    layout.claim_layer(raw, &wrong, weights.len(), &wrong);
    layout.edit_files(|f| {
        let files = f["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["path"] == "model-1.safetensors").unwrap();
        file["digest"] = json!(wrong);
    });
    let digest = layout.digest();
    refused(&place, &["--digest", &digest, "--whole-files"], "digest-mismatch");
    // And one shard digest that is wrong, of a file that is right.
    layout.edit_files(|f| {
        let files = f["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["path"] == "model-1.safetensors").unwrap();
        file["shards"][1] = json!(wrong);
    });
    refused(&place, &["--digest", &layout.digest()], "digest-mismatch");
    // Not as many digests as shards.
    layout.edit_files(|f| {
        let files = f["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["path"] == "model-1.safetensors").unwrap();
        file["shards"].as_array_mut().unwrap().pop();
    });
    refused(&place, &["--digest", &layout.digest()], "release-invalid");
}

/// The layer with the README, from a tar made by hand and then changed.
fn patched(code: &str, entries: &[TarEntry], patch: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = tar(entries);
    patch(&mut bytes);
    publisher(code, |layout| {
        let (packed, diff_id) = compressed(&bytes);
        layout.replace_layer(layout.layer_ending("doc.v1.tar+zstd"), &packed, &diff_id);
    });
}

/// Positions in a tar header.
const MODE: usize = 100;
const SIZE: usize = 124;
const PREFIX: usize = 345;

#[test]
fn tar_headers_that_lie_are_refused() {
    let readme = || [TarEntry::file("README.md", README)];
    let huge = [&[0x80, 0, 0, 0][..], &[0xff; 8]].concat();
    patched("wrong-size", &readme(), |tar| patch_header(tar, SIZE, b"00000000001\0"));
    patched("wrong-size", &readme(), |tar| patch_header(tar, SIZE, b"77777777777\0"));
    patched("tar-invalid", &readme(), |tar| patch_header(tar, SIZE, &huge));
    patched("tar-invalid", &readme(), |tar| patch_header(tar, SIZE, b"not a size!\0"));
    patched("tar-invalid", &readme(), |tar| patch_header(tar, MODE, b"0000755\0"));
    patched("tar-invalid", &readme(), |tar| tar[148] ^= 1);
    patched("unsafe-path", &readme(), |tar| patch_header(tar, PREFIX, b"../.."));
    patched("tar-invalid", &readme(), |tar| patch_header(tar, PREFIX, b"code"));
    patched("tar-entry-refused", &readme(), |tar| patch_header(tar, 0, b"READ\xffE"));
    patched("tar-invalid", &readme(), |tar| tar.truncate(512 + README.len() - 1));
    patched("tar-invalid", &readme(), |tar| tar.extend(b"behind the end"));
    patched("tar-invalid", &readme(), |bytes| {
        bytes.extend(tar(&[TarEntry::file("hidden", b"x")]));
    });
    let long = |content| TarEntry { name: "././@LongLink", kind: b'L', content };
    tar_layer("unsafe-path", &[long(b"../../evil\0"), TarEntry::file("README.md", README)]);
    tar_layer("tar-invalid", &[long(b"evil\0"), TarEntry::file("README.md", README)]);
    static LONG: [u8; 5000] = [b'a'; 5000];
    tar_layer("tar-entry-refused", &[long(&LONG), TarEntry::file("README.md", README)]);
    tar_layer("unsafe-path", &[long(&LONG[..300]), TarEntry::file("README.md", README)]);
}

#[test]
fn folders_and_modes_of_a_tar_do_nothing_to_the_disk() {
    let place = Place::packed();
    let layout = Layout::at(&place.path("m.pkg"));
    let mut bytes = tar(&[
        TarEntry::file("README.md", README),
        TarEntry { name: "../evil/", kind: b'5', content: b"" },
        TarEntry { name: "/evil/", kind: b'5', content: b"" },
        TarEntry { name: "evil/", kind: b'5', content: b"" },
    ]);
    // Set-user-id, set-group-id, writable by all, executable by others.
    patch_header(&mut bytes, MODE, b"0006667\0");
    let (packed, diff_id) = compressed(&bytes);
    layout.replace_layer(layout.layer_ending("doc.v1.tar+zstd"), &packed, &diff_id);
    place.ok(&["verify", "m.pkg", "--digest", &layout.digest()]);
    place.ok(&["unpack", "m.pkg", "deep"]);
    let mode = fs::metadata(place.path("deep/README.md")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777 & !0o044, 0o600, "{mode:o}");
    assert!(!place.path("evil").exists() && !place.path("deep/evil").exists());
    assert!(!Path::new("/evil").exists());
}

#[test]
fn a_layer_stops_at_the_size_it_declares() {
    let swap = |bytes: Vec<u8>| {
        move |layout: &Layout| {
            let diff_id = format!("sha256:{}", "0".repeat(64));
            layout.replace_layer(layout.layer_ending("doc.v1.tar+zstd"), &bytes, &diff_id);
        }
    };
    // Hundreds of GiB of zeros in 20 MiB: only a reader that stops early comes back.
    let frame = zstd::encode_all(std::io::repeat(0).take(1 << 30), 1).unwrap();
    let frames = (20 << 20) / frame.len();
    let bomb = frame.repeat(frames);
    publisher("decompression-limit", swap(bomb.clone()));
    let (start, _) = compressed(&tar(&[TarEntry::file("README.md", README)]));
    publisher("decompression-limit", swap([start.clone(), bomb].concat()));
    // Cut in the middle, and followed by what is no zstd.
    publisher("decompression-limit", swap(start[..start.len() / 2].to_vec()));
    publisher("decompression-limit", swap([start.as_slice(), b"more"].concat()));
    publisher("decompression-limit", swap(Vec::new()));
}

#[test]
fn no_text_of_a_release_reaches_the_terminal_as_it_is() {
    let place = Place::signed();
    let evil = "a\u{1b}[31m\u{7}\r\u{9b}2J\u{202e}b\nerror[unsigned]: c";
    let layout = Layout::at(&place.path("m.pkg"));
    layout.edit_release(|release| {
        for key in ["name", "version", "publisher", "description", "released", "termsEffectiveFrom"]
        {
            release[key] = json!(evil);
        }
        for component in release["components"].as_array_mut().unwrap() {
            component["licence"]["declared"] = json!(evil);
            for key in ["url", "absent"] {
                if !component[key].is_null() {
                    component[key] = json!(evil);
                }
            }
        }
        for key in ["name", "url", "licence", "syntheticFrom"] {
            release["data"][0][key] = json!(evil);
        }
        release["baseModels"][0]["name"] = json!(evil);
    });
    let digest = layout.digest();
    let wrong = format!("sha256:{}", "0".repeat(64));
    for (args, code) in [
        (&["show", "m.pkg"][..], 0),
        (&["verify", "m.pkg", "--digest", &digest], 0),
        (&["verify", "m.pkg", "--digest", &wrong], 10),
        (&["sign", "m.pkg", "--key", "k.key"], 0),
        (&["show", "m.pkg", "--key", "k.pub"], 0),
        (&["verify", "m.pkg", "--key", "k.pub"], 0),
        (&["unpack", "m.pkg", "out"], 0),
        (&["verify", "out", "--key", "k.pub"], 0),
    ] {
        let out = place.run(args);
        assert_eq!(out.code, Some(code), "{args:?}: {out:?}");
        for text in [&out.stdout, &out.stderr] {
            let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(harmful), "{args:?}: {text:?}");
            assert!(!text.contains("\nerror[unsigned]"), "{args:?}: {text:?}");
        }
        let json = place.run(&[args, &["--json"]].concat());
        assert!(!json.stdout.contains('\u{1b}'), "{args:?}");
        if args[0] == "unpack" {
            // The folder is there from the run before.
            assert_eq!(json.codes(), ["output-exists"]);
        }
    }
}

#[test]
fn names_of_files_do_not_reach_the_terminal_as_they_are() {
    let place = Place::signed();
    place.ok(&["unpack", "m.pkg", "out"]);
    fs::write(place.path("out/a\u{1b}[2Jb\nc"), "x").unwrap();
    let out = place.run(&["verify", "out", "--key", "k.pub"]);
    assert_eq!(out.code, Some(10));
    assert!(out.stderr.contains("error[extra-file]: a\u{fffd}[2Jb\u{fffd}c"), "{out:?}");
    assert!(!out.stderr.contains('\u{1b}'), "{out:?}");
    let evil = TarEntry::file("x\u{1b}[2J", b"x");
    let out = tar_layer("unsafe-path", &[evil]);
    assert!(!out.stdout.contains('\u{1b}'), "{out:?}");
}

#[test]
fn a_layout_cannot_pass_for_an_unpacked_folder() {
    let place = Place::signed();
    place.ok(&["unpack", "m.pkg", "out"]);
    // All of the genuine folder, put into the layout: there is more than the release.
    flip(&Layout::at(&place.path("m.pkg")).layer_blob(2));
    let copied = place.shell("cp -a out/. m.pkg/");
    assert_eq!(copied.code, Some(0), "{copied:?}");
    let out = place.finds(&["verify", "m.pkg", "--key", "k.pub"], "extra-file", 10);
    assert!(out.stdout.contains("oci-layout") && out.stdout.contains("blobs/sha256"), "{out:?}");
}
