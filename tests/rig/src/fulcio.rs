//! The certificate authority.

use serde_json::{Value, json};

use crate::certificates::{self, Certified, Template};
use crate::ct::CtLog;
use crate::der;
use crate::fault::Fault;
use crate::http::{Refusal, Request, Response};
use crate::keys;
use crate::oidc::Issuer;
use crate::text;

/// Life of a leaf in seconds.
const LEAF_LIFE: i64 = 600;
/// Sigstore's arc for what Fulcio writes into certificates.
const ARC: &str = "1.3.6.1.4.1.57264.1";

/// The authority and its certificate transparency log.
#[derive(Debug)]
pub(crate) struct Fulcio {
    root: Certified,
    intermediate: Option<Certified>,
    foreign: Certified,
    pub(crate) ct: CtLog,
}

impl Fulcio {
    pub(crate) fn new(with_intermediate: bool) -> Self {
        let root = Certified::root("rig-fulcio");
        let intermediate = with_intermediate
            .then(|| root.intermediate("rig-fulcio-intermediate", certificates::CODE_SIGNING));
        Self { root, intermediate, foreign: Certified::root("rig-foreign"), ct: CtLog::new() }
    }

    /// The authorities' certificates, from the leaf's issuer to the root.
    pub(crate) fn chain(&self) -> Vec<&[u8]> {
        let chain = self.intermediate.iter().chain([&self.root]);
        chain.map(|authority| authority.certificate.as_slice()).collect()
    }

    pub(crate) fn configuration(url: &str) -> Response {
        Response::json(&json!({"issuers": [{
            "issuerUrl": url, "audience": "sigstore", "challengeClaim": "email",
            "issuerType": "email",
        }]}))
    }

    pub(crate) fn trust_bundle(&self) -> Response {
        let chain: Vec<String> =
            self.chain().iter().map(|der| der::to_pem("CERTIFICATE", der)).collect();
        Response::json(&json!({"chains": [{"certificates": chain}]}))
    }

    /// Answers a request for a certificate.
    pub(crate) fn certify(
        &self,
        request: &Request,
        issuer: &Issuer,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let body = request.json()?;
        let token = body["credentials"]["oidcIdentityToken"].as_str().or(request.bearer());
        let token = token.ok_or_else(|| Refusal::new(401, "no identity token"))?;
        let claims = issuer.check(token, now)?;
        let public_key = requested_key(&body, &claims)?;
        let leaf = self.leaf(&public_key, &claims, now, fault);
        let mut chain = vec![der::to_pem("CERTIFICATE", &leaf)];
        chain.extend(self.chain().iter().map(|der| der::to_pem("CERTIFICATE", der)));
        let answer = json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}});
        Ok(Response::json(&answer).status(201))
    }

    fn leaf(&self, spki: &[u8], claims: &Value, now: i64, fault: Option<Fault>) -> Vec<u8> {
        let authority = match fault {
            Some(Fault::LeafUnknownAuthority) => &self.foreign,
            _ => self.intermediate.as_ref().unwrap_or(&self.root),
        };
        let begin = match fault {
            Some(Fault::LeafExpired) => now - 2 * LEAF_LIFE,
            Some(Fault::LeafNotYetValid) => now + 3600,
            _ => now,
        };
        let purpose = match fault {
            Some(Fault::LeafNotForCodeSigning) => certificates::SERVER_AUTH,
            _ => certificates::CODE_SIGNING,
        };
        let mut extensions = vec![
            certificates::for_signatures(),
            certificates::extended_usage(purpose, false),
            certificates::subject_key_id(spki),
            certificates::authority_key_id(authority.key.spki()),
            identity(claims),
        ];
        extensions.extend(claim_extensions(claims));
        let mut template = Template {
            serial: certificates::serial(),
            issuer: &authority.name,
            subject: "",
            life: (begin, begin + LEAF_LIFE),
            spki,
            extensions,
        };
        let sct = self.ct.sct_list(&template, authority.key.spki(), now, fault);
        template.extensions.extend(sct);
        match fault {
            Some(Fault::LeafForged) => template.sign(&self.foreign.key),
            _ => template.sign(&authority.key),
        }
    }
}

/// The key to certify, if the request proves that its holder asks.
fn requested_key(body: &Value, claims: &Value) -> Result<Vec<u8>, Refusal> {
    if let Some(request) = body["certificateSigningRequest"].as_str() {
        return text::from_base64(request)
            .and_then(|pem| der::from_pem(&String::from_utf8_lossy(&pem)))
            .and_then(|(_, request)| key_of_signing_request(&request))
            .ok_or_else(|| Refusal::new(400, "certificate signing request"));
    }
    let request = &body["publicKeyRequest"];
    let public_key = request["publicKey"]["content"].as_str().and_then(der::from_pem);
    let (_, public_key) = public_key.ok_or_else(|| Refusal::new(400, "public key"))?;
    let proof = request["proofOfPossession"].as_str().and_then(text::from_base64);
    let challenge = claims["email"].as_str().or(claims["sub"].as_str()).unwrap_or_default();
    let proven =
        proof.and_then(|proof| keys::verify_message(&public_key, challenge.as_bytes(), &proof));
    if proven == Some(true) {
        Ok(public_key)
    } else {
        Err(Refusal::new(400, "proof of possession"))
    }
}

/// The public key of a PKCS #10 request that it signed itself.
fn key_of_signing_request(request: &[u8]) -> Option<Vec<u8>> {
    let parts = der::read(request)?.children()?;
    let public_key = parts.first()?.children()?.get(2)?.whole;
    let (_, signature) = parts.get(2)?.content.split_first()?;
    keys::verify_message(public_key, parts[0].whole, signature)?.then(|| public_key.to_vec())
}

fn identity(claims: &Value) -> Vec<u8> {
    let text = |name: &str| claims[name].as_str();
    match (text("email"), text("job_workflow_ref")) {
        (Some(email), _) => certificates::subject_alt_name(0x81, email),
        (None, Some(workflow)) => certificates::subject_alt_name(0x86, &github(workflow)),
        (None, None) => certificates::subject_alt_name(0x86, text("sub").unwrap_or_default()),
    }
}

fn github(path: &str) -> String {
    format!("https://github.com/{path}")
}

/// The issuer, and for a token of GitHub Actions what it says of the job
/// (Fulcio, docs/oid-info.md).
fn claim_extensions(claims: &Value) -> Vec<Vec<u8>> {
    let text = |name: &str| claims[name].as_str();
    let url = |name: &str| text(name).map(github);
    let own = |name: &str| text(name).map(str::to_owned);
    let run = || {
        let (repository, run) = (text("repository")?, text("run_id")?);
        let attempt = text("run_attempt")?;
        Some(github(&format!("{repository}/actions/runs/{run}/attempts/{attempt}")))
    };
    // Old ones hold bare text, new ones a UTF8String.
    let mut old = vec![(1, own("iss"))];
    let mut new = vec![(8, own("iss"))];
    if text("repository").is_some() {
        old.extend([
            (2, own("event_name")),
            (3, own("sha")),
            (4, own("workflow")),
            (5, own("repository")),
            (6, own("ref")),
        ]);
        new.extend([
            (9, url("job_workflow_ref")),
            (10, own("job_workflow_sha")),
            (11, own("runner_environment")),
            (12, url("repository")),
            (13, own("sha")),
            (14, own("ref")),
            (15, own("repository_id")),
            (16, url("repository_owner")),
            (17, own("repository_owner_id")),
            (18, url("workflow_ref")),
            (19, own("workflow_sha")),
            (20, own("event_name")),
            (21, run()),
            (22, own("repository_visibility")),
            (23, own("environment")),
            (24, own("sub")),
        ]);
    }
    let written = |number: i32, value: &[u8]| {
        certificates::extension(&format!("{ARC}.{number}"), false, value)
    };
    let old = old.into_iter().filter_map(|(number, value)| Some((number, value?.into_bytes())));
    let new = new.into_iter().filter_map(|(number, value)| {
        Some((number, der::element(der::UTF8_STRING, value?.as_bytes())))
    });
    old.chain(new).map(|(number, value)| written(number, &value)).collect()
}
