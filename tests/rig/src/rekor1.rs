//! The transparency log with Rekor's first interface.

use serde_json::{Map, Value, json};

use crate::entries::{self, Envelope, Verifier, text_of};
use crate::fault::Fault;
use crate::http::{Refusal, Request, Response};
use crate::keys::{self, sha256};
use crate::log::{Log, LogKey};
use crate::text;

/// Number of the log, part of its origin and of entry ids.
const TREE_ID: u64 = 0x7269_675f_6c6f_6731;

/// An entry before it is logged, with what it can be found by.
#[derive(Debug)]
struct Proposal {
    body: Value,
    hashes: Vec<String>,
    verifiers: Vec<Verifier>,
}

/// What is kept of an entry beside its body.
#[derive(Debug)]
struct Record {
    integrated_time: i64,
    /// Hex SHA-256 of artifacts, payloads and envelopes.
    hashes: Vec<String>,
    emails: Vec<String>,
    /// Hex SHA-256 of the keys' PEM.
    keys: Vec<String>,
}

/// The log.
#[derive(Debug)]
pub(crate) struct Rekor1 {
    pub(crate) log: Log,
    records: Vec<Record>,
}

impl Rekor1 {
    /// A log at `host` that already has `seed` entries of others.
    pub(crate) fn new(host: &str, seed: usize, now: i64) -> Self {
        let origin = format!("{host} - {TREE_ID}");
        let log = Log::new(origin, host.to_owned(), LogKey::p256(), LogKey::p256());
        let mut rekor = Self { log, records: Vec::new() };
        for number in 0..seed {
            let hash = text::hex(&sha256(format!("seed {number}").as_bytes()));
            let body = json!({"apiVersion": "0.0.1", "kind": "hashedrekord",
                "spec": {"data": {"hash": {"algorithm": "sha256", "value": hash}}}});
            rekor.append(&Proposal { body, hashes: vec![hash], verifiers: Vec::new() }, now);
        }
        rekor
    }

    fn append(&mut self, proposal: &Proposal, now: i64) -> usize {
        let verifiers = &proposal.verifiers;
        self.records.push(Record {
            integrated_time: now,
            hashes: proposal.hashes.clone(),
            emails: verifiers.iter().flat_map(|verifier| verifier.emails.clone()).collect(),
            keys: verifiers.iter().map(|v| text::hex(&sha256(v.pem.as_bytes()))).collect(),
        });
        self.log.append(text::canonical_json(&proposal.body).into_bytes())
    }

    /// Logs what is proposed.
    pub(crate) fn create(
        &mut self,
        request: &Request,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let mut proposal = propose(&request.json()?)?;
        let body = text::canonical_json(&proposal.body);
        if let Some(index) =
            (0..self.log.size()).find(|index| self.log.entry(*index) == Some(body.as_bytes()))
        {
            let uuid = self.uuid(index);
            let message = format!(
                "an equivalent entry already exists in the transparency log with UUID {uuid}"
            );
            return Ok(Response::json(&json!({"code": 409, "message": message}))
                .status(409)
                .header("Location", &format!("/api/v1/log/entries/{uuid}")));
        }
        if fault == Some(Fault::OtherEntry) {
            proposal.body = entries::of_another_artifact(&proposal.body);
        }
        let time = match fault {
            Some(Fault::IntegratedTimeOutsideLeaf) => now - 3600,
            _ => now,
        };
        let index = self.append(&proposal, time);
        let uuid = self.uuid(index);
        Ok(Response::json(&self.entry(index, now, fault))
            .status(201)
            .header("Location", &format!("/api/v1/log/entries/{uuid}")))
    }

    /// Number of the log and hash of the leaf, as production writes it.
    fn uuid(&self, index: usize) -> String {
        let leaf = self.log.leaf_hash(index).map(|hash| text::hex(hash)).unwrap_or_default();
        format!("{TREE_ID:016x}{leaf}")
    }

    /// The entry at `index` with proof and promise, under its uuid.
    fn entry(&self, index: usize, now: i64, fault: Option<Fault>) -> Value {
        let mut body = self.log.entry(index).unwrap_or_default().to_vec();
        if fault == Some(Fault::EntryChanged) {
            entries::change(&mut body);
        }
        let body = text::base64(&body);
        let time = self.records.get(index).map_or(now, |record| record.integrated_time);
        let id = text::hex(self.log.id(fault));
        let promised = match fault {
            Some(Fault::SetOtherTime) => time - 60,
            _ => time,
        };
        let promise = text::canonical_json(&json!({
            "body": body, "integratedTime": promised, "logID": id, "logIndex": index,
        }));
        let promise = self.log.promise_signer(fault).key.sign(promise.as_bytes());
        let proof = self.log.prove(index, now, fault);
        let hashes: Vec<String> = proof.hashes.iter().map(|hash| text::hex(hash)).collect();
        let mut verification = json!({"inclusionProof": {
            "checkpoint": proof.checkpoint,
            "hashes": hashes,
            "logIndex": proof.index,
            "rootHash": text::hex(&proof.root),
            "treeSize": proof.size,
        }});
        if fault != Some(Fault::SetMissing) {
            verification["signedEntryTimestamp"] = json!(text::base64(&promise));
        }
        let entry = json!({
            "body": body, "integratedTime": time, "logID": id, "logIndex": index,
            "verification": verification,
        });
        Value::Object(Map::from_iter([(self.uuid(index), entry)]))
    }

    /// `GET /api/v1/log`.
    pub(crate) fn state(&self, now: i64, fault: Option<Fault>) -> Response {
        Response::json(&json!({
            "inactiveShards": [],
            "rootHash": text::hex(&self.log.root()),
            "signedTreeHead": self.log.checkpoint(now, fault),
            "treeID": TREE_ID.to_string(),
            "treeSize": self.log.size(),
        }))
    }

    pub(crate) fn by_index(
        &self,
        request: &Request,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let index = request.query("logIndex").and_then(|index| index.parse().ok());
        let index = index.ok_or_else(|| Refusal::new(400, "logIndex"))?;
        self.log.entry(index).ok_or_else(|| Refusal::new(404, "no entry with this index"))?;
        Ok(Response::json(&self.entry(index, now, fault)))
    }

    /// The index of an entry, from its uuid with or without the log's number.
    fn find(&self, uuid: &str) -> Option<usize> {
        let leaf = uuid.strip_prefix(&format!("{TREE_ID:016x}")).unwrap_or(uuid);
        let leaf = text::from_hex(leaf)?;
        (0..self.log.size())
            .find(|index| self.log.leaf_hash(*index).is_some_and(|hash| hash[..] == leaf))
    }

    pub(crate) fn by_uuid(
        &self,
        uuid: &str,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let index = self.find(uuid).ok_or_else(|| Refusal::new(404, "no entry with this id"))?;
        Ok(Response::json(&self.entry(index, now, fault)))
    }

    /// `GET /api/v1/log/proof`.
    pub(crate) fn consistency(&self, request: &Request) -> Result<Response, Refusal> {
        let size = |name: &str, default: Option<usize>| match request.query(name) {
            Some(size) => size.parse().ok(),
            None => default,
        };
        let sizes = size("firstSize", Some(1)).zip(size("lastSize", None));
        let proof = sizes.and_then(|(first, last)| {
            Some((self.log.consistency(first, last)?, self.log.root_at(last)?))
        });
        let (hashes, root) = proof.ok_or_else(|| Refusal::new(400, "firstSize, lastSize"))?;
        let hashes: Vec<String> = hashes.iter().map(|hash| text::hex(hash)).collect();
        Ok(Response::json(&json!({"hashes": hashes, "rootHash": text::hex(&root)})))
    }

    /// `POST /api/v1/index/retrieve`.
    pub(crate) fn search(&self, request: &Request) -> Result<Response, Refusal> {
        let query = request.json()?;
        let email = text_of(&query["email"]);
        let hash = text_of(&query["hash"]).map(|hash| hash.trim_start_matches("sha256:"));
        let key = match text_of(&query["publicKey"]["content"]) {
            Some(_) => {
                let verifier = Verifier::from_base64_pem(&query["publicKey"]["content"])?;
                Some(text::hex(&sha256(verifier.pem.as_bytes())))
            }
            None => None,
        };
        if email.is_none() && hash.is_none() && key.is_none() {
            return Err(Refusal::new(400, "email, hash or publicKey"));
        }
        let has = |list: &[String], wanted: Option<&str>| {
            wanted.is_some_and(|wanted| list.iter().any(|item| item == wanted))
        };
        let found: Vec<String> = (0..self.records.len())
            .filter(|index| {
                let record = &self.records[*index];
                has(&record.emails, email)
                    || has(&record.hashes, hash)
                    || has(&record.keys, key.as_deref())
            })
            .map(|index| self.uuid(index))
            .collect();
        Ok(Response::json(&json!(found)))
    }

    /// `POST /api/v1/log/entries/retrieve`.
    pub(crate) fn retrieve(
        &self,
        request: &Request,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let query = request.json()?;
        let list = |name: &str| query[name].as_array().cloned().unwrap_or_default();
        let by_index = list("logIndexes").into_iter().filter_map(|index| {
            let index = usize::try_from(index.as_u64()?).ok()?;
            self.log.entry(index).map(|_| index)
        });
        let by_uuid = list("entryUUIDs").into_iter().filter_map(|uuid| self.find(uuid.as_str()?));
        let found: Vec<Value> =
            by_index.chain(by_uuid).map(|index| self.entry(index, now, fault)).collect();
        Ok(Response::json(&json!(found)))
    }
}

fn propose(entry: &Value) -> Result<Proposal, Refusal> {
    let kind = (entry["kind"].as_str(), entry["apiVersion"].as_str());
    match kind {
        (Some("hashedrekord"), Some("0.0.1")) => hashedrekord(&entry["spec"]),
        (Some("dsse"), Some("0.0.1")) => dsse(&entry["spec"]["proposedContent"]),
        (Some("intoto"), Some("0.0.2")) => intoto(&entry["spec"]["content"]),
        _ => Err(Refusal::new(400, "unknown kind of entry")),
    }
}

fn hashedrekord(spec: &Value) -> Result<Proposal, Refusal> {
    let hash = &spec["data"]["hash"];
    let algorithm = hash["algorithm"].as_str().unwrap_or_default();
    let value = hash["value"].as_str().unwrap_or_default();
    let digest = text::from_hex(value).ok_or_else(|| Refusal::new(400, "hash"))?;
    let signature = entries::base64_member(&spec["signature"]["content"], "signature")?;
    let verifier = Verifier::from_base64_pem(&spec["signature"]["publicKey"]["content"])?;
    entries::accept(keys::verify_digest(&verifier.spki, algorithm, &digest, &signature))?;
    let body = json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": algorithm, "value": value}},
        "signature": {
            "content": text::base64(&signature),
            "publicKey": {"content": verifier.to_base64_pem()},
        },
    }});
    Ok(Proposal { body, hashes: vec![value.to_owned()], verifiers: vec![verifier] })
}

fn dsse(proposed: &Value) -> Result<Proposal, Refusal> {
    let written = proposed["envelope"].as_str().unwrap_or_default();
    let envelope =
        serde_json::from_str(written).map_err(|_| Refusal::new(400, "envelope is not JSON"))?;
    let verifiers = proposed["verifiers"].as_array().into_iter().flatten();
    let verifiers: Vec<Verifier> =
        verifiers.map(Verifier::from_base64_pem).collect::<Result<_, _>>()?;
    let envelope = Envelope::check(&envelope, &verifiers)?;
    let envelope_hash = text::hex(&sha256(written.as_bytes()));
    let signatures: Vec<Value> = envelope
        .signatures
        .iter()
        .map(|(sig, verifier)| json!({"signature": sig, "verifier": verifier.to_base64_pem()}))
        .collect();
    let body = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": envelope_hash},
        "payloadHash": {"algorithm": "sha256", "value": envelope.payload_hash()},
        "signatures": signatures,
    }});
    let mut hashes = envelope.subjects();
    hashes.extend([envelope_hash, envelope.payload_hash()]);
    Ok(Proposal { body, hashes, verifiers })
}

/// Payload and signatures carry one layer of base64 more than in an envelope.
fn intoto(content: &Value) -> Result<Proposal, Refusal> {
    let sent = &content["envelope"];
    let unwrap = |value: &Value, name: &str| {
        let inner = entries::base64_member(value, name)?;
        String::from_utf8(inner).map_err(|_| Refusal::new(400, format!("{name} is not text")))
    };
    let (mut verifiers, mut signatures, mut stored) = (Vec::new(), Vec::new(), Vec::new());
    for signature in sent["signatures"].as_array().into_iter().flatten() {
        let verifier = Verifier::from_base64_pem(&signature["publicKey"])?;
        signatures.push(json!({"sig": unwrap(&signature["sig"], "sig")?}));
        stored.push(json!({"publicKey": verifier.to_base64_pem(), "sig": signature["sig"]}));
        verifiers.push(verifier);
    }
    let payload_type = &sent["payloadType"];
    let envelope = json!({
        "payload": unwrap(&sent["payload"], "payload")?,
        "payloadType": payload_type,
        "signatures": signatures,
    });
    let envelope = Envelope::check(&envelope, &verifiers)?;
    let hash = text_of(&content["hash"]["value"])
        .map_or_else(|| text::hex(&sha256(text::canonical_json(sent).as_bytes())), str::to_owned);
    let body = json!({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
        "envelope": {"payloadType": payload_type, "signatures": stored},
        "hash": {"algorithm": "sha256", "value": hash},
        "payloadHash": {"algorithm": "sha256", "value": envelope.payload_hash()},
    }}});
    let mut hashes = envelope.subjects();
    hashes.extend([hash, envelope.payload_hash()]);
    Ok(Proposal { body, hashes, verifiers })
}
