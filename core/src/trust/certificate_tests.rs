//! Tests of certificates by themselves.

use x509_cert::Version;

use super::{Certificate, NameKind};
use crate::finding::Code;
use crate::trust::key::Algorithm;
use crate::trust::testcert::{Maker, Wish, at, directory, dns, ip, mail, uri};

const LEAF: &str = "CN=Signer,O=Example";

#[test]
fn what_a_certificate_says_can_be_shown() {
    let mut wish = Wish::leaf("CN=A\\, B+SERIALNUMBER=1,O=Ex\u{e4}mple", "O=Issuer");
    wish.names =
        vec![mail("a@b.c"), dns("b.c"), uri("https://b.c"), ip(&[127, 0, 0, 1]), directory("CN=x")];
    let certificate = wish.by(None).certificate;
    assert!(certificate.subject().contains("O=Ex\u{e4}mple"), "{}", certificate.subject());
    assert!(certificate.subject().contains("CN=A\\, B"), "{}", certificate.subject());
    assert_eq!(certificate.issuer(), "O=Issuer");
    assert_eq!(certificate.serial(), "12ab");
    assert_eq!(certificate.not_before(), at("2020-01-01T00:00:00Z"));
    let names: Vec<(NameKind, String)> =
        certificate.alternative_names().into_iter().map(|name| (name.kind, name.value)).collect();
    let wanted = [
        (NameKind::Email, "a@b.c"),
        (NameKind::Dns, "b.c"),
        (NameKind::Uri, "https://b.c"),
        (NameKind::Ip, "127.0.0.1"),
        (NameKind::Directory, "CN=x"),
    ];
    assert_eq!(names, wanted.map(|(kind, value)| (kind, value.to_owned())));
    assert!(!certificate.is_authority());
    assert_eq!(certificate.path_length(), None);
}

#[test]
fn malformed_certificates_are_refused() {
    let mut old = Wish::leaf(LEAF, LEAF);
    old.version = Version::V1;
    let mut twice = Wish::leaf(LEAF, LEAF);
    twice.more = vec![("1.2.3.4", false, vec![]), ("1.2.3.4", false, vec![])];
    let mut broken = Wish::leaf(LEAF, LEAF);
    broken.basic = None;
    broken.more = vec![("2.5.29.19", true, vec![0x30, 1])];
    let mut backwards = Wish::leaf(LEAF, LEAF);
    backwards.validity = ("2026-01-01T00:00:00Z", "2020-01-01T00:00:00Z");
    let mut nameless = Wish::leaf(LEAF, "");
    nameless.issuer = String::new();
    let mut large = Wish::leaf(LEAF, LEAF);
    large.more = vec![("1.2.3.4", false, vec![0; 70_000])];
    let mut many = Wish::leaf(LEAF, LEAF);
    many.names = vec![dns("a"); 1025];
    let maker = Maker::new(Algorithm::EcdsaP256);
    for wish in [old, twice, broken, backwards, nameless, large, many] {
        let der = wish.der(&maker.spki(), &maker);
        let problem = Certificate::from_der(&der, "test").unwrap_err();
        assert_eq!(problem.code(), Code::CertificateMalformed, "{wish:?}");
    }
    let nested = [0x30, 0x80].repeat(30_000);
    let deep: Vec<u8> = (0..5000_u16)
        .rev()
        .flat_map(|n| {
            let length = (n * 4).to_be_bytes();
            [0x30, 0x82, length[0], length[1]]
        })
        .collect();
    for der in [nested, deep, Vec::new(), vec![0x30]] {
        let problem = Certificate::from_der(&der, "test").unwrap_err();
        assert_eq!(problem.code(), Code::CertificateMalformed);
    }
    let good = Wish::leaf(LEAF, LEAF).by(None).certificate;
    for cut in 0..good.der().len() {
        assert!(Certificate::from_der(&good.der()[..cut], "test").is_err(), "{cut}");
    }
    assert!(Certificate::from_der(&[good.der(), &[0]].concat(), "test").is_err());
}

#[test]
fn an_end_beyond_all_clocks_is_no_end() {
    let mut wish = Wish::leaf(LEAF, LEAF);
    wish.validity.1 = "9999-12-30T22:00:00Z";
    let spki = Maker::new(Algorithm::EcdsaP256);
    let der = wish.der(&spki.spki(), &spki);
    // 99991231235959Z, which RFC 5280 gives that meaning.
    let from = der.windows(15).position(|text| text == b"99991230220000Z").unwrap();
    let mut forever = der.clone();
    forever[from..from + 15].copy_from_slice(b"99991231235959Z");
    let certificate = Certificate::from_der(&forever, "test").unwrap();
    assert_eq!(certificate.not_after(), jiff::Timestamp::MAX);
}
