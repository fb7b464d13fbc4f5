//! Shared helpers of the black-box tests: running the program, making models,
//! and changing bundles the way an attacker would.

mod layout;
mod model;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

pub use layout::{Layout, TarEntry, tar_zstd};
pub use model::{SPEC, safetensors, write_model};

/// The program under test, built once for each test program.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let this = std::env::current_exe().expect("the test program has a path");
        let profile = this.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "pkg", "--bin", "pkg"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        assert!(build.current_dir(root).status().expect("cargo starts").success());
        profile.join("pkg")
    })
}

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Out {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Out {
    /// The document that `--json` printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Codes of the findings in the JSON document.
    pub fn codes(&self) -> Vec<String> {
        let json = self.json();
        let findings = json["findings"].as_array().expect("findings");
        findings.iter().map(|f| f["code"].as_str().expect("a code").to_owned()).collect()
    }
}

/// A folder for one test, in which the program runs.
#[derive(Debug)]
pub struct Place {
    dir: tempfile::TempDir,
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder with a model in `model/`.
    pub fn with_model() -> Self {
        let place = Self::new();
        write_model(&place.path("model"));
        place
    }

    /// A folder with a model and its bundle `m.pkg`.
    pub fn packed() -> Self {
        let place = Self::with_model();
        place.ok(&["pack", "model", "-o", "m.pkg"]);
        place
    }

    /// A folder with a model, its signed bundle `m.pkg`, and the keys `k.key`, `k.pub`.
    pub fn signed() -> Self {
        let place = Self::packed();
        place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
        place.ok(&["sign", "m.pkg", "--key", "k.key"]);
        place
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program with arguments, not started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(self.dir.path()).args(args).stdin(Stdio::null());
        command.env_clear().env("PKG_CACHE_DIR", self.path(".cache"));
        command
    }

    /// Runs a command.
    pub fn finish(&self, command: &mut Command) -> Out {
        let output = command.output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8 output");
        let out = Out {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!out.stderr.contains("panicked"), "{out:?}");
        out
    }

    /// Runs the program.
    pub fn run(&self, args: &[&str]) -> Out {
        self.finish(&mut self.command(args))
    }

    /// Runs the program, which must succeed.
    pub fn ok(&self, args: &[&str]) -> Out {
        let out = self.run(args);
        assert_eq!(out.code, Some(0), "{args:?}: {out:?}");
        out
    }

    /// Runs the program with `--json`; it must end so, with that finding.
    pub fn finds(&self, args: &[&str], code: &str, exit: i32) -> Out {
        let mut all = args.to_vec();
        all.push("--json");
        let out = self.run(&all);
        assert_eq!(out.code, Some(exit), "{args:?}: {out:?}");
        assert!(out.codes().iter().any(|found| found == code), "{args:?}: no {code} in {out:?}");
        out
    }

    /// Digest of the bundle with this name.
    pub fn digest(&self, bundle: &str) -> String {
        let json = self.ok(&["show", bundle, "--json"]).json();
        json["result"]["digest"].as_str().expect("a digest").to_owned()
    }

    /// Names in the folder, hidden ones included, the digest cache not.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name != ".cache")
            .collect();
        names.sort();
        names
    }
}

/// Says, past the capture of the test runner, that a test could not run.
///
/// With `PKG_TEST_REQUIRE_MODELS` set, as in CI, that is a failure.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    assert!(
        std::env::var_os("PKG_TEST_REQUIRE_MODELS").is_none(),
        "skipped where it must not be: {why}"
    );
    let _ = writeln!(std::io::stderr(), "\nSKIPPED, NOT PASSED: {why}\n");
}
