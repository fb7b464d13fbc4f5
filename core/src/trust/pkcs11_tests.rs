//! Tests of what is decided before a module is loaded.

use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Pin, PinSource, is_named, is_uri, module, open, read_pin};
use crate::finding::Code;
use crate::trust::pkcs11_uri::Pkcs11Uri;

fn uri(text: &str) -> Pkcs11Uri {
    Pkcs11Uri::parse(text).unwrap()
}

#[test]
fn the_module_is_named_by_the_caller_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libmodule.so.2");
    fs::write(&path, "").unwrap();
    let here = path.to_str().unwrap();
    let named = uri(&format!("pkcs11:?module-path={here}"));
    let bare = uri("pkcs11:");
    assert_eq!(module(&named, None, "x").unwrap(), path);
    assert_eq!(module(&named, Some("/other".into()), "x").unwrap(), path, "the URI comes first");
    assert_eq!(module(&bare, Some(path.clone()), "x").unwrap(), path);
    let called = |name: &str| uri(&format!("pkcs11:?module-name={name}&module-path={here}"));
    assert_eq!(module(&called("module"), None, "x").unwrap(), path);
    for (uri, environment) in [
        (&bare, None),
        (&bare, Some(PathBuf::new())),
        (&bare, Some("libmodule.so.2".into())),
        (&bare, Some("/no/such/module.so".into())),
        (&bare, Some(folder.path().to_owned())),
        (&uri("pkcs11:?module-path=libmodule.so.2"), Some(path.clone())),
        (&uri("pkcs11:?module-name=module"), None),
        (&called("other"), None),
    ] {
        let problem = module(uri, environment.clone(), "x").unwrap_err();
        assert_eq!(problem.code(), Code::Pkcs11Module, "{uri:?} {environment:?}");
    }
    for (file, name, fits) in
        [("a.so", "a", true), ("liba.so", "liba", true), ("ab.so", "a", false), ("", "a", false)]
    {
        assert_eq!(is_named(Path::new(file), name), fits, "{file}");
    }
}

#[test]
fn opening_says_what_is_missing() {
    assert!(is_uri("pkcs11:token=a") && !is_uri("keys/pkcs11.key"));
    let refused = |uri: &str| open(uri, PinSource::None).map(|_| ()).unwrap_err().code();
    assert_eq!(refused("pkcs11:nonsense"), Code::Pkcs11Uri);
    let wanted = if cfg!(feature = "pkcs11") { Code::Pkcs11Module } else { Code::Pkcs11NotBuilt };
    assert_eq!(refused("pkcs11:?module-path=/no/such/module.so"), wanted);
    // A file that is there, but is no library.
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(refused(&format!("pkcs11:?module-path={}", file.path().display())), wanted);
}

#[test]
fn the_pin_comes_from_where_the_uri_says() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for content in ["1234", "1234\n", "1234\r\n"] {
        fs::write(path, content).unwrap();
        for source in [
            path.to_owned(),
            format!("file:{path}"),
            format!("file://{path}"),
            format!("file://localhost{path}"),
        ] {
            assert_eq!(read_pin(&source, "x").unwrap().as_str(), "1234", "{source}");
        }
    }
    for content in [&b""[..], b"\n", b"1\n2", b"1234\n\n", b"\xff", &[b'1'; 2000]] {
        fs::write(path, content).unwrap();
        assert_eq!(read_pin(path, "x").unwrap_err().code(), Code::Pkcs11Uri, "{content:?}");
    }
    for source in ["|/usr/bin/pin", "pin.txt", "file:pin.txt", "file://host/pin", "http://x/"] {
        assert_eq!(read_pin(source, "x").unwrap_err().code(), Code::Pkcs11Uri, "{source}");
    }
    assert_eq!(read_pin("/no/such/file", "x").unwrap_err().code(), Code::PathNotFound);

    let asked = || PinSource::Ask(Box::new(|token| Ok(Zeroizing::new(format!("for {token}")))));
    let pin = |text: &str, source| {
        Pin { uri: &uri(text), source, subject: "x" }.obtain("label").map(|pin| pin.to_string())
    };
    assert_eq!(pin("pkcs11:?pin-value=1", asked()).unwrap(), "1");
    if std::env::var_os(super::PIN_VARIABLE).is_none() {
        assert_eq!(pin("pkcs11:", asked()).unwrap(), "for label");
        assert_eq!(pin("pkcs11:", PinSource::None).unwrap_err().code(), Code::Pkcs11PinNeeded);
    }
    assert_eq!(format!("{:?}", asked()), "Ask(..)");
}
