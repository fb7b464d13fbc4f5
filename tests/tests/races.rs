//! Folders and files that are swapped for links while the program reads or writes them.
//!
//! A thread swaps without a pause while the program runs a fixed number of times. Whatever
//! the program says, nothing outside may be read into a release or changed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_tests::{Layout, Place};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::Digest as _;

/// Runs of each kind; `PKG_TEST_RACES` makes it more.
fn rounds() -> usize {
    std::env::var("PKG_TEST_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(25)
}

/// What must never be in a release.
const SECRET: &str = "a secret of somebody else\n";

/// Rounds that come on top, at most, until what has to happen once has happened.
const MORE: usize = 40;

/// Runs all rounds, and more while what has to happen has not; gives how many.
fn repeat(mut round: impl FnMut() -> bool) -> usize {
    let (mut count, mut happened) = (0, false);
    while count < rounds() || (!happened && count < MORE * rounds()) {
        happened |= round();
        count += 1;
    }
    assert!(happened, "what is raced for did not happen in {count} rounds");
    count
}

/// Swaps two names over and over while `work` runs; gives how often. `work` can see how
/// often it was up to then.
fn swapping(one: &Path, other: &Path, work: impl FnOnce(&AtomicU64)) -> u64 {
    let (done, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // One of them may not be there yet, or no more.
                if renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok() {
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        // A failed assertion must not leave the other thread at work.
        let work = std::panic::AssertUnwindSafe(|| work(&swaps));
        let result = std::panic::catch_unwind(work);
        done.store(true, Ordering::Relaxed);
        swapper.join().expect("the swapping thread");
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
    swaps.load(Ordering::Relaxed)
}

/// Whether the secret is in a file below a path, as it is or in a compressed layer.
fn holds_secret(path: &Path) -> bool {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().any(|entry| holds_secret(&entry.unwrap().path()));
    }
    let bytes = fs::read(path).unwrap();
    let plain = zstd::decode_all(&bytes[..]).unwrap_or(bytes);
    plain.windows(SECRET.len()).any(|part| part == SECRET.as_bytes())
}

/// A model, and outside of it a folder with the same names and a secret in each file.
fn model_and_outside(folder: &str, file: &str) -> Place {
    let place = Place::with_model();
    let original = place.path("model").join(folder).join(file);
    let outside = place.path("outside");
    fs::create_dir(&outside).unwrap();
    let size = usize::try_from(fs::metadata(&original).unwrap().len()).unwrap();
    // As long as the original, so that no size gives it away.
    let text = SECRET.repeat(1 + size / SECRET.len());
    fs::write(outside.join(file), &text.as_bytes()[..size.max(SECRET.len())]).unwrap();
    if size < SECRET.len() {
        fs::write(&original, "x".repeat(SECRET.len())).unwrap();
    }
    place
}

fn first_file(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let file = files.filter(|entry| entry.path().is_file()).min_by_key(fs::DirEntry::file_name);
    file.unwrap().file_name().into_string().unwrap()
}

#[test]
fn nothing_outside_is_packed_while_a_folder_becomes_a_link() {
    let scratch = Place::with_model();
    let file = first_file(&scratch.path("model/code"));
    let place = model_and_outside("code", &file);
    symlink(place.path("outside"), place.path("link")).unwrap();
    let (mut packed, mut refused) = (0, 0);
    let swaps = swapping(&place.path("model/code"), &place.path("link"), |_| {
        for _ in 0..rounds() {
            let out = place.run(&["pack", "model", "-o", "m.pkg", "--no-cache", "--force"]);
            if out.code == Some(0) {
                packed += 1;
                assert!(!holds_secret(&place.path("m.pkg")), "{out:?}");
            } else {
                refused += 1;
                assert!(matches!(out.code, Some(1 | 2)), "{out:?}");
                assert!(!out.stderr.contains("panicked"), "{out:?}");
            }
        }
    });
    println!("{packed} packed, {refused} refused, {swaps} swaps");
    assert_eq!(packed + refused, rounds());
    assert!(swaps > 0);
}

#[test]
fn nothing_outside_is_linked_into_a_bundle_while_a_file_becomes_another() {
    let place = model_and_outside("", "model-1.safetensors");
    let secret = place.path("outside/model-1.safetensors");
    let secret_bytes = fs::read(&secret).unwrap();
    symlink(&secret, place.path("link")).unwrap();
    let swaps = swapping(&place.path("model/model-1.safetensors"), &place.path("link"), |_| {
        for _ in 0..rounds() {
            let args =
                ["pack", "model", "-o", "m.pkg", "--no-cache", "--force", "--store", "hardlink"];
            let out = place.run(&args);
            if out.code == Some(0) {
                assert!(!holds_secret(&place.path("m.pkg")), "{out:?}");
                place.ok(&[
                    "verify",
                    "m.pkg",
                    "--digest",
                    &Layout::at(&place.path("m.pkg")).digest(),
                ]);
            } else {
                assert!(matches!(out.code, Some(1 | 2)), "{out:?}");
            }
        }
    });
    assert!(swaps > 0);
    assert_eq!(fs::read(&secret).unwrap(), secret_bytes);
}

/// What a model signature says, as text.
fn payload(path: &Path) -> String {
    let document: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let payload = STANDARD.decode(document["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    String::from_utf8(payload).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn nothing_outside_is_signed_while_a_folder_becomes_a_link() {
    let scratch = Place::with_model();
    let file = first_file(&scratch.path("model/code"));
    let place = model_and_outside("code", &file);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    fs::remove_file(place.path("model/pkg.toml")).unwrap();
    let inside = sha256(&fs::read(place.path("model/code").join(&file)).unwrap());
    let outside = sha256(&fs::read(place.path("outside").join(&file)).unwrap());
    symlink(place.path("outside"), place.path("link")).unwrap();
    let args = ["sign", "model", "--key", "k.key", "--signature", "m.sig", "--force"];
    let (mut signed, mut refused) = (0, 0);
    let swaps = swapping(&place.path("model/code"), &place.path("link"), |_| {
        repeat(|| {
            let out = place.run(&args);
            if out.code != Some(0) {
                refused += 1;
                assert!(matches!(out.code, Some(1 | 2 | 10)), "{out:?}");
                assert!(!place.path("m.sig").exists(), "{out:?}");
                return false;
            }
            signed += 1;
            let payload = payload(&place.path("m.sig"));
            assert!(payload.contains("resources"), "{payload}");
            assert!(!payload.contains(&outside), "{payload}");
            fs::remove_file(place.path("m.sig")).unwrap();
            // Without the folder, where it was a link that the format leaves out.
            payload.contains(&inside)
        });
    });
    println!("{signed} signed, {refused} refused, {swaps} swaps");
    assert!(swaps > 0);
}

#[test]
fn nothing_outside_is_written_while_the_folder_being_unpacked_gets_links() {
    let place = Place::packed();
    fs::create_dir(place.path("outside")).unwrap();
    symlink(place.path("outside"), place.path("link")).unwrap();
    // The output is made aside under this name, where an attacker may write.
    let aside = place.path(".out.partial/code");
    let (mut unpacked, mut refused) = (0, 0);
    let mut count = 0;
    let swaps = swapping(&aside, &place.path("link"), |swaps| {
        count = repeat(|| {
            let out = place.run(&["unpack", "m.pkg", "out"]);
            if out.code == Some(0) {
                unpacked += 1;
            } else {
                refused += 1;
            }
            assert!(out.code.is_some_and(|code| code < 100), "{out:?}");
            assert_eq!(fs::read_dir(place.path("outside")).unwrap().count(), 0, "{out:?}");
            // A swap that had found the folder under its old name may come in between.
            let gone = (0..100).any(|_| {
                let _ = fs::remove_dir_all(place.path("out"));
                !place.path("out").exists()
            });
            assert!(gone, "the folder cannot be removed");
            // The link may have gone with what was removed.
            if !place.path("link").is_symlink() {
                let _ = fs::remove_dir_all(place.path("link"));
                let _ = symlink(place.path("outside"), place.path("link"));
            }
            swaps.load(Ordering::Relaxed) > 0
        });
    });
    println!("{unpacked} unpacked, {refused} refused, {swaps} swaps");
    assert_eq!(unpacked + refused, count);
    assert!(swaps > 0);
    assert_eq!(fs::read_dir(place.path("outside")).unwrap().count(), 0);
}

#[test]
fn nothing_outside_is_written_while_files_are_moved_into_a_folder_with_links() {
    let place = Place::packed();
    for name in ["outside", "out", "out/code"] {
        fs::create_dir(place.path(name)).unwrap();
    }
    symlink(place.path("outside"), place.path("link")).unwrap();
    let swaps = swapping(&place.path("out/code"), &place.path("link"), |_| {
        for _ in 0..rounds() {
            let out = place.run(&["unpack", "m.pkg", "out", "--force"]);
            assert!(out.code.is_some_and(|code| code < 100), "{out:?}");
            assert_eq!(fs::read_dir(place.path("outside")).unwrap().count(), 0, "{out:?}");
        }
    });
    assert!(swaps > 0);
}

#[test]
fn a_link_in_the_place_of_an_output_folder_is_never_written_through() {
    let place = Place::packed();
    fs::create_dir(place.path("outside")).unwrap();
    fs::create_dir(place.path("out")).unwrap();
    symlink("../outside", place.path("out/code")).unwrap();
    let out = place.run(&["unpack", "m.pkg", "out", "--force"]);
    assert_ne!(out.code, Some(0), "{out:?}");
    assert_eq!(fs::read_dir(place.path("outside")).unwrap().count(), 0);
    // What waits under the name for unfinished output is replaced, not used.
    symlink("outside", place.path(".new.partial")).unwrap();
    place.ok(&["unpack", "m.pkg", "new"]);
    assert_eq!(fs::read_dir(place.path("outside")).unwrap().count(), 0);
}
