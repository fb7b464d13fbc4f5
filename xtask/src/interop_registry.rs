//! Whether skopeo and pkg understand each other through registries: Debian's, and the
//! stand-in of the tests, which has the list of referrers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use pkg_rig::registry::{DEBIAN, Debian, Registry};
use serde_json::Value;

use crate::run;

const TLS: &str = "--tls-verify=false";
const FROM: &str = "--src-tls-verify=false";
const INTO: &str = "--dest-tls-verify=false";

/// Packs and signs `folder`, moves it through both registries with both programs; gives
/// what was tried and whether it went well.
pub fn run(pkg: &Path, root: &Path, folder: &Path) -> Result<Vec<(String, bool)>> {
    let work = root.join("registry");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let debian = Debian::start(None).with_context(|| {
        format!("Debian's package `{DEBIAN}` is needed: apt-get install {DEBIAN}")
    })?;
    let rig = Registry::start();
    let mut bench = Bench { pkg: pkg.to_owned(), work, digest: String::new(), results: Vec::new() };
    bench.succeed(&["keygen", "--no-passphrase", "-o", "k"])?;
    bench.succeed(&["pack", &folder.to_string_lossy(), "-o", "m.pkg"])?;
    bench.succeed(&["sign", "m.pkg", "--key", "k.key"])?;
    let shown: Value = serde_json::from_str(&bench.succeed(&["show", "m.pkg", "--json"])?)?;
    let digest = shown["result"]["digest"].as_str().context("no digest")?;
    digest.clone_into(&mut bench.digest);
    bench.round("Debian's registry", debian.host())?;
    bench.round("the registry of the tests", &rig.host())?;
    bench.between(&rig.host(), debian.host())?;
    bench.tag_scheme(debian.host())?;
    Ok(bench.results)
}

struct Bench {
    pkg: PathBuf,
    work: PathBuf,
    /// Of the release.
    digest: String,
    results: Vec<(String, bool)>,
}

impl Bench {
    /// There with pkg and back with skopeo, and the other way round.
    fn round(&mut self, name: &str, host: &str) -> Result<()> {
        let image = |tag: &str| format!("docker://{host}/{tag}");
        let reference = |tag: &str| format!("oci://{host}/{tag}");
        self.succeed(&["push", "m.pkg", &reference("lab/by-pkg:v1")])?;
        let raw = self.skopeo(&["inspect", "--raw", TLS, &image("lab/by-pkg:v1")])?;
        let hex = self.digest.trim_start_matches("sha256:");
        let manifest = fs::read(self.work.join("m.pkg/blobs/sha256").join(hex))?;
        self.note(&format!("{name}: skopeo inspects what pkg pushed"), raw.as_bytes() == manifest);
        let tags = self.skopeo(&["list-tags", TLS, &image("lab/by-pkg")])?;
        let tags: Value = serde_json::from_str(&tags)?;
        let listed = tags["Tags"].as_array().is_some_and(|tags| tags.contains(&"v1".into()));
        self.note(&format!("{name}: skopeo lists its tag"), listed);

        let folder = format!("copied-{}", self.results.len());
        self.skopeo(&[
            "copy",
            "--quiet",
            FROM,
            &image("lab/by-pkg:v1"),
            &format!("oci:{folder}:v1"),
        ])?;
        let same = self.ends(&["verify", &folder, "--digest", &self.digest.clone()], 0)?;
        self.note(&format!("{name}: what skopeo copies from there is the same release"), same);

        self.skopeo(&["copy", "--quiet", INTO, "oci:m.pkg:1.0", &image("lab/by-skopeo:v1")])?;
        let pulled = format!("pulled-{}.pkg", self.results.len());
        let from = reference("lab/by-skopeo:v1");
        let args = ["pull", &from, "-o", &pulled, "--digest", &self.digest.clone()];
        let pulls =
            self.ends(&args, 0)? && self.ends(&["verify", &pulled, "--digest", args[5]], 0)?;
        self.note(&format!("{name}: pkg pulls what skopeo pushed"), pulls);
        let unsigned = self.ends(&["verify", &from, "--key", "k.pub"], 12)?;
        self.note(&format!("{name}: and says that skopeo left the signature behind"), unsigned);

        let again = self.succeed(&["push", "m.pkg", &from, "--json"])?;
        let again: Value = serde_json::from_str(&again)?;
        let blobs = again["result"]["blobs"].as_array().context("no blobs")?;
        let manifest: Value = serde_json::from_slice(&manifest)?;
        let layers = manifest["layers"].as_array().context("no layers")?;
        let sent = blobs.iter().filter(|blob| {
            blob["how"] != "present" && layers.iter().any(|layer| layer["digest"] == blob["digest"])
        });
        let sent = sent.count();
        self.note(&format!("{name}: pkg sends no layer again that skopeo pushed"), sent == 0);
        let signed = self.ends(&["verify", &from, "--key", "k.pub"], 0)?;
        self.note(&format!("{name}: with the signature it verifies"), signed);
        Ok(())
    }

    /// From registry to registry by skopeo.
    fn between(&mut self, one: &str, other: &str) -> Result<()> {
        let (from, into) = (format!("{one}/lab/by-pkg:v1"), format!("{other}/lab/moved:v1"));
        let (source, target) = (format!("docker://{from}"), format!("docker://{into}"));
        self.skopeo(&["copy", "--quiet", FROM, INTO, &source, &target])?;
        let moved = format!("oci://{into}");
        let same = self.ends(&["verify", &moved, "--digest", &self.digest.clone()], 0)?;
        self.note("skopeo moves a release from registry to registry", same);
        Ok(())
    }

    /// What the tag scheme leaves can be read, and carries the signature elsewhere.
    fn tag_scheme(&mut self, host: &str) -> Result<()> {
        let tag = self.digest.replace(':', "-");
        let image = format!("docker://{host}/lab/by-pkg:{tag}");
        let index: Value = serde_json::from_str(&self.skopeo(&["inspect", "--raw", TLS, &image])?)?;
        let entries = index["manifests"].as_array().context("no index")?;
        let kind = "application/vnd.dev.sigstore.bundle.v0.3+json";
        let lists = entries.len() == 2 && entries.iter().all(|it| it["artifactType"] == kind);
        self.note("skopeo reads the list of referrers under its tag", lists);
        let into = format!("docker://{host}/lab/whole:{tag}");
        self.skopeo(&["copy", "--quiet", "--all", FROM, INTO, &image, &into])?;
        let release =
            [format!("docker://{host}/lab/by-pkg:v1"), format!("docker://{host}/lab/whole:v1")];
        self.skopeo(&["copy", "--quiet", FROM, INTO, &release[0], &release[1]])?;
        let whole = format!("oci://{host}/lab/whole:v1");
        let signed = self.ends(&["verify", &whole, "--key", "k.pub"], 0)?;
        self.note("pkg verifies a release whose signature skopeo copied by that tag", signed);
        Ok(())
    }

    fn note(&mut self, what: &str, ok: bool) {
        self.results.push((what.to_owned(), ok));
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.pkg);
        command.current_dir(&self.work).args(args);
        command.env("PKG_CACHE_DIR", self.work.join("cache")).env("HOME", &self.work);
        for name in ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command
    }

    fn succeed(&self, args: &[&str]) -> Result<String> {
        run::succeed(&mut self.command(args))
    }

    fn ends(&self, args: &[&str], code: i32) -> Result<bool> {
        Ok(run::output(&mut self.command(args))?.status.code() == Some(code))
    }

    fn skopeo(&self, args: &[&str]) -> Result<String> {
        let mut skopeo = Command::new("skopeo");
        skopeo.current_dir(&self.work).args(args);
        let output = run::output(&mut skopeo)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "skopeo {args:?}: {said}");
        Ok(String::from_utf8(output.stdout)?)
    }
}
