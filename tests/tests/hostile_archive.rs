//! Archives of a layout: cut, repeated, foreign.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use pkg_tests::Place;

fn archive() -> Place {
    let place = Place::with_model();
    place.ok(&["pack", "model", "-o", "m.tar"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.tar", "--key", "k.key"]);
    place
}

fn refused(place: &Place, code: &str, exit: i32) {
    place.finds(&["verify", "m.tar", "--key", "k.pub"], code, exit);
    let before = place.names();
    assert_eq!(place.run(&["unpack", "m.tar", "out"]).code, Some(exit));
    assert_eq!(place.names(), before);
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let place = archive();
    let whole = fs::read(place.path("m.tar")).unwrap();
    for keep in
        [whole.len() / 2, whole.len() - 1024, whole.len() - 1, whole.len() - 5000, 2000, 1100]
    {
        fs::write(place.path("m.tar"), &whole[..keep]).unwrap();
        let out = place.run(&["verify", "m.tar", "--key", "k.pub", "--json"]);
        assert_eq!(out.code, Some(10), "{keep}: {out:?}");
        assert_eq!(out.codes(), ["archive-invalid"], "{keep}");
    }
    fs::write(place.path("m.tar"), &whole[..600]).unwrap();
    refused(&place, "not-a-bundle", 2);
    fs::write(place.path("m.tar"), &whole).unwrap();
    place.ok(&["verify", "m.tar", "--key", "k.pub"]);
}

#[test]
fn a_changed_byte_of_content_is_found() {
    let place = archive();
    let mut bytes = fs::read(place.path("m.tar")).unwrap();
    let needle = 12_345.0_f32.to_le_bytes();
    let at = bytes.windows(4).position(|window| window == needle).unwrap();
    bytes[at] ^= 1;
    fs::write(place.path("m.tar"), bytes).unwrap();
    refused(&place, "digest-mismatch", 10);
}

fn unpacked_by_tar(place: &Place) {
    fs::create_dir(place.path("layout")).unwrap();
    let mut tar = Command::new("tar");
    tar.current_dir(place.path(".")).args(["-xf", "m.tar", "-C", "layout"]);
    assert!(tar.status().unwrap().success());
}

fn packed_by_tar(place: &Place, args: &[&str]) {
    let mut tar = Command::new("tar");
    tar.current_dir(place.path(".")).args(["-cf", "m.tar"]).args(args);
    assert!(tar.status().unwrap().success());
}

#[test]
fn what_tar_makes_of_a_layout_verifies_in_any_order() {
    let place = archive();
    unpacked_by_tar(&place);
    place.ok(&["verify", "layout", "--key", "k.pub"]);
    packed_by_tar(&place, &["-C", "layout", "."]);
    place.ok(&["verify", "m.tar", "--key", "k.pub"]);
    packed_by_tar(&place, &["-C", "layout", "index.json", "blobs", "oci-layout"]);
    place.ok(&["verify", "m.tar", "--key", "k.pub"]);
    packed_by_tar(&place, &["--sort=name", "-C", "layout", "blobs", "index.json"]);
    refused(&place, "not-a-bundle", 2);
}

#[test]
fn entries_that_do_not_belong_are_refused() {
    let place = archive();
    unpacked_by_tar(&place);
    let add = |name: &str, make: &dyn Fn(&Path)| {
        let path = place.path("layout").join(name);
        make(&path);
        packed_by_tar(&place, &["-C", "layout", "."]);
        fs::remove_file(path).unwrap();
    };
    add("evil", &|path| fs::write(path, "x").unwrap());
    refused(&place, "tar-entry-refused", 10);
    add("blobs/sha256/short", &|path| fs::write(path, "x").unwrap());
    refused(&place, "tar-entry-refused", 10);
    let link = format!("blobs/sha256/{}", "0".repeat(64));
    add(&link, &|path| std::os::unix::fs::symlink("/etc/passwd", path).unwrap());
    refused(&place, "tar-entry-refused", 10);
    packed_by_tar(&place, &["--format=pax", "-C", "layout", "."]);
    refused(&place, "tar-entry-refused", 10);
    packed_by_tar(&place, &["--hard-dereference", "-C", "layout", ".", "index.json"]);
    refused(&place, "duplicate-path", 10);
}

#[test]
fn other_files_are_no_archives() {
    let place = archive();
    let mut gzip = Command::new("gzip");
    assert!(gzip.current_dir(place.path(".")).arg("m.tar").status().unwrap().success());
    fs::rename(place.path("m.tar.gz"), place.path("m.tar")).unwrap();
    refused(&place, "not-a-bundle", 2);
    let mut noise = fs::File::create(place.path("m.tar")).unwrap();
    noise.write_all(&[0xa5; 10_000]).unwrap();
    refused(&place, "not-a-bundle", 2);
}
