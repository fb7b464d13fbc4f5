//! Arguments that say which plugins run, and how.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pkg_plugin_sdk::{Device, Operation};

use crate::finding::{Code, Problem, Result};
use crate::plugin::{Config, Request, Runner, Search, ask};
use crate::trust::judge::{Accepted, Judge};
use crate::trust::keyfile;
use crate::trust::root::RootChoice;
use crate::trust::who::{IdentityRule, Pattern};
use crate::verify::{Plugins, TestResult};

/// The hidden command that serves as a plugin's process.
pub(super) const HOST_COMMAND: &str = "__plugin-host";

/// Where a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DeviceArg {
    /// A GPU; without one the plugin skips
    #[default]
    Gpu,
    /// The processor
    Cpu,
}

/// How plugins run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Plugins")]
pub struct RunnerArgs {
    /// Folder to look for plugins in, before all others; may be repeated
    #[arg(long, value_name = "FOLDER")]
    pub plugin_path: Vec<PathBuf>,
    /// Leave `PKG_PLUGIN_PATH` alone
    #[arg(long)]
    pub locked: bool,
    /// Seconds that a plugin may take, instead of its own limit
    #[arg(long, value_name = "SECONDS")]
    pub plugin_seconds: Option<u64>,
    /// Memory that a plugin may use, such as 4GiB, instead of its own limit
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub plugin_memory: Option<u64>,
    /// Run plugins only where they can be confined completely
    #[arg(long)]
    pub require_sandbox: bool,
}

/// What is asked of plugins.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Plugins")]
pub struct AskArgs {
    /// Where to run what can run on a GPU
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceArg,
    /// Threads to use; 0: as many as there are processors
    #[arg(long, value_name = "N", default_value_t)]
    pub threads: usize,
    /// Setting of the plugin; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
}

/// Plugins of `pkg verify`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Plugins")]
pub struct VerifyPluginArgs {
    /// Plugin that looks at the release; may be repeated
    #[arg(long, value_name = "ID")]
    pub plugin: Vec<String>,
    /// What must hold: plugin:ID (it must not skip), or test-result:ID[@WHO], where WHO is
    /// key:FILE or an identity, with `,issuer=URL` behind it; may be repeated
    #[arg(long, value_name = "WHAT")]
    pub require: Vec<String>,
    /// What to ask of them
    #[command(flatten)]
    pub ask: AskArgs,
    /// How they run
    #[command(flatten)]
    pub runner: RunnerArgs,
}

/// Reads a number of bytes with its unit.
pub(super) fn size(text: &str) -> std::result::Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| "it begins with no number".to_owned())?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "KB" | "kB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        other => return Err(format!("{other:?} is no unit; use MiB or GiB")),
    };
    number.checked_mul(factor).ok_or_else(|| "it is too large".to_owned())
}

impl RunnerArgs {
    /// Runs plugins in processes of this program.
    pub(super) fn runner(&self) -> Result<Runner> {
        // Also when the program was replaced while it runs, this is the same one.
        let program = PathBuf::from("/proc/self/exe");
        Ok(Runner {
            program,
            arguments: vec![OsString::from(HOST_COMMAND)],
            search: Search { given: self.plugin_path.clone(), locked: self.locked },
            config: Config::load()?,
            seconds: self.plugin_seconds,
            memory: self.plugin_memory,
            demand_confinement: self.require_sandbox,
        })
    }
}

impl AskArgs {
    /// What to ask.
    pub(super) fn request(&self, operation: Operation) -> Result<Request> {
        Ok(Request {
            operation,
            device: match self.device {
                DeviceArg::Gpu => Device::Gpu,
                DeviceArg::Cpu => Device::Cpu,
            },
            threads: self.threads,
            settings: ask::settings(&self.settings)?,
        })
    }
}

/// What `--require` asks for.
enum Requirement {
    Plugin(String),
    TestResult(Box<TestResult>),
}

impl VerifyPluginArgs {
    /// The plugins to run, and the results to ask for. `policy`: whether a policy may
    /// name plugins too.
    pub(super) fn read(
        &self,
        policy: bool,
        root: &RootChoice,
    ) -> Result<(Option<Plugins>, Vec<TestResult>)> {
        let mut ids: Vec<(String, bool)> =
            self.plugin.iter().map(|id| (id.clone(), false)).collect();
        let mut results = Vec::new();
        for text in &self.require {
            match requirement(text, root)? {
                Requirement::Plugin(id) => ids.push((id, true)),
                Requirement::TestResult(result) => results.push(*result),
            }
        }
        let plugins = if ids.is_empty() && !policy {
            None
        } else {
            let request = self.ask.request(Operation::Verify)?;
            Some(Plugins { runner: self.runner.runner()?, ids, request })
        };
        Ok((plugins, results))
    }
}

fn requirement(text: &str, root: &RootChoice) -> Result<Requirement> {
    let wrong = || {
        Problem::new(Code::UsageError, format!("--require {text}"))
            .detail("it is neither plugin:ID nor test-result:ID[@WHO]")
    };
    if let Some(id) = text.strip_prefix("plugin:").filter(|id| !id.is_empty()) {
        return Ok(Requirement::Plugin(id.to_owned()));
    }
    let rest = text.strip_prefix("test-result:").ok_or_else(wrong)?;
    let (plugin, who) = match rest.split_once('@') {
        Some((plugin, who)) => (plugin, Some(who)),
        None => (rest, None),
    };
    if plugin.is_empty() || who == Some("") {
        return Err(wrong());
    }
    let judge = who.map(|who| judge(who, root)).transpose()?;
    let result = TestResult { plugin: plugin.to_owned(), judge };
    Ok(Requirement::TestResult(Box::new(result)))
}

/// A judge that accepts this one.
fn judge(who: &str, root: &RootChoice) -> Result<Judge> {
    let mut accepted =
        Accepted { keys: Vec::new(), identities: Vec::new(), authority: None, any_identity: false };
    if let Some(path) = who.strip_prefix("key:") {
        accepted.keys.push(keyfile::load_public_key(path.as_ref())?);
    } else {
        let (identity, issuer) = match who.rsplit_once(",issuer=") {
            Some((identity, issuer)) => (identity, Some(issuer)),
            None => (who, None),
        };
        accepted.identities.push(IdentityRule {
            identity: Some(Pattern::Exact(identity.to_owned())),
            issuer: issuer.map(|issuer| Pattern::Exact(issuer.to_owned())),
            claims: std::collections::BTreeMap::new(),
        });
    }
    Ok(Judge::new(accepted, root.clone()))
}

#[cfg(test)]
mod tests {
    use super::{Requirement, TestResult, requirement, size};
    use crate::trust::root::RootChoice;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("4GiB"), Ok(4 << 30));
        assert_eq!(size("100"), Ok(100));
        for wrong in ["", "GiB", "1 parsec", "99999999999GiB", "-1"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn requirements_name_a_plugin_and_perhaps_a_signer() {
        let root = RootChoice::default();
        let tests = |text: &str| match requirement(text, &root) {
            Ok(Requirement::TestResult(result)) => {
                let TestResult { plugin, judge } = *result;
                (plugin, judge)
            }
            _ => panic!("{text}"),
        };
        assert!(matches!(requirement("plugin:a", &root), Ok(Requirement::Plugin(id)) if id == "a"));
        assert!(tests("test-result:a").1.is_none());
        let (plugin, judge) = tests("test-result:a:cpu@lab@example.com,issuer=https://i.example");
        assert_eq!(plugin, "a:cpu");
        let rule = &judge.unwrap().accepted().identities[0].clone();
        assert!(rule.identity.as_ref().unwrap().fits("lab@example.com"));
        assert!(rule.issuer.as_ref().unwrap().fits("https://i.example"));
        for wrong in ["a", "plugin:", "test-result:", "test-result:@x", "test-result:a@"] {
            assert!(requirement(wrong, &root).is_err(), "{wrong}");
        }
    }
}
