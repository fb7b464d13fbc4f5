//! A Sigstore bundle as it is written, in JSON.
//!
//! Source: `sigstore_bundle.proto`, `sigstore_common.proto`, `sigstore_rekor.proto`
//! of the Sigstore protobuf specifications, in the JSON form of protobuf. Fields
//! that those do not have are refused: what nobody reads could be changed
//! unnoticed.

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize, Serializer};

/// A bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Bundle {
    pub(in crate::trust) media_type: String,
    pub(in crate::trust) verification_material: Material,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) dsse_envelope: Option<Dsse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) message_signature: Option<MessageSignature>,
}

/// What vouches for the signature.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Material {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) public_key: Option<KeyMaterial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) certificate: Option<Certificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) x509_certificate_chain: Option<Chain>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(in crate::trust) tlog_entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) timestamp_verification_data: Option<Timestamps>,
}

/// Besides the hint: what model signing wrote before v1.1, which is no reason
/// to trust or to doubt a key, and is not handed on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct KeyMaterial {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) hint: Option<String>,
    #[serde(rename = "rawBytes", skip_serializing)]
    _raw_bytes: Option<IgnoredAny>,
    #[serde(rename = "keyDetails", skip_serializing)]
    _key_details: Option<IgnoredAny>,
    #[serde(rename = "validFor", skip_serializing)]
    _valid_for: Option<IgnoredAny>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Certificate {
    pub(in crate::trust) raw_bytes: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Chain {
    pub(in crate::trust) certificates: Vec<Certificate>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Timestamps {
    #[serde(default, deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub(in crate::trust) rfc3161_timestamps: Vec<SignedTimestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct SignedTimestamp {
    pub(in crate::trust) signed_timestamp: String,
}

/// An entry of a transparency log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Entry {
    /// Zero is left out by some writers, as protobuf has it.
    #[serde(default)]
    pub(in crate::trust) log_index: Int,
    pub(in crate::trust) log_id: LogId,
    pub(in crate::trust) kind_version: KindVersion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) integrated_time: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) inclusion_promise: Option<Promise>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) inclusion_proof: Option<Proof>,
    pub(in crate::trust) canonicalized_body: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct LogId {
    pub(in crate::trust) key_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::trust) struct KindVersion {
    pub(in crate::trust) kind: String,
    pub(in crate::trust) version: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Promise {
    pub(in crate::trust) signed_entry_timestamp: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Proof {
    #[serde(default)]
    pub(in crate::trust) log_index: Int,
    pub(in crate::trust) root_hash: String,
    pub(in crate::trust) tree_size: Int,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(in crate::trust) hashes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) checkpoint: Option<Checkpoint>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::trust) struct Checkpoint {
    pub(in crate::trust) envelope: String,
}

/// A DSSE envelope.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct Dsse {
    pub(in crate::trust) payload: String,
    pub(in crate::trust) payload_type: String,
    pub(in crate::trust) signatures: Vec<DsseSignature>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::trust) struct DsseSignature {
    pub(in crate::trust) sig: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) keyid: Option<String>,
}

/// A signature over bytes that are no statement.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::trust) struct MessageSignature {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::trust) message_digest: Option<MessageDigest>,
    pub(in crate::trust) signature: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::trust) struct MessageDigest {
    pub(in crate::trust) algorithm: String,
    pub(in crate::trust) digest: String,
}

/// An `int64` of protobuf: digits in a string, or a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::trust) struct Int(pub(in crate::trust) i64);

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl de::Visitor<'_> for Digits {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number that is not negative")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Int, E> {
                i64::try_from(number).map(Int).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Int, E> {
                let number: u64 = text.parse().map_err(E::custom)?;
                if number.to_string() != text {
                    return Err(E::custom(format!("{text:?} is not written as a number")));
                }
                self.visit_u64(number)
            }
        }

        deserializer.deserialize_any(Digits)
    }
}

/// Protobuf's JSON writes an empty list as null, or not at all.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
