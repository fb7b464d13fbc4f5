//! What registries say, and what a download keeps.

use std::ffi::OsString;

use pkg_core::registry::{
    self, Journal, Reference, challenge as challenges, credentials as passes,
};
use serde_json::Value;

use crate::seeds;

pub(super) fn reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(reference) = text.parse::<Reference>() else { return };
    assert_eq!(reference.to_string(), text, "a reference is written as it was read");
    assert!(!reference.host().is_empty() && !reference.repository().is_empty());
    // Nothing of it can be more than a name in an address.
    let plain = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%@\\\"<>".contains(&byte))
    };
    assert!(plain(reference.host()) && plain(reference.repository()));
    assert!(
        !reference.repository().split('/').any(|part| part.is_empty() || part.starts_with('.'))
    );
}

pub(super) fn reference_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "oci://registry.example.org/lab/tiny:1.0",
        "oci://127.0.0.1:5000/a/b__c/d--e.f@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "oci://[::1]:443/a:latest@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ])
}

pub(super) fn challenge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found = challenges::parse(text.lines());
    assert!(found.len() <= 8);
    for one in &found {
        assert!(!one.is(""), "a challenge without a scheme");
        let _ = (one.get("realm"), one.get("service"), one.get("scope"));
    }
    assert_eq!(found, challenges::parse(text.lines()));
}

pub(super) fn challenge_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "Bearer realm=\"https://auth.example.org/token\",service=\"example.org\",scope=\"repository:a/b:pull,push\"",
        "Basic realm=\"a \\\"b\\\"\" , , BEARER  Realm = x ,a=b, Negotiate abc==, Digest q=\"1, 2\"\nOther",
    ])
}

pub(super) fn error(data: &[u8]) {
    let told = challenges::told(data, |text| text.replace("secret", "***"));
    assert!(!told.contains("secret"), "a secret is told");
    assert!(
        !told.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "what is told moves a terminal"
    );
    assert!(told.len() <= 4096, "{} bytes are told", told.len());
}

pub(super) fn error_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        r#"{"errors":[{"code":"DENIED","message":"no secret \u001b[2J","detail":{"a":[1]}},{"code":"X"},{},{"message":"late"}]}"#,
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"\u202eslow down"}]}"#,
    ])
}

pub(super) fn token(data: &[u8]) {
    if let Some((token, life)) = registry::granted(data) {
        assert!(!token.is_empty() && token.len() <= 32 << 10);
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()), "a token that splits a header");
        assert!(life.as_secs() <= 24 * 60 * 60);
    }
}

pub(super) fn token_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        r#"{"token":"abc.def-ghi","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}"#,
        r#"{"token":"","access_token":"abc","refresh_token":"x","expires_in":18446744073709551615}"#,
    ])
}

pub(super) fn referrer(data: &[u8]) {
    let Ok(list) = serde_json::from_slice::<Value>(data) else { return };
    let entries = list.get("manifests").and_then(Value::as_array).into_iter().flatten();
    for entry in entries.chain([&list]) {
        if registry::check_entry(entry).is_ok() {
            assert!(entry["digest"].as_str().is_some_and(|digest| digest.contains(':')));
            assert!(entry.to_string().len() <= 32 << 10);
            // What stands in a list is read as a descriptor, or refused by name.
            let _ = serde_json::from_value::<pkg_core::bundle::oci::Descriptor>(entry.clone());
        }
    }
}

pub(super) fn referrer_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":7,"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","annotations":{"a":"b"}},{"mediaType":"a/b","digest":"sha512:abc","size":0}]}"#,
    ])
}

pub(super) fn credentials(data: &[u8]) {
    let path = seeds::file("auth.json", data);
    // Without `PATH` no helper is ever started.
    let helper = data.windows(4).any(|word| word == b"cred");
    let nothing: passes::Environment = Box::new(|_| None::<OsString>);
    for (host, repository) in [("registry.example.org", "lab/tiny"), ("127.0.0.1:5000", "a")] {
        match passes::find(host, repository, Some(&path), &nothing) {
            Ok(Some(found)) => {
                assert!(!format!("{found:?}").contains("hunter2"), "a secret is told");
            }
            Ok(None) => {}
            // The name of a helper is told, and a change may have put anything there.
            Err(problem) => {
                let told = format!("{problem:?}").contains("hunter2");
                assert!(helper || !told, "a secret is told");
            }
        }
    }
}

pub(super) fn credentials_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        r#"{"auths":{"https://registry.example.org/v2/":{"auth":"bWU6aHVudGVyMg=="},"127.0.0.1:5000":{"username":"me","password":"hunter2"},"x":{"identitytoken":"hunter2"}},"credHelpers":{"other.example.org":"pass"}}"#,
        r#"{"auths":{"registry.example.org/lab":{"registrytoken":"hunter2"},"127.0.0.1:5000":null},"credsStore":"secretservice"}"#,
    ])
}

pub(super) fn journal(data: &[u8]) {
    let path = seeds::file("download.journal", data);
    drop(Journal::open(&path).expect("a damaged journal is begun anew"));
    drop(Journal::open(&path).expect("what was begun is read again"));
}

pub(super) fn journal_seeds() -> Vec<Vec<u8>> {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let line = format!("sha256:{digest} 0 1048576 sha256:{digest} 1 2 3 0 1048576 -");
    vec![format!("pkg download 1\n{line}\n{line}\n").into_bytes(), b"pkg download 1\n".to_vec()]
}
