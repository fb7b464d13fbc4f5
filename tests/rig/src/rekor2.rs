//! The transparency log with Rekor's second interface, a C2SP tlog-tiles log.

use serde_json::{Value, json};

use crate::entries::{self, Envelope, Verifier};
use crate::fault::Fault;
use crate::http::{Refusal, Request, Response};
use crate::keys::{self, sha256};
use crate::log::{Log, LogKey};
use crate::text;
use crate::tree::TILE;

/// The log.
#[derive(Debug)]
pub(crate) struct Rekor2 {
    pub(crate) log: Log,
}

impl Rekor2 {
    /// A log at `host` that already has `seed` entries of others and whose
    /// checkpoints are cosigned by this many witnesses.
    pub(crate) fn new(host: &str, seed: usize, witnesses: usize) -> Self {
        let (key, foreign) = (LogKey::ed25519(host), LogKey::ed25519(host));
        let mut log =
            Log::new(host.to_owned(), host.to_owned(), key, foreign).with_witnesses(witnesses);
        for number in 0..seed {
            let digest = text::base64(&sha256(format!("seed {number}").as_bytes()));
            let body = json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {
                "hashedRekordV002": {"data": {"algorithm": "SHA2_256", "digest": digest}}}});
            log.append(text::canonical_json(&body).into_bytes());
        }
        Self { log }
    }

    /// Logs what is proposed.
    pub(crate) fn create(
        &mut self,
        request: &Request,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let request = request.json()?;
        let mut body = if request["hashedRekordRequestV002"].is_object() {
            hashedrekord(&request["hashedRekordRequestV002"])?
        } else {
            dsse(&request["dsseRequestV002"])?
        };
        if fault == Some(Fault::OtherEntry) {
            body = entries::of_another_artifact(&body);
        }
        let written = text::canonical_json(&body).into_bytes();
        let encoded = text::base64(&written);
        let index = self.log.append(written);
        let proof = self.log.prove(index, now, fault);
        let hashes: Vec<String> = proof.hashes.iter().map(|hash| text::base64(hash)).collect();
        let index = proof.index.to_string();
        Ok(Response::json(&json!({
            "logIndex": index,
            "logId": {"keyId": text::base64(self.log.id(fault))},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": {
                "logIndex": index,
                "rootHash": text::base64(&proof.root),
                "treeSize": proof.size.to_string(),
                "hashes": hashes,
                "checkpoint": {"envelope": proof.checkpoint},
            },
            "canonicalizedBody": encoded,
        }))
        .status(201))
    }

    pub(crate) fn checkpoint(&self, now: i64, fault: Option<Fault>) -> Response {
        Response::plain(&self.log.checkpoint(now, fault))
    }

    /// A tile: `{level}/{index}[.p/{width}]`, or `entries/` in place of the level.
    pub(crate) fn tile(&self, path: &str, fault: Option<Fault>) -> Result<Response, Refusal> {
        let missing = || Refusal::new(404, "no such tile");
        let (level, path) = path.split_once('/').ok_or_else(missing)?;
        let (path, width) = match path.split_once(".p/") {
            Some((path, width)) => (path, width.parse().map_err(|_| missing())?),
            None => (path, TILE),
        };
        let index = tile_index(path).ok_or_else(missing)?;
        let parts: Vec<Vec<u8>> = if level == "entries" {
            self.bundle(index, fault)
        } else {
            let level = level.parse().map_err(|_| missing())?;
            self.log.tile(level, index).into_iter().map(|hash| hash.to_vec()).collect()
        };
        let parts = parts.get(..width).filter(|parts| !parts.is_empty()).ok_or_else(missing)?;
        Ok(Response::bytes("application/octet-stream", parts.concat()))
    }

    /// The entries under one tile of level 0, each after its length in two bytes.
    fn bundle(&self, index: usize, fault: Option<Fault>) -> Vec<Vec<u8>> {
        let first = index.saturating_mul(TILE);
        let entries = (first..first.saturating_add(TILE)).map_while(|n| self.log.entry(n));
        entries
            .map(|entry| {
                let mut entry = entry.to_vec();
                if fault == Some(Fault::EntryChanged) {
                    entries::change(&mut entry);
                }
                let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
                [&length.to_be_bytes()[..], &entry].concat()
            })
            .collect()
    }
}

/// The number written as `x001/x234/067`.
fn tile_index(path: &str) -> Option<usize> {
    let groups: Vec<&str> = path.split('/').collect();
    let (last, first) = groups.split_last()?;
    let first = first.iter().map(|group| group.strip_prefix('x')).collect::<Option<Vec<_>>>()?;
    first.into_iter().chain([*last]).try_fold(0_usize, |index, group| {
        let digits = Some(group).filter(|group| group.len() == 3)?;
        index.checked_mul(1000)?.checked_add(digits.parse().ok()?)
    })
}

/// Names of a hash in Rekor v2 and in the rig, from the kind of key.
fn hash_of(verifier: &Value) -> (&'static str, &'static str) {
    let details = verifier["keyDetails"].as_str().unwrap_or_default();
    if details.ends_with("SHA_384") {
        ("SHA2_384", "sha384")
    } else if details.ends_with("SHA_512") || details == "PKIX_ED25519_PH" {
        ("SHA2_512", "sha512")
    } else {
        ("SHA2_256", "sha256")
    }
}

/// What is stored of a verifier: the members that the log knows.
fn stored(verifier: &Value) -> Value {
    let known = ["keyDetails", "publicKey", "x509Certificate"];
    let members = known.iter().filter(|name| !verifier[**name].is_null());
    members.map(|name| ((*name).to_owned(), verifier[*name].clone())).collect()
}

fn hashedrekord(request: &Value) -> Result<Value, Refusal> {
    let digest = entries::base64_member(&request["digest"], "digest")?;
    let signature = entries::base64_member(&request["signature"]["content"], "signature")?;
    let sent = &request["signature"]["verifier"];
    let verifier = Verifier::from_v2(sent)?;
    let (name, algorithm) = hash_of(sent);
    entries::accept(keys::verify_digest(&verifier.spki, algorithm, &digest, &signature))?;
    Ok(json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": name, "digest": text::base64(&digest)},
        "signature": {"content": text::base64(&signature), "verifier": stored(sent)},
    }}}))
}

fn dsse(request: &Value) -> Result<Value, Refusal> {
    let sent = request["verifiers"].as_array().cloned().unwrap_or_default();
    let verifiers: Vec<Verifier> = sent.iter().map(Verifier::from_v2).collect::<Result<_, _>>()?;
    let envelope = Envelope::check(&request["envelope"], &verifiers)?;
    let signatures: Vec<Value> = envelope
        .signatures
        .iter()
        .map(|(signature, signer)| {
            let sent = sent.iter().zip(&verifiers).find(|(_, known)| known.pem == signer.pem);
            let verifier = sent.map(|(sent, _)| stored(sent));
            json!({"content": signature, "verifier": verifier})
        })
        .collect();
    let payload_hash = text::base64(&sha256(&envelope.payload));
    Ok(json!({"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {
        "payloadHash": {"algorithm": "SHA2_256", "digest": payload_hash},
        "signatures": signatures,
    }}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tile_numbers_are_read_as_specified() {
        assert_eq!(tile_index("067"), Some(67));
        assert_eq!(tile_index("x001/x234/067"), Some(1_234_067));
        for wrong in ["67", "001/067", "x001", "x001/x067", "", "abc"] {
            assert_eq!(tile_index(wrong), None, "{wrong}");
        }
    }
}
