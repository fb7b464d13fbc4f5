use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::upload;
use crate::finding::{Code, Result};
use crate::hash::{Meter, Span};
use crate::model::digest::Digest;
use crate::registry::Options;
use crate::registry::fake::{Fake, Faults};
use crate::registry::parts::{Sent, Upload, UploadSettings};

/// Larger than what is sent in one request; with one more chunk.
const LARGE: usize = 9 << 20;
const TWO_CHUNKS: usize = (64 << 20) + 1000;

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n.wrapping_mul(n) >> 5).to_le_bytes()[0]).collect()
}

fn blob(bytes: &[u8]) -> Upload {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"head").unwrap();
    file.write_all(bytes).unwrap();
    let size = bytes.len() as u64;
    Upload {
        digest: Digest::of(bytes),
        size,
        span: Span { file: Arc::new(file), offset: 4, len: size },
    }
}

/// Sends one blob, with so many retries, and checks what the meter was told.
fn send_with(
    fake: &Fake,
    blob: &Upload,
    settings: UploadSettings<'_>,
    retries: u32,
) -> Result<Sent> {
    let options = Options { retries: Some(retries), ..Options::default() };
    let meter = Meter::default();
    let session = fake.session(&options);
    let sent = upload(&session, std::slice::from_ref(blob), &settings, &meter).pop().unwrap();
    if sent.is_ok() {
        assert_eq!(meter.state(), (blob.size, blob.size));
        // What is mounted is somebody else's here.
        if sent.as_ref().is_ok_and(|sent| *sent != Sent::Mounted) {
            assert_eq!(Digest::of(&fake.blob(blob.digest).unwrap()), blob.digest);
            // What another run began, and this one could not use, stays.
            assert!(settings.sessions.is_some() || fake.open_uploads() == 0);
        }
    }
    sent
}

fn send(fake: &Fake, blob: &Upload, retries: u32) -> Result<Sent> {
    send_with(fake, blob, UploadSettings::default(), retries)
}

fn kept(folder: &Path) -> UploadSettings<'_> {
    UploadSettings { sessions: Some(folder), ..UploadSettings::default() }
}

fn methods(fake: &Fake) -> Vec<String> {
    fake.log().into_iter().map(|request| request.method).collect()
}

#[test]
fn blobs_of_every_size_arrive() {
    for (size, requests) in [
        (0, "HEAD POST PUT"),
        (1, "HEAD POST PUT"),
        (8 << 20, "HEAD POST PUT"),
        (LARGE, "HEAD POST PATCH PUT"),
        (TWO_CHUNKS, "HEAD POST PATCH PATCH PUT"),
    ] {
        let fake = Fake::new(Faults::default());
        let sent = send(&fake, &blob(&content(size)), 0).unwrap();
        assert_eq!(sent, Sent::Uploaded { bytes: size as u64 });
        assert_eq!(methods(&fake).join(" "), requests);
    }
}

#[test]
fn many_blobs_at_once_and_one_that_fails_stops_no_other() {
    let fake = Fake::new(Faults::default());
    let mut blobs: Vec<Upload> = (0..20).map(|n| blob(&content(1000 * n))).collect();
    blobs[7].digest = Digest::of(b"other");
    let meter = Meter::default();
    let session = fake.session(&Options::default());
    let results = upload(&session, &blobs, &UploadSettings::default(), &meter);
    for (n, (result, blob)) in results.iter().zip(&blobs).enumerate() {
        if n == 7 {
            assert_eq!(result.as_ref().unwrap_err().code(), Code::DigestMismatch);
        } else {
            assert_eq!(*result.as_ref().unwrap(), Sent::Uploaded { bytes: blob.size });
        }
    }
    assert!(fake.blob(blobs[7].digest).is_none());
    assert!(upload(&session, &[], &UploadSettings::default(), &meter).is_empty());
}

#[test]
fn what_is_there_is_not_sent() {
    let fake = Fake::new(Faults::default());
    let bytes = content(LARGE);
    fake.add(&bytes);
    assert_eq!(send(&fake, &blob(&bytes), 0).unwrap(), Sent::Present);
    assert_eq!(methods(&fake), ["HEAD"]);
    // Of another size, it is not the same.
    fake.add_as(Digest::of(&bytes), b"short");
    assert_eq!(send(&fake, &blob(&bytes), 0).unwrap_err().code(), Code::RegistryInvalid);
}

#[test]
fn what_another_repository_has_is_taken_from_there() {
    let mounts = ["b/c".to_owned()].into();
    let fake = Fake::new(Faults { mounts, ..Faults::default() });
    let from = ["test/model".to_owned(), "a".to_owned(), "b/c".to_owned()];
    let settings = UploadSettings { mount_from: &from, sessions: None };
    assert_eq!(send_with(&fake, &blob(&content(LARGE)), settings, 0).unwrap(), Sent::Mounted);
    // That of the first repository is given up.
    assert_eq!(methods(&fake), ["HEAD", "POST", "POST", "DELETE"]);
    assert_eq!(fake.open_uploads(), 0);
}

#[test]
fn a_mount_that_is_not_granted_is_an_upload() {
    for (status, posts) in [(None, 1), (Some(405), 2), (Some(404), 2), (Some(403), 2)] {
        let fake = Fake::new(Faults { mount_status: status, ..Faults::default() });
        let from = ["a".to_owned()];
        let settings = UploadSettings { mount_from: &from, sessions: None };
        let sent = send_with(&fake, &blob(&content(100)), settings, 0).unwrap();
        assert_eq!(sent, Sent::Uploaded { bytes: 100 });
        assert_eq!(fake.count("POST"), posts, "{status:?}");
    }
}

#[test]
fn only_names_of_repositories_are_asked_to_be_taken_from() {
    for name in ["a&digest=sha256:0", "A", "../x", "a b", "a:tag/b", ""] {
        let fake = Fake::new(Faults::default());
        let from = [name.to_owned()];
        let settings = UploadSettings { mount_from: &from, sessions: None };
        let problem = send_with(&fake, &blob(b"x"), settings, 0).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryReference, "{name}");
    }
}

#[test]
fn what_is_not_what_its_name_says_is_never_completed() {
    for size in [0, 100, LARGE, TWO_CHUNKS] {
        let fake = Fake::new(Faults::default());
        let mut blob = blob(&content(size));
        blob.digest = Digest::of(b"other");
        let problem = send(&fake, &blob, 3).unwrap_err();
        assert_eq!(problem.code(), Code::DigestMismatch, "{problem}");
        let whole = |request: &crate::registry::fake::Request| {
            request.method == "PUT" && request.body == blob.size
        };
        assert!(!fake.log().iter().any(whole));
        assert!(fake.blob(blob.digest).is_none());
        assert_eq!(fake.open_uploads(), 0, "it is given up");
    }
}

#[test]
fn a_file_that_shrank_is_named() {
    let fake = Fake::new(Faults::default());
    let mut blob = blob(&content(LARGE));
    blob.size += 1;
    assert_eq!(send(&fake, &blob, 3).unwrap_err().code(), Code::UnreadableFile);
}

#[test]
fn a_cut_is_gone_on_from_where_the_registry_is() {
    let fake = Fake::new(Faults { cut_uploads: (3_000_000, 2), ..Faults::default() });
    assert_eq!(
        send(&fake, &blob(&content(LARGE)), 1).unwrap(),
        Sent::Uploaded { bytes: LARGE as u64 }
    );
    let log = fake.log();
    let ranges: Vec<&str> = log
        .iter()
        .filter_map(|request| request.headers.get("content-range"))
        .map(String::as_str)
        .collect();
    assert_eq!(ranges, ["0-9437183", "3000000-9437183", "6000000-9437183"]);
    let kept: u64 = log.iter().map(|request| request.body).sum();
    assert_eq!(kept, LARGE as u64, "nothing is sent twice");
}

#[test]
fn cuts_without_progress_end_it() {
    let fake = Fake::new(Faults { cut_uploads: (0, 99), ..Faults::default() });
    assert_eq!(
        send(&fake, &blob(&content(LARGE)), 2).unwrap_err().code(),
        Code::TransferInterrupted
    );
    assert_eq!(fake.count("PATCH"), 3);
    let fake = Fake::new(Faults { part_chunks: (2, 99), ..Faults::default() });
    assert_eq!(
        send(&fake, &blob(&content(LARGE)), 2).unwrap_err().code(),
        Code::TransferInterrupted
    );
    let fake =
        Fake::new(Faults { chunk_status: (500, 99), part_chunks: (0, 99), ..Faults::default() });
    assert_eq!(send(&fake, &blob(&content(LARGE)), 2).unwrap_err().code(), Code::RegistryRefused);
    let fake = Fake::new(Faults { cut_uploads: (0, 99), ..Faults::default() });
    assert_eq!(send(&fake, &blob(b"small"), 2).unwrap_err().code(), Code::TransferInterrupted);
}

#[test]
fn a_registry_may_keep_less_than_was_sent() {
    let fake = Fake::new(Faults { part_chunks: (2_000_001, 3), ..Faults::default() });
    send(&fake, &blob(&content(LARGE)), 0).unwrap();
    let fake = Fake::new(Faults {
        part_chunks: (2_000_001, 2),
        chunk_status: (500, 2),
        ..Faults::default()
    });
    send(&fake, &blob(&content(LARGE)), 1).unwrap();
}

#[test]
fn a_chunk_that_was_kept_and_not_acknowledged_is_not_sent_again() {
    let fake = Fake::new(Faults { chunk_status: (502, 1), ..Faults::default() });
    send(&fake, &blob(&content(TWO_CHUNKS)), 1).unwrap();
    assert_eq!(methods(&fake).join(" "), "HEAD POST PATCH GET PATCH PUT");
}

#[test]
fn an_upload_that_is_forgotten_begins_anew() {
    let fake = Fake::new(Faults { forget: 1, ..Faults::default() });
    send(&fake, &blob(&content(LARGE)), 1).unwrap();
    assert_eq!(fake.count("POST"), 2);
    let fake = Fake::new(Faults { forget: 99, ..Faults::default() });
    assert_eq!(send(&fake, &blob(&content(LARGE)), 2).unwrap_err().code(), Code::RegistryNotFound);
    assert_eq!(fake.count("POST"), 3);
}

#[test]
fn a_completion_that_is_not_heard_of_is_looked_for() {
    for size in [100, LARGE] {
        let fake = Fake::new(Faults { silent_completion: 1, ..Faults::default() });
        send(&fake, &blob(&content(size)), 0).unwrap();
        assert_eq!((fake.count("PUT"), fake.count("HEAD")), (1, 2));
    }
}

#[test]
fn a_refused_digest_is_tried_once_more() {
    let fake = Fake::new(Faults { refuse_digest: 1, ..Faults::default() });
    send(&fake, &blob(&content(LARGE)), 3).unwrap();
    let fake = Fake::new(Faults { refuse_digest: 9, ..Faults::default() });
    let problem = send(&fake, &blob(&content(LARGE)), 3).unwrap_err();
    assert_eq!(problem.code(), Code::RegistryRefused);
    assert!(problem.to_string().contains("DIGEST_INVALID"), "{problem}");
    assert_eq!(fake.count("PUT"), 2);
}

#[test]
fn bytes_go_to_nobody_else_and_no_secret_is_told() {
    for place in [
        "http://example.org/v2/test/model/blobs/uploads/x?_state=secret",
        "https://127.0.0.1/upload?_state=secret",
        "//127.0.0.2:1/upload?_state=secret",
        "http://user:secret@127.0.0.1/x",
        "file:///secret",
    ] {
        let fake = Fake::new(Faults { location: Some(place.into()), ..Faults::default() });
        let problem = send(&fake, &blob(&content(100)), 0).unwrap_err();
        assert!(
            matches!(problem.code(), Code::RegistryInvalid | Code::RegistryNotEncrypted),
            "{problem}"
        );
        assert!(!problem.to_string().contains("secret="), "{problem}");
        assert!(!problem.to_string().contains("=secret"), "{problem}");
        assert_eq!(methods(&fake), ["HEAD", "POST"]);
    }
}

#[test]
fn more_than_was_sent_is_not_believed() {
    let fake = Fake::new(Faults { boasts: true, ..Faults::default() });
    assert_eq!(send(&fake, &blob(&content(LARGE)), 2).unwrap_err().code(), Code::RegistryInvalid);
}

#[test]
fn the_chunk_that_a_registry_wants_at_least_is_kept_to() {
    let min_chunk = Some(65 << 20);
    let fake = Fake::new(Faults { min_chunk, ..Faults::default() });
    send(&fake, &blob(&content(TWO_CHUNKS)), 0).unwrap();
    assert_eq!(fake.count("PATCH"), 1);
}

#[test]
fn the_next_run_goes_on_and_checks_the_whole_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = folder.path().join("sessions");
    let fake = Fake::new(Faults { cut_uploads: (5_000_000, 99), ..Faults::default() });
    let bytes = content(TWO_CHUNKS);
    let blob = blob(&bytes);
    // Ends at the second cut: half-way through the first chunk, as a killed run would.
    let problem = send_with(&fake, &blob, kept(&sessions), 0).unwrap_err();
    assert_eq!(problem.code(), Code::TransferInterrupted);
    assert_eq!(fake.open_uploads(), 1);
    fake.faults(|faults| faults.cut_uploads.1 = 0);
    fake.forget_log();
    let sent = send_with(&fake, &blob, kept(&sessions), 0).unwrap();
    assert_eq!(sent, Sent::Uploaded { bytes: TWO_CHUNKS as u64 - 5_000_000 });
    assert_eq!(methods(&fake).join(" "), "HEAD GET PATCH PUT");
    assert_eq!(std::fs::read_dir(&sessions).unwrap().count(), 0, "nothing stays behind");
}

#[test]
fn what_an_earlier_run_left_is_used_only_if_it_fits() {
    let folder = tempfile::tempdir().unwrap();
    let blob = blob(&content(LARGE));
    let begin = || {
        let fake = Fake::new(Faults { cut_uploads: (5_000_000, 1), ..Faults::default() });
        send_with(&fake, &blob, kept(folder.path()), 0).unwrap_err();
        let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        (fake, path, text)
    };
    for (from, to, resumed) in [
        ("", "", true),
        ("\"size\":9437184", "\"size\":9437185", false),
        ("/model\"", "/other\"", false),
        ("http://127.0.0.1", "http://example.org", false),
        ("{", "{{", false),
        ("uploads/u1", "uploads/u9", false),
    ] {
        let (fake, path, text) = begin();
        std::fs::write(&path, text.replace(from, to)).unwrap();
        assert!(from.is_empty() || text.contains(from), "{text}");
        fake.forget_log();
        send_with(&fake, &blob, kept(folder.path()), 1).unwrap();
        assert_eq!(fake.count("POST"), usize::from(!resumed), "{to}");
    }
    // A forged hash is found out; the upload begins anew.
    let (fake, path, text) = begin();
    let at = text.find("\"state\":\"").unwrap() + 9;
    let flipped = if text[at..].starts_with('0') { "1" } else { "0" };
    std::fs::write(&path, format!("{}{flipped}{}", &text[..at], &text[at + 1..])).unwrap();
    fake.forget_log();
    send_with(&fake, &blob, kept(folder.path()), 1).unwrap();
    assert_eq!(fake.count("POST"), 1);
}

#[test]
fn two_runs_that_send_the_same_blob_do_not_share_an_upload() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::new(Faults::default());
    let blob = blob(&content(LARGE));
    let results: Vec<Result<Sent>> = std::thread::scope(|scope| {
        let run = || send_with(&fake, &blob, kept(folder.path()), 1);
        let threads = [scope.spawn(run), scope.spawn(run)];
        threads.map(|thread| thread.join().unwrap()).into()
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[test]
fn a_denial_stops_everything() {
    let fake = Fake::new(Faults { chunk_status: (403, 99), ..Faults::default() });
    let blobs: Vec<Upload> = (0..4).map(|n| blob(&content(LARGE + n))).collect();
    let session = fake.session(&Options { jobs: 1, ..Options::default() });
    let results = upload(&session, &blobs, &UploadSettings::default(), &Meter::default());
    assert!(
        results.iter().all(|result| result.as_ref().unwrap_err().code() == Code::RegistryDenied)
    );
    assert_eq!(fake.count("PATCH"), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn any_cuts_give_the_bytes_and_send_none_twice(
        more in 1_usize..3_000_000,
        cut in 200_000_u64..4_000_000,
        cuts in 0_u32..4,
        retries in 0_u32..2,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let bytes = content((8 << 20) + more);
        let blob = blob(&bytes);
        let fake = Fake::new(Faults { cut_uploads: (cut, cuts), ..Faults::default() });
        let mut runs = 0;
        while let Err(problem) = send_with(&fake, &blob, kept(folder.path()), retries) {
            prop_assert_eq!(problem.code(), Code::TransferInterrupted);
            runs += 1;
            prop_assert!(runs <= cuts);
        }
        let kept: u64 = fake.log().iter().map(|request| request.body).sum();
        prop_assert_eq!(kept, blob.size);
    }
}
