//! Private keys in the form of SEC 1 (RFC 5915): the `EC PRIVATE KEY` that
//! `openssl ecparam -genkey` writes.

use pkcs8::der::asn1::{BitStringRef, ContextSpecific, OctetStringRef};
use pkcs8::der::{AnyRef, Decode as _, Encode as _, Reader as _, SliceReader, TagNumber};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfo};
use zeroize::Zeroizing;

use super::key::EC_PUBLIC_KEY;

/// The version of every such key.
const VERSION: u8 = 1;

/// Puts a key into PKCS#8, which says the curve outside of it, or says why not.
pub(super) fn to_pkcs8(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let curve = curve(der)?;
    let curve = curve.to_der().map_err(|_| "its curve cannot be encoded")?;
    let algorithm =
        AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: AnyRef::from_der(&curve).ok() };
    let key = PrivateKeyInfo::new(algorithm, der);
    key.to_der().map(Zeroizing::new).map_err(|_| "it cannot be encoded as PKCS#8")
}

fn curve(der: &[u8]) -> Result<ObjectIdentifier, &'static str> {
    const DAMAGED: &str = "its content is no private key in the form of SEC 1";
    let whole = AnyRef::from_der(der).map_err(|_| DAMAGED)?;
    let mut reader = SliceReader::new(whole.value()).map_err(|_| DAMAGED)?;
    if u8::decode(&mut reader) != Ok(VERSION) {
        return Err(DAMAGED);
    }
    OctetStringRef::decode(&mut reader).map_err(|_| DAMAGED)?;
    // The other form writes all parameters of the curve: a way to forge one.
    let curve = ContextSpecific::<ObjectIdentifier>::decode_explicit(&mut reader, TagNumber::N0)
        .ok()
        .flatten()
        .ok_or("its curve is not given by name")?;
    ContextSpecific::<BitStringRef<'_>>::decode_explicit(&mut reader, TagNumber::N1)
        .map_err(|_| DAMAGED)?;
    if reader.is_finished() { Ok(curve.value) } else { Err(DAMAGED) }
}
