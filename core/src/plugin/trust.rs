//! Which plugins may run: `plugins.toml`, written by `pkg plugin trust`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::find::{Place, Plugin};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;
use crate::tables::Value::{Plain, Table, Word};
use crate::tables::{self, Form, Shape};
use crate::trust::bundle::{self as sigstore_bundle, Content};
use crate::trust::judge::{Accepted, Artifact, Judge, Judgement};
use crate::trust::keyfile;
use crate::trust::root::RootChoice;
use crate::trust::sealer::{Sealer, sealed};
use crate::trust::statement;
use crate::trust::who::{IdentityRule, Pattern};

/// Name of the file.
pub const FILE_NAME: &str = "plugins.toml";
/// Largest file, in bytes.
const MAX_CONFIG: u64 = 1 << 20;

/// Predicate type of a signature over a manifest: whoever signs releases the plugin.
pub const RELEASED: &str = "urn:x-pkg:plugin-release:v1";

/// Signs a manifest; the answer belongs beside it.
pub fn sign(name: &str, manifest: &[u8], sealer: &dyn Sealer) -> Result<Vec<u8>> {
    let nothing = RawValue::from_string("{}".to_owned()).map_err(|error| {
        Problem::new(Code::Internal, name).detail(error.to_string()).source(error)
    })?;
    let subjects = [(name.to_owned(), Digest::of(manifest))];
    let payload = statement::build_raw(&subjects, RELEASED, &nothing)?;
    sealed(sealer, &sealer.judge(), &payload).map(|(bytes, _)| bytes)
}

/// How much it matters whether a plugin is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every plugin runs.
    Off,
    /// Every plugin runs; one that is not trusted with a warning.
    Warn,
    /// Only trusted plugins run.
    #[default]
    Enforce,
}

/// A library that may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Id of the plugin.
    pub id: String,
    /// SHA-256 of its library.
    pub sha256: String,
}

/// Somebody whose signed plugins may run: a key, or an identity with its issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Signer {
    /// File with a public key, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The e-mail address or URI in the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Who vouched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Trusted root of another Sigstore instance than the public one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_root: Option<PathBuf>,
}

/// Which plugins may run. Those beside pkg itself always may: whoever can change them
/// can change pkg.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How much it matters.
    #[serde(default)]
    pub mode: Mode,
    /// Libraries that may run.
    #[serde(default, rename = "pin", skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// Who may sign plugins.
    #[serde(default, rename = "signer", skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Signer>,
}

const FORM: Form = Form {
    name: FILE_NAME,
    root: &Shape {
        keys: &[
            ("mode", Word(&["off", "warn", "enforce"])),
            ("pin", Table(&Shape { keys: &[("id", Plain), ("sha256", Plain)] })),
            (
                "signer",
                Table(&Shape {
                    keys: &[
                        ("key", Plain),
                        ("identity", Plain),
                        ("issuer", Plain),
                        ("trusted-root", Plain),
                    ],
                }),
            ),
        ],
    },
    syntax: Code::PluginConfigSyntax,
    unknown_key: Code::PluginConfigUnknownKey,
    repeated_key: Code::PluginConfigRepeatedKey,
    invalid: Code::PluginConfigInvalid,
};

/// Why a plugin may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Trust {
    /// It is installed beside pkg.
    BuiltIn,
    /// Its library is pinned.
    Pin,
    /// Its manifest is signed by somebody who may.
    Signature {
        /// Who.
        who: String,
    },
    /// Nobody says so.
    Nothing {
        /// What is missing.
        why: String,
    },
}

impl Config {
    /// Where the file of this user is.
    pub fn path() -> Result<PathBuf> {
        fsx::config_folder().map(|folder| folder.join(FILE_NAME)).ok_or_else(|| {
            Problem::new(Code::PathNotFound, FILE_NAME)
                .detail("the environment does not say where settings are")
                .hint("Set PKG_CONFIG_DIR or HOME.")
        })
    }

    /// Reads the file; without one nothing is pinned, and trust is enforced.
    pub fn load() -> Result<Self> {
        let Ok(path) = Self::path() else { return Ok(Self::default()) };
        if !path.exists() {
            return Ok(Self::default());
        }
        let subject = path.display().to_string();
        let invalid =
            |detail: &str| Problem::new(Code::PluginConfigInvalid, &subject).detail(detail);
        let text = String::from_utf8(fsx::read_given(&path, MAX_CONFIG)?)
            .map_err(|error| invalid("it is not UTF-8").source(error))?;
        let config: Self = tables::read(&text, &subject, &FORM)?;
        for signer in &config.signers {
            let Signer { key, identity, issuer, .. } = signer;
            if key.is_some() == identity.is_some() || identity.is_some() != issuer.is_some() {
                return Err(invalid("a signer has a key, or an identity with its issuer"));
            }
        }
        Ok(config)
    }

    /// Writes the file, whole or not at all.
    pub fn save(&self) -> Result<PathBuf> {
        let path = Self::path()?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Problem::writing(folder, error))?;
        }
        let text = toml::to_string_pretty(self).map_err(|error| {
            Problem::new(Code::Internal, path.display()).detail(error.to_string()).source(error)
        })?;
        let text = format!("# Which plugins may run. Written by `pkg plugin trust`.\n{text}");
        fsx::replace_file(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Adds a pin; an older one of the same id goes.
    pub fn pin(&mut self, id: &str, sha256: &str) {
        self.unpin(id);
        self.pins.push(Pin { id: id.to_owned(), sha256: sha256.to_owned() });
    }

    /// Takes pins of an id away; says whether there was one.
    pub fn unpin(&mut self, id: &str) -> bool {
        let before = self.pins.len();
        self.pins.retain(|pin| pin.id != id);
        self.pins.len() < before
    }

    /// Why a plugin may run. What is wrong with a signature is a reason not to.
    pub fn trust(&self, plugin: &Plugin) -> Trust {
        if plugin.place == Place::BuiltIn {
            return Trust::BuiltIn;
        }
        let manifest = &plugin.manifest;
        let mut pins = self.pins.iter().filter(|pin| pin.id == manifest.id).peekable();
        let pinned = pins.peek().is_some();
        if pins.any(|pin| pin.sha256.eq_ignore_ascii_case(&manifest.sha256)) {
            return Trust::Pin;
        }
        match self.signed(plugin) {
            Ok(Some(who)) => Trust::Signature { who },
            Ok(None) if pinned => Trust::Nothing {
                why: "another library of this plugin is pinned, not this one".to_owned(),
            },
            Ok(None) => Trust::Nothing { why: "it is neither pinned nor signed".to_owned() },
            Err(problem) => {
                Trust::Nothing { why: format!("its signature does not count: {problem}") }
            }
        }
    }

    /// Who signed a plugin, if it is somebody who may.
    fn signed(&self, plugin: &Plugin) -> Result<Option<String>> {
        let path = plugin.signature();
        if self.signers.is_empty() || !path.exists() {
            return Ok(None);
        }
        let subject = path.display().to_string();
        let bytes = fsx::read_given(&path, sigstore_bundle::MAX_SIZE)?;
        let signed = sigstore_bundle::parse(&bytes, &subject)?;
        if let Content::Envelope(envelope) = &signed.content {
            // A statement may say anything about a manifest, also that it is bad.
            let says = statement::peek_predicate_type(&envelope.payload)?;
            if says != RELEASED {
                return Err(Problem::new(Code::PayloadType, &subject)
                    .detail(format!("it states {says}, not {RELEASED}")));
            }
        }
        let mut refusal = None;
        for signer in &self.signers {
            let judged = signer.judge().and_then(|judge| {
                judge.artifact(&signed, Artifact::Bytes(&plugin.bytes), &subject)
            });
            match judged {
                Ok(Judgement::Accepted(proof)) => return Ok(Some(proof.who.to_string())),
                Ok(Judgement::Other { why, .. }) => refusal = why.or(refusal),
                Err(problem) => refusal = Some(problem),
            }
        }
        refusal.map_or(Ok(None), Err)
    }

    /// Lets a plugin run or not, with what has to be said about it.
    pub fn admit(&self, plugin: &Plugin) -> Result<(Trust, Vec<Finding>)> {
        check_place(plugin)?;
        let trust = self.trust(plugin);
        let Trust::Nothing { why } = &trust else { return Ok((trust, Vec::new())) };
        let id = &plugin.manifest.id;
        let detail = format!("{why} ({})", plugin.path.display());
        match self.mode {
            Mode::Off => Ok((trust, Vec::new())),
            Mode::Warn => {
                let warning = Problem::new(Code::PluginUntrustedRun, id).detail(detail);
                Ok((trust, vec![warning.into_finding()]))
            }
            Mode::Enforce => Err(Problem::new(Code::PluginUntrusted, id)
                .detail(detail)
                .hint(format!("If you trust it, run `pkg plugin trust {id}`."))),
        }
    }
}

impl Signer {
    /// A judge that accepts this one.
    fn judge(&self) -> Result<Judge> {
        let identity = self.identity.clone().map(|identity| IdentityRule {
            identity: Some(Pattern::Exact(identity)),
            issuer: self.issuer.clone().map(Pattern::Exact),
            claims: std::collections::BTreeMap::new(),
        });
        let accepted = Accepted {
            keys: self
                .key
                .iter()
                .map(|key| keyfile::load_public_key(key))
                .collect::<Result<_>>()?,
            identities: identity.into_iter().collect(),
            authority: None,
            any_identity: false,
        };
        let root = self.trusted_root.clone().map_or_else(RootChoice::default, RootChoice::File);
        Ok(Judge::new(accepted, root))
    }
}

/// Refuses a plugin that everybody may change.
fn check_place(plugin: &Plugin) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let library = plugin.library();
    let folder = library.parent().unwrap_or(Path::new("/")).to_owned();
    for path in [&plugin.path, &library, &folder] {
        let meta = std::fs::metadata(path).map_err(|error| Problem::reading(path, error))?;
        let mode = meta.permissions().mode();
        // In a folder with the sticky bit, others cannot replace what is there.
        let sticky = meta.is_dir() && mode & 0o1000 != 0;
        if mode & 0o002 != 0 && !sticky {
            return Err(Problem::new(Code::PluginPlace, path.display())
                .detail("everybody may write to it")
                .hint(format!("chmod o-w {}", path.display())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Config, FORM};
    use crate::finding::Code;
    use crate::tables;

    #[test]
    fn the_keys_are_those_of_the_types() {
        tables::same_keys::assert::<Config>(&FORM);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_wrong_is_named() {
        let mut config = Config::default();
        config.pin("a", "1");
        config.pin("a", "2");
        assert_eq!(config.pins.len(), 1);
        let text = toml::to_string_pretty(&config).unwrap();
        assert_eq!(tables::read::<Config>(&text, "test", &FORM).unwrap(), config);
        assert!(config.unpin("a") && !config.unpin("a"));
        for (text, code) in [
            ("mode = 1", Code::PluginConfigInvalid),
            ("mode = \"sometimes\"", Code::PluginConfigInvalid),
            ("pins = []", Code::PluginConfigUnknownKey),
            ("mode = \"off\"\nmode = \"off\"", Code::PluginConfigRepeatedKey),
            ("mode", Code::PluginConfigSyntax),
        ] {
            let problem = tables::read::<Config>(text, "test", &FORM).unwrap_err();
            let expected = [code, Code::PluginConfigSyntax];
            assert!(expected.contains(&problem.code()), "{text}: {problem}");
        }
    }
}
