//! Keys, certificates, envelopes, statements and logs.

use std::sync::OnceLock;

use pkg_core::sshsig::{Signature, Signers};
use pkg_core::trust::bundle::{Content, SignedBundle, parse};
use pkg_core::trust::certificate::Certificate;
use pkg_core::trust::chain::Authority;
use pkg_core::trust::external::ExternalSigner;
use pkg_core::trust::judge::{Accepted, Artifact, Judge, Judgement};
use pkg_core::trust::key::{PublicKey, SigningKey};
use pkg_core::trust::keyfile::{self, PassphraseSource};
use pkg_core::trust::oms::{self as model};
use pkg_core::trust::pkcs11_uri::{Pkcs11Uri, shown};
use pkg_core::trust::root::{Root, RootChoice};
use pkg_core::trust::statement::{self as statements, Attestation, Statement};
use pkg_core::trust::watch::{Log, State};
use pkg_core::trust::who::Pattern;
use pkg_core::trust::{dsse, logged};
use serde_json::Value;

use super::round;
use crate::seeds;

pub(super) fn model_signing_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("model-signing", ".sig")
}

pub(super) fn sigstore_seeds() -> Vec<Vec<u8>> {
    let names = ["statement.rekor1", "statement.rekor2", "message.rekor1", "message.rekor2"];
    let versions = ["v01", "v02", "v03"];
    let paths = names.iter().flat_map(|name| {
        versions.iter().map(move |version| format!("sigstore/{name}.{version}.json"))
    });
    paths
        .filter(|path| seeds::repository().join("fixtures").join(path).exists())
        .map(|path| seeds::fixture(&path))
        .collect()
}

pub(super) fn all_bundles() -> Vec<Vec<u8>> {
    [model_signing_seeds(), sigstore_seeds()].concat()
}

/// Bundles are read, or refused with a reason.
pub(super) fn bundle(data: &[u8]) {
    let Ok(bundle) = parse(data, "fuzz") else { return };
    let again = parse(data, "fuzz").expect("the same");
    assert_eq!(again.content, bundle.content);
    let _ = (bundle.has_evidence(), bundle.hint());
    if let Content::Envelope(envelope) = &bundle.content {
        assert_eq!(envelope.message(), dsse::pae(&envelope.payload_type, &envelope.payload));
    }
}

/// What is signed in the bundles of a corpus: nothing else may ever count.
fn genuine(seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| signed(&parse(seed, "seed").expect("a bundle"))).collect()
}

fn signed(bundle: &SignedBundle) -> Vec<u8> {
    match &bundle.content {
        Content::Envelope(envelope) => envelope.message(),
        Content::Message { .. } => seeds::fixture("sigstore/a.txt"),
    }
}

/// Holds a verdict against what was really signed, and says whether it was good.
fn held(
    judgement: pkg_core::finding::Result<Judgement>,
    bundle: &SignedBundle,
    genuine: &[Vec<u8>],
) -> bool {
    let accepted = matches!(judgement, Ok(Judgement::Accepted(_)));
    assert!(
        !accepted || genuine.contains(&signed(bundle)),
        "a signature counts for what was not signed"
    );
    accepted
}

/// Judges by a key and by an own authority.
pub(super) fn judge_key(data: &[u8]) {
    static GENUINE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    static JUDGES: OnceLock<[Judge; 2]> = OnceLock::new();
    let Ok(bundle) = parse(data, "fuzz") else { return };
    let genuine = GENUINE.get_or_init(|| genuine(model_signing_seeds()));
    let judges = JUDGES.get_or_init(|| {
        let key = PublicKey::from_pem(&seeds::text("model-signing/key.pub"), "key").expect("a key");
        let authority = Certificate::from_pem(&seeds::text("model-signing/authority.pem"), "root");
        let authority = Some(Authority::of(authority.expect("a certificate")));
        let by_key = Judge::new(vec![key].into(), RootChoice::default());
        [by_key, Judge::new(Accepted { authority, ..Accepted::default() }, RootChoice::default())]
    });
    for judge in judges {
        let good = held(judge.statement(&bundle, "fuzz"), &bundle, genuine);
        let old = held(judge.old_model_signature(&bundle, "fuzz"), &bundle, genuine);
        if good && !old {
            let content = bundle.statement("fuzz").expect("a statement");
            assert!(
                !model::is_old(&content.payload) || model::parse(&content.payload, "fuzz").is_ok()
            );
        }
    }
    // Nobody is accepted by who accepts nobody.
    assert!(!held(Judge::default().statement(&bundle, "fuzz"), &bundle, &[]));
}

/// Judges by identity, with the root of the fixtures, and with a foreign one.
pub(super) fn judge_identity(data: &[u8]) {
    static GENUINE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    static JUDGES: OnceLock<[Judge; 2]> = OnceLock::new();
    let Ok(bundle) = parse(data, "fuzz") else { return };
    let genuine = GENUINE.get_or_init(|| genuine(sigstore_seeds()));
    let [own, foreign] = JUDGES.get_or_init(|| {
        ["trusted_root.json", "other_root.json"].map(|name| {
            let text = seeds::fixture(&format!("sigstore/{name}"));
            let accepted = Accepted { any_identity: true, ..Accepted::default() };
            Judge::new(accepted, RootChoice::Text { text, origin: name.to_owned() })
        })
    });
    let artifact = seeds::fixture("sigstore/a.txt");
    held(own.statement(&bundle, "fuzz"), &bundle, genuine);
    held(own.artifact(&bundle, Artifact::Bytes(&artifact), "fuzz"), &bundle, genuine);
    let other = own.artifact(&bundle, Artifact::Bytes(b"something else"), "fuzz");
    assert!(!matches!(other, Ok(Judgement::Accepted(_))), "a signature counts for other bytes");
    for judgement in [
        foreign.statement(&bundle, "fuzz"),
        foreign.artifact(&bundle, Artifact::Bytes(&artifact), "fuzz"),
    ] {
        assert!(!matches!(judgement, Ok(Judgement::Accepted(_))), "a foreign root vouches");
    }
}

fn payloads(seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let payload = |seed: &Vec<u8>| match parse(seed, "seed").expect("a bundle").content {
        Content::Envelope(envelope) => Some(envelope.payload),
        Content::Message { .. } => None,
    };
    seeds.iter().filter_map(payload).collect()
}

pub(super) fn statement(data: &[u8]) {
    let kind = statements::peek_predicate_type(data);
    if let Ok(statement) = statements::parse::<Value>(data, "fuzz") {
        let statement: Statement<Value> = statement;
        assert_eq!(kind.expect("its type can be told"), statement.predicate_type);
        round(&statement);
        let written = serde_json::to_vec(&statement).expect("JSON");
        assert_eq!(
            statements::parse::<Value>(&written, "fuzz").expect("it can be read"),
            statement
        );
    }
    if let Ok(attestation) = Attestation::parse(data, "fuzz") {
        let _ = attestation.subject.iter().filter_map(statements::AnySubject::sha256).count();
    }
}

pub(super) fn statement_seeds() -> Vec<Vec<u8>> {
    let mut all = payloads(all_bundles());
    all.push(br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}}],"predicateType":"https://in-toto.io/attestation/test-result/v0.1","predicate":{"result":"PASSED","configuration":[{"uri":"https://example.com/suite"}]}}"#.to_vec());
    all
}

/// Predicates that attestations carry.
pub(super) fn evidence(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    for kind in pkg_core::predicate::Kind::ALL {
        assert_eq!(pkg_core::predicate::Kind::of(kind.uri()), Some(kind));
        let _ = kind.check(&value, "fuzz");
    }
}

pub(super) fn evidence_seeds() -> Vec<Vec<u8>> {
    let predicate = |payload: Vec<u8>| {
        let value: Value = serde_json::from_slice(&payload).expect("JSON");
        value["predicate"].to_string().into_bytes()
    };
    statement_seeds().into_iter().map(predicate).collect()
}

/// What a model signature says.
pub(super) fn oms(data: &[u8]) {
    let Ok(model) = model::parse(data, "fuzz") else { return };
    assert!(model::is_model_signature(data));
    assert!(!model.resources.is_empty());
    let listed: usize = model.files().iter().map(|(_, resources)| resources.len()).sum();
    assert_eq!(listed, model.resources.len(), "a resource of no file");
    for resource in &model.resources {
        let safe = resource.path == "."
            || pkg_core::model::path::ReleasePath::new(resource.path.as_str()).is_ok();
        assert!(safe || !resource.path.split('/').any(|part| part == ".."), "{:?}", resource.path);
    }
    let again = model::parse(data, "fuzz").expect("the same");
    assert_eq!(again, model);
}

pub(super) fn oms_seeds() -> Vec<Vec<u8>> {
    payloads(model_signing_seeds())
}

pub(super) fn root(data: &[u8]) {
    if let Ok(root) = Root::parse(data, "fuzz") {
        let _ = root.authorities();
        assert_eq!(root.text, data);
        assert_eq!(Root::parse(&root.text, "fuzz").expect("the same").digest, root.digest);
    }
    let path = seeds::file("client-trust-config.json", data);
    let _ = pkg_core::trust::root::ClientTrustConfig::load(&path);
}

pub(super) fn root_seeds() -> Vec<Vec<u8>> {
    let root = seeds::text("sigstore/trusted_root.json");
    let both = format!(
        "{{\"mediaType\":\"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json\",\"trustedRoot\":{root},\"signingConfig\":{{}}}}"
    );
    vec![root.into_bytes(), seeds::fixture("sigstore/other_root.json"), both.into_bytes()]
}

pub(super) fn certificate(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(all) = Certificate::all_from_pem(text, 16, "fuzz")
    {
        assert!(!all.is_empty() && all.len() <= 16);
        all.iter().for_each(look);
    }
    if let Ok(certificate) = Certificate::from_der(data, "fuzz") {
        assert_eq!(certificate.der(), data);
        look(&certificate);
    }
}

fn look(certificate: &Certificate) {
    let _ = (certificate.subject(), certificate.issuer(), certificate.serial());
    let _ = (certificate.not_before(), certificate.not_after(), certificate.alternative_names());
    let _ =
        (certificate.public_key().is_ok(), certificate.is_authority(), certificate.path_length());
    let again = Certificate::from_der(certificate.der(), "fuzz").expect("the same");
    assert_eq!(again.fingerprint(), certificate.fingerprint());
}

pub(super) fn certificate_seeds() -> Vec<Vec<u8>> {
    let mut all = vec![
        seeds::fixture("model-signing/authority.pem"),
        seeds::fixture("policies/good/authority.pem"),
    ];
    for seed in all_bundles() {
        if let pkg_core::trust::bundle::Material::Certificates(chain) =
            parse(&seed, "seed").expect("a bundle").material
        {
            all.extend(chain);
        }
    }
    all.dedup();
    all
}

pub(super) fn public_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = seeds::file("key.pub", data);
    let loaded = keyfile::load_public_key(&path);
    let Ok(key) = PublicKey::from_pem(text, "fuzz") else {
        return;
    };
    assert!(loaded.is_ok(), "a key that only one door lets in");
    let again = PublicKey::from_pem(&key.pem(), "fuzz").expect("what was written can be read");
    assert_eq!((again.pem(), again.hint()), (key.pem(), key.hint()));
    assert!(!key.verify(b"message", b"no signature") && !key.verify(b"", &[0; 64]));
}

pub(super) fn public_key_seeds() -> Vec<Vec<u8>> {
    [
        "model-signing/key.pub",
        "policies/good/alice.pub",
        "policies/good/bob.pub",
        "policies/good/carol.pub",
    ]
    .iter()
    .map(|path| seeds::fixture(path))
    .collect()
}

pub(super) fn private_key(data: &[u8]) {
    // Deriving a key from a passphrase is slow on purpose; without one it is not tried.
    let Ok((key, _)) =
        keyfile::load_signing_key(&seeds::file("k.key", data), PassphraseSource::None)
    else {
        return;
    };
    let signature = key.sign(b"message").expect("a key that was read signs");
    let public = key.public().expect("it has a public half");
    assert!(public.verify(b"message", &signature) && !public.verify(b"another", &signature));
}

pub(super) fn private_key_seeds() -> Vec<Vec<u8>> {
    // Made anew each time: private keys are not kept in repositories. Their form, and so
    // where changes fall, is the same each time.
    let folder = tempfile::tempdir().expect("a temporary folder");
    pkg_core::trust::key::Algorithm::ALL
        .into_iter()
        .map(|algorithm| {
            let key = SigningKey::generate(algorithm).expect("a key");
            let path = folder.path().join(format!("{algorithm}").replace('/', "-"));
            let written = keyfile::write_key_pair(&path, &key, None, false).expect("files");
            std::fs::read(written.private).expect("the key")
        })
        .collect()
}

pub(super) fn log_entry(data: &[u8]) {
    if let Some(entry) = logged::read(data) {
        let _ = format!("{entry:?}");
    }
}

pub(super) fn log_entry_seeds() -> Vec<Vec<u8>> {
    let mut all = seeds::all(&[
        r#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}},"signature":{"content":"AA==","publicKey":{"content":"AA=="}}}}"#,
    ]);
    for seed in sigstore_seeds() {
        let bundle: Value = serde_json::from_slice(&seed).expect("JSON");
        let body = bundle.pointer("/verificationMaterial/tlogEntries/0/canonicalizedBody");
        let text = body.and_then(Value::as_str).expect("an entry of a log");
        all.push(base64(text));
    }
    all
}

/// Base 64, as far as fixtures need it.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = ALPHABET.iter().position(|known| *known == byte).expect("base 64");
        bits = (bits << 6) | u32::try_from(digit).expect("six bits");
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).expect("eight bits"));
        }
    }
    out
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let text = seeds::fixture("sigstore/trusted_root.json");
        let root = Root::parse(&text, "root").expect("a root");
        // By its id: the logs of the fixtures share an address.
        let document: Value = serde_json::from_slice(&text).expect("JSON");
        let id = document.pointer("/tlogs/0/logId/keyId").and_then(Value::as_str);
        Log::choose(&root, id).expect("a log that can be used")
    })
}

/// The signed head of a log.
pub(super) fn checkpoint(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(head) = log().head(text) {
        let known = checkpoint_seeds();
        let begins = |seed: &Vec<u8>| {
            let body = String::from_utf8_lossy(seed);
            let body = body.split("\n\n").next().unwrap_or_default().to_owned();
            text.starts_with(&body)
        };
        assert!(known.iter().any(begins), "a head counts that the log did not sign: {head:?}");
    }
}

pub(super) fn checkpoint_seeds() -> Vec<Vec<u8>> {
    let mut all = seeds::all(&[
        "log.example.org\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} log.example.org AAAAAA==\n",
    ]);
    for seed in sigstore_seeds() {
        let bundle: Value = serde_json::from_slice(&seed).expect("JSON");
        let note = bundle
            .pointer("/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope");
        all.extend(note.and_then(Value::as_str).map(|note| note.as_bytes().to_vec()));
    }
    all
}

pub(super) fn log_state(data: &[u8]) {
    let path = seeds::file("state.json", data);
    if let Ok(Some(state)) = State::load(&path) {
        let _ = state.resume(log(), &path);
        state.save(&path).expect("what was read can be written");
        assert!(State::load(&path).is_ok_and(|state| state.is_some()));
    }
}

pub(super) fn log_state_seeds() -> Vec<Vec<u8>> {
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    vec![format!(
        "{{\"schema\":\"urn:x-pkg:log-state:v1\",\"log\":\"https://log.example.org\",\"logId\":\"AAAA\",\"size\":3,\"peaks\":[\"{hash}\",\"{hash}\"],\"checkpoint\":\"x\"}}"
    )
    .into_bytes()]
}

pub(super) fn pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(pattern) = Pattern::expression(text) {
        let _ =
            pattern.fits("https://github.com/me/repo/.github/workflows/release.yml@refs/tags/v1");
        let _ = pattern.fits(text);
    }
    assert!(Pattern::Exact(text.to_owned()).fits(text));
}

pub(super) fn pattern_seeds() -> Vec<Vec<u8>> {
    seeds::all(&["https://github\\.com/me/.*@refs/tags/v[0-9]+", "(a|b){1,20}[^/]*\\d?", "a)|(?:b"])
}

pub(super) fn pkcs11_uri(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Pkcs11Uri::parse(text);
    assert!(!shown(text).contains("pin-value=hunter2"), "a PIN is told");
}

pub(super) fn pkcs11_uri_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        "pkcs11:token=release;object=key;type=private;id=%01%02?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-value=hunter2",
        "pkcs11:serial=1;slot-id=3?pin-source=file:/run/pin",
    ])
}

pub(super) fn signer_command(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Only taken apart; nothing is started.
    let _ = ExternalSigner::parse(text);
}

pub(super) fn signer_command_seeds() -> Vec<Vec<u8>> {
    seeds::all(&["/usr/bin/signer --key 'a b' \"c\\\"d\" e\\ f", "signer"])
}

/// What was signed by the SSH fixtures.
const MESSAGE: &[u8] = b"what was said\n";

pub(super) fn ssh(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(signature) = Signature::parse(text) else { return };
    let good = signature.verify(MESSAGE) == Ok(true);
    assert_ne!(signature.verify(b"something else"), Ok(true), "a signature of another message");
    let key = signature.key.fingerprint();
    if good {
        let known = ssh_seeds()
            .into_iter()
            .filter_map(|seed| Signature::parse(std::str::from_utf8(&seed).ok()?).ok());
        assert!(
            known
                .into_iter()
                .any(|known| known.key.fingerprint() == key
                    && known.namespace == signature.namespace)
        );
    }
}

pub(super) fn ssh_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("ssh", ".sig")
}

pub(super) fn allowed_signers(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(signers) = Signers::parse(text) else { return };
    let signature = Signature::parse(&seeds::text("ssh/ed25519.sig")).expect("a signature");
    if let Some(who) = signers.who(&signature.key, "git", 1_700_000_000) {
        assert!(text.contains("AAAA"), "{who} holds a key that is not in the list");
    }
}

pub(super) fn allowed_signers_seeds() -> Vec<Vec<u8>> {
    let public = seeds::text("ssh/ed25519.pub");
    let other = seeds::text("ssh/rsab2048.pub");
    vec![
        format!("# people\n\nann@example.org,bob {public}eve {other}").into_bytes(),
        format!("*@example.org namespaces=\"git,file\",valid-after=\"20200101\",valid-before=\"20300101120000Z\" {public}").into_bytes(),
        format!("\"a b\" cert-authority {other}").into_bytes(),
    ]
}
