//! Names beneath a folder, with links in the way of each part, by both ways to resolve.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Dir, FileRef, Readable as _};
use crate::finding::Code;

/// `in/a/b/file`, and `out/file` that nothing beneath `in` may reach.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("in/a/b")).unwrap();
    fs::create_dir_all(dir.path().join("out/b")).unwrap();
    fs::write(dir.path().join("in/a/b/file"), "inside").unwrap();
    fs::write(dir.path().join("out/b/file"), "outside").unwrap();
    dir
}

#[test]
fn both_ways_to_resolve_refuse_the_same_names() {
    let dir = place();
    let root = dir.path().join("in");
    symlink("../out", root.join("link")).unwrap();
    symlink("a", root.join("inner")).unwrap();
    symlink("file", root.join("a/b/last")).unwrap();
    let open = Dir::open(&root).unwrap();
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let raw = |error: std::io::Error| error.raw_os_error();
    for (name, errno) in [
        ("link/b/file", Errno::LOOP),
        ("inner/b/file", Errno::LOOP),
        ("a/b/last", Errno::LOOP),
        ("link", Errno::LOOP),
        ("a/none/file", Errno::NOENT),
        ("a/b/file/more", Errno::NOTDIR),
    ] {
        let fast = open.open_at(Path::new(name), flags, Mode::empty()).unwrap_err();
        let slow = open.open_in_steps(Path::new(name), flags, Mode::empty()).unwrap_err();
        assert_eq!(raw(fast), Some(errno.raw_os_error()), "{name}");
        assert_eq!(raw(slow), Some(errno.raw_os_error()), "{name}");
    }
    for name in ["", ".", "..", "../out/b/file", "a/../../out/b/file", "/etc/passwd"] {
        let refused = open.open_regular(name).unwrap_err();
        assert_eq!(refused.code(), Code::UnreadableFile, "{name:?}");
        assert!(open.open_in_steps(Path::new(name), flags, Mode::empty()).is_err(), "{name:?}");
    }
    for opened in [
        open.open_at(Path::new("a/b/file"), flags, Mode::empty()),
        open.open_in_steps(Path::new("a/b/file"), flags, Mode::empty()),
    ] {
        let mut text = String::new();
        fs::File::from(opened.unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "inside");
    }
}

#[test]
fn a_file_is_found_where_it_was_listed_or_not_at_all() {
    let dir = place();
    let root = dir.path().join("in");
    let open = Arc::new(Dir::open(&root).unwrap());
    let file = FileRef::beneath(&open, "a/b/file");
    assert_eq!(file.as_path(), root.join("a/b/file"));
    // A folder on the way becomes a link.
    fs::rename(root.join("a"), root.join("kept")).unwrap();
    symlink("../out", root.join("a")).unwrap();
    assert_eq!(fs::read(&*file).unwrap(), b"outside", "a path would have been led away");
    assert_eq!(file.open_regular().unwrap_err().code(), Code::SymlinkInRelease);
    // The folder itself is renamed, and another one is in its place.
    fs::remove_file(root.join("a")).unwrap();
    fs::rename(root.join("kept"), root.join("a")).unwrap();
    fs::rename(&root, dir.path().join("moved")).unwrap();
    symlink("out", &root).unwrap();
    let mut text = String::new();
    file.open_regular().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "inside");
}

#[test]
fn pipes_sockets_folders_and_devices_are_refused_without_waiting() {
    let dir = place();
    let root = dir.path().join("in");
    let (kind, mode) = (rustix::fs::FileType::Fifo, Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), kind, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let open = Dir::open(&root).unwrap();
    assert_eq!(open.open_regular("pipe").unwrap_err().code(), Code::SpecialFile);
    assert_eq!(open.open_regular("a").unwrap_err().code(), Code::SpecialFile);
    assert!(open.open_regular("socket").is_err());
    assert!(open.open_to_write("pipe").is_err());
    let devices = Dir::open(Path::new("/dev")).unwrap();
    assert_eq!(devices.open_regular("zero").unwrap_err().code(), Code::SpecialFile);
}

#[test]
fn nothing_is_written_linked_or_made_through_a_link() {
    let dir = place();
    let (root, out) = (dir.path().join("in"), dir.path().join("out"));
    symlink("../out", root.join("link")).unwrap();
    symlink("../out/new", root.join("dangling")).unwrap();
    let open = Dir::open(&root).unwrap();
    assert!(open.create_new("link/new", false).is_err());
    assert!(open.create_new("dangling", false).is_err());
    assert!(open.open_to_write("link/b/file").is_err());
    assert!(open.write_synced("link/new", b"x").is_err());
    assert!(open.make_folders("link/new").is_err());
    assert!(open.hard_link(&root.join("a/b/file"), "link/new").is_err());
    assert!(open.folder("link").is_err());
    // Listing calls a link no folder, and clearing removes the link alone.
    let listed = open.list().unwrap();
    assert!(listed.contains(&("link".into(), false)) && listed.contains(&("a".into(), true)));
    open.clear().unwrap();
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    assert_eq!(fs::read(out.join("b/file")).unwrap(), b"outside");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn moving_stops_at_a_link_in_the_place_of_a_folder() {
    let dir = place();
    let (root, to) = (dir.path().join("in"), dir.path().join("to"));
    fs::create_dir(&to).unwrap();
    symlink("../out", to.join("a")).unwrap();
    let (from, into) = (Dir::open(&root).unwrap(), Dir::open(&to).unwrap());
    assert!(from.move_into(&into).is_err());
    assert_eq!(fs::read(dir.path().join("out/b/file")).unwrap(), b"outside");
    fs::remove_file(to.join("a")).unwrap();
    from.move_into(&into).unwrap();
    assert_eq!(fs::read(to.join("a/b/file")).unwrap(), b"inside");
}
