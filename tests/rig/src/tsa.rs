//! The timestamp authority (RFC 3161, with CMS of RFC 5652).

use crate::certificates::{self, AUTHORITY_LIFE, Certified, TIME_STAMPING};
use crate::der;
use crate::fault::Fault;
use crate::http::{Refusal, Response};
use crate::keys::{self, sha256};
use crate::text;

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
/// The policy of Sigstore's timestamp authorities.
const POLICY: &str = "1.3.6.1.4.1.57264.2";

/// An authority: root and leaf.
#[derive(Debug)]
struct Authority {
    root: Certified,
    leaf: Certified,
}

impl Authority {
    fn new(name: &str) -> Self {
        let root = Certified::root(&format!("{name}-root"));
        let leaf = root.leaf(name, TIME_STAMPING);
        Self { root, leaf }
    }
}

/// The authority, and one that no trusted root names.
#[derive(Debug)]
pub(crate) struct Tsa {
    genuine: Authority,
    foreign: Authority,
}

/// What a client sent, each part in DER.
struct Query<'a> {
    imprint: &'a [u8],
    nonce: Option<&'a [u8]>,
    wants_certificate: bool,
}

impl Tsa {
    pub(crate) fn new() -> Self {
        Self { genuine: Authority::new("rig-tsa"), foreign: Authority::new("rig-foreign-tsa") }
    }

    /// Leaf and root.
    pub(crate) fn chain(&self) -> [&[u8]; 2] {
        [&self.genuine.leaf.certificate, &self.genuine.root.certificate]
    }

    /// Answers a `TimeStampReq`.
    pub(crate) fn answer(
        &self,
        request: &[u8],
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let query = read_query(request).ok_or_else(|| Refusal::new(400, "no TimeStampReq"))?;
        let answer = if fault == Some(Fault::TimestampRefused) {
            der::sequence(&[der::sequence(&[der::integer(2)])])
        } else {
            let token = self.token(&query, now, fault);
            der::sequence(&[der::sequence(&[der::integer(0)]), token])
        };
        Ok(Response::bytes("application/timestamp-reply", answer).status(201))
    }

    fn token(&self, query: &Query<'_>, now: i64, fault: Option<Fault>) -> Vec<u8> {
        let authority = match fault {
            Some(Fault::TimestampUnknownAuthority) => &self.foreign,
            _ => &self.genuine,
        };
        let info = time_info(query, now, fault);
        let sha256_id = der::sequence(&[der::oid(SHA256)]);
        let attributes = signed_attributes(&info, &authority.leaf.certificate);
        let signer = match fault {
            Some(Fault::TimestampForged) => &self.foreign,
            _ => authority,
        };
        let signature = signer.leaf.key.sign(&attributes);
        let signer = der::sequence(&[
            der::integer(1),
            der::sequence(&[
                certificates::name(&authority.root.name),
                der::integer(authority.leaf.serial),
            ]),
            sha256_id.clone(),
            // Signed as a SET, stored under the tag [0].
            [&[der::context(0)], &attributes[1..]].concat(),
            certificates::algorithm(),
            der::octets(&signature),
        ]);
        let mut signed = vec![
            der::integer(3),
            der::set(&[sha256_id]),
            der::sequence(&[
                der::oid(TST_INFO),
                der::element(der::context(0), &der::octets(&info)),
            ]),
        ];
        if query.wants_certificate {
            signed.push(der::element(der::context(0), &authority.leaf.certificate));
        }
        signed.push(der::set(&[signer]));
        der::sequence(&[
            der::oid(SIGNED_DATA),
            der::element(der::context(0), &der::sequence(&signed)),
        ])
    }
}

fn read_query(request: &[u8]) -> Option<Query<'_>> {
    let parts = der::read(request)?.children()?;
    let (imprint, optional) = parts.get(1..)?.split_first()?;
    let find = |tag| optional.iter().find(|part| part.tag == tag);
    (imprint.tag == der::SEQUENCE).then(|| Query {
        imprint: imprint.whole,
        nonce: find(der::INTEGER).map(|nonce| nonce.whole),
        wants_certificate: find(der::BOOLEAN).is_some_and(|wanted| wanted.content != [0]),
    })
}

/// The `TSTInfo`, with whole seconds: some clients read nothing finer.
fn time_info(query: &Query<'_>, now: i64, fault: Option<Fault>) -> Vec<u8> {
    let time = match fault {
        Some(Fault::TimestampOutsideAuthority) => AUTHORITY_LIFE.0 - 3600,
        Some(Fault::TimestampOutsideLeaf) => now + 3600,
        _ => now,
    };
    let imprint = if fault == Some(Fault::TimestampOtherBytes) {
        let algorithm = der::sequence(&[der::oid(SHA256)]);
        der::sequence(&[algorithm, der::octets(&sha256(b"other bytes"))])
    } else {
        query.imprint.to_vec()
    };
    let mut parts = vec![
        der::integer(1),
        der::oid(POLICY),
        imprint,
        der::integer(u64::from_be_bytes(keys::random()) >> 1),
        der::element(der::GENERALIZED_TIME, text::date(time, "%Y%m%d%H%M%SZ").as_bytes()),
    ];
    if fault == Some(Fault::TimestampWrongNonce) {
        parts.push(der::integer(4));
    } else {
        parts.extend(query.nonce.map(<[u8]>::to_vec));
    }
    der::sequence(&parts)
}

fn signed_attributes(info: &[u8], certificate: &[u8]) -> Vec<u8> {
    let attribute =
        |name: &str, value: Vec<u8>| der::sequence(&[der::oid(name), der::set(&[value])]);
    // One ESSCertIDv2 with the default hash, SHA-256.
    let id = der::sequence(&[der::octets(&sha256(certificate))]);
    der::set(&[
        attribute(CONTENT_TYPE, der::oid(TST_INFO)),
        attribute(MESSAGE_DIGEST, der::octets(&sha256(info))),
        attribute(SIGNING_CERTIFICATE_V2, der::sequence(&[der::sequence(&[id])])),
    ])
}
