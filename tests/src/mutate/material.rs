//! What is mutated: small releases and folders, each signed in another way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pkg_core::model::digest::Digest;
use pkg_core::trust::chain::Authority;
use pkg_core::trust::judge::{Accepted, Judge};
use pkg_core::trust::key::PublicKey;
use pkg_core::trust::root::RootChoice;
use pkg_core::trust::who::{IdentityRule, Pattern};
use pkg_rig::TokenSpec;
use serde_json::{Value, json};

use super::Files;
use crate::keyless::{ADA, Keyless};
use crate::{Layout, Place, SPEC, repository, safetensors};

const WORKFLOW: &str = "https://github.com/lab/model/.github/workflows/release.yml@refs/tags/v1";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// What is asked about.
#[derive(Debug)]
pub enum Target {
    /// A release or a folder.
    Release {
        /// Its path in the case; empty for the case itself.
        path: &'static str,
        /// The digest it must have.
        digest: Option<Digest>,
        /// The signature, where it is not in the folder.
        signature: Option<&'static str>,
    },
    /// A bundle over a file.
    Blob {
        /// The bundle.
        bundle: &'static str,
        /// The file.
        artifact: &'static str,
    },
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `oci-layout`.
    Version,
    /// `index.json`.
    Index,
    /// The manifest of the release.
    Manifest,
    /// The model configuration.
    Config,
    /// The release description.
    Description,
    /// The file index.
    FileIndex,
    /// A layer, or a file of the model.
    Content,
    /// The manifest of a signature or of evidence.
    Referrer,
    /// The empty configuration of a referrer.
    Empty,
    /// A Sigstore bundle.
    Signature,
    /// Evidence that an attestation names.
    Evidence,
    /// An archive of a layout.
    Archive,
    /// Something that was not there.
    Other,
}

impl Role {
    /// Whether the release is this: of such files no byte may differ.
    pub fn is_release(self) -> bool {
        matches!(
            self,
            Self::Manifest | Self::Config | Self::Description | Self::FileIndex | Self::Content
        )
    }
}

/// Something signed, with who must have signed it.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// Its files.
    pub files: Files,
    /// What each file is.
    pub roles: BTreeMap<String, Role>,
    /// What is asked about.
    pub target: Target,
    /// Who must have signed.
    pub judge: Box<dyn Fn() -> Judge + Send + Sync>,
    /// Whether what is signed lists empty files; method `shards` of model signing does not.
    pub lists_empty_files: bool,
    /// What the release is: its digest, or another name of it.
    pub identity: String,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

impl Case {
    /// What a path is, of a file that may have been added.
    pub fn role(&self, path: &str) -> Role {
        if let Some(role) = self.roles.get(path) {
            return *role;
        }
        let Target::Release { path: target, .. } = &self.target else { return Role::Other };
        if self.files.contains_key("index.json") || self.files.contains_key("m.tar") {
            return Role::Other;
        }
        let inside = match target.is_empty() {
            true => Some(path),
            false => path.strip_prefix(target).and_then(|path| path.strip_prefix('/')),
        };
        match inside {
            // A folder of git at the top is left alone.
            Some(path) if path.starts_with(".git/") => Role::Other,
            Some(path) if !path.starts_with(".pkg/") && path != "model.sig" => Role::Content,
            _ => Role::Other,
        }
    }

    /// Paths of files of a role.
    pub fn of(&self, role: Role) -> Vec<&String> {
        self.roles.iter().filter(|(_, one)| **one == role).map(|(path, _)| path).collect()
    }
}

/// Every file below a folder.
pub fn read_tree(root: &Path) -> Files {
    fn walk(root: &Path, at: &Path, files: &mut Files) {
        for entry in fs::read_dir(at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    let mut files = Files::new();
    walk(root, root, &mut files);
    files
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// What each file of a layout is, as its index and manifests say.
pub fn layout_roles(files: &Files) -> BTreeMap<String, Role> {
    let mut roles = BTreeMap::new();
    let name = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap_or_default();
        format!("blobs/sha256/{}", digest.trim_start_matches("sha256:"))
    };
    let read = |path: &str| files.get(path).map_or(Value::Null, |bytes| parsed(bytes));
    roles.insert("oci-layout".to_owned(), Role::Version);
    roles.insert("index.json".to_owned(), Role::Index);
    let index = read("index.json");
    for entry in index["manifests"].as_array().into_iter().flatten() {
        let path = name(entry);
        let manifest = read(&path);
        let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
        if manifest["subject"].is_null() {
            roles.insert(path, Role::Manifest);
            roles.insert(name(&manifest["config"]), Role::Config);
            for (position, layer) in layers.iter().enumerate() {
                let role = match position {
                    0 => Role::Description,
                    1 => Role::FileIndex,
                    _ => Role::Content,
                };
                roles.entry(name(layer)).or_insert(role);
            }
        } else {
            let signature =
                entry["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json";
            roles.insert(path, Role::Referrer);
            roles.insert(name(&manifest["config"]), Role::Empty);
            for layer in &layers {
                let role = if signature { Role::Signature } else { Role::Evidence };
                roles.insert(name(layer), role);
            }
        }
    }
    roles
}

fn folder_roles(files: &Files, signature: &str) -> BTreeMap<String, Role> {
    let role = |path: &String| match path.as_str() {
        ".pkg/manifest.json" => Role::Manifest,
        ".pkg/config.json" => Role::Config,
        ".pkg/release.json" => Role::Description,
        ".pkg/files.json" => Role::FileIndex,
        "model.sig" => Role::Signature,
        path if path == signature || path.starts_with(".pkg/signatures/") => Role::Signature,
        path if path.starts_with(".pkg/evidence/") => Role::Evidence,
        _ => Role::Content,
    };
    files.keys().map(|path| (path.clone(), role(path))).collect()
}

/// Makes all cases; they are new in every run, because keys are.
pub fn make() -> Vec<Case> {
    let mut cases = Vec::new();
    let place = Place::new();
    small_model(&place.path("model"), "1.0");
    small_model(&place.path("later"), "1.1");
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    let public = fs::read_to_string(place.path("k.pub")).expect("the public key");
    for (model, bundle) in [("model", "m.pkg"), ("later", "later.pkg")] {
        place.ok(&["pack", model, "-o", bundle]);
        place.ok(&["sign", bundle, "--key", "k.key"]);
    }
    cases.push(layout(&place, "key", "m.pkg", by_key(&public)));
    let mut later = layout(&place, "the later of two", "later.pkg", by_key(&public));
    if let Target::Release { digest, .. } = &mut later.target {
        let hex = later.identity.trim_start_matches("sha256:");
        *digest = Some(Digest::from_hex(hex).expect("a digest"));
    }
    cases.push(later);
    cases.push(archive(&place, &public));
    place.ok(&["unpack", "m.pkg", "out"]);
    cases.push(unpacked(&place, "unpacked, key", "out", by_key(&public)));
    cases.push(attested(&place, &public));
    cases.push(in_parts(&place, &public));
    cases.push(with_shards(&place, &public));
    plain(&place, &public, &mut cases);
    reference(&mut cases);
    keyless(place, &public, &mut cases);
    kept(&mut cases);
    cases
}

fn small_model(folder: &Path, version: &str) {
    let weights: Vec<u8> = (0..64_u32).flat_map(|n| (n as f32).to_le_bytes()).collect();
    let spec = SPEC.replace("version = \"1.0\"", &format!("version = {version:?}"));
    let card = format!("# Tiny {version}\n");
    let files: [(&str, &[u8]); 9] = [
        ("pkg.toml", spec.as_bytes()),
        ("model-1.safetensors", &safetensors(&weights)),
        ("config.json", br#"{"architectures":["TinyModel"],"model_type":"tiny"}"#),
        ("tokenizer/tokenizer.json", b"{}"),
        ("README.md", card.as_bytes()),
        ("LICENSE", b"The licence text.\n"),
        ("code/run.py", b"print('run')\n"),
        ("code/__init__.py", b""),
        ("data/croissant.json", br#"{"@type":"sc:Dataset","name":"Tiny corpus"}"#),
    ];
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
}

type Judged = Box<dyn Fn() -> Judge + Send + Sync>;

fn by_key(public: &str) -> Judged {
    let public = public.to_owned();
    Box::new(move || {
        let key = PublicKey::from_pem(&public, "k.pub").expect("a key");
        Judge::new(Accepted::from(vec![key]), RootChoice::default())
    })
}

fn by_key_and_root(public: &str, root: &Value) -> Judged {
    let (public, root) = (public.to_owned(), root.to_string());
    Box::new(move || {
        let key = PublicKey::from_pem(&public, "k.pub").expect("a key");
        Judge::new(Accepted::from(vec![key]), text(&root))
    })
}

fn by_identity(identity: &str, issuer: &str, root: &str) -> Judged {
    let (identity, issuer, root) = (identity.to_owned(), issuer.to_owned(), root.to_owned());
    Box::new(move || {
        let rule = IdentityRule {
            identity: Some(Pattern::Exact(identity.clone())),
            issuer: Some(Pattern::Exact(issuer.clone())),
            claims: BTreeMap::new(),
        };
        Judge::new(Accepted { identities: vec![rule], ..Accepted::default() }, text(&root))
    })
}

fn text(root: &str) -> RootChoice {
    RootChoice::Text { text: root.as_bytes().to_vec(), origin: "the root".to_owned() }
}

fn release(path: &'static str) -> Target {
    Target::Release { path, digest: None, signature: None }
}

fn layout(place: &Place, name: &'static str, bundle: &str, judge: Judged) -> Case {
    let files = read_tree(&place.path(bundle));
    let roles = layout_roles(&files);
    let unknown: BTreeSet<&String> =
        files.keys().filter(|path| !roles.contains_key(*path)).collect();
    assert!(unknown.is_empty(), "{name}: {unknown:?}");
    let identity = Layout::at(&place.path(bundle)).digest();
    Case { name, files, roles, target: release(""), judge, lists_empty_files: true, identity }
}

fn unpacked(place: &Place, name: &'static str, folder: &str, judge: Judged) -> Case {
    let files = read_tree(&place.path(folder));
    let roles = folder_roles(&files, "model.sig");
    let identity = crate::layout::digest(&files[".pkg/manifest.json"]);
    Case { name, files, roles, target: release(""), judge, lists_empty_files: true, identity }
}

fn archive(place: &Place, public: &str) -> Case {
    place.ok(&["pack", "model", "-o", "m.tar"]);
    place.ok(&["sign", "m.tar", "--key", "k.key"]);
    let identity = Layout::at(&place.path("m.pkg")).digest();
    let bytes = fs::read(place.path("m.tar")).expect("the archive");
    let files = Files::from([("m.tar".to_owned(), bytes)]);
    let roles = BTreeMap::from([("m.tar".to_owned(), Role::Archive)]);
    let (target, judge) = (release("m.tar"), by_key(public));
    Case { name: "archive", files, roles, target, judge, lists_empty_files: true, identity }
}

fn attested(place: &Place, public: &str) -> Case {
    place.ok(&["pack", "model", "-o", "a.pkg"]);
    place.ok(&["sign", "a.pkg", "--key", "k.key"]);
    let tests =
        json!({ "result": "PASSED", "configuration": [{ "uri": "https://example.com/c" }] });
    fs::write(place.path("tests.json"), tests.to_string()).expect("a predicate");
    fs::write(place.path("log.txt"), "all passed\n").expect("evidence");
    let args = ["attest", "a.pkg", "--type", "test-result", "--predicate", "tests.json"];
    place.ok(&[&args[..], &["--key", "k.key", "--evidence", "log.txt"]].concat());
    layout(place, "attested", "a.pkg", by_key(public))
}

/// A model with one file that is larger than the smallest part.
fn large_model(place: &Place) {
    if !place.path("large").exists() {
        small_model(&place.path("large"), "2.0");
        let weights: Vec<u8> = (0..300_000_u32).flat_map(|n| (n as f32).to_le_bytes()).collect();
        fs::write(place.path("large/model-1.safetensors"), safetensors(&weights)).expect("weights");
    }
}

fn in_parts(place: &Place, public: &str) -> Case {
    large_model(place);
    place.ok(&["pack", "large", "--shard", "1MiB", "-o", "parts.pkg"]);
    place.ok(&["sign", "parts.pkg", "--key", "k.key"]);
    layout(place, "in parts", "parts.pkg", by_key(public))
}

/// A release whose index has shard digests. Files that get them by themselves are too large
/// to be verified 100,000 times, so they are put into the index of a smaller one.
fn with_shards(place: &Place, public: &str) -> Case {
    const SHARD: usize = 1 << 20;
    large_model(place);
    place.ok(&["pack", "large", "-o", "shards.pkg"]);
    let bytes = fs::read(place.path("large/model-1.safetensors")).expect("weights");
    let shards: Vec<String> = bytes.chunks(SHARD).map(crate::layout::digest).collect();
    Layout::at(&place.path("shards.pkg")).edit_files(|files| {
        files["shardSize"] = json!(SHARD);
        let entries = files["files"].as_array_mut().expect("files");
        let large = |entry: &&mut Value| entry["path"] == "model-1.safetensors";
        entries.iter_mut().find(large).expect("the weights")["shards"] = json!(shards);
    });
    // What the edit left behind is no part of the release.
    place.ok(&["sign", "shards.pkg", "--key", "k.key"]);
    let root = place.path("shards.pkg");
    let files = read_tree(&root);
    let roles = layout_roles(&files);
    for path in files.keys().filter(|path| !roles.contains_key(*path)) {
        fs::remove_file(root.join(path)).expect("a blob");
    }
    layout(place, "with shards", "shards.pkg", by_key(public))
}

/// Plain folders with a model signature of ours.
fn plain(place: &Place, public: &str, cases: &mut Vec<Case>) {
    for (name, content) in
        [("weights.bin", "0123456789"), ("README.md", "# A model\n"), ("code/b.py", "b = 1\n")]
    {
        let path = place.path("plain").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    place.ok(&["sign", "plain", "--key", "k.key"]);
    cases.push(folder("plain folder", read_tree(&place.path("plain")), by_key(public)));
}

fn folder(name: &'static str, files: Files, judge: Judged) -> Case {
    let roles = folder_roles(&files, "model.sig");
    let identity = name.to_owned();
    Case { name, files, roles, target: release(""), judge, lists_empty_files: true, identity }
}

/// The kept folder with signatures by the reference implementation.
fn reference(cases: &mut Vec<Case>) {
    let folder = repository().join("fixtures/model-signing");
    let read = |name: &str| fs::read(folder.join(name)).expect("a fixture");
    let public = String::from_utf8(read("key.pub")).expect("a key in PEM");
    let authority = String::from_utf8(read("authority.pem")).expect("a certificate in PEM");
    for (name, signature) in [
        ("model-signing 1.1.1, key", "1.1.1-key.sig"),
        ("model-signing 1.1.1, certificate", "1.1.1-certificate.sig"),
        ("model-signing 0.3.1, shards", "0.3.1-key-shards-blake2b.sig"),
        ("model-signing 0.2.0, key", "0.2.0-key.sig"),
    ] {
        let mut files: Files = read_tree(&folder.join("model"))
            .into_iter()
            .map(|(path, bytes)| (format!("model/{path}"), bytes))
            .collect();
        files.insert("s.sig".to_owned(), read(signature));
        let roles = folder_roles(&files, "s.sig");
        let judge: Judged = if signature.contains("certificate") {
            let authority = authority.clone();
            Box::new(move || {
                let authority = Authority::from_pem(&authority, "authority.pem");
                let authority = Some(authority.expect("an authority"));
                let accepted = Accepted { authority, ..Accepted::default() };
                Judge::new(accepted, RootChoice::default())
            })
        } else {
            by_key(&public)
        };
        let target = Target::Release { path: "model", digest: None, signature: Some("s.sig") };
        let lists_empty_files = !signature.contains("shards");
        // All are over the same folder.
        let identity = "model-signing".to_owned();
        cases.push(Case { name, files, roles, target, judge, lists_empty_files, identity });
    }
}

/// Releases signed by an identity, and by keys with evidence.
fn keyless(place: Place, public: &str, cases: &mut Vec<Case>) {
    let test = Keyless::new(place);
    let place = &test.place;
    let root = test.rig.trusted_root();
    let ada = || by_identity(ADA, test.rig.url(), &root.to_string());
    for (rekor, name, folder, bundle) in [
        (1, "keyless, Rekor v1", "unpacked, keyless, Rekor v1", "keyless1.pkg"),
        (2, "keyless, Rekor v2", "unpacked, keyless, Rekor v2", "keyless2.pkg"),
    ] {
        let config = format!("trust{rekor}.json");
        let token = test.rig.token(&TokenSpec::email(ADA));
        place.ok(&["pack", "model", "-o", bundle]);
        place.ok(&["sign", bundle, "--identity-token", &token, "--trust-config", &config]);
        cases.push(layout(place, name, bundle, ada()));
        let out = format!("out{rekor}");
        place.ok(&["unpack", bundle, &out]);
        cases.push(unpacked(place, folder, &out, ada()));
    }
    for (rekor, name, bundle) in [
        (1, "key, logged in Rekor v1, timestamped", "logged1.pkg"),
        (2, "key, logged in Rekor v2, timestamped", "logged2.pkg"),
    ] {
        let config = format!("trust{rekor}.json");
        place.ok(&["pack", "model", "-o", bundle]);
        let args = ["sign", bundle, "--key", "k.key", "--log", "--timestamp"];
        place.ok(&[&args[..], &["--trust-config", &config]].concat());
        cases.push(layout(place, name, bundle, by_key_and_root(public, &root)));
    }
    let token = test.rig.token(&TokenSpec::email(ADA));
    fs::remove_file(place.path("plain/model.sig")).expect("the signature");
    place.ok(&["sign", "plain", "--identity-token", &token, "--trust-config", "trust2.json"]);
    cases.push(folder("plain folder, keyless", read_tree(&place.path("plain")), ada()));
}

/// Bundles of every generation over a file.
fn kept(cases: &mut Vec<Case>) {
    let folder = repository().join("fixtures/sigstore");
    let read = |name: &str| fs::read(folder.join(name)).expect("a fixture");
    let root = String::from_utf8(read("trusted_root.json")).expect("JSON");
    for (name, bundle) in [
        ("bundle v0.1, message, Rekor v1", "message.rekor1.v01.json"),
        ("bundle v0.2, statement, Rekor v1", "statement.rekor1.v02.json"),
        ("bundle v0.3, message, Rekor v1", "message.rekor1.v03.json"),
        ("bundle v0.3, message, Rekor v2", "message.rekor2.v03.json"),
        ("bundle v0.3, statement, Rekor v2", "statement.rekor2.v03.json"),
    ] {
        let files =
            Files::from([("b.json".to_owned(), read(bundle)), ("a.txt".to_owned(), read("a.txt"))]);
        let roles = BTreeMap::from([
            ("b.json".to_owned(), Role::Signature),
            ("a.txt".to_owned(), Role::Content),
        ]);
        let target = Target::Blob { bundle: "b.json", artifact: "a.txt" };
        let judge = by_identity(WORKFLOW, GITHUB, &root);
        let identity = "a.txt".to_owned();
        cases.push(Case { name, files, roles, target, judge, lists_empty_files: true, identity });
    }
}
