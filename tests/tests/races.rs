//! Folders and files that are swapped for links while the program reads or writes them.
//!
//! A thread swaps without a pause while the program runs a fixed number of times. Whatever
//! the program says, nothing outside may be read into a release or changed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pkg_tests::{Layout, Place, binary};
use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Runs of each kind; `PKG_TEST_RACES` makes it more.
fn rounds() -> usize {
    std::env::var("PKG_TEST_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(25)
}

/// What must never be in a release.
const SECRET: &str = "a secret of somebody else\n";

/// Swaps two names over and over while `work` runs; gives how often.
fn swapping(one: &Path, other: &Path, work: impl FnOnce()) -> u64 {
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
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
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
    let swaps = swapping(&place.path("model/code"), &place.path("link"), || {
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
    let swaps = swapping(&place.path("model/model-1.safetensors"), &place.path("link"), || {
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

#[test]
fn nothing_outside_is_signed_while_a_folder_becomes_a_link() {
    let scratch = Place::with_model();
    let file = first_file(&scratch.path("model/code"));
    let place = model_and_outside("code", &file);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    fs::remove_file(place.path("model/pkg.toml")).unwrap();
    let before = fs::read(place.path("model/code").join(&file)).unwrap();
    symlink(place.path("outside"), place.path("link")).unwrap();
    let args = ["sign", "model", "--key", "k.key", "--signature", "m.sig", "--force"];
    let swaps = swapping(&place.path("model/code"), &place.path("link"), || {
        for _ in 0..rounds() {
            let out = place.run(&args);
            assert!(out.code.is_some_and(|code| code < 100), "{out:?}");
            assert!(!out.stderr.contains("panicked"), "{out:?}");
        }
    });
    assert!(swaps > 0);
    // What the last signature says of that file, if anything, is what lies inside.
    if place.path("model/code").is_symlink() {
        fs::remove_file(place.path("model/code")).unwrap();
        fs::rename(place.path("link"), place.path("model/code")).unwrap();
    }
    assert_eq!(fs::read(place.path("model/code").join(&file)).unwrap(), before);
    if let Ok(bytes) = fs::read(place.path("m.sig")) {
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let payload = document["dsseEnvelope"]["payload"].as_str().unwrap();
        use base64::Engine as _;
        let payload = base64::engine::general_purpose::STANDARD.decode(payload).unwrap();
        use sha2::Digest as _;
        let secret = fs::read(place.path("outside").join(&file)).unwrap();
        let digest: String =
            sha2::Sha256::digest(&secret).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!String::from_utf8(payload).unwrap().contains(&digest));
    }
}

#[test]
fn nothing_outside_is_written_while_the_folder_being_unpacked_gets_links() {
    let place = Place::packed();
    fs::create_dir(place.path("outside")).unwrap();
    symlink(place.path("outside"), place.path("link")).unwrap();
    // The output is made aside under this name, where an attacker may write.
    let aside = place.path(".out.partial/code");
    let (mut unpacked, mut refused) = (0, 0);
    let swaps = swapping(&aside, &place.path("link"), || {
        for _ in 0..rounds() {
            let out = place.run(&["unpack", "m.pkg", "out"]);
            if out.code == Some(0) {
                unpacked += 1
            } else {
                refused += 1
            }
            assert!(out.code.is_some_and(|code| code < 100), "{out:?}");
            assert!(!out.stderr.contains("panicked"), "{out:?}");
            assert_eq!(fs::read_dir(place.path("outside")).unwrap().count(), 0, "{out:?}");
            if place.path("out").exists() {
                fs::remove_dir_all(place.path("out")).unwrap();
            }
            // The link may have gone with what was removed.
            if !place.path("link").is_symlink() {
                let _ = fs::remove_dir_all(place.path("link"));
                let _ = symlink(place.path("outside"), place.path("link"));
            }
        }
    });
    println!("{unpacked} unpacked, {refused} refused, {swaps} swaps");
    assert_eq!(unpacked + refused, rounds());
    assert_eq!(fs::read_dir(place.path("outside")).unwrap().count(), 0);
}

#[test]
fn nothing_outside_is_written_while_files_are_moved_into_a_folder_with_links() {
    let place = Place::packed();
    for name in ["outside", "out", "out/code"] {
        fs::create_dir(place.path(name)).unwrap();
    }
    symlink(place.path("outside"), place.path("link")).unwrap();
    let swaps = swapping(&place.path("out/code"), &place.path("link"), || {
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
    assert!(binary().is_file());
}
