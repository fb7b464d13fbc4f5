//! Tests of certificate chains, with rustls-webpki for a second opinion.

use proptest::prelude::*;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{Authority, MAX_CERTIFICATES, MAX_TRUSTED, Verified, read};
use crate::finding::{Code, Problem, Result};
use crate::trust::certificate::Certificate;
use crate::trust::key::Algorithm;
use crate::trust::pem;
use crate::trust::testcert::{Made, Maker, Wish, at, directory, dns, pem_of};
use crate::trust::who::Who;

const ROOT: &str = "CN=Root,O=Example";
const MIDDLE: &str = "CN=Intermediate,O=Example";
const LEAF: &str = "CN=Signer,O=Example";
const NOW: &str = "2026-06-01T00:00:00Z";
const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
const SERVER: &str = "1.3.6.1.5.5.7.3.1";

/// A root, an intermediate and a signer, as wished.
struct Chain {
    root: Made,
    middle: Made,
    leaf: Made,
}

fn wishes() -> [Wish; 3] {
    [Wish::authority(ROOT, ROOT), Wish::authority(MIDDLE, ROOT), Wish::leaf(LEAF, MIDDLE)]
}

fn made([root, middle, leaf]: &[Wish; 3]) -> Chain {
    let root = root.by(None);
    let middle = middle.by(Some(&root));
    let leaf = leaf.by(Some(&middle));
    Chain { root, middle, leaf }
}

impl Chain {
    fn sent(&self) -> Vec<Certificate> {
        vec![self.leaf.certificate.clone(), self.middle.certificate.clone()]
    }

    fn verify(&self, time: Option<&str>) -> Result<Verified> {
        trusting(&[&self.root]).verify(&self.sent(), time.map(at))
    }

    fn refused(&self, time: Option<&str>) -> Problem {
        self.verify(time).map(|_| ()).unwrap_err()
    }
}

fn trusting(made: &[&Made]) -> Authority {
    let certificates: Vec<&Certificate> = made.iter().map(|made| &made.certificate).collect();
    Authority::from_pem(&pem_of(&certificates), "trusted.pem").unwrap()
}

/// Changes one of the three wishes, and says how the chain is refused.
fn changed(which: usize, change: impl FnOnce(&mut Wish)) -> Result<Verified> {
    let mut wishes = wishes();
    change(&mut wishes[which]);
    made(&wishes).verify(Some(NOW))
}

fn code(result: Result<Verified>) -> Code {
    result.map(|_| ()).unwrap_err().code()
}

/// What rustls-webpki says about the same.
fn webpki_accepts(root: &Certificate, sent: &[Certificate], time: &str) -> bool {
    let der: Vec<CertificateDer<'_>> =
        sent.iter().map(|certificate| CertificateDer::from(certificate.der())).collect();
    let root = CertificateDer::from(root.der());
    let Ok(anchor) = webpki::anchor_from_trusted_cert(&root) else {
        return false;
    };
    let Ok(leaf) = webpki::EndEntityCert::try_from(&der[0]) else {
        return false;
    };
    let seconds = u64::try_from(at(time).as_second()).unwrap();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let purpose = webpki::KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 3]);
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let anchors = [anchor];
    leaf.verify_for_usage(algorithms, &anchors, &der[1..], time, purpose, None, None).is_ok()
}

#[test]
fn a_chain_leads_to_the_trusted_root() {
    let chain = made(&wishes());
    let verified = chain.verify(Some(NOW)).unwrap();
    let names: Vec<String> = verified.path.iter().map(Certificate::subject).collect();
    assert_eq!(names, [LEAF, MIDDLE, ROOT]);
    assert_eq!(verified.findings, []);
    assert_eq!(verified.at, Some(at(NOW)));
    assert_eq!(verified.key.hint(), chain.leaf.certificate.public_key().unwrap().hint());
    let Who::Certificate { subject, issuer, fingerprint } = &verified.who else {
        panic!("{:?}", verified.who)
    };
    assert_eq!((subject.as_str(), issuer.as_str()), (LEAF, MIDDLE));
    assert_eq!(*fingerprint, chain.leaf.certificate.fingerprint());
    assert!(webpki_accepts(&chain.root.certificate, &chain.sent(), NOW));
    // The root may come with the bundle; then it must be the very same.
    let mut sent = chain.sent();
    sent.push(chain.root.certificate.clone());
    assert!(trusting(&[&chain.root]).verify(&sent, None).is_ok());
    // Trust in the intermediate, or in the signer, is enough by itself.
    for trusted in [&chain.middle, &chain.leaf] {
        let authority = trusting(&[trusted]);
        assert!(authority.verify(&chain.sent()[..1], Some(at(NOW))).is_ok());
    }
    assert_eq!(trusting(&[&chain.root, &chain.root]).certificates().len(), 1);
}

#[test]
fn every_kind_of_key_may_issue() {
    let makers = Algorithm::ALL.map(Maker::new).into_iter().chain(Maker::every_rsa());
    for maker in makers {
        let root = Wish::authority(ROOT, ROOT).of(maker, None);
        for algorithm in Algorithm::ALL {
            let leaf = Wish::leaf(LEAF, ROOT).of(Maker::new(algorithm), Some(&root));
            let sent = [leaf.certificate];
            let verified = trusting(&[&root]).verify(&sent, Some(at(NOW))).unwrap();
            assert_eq!(verified.key.algorithm(), algorithm);
            assert!(webpki_accepts(&root.certificate, &sent, NOW));
        }
    }
}

#[test]
fn without_trust_there_is_no_path() {
    let (chain, other) = (made(&wishes()), made(&wishes()));
    let sent = chain.sent();
    assert_eq!(code(trusting(&[&other.root]).verify(&sent, None)), Code::ChainUntrusted);
    assert_eq!(code(trusting(&[&chain.root]).verify(&sent[..1], None)), Code::ChainUntrusted);
    let elsewhere = Wish::authority("CN=Elsewhere", "CN=Elsewhere").by(None);
    let problem = trusting(&[&elsewhere]).verify(&sent, None).unwrap_err();
    assert_eq!(problem.code(), Code::ChainUntrusted);
    assert!(
        problem.to_string().contains(&format!("of {MIDDLE}: its issuer is neither")),
        "{problem}"
    );
    let alone = Wish::leaf(LEAF, LEAF).by(None);
    let problem =
        trusting(&[&elsewhere]).verify(std::slice::from_ref(&alone.certificate), None).unwrap_err();
    assert!(problem.to_string().contains("vouches for itself"), "{problem}");
    assert!(trusting(&[&alone]).verify(std::slice::from_ref(&alone.certificate), None).is_ok());
    assert_eq!(code(trusting(&[&chain.root]).verify(&[], None)), Code::CertificateMalformed);
}

#[test]
fn a_root_of_the_bundle_is_not_trusted() {
    let (chain, other) = (made(&wishes()), made(&wishes()));
    let mut sent = chain.sent();
    sent.push(chain.root.certificate.clone());
    let authority = trusting(&[&other.root]);
    assert_eq!(code(authority.verify(&sent, None)), Code::ChainForeignRoot);
    // Beside a good path, and with the same name and key, too.
    let twin = Wish::authority(ROOT, ROOT).der(&chain.root.key.spki(), &chain.root.key);
    let mut sent = chain.sent();
    sent.push(Certificate::from_der(&twin, "test").unwrap());
    assert_eq!(code(trusting(&[&chain.root]).verify(&sent, None)), Code::ChainForeignRoot);
}

#[test]
fn the_time_is_proven_or_said_to_be_open() {
    let mut wishes = wishes();
    wishes[1].validity = ("2022-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
    wishes[2].validity = ("2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
    let chain = made(&wishes);
    let verified = chain.verify(None).unwrap();
    assert_eq!(verified.at, None);
    assert_eq!(verified.window.from, at("2024-01-01T00:00:00Z"));
    assert_eq!(verified.window.until, at("2026-01-01T00:00:00Z"));
    assert!(verified.window.contains(at("2026-01-01T00:00:00Z")));
    assert!(!verified.window.contains(at(NOW)));
    for good in ["2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z"] {
        assert!(chain.verify(Some(good)).is_ok());
    }
    assert_eq!(chain.refused(Some("2026-01-01T00:00:01Z")).code(), Code::CertificateExpired);
    assert_eq!(chain.refused(Some("2023-12-31T23:59:59Z")).code(), Code::CertificateNotYetValid);
    // Those above count as well.
    for (which, validity, wanted) in [
        (0, ("2027-01-01T00:00:00Z", "2030-01-01T00:00:00Z"), Code::CertificateNotYetValid),
        (1, ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"), Code::CertificateExpired),
    ] {
        assert_eq!(code(changed(which, |wish| wish.validity = validity)), wanted);
    }
    wishes[1].validity = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    assert_eq!(made(&wishes).refused(None).code(), Code::CertificateTimes);
}

#[test]
fn each_rule_for_authorities_refuses() {
    assert_eq!(code(changed(1, |w| w.basic = Some((false, None)))), Code::CertificateNotAuthority);
    assert_eq!(code(changed(1, |w| w.basic = None)), Code::CertificateNotAuthority);
    assert_eq!(code(changed(0, |w| w.basic = None)), Code::CertificateNotAuthority);
    let usage = KeyUsages::DigitalSignature.into();
    for which in [0, 1] {
        assert_eq!(code(changed(which, |w| w.usage = Some(usage))), Code::CertificateUsage);
        assert!(changed(which, |w| w.usage = None).is_ok());
        for purposes in [vec![], vec![SERVER]] {
            let result = changed(which, |w| w.purposes = Some(purposes));
            assert_eq!(code(result), Code::CertificateUsage);
        }
        assert!(changed(which, |w| w.purposes = Some(vec![SERVER, CODE_SIGNING])).is_ok());
        assert!(changed(which, |w| w.purposes = Some(vec!["2.5.29.37.0"])).is_ok());
    }
    assert_eq!(code(changed(0, |w| w.basic = Some((true, Some(0))))), Code::ChainPathLength);
    assert!(changed(0, |w| w.basic = Some((true, Some(1)))).is_ok());
    assert!(changed(1, |w| w.basic = Some((true, Some(0)))).is_ok());
}

#[test]
fn each_rule_for_signers_refuses() {
    let agreement = Some(KeyUsages::KeyAgreement.into());
    let server = Some(vec![SERVER]);
    let signing = Some(vec![CODE_SIGNING]);
    for (usage, purposes, accepted) in [
        (Some(KeyUsages::DigitalSignature.into()), None, true),
        (Some(KeyUsages::DigitalSignature.into()), signing.clone(), true),
        (None, signing.clone(), true),
        (None, None, false),
        (None, Some(vec!["2.5.29.37.0"]), false),
        (agreement, None, false),
        (agreement, signing, false),
        (Some(KeyUsages::DigitalSignature.into()), server, false),
    ] {
        let result = changed(2, |wish| (wish.usage, wish.purposes) = (usage, purposes.clone()));
        match result {
            Ok(_) => assert!(accepted, "{usage:?} {purposes:?}"),
            Err(problem) => {
                assert!(!accepted, "{usage:?} {purposes:?}: {problem}");
                assert_eq!(problem.code(), Code::CertificateUsage);
            }
        }
    }
    // As the signatures of the reference tool's own tests have it.
    let verified = changed(2, |wish| wish.basic = Some((true, None))).unwrap();
    let codes: Vec<Code> = verified.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::LeafIsAuthority]);
}

#[test]
fn the_shape_of_the_reference_tools_own_chains_is_accepted() {
    // Signer and intermediate share a name, and authorities have RSA keys.
    let mut rsa = Maker::every_rsa().into_iter();
    let root = Wish::authority("CN=root-ca", "CN=root-ca").of(rsa.next().unwrap(), None);
    let middle = Wish::authority("CN=intermediate-ca", "CN=root-ca");
    let middle = middle.of(rsa.next().unwrap(), Some(&root));
    let mut leaf = Wish::leaf("CN=intermediate-ca", "CN=intermediate-ca");
    (leaf.basic, leaf.purposes) = (Some((true, None)), Some(vec![CODE_SIGNING]));
    let leaf = leaf.of(Maker::new(Algorithm::EcdsaP384), Some(&middle));
    let sent = [leaf.certificate, middle.certificate];
    let verified = trusting(&[&root]).verify(&sent, None).unwrap();
    assert_eq!(verified.path.len(), 3);
    assert_eq!(verified.findings.len(), 1);
}

#[test]
fn what_is_not_understood_is_refused_when_it_is_critical() {
    for which in 0..3 {
        let unknown =
            |critical| move |w: &mut Wish| w.more = vec![("1.2.3.4", critical, vec![5, 0])];
        assert_eq!(code(changed(which, unknown(true))), Code::CertificateUnknownExtension);
        assert!(changed(which, unknown(false)).is_ok());
    }
    // Policies are not checked, so they may not be critical.
    let policies = |w: &mut Wish| w.more = vec![("2.5.29.32", true, vec![0x30, 0])];
    assert_eq!(code(changed(1, policies)), Code::CertificateUnknownExtension);
}

#[test]
fn weak_and_foreign_algorithms_are_named() {
    for (oid, wanted) in [
        ("1.2.840.10045.4.1", Code::CertificateWeakSignature),
        ("1.2.840.113549.1.1.5", Code::CertificateWeakSignature),
        ("1.2.840.113549.1.1.4", Code::CertificateWeakSignature),
        ("1.2.840.10045.4.3.1", Code::CertificateUnsupported),
        ("1.2.3.4", Code::CertificateUnsupported),
        ("1.3.101.112", Code::ChainUntrusted),
    ] {
        assert_eq!(code(changed(2, |wish| wish.algorithm = Some(oid))), wanted, "{oid}");
        assert_eq!(code(changed(1, |wish| wish.algorithm = Some(oid))), wanted, "{oid}");
        // The root's signature on itself proves nothing and is not looked at.
        assert!(changed(0, |wish| wish.algorithm = Some(oid)).is_ok(), "{oid}");
    }
    let root = Wish::authority(ROOT, ROOT).by(None);
    for (text, wanted) in WEAK_KEYS {
        let text = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
        let block = pem::decode(&text).ok().unwrap();
        let spki = SubjectPublicKeyInfoOwned::from_der(&block.content).unwrap();
        let leaf = Wish::leaf(LEAF, ROOT).der(&spki, &root.key);
        let leaf = Certificate::from_der(&leaf, "test").unwrap();
        assert_eq!(code(trusting(&[&root]).verify(&[leaf], None)), wanted);
        let middle = Wish::authority(MIDDLE, ROOT).der(&spki, &root.key);
        let middle = Certificate::from_der(&middle, "test").unwrap();
        let leaf = Wish::leaf(LEAF, MIDDLE).by(Some(&root)).certificate;
        assert_eq!(code(trusting(&[&root]).verify(&[leaf, middle], None)), wanted);
    }
    let rsa = Maker::every_rsa().remove(0);
    let leaf = Wish::leaf(LEAF, ROOT).of(rsa, Some(&root)).certificate;
    let problem = trusting(&[&root]).verify(&[leaf], None).unwrap_err();
    assert_eq!(problem.code(), Code::CertificateUnsupported);
    assert!(problem.to_string().contains("RSA"), "{problem}");
}

/// RSA of 1024 bits, P-224, secp256k1, and P-256 with a compressed point.
const WEAK_KEYS: [(&str, Code); 4] = [
    (
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDJYpFVL6k2UJWvqFjoiBfRSJF058HqIlXv+Cng4y2nUAGTfJgq2L5nWGdrt4UBji7VAu1YExpoOefTMsrgBzddquDNu+hoymedYXM1Jadtywbyn8ShJkl3HpsZhhbyll5kHFwWCnocBpxZa7odPvYp7iBwXMRjsRMFl9xiq1roxQIDAQAB",
        Code::CertificateWeakKey,
    ),
    (
        "ME4wEAYHKoZIzj0CAQYFK4EEACEDOgAEtw4MvWu0v38yE5C5SgPB01bCESI0MoDWEVwdIpzUITm3N729djf75h9MFfskZEPVAH5EmbeFgZk=",
        Code::CertificateWeakKey,
    ),
    (
        "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEVP4/jDPMnsqOCyE2jnhUNaSrohYy79L2mheXSJyaTjQ+7QWxejTDjxdbSfVzsc6kV371aLhgHjMmEBFO4gqrpg==",
        Code::CertificateUnsupported,
    ),
    (
        "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADNptdY/l3nB0yqkXLBWkZWQwo6+cuOSWS1X9vPavpiQM=",
        Code::CertificateUnsupported,
    ),
];

#[test]
fn no_flipped_bit_passes() {
    let chain = made(&wishes());
    let authority = trusting(&[&chain.root]);
    for which in 0..2 {
        let good = chain.sent()[which].der().to_vec();
        for bit in 0..good.len() * 8 {
            let mut der = good.clone();
            der[bit / 8] ^= 1 << (bit % 8);
            let Ok(flipped) = Certificate::from_der(&der, "test") else {
                continue;
            };
            let mut sent = chain.sent();
            sent[which] = flipped;
            assert!(authority.verify(&sent, Some(at(NOW))).is_err(), "{which}, bit {bit}");
            assert!(authority.verify(&sent, None).is_err(), "{which}, bit {bit}");
        }
    }
}

#[test]
fn long_paths_end() {
    let mut above = Wish::authority("CN=0", "CN=0").by(None);
    let root = trusting(&[&above]);
    let mut sent = Vec::new();
    for n in 1..=7_usize {
        let wish = Wish::authority(&format!("CN={n}"), &format!("CN={}", n - 1));
        let made = wish.by(Some(&above));
        let leaf = Wish::leaf(LEAF, &wish.subject).by(Some(&made)).certificate;
        sent.insert(0, made.certificate.clone());
        let chain = [vec![leaf], sent.clone()].concat();
        let result = root.verify(&chain, Some(at(NOW)));
        if n <= 6 {
            assert_eq!(result.unwrap().path.len(), n + 2);
        } else {
            assert_eq!(code(result), Code::ChainTooLong);
        }
        above = made;
    }
}

#[test]
fn crowds_and_loops_of_certificates_end() {
    let chain = made(&wishes());
    let authority = trusting(&[&chain.root]);
    let crowd = vec![chain.leaf.certificate.clone(); 10_000];
    assert_eq!(code(authority.verify(&crowd, None)), Code::ChainTooLong);
    let crowd = vec![chain.leaf.certificate.der(); 10_000];
    assert_eq!(read(crowd.into_iter(), "x").unwrap_err().code(), Code::ChainTooLong);
    let few = [chain.leaf.certificate.der(), chain.middle.certificate.der()];
    assert_eq!(read(few.into_iter(), "x").unwrap(), chain.sent());
    assert!(read([&b"x"[..]].into_iter(), "x").is_err());

    // Authorities of two names that all certify each other with one key.
    let key = Maker::new(Algorithm::EcdsaP256);
    let spki = key.spki();
    let mut sent =
        vec![Certificate::from_der(&Wish::leaf(LEAF, "CN=a").der(&spki, &key), "x").unwrap()];
    for n in 1..MAX_CERTIFICATES {
        let (subject, issuer) = if n % 2 == 0 { ("CN=a", "CN=b") } else { ("CN=b", "CN=a") };
        let mut wish = Wish::authority(subject, issuer);
        wish.more = vec![("1.2.3.4", false, n.to_be_bytes().to_vec())];
        sent.push(Certificate::from_der(&wish.der(&spki, &key), "x").unwrap());
    }
    assert_eq!(code(authority.verify(&sent, None)), Code::ChainSearchLimit);

    let mut many = wishes();
    many[0].constraints = Some((vec![], vec![dns("example.org"); 1000]));
    many[2].names = vec![dns("example.com"); 1000];
    assert_eq!(made(&many).refused(None).code(), Code::ChainSearchLimit);
    let long = format!("CN={}", "x".repeat(30_000));
    many[0].constraints = Some((vec![], vec![directory("CN=y"); 1000]));
    many[2].names = vec![directory(&long)];
    assert_eq!(made(&many).refused(None).code(), Code::ChainSearchLimit);
}

#[test]
fn files_of_trusted_certificates_are_read_strictly() {
    let chain = made(&wishes());
    let good = pem_of(&[&chain.root.certificate]);
    let key = pem::encode("PRIVATE KEY", b"x").to_string();
    for bad in [
        String::new(),
        "no PEM".to_owned(),
        key.clone(),
        format!("{good}{key}"),
        format!("{good}-----BEGIN CERTIFICATE-----\n"),
        good.repeat(MAX_TRUSTED + 1),
    ] {
        let problem = Authority::from_pem(&bad, "trusted.pem").unwrap_err();
        assert_eq!(problem.code(), Code::AuthorityInvalid);
    }
    assert_eq!(Authority::from_pems([]).unwrap_err().code(), Code::AuthorityInvalid);
    let both = Authority::from_pems([(good.as_str(), "a"), (good.as_str(), "b")]).unwrap();
    assert_eq!(both.certificates().len(), 1);
    assert!(Certificate::from_pem(&good, "x").is_ok());
    assert!(Certificate::from_pem(&good.repeat(2), "x").is_err());
    assert!(Certificate::from_pem(&key, "x").is_err());
}

/// Any mix of features that decide about a path.
fn any_wish(subject: &'static str, issuer: &'static str) -> impl Strategy<Value = Wish> {
    let basic = prop_oneof![
        1 => Just(None),
        1 => Just(Some((false, None))),
        4 => (prop_oneof![Just(None), (0_u8..3).prop_map(Some)]).prop_map(|l| Some((true, l))),
    ];
    let usage = prop_oneof![
        1 => Just(None),
        1 => Just(Some(KeyUsages::DigitalSignature.into())),
        4 => Just(Some(KeyUsages::DigitalSignature | KeyUsages::KeyCertSign)),
    ];
    let purposes = prop_oneof![4 => Just(None), 1 => Just(Some(vec![CODE_SIGNING])), 1 => Just(Some(vec![SERVER]))];
    let end = prop_oneof![4 => Just("2040-01-01T00:00:00Z"), 1 => Just("2021-01-01T00:00:00Z")];
    let names = prop::collection::vec(
        prop_oneof![Just(dns("a.example.org")), Just(dns("b.example.com"))],
        0..2,
    );
    let constraints = prop_oneof![
        4 => Just(None),
        1 => Just(Some((vec![dns("example.org")], vec![]))),
        1 => Just(Some((vec![], vec![dns("a.example.org")]))),
    ];
    (basic, usage, purposes, end, names, constraints).prop_map(
        move |(basic, usage, purposes, end, names, constraints)| Wish {
            basic,
            usage,
            purposes,
            validity: ("2020-01-01T00:00:00Z", end),
            names,
            constraints,
            ..Wish::leaf(subject, issuer)
        },
    )
}

proptest! {
    #[test]
    fn what_is_accepted_here_is_accepted_by_webpki(
        root in any_wish(ROOT, ROOT),
        middle in any_wish(MIDDLE, ROOT),
        leaf in any_wish(LEAF, MIDDLE),
    ) {
        let chain = made(&[root, middle, leaf]);
        if let Ok(verified) = chain.verify(Some(NOW)) {
            // That crate takes no authority for a signer; a warning is given here.
            let refused_there = chain.leaf.certificate.is_authority();
            prop_assert_eq!(verified.findings.is_empty(), !refused_there);
            if !refused_there {
                prop_assert!(webpki_accepts(&chain.root.certificate, &chain.sent(), NOW));
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, text in "\\PC{0,80}") {
        prop_assert!(Certificate::from_der(&bytes, "test").is_err());
        prop_assert!(Authority::from_pem(&text, "test").is_err());
    }
}
