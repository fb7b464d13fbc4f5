//! Groups of signers: who belongs to them, and how many different ones there are.

use std::collections::HashMap;
use std::path::PathBuf;

use super::facts::{SignatureFacts, Standing};
use crate::model::digest::Digest;
use crate::trust::key::PublicKey;
use crate::trust::who::{IdentityRule, Pattern, Who};

/// A named group of signers.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) person: Option<String>,
    pub(super) credential: Credential,
}

/// What shows that somebody is a member.
#[derive(Debug)]
pub(super) enum Credential {
    /// A key that the policy brings along.
    Key { hint: String, key: Box<PublicKey> },
    /// A key that is given elsewhere.
    KeyHint(String),
    /// An identity in a Fulcio certificate.
    Identity(Box<IdentityRule>),
    /// One certificate.
    Certificate(Digest),
    /// A certificate below one of these authorities.
    Authority { file: PathBuf, certificates: Vec<Digest>, subject: Option<String> },
}

impl Credential {
    /// Whether a signature, verified to be by `who`, shows it.
    fn fits(&self, who: &Who, authority: Option<Digest>) -> bool {
        match (self, who) {
            (Self::Key { hint: wanted, .. } | Self::KeyHint(wanted), Who::Key { hint, .. }) => {
                wanted == hint
            }
            (Self::Identity(rule), who) => rule.refuses(who).is_none(),
            (Self::Certificate(wanted), Who::Certificate { fingerprint, .. }) => {
                wanted == fingerprint
            }
            (
                Self::Authority { certificates, subject: wanted, .. },
                Who::Certificate { subject, .. },
            ) => {
                authority.is_some_and(|authority| certificates.contains(&authority))
                    && wanted.as_ref().is_none_or(|wanted| wanted == subject)
            }
            _ => false,
        }
    }

    /// The only signer it can stand for; none when it can stand for several.
    pub(super) fn only(&self) -> Option<String> {
        match self {
            Self::Key { hint, .. } | Self::KeyHint(hint) => Some(hint.clone()),
            Self::Certificate(fingerprint) => Some(fingerprint.to_string()),
            Self::Identity(rule) => match (&rule.identity, &rule.issuer) {
                (Some(Pattern::Exact(identity)), Some(Pattern::Exact(issuer))) => {
                    Some(identity_label(identity, issuer))
                }
                _ => None,
            },
            Self::Authority { .. } => None,
        }
    }

    /// In words.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Key { hint, key } => format!("{} key {hint}", key.algorithm()),
            Self::KeyHint(hint) => format!("key {hint}"),
            Self::Certificate(fingerprint) => format!("certificate {fingerprint}"),
            Self::Authority { file, subject, .. } => {
                let subject = subject.as_deref().unwrap_or("anybody");
                format!("certificate of {subject} by {}", file.display())
            }
            Self::Identity(rule) => {
                let text = |pattern: &Option<Pattern>| {
                    pattern.as_ref().map_or_else(|| "anybody".to_owned(), ToString::to_string)
                };
                let claims = rule.claims.iter().map(|(name, value)| format!(", {name} {value}"));
                let claims: String = claims.collect();
                format!("{} (by {}){claims}", text(&rule.identity), text(&rule.issuer))
            }
        }
    }
}

/// A verified signature, and where its signer belongs.
#[derive(Debug)]
pub(super) struct Signer<'f> {
    pub(super) signature: &'f SignatureFacts,
    pub(super) who: &'f Who,
    label: String,
    /// Group, and the person it names, for each member that fits.
    memberships: Vec<(usize, Option<&'f str>)>,
}

impl<'f> Signer<'f> {
    /// The signer of a signature, if it is verified and its signer known.
    pub(super) fn of(signature: &'f SignatureFacts, groups: &'f [Group]) -> Option<Self> {
        let who = signature.who.as_ref().filter(|_| signature.standing == Standing::Verified)?;
        let mut memberships = Vec::new();
        for (position, group) in groups.iter().enumerate() {
            for member in &group.members {
                if member.credential.fits(who, signature.authority) {
                    memberships.push((position, member.person.as_deref()));
                }
            }
        }
        Some(Self { signature, who, label: label(who), memberships })
    }

    /// Whether the signer belongs to one of the groups; to none in particular
    /// belongs everybody.
    pub(super) fn is_in(&self, groups: &[usize]) -> bool {
        groups.is_empty() || self.memberships.iter().any(|(group, _)| groups.contains(group))
    }

    /// The signer, for people.
    pub(super) fn name(&self) -> String {
        match self.memberships.iter().find_map(|(_, person)| *person) {
            Some(person) => format!("{person} ({})", self.who.name()),
            None => self.who.name().to_owned(),
        }
    }
}

/// Who signs, apart from what differs between two signatures of one signer.
fn label(who: &Who) -> String {
    match who {
        Who::Key { hint, .. } => hint.clone(),
        Who::Identity { identity, issuer, .. } => identity_label(identity, issuer),
        // A renewed certificate is no second signer.
        Who::Certificate { subject, issuer, .. } => format!("{subject}\n{issuer}"),
    }
}

/// A pipeline is one signer, whichever branch or tag it ran for: whoever may
/// push branches must not be able to make several signers of it.
fn identity_label(identity: &str, issuer: &str) -> String {
    let pipeline = identity.split_once("@refs/").map_or(identity, |(pipeline, _)| pipeline);
    format!("{pipeline}\n{issuer}")
}

/// One name for each different signer.
///
/// Signatures are of one signer when they are by the same key, identity or
/// certificate holder, or by members with the same person, also through others.
pub(super) fn distinct(signers: &[&Signer<'_>]) -> Vec<String> {
    let mut parents: Vec<usize> = (0..signers.len()).collect();
    let mut first: HashMap<(bool, &str), usize> = HashMap::new();
    for (position, signer) in signers.iter().enumerate() {
        let persons = signer.memberships.iter().filter_map(|(_, person)| *person);
        let labels = persons.map(|person| (true, person));
        for label in labels.chain([(false, signer.label.as_str())]) {
            let earlier = *first.entry(label).or_insert(position);
            let (a, b) = (root(&mut parents, position), root(&mut parents, earlier));
            parents[a.max(b)] = a.min(b);
        }
    }
    let roots = parents.iter().enumerate().filter(|(position, parent)| position == *parent);
    roots.map(|(position, _)| signers[position].name()).collect()
}

fn root(parents: &mut [usize], mut position: usize) -> usize {
    while parents[position] != position {
        parents[position] = parents[parents[position]];
        position = parents[position];
    }
    position
}
