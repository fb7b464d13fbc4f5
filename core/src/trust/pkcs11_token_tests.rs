//! Tests with tokens of `SoftHSM`, in processes of their own: the module reads its
//! configuration from the environment, and knows one state for each process.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use pkcs8::der::Encode as _;
use pkcs8::der::asn1::PrintableStringRef;
use pkcs8::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use x509_cert::der::Decode as _;

use super::{Way, algorithm, der_signature, failed, fits, listed};
use crate::finding::{Code, Problem};
use crate::trust::key::{Algorithm, PublicKey};
use crate::trust::pem;
use crate::trust::pkcs11::{MODULE_VARIABLE, PIN_VARIABLE, PinSource, open};
use crate::trust::signer::Signer;
use crate::trust::testcert::{Maker, Wish};

/// Environment variable with the path of `SoftHSM`, where it is in no usual place.
const SOFTHSM: &str = "PKG_TEST_SOFTHSM";

const PIN: &str = "1234";
const MESSAGE: &[u8] = b"what is signed";

const CURVES: [(&str, Algorithm, &str); 3] = [
    ("p256", Algorithm::EcdsaP256, "1.2.840.10045.3.1.7"),
    ("p384", Algorithm::EcdsaP384, "1.3.132.0.34"),
    ("p521", Algorithm::EcdsaP521, "1.3.132.0.35"),
];

fn softhsm() -> Option<PathBuf> {
    let usual = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ];
    let named = std::env::var_os(SOFTHSM).map(PathBuf::from);
    named.into_iter().chain(usual.map(PathBuf::from)).find(|path| path.is_file())
}

/// Says, past the capture of the test runner, that a test could not run.
///
/// With `PKG_TEST_REQUIRE_SOFTHSM` set, that is a failure.
fn skipped() {
    let why = "SoftHSM is not there (Debian: softhsm2)";
    assert!(std::env::var_os("PKG_TEST_REQUIRE_SOFTHSM").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "\nSKIPPED, NOT PASSED: {why}\n");
}

/// Runs one of the tests below that want a token, in a process of its own.
fn run_inside(test: &str, variables: &[(&str, &str)]) {
    let Some(module) = softhsm() else {
        return skipped();
    };
    let folder = tempfile::tempdir().unwrap();
    let (tokens, settings) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
    std::fs::create_dir(&tokens).unwrap();
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    std::fs::write(&settings, text).unwrap();
    let name = format!("trust::pkcs11_token::tests::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--ignored", "--nocapture", "--test-threads=1"])
        .env("SOFTHSM2_CONF", &settings)
        .env(SOFTHSM, module)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "{text}\n{errors}");
}

/// A module and an open session, to make tokens with.
struct Maintenance {
    context: Pkcs11,
}

impl Maintenance {
    fn begin() -> Self {
        let context = Pkcs11::new(softhsm().unwrap()).unwrap();
        context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
        Self { context }
    }

    /// A new token with a PIN, and a session of its user.
    fn token(&self, label: &str) -> Session {
        let slot = *self.context.get_slots_with_token().unwrap().last().unwrap();
        let officer = AuthPin::new("officer".into());
        self.context.init_token(slot, &officer, label).unwrap();
        let slots = self.context.get_slots_with_initialized_token().unwrap();
        let is_it = |slot: &_| self.context.get_token_info(*slot).unwrap().label() == label;
        let slot = slots.into_iter().find(is_it).unwrap();
        let session = self.context.open_rw_session(slot).unwrap();
        session.login(UserType::So, Some(&officer)).unwrap();
        session.init_pin(&AuthPin::new(PIN.into())).unwrap();
        session.logout().unwrap();
        session.login(UserType::User, Some(&AuthPin::new(PIN.into()))).unwrap();
        session
    }

    fn end(self, sessions: impl IntoIterator<Item = Session>) {
        sessions.into_iter().for_each(drop);
        self.context.finalize().unwrap();
    }
}

/// Makes a key pair; gives the public and the private half.
fn pair(
    session: &Session,
    mechanism: &Mechanism<'_>,
    parameters: Vec<u8>,
    label: &str,
    id: &[u8],
    more: &[Attribute],
) -> (ObjectHandle, ObjectHandle) {
    let names = [
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ];
    let public = [&names[..], &[Attribute::EcParams(parameters)]].concat();
    let private = [&names[..], &[Attribute::Private(true)], more].concat();
    session.generate_key_pair(mechanism, &public, &private).unwrap()
}

fn ec(session: &Session, curve: &str, label: &str, id: &[u8], more: &[Attribute]) -> ObjectHandle {
    let curve = ObjectIdentifier::new_unwrap(curve).to_der().unwrap();
    pair(session, &Mechanism::EccKeyPairGen, curve, label, id, more).0
}

fn uri(path: &str) -> String {
    format!("{path}?module-path={}&pin-value={PIN}", softhsm().unwrap().display())
}

fn opened(path: &str) -> Result<Box<dyn Signer>, Problem> {
    open(&uri(path), PinSource::None)
}

fn refused(path: &str) -> Problem {
    opened(path).map(|_| ()).unwrap_err()
}

#[test]
fn keys_of_every_kind_sign() {
    run_inside("inside_keys_sign", &[]);
}

#[test]
#[ignore = "run by keys_of_every_kind_sign"]
fn inside_keys_sign() {
    let maintenance = Maintenance::begin();
    let session = maintenance.token("release keys");
    for (label, _, curve) in CURVES {
        ec(&session, curve, label, label.as_bytes(), &[]);
    }
    let edwards = PrintableStringRef::new("edwards25519").unwrap().to_der().unwrap();
    pair(&session, &Mechanism::EccEdwardsKeyPairGen, edwards, "ed", b"ed", &[]);
    maintenance.end([session]);
    let ed = ("ed", Algorithm::Ed25519, "");
    for (label, algorithm, _) in CURVES.into_iter().chain([ed]) {
        for path in [
            format!("pkcs11:token=release%20keys;object={label}"),
            format!("pkcs11:id={label};type=private"),
            format!(
                "pkcs11:object={label};id={label};model=SoftHSM%20v2;manufacturer=SoftHSM%20project"
            ),
        ] {
            let signer = opened(&path).unwrap();
            let public = signer.public().unwrap();
            assert_eq!(public.algorithm(), algorithm, "{path}");
            for _ in 0..20 {
                let signature = signer.sign(MESSAGE).unwrap();
                assert!(public.verify(MESSAGE, &signature), "{path}");
            }
            let read_back = PublicKey::from_pem(&public.pem(), "test").unwrap();
            assert_eq!(read_back.hint(), public.hint());
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    run_inside("inside_misfits", &[]);
}

#[test]
#[ignore = "run by what_does_not_fit_is_named"]
fn inside_misfits() {
    let p256 = CURVES[0].2;
    let maintenance = Maintenance::begin();
    let session = maintenance.token("one");
    ec(&session, p256, "a", b"1", &[]);
    ec(&session, p256, "b", b"2", &[]);
    ec(&session, p256, "b", b"3", &[]);
    ec(&session, p256, "each time", b"4", &[Attribute::AlwaysAuthenticate(true)]);
    ec(&session, p256, "derives", b"5", &[Attribute::Sign(false)]);
    ec(&session, "1.3.132.0.10", "koblitz", b"6", &[]);
    let names = |label: &str| {
        vec![Attribute::Token(true), Attribute::Label(label.into()), Attribute::Id(b"7".to_vec())]
    };
    let bits = Attribute::ModulusBits(2048.into());
    let public = [names("rsa"), vec![bits, Attribute::PublicExponent(vec![1, 0, 1])]].concat();
    session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &names("rsa")).unwrap();
    let other = maintenance.token("two");
    ec(&other, p256, "a", b"1", &[]);
    maintenance.end([session, other]);

    for (path, code, words) in [
        ("pkcs11:", Code::Pkcs11ManyTokens, "\"one\""),
        ("pkcs11:token=three", Code::Pkcs11NoToken, "\"two\""),
        ("pkcs11:serial=0", Code::Pkcs11NoToken, "serial"),
        ("pkcs11:slot-id=1", Code::Pkcs11NoToken, "slot"),
        ("pkcs11:token=one;slot-description=x", Code::Pkcs11NoToken, ""),
        ("pkcs11:token=one;library-description=x", Code::Pkcs11Module, "another"),
        ("pkcs11:token=one;library-version=1.0", Code::Pkcs11Module, "another"),
        ("pkcs11:token=one", Code::Pkcs11ManyKeys, "\"a\""),
        ("pkcs11:token=one;object=b", Code::Pkcs11ManyKeys, "id=%32"),
        ("pkcs11:token=one;object=c", Code::Pkcs11NoKey, "\"koblitz\""),
        ("pkcs11:token=one;object=a;id=2", Code::Pkcs11NoKey, ""),
        ("pkcs11:token=one;object=each%20time", Code::Pkcs11Key, "PIN"),
        ("pkcs11:token=one;object=derives", Code::Pkcs11Key, "CKA_SIGN"),
        ("pkcs11:token=one;object=koblitz", Code::Pkcs11Key, "curve"),
        ("pkcs11:token=one;object=rsa", Code::Pkcs11Key, "neither"),
    ] {
        let problem = refused(path);
        assert_eq!(problem.code(), code, "{path}: {problem}");
        assert!(problem.to_string().contains(words), "{path}: {problem}");
        assert!(!format!("{problem:?}").contains(PIN), "{problem:?}");
    }
    assert!(opened("pkcs11:token=one;object=b;id=3").is_ok());
    assert!(opened("pkcs11:token=two").is_ok(), "its only key");

    let module = softhsm().unwrap();
    let with = |pin: &str, source| {
        let uri = format!("pkcs11:token=two?module-path={}{pin}", module.display());
        open(&uri, source).map(|_| ()).map_err(|problem| problem.code())
    };
    assert_eq!(with("", PinSource::None), Err(Code::Pkcs11PinNeeded));
    assert_eq!(with("&pin-value=4321", PinSource::None), Err(Code::Pkcs11PinWrong));
    assert_eq!(with("&pin-value=1", PinSource::None), Err(Code::Pkcs11PinWrong));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{PIN}\n")).unwrap();
    let source = format!("&pin-source=file:{}", file.path().display());
    assert_eq!(with(&source, PinSource::None), Ok(()));
    let ask = |answer: &'static str| {
        PinSource::Ask(Box::new(move |token| {
            assert_eq!(token, "two");
            Ok(answer.to_owned().into())
        }))
    };
    assert_eq!(with("", ask(PIN)), Ok(()));
    assert_eq!(with("", ask("wrong")), Err(Code::Pkcs11PinWrong));
    // Not asked when the URI has one; and the module was closed every time.
    let never = PinSource::Ask(Box::new(|_| panic!("asked without need")));
    assert_eq!(with(&format!("&pin-value={PIN}"), never), Ok(()));
}

#[test]
fn module_and_pin_come_from_the_environment() {
    let Some(module) = softhsm() else {
        return skipped();
    };
    let module = module.to_str().unwrap();
    run_inside("inside_environment", &[(MODULE_VARIABLE, module), (PIN_VARIABLE, PIN)]);
}

#[test]
#[ignore = "run by module_and_pin_come_from_the_environment"]
fn inside_environment() {
    let maintenance = Maintenance::begin();
    let session = maintenance.token("one");
    ec(&session, CURVES[0].2, "a", b"1", &[]);
    maintenance.end([session]);
    let signer = open("pkcs11:token=one;object=a", PinSource::None).unwrap();
    assert!(signer.public().unwrap().verify(MESSAGE, &signer.sign(MESSAGE).unwrap()));
    drop(signer);
    let wrong = open("pkcs11:token=one?pin-value=4321", PinSource::None).map(|_| ());
    assert_eq!(wrong.unwrap_err().code(), Code::Pkcs11PinWrong, "the URI comes first");
}

#[test]
fn the_public_half_is_found_or_missed() {
    run_inside("inside_public_halves", &[]);
}

#[test]
#[ignore = "run by the_public_half_is_found_or_missed"]
fn inside_public_halves() {
    let (p256, p384) = (CURVES[0].2, CURVES[1].2);
    let maintenance = Maintenance::begin();
    let session = maintenance.token("one");
    let alone = ec(&session, p256, "alone", b"1", &[]);
    session.destroy_object(alone).unwrap();
    // A certificate in the place of the public key.
    let certified = ec(&session, p384, "certified", b"2", &[]);
    let spki = spki(&session, certified, Algorithm::EcdsaP384);
    session.destroy_object(certified).unwrap();
    let authority = Maker::new(Algorithm::EcdsaP256);
    let der = Wish::leaf("CN=Signer", "CN=Root").der(&spki, &authority);
    certificate(&session, "certified", b"2", der);
    // The public key of another pair.
    let swapped = ec(&session, p256, "swapped", b"3", &[]);
    session.destroy_object(swapped).unwrap();
    let other = ec(&session, p256, "other", b"4", &[]);
    session.update_attributes(other, &[Attribute::Id(b"3".to_vec())]).unwrap();
    // A certificate that holds an RSA key.
    let rsa = ec(&session, p256, "rsa certificate", b"5", &[]);
    session.destroy_object(rsa).unwrap();
    let der = Wish::leaf("CN=x", "CN=y").der(&Maker::every_rsa()[0].spki(), &authority);
    certificate(&session, "rsa certificate", b"5", der);
    maintenance.end([session]);

    let problem = refused("pkcs11:object=alone");
    assert_eq!(problem.code(), Code::Pkcs11Key);
    assert!(problem.to_string().contains("neither a public key nor a certificate"), "{problem}");
    let signer = opened("pkcs11:object=certified").unwrap();
    assert_eq!(signer.public().unwrap().algorithm(), Algorithm::EcdsaP384);
    assert!(signer.public().unwrap().verify(MESSAGE, &signer.sign(MESSAGE).unwrap()));
    drop(signer);
    let signer = opened("pkcs11:object=swapped").unwrap();
    assert_eq!(signer.sign(MESSAGE).unwrap_err().code(), Code::SignerWrong);
    drop(signer);
    let problem = refused("pkcs11:object=rsa%20certificate");
    assert_eq!(problem.code(), Code::Pkcs11Key);
    assert!(problem.to_string().contains("RSA"), "{problem}");
}

/// The public key of a pair as certificates have it.
fn spki(
    session: &Session,
    public: ObjectHandle,
    algorithm: Algorithm,
) -> x509_cert::spki::SubjectPublicKeyInfoOwned {
    let half = super::Half::read(session, public).unwrap();
    let point = half.point.unwrap();
    let inner = pkcs8::der::asn1::OctetStringRef::from_der(&point).unwrap();
    let key = PublicKey::from_point(algorithm, inner.as_bytes(), "test").unwrap();
    let block = pem::decode(&key.pem()).ok().unwrap();
    assert!(SubjectPublicKeyInfoRef::from_der(&block.content).is_ok());
    x509_cert::spki::SubjectPublicKeyInfoOwned::from_der(&block.content).unwrap()
}

fn certificate(session: &Session, label: &str, id: &[u8], der: Vec<u8>) {
    let template = [
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Label(label.into()),
        Attribute::Id(id.to_vec()),
        Attribute::Subject(vec![0x30, 0]),
        Attribute::Value(der),
    ];
    session.create_object(&template).unwrap();
}

#[test]
fn the_best_mechanism_is_chosen() {
    let choose = |algorithm, offered: &[MechanismType]| match Way::choose(algorithm, offered) {
        Some(Way::Hash) => "hash",
        Some(Way::Message) => "message",
        None => "none",
    };
    let (plain, hashing) = (MechanismType::ECDSA, MechanismType::ECDSA_SHA256);
    assert_eq!(choose(Algorithm::EcdsaP256, &[hashing, plain]), "hash");
    assert_eq!(choose(Algorithm::EcdsaP256, &[hashing]), "message");
    assert_eq!(choose(Algorithm::EcdsaP384, &[hashing]), "none");
    assert_eq!(choose(Algorithm::EcdsaP521, &[MechanismType::ECDSA_SHA512]), "message");
    assert_eq!(choose(Algorithm::Ed25519, &[plain]), "none");
    assert_eq!(choose(Algorithm::Ed25519, &[MechanismType::EDDSA]), "message");
}

#[test]
fn halves_of_signatures_become_der() {
    let mut raw = [0; 64];
    (raw[31], raw[32]) = (1, 0x80);
    let der = der_signature(&raw, 32).unwrap();
    // Leading zeros go, and one comes where the first bit is set.
    assert_eq!(der[..8], [0x30, 38, 2, 1, 1, 2, 33, 0]);
    assert_eq!(der_signature(&raw[1..], 32), None);
    assert_eq!(der_signature(&raw, 48), None);
}

#[test]
fn errors_of_modules_have_their_own_codes() {
    for (error, code) in [
        (RvError::PinIncorrect, Code::Pkcs11PinWrong),
        (RvError::PinLenRange, Code::Pkcs11PinWrong),
        (RvError::PinLocked, Code::Pkcs11PinLocked),
        (RvError::TokenNotPresent, Code::Pkcs11NoToken),
        (RvError::DeviceError, Code::Pkcs11Failed),
    ] {
        assert_eq!(failed("x", Error::Pkcs11(error, Function::Login)).code(), code);
    }
    assert_eq!(failed("x", Error::NullFunctionPointer).code(), Code::Pkcs11Failed);
}

#[test]
fn texts_and_curves_of_tokens_are_compared_as_meant() {
    let text = |text: &str| Some(text.to_owned());
    assert!(fits(None, "x") && fits(text("x").as_ref(), "x   "));
    assert!(!fits(text("x").as_ref(), "X") && !fits(text("").as_ref(), "x"));
    assert_eq!(listed(Vec::new()), "none");
    assert!(listed(vec!["x".to_owned(); 25]).ends_with("x, 5 more"));
    assert_eq!(algorithm(Some(cryptoki::object::KeyType::EC), &[]), None);
    assert_eq!(algorithm(Some(cryptoki::object::KeyType::EC_EDWARDS), &[0x13, 1, b'x']), None);
}
