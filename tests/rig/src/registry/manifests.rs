//! Manifests, tags, and what refers to what.

use serde_json::{Value, json};

use super::answer::{Answer, Error};
use super::fault::{Fault, Lie};
use super::store::{self, Manifest, Repository, Store};
use super::wire::Head;

/// The longest manifest, as the specification recommends.
pub(crate) const MAX_MANIFEST: u64 = 4 << 20;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// GET and HEAD of a manifest.
pub(crate) fn get(
    store: &Store,
    name: &str,
    reference: &str,
    faults: &[Fault],
) -> Result<Answer, Error> {
    let repository = store.repositories.get(name).ok_or_else(Error::manifest_unknown)?;
    let (digest, manifest) = repository.manifest(reference).ok_or_else(Error::manifest_unknown)?;
    let sent = if faults.contains(&Fault::WrongManifest) {
        other(repository, &digest, manifest)
    } else {
        manifest
    };
    let shown = if faults.contains(&Fault::WrongDigestHeader) {
        store::digest(b"another manifest")
    } else {
        digest
    };
    Ok(Answer::bytes(&sent.media_type, sent.bytes).header("Docker-Content-Digest", &shown))
}

/// A release of the same repository, else the same manifest in other bytes.
fn other(repository: &Repository, digest: &str, manifest: Manifest) -> Manifest {
    let mut others = repository.manifests.iter().filter(|(known, _)| *known != digest);
    let found = others.find(|(_, known)| known.subject().is_none());
    if let Some((_, found)) = found {
        return found.clone();
    }
    let mut bytes = manifest.bytes;
    bytes.push(b'\n');
    Manifest { bytes, ..manifest }
}

/// PUT of a manifest.
pub(crate) fn put(
    store: &mut Store,
    name: &str,
    reference: &str,
    head: &Head,
    bytes: Vec<u8>,
    faults: &[Fault],
) -> Result<Answer, Error> {
    let invalid = || Error::new(400, "MANIFEST_INVALID", "manifest invalid");
    let digest = store::digest(&bytes);
    let by_digest = reference.contains(':');
    if by_digest && reference != digest {
        return Err(Error::digest_invalid());
    }
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    let media_type = head.header("content-type").ok_or_else(invalid)?.to_owned();
    if value["mediaType"].as_str().is_some_and(|inside| inside != media_type) {
        return Err(invalid());
    }
    let missing =
        || Error::new(404, "MANIFEST_BLOB_UNKNOWN", "manifest references what is unknown");
    let layers = value["layers"].as_array().into_iter().flatten();
    for descriptor in value.get("config").into_iter().chain(layers) {
        let blob = descriptor["digest"].as_str().ok_or_else(invalid)?;
        if !store.has_blob(name, blob) {
            return Err(missing());
        }
    }
    let repository = store.repositories.entry(name.to_owned()).or_default();
    for descriptor in value["manifests"].as_array().into_iter().flatten() {
        let child = descriptor["digest"].as_str().ok_or_else(invalid)?;
        if !repository.manifests.contains_key(child) {
            return Err(missing());
        }
    }
    let manifest = Manifest { media_type, bytes };
    let mut answer = Answer::new(201)
        .header("Location", &format!("/v2/{name}/manifests/{digest}"))
        .header("Docker-Content-Digest", &digest);
    if let Some(subject) = manifest.subject().filter(|_| !faults.contains(&Fault::NoReferrersApi)) {
        answer = answer.header("OCI-Subject", &subject);
    }
    repository.manifests.insert(digest.clone(), manifest);
    if !by_digest {
        repository.tags.insert(reference.to_owned(), digest);
    }
    Ok(answer)
}

/// DELETE of a manifest or a tag.
pub(crate) fn delete(store: &mut Store, name: &str, reference: &str) -> Result<Answer, Error> {
    let repository = store.repositories.get_mut(name).ok_or_else(Error::manifest_unknown)?;
    let known = if reference.contains(':') {
        repository.tags.retain(|_, digest| digest != reference);
        repository.manifests.remove(reference).is_some()
    } else {
        repository.tags.remove(reference).is_some()
    };
    if known { Ok(Answer::new(202)) } else { Err(Error::manifest_unknown()) }
}

/// GET of the tags, in pages where asked for.
pub(crate) fn tags(store: &Store, name: &str, head: &Head) -> Result<Answer, Error> {
    let unknown = || Error::new(404, "NAME_UNKNOWN", "repository name not known to registry");
    let repository = store.repositories.get(name).ok_or_else(unknown)?;
    let after = head.query("last").unwrap_or_default();
    let tags: Vec<&String> =
        repository.tags.keys().filter(|tag| after.is_empty() || tag.as_str() > after).collect();
    let most = head.query("n").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let shown = &tags[..tags.len().min(most)];
    let answer = Answer::json(&json!({"name": name, "tags": shown}));
    Ok(match shown.last() {
        Some(last) if shown.len() < tags.len() => {
            let next = format!("</v2/{name}/tags/list?n={most}&last={last}>; rel=\"next\"");
            answer.header("Link", &next)
        }
        _ => answer,
    })
}

/// GET of what refers to a manifest.
pub(crate) fn referrers(
    store: &Store,
    name: &str,
    subject: &str,
    head: &Head,
    page: usize,
    faults: &[Fault],
) -> Result<Answer, Error> {
    if faults.contains(&Fault::NoReferrersApi) {
        return Err(Error::new(404, "UNSUPPORTED", "there is no such endpoint"));
    }
    let lie = faults.iter().find_map(|fault| match fault {
        Fault::Referrers(lie) => Some(*lie),
        _ => None,
    });
    let mut found: Vec<Value> = Vec::new();
    if let Some(repository) = store.repositories.get(name) {
        for (digest, manifest) in &repository.manifests {
            let about = manifest.subject();
            let foreign = lie == Some(Lie::Foreign) && about.is_some();
            if about.as_deref() == Some(subject) || foreign {
                found.push(manifest.descriptor(digest));
            }
        }
    }
    lied(&mut found, lie);
    let wanted = head.query("artifactType");
    if let Some(wanted) = wanted {
        found.retain(|descriptor| descriptor["artifactType"] == wanted);
    }
    let from: usize = head.query("from").and_then(|from| from.parse().ok()).unwrap_or_default();
    let rest = found.get(from.min(found.len())..).unwrap_or_default();
    let endless = lie == Some(Lie::EndlessPages);
    let shown = if endless { &found[..] } else { &rest[..rest.len().min(page)] };
    let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": shown});
    let mut answer = Answer::bytes(INDEX, body.to_string().into_bytes());
    if wanted.is_some() {
        answer = answer.header("OCI-Filters-Applied", "artifactType");
    }
    if endless || shown.len() < rest.len() {
        let kind = wanted.map(|kind| format!("&artifactType={}", escaped(kind)));
        let kind = kind.unwrap_or_default();
        let next = from + shown.len().max(1);
        let next = format!("</v2/{name}/referrers/{subject}?from={next}{kind}>; rel=\"next\"");
        answer = answer.header("Link", &next);
    }
    Ok(answer)
}

fn lied(found: &mut Vec<Value>, lie: Option<Lie>) {
    match lie {
        Some(Lie::Hides) => found.clear(),
        Some(Lie::Missing) => found.push(json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": store::digest(b"no manifest at all"),
            "size": 1000,
            "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        })),
        Some(Lie::OtherDigest) => {
            for descriptor in found {
                let digest = descriptor["digest"].to_string();
                descriptor["digest"] = json!(store::digest(digest.as_bytes()));
            }
        }
        _ => {}
    }
}

fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).into(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
