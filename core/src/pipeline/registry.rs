//! The registry that a release goes to.

use std::path::{Path, PathBuf};

use super::remote::{Remote, Sent};
use crate::finding::{Code, Finding, Problem, Result};
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::push::{self, PushRequest};
use crate::registry::{self, Reference};

/// A tag in a repository of a registry.
#[derive(Debug)]
pub struct InRegistry {
    reference: Reference,
}

impl InRegistry {
    /// A place to release to: a reference with a tag and without a digest.
    pub fn new(reference: Reference) -> Result<Self> {
        match (reference.tag(), reference.digest()) {
            (Some(_), None) => Ok(Self { reference }),
            _ => Err(Problem::new(Code::RegistryReference, &reference)
                .detail("a release goes under a tag; its digest follows from it")),
        }
    }

    /// A release in the repository, by its digest alone.
    pub fn by_digest(&self, digest: Digest) -> String {
        let (host, repository) = (self.reference.host(), self.reference.repository());
        format!("{}{host}/{repository}@{digest}", registry::SCHEME)
    }
}

impl Remote for InRegistry {
    fn name(&self) -> String {
        self.reference.to_string()
    }

    fn tagged(&self) -> Result<Option<Digest>> {
        push::tagged_digest(&self.reference)
    }

    fn push(&self, bundle: &Path, meter: &Meter) -> Result<(Option<Sent>, Vec<Finding>)> {
        let request = PushRequest {
            coded: false,
            bundle: bundle.to_owned(),
            to: self.reference.clone(),
            mount_from: Vec::new(),
            tag: false,
            move_tag: false,
        };
        let (pushed, findings) = push::push(&request, meter)?;
        let sent = pushed.map(|pushed| Sent { digest: pushed.digest, bytes: pushed.sent });
        Ok((sent, findings))
    }

    fn target(&self, digest: Digest) -> PathBuf {
        PathBuf::from(self.by_digest(digest))
    }

    fn tag(&self, digest: Digest, move_tag: bool) -> Result<Vec<Finding>> {
        push::tag(&self.reference, &digest, move_tag).map(|(_, findings)| findings)
    }
}

#[cfg(test)]
mod tests {
    use super::InRegistry;
    use crate::finding::Code;
    use crate::model::digest::Digest;

    #[test]
    fn a_release_goes_under_a_tag() {
        let place = InRegistry::new("oci://h:5000/a/b:v1".parse().unwrap()).unwrap();
        let digest = Digest::of(b"x");
        assert_eq!(place.by_digest(digest), format!("oci://h:5000/a/b@{digest}"));
        for wrong in ["oci://h/r".to_owned(), format!("oci://h/r:1@{digest}")] {
            let problem = InRegistry::new(wrong.parse().unwrap()).unwrap_err();
            assert_eq!(problem.code(), Code::RegistryReference, "{wrong}");
        }
    }
}
