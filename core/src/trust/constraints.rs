//! Name constraints (RFC 5280, section 4.2.1.10): which names an authority may
//! vouch for.
//!
//! What cannot be compared for certain is refused: a name that slips past an
//! exclusion is worse than an honest one that is turned away.

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{
    BmpString, Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef,
};
use x509_cert::der::{Encode as _, Tag, Tagged as _};
use x509_cert::ext::pkix::NameConstraints;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::{Name, RelativeDistinguishedName};

use super::certificate::Certificate;
use crate::finding::{Code, Result};

/// The attribute `emailAddress` of distinguished names.
const EMAIL_ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");

/// Bytes of a name that cost as much again as a comparison itself.
const COST_UNIT: u32 = 64;

/// Whether `authority` may vouch for the names of `certificate`.
///
/// Every comparison takes from `budget`, more of it for a long name.
pub(super) fn check(
    authority: &Certificate,
    certificate: &Certificate,
    budget: &mut u32,
) -> Result<()> {
    let Some(constraints) = authority.constraints() else {
        return Ok(());
    };
    let refused = |why: String| {
        certificate
            .problem(Code::CertificateName)
            .detail(format!("{why} (constraints of {})", authority.subject()))
    };
    for name in &names_of(certificate).map_err(refused)? {
        let length = name.encoded_len().map_or(u32::MAX, u32::from);
        let trees = u32::try_from(subtrees(constraints).count()).unwrap_or(u32::MAX);
        let cost = trees.saturating_mul(1 + length / COST_UNIT);
        *budget = budget.checked_sub(cost).ok_or_else(|| {
            certificate
                .problem(Code::ChainSearchLimit)
                .detail("there are too many names and name constraints to compare")
        })?;
        judge(constraints, name).map_err(refused)?;
    }
    Ok(())
}

fn subtrees(constraints: &NameConstraints) -> impl Iterator<Item = &GeneralSubtree> {
    let permitted = constraints.permitted_subtrees.iter().flatten();
    permitted.chain(constraints.excluded_subtrees.iter().flatten())
}

/// The names that constraints speak about: subject, alternative names, and the
/// mail addresses of the subject if there is none among the latter.
fn names_of(certificate: &Certificate) -> Result<Vec<GeneralName>, String> {
    let mut names = certificate.names().to_vec();
    let subject = certificate.subject_name();
    if !names.iter().any(|name| matches!(name, GeneralName::Rfc822Name(_))) {
        let attributes = subject.0.iter().flat_map(|set| set.0.iter());
        for attribute in attributes.filter(|attribute| attribute.oid == EMAIL_ADDRESS) {
            let text = attribute
                .value
                .decode_as()
                .map_err(|_| "the mail address in its subject cannot be read".to_owned())?;
            names.push(GeneralName::Rfc822Name(text));
        }
    }
    if !subject.is_empty() {
        names.push(GeneralName::DirectoryName(subject.clone()));
    }
    Ok(names)
}

fn judge(constraints: &NameConstraints, name: &GeneralName) -> Result<(), String> {
    if let Some(permitted) = &constraints.permitted_subtrees {
        let mut same = permitted.iter().filter(|tree| same_kind(&tree.base, name)).peekable();
        if same.peek().is_some() {
            let mut inside = false;
            for tree in same {
                inside |= is_inside(tree, name)?;
            }
            if !inside {
                return Err(format!("its name {} is not permitted", shown(name)));
            }
        }
    }
    for tree in constraints.excluded_subtrees.iter().flatten() {
        if same_kind(&tree.base, name) && is_inside(tree, name)? {
            return Err(format!("its name {} is excluded", shown(name)));
        }
    }
    Ok(())
}

fn same_kind(one: &GeneralName, other: &GeneralName) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn shown(name: &GeneralName) -> String {
    match name {
        GeneralName::Rfc822Name(text)
        | GeneralName::DnsName(text)
        | GeneralName::UniformResourceIdentifier(text) => format!("{:?}", text.as_str()),
        GeneralName::DirectoryName(name) => format!("\"{name}\""),
        GeneralName::IpAddress(bytes) => format!("(address {:?})", bytes.as_bytes()),
        _ => "of a rare kind".to_owned(),
    }
}

/// Whether a name is in a subtree of its own kind.
fn is_inside(tree: &GeneralSubtree, name: &GeneralName) -> Result<bool, String> {
    if tree.minimum != 0 || tree.maximum.is_some() {
        return Err("the constraints have bounds, which RFC 5280 forbids".to_owned());
    }
    match (&tree.base, name) {
        (GeneralName::DnsName(base), GeneralName::DnsName(name)) => {
            let (base, name) = (base.as_str(), plain_host(name.as_str())?);
            Ok(domain_is_inside(base, &name, true))
        }
        (GeneralName::Rfc822Name(base), GeneralName::Rfc822Name(name)) => {
            address_is_inside(base.as_str(), name.as_str())
        }
        (
            GeneralName::UniformResourceIdentifier(base),
            GeneralName::UniformResourceIdentifier(name),
        ) => {
            let host = uri_host(name.as_str())?;
            Ok(domain_is_inside(base.as_str(), &host, false))
        }
        (GeneralName::IpAddress(base), GeneralName::IpAddress(name)) => {
            ip_is_inside(base.as_bytes(), name.as_bytes())
        }
        (GeneralName::DirectoryName(base), GeneralName::DirectoryName(name)) => {
            directory_is_inside(base, name)
        }
        _ => Err("the constraints are about a kind of name that cannot be compared".to_owned()),
    }
}

/// A host name in lower case, if it is made of plain labels.
fn plain_host(name: &str) -> Result<String, String> {
    let plain = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if name.split('.').all(plain) {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(format!("its name {name:?} cannot be compared with the constraints"))
    }
}

/// Whether a domain is `base`, or below it where that is meant: a leading dot
/// says so, and for DNS names it always is.
fn domain_is_inside(base: &str, name: &str, below: bool) -> bool {
    let base = base.to_ascii_lowercase();
    if base.is_empty() {
        return true;
    }
    if base.starts_with('.') {
        return name.ends_with(&base);
    }
    name == base || below && name.strip_suffix(&base).is_some_and(|head| head.ends_with('.'))
}

/// A base is a mailbox, a host, or a domain with a leading dot.
fn address_is_inside(base: &str, name: &str) -> Result<bool, String> {
    let parts = name.rsplit_once('@').filter(|(local, _)| {
        !local.is_empty() && !local.contains(['@', '"', '\\']) && local.is_ascii()
    });
    let Some((local, host)) = parts else {
        return Err(format!("its name {name:?} cannot be compared with the constraints"));
    };
    let host = plain_host(host)?;
    match base.rsplit_once('@') {
        // Mail systems take no heed of case, so an exclusion must not either.
        Some((mailbox, at)) => {
            Ok(mailbox.eq_ignore_ascii_case(local) && at.eq_ignore_ascii_case(&host))
        }
        None => Ok(domain_is_inside(base, &host, false)),
    }
}

/// The host of a URI; those without one cannot be compared.
fn uri_host(uri: &str) -> Result<String, String> {
    let unclear = || format!("its name {uri:?} has no host name to compare with the constraints");
    let rest = uri.split_once("://").ok_or_else(unclear)?.1;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    if host.parse::<core::net::IpAddr>().is_ok() {
        return Err(unclear());
    }
    plain_host(host).map_err(|_| unclear())
}

/// A base is an address followed by a mask of the same length.
fn ip_is_inside(base: &[u8], name: &[u8]) -> Result<bool, String> {
    if !matches!(base.len(), 8 | 32) || !matches!(name.len(), 4 | 16) {
        return Err("an IP address or its constraint has an impossible length".to_owned());
    }
    let (address, mask) = base.split_at(base.len() / 2);
    let masked = |(one, other): (&u8, &u8), mask: &u8| one & mask == other & mask;
    Ok(address.len() == name.len()
        && address.iter().zip(name).zip(mask).all(|(pair, mask)| masked(pair, mask)))
}

/// Whether a distinguished name begins with `base`.
fn directory_is_inside(base: &Name, name: &Name) -> Result<bool, String> {
    if base.0.len() > name.0.len() {
        return Ok(false);
    }
    for (wanted, found) in base.0.iter().zip(&name.0) {
        if comparable(wanted)? != comparable(found)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A part of a distinguished name such that equal ones compare equal, whatever
/// their case, spaces and string type (RFC 5280, section 7.1).
fn comparable(part: &RelativeDistinguishedName) -> Result<Vec<(ObjectIdentifier, String)>, String> {
    let mut attributes = Vec::new();
    for attribute in part.0.iter() {
        let text = text(attribute).ok_or_else(|| {
            format!("the attribute {} of its name cannot be compared", attribute.oid)
        })?;
        let words: Vec<&str> = text.split_whitespace().collect();
        attributes.push((attribute.oid, words.join(" ").to_lowercase()));
    }
    attributes.sort();
    Ok(attributes)
}

fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let value = &attribute.value;
    match value.tag() {
        Tag::Utf8String => Utf8StringRef::try_from(value).ok().map(|text| text.to_string()),
        Tag::PrintableString => {
            PrintableStringRef::try_from(value).ok().map(|text| text.to_string())
        }
        Tag::Ia5String => Ia5StringRef::try_from(value).ok().map(|text| text.to_string()),
        Tag::TeletexString => TeletexStringRef::try_from(value).ok().map(|text| text.to_string()),
        Tag::BmpString => value.decode_as::<BmpString>().ok().map(|text| text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "constraints_tests.rs"]
mod tests;
