//! Disks that fill up, that lie about their size, and limits on the size of files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pkg_tests::{Out, Place, skipped};

/// What is run on a disk, what it makes there, and what proves it.
type Tried = (&'static [&'static str], &'static str, &'static [&'static str]);

const COMMANDS: [Tried; 6] = [
    (
        &["pack", "model", "-o", "disk/new.pkg", "--store", "copy"],
        "disk/new.pkg",
        &["verify", "disk/new.pkg", "--digest", "DIGEST"],
    ),
    (
        &["pack", "model", "-o", "disk/new.tar"],
        "disk/new.tar",
        &["verify", "disk/new.tar", "--digest", "DIGEST"],
    ),
    (&["unpack", "m.pkg", "disk/out"], "disk/out", &["verify", "disk/out", "--key", "k.pub"]),
    (&["sign", "disk/b.pkg", "--key", "k.key"], "", &["verify", "disk/b.pkg", "--key", "k.pub"]),
    (&["sign", "disk/b.tar", "--key", "k.key"], "", &["verify", "disk/b.tar", "--key", "k.pub"]),
    (
        &["sign", "disk/plain", "--key", "k.key"],
        "disk/plain/model.sig",
        &["verify", "disk/plain", "--key", "k.pub"],
    ),
];

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn works(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn mount(at: &Path, args: &[&str]) -> Option<Mounted> {
    fs::create_dir_all(at).unwrap();
    let at = at.to_owned();
    works("mount", &[args, &[at.to_str().unwrap()]].concat()).then_some(Mounted(at))
}

/// A signed bundle, and on the disk an unsigned one, an archive, and a plain folder.
fn fill(place: &Place) {
    fs::create_dir_all(place.path("disk/plain")).unwrap();
    fs::write(place.path("disk/plain/weights.bin"), [7; 1000]).unwrap();
    place.ok(&["pack", "model", "-o", "disk/b.pkg", "--store", "copy"]);
    place.ok(&["pack", "model", "-o", "disk/b.tar"]);
}

/// Refused by its name or done right; then nothing half-made is there.
fn judge(place: &Place, command: &Tried, out: &Out, digest: &str, codes: &[&str]) -> bool {
    let (args, made, proof) = *command;
    let proof: Vec<&str> =
        proof.iter().map(|arg| if *arg == "DIGEST" { digest } else { arg }).collect();
    if out.code == Some(0) {
        place.ok(&proof);
        return true;
    }
    assert_eq!(out.code, Some(1), "{args:?}: {out:?}");
    let found = out.codes();
    assert!(codes.iter().any(|code| found.iter().any(|it| it == code)), "{args:?}: {out:?}");
    assert!(made.is_empty() || !place.path(made).exists(), "{args:?} left {made}");
    for bundle in ["disk/b.pkg", "disk/b.tar"] {
        place.ok(&["verify", bundle, "--digest", digest]);
    }
    for entry in fs::read_dir(place.path("disk")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(".partial"), "{args:?} left {name}");
    }
    false
}

#[test]
fn a_disk_with_less_room_than_is_needed_is_named_and_room_cures_it() {
    let (mut refused, mut done) = (0, 0);
    for command in &COMMANDS {
        let place = Place::signed();
        let Some(_disk) = mount(&place.path("disk"), &["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
        else {
            skipped("a file system cannot be mounted here, so full disks were not tested");
            return;
        };
        fill(&place);
        let digest = place.digest("m.pkg");
        let filler = place.path("disk/filler");
        for free in [0, 1, 2, 8, 20, 41, 60, 300] {
            // Blocks of 4 KiB that are left.
            fs::write(&filler, []).unwrap();
            let space = rustix::fs::statvfs(place.path("disk")).unwrap();
            let take = space.f_bavail.saturating_sub(free) * space.f_bsize;
            fs::write(&filler, vec![1; usize::try_from(take).unwrap()]).unwrap();
            let out = place.run(&[command.0, &["--json"]].concat());
            if judge(&place, command, &out, &digest, &["disk-full"]) {
                done += 1;
                break;
            }
            refused += 1;
        }
        fs::remove_file(&filler).unwrap();
        if !place.path(command.1).exists() || command.1.is_empty() {
            place.ok(command.0);
        }
    }
    eprintln!("full disks: {refused} runs refused, {done} had room enough");
    assert!(refused >= COMMANDS.len() && done >= 1, "{refused} refused, {done} done");
}

/// A disk that says it has room, and fails when what was written gets to it: an image
/// with holes on a file system that is too small for it.
#[test]
fn a_disk_that_fails_when_it_is_flushed_is_no_success() {
    let mut refused = 0;
    for command in &COMMANDS {
        let place = Place::signed();
        let digest = place.digest("m.pkg");
        let under = mount(&place.path("under"), &["-t", "tmpfs", "-o", "size=4m", "tmpfs"]);
        let image = place.path("under/image");
        let made = under.is_some() && {
            fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
            let options = "nodiscard,lazy_itable_init=1,lazy_journal_init=1";
            works(
                "mkfs.ext4",
                &["-q", "-O", "^has_journal", "-E", options, image.to_str().unwrap()],
            )
        };
        let options = ["-o", "loop", image.to_str().unwrap()];
        let Some(disk) = made.then(|| mount(&place.path("disk"), &options)).flatten() else {
            skipped("no image can be mounted here, so failing disks were not tested");
            return;
        };
        fill(&place);
        rustix::fs::sync();
        // What is below the image is full from here on.
        let space = rustix::fs::statvfs(place.path("under")).unwrap();
        let take = space.f_bavail * space.f_bsize;
        fs::write(place.path("under/filler"), vec![1; usize::try_from(take).unwrap()]).unwrap();
        let out = place.run(&[command.0, &["--json"]].concat());
        if out.code == Some(0) {
            // It fitted into blocks that were there; then it is on the disk.
            judge(&place, command, &out, &digest, &[]);
        } else {
            assert_eq!(out.code, Some(1), "{out:?}");
            let codes = out.codes();
            let known = ["disk-full", "write-failed", "read-only-target"];
            assert!(codes.iter().any(|code| known.contains(&code.as_str())), "{out:?}");
            refused += 1;
        }
        drop(disk);
        drop(under);
    }
    eprintln!("disks that fail when flushed: {refused} of {} runs refused", COMMANDS.len());
    assert!(refused > 0, "the disk never failed");
}

#[test]
fn a_limit_on_the_size_of_files_is_named() {
    let mut refused = 0;
    for command in &COMMANDS {
        let place = Place::signed();
        fs::create_dir(place.path("disk")).unwrap();
        fill(&place);
        let digest = place.digest("m.pkg");
        // Blocks of 512 bytes. Without the trap, the system ends the program, as a kill.
        for blocks in [0, 1, 4, 64] {
            let words: Vec<String> = command.0.iter().map(|arg| format!("'{arg}'")).collect();
            let out = place.shell(&format!(
                "trap '' XFSZ; ulimit -f {blocks}; \"$0\" {} --json | cat",
                words.join(" ")
            ));
            let code = out.json()["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok());
            let out = Out { code, ..out };
            if judge(&place, command, &out, &digest, &["disk-full"]) {
                break;
            }
            refused += 1;
        }
    }
    eprintln!("limits on files: {refused} runs refused");
    assert!(refused >= COMMANDS.len(), "{refused}");
}
