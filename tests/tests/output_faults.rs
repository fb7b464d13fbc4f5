//! Output that cannot be written, must not be written, or is written by two;
//! and output of an earlier run that is not what it was.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use pkg_tests::{Layout, Out, Place, flip, wait_until};

/// Every path below a folder.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            paths.extend(tree(&path));
        }
        paths.push(path);
    }
    paths.sort();
    paths
}

/// A folder must hold the paths it held before.
fn unchanged(folder: &Path, before: &[PathBuf], what: &str) {
    let now = tree(folder);
    let more: Vec<&PathBuf> = now.iter().filter(|path| !before.contains(path)).collect();
    let less: Vec<&PathBuf> = before.iter().filter(|path| !now.contains(path)).collect();
    assert!(more.is_empty() && less.is_empty(), "{what}: left {more:?}, lost {less:?}");
}

/// Runs with files limited to `blocks` of 512 bytes: a disk that fills up.
fn limited(place: &Place, blocks: u32, args: &str) -> Out {
    place.shell(&format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {args} --json"))
}

#[test]
fn a_disk_that_fills_up_leaves_nothing_and_changes_nothing() {
    let place = Place::signed();
    place.ok(&["pack", "model", "-o", "n.tar"]);
    place.ok(&["pack", "model", "-o", "n.pkg"]);
    let before = tree(&place.path("."));
    let digest = place.digest("n.pkg");
    let same = |what: &str| unchanged(&place.path("."), &before, what);
    for args in [
        "pack model -o new.pkg --store copy",
        "pack model -o new.tar",
        "pack model -o m.pkg --store copy --no-cache",
        "pack model -o n.tar --no-cache",
        "unpack m.pkg out --store copy",
        "unpack m.pkg out --only code",
        "sign n.tar --key k.key",
    ] {
        let blocks = if args.contains("only code") { 0 } else { 8 };
        let _ = limited(&place, blocks, args).expect("disk-full", 1);
        same(args);
    }
    for args in ["sign n.pkg --key k.key", "keygen --no-passphrase -o new"] {
        let _ = limited(&place, 0, args).expect("disk-full", 1);
        same(args);
    }
    // The statements are larger than one block, the empty configuration is not.
    let _ = limited(&place, 1, "sign n.pkg --key k.key").expect("disk-full", 1);
    place.finds(&["verify", "n.pkg"], "unsigned", 12);
    same("sign n.pkg");
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
    for bundle in ["n.pkg", "n.tar"] {
        place.ok(&["verify", bundle, "--digest", &digest]);
    }
}

#[test]
fn a_place_without_permission_is_named() {
    let place = Place::signed();
    for (path, mode) in [("closed", 0o555), ("model", 0o755), ("m.pkg", 0o755)] {
        fs::create_dir_all(place.path(path)).unwrap();
        fs::set_permissions(place.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(place.path("k.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let before = tree(&place.path("closed"));
    for args in [
        &["pack", "model", "-o", "closed/m.pkg"][..],
        &["pack", "model", "-o", "closed/m.tar"],
        &["unpack", "m.pkg", "closed/out"],
        &["keygen", "--no-passphrase", "-o", "closed/k"],
    ] {
        place.finds_unprivileged(args, "read-only-target", 1);
        unchanged(&place.path("closed"), &before, args[0]);
    }
}

/// Only root is somebody else than the owner here.
#[test]
fn a_place_where_nothing_can_be_made_is_no_other_run() {
    let place = Place::packed();
    for args in [["unpack", "m.pkg", "/proc/out"], ["encode", "m.pkg", "/proc/out"]] {
        place.finds(&args, "write-failed", 1);
    }
}

#[test]
fn a_bundle_of_somebody_else_is_not_signed() {
    if !rustix::process::geteuid().is_root() {
        pkg_tests::skipped("without root there is no second user");
        return;
    }
    let place = Place::signed();
    place.ok(&["keygen", "--no-passphrase", "-o", "e", "--algorithm", "ed25519"]);
    fs::set_permissions(place.path("e.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let before = tree(&place.path("m.pkg"));
    place.finds_unprivileged(&["sign", "m.pkg", "--key", "e.key"], "read-only-target", 1);
    unchanged(&place.path("m.pkg"), &before, "sign");
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
}

#[test]
fn an_output_that_nobody_reads_does_not_change_the_verdict() {
    let place = Place::signed();
    flip(&Layout::at(&place.path("m.pkg")).layer_blob(2));
    for target in [">/dev/full 2>/dev/full", ">&- 2>&-", ">/dev/full", "2>/dev/full", "<&-"] {
        for json in ["", "--json"] {
            let verify = format!(
                "\"$0\" verify m.pkg --key k.pub {json} {target}; echo \"ended $?\" >> ended"
            );
            let out = place.shell(&verify);
            assert_eq!(out.code, Some(0), "{out:?}");
            assert_eq!(fs::read_to_string(place.path("ended")).unwrap(), "ended 10\n", "{target}");
            fs::remove_file(place.path("ended")).unwrap();
        }
    }
    let out = place.shell("\"$0\" schema pkg-toml | true; \"$0\" --help | true");
    assert_eq!(out.code, Some(0), "{out:?}");
}

#[test]
fn an_output_that_would_destroy_the_model_is_refused() {
    let mut destroyed = Vec::new();
    for output in ["around/model", "around", "around/model/code", "around/model/README.md"] {
        for force in [&[][..], &["--force"]] {
            let place = Place::new();
            pkg_tests::write_model(&place.path("around/model"));
            let before = tree(&place.path("around"));
            let args = [&["pack", "around/model", "-o", output][..], force].concat();
            let out = place.run(&args);
            if tree(&place.path("around")) != before || out.code != Some(2) {
                destroyed.push((args.join(" "), out.code));
            }
        }
    }
    assert!(destroyed.is_empty(), "{destroyed:#?}");
}

#[test]
fn a_bundle_is_not_unpacked_into_itself() {
    let place = Place::signed();
    for output in ["m.pkg", "m.pkg/blobs"] {
        let out = place.run(&["unpack", "m.pkg", output, "--force"]);
        assert_eq!(out.code, Some(2), "{out:?}");
        place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
    }
}

#[test]
fn a_bundle_inside_its_model_folder_is_not_packed_into_the_next() {
    let place = Place::with_model();
    let spec = pkg_tests::SPEC.replace("\"code/**\"", "\"code/**\", \"out/**\"");
    fs::create_dir(place.path("model/out")).unwrap();
    fs::write(place.path("model/out/notes.py"), "x").unwrap();
    fs::write(place.path("model/pkg.toml"), spec).unwrap();
    place.ok(&["pack", "model", "-o", "model/out/m.pkg"]);
    let digest = place.digest("model/out/m.pkg");
    place.ok(&["pack", "model", "-o", "model/out/m.pkg"]);
    assert_eq!(place.digest("model/out/m.pkg"), digest);
    place.ok(&["verify", "model/out/m.pkg", "--digest", &digest]);
}

#[test]
fn links_that_wait_for_an_output_are_not_written_through() {
    let mut written = Vec::new();
    for (link, leads_to, args) in [
        ("model/.pkg.toml.partial", "../victim", &["init", "model", "--yes"][..]),
        (".new.pkg.partial", "victims", &["pack", "model", "-o", "new.pkg"]),
        (".new.tar.partial", "victim", &["pack", "model", "-o", "new.tar"]),
        (".out.partial", "victims", &["unpack", "m.pkg", "out"]),
        ("m.pkg/.index.json.partial", "../victim", &["sign", "m.pkg", "--key", "other.key"]),
        (".n.tar.partial", "victim", &["sign", "n.tar", "--key", "other.key"]),
    ] {
        let place = Place::signed();
        place.ok(&["keygen", "--no-passphrase", "-o", "other"]);
        place.ok(&["pack", "model", "-o", "n.tar"]);
        fs::write(place.path("victim"), "precious").unwrap();
        fs::create_dir(place.path("victims")).unwrap();
        fs::write(place.path("victims/file"), "precious").unwrap();
        symlink(leads_to, place.path(link)).unwrap();
        if args[0] == "init" {
            fs::remove_file(place.path("model/pkg.toml")).unwrap();
        }
        // Whether it succeeds is not the question.
        let out = place.run(args);
        let kept = |name: &str| fs::read(place.path(name)).is_ok_and(|bytes| bytes == b"precious");
        if !kept("victim") || !kept("victims/file") || tree(&place.path("victims")).len() != 1 {
            written.push((args.join(" "), link, out.code));
        }
    }
    assert!(written.is_empty(), "{written:#?}");
}

#[test]
fn links_in_a_folder_that_is_unpacked_into_are_not_followed() {
    let place = Place::signed();
    fs::create_dir_all(place.path("out")).unwrap();
    fs::create_dir(place.path("elsewhere")).unwrap();
    fs::write(place.path("victim"), "precious").unwrap();
    symlink("../victim", place.path("out/README.md")).unwrap();
    place.ok(&["unpack", "m.pkg", "out", "--force"]);
    assert_eq!(fs::read_to_string(place.path("victim")).unwrap(), "precious");
    place.ok(&["verify", "out", "--key", "k.pub"]);
    fs::remove_dir_all(place.path("out/code")).unwrap();
    symlink("../elsewhere", place.path("out/code")).unwrap();
    let out = place.run(&["unpack", "m.pkg", "out", "--force"]);
    assert_ne!(out.code, Some(0), "{out:?}");
    assert!(tree(&place.path("elsewhere")).is_empty());
    assert!(!place.names().contains(&".out.partial".to_owned()));
    // A link in the place of the whole output is not the folder it leads to.
    symlink("elsewhere", place.path("link")).unwrap();
    let out = place.run(&["unpack", "m.pkg", "link"]);
    assert!(out.code == Some(2) || place.path("link").is_symlink(), "{out:?}");
    symlink("nowhere", place.path("dangling")).unwrap();
    place.finds(&["unpack", "m.pkg", "dangling"], "output-exists", 2);
    place.finds(&["pack", "model", "-o", "dangling"], "output-exists", 2);
}

#[test]
fn a_damaged_bundle_is_not_carried_over_into_the_next() {
    for suffix in ["weight.v1.raw", "code.v1.tar+zstd"] {
        let place = Place::with_model();
        // The cache keeps nothing that changed a moment ago.
        place.shell("find model -type f -exec touch -d '1 hour ago' {} +");
        place.ok(&["pack", "model", "-o", "m.pkg"]);
        let layout = Layout::at(&place.path("m.pkg"));
        flip(&layout.layer_blob(layout.layer_ending(suffix)));
        let digest = layout.digest();
        place.ok(&["pack", "model", "-o", "m.pkg"]);
        place.ok(&["verify", "m.pkg", "--digest", &digest]);
    }
}

#[test]
fn a_file_changed_behind_the_back_of_the_cache_is_read_again() {
    let place = Place::with_model();
    place.shell("find model -type f -exec touch -d '1 hour ago' {} +");
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    let path = place.path("model/model-1.safetensors");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    flip(&path);
    fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["unpack", "m.pkg", "out"]);
    assert!(fs::read(&path).unwrap() == fs::read(place.path("out/model-1.safetensors")).unwrap());
    // A cache that cannot be understood is no cache.
    for noise in [&b"pkg digest cache 1\nf 1 2"[..], b"\xff\xff", b""] {
        for entry in fs::read_dir(place.path(".cache")).unwrap() {
            fs::write(entry.unwrap().path(), noise).unwrap();
        }
        place.ok(&["pack", "model", "-o", "n.pkg"]);
        assert_eq!(place.digest("n.pkg"), place.digest("m.pkg"));
    }
}

fn start(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command(args);
    command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn killed_unpacking_and_signing_leave_what_was_there() {
    let place = Place::with_large_model();
    place.ok(&["pack", "model", "-o", "m.tar"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    let digest = place.digest("m.tar");
    for (args, staged) in [
        (&["unpack", "m.tar", "out", "--store", "copy"][..], ".out.partial"),
        (&["sign", "m.tar", "--key", "k.key"], ".m.tar.partial"),
    ] {
        let mut child = start(&place, args);
        assert!(wait_until(|| place.path(staged).exists()), "{args:?}");
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it was over before it could be killed");
        assert!(args[0] != "unpack" || !place.path("out").exists());
        assert_ne!(place.run(&["verify", staged, "--digest", &digest]).code, Some(0));
        place.ok(&["verify", "m.tar", "--digest", &digest]);
        place.ok(args);
        assert!(!place.names().contains(&staged.to_owned()));
    }
    place.ok(&["verify", "m.tar", "--key", "k.pub"]);
    place.ok(&["verify", "out", "--digest", &digest]);
}

/// A run that was killed while it made an archive, or a file, leaves a file under the name under
/// which a folder is made next, and the other way round.
#[test]
fn what_a_killed_run_left_of_another_form_is_in_nobodys_way() {
    let place = Place::packed();
    for name in [".o.pkg.partial", ".n.key.partial"] {
        fs::write(place.path(name), "half").unwrap();
    }
    fs::create_dir_all(place.path(".o.tar.partial/blobs")).unwrap();
    place.ok(&["pack", "model", "-o", "o.pkg"]);
    place.ok(&["pack", "model", "-o", "o.tar"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "n"]);
    let names = place.names();
    assert!(!names.iter().any(|name| name.ends_with(".partial")), "{names:?}");
}

#[test]
fn two_runs_for_one_archive_or_folder_do_not_mix() {
    let place = Place::with_large_model();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    let digest = place.digest("m.pkg");
    for args in [
        &["pack", "model", "-o", "both.tar", "--no-cache"][..],
        &["unpack", "m.pkg", "both", "--store", "copy"],
    ] {
        let children = [start(&place, args), start(&place, args)];
        let outputs = children.map(|child| child.wait_with_output().unwrap());
        let ended =
            |code: i32| outputs.iter().filter(|out| out.status.code() == Some(code)).count();
        assert_eq!((ended(0), ended(2)), (1, 1), "{outputs:?}");
        assert!(
            outputs.iter().any(|out| String::from_utf8_lossy(&out.stdout).contains("output-busy"))
        );
        place.ok(&["verify", args[if args[0] == "pack" { 3 } else { 2 }], "--digest", &digest]);
    }
    assert!(place.names().iter().all(|name| !name.ends_with(".partial")), "{:?}", place.names());
}

#[test]
fn a_file_that_changes_under_any_kind_of_pack_is_an_error() {
    type Change = fn(&Path);
    let append: Change =
        |path| fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
    let cut: Change =
        |path| fs::File::options().write(true).open(path).unwrap().set_len(9).unwrap();
    let touch: Change = |path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.write_all_at(b"x", 100_000_000).unwrap();
    };
    for (output, change) in [("m.tar", append), ("m.tar", cut), ("m.pkg", cut), ("m.pkg", touch)] {
        let place = Place::with_large_model();
        let child = start(&place, &["pack", "model", "-o", output, "--store", "copy"]);
        let staged = place.path(&format!(".{output}.partial"));
        let size = |path: &Path| fs::symlink_metadata(path).map_or(0, |meta| meta.len());
        let begun = || {
            let files = if staged.is_dir() { fs::read_dir(&staged).ok() } else { None };
            let largest = files.into_iter().flatten().flatten().map(|entry| size(&entry.path()));
            largest.max().unwrap_or(0).max(size(&staged)) > 1 << 20
        };
        assert!(wait_until(begun));
        change(&place.path("model/model-1.safetensors"));
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("\"file-changed\""), "{text}");
        assert_eq!(place.names(), ["model"]);
    }
}
