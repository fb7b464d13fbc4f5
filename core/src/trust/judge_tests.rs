//! Tests of judging by keys and by certificates of an own authority. Signatures
//! by identity are tested against stand-ins for the services.

use super::{Accepted, Artifact, Judge, Judgement};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::trust::bundle::{parse, sign_statement};
use crate::trust::certificate::Certificate;
use crate::trust::chain::Authority;
use crate::trust::key::{Algorithm, SigningKey};
use crate::trust::root::RootChoice;
use crate::trust::testcert::{Made, Maker, Wish};
use crate::trust::who::Who;

const STATEMENT: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}}],"predicateType":"x","predicate":{}}"#;

/// A root and a signer below it.
struct House {
    root: Made,
    leaf: Made,
}

fn house(from: &'static str, until: &'static str) -> House {
    let root = Wish::authority("CN=Root", "CN=Root").by(None);
    let mut wish = Wish::leaf("CN=Signer", "CN=Root");
    wish.validity = (from, until);
    House { leaf: wish.by(Some(&root)), root }
}

impl House {
    fn key(&self) -> &SigningKey {
        let Maker::Signer(key) = &self.leaf.key else { panic!("no signing key") };
        key
    }

    fn signed_by(&self, key: &SigningKey) -> Vec<u8> {
        sign_statement(key, STATEMENT, &[self.leaf.certificate.der()]).unwrap()
    }
}

fn judged(bytes: &[u8], trusted: &Certificate) -> Result<Judgement> {
    let authority = Some(Authority::of(trusted.clone()));
    let accepted = Accepted { authority, ..Accepted::default() };
    Judge::new(accepted, RootChoice::default()).statement(&parse(bytes, "test")?, "test")
}

fn refused(judgement: Result<Judgement>) -> Problem {
    match judgement {
        Err(problem) => problem,
        Ok(Judgement::Other { why: Some(why), .. }) => why,
        Ok(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_counts_below_an_authority_that_the_caller_trusts() {
    let house = house("2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z");
    let bytes = house.signed_by(house.key());
    for trusted in [&house.root.certificate, &house.leaf.certificate] {
        let Judgement::Accepted(proof) = judged(&bytes, trusted).unwrap() else {
            panic!("not accepted")
        };
        assert!(matches!(&proof.who, Who::Certificate { subject, .. } if subject == "CN=Signer"));
        assert!(proof.times.is_empty() && !proof.logged, "no time is proven");
        assert_eq!(proof.authority, Some(trusted.fingerprint()));
    }
    let stranger = Wish::authority("CN=Root", "CN=Root").by(None);
    assert_eq!(refused(judged(&bytes, &stranger.certificate)).code(), Code::ChainUntrusted);
    // Nobody was named: present, and nothing more.
    let nobody = Judge::default().statement(&parse(&bytes, "test").unwrap(), "test").unwrap();
    assert!(matches!(nobody, Judgement::Other { why: None, .. }));
}

#[test]
fn the_key_of_the_certificate_must_have_signed() {
    let house = house("2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z");
    for algorithm in Algorithm::ALL {
        let other = SigningKey::generate(algorithm).unwrap();
        let bytes = house.signed_by(&other);
        let problem = refused(judged(&bytes, &house.root.certificate));
        assert_eq!(problem.code(), Code::SignatureInvalid, "{algorithm}");
    }
}

#[test]
fn a_certificate_that_is_over_needs_a_proven_time() {
    for (from, until) in [
        ("2020-01-01T00:00:00Z", "2020-06-01T00:00:00Z"),
        ("2089-01-01T00:00:00Z", "2090-01-01T00:00:00Z"),
    ] {
        let house = house(from, until);
        let bytes = house.signed_by(house.key());
        let problem = refused(judged(&bytes, &house.leaf.certificate));
        assert_eq!(problem.code(), Code::CertificateTimeUnknown);
        assert!(problem.to_string().contains(until), "{problem}");
    }
}

#[test]
fn a_bare_key_over_an_artifact_must_be_about_it() {
    let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    let bundle = parse(&sign_statement(&key, STATEMENT, &[]).unwrap(), "test").unwrap();
    let judge = Judge::new(vec![key.public().unwrap()].into(), RootChoice::default());
    let over = |artifact| judge.artifact(&bundle, artifact, "test");
    for artifact in [Artifact::Bytes(b"hello"), Artifact::Digest(Digest::of(b"hello"))] {
        assert!(matches!(over(artifact), Ok(Judgement::Accepted(_))));
    }
    let problem = over(Artifact::Bytes(b"hullo")).unwrap_err();
    assert_eq!(problem.code(), Code::SignatureOtherSubject);
}
