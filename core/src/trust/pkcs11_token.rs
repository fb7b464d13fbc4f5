//! Signing with a key in a token: the part that talks to the module.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{OctetStringRef, PrintableStringRef, SequenceOf, UintRef};
use pkcs8::der::{Decode as _, Encode as _};

use super::certificate::Certificate;
use super::key::{Algorithm, PublicKey};
use super::pkcs11::Pin;
use super::pkcs11_uri::{Pkcs11Uri, percent};
use super::signer::Signer;
use crate::finding::{Code, Problem, Result};

/// Most labels that a problem lists.
const MAX_LISTED: usize = 20;

/// How tokens name the curve of Ed25519: by text, or by one of two identifiers.
const EDWARDS25519: &str = "edwards25519";
const ED25519: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.3.101.112"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.15.1"),
];

/// A module, which is closed when this is dropped if it was opened by this.
struct Module {
    context: Option<Pkcs11>,
    mine: bool,
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Some(context) = self.context.take().filter(|_| self.mine) {
            // Nothing can be done about a module that does not want to end.
            let _ = context.finalize();
        }
    }
}

/// A session in which somebody may have logged in; logged out when dropped.
struct LoggedIn {
    session: Session,
    out: bool,
}

impl Drop for LoggedIn {
    fn drop(&mut self) {
        if self.out {
            // The session is closed next, which logs out as well.
            let _ = self.session.logout();
        }
    }
}

/// A key in a token.
pub(super) struct TokenSigner {
    // Dropped in this order: the session before its module.
    session: LoggedIn,
    _module: Module,
    key: ObjectHandle,
    way: Way,
    public: PublicKey,
    subject: String,
}

/// What the token does of the work.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// It signs a hash (`CKM_ECDSA`).
    Hash,
    /// It takes the message (`CKM_ECDSA_SHA256` and the like, `CKM_EDDSA`).
    Message,
}

impl TokenSigner {
    /// Opens the key that fits the URI; the PIN is obtained if one is needed.
    pub(super) fn open(uri: &Pkcs11Uri, path: &Path, pin: Pin<'_>, subject: &str) -> Result<Self> {
        let (module, context) = load(path, subject)?;
        let failed = |error| failed(subject, error);
        check_library(&context, uri, subject)?;
        let (slot, info) = find_token(&context, uri, subject)?;
        let session = context.open_ro_session(slot).map_err(failed)?;
        let session = log_in(session, &info, pin, subject)?;
        let found = find_key(&session.session, uri, subject)?;
        let public = public_key(&session.session, &found, subject)?;
        let mechanisms = context.get_mechanism_list(slot).map_err(failed)?;
        let way = Way::choose(public.algorithm(), &mechanisms).ok_or_else(|| {
            Problem::new(Code::Pkcs11Key, subject)
                .detail(format!("the token cannot sign with {} keys", public.algorithm()))
        })?;
        let (key, subject) = (found.handle, subject.to_owned());
        Ok(Self { session, _module: module, key, way, public, subject })
    }

    fn wrong(&self, why: &str) -> Problem {
        Problem::new(Code::SignerWrong, &self.subject).detail(why)
    }
}

impl Signer for TokenSigner {
    fn public(&self) -> Result<PublicKey> {
        Ok(self.public.clone())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let algorithm = self.public.algorithm();
        let (mechanism, data) = match (self.way, algorithm.hash(message)) {
            (Way::Hash, Some((_, hash))) => (Mechanism::Ecdsa, hash),
            _ => (whole_message(algorithm), message.to_vec()),
        };
        let raw = self
            .session
            .session
            .sign(&mechanism, self.key, &data)
            .map_err(|error| failed(&self.subject, error))?;
        let signature = match algorithm.scalar_len() {
            Some(length) => der_signature(&raw, length).ok_or_else(|| {
                self.wrong(&format!("the token gave a signature of {} bytes", raw.len()))
            })?,
            None => raw,
        };
        if !self.public.verify(message, &signature) {
            return Err(self.wrong("the token gave a signature that does not fit its public key"));
        }
        Ok(signature)
    }
}

impl Way {
    fn choose(algorithm: Algorithm, offered: &[MechanismType]) -> Option<Self> {
        if algorithm != Algorithm::Ed25519 && offered.contains(&MechanismType::ECDSA) {
            return Some(Self::Hash);
        }
        offered.contains(&whole_message(algorithm).mechanism_type()).then_some(Self::Message)
    }
}

/// The mechanism that takes the message itself.
fn whole_message(algorithm: Algorithm) -> Mechanism<'static> {
    match algorithm {
        Algorithm::EcdsaP256 => Mechanism::EcdsaSha256,
        Algorithm::EcdsaP384 => Mechanism::EcdsaSha384,
        Algorithm::EcdsaP521 => Mechanism::EcdsaSha512,
        Algorithm::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
    }
}

/// An ECDSA signature in DER, from both halves side by side.
fn der_signature(raw: &[u8], length: usize) -> Option<Vec<u8>> {
    if raw.len() != 2 * length {
        return None;
    }
    let (r, s) = raw.split_at(length);
    let mut sequence = SequenceOf::<UintRef<'_>, 2>::new();
    sequence.add(UintRef::new(r).ok()?).ok()?;
    sequence.add(UintRef::new(s).ok()?).ok()?;
    sequence.to_der().ok()
}

fn load(path: &Path, subject: &str) -> Result<(Module, Pkcs11)> {
    let refused = |error: Error| {
        Problem::new(Code::Pkcs11Module, subject)
            .detail(format!("the module {} cannot be used: {error}", path.display()))
            .source(error)
    };
    let context = Pkcs11::new(path).map_err(refused)?;
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    let mine = match context.initialize(arguments) {
        Ok(()) => true,
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
        Err(error) => return Err(refused(error)),
    };
    Ok((Module { context: Some(context.clone()), mine }, context))
}

/// Whether a text of a token fits an attribute of the URI.
fn fits(wanted: Option<&String>, found: &str) -> bool {
    // Tokens fill their texts up with spaces (PKCS#11, section 3.1).
    wanted.is_none_or(|wanted| wanted.trim_end_matches(' ') == found.trim_end_matches(' '))
}

fn check_library(context: &Pkcs11, uri: &Pkcs11Uri, subject: &str) -> Result<()> {
    let info = context.get_library_info().map_err(|error| failed(subject, error))?;
    let version = (info.library_version().major(), info.library_version().minor());
    if fits(uri.library_manufacturer.as_ref(), info.manufacturer_id())
        && fits(uri.library_description.as_ref(), info.library_description())
        && uri.library_version.is_none_or(|wanted| wanted == version)
    {
        return Ok(());
    }
    Err(Problem::new(Code::Pkcs11Module, subject).detail(format!(
        "the module is another one: {:?} by {:?}, version {}.{}",
        info.library_description(),
        info.manufacturer_id(),
        version.0,
        version.1
    )))
}

fn find_token(context: &Pkcs11, uri: &Pkcs11Uri, subject: &str) -> Result<(Slot, TokenInfo)> {
    let failed = |error| failed(subject, error);
    let (mut fitting, mut others) = (Vec::new(), Vec::new());
    for slot in context.get_slots_with_initialized_token().map_err(failed)? {
        let info = context.get_slot_info(slot).map_err(failed)?;
        let token = context.get_token_info(slot).map_err(failed)?;
        let fit = fits(uri.token.as_ref(), token.label())
            && fits(uri.manufacturer.as_ref(), token.manufacturer_id())
            && fits(uri.model.as_ref(), token.model())
            && fits(uri.serial.as_ref(), token.serial_number())
            && fits(uri.slot_description.as_ref(), info.slot_description())
            && fits(uri.slot_manufacturer.as_ref(), info.manufacturer_id())
            && uri.slot_id.is_none_or(|wanted| wanted == slot.id());
        if fit {
            fitting.push((slot, token));
        } else {
            others.push(described(slot, &token));
        }
    }
    if fitting.len() > 1 {
        let names = fitting.iter().map(|(slot, token)| described(*slot, token)).collect();
        return Err(Problem::new(Code::Pkcs11ManyTokens, subject)
            .detail(format!("several tokens fit: {}", listed(names))));
    }
    fitting.pop().ok_or_else(|| {
        Problem::new(Code::Pkcs11NoToken, subject)
            .detail(format!("no token fits; there are: {}", listed(others)))
    })
}

fn described(slot: Slot, token: &TokenInfo) -> String {
    format!("{:?} (serial {:?}, slot {})", token.label(), token.serial_number(), slot.id())
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MAX_LISTED);
    names.truncate(MAX_LISTED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn log_in(session: Session, info: &TokenInfo, pin: Pin<'_>, subject: &str) -> Result<LoggedIn> {
    let mut session = LoggedIn { session, out: false };
    if !info.login_required() {
        return Ok(session);
    }
    if info.user_pin_locked() {
        return Err(Problem::new(Code::Pkcs11PinLocked, subject));
    }
    let result = if info.protected_authentication_path() {
        // The token, or its driver, asks for the PIN by itself.
        session.session.login(UserType::User, None)
    } else {
        let pin = AuthPin::new(pin.obtain(info.label())?.as_str().into());
        session.session.login(UserType::User, Some(&pin))
    };
    match result {
        Ok(()) => session.out = true,
        Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        Err(error) => return Err(failed(subject, error)),
    }
    Ok(session)
}

/// A private key, and what points to its public half.
struct Found {
    handle: ObjectHandle,
    label: String,
    id: Vec<u8>,
    kind: Option<KeyType>,
    signs: bool,
    asks_each_time: bool,
    half: Half,
}

/// What an object says about a public key.
#[derive(Default)]
struct Half {
    curve: Option<Vec<u8>>,
    point: Option<Vec<u8>>,
}

impl Found {
    fn read(session: &Session, handle: ObjectHandle) -> Result<Self, Error> {
        let mut found = Self {
            handle,
            label: String::new(),
            id: Vec::new(),
            kind: None,
            signs: true,
            asks_each_time: false,
            half: Half::read(session, handle)?,
        };
        let wanted = [
            AttributeType::Label,
            AttributeType::Id,
            AttributeType::KeyType,
            AttributeType::Sign,
            AttributeType::AlwaysAuthenticate,
        ];
        for attribute in session.get_attributes(handle, &wanted)? {
            match attribute {
                Attribute::Label(label) => {
                    found.label = String::from_utf8_lossy(&label).into_owned();
                }
                Attribute::Id(id) => found.id = id,
                Attribute::KeyType(kind) => found.kind = Some(kind),
                Attribute::Sign(signs) => found.signs = signs,
                Attribute::AlwaysAuthenticate(asks) => found.asks_each_time = asks,
                _ => {}
            }
        }
        Ok(found)
    }

    fn described(&self) -> String {
        format!("{:?} (id={})", self.label, percent(&self.id))
    }

    /// Why the key cannot sign here, if it cannot.
    fn unusable(&self) -> Option<&'static str> {
        if self.kind != Some(KeyType::EC) && self.kind != Some(KeyType::EC_EDWARDS) {
            Some("it is neither an ECDSA nor an Ed25519 key")
        } else if !self.signs {
            Some("its owner does not allow it to sign (CKA_SIGN)")
        } else if self.asks_each_time {
            Some("it asks for the PIN at every signature (CKA_ALWAYS_AUTHENTICATE)")
        } else {
            None
        }
    }
}

impl Half {
    fn read(session: &Session, handle: ObjectHandle) -> Result<Self, Error> {
        let mut half = Self::default();
        let wanted = [AttributeType::EcParams, AttributeType::EcPoint];
        for attribute in session.get_attributes(handle, &wanted)? {
            match attribute {
                Attribute::EcParams(curve) => half.curve = Some(curve),
                Attribute::EcPoint(point) => half.point = Some(point),
                _ => {}
            }
        }
        Ok(half)
    }
}

fn find_key(session: &Session, uri: &Pkcs11Uri, subject: &str) -> Result<Found> {
    let failed = |error| failed(subject, error);
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let mut keys = Vec::new();
    for handle in session.find_objects(&template).map_err(failed)? {
        keys.push(Found::read(session, handle).map_err(failed)?);
    }
    let fits = |key: &Found| {
        uri.object.as_ref().is_none_or(|wanted| *wanted == key.label)
            && uri.id.as_ref().is_none_or(|wanted| *wanted == key.id)
    };
    let (mut fitting, others): (Vec<Found>, Vec<Found>) = keys.into_iter().partition(fits);
    let described = |keys: &[Found]| listed(keys.iter().map(Found::described).collect());
    if fitting.len() > 1 {
        return Err(Problem::new(Code::Pkcs11ManyKeys, subject)
            .detail(format!("several keys fit: {}", described(&fitting))));
    }
    let Some(key) = fitting.pop() else {
        return Err(Problem::new(Code::Pkcs11NoKey, subject)
            .detail(format!("no private key fits; there are: {}", described(&others))));
    };
    match key.unusable() {
        None => Ok(key),
        Some(why) => Err(Problem::new(Code::Pkcs11Key, subject)
            .detail(format!("the key {} cannot be used: {why}", key.described()))),
    }
}

/// The public half of a key: of the public key beside it, of its certificate, or
/// of the private key itself, where tokens tell it.
///
/// The first that can be read is taken; that it is the right one shows with every
/// signature.
fn public_key(session: &Session, key: &Found, subject: &str) -> Result<PublicKey> {
    let failed = |error| failed(subject, error);
    let mut why = "there is neither a public key nor a certificate beside it".to_owned();
    for handle in beside(session, key, ObjectClass::PUBLIC_KEY).map_err(failed)? {
        let half = Half::read(session, handle).map_err(failed)?;
        match half.key(key, subject) {
            Ok(public) => return Ok(public),
            Err(reason) => why = reason,
        }
    }
    for handle in beside(session, key, ObjectClass::CERTIFICATE).map_err(failed)? {
        let wanted = [AttributeType::Value];
        for attribute in session.get_attributes(handle, &wanted).map_err(failed)? {
            let Attribute::Value(der) = attribute else { continue };
            let certificate = Certificate::from_der(&der, subject);
            match certificate.as_ref().map(Certificate::public_key) {
                Ok(Ok(public)) => return Ok(public.clone()),
                Ok(Err(problem)) => why.clone_from(&problem.finding().message),
                Err(problem) => why.clone_from(&problem.finding().message),
            }
        }
    }
    if key.half.point.is_some() {
        match key.half.key(key, subject) {
            Ok(public) => return Ok(public),
            Err(reason) => why = reason,
        }
    }
    Err(Problem::new(Code::Pkcs11Key, subject)
        .detail(format!("the public half of the key {} is not known: {why}", key.described())))
}

/// Objects of a class with the identifier of the key, or with its label if it has
/// none.
fn beside(session: &Session, key: &Found, class: ObjectClass) -> Result<Vec<ObjectHandle>, Error> {
    let name = if key.id.is_empty() {
        Attribute::Label(key.label.clone().into_bytes())
    } else {
        Attribute::Id(key.id.clone())
    };
    session.find_objects(&[Attribute::Class(class), name])
}

impl Half {
    /// The public key, with the curve of the private one where this does not say.
    fn key(&self, private: &Found, subject: &str) -> Result<PublicKey, String> {
        let curve = self.curve.as_ref().or(private.half.curve.as_ref());
        let algorithm = algorithm(private.kind, curve.map_or(&[], Vec::as_slice))
            .ok_or("its curve is none of P-256, P-384, P-521 and Ed25519")?;
        let point = self.point.as_deref().ok_or("its point is not told")?;
        // PKCS#11 wants an octet string around the point, which some leave away.
        let inner = OctetStringRef::from_der(point).map_or(point, |inner| inner.as_bytes());
        let whole = PublicKey::from_point(algorithm, inner, subject);
        whole
            .or_else(|_| PublicKey::from_point(algorithm, point, subject))
            .map_err(|problem| problem.finding().message.clone())
    }
}

fn algorithm(kind: Option<KeyType>, curve: &[u8]) -> Option<Algorithm> {
    let oid = ObjectIdentifier::from_der(curve).ok();
    if kind == Some(KeyType::EC_EDWARDS) {
        let text = PrintableStringRef::from_der(curve).ok();
        let named = text.is_some_and(|text| text.as_str() == EDWARDS25519);
        let known = named || oid.is_some_and(|oid| ED25519.contains(&oid));
        return known.then_some(Algorithm::Ed25519);
    }
    Algorithm::ALL.into_iter().find(|algorithm| oid.is_some() && algorithm.curve() == oid)
}

/// An error of the module, by its code where it has a meaning of its own.
fn failed(subject: &str, error: Error) -> Problem {
    let code = match &error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
            Code::Pkcs11PinWrong
        }
        Error::Pkcs11(RvError::PinLocked, _) => Code::Pkcs11PinLocked,
        Error::Pkcs11(RvError::TokenNotPresent | RvError::DeviceRemoved, _) => Code::Pkcs11NoToken,
        _ => Code::Pkcs11Failed,
    };
    let problem = Problem::new(code, subject);
    let problem = match code {
        Code::Pkcs11PinWrong => problem,
        _ => problem.detail(format!("the token reported: {error}")),
    };
    problem.source(error)
}

#[cfg(test)]
#[path = "pkcs11_token_tests.rs"]
mod tests;
