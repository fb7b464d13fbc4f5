//! Tests of name constraints, within whole chains.

use x509_cert::ext::pkix::name::GeneralName;

use crate::finding::Code;
use crate::trust::chain::Authority;
use crate::trust::testcert::{Wish, directory, dns, ip, mail, pem_of, uri};

const ROOT: &str = "CN=Root,O=Example";
const LEAF: &str = "CN=Signer,O=Example";

/// How a root with these constraints takes a signer of that name.
fn judge(
    permitted: Vec<GeneralName>,
    excluded: Vec<GeneralName>,
    name: &GeneralName,
) -> Result<(), Code> {
    let mut root = Wish::authority(ROOT, ROOT);
    root.constraints = Some((permitted, excluded));
    let root = root.by(None);
    let mut leaf = Wish::leaf(LEAF, ROOT);
    leaf.names = vec![name.clone()];
    let leaf = leaf.by(Some(&root)).certificate;
    let authority = Authority::from_pem(&pem_of(&[&root.certificate]), "test").unwrap();
    authority.verify(&[leaf], None).map(|_| ()).map_err(|problem| problem.code())
}

#[test]
fn names_are_kept_within_their_constraints() {
    let inside: [(GeneralName, GeneralName); 8] = [
        (dns("example.org"), dns("a.Example.org")),
        (dns("example.org"), dns("example.org")),
        (mail("example.org"), mail("a@example.org")),
        (mail("a@example.org"), mail("a@EXAMPLE.org")),
        (uri(".example.org"), uri("https://u@ci.example.org:1/x@y")),
        (ip(&[10, 0, 0, 0, 255, 0, 0, 0]), ip(&[10, 1, 2, 3])),
        (directory("O=Example"), directory("CN=x,O=EXAMPLE")),
        (dns(""), dns("anything")),
    ];
    let outside: [(GeneralName, GeneralName); 7] = [
        (dns("example.org"), dns("example.org.evil")),
        (dns("example.org"), dns("badexample.org")),
        (mail("example.org"), mail("a@b.example.org")),
        (uri("example.org"), uri("https://a.example.org/")),
        (ip(&[10, 0, 0, 0, 255, 0, 0, 0]), ip(&[11, 1, 2, 3])),
        (ip(&[10, 0, 0, 0, 255, 0, 0, 0]), ip(&[0; 16])),
        (directory("O=Third"), directory("O=Other")),
    ];
    // What cannot be compared is never inside, and never safely outside.
    let unclear: [(GeneralName, GeneralName); 7] = [
        (dns("example.org"), dns("*.org")),
        (dns("example.org"), dns("a..org")),
        (mail("example.org"), mail("no-address")),
        (mail("example.org"), mail("\"a@b\"@example.org")),
        (uri("example.org"), uri("urn:example:a")),
        (uri("example.org"), uri("https://10.0.0.1/")),
        (ip(&[10, 0, 0, 0]), ip(&[10, 1, 2, 3])),
    ];
    let judged = |permitted: Option<&GeneralName>, excluded: Option<&GeneralName>, name| {
        // The subject of a certificate is a name, too.
        let permitted = permitted.map(|base| vec![base.clone(), directory("O=Example")]);
        let excluded = excluded.map(|base| vec![base.clone()]);
        judge(permitted.unwrap_or_default(), excluded.unwrap_or_default(), name)
    };
    let refused = Err(Code::CertificateName);
    for (base, name) in &inside {
        assert_eq!(judged(Some(base), None, name), Ok(()), "{base:?} {name:?}");
        assert_eq!(judged(None, Some(base), name), refused, "{base:?} {name:?}");
    }
    for (base, name) in &outside {
        assert_eq!(judged(Some(base), None, name), refused, "{base:?} {name:?}");
        assert_eq!(judged(None, Some(base), name), Ok(()), "{base:?} {name:?}");
    }
    for (base, name) in &unclear {
        assert_eq!(judged(Some(base), None, name), refused, "{base:?} {name:?}");
        assert_eq!(judged(None, Some(base), name), refused, "{base:?} {name:?}");
    }
    assert_eq!(judged(Some(&dns("example.org")), None, &mail("a@b.c")), Ok(()), "another kind");
    let subject = vec![directory("CN=signer,O=EXAMPLE")];
    assert_eq!(judge(vec![], subject, &dns("a")), refused, "the subject is a name");
}
