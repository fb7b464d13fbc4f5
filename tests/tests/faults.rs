//! Keys that do not fit, outputs that cannot be written, runs that are killed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use pkg_tests::{Place, skipped, wait_until};

#[test]
fn keys_that_do_not_fit_are_named() {
    let place = Place::packed();
    fs::write(place.path("pass"), "open sesame\nsecond line\n").unwrap();
    fs::write(place.path("wrong"), "nothing\n").unwrap();
    place.ok(&["keygen", "-o", "k", "--passphrase-file", "pass"]);
    place.finds(&["keygen", "-o", "k", "--passphrase-file", "pass"], "output-exists", 2);
    let sign = |more: &[&'static str]| [&["sign", "m.pkg", "--key"][..], more].concat();
    place.finds(&sign(&["k.key"]), "passphrase-needed", 2);
    place.finds(&sign(&["k.key", "--passphrase-file", "wrong"]), "wrong-passphrase", 2);
    place.finds(&sign(&["k.pub"]), "key-invalid", 2);
    place.finds(&sign(&["pass"]), "key-invalid", 2);
    place.finds(&sign(&["nowhere"]), "path-not-found", 2);
    place.finds(&["verify", "m.pkg", "--key", "k.key"], "key-invalid", 2);
    let mut by_environment = place.command(&sign(&["k.key"]));
    assert_eq!(place.finish(by_environment.env("PKG_PASSPHRASE", "open sesame")).code, Some(0));
    fs::set_permissions(place.path("k.key"), fs::Permissions::from_mode(0o644)).unwrap();
    place.finds(&sign(&["k.key", "--passphrase-file", "pass"]), "key-readable-by-others", 0);
    place.finds(&["keygen", "-o", "plain"], "key-not-encrypted", 0);
}

#[test]
fn what_is_there_is_not_written_over() {
    let place = Place::signed();
    fs::write(place.path("taken"), "mine").unwrap();
    place.finds(&["pack", "model", "-o", "taken"], "output-exists", 2);
    place.finds(&["unpack", "m.pkg", "taken"], "output-exists", 2);
    assert_eq!(fs::read(place.path("taken")).unwrap(), b"mine");
    fs::create_dir(place.path("out")).unwrap();
    place.ok(&["unpack", "m.pkg", "out"]);
    fs::write(place.path("out/README.md"), "edited").unwrap();
    fs::write(place.path("out/notes.txt"), "mine").unwrap();
    place.finds(&["unpack", "m.pkg", "out"], "output-exists", 2);
    assert_eq!(fs::read(place.path("out/README.md")).unwrap(), b"edited");
    place.ok(&["unpack", "m.pkg", "out", "--force"]);
    assert_ne!(fs::read(place.path("out/README.md")).unwrap(), b"edited");
    assert_eq!(fs::read(place.path("out/notes.txt")).unwrap(), b"mine");
    place.ok(&["pack", "model", "-o", "taken", "--force"]);
    place.ok(&["show", "taken"]);
    place.finds(&["pack", "model", "-o", "no/such/folder.pkg"], "path-not-found", 2);
}

/// Mounts a small file system; false when that is not allowed here.
fn mount(place: &Place, options: &str) -> bool {
    fs::create_dir_all(place.path("disk")).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(place.path("disk"));
    mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let place = Place::signed();
    if !mount(&place, "size=128k") {
        skipped("a file system cannot be mounted here, so a full disk was not tested");
        return;
    }
    let _unmount = Unmount(place.path("disk"));
    let empty = || fs::read_dir(place.path("disk")).unwrap().count() == 0;
    for store in ["copy", "auto"] {
        place.finds(&["pack", "model", "-o", "disk/m.pkg", "--store", store], "disk-full", 1);
        assert!(empty());
    }
    place.finds(&["pack", "model", "-o", "disk/m.tar"], "disk-full", 1);
    assert!(empty());
    place.finds(&["unpack", "m.pkg", "disk/out"], "disk-full", 1);
    assert!(empty());
    place.finds(
        &["pack", "model", "-o", "disk/m.pkg", "--store", "hardlink"],
        "link-unsupported",
        2,
    );
    assert!(empty());
}

#[test]
fn a_read_only_place_is_named() {
    let place = Place::signed();
    if !mount(&place, "ro") {
        skipped("a file system cannot be mounted here, so a read-only one was not tested");
        return;
    }
    let _unmount = Unmount(place.path("disk"));
    place.finds(&["pack", "model", "-o", "disk/m.pkg"], "read-only-target", 1);
    place.finds(&["pack", "model", "-o", "disk/m.tar"], "read-only-target", 1);
    place.finds(&["unpack", "m.pkg", "disk/out"], "read-only-target", 1);
    place.finds(&["keygen", "--no-passphrase", "-o", "disk/k"], "read-only-target", 1);
}

#[test]
fn a_killed_run_leaves_nothing_that_verifies_and_can_be_run_again() {
    let place = Place::with_large_model();
    for output in ["m.pkg", "m.tar"] {
        let mut pack = place.command(&["pack", "model", "-o", output, "--store", "copy"]);
        let mut child = pack.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let staged = place.path(&format!(".{output}.partial"));
        assert!(wait_until(|| staged.exists()));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "it was over before it could be killed");
        assert!(!place.path(output).exists());
        let staged = format!(".{output}.partial");
        assert_ne!(place.run(&["verify", &staged]).code, Some(0));
        place.ok(&["pack", "model", "-o", output]);
        place.ok(&["verify", output, "--digest", &place.digest(output)]);
        assert!(!place.names().contains(&staged));
    }
}

#[test]
fn two_runs_for_one_output_do_not_mix() {
    let place = Place::with_large_model();
    let start = || {
        let mut pack =
            place.command(&["pack", "model", "-o", "m.pkg", "--store", "copy", "--json"]);
        pack.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut ended: Vec<Option<i32>> = [start(), start()]
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().status.code())
        .collect();
    ended.sort_unstable();
    assert_eq!(ended, [Some(0), Some(2)], "one wins, the other says that the output is busy");
    place.ok(&["verify", "m.pkg", "--digest", &place.digest("m.pkg")]);
}

#[test]
fn a_file_that_changes_while_it_is_packed_is_an_error() {
    let place = Place::with_large_model();
    let path = place.path("model/model-1.safetensors");
    let mut pack = place.command(&["pack", "model", "-o", "m.pkg", "--store", "copy", "--json"]);
    let child = pack.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let staged = place.path(".m.pkg.partial");
    let copying = || {
        let entries = fs::read_dir(&staged).into_iter().flatten().flatten();
        entries
            .into_iter()
            .any(|entry| entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() > 1 << 20))
    };
    assert!(wait_until(copying));
    use std::io::Write as _;
    fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("file-changed"), "{text}");
    assert!(!place.names().iter().any(|name| name.contains("m.pkg")));
}
