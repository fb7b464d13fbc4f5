//! Whether the field's own programs accept what pkg writes, and refuse it after
//! a change; and whether pkg accepts what they write.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::{
    interop_git, interop_hsm, interop_oms, interop_pickle, interop_pipelines, interop_registry,
    interop_reports, interop_sbom, interop_sigstore, interop_slurm, models, plugins, run,
};

/// The reference implementation of OpenSSF model signing. Its metadata leaves
/// out pyOpenSSL, without which it does not start.
const PACKAGES: [&str; 2] = ["model-signing==1.1.1", "pyopenssl==26.4.0"];

/// Runs every check and prints one line for each.
pub fn run() -> Result<()> {
    models::fetch()?;
    let root = run::root().join("target/interop");
    let bench = Bench {
        pkg: run::release_binary()?,
        model_signing: model_signing(&root)?,
        work: root.join("work"),
        passed: 0,
        failed: Vec::new(),
    };
    skopeo()?;
    if bench.work.exists() {
        fs::remove_dir_all(&bench.work)?;
    }
    fs::create_dir_all(&bench.work)?;
    let mut bench = bench;
    let models = run::root().join("target/models");
    for name in ["smollm2", "minilm"] {
        let folder = bench.work.join(format!("{name}-src"));
        copy_folder(&models.join(name), &folder)?;
        bench.model(name, &folder)?;
    }
    let tree = bench.work.join("tree-src");
    write_tree(&tree)?;
    bench.model("tree", &tree)?;
    bench.foreign_signature()?;
    for (what, ok) in interop_hsm::run(&bench.pkg, &root, &tree)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_oms::run(&bench.pkg, &root, &tree, &bench.model_signing)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_sigstore::run(&bench.pkg, &root, &tree, &bench.model_signing)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_registry::run(&bench.pkg, &root, &tree)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_reports::run(&bench.pkg, &root)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_sbom::run(&root)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_git::run(&bench.pkg, &root)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_pickle::run(&root)? {
        bench.check(&what, ok);
    }
    for (what, ok) in interop_pipelines::run(&root)? {
        bench.check(&what, ok);
    }
    plugins::build()?;
    for (what, ok) in interop_slurm::run(&bench.pkg, &root, &tree)? {
        bench.check(&what, ok);
    }
    println!("{} passed, {} failed", bench.passed, bench.failed.len());
    ensure!(bench.failed.is_empty(), "failed: {}", bench.failed.join("; "));
    Ok(())
}

/// The reference implementation, installed into an environment of its own.
pub fn model_signing(root: &Path) -> Result<PathBuf> {
    let venv = root.join("venv");
    let program = venv.join("bin/model_signing");
    if !program.exists() {
        run::succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run::succeed(
            Command::new(venv.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES),
        )
        .context("this needs the network")?;
    }
    Ok(program)
}

fn skopeo() -> Result<()> {
    run::succeed(Command::new("skopeo").arg("--version"))
        .map(|_| ())
        .context("Debian's package `skopeo` is needed: apt-get install skopeo")
}

struct Bench {
    pkg: PathBuf,
    model_signing: PathBuf,
    work: PathBuf,
    passed: u32,
    failed: Vec<String>,
}

impl Bench {
    fn check(&mut self, what: &str, ok: bool) {
        println!("{} {what}", if ok { "pass" } else { "FAIL" });
        if ok {
            self.passed += 1;
        } else {
            self.failed.push(what.to_owned());
        }
    }

    fn pkg(&self, args: &[&str]) -> Result<String> {
        run::succeed(self.command(args).env("PKG_CACHE_DIR", self.work.join("cache")))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.pkg);
        command.current_dir(&self.work).args(args);
        command
    }

    fn exit(&self, args: &[&str]) -> Result<Option<i32>> {
        Ok(run::output(&mut self.command(args))?.status.code())
    }

    fn model_signing(&self, folder: &str, key: &str) -> Result<bool> {
        let signature = format!("{folder}/model.sig");
        let mut command = Command::new(&self.model_signing);
        command.current_dir(&self.work).args(["verify", "key", folder]);
        command.args(["--signature", &signature, "--public_key", key]);
        Ok(run::output(&mut command)?.status.success())
    }

    /// The whole round on one model folder.
    fn model(&mut self, name: &str, folder: &Path) -> Result<()> {
        let folder = folder.to_string_lossy().into_owned();
        let (layout, out, key) =
            (format!("{name}.pkg"), format!("{name}-out"), format!("{name}-key"));
        let public = format!("{key}.pub");
        if !Path::new(&folder).join("pkg.toml").exists() {
            self.pkg(&["init", "--yes", &folder])?;
        }
        let packed: serde_json::Value =
            serde_json::from_str(&self.pkg(&["pack", &folder, "-o", &layout, "--json"])?)?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let digest = text(&packed["result"]["digest"]);
        let version = text(&packed["result"]["version"]);
        let unsigned = self.inspect(&format!("oci:{layout}"))?;
        self.check(
            &format!("{name}: skopeo reads the unsigned layout"),
            sha256(&unsigned) == digest,
        );
        self.check(
            &format!("{name}: the manifest has ModelPack's types"),
            is_model_pack(&unsigned)?,
        );

        self.pkg(&["keygen", "--no-passphrase", "-o", &key])?;
        self.pkg(&["sign", &layout, "--key", &format!("{key}.key")])?;
        let tagged = format!("oci:{layout}:{version}");
        let signed = self.inspect(&tagged)?;
        self.check(&format!("{name}: skopeo reads the signed layout"), sha256(&signed) == digest);
        let copy = format!("{name}-copy");
        let copied = format!("oci:{copy}:{version}");
        let mut skopeo = Command::new("skopeo");
        run::succeed(skopeo.current_dir(&self.work).args(["copy", "--quiet", &tagged, &copied]))?;
        let pinned = ["verify", &copy, "--digest", &digest];
        self.check(
            &format!("{name}: a copy by skopeo is the same release"),
            self.exit(&pinned)? == Some(0),
        );
        let tar = format!("{name}-gnu.tar");
        let mut gnu = Command::new("tar");
        run::succeed(gnu.current_dir(&self.work).args(["-cf", &tar, "-C", &layout, "."]))?;
        let by_key = ["verify", &tar, "--key", &public];
        self.check(
            &format!("{name}: an archive made by tar verifies"),
            self.exit(&by_key)? == Some(0),
        );

        self.pkg(&["unpack", &layout, &out])?;
        let accepted = self.model_signing(&out, &public)?;
        self.check(&format!("{name}: model_signing accepts the unpacked folder"), accepted);
        flip_one_bit(&largest(&self.work.join(&out))?)?;
        let refused = !self.model_signing(&out, &public)?;
        self.check(&format!("{name}: model_signing refuses it after one flipped bit"), refused);
        let exit = self.exit(&["verify", &out, "--key", &public])?;
        self.check(&format!("{name}: so does pkg"), exit == Some(10));
        for (file, extra) in [(format!("{key}.key"), None), (public, Some("-pubin"))] {
            let mut openssl = Command::new("openssl");
            openssl.current_dir(&self.work).args(["pkey", "-noout", "-in", &file]).args(extra);
            let reads = run::output(&mut openssl)?.status.success();
            self.check(&format!("{name}: openssl reads {file}"), reads);
        }
        Ok(())
    }

    fn inspect(&self, image: &str) -> Result<Vec<u8>> {
        let mut skopeo = Command::new("skopeo");
        let output = run::output(skopeo.current_dir(&self.work).args(["inspect", "--raw", image]))?;
        if !output.status.success() {
            bail!("skopeo inspect {image}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output.stdout)
    }

    /// A folder signed by the reference tool.
    fn foreign_signature(&mut self) -> Result<()> {
        let folder = self.work.join("foreign");
        write_tree(&folder)?;
        fs::remove_file(folder.join("pkg.toml"))?;
        self.pkg(&["keygen", "--no-passphrase", "-o", "foreign-key"])?;
        let mut sign = Command::new(&self.model_signing);
        sign.current_dir(&self.work).args([
            "sign",
            "key",
            "foreign",
            "--signature",
            "foreign/model.sig",
        ]);
        run::succeed(sign.args(["--private_key", "foreign-key.key"]))?;
        let verify = ["verify", "foreign", "--key", "foreign-key.pub"];
        let accepted = self.exit(&verify)? == Some(0);
        self.check("pkg accepts a folder signed by model_signing", accepted);
        flip_one_bit(&folder.join("model.safetensors"))?;
        let refused = self.exit(&verify)? == Some(10);
        self.check("pkg refuses it after one flipped bit", refused);
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn is_model_pack(manifest: &[u8]) -> Result<bool> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest)?;
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    let raw = |layer: &serde_json::Value| {
        layer["mediaType"] == "application/vnd.cncf.model.weight.v1.raw"
            && layer["annotations"]["org.cncf.model.filepath"].is_string()
    };
    Ok(manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
        && manifest["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json"
        && layers.iter().any(raw))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(target)?;
        } else if entry.file_name() != "pkg.toml" {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn largest(folder: &Path) -> Result<PathBuf> {
    let mut largest = (0, None);
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        let size = entry.metadata()?.len();
        if entry.file_type().is_file() && size >= largest.0 {
            largest = (size, Some(entry.into_path()));
        }
    }
    largest.1.context("the folder is empty")
}

fn flip_one_bit(path: &Path) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(fs::write(path, bytes)?)
}

/// A folder with what trips up signers: nested folders, an empty file, names
/// whose order depends on how paths are compared, files of git.
fn write_tree(folder: &Path) -> Result<()> {
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend_from_slice(header.as_bytes());
    weights.extend_from_slice(&[0, 0, 128, 63, 0, 0, 0, 64]);
    let spec = "[release]\nname = \"tree\"\nversion = \"1.0\"\nlicence = \"MIT\"\n\n\
                [[component]]\nkind = \"model-parameters-final\"\npaths = [\"*.safetensors\"]\n\n\
                [[component]]\nkind = \"inference-code\"\npaths = [\"code/**\", \".gitattributes\"]\n";
    let files: [(&str, &[u8]); 8] = [
        ("model.safetensors", &weights),
        ("pkg.toml", spec.as_bytes()),
        (".gitattributes", b"*.bin filter=lfs\n"),
        ("code/a/b.py", b"b = 1\n"),
        ("code/a!.py", b"x = 1\n"),
        ("code/a-b.py", b"y = 1\n"),
        ("code/__init__.py", b""),
        ("code/\u{fc}ber.py", b"z = 1\n"),
    ];
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, content)?;
    }
    Ok(())
}
