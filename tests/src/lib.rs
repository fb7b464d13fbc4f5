//! Shared helpers of the black-box tests: running the program, making models,
//! and changing bundles the way an attacker would.

mod attack;
pub mod git;
pub mod keyless;
pub mod kill;
mod layout;
mod model;
pub mod mutate;
pub mod plugins;
pub mod random;
pub mod registry;
mod tarball;
pub mod trace;

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;

pub use attack::{README, flip, mkfifo, publisher, refused, tar_layer};
pub use layout::Layout;
pub use model::{SPEC, safetensors, write_model};
pub use tarball::{TarEntry, compressed, patch_header, tar, tar_zstd};

/// The program under test, built once for each test program, and the plugins.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let this = std::env::current_exe().expect("the test program has a path");
        let profile = this.parent().and_then(Path::parent).expect("target/PROFILE/deps/TEST");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "pkg"]);
        build.args(plugins::PACKAGES.iter().flat_map(|package| ["--package", package]));
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

impl Out {
    /// It must have ended so, with that finding; run with `--json`.
    pub fn expect(self, code: &str, exit: i32) -> Self {
        assert_eq!(self.code, Some(exit), "{self:?}");
        assert!(self.codes().iter().any(|found| found == code), "no {code} in {self:?}");
        self
    }
}

/// User and group that own nothing.
const NOBODY: u32 = 65_534;

/// A run that takes longer waits for something that will not come.
const LIMIT: Duration = Duration::from_secs(120);

/// Waits for a command with captured output; kills it and fails after [`LIMIT`].
fn within_limit(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let pid = Pid::from_child(&child);
    let (sender, receiver) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = receiver.recv_timeout(LIMIT);
    if output.is_err() {
        // Not waited for yet, so the number is still that of the child.
        rustix::process::kill_process(pid, Signal::KILL).expect("the child can be killed");
    }
    waiter.join().expect("the waiting thread").ok();
    output.unwrap_or_else(|_| panic!("{command:?} did not end")).expect("its output")
}

/// Waits until something is so; false when it does not come within half a minute.
pub fn wait_until(so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
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

    /// The files that the examples of the help texts use besides what they make:
    /// a policy and facts, with what they name, a predicate, and a description.
    pub fn example_files(&self) {
        let folder = repository().join("fixtures/policies/good");
        for entry in std::fs::read_dir(folder).expect("the good policies") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_owned();
            std::fs::copy(&path, self.dir.path().join(name)).expect("a copy");
        }
        let tests = r#"{"result":"PASSED","configuration":[{"uri":"https://example.com/suite"}]}"#;
        let description = "release:\n  name: m\n  components:\n    - name: Model card\n";
        std::fs::write(self.path("model.yml"), description).expect("a description");
        std::fs::write(self.path("tests.json"), tests).expect("a predicate");
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A folder with a model whose weights take a while to pack.
    pub fn with_large_model() -> Self {
        let place = Self::with_model();
        let content: Vec<u8> = (0..200_000_000_u32).map(|n| (n >> 8) as u8).collect();
        std::fs::write(place.path("model/model-1.safetensors"), safetensors(&content))
            .expect("a large file");
        place
    }

    /// The program with arguments, not started.
    pub fn command(&self, args: &[&str]) -> Command {
        self.prepared(binary(), args)
    }

    /// A shell script in the folder; `"$0"` is the program.
    pub fn shell(&self, script: &str) -> Out {
        let mut command = self.prepared(Path::new("/bin/sh"), &["-c", script]);
        self.finish(command.arg(binary()))
    }

    /// The program, to be started by somebody who is not root.
    ///
    /// The folder is opened to that user for searching; what is in it is not.
    pub fn unprivileged(&self, args: &[&str]) -> Command {
        if !rustix::process::geteuid().is_root() {
            return self.command(args);
        }
        // The program may lie where that user cannot go.
        let copy = self.path(".cache/bin/pkg");
        if !copy.exists() {
            std::fs::create_dir_all(self.path(".cache/bin")).expect("a folder");
            std::fs::copy(binary(), &copy).expect("a copy of the program");
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(self.dir.path(), open).expect("an open folder");
        }
        let mut command = self.prepared(&copy, args);
        command.uid(NOBODY).gid(NOBODY);
        command
    }

    fn prepared(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).args(args).stdin(Stdio::null());
        command.env_clear().env("PKG_CACHE_DIR", self.path(".cache"));
        command.env("PKG_CONFIG_DIR", self.path(".cache/config"));
        command.env("PKG_DATA_DIR", self.path(".cache/data"));
        command
    }

    /// Runs a command, which must end by itself: a run that waits for ever fails.
    pub fn finish(&self, command: &mut Command) -> Out {
        let output = within_limit(command);
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

    /// Runs the program as in [`Place::unprivileged`]; it must end so, with that finding.
    pub fn finds_unprivileged(&self, args: &[&str], code: &str, exit: i32) -> Out {
        let out = self.finish(self.unprivileged(args).arg("--json"));
        out.expect(code, exit)
    }

    /// Runs the program, which must succeed.
    pub fn ok(&self, args: &[&str]) -> Out {
        let out = self.run(args);
        assert_eq!(out.code, Some(0), "{args:?}: {out:?}");
        out
    }

    /// Runs the program with `--json`; it must end so, with that finding.
    pub fn finds(&self, args: &[&str], code: &str, exit: i32) -> Out {
        self.finish(self.command(args).arg("--json")).expect(code, exit)
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
