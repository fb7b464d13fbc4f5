//! Verifying opens no socket: a run that tried to would be killed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output};

use pkg_rig::TokenSpec;
use pkg_tests::Place;
use pkg_tests::keyless::{ADA, Keyless};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// Runs a command in which the system call `socket` kills the process.
///
/// A filter holds for a thread and what it starts, and cannot be taken off.
fn without_sockets(mut command: Command) -> Output {
    let rules = BTreeMap::from([(libc::SYS_socket, vec![])]);
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    let run = move || {
        seccompiler::apply_filter(&program).unwrap();
        command.output().unwrap()
    };
    std::thread::spawn(run).join().unwrap()
}

#[test]
fn verifying_opens_no_socket() {
    let test = Keyless::new(Place::signed());
    assert_eq!(test.sign(&TokenSpec::email(ADA), 1).code, Some(0));
    let place = &test.place;
    place.ok(&["pack", "model", "-o", "m.tar"]);
    let root = ["--identity", ADA, "--trusted-root", "root.json"];
    fs::write(place.path("a.txt"), "hello").unwrap();
    let token = test.rig.token(&TokenSpec::email(ADA));
    let config = ["--signing-config", "signing2.json", "--trusted-root", "root.json"];
    let sign = ["sigstore", "sign-bundle", "--identity-token", &token, "--bundle", "b.json"];
    place.ok(&[&sign[..], &config, &["a.txt"]].concat());
    let digest = place.digest("m.tar");
    for args in [
        [&["verify", "m.pkg", "--key", "k.pub"][..], &[]].concat(),
        [&["verify", "m.pkg"][..], &root].concat(),
        [&["verify", "m.pkg", "--offline"][..], &root].concat(),
        vec!["verify", "m.tar", "--digest", &digest],
        [&["show", "m.pkg"][..], &root].concat(),
        vec!["unpack", "m.pkg", "out"],
        [&["verify", "out"][..], &root].concat(),
        [&["sigstore", "verify-bundle", "--bundle", "b.json"][..], &root, &["a.txt"]].concat(),
        [&["export", "m.pkg", "usb", "--with-root"][..], &root].concat(),
        vec!["sign", "m.tar", "--key", "k.key"],
    ] {
        let output = without_sockets(place.command(&args));
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
    }
    // The filter does what it says: signing by identity needs a socket.
    let output = without_sockets(place.command(&[&sign[..], &config, &["a.txt"]].concat()));
    assert_eq!(output.status.signal(), Some(libc::SIGSYS), "{output:?}");
    // Where all is forbidden, it is said before anything is tried.
    let forbidden = [&sign[..], &config, &["--offline", "a.txt"]].concat();
    let output = without_sockets(place.command(&forbidden));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn an_export_is_all_that_a_site_without_a_network_needs() {
    let test = Keyless::new(Place::packed());
    assert_eq!(test.sign(&TokenSpec::email(ADA), 2).code, Some(0));
    let place = &test.place;
    let trust = ["--identity", ADA, "--trusted-root", "root.json", "--with-root"];
    place.ok(&[&["export", "m.pkg", "usb"][..], &trust].concat());
    for name in ["release.pkg/oci-layout", "trusted_root.json", "README.txt"] {
        assert!(place.path("usb").join(name).exists(), "{name}");
    }
    let there = ["verify", "usb/release.pkg", "--identity", ADA, "--trusted-root"];
    place.ok(&[&there[..], &["usb/trusted_root.json"]].concat());
    let before = place.names();
    place.finds(&[&["export", "m.pkg", "usb"][..], &trust].concat(), "output-exists", 2);
    place.finds(&[&["export", "m.pkg", "m.pkg/usb"][..], &trust].concat(), "output-exists", 2);
    let eve = ["--identity", "eve@example.com", "--trusted-root", "root.json"];
    place.finds(&[&["export", "m.pkg", "usb2"][..], &eve].concat(), "identity-mismatch", 10);
    assert_eq!(place.names(), before);
}
