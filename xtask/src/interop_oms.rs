//! Plain folders with a model signature: what pkg signs, model-signing verifies,
//! and the other way round, in every form that its library has.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use pkg_rig::{Rig, TokenSpec};

use crate::run;

const CURVES: [&str; 3] = ["P-256", "P-384", "P-521"];

/// Hash and method, and the names that the library has for the hash.
const FORMS: [(&str, &str, &str); 5] = [
    ("sha256", "files", "sha256"),
    ("blake2b", "files", "blake2"),
    ("blake3", "files", "blake3"),
    ("sha256", "shards", "sha256"),
    ("blake2b", "shards", "blake2"),
];

const ADA: &str = "ada@example.com";

/// What the command line does not reach:
/// `python -c SCRIPT sign|verify MODEL SIGNATURE KEY HASH METHOD SHARD LINKS IGNORED...`.
pub const LIBRARY: &str = r#"
import pathlib, sys
import model_signing
what, model, signature, key, hash, method, shard, links, *ignored = sys.argv[1:]
model, signature, key = pathlib.Path(model), pathlib.Path(signature), pathlib.Path(key)
hashing = model_signing.hashing.Config()
if method == "files":
    hashing.use_file_serialization(hashing_algorithm=hash)
else:
    hashing.use_shard_serialization(hashing_algorithm=hash, shard_size=int(shard))
hashing.set_ignored_paths(paths=ignored).set_allow_symlinks(links == "links")
if what == "sign":
    config = model_signing.signing.Config().use_elliptic_key_signer(private_key=key)
    config.set_hashing_config(hashing).sign(model, signature)
else:
    config = model_signing.verifying.Config().use_elliptic_key_verifier(public_key=key)
    config.set_hashing_config(hashing).verify(model, signature)
"#;

/// The shards that pkg signs, and others.
pub const OUR_SHARDS: &str = "33554432";
const OTHER_SHARDS: &str = "1000";

/// Runs every check; gives what was checked and whether it went well.
pub fn run(
    pkg: &Path,
    root: &Path,
    tree: &Path,
    model_signing: &Path,
) -> Result<Vec<(String, bool)>> {
    let work = root.join("work/oms");
    fs::create_dir_all(&work)?;
    let mut bench = Bench {
        pkg: pkg.to_owned(),
        python: model_signing.with_file_name("python"),
        model_signing: model_signing.to_owned(),
        tree: tree.to_owned(),
        work,
        checks: Vec::new(),
    };
    for curve in CURVES {
        bench.curve(curve)?;
    }
    for form in FORMS {
        bench.form(form)?;
    }
    bench.single_file()?;
    bench.certificate()?;
    bench.identity()?;
    Ok(bench.checks)
}

struct Bench {
    pkg: PathBuf,
    python: PathBuf,
    model_signing: PathBuf,
    tree: PathBuf,
    work: PathBuf,
    checks: Vec<(String, bool)>,
}

impl Bench {
    fn check(&mut self, what: impl Into<String>, ok: bool) {
        self.checks.push((what.into(), ok));
    }

    fn succeeds(&self, program: &Path, args: &[&str]) -> Result<bool> {
        let mut command = Command::new(program);
        command.current_dir(&self.work).args(args).env("PKG_CACHE_DIR", self.work.join("cache"));
        Ok(run::output(&mut command)?.status.success())
    }

    fn pkg(&self, args: &[&str]) -> Result<bool> {
        self.succeeds(&self.pkg, args)
    }

    /// pkg refuses it as wrong, not for any other reason.
    fn pkg_refuses(&self, args: &[&str]) -> Result<bool> {
        let mut command = Command::new(&self.pkg);
        Ok(run::output(command.current_dir(&self.work).args(args))?.status.code() == Some(10))
    }

    fn reference(&self, args: &[&str]) -> Result<bool> {
        self.succeeds(&self.model_signing, args)
    }

    fn library(&self, args: &[&str]) -> Result<bool> {
        self.succeeds(&self.python, &[&["-c", LIBRARY], args].concat())
    }

    fn openssl(&self, args: &[&str]) -> Result<()> {
        let mut command = Command::new("openssl");
        run::succeed(command.current_dir(&self.work).args(args)).map(|_| ())
    }

    /// A key pair NAME.key, NAME.pub.
    fn key(&self, name: &str, curve: &str) -> Result<()> {
        let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
        let curve = format!("ec_paramgen_curve:{curve}");
        self.openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", &curve, "-out", &private])?;
        self.openssl(&["pkey", "-in", &private, "-pubout", "-out", &public])
    }

    /// A fresh plain folder.
    fn folder(&self, name: &str) -> Result<()> {
        let folder = self.work.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        for entry in walkdir::WalkDir::new(&self.tree).min_depth(1) {
            let entry = entry?;
            let target = folder.join(entry.path().strip_prefix(&self.tree)?);
            if entry.file_type().is_dir() {
                fs::create_dir_all(target)?;
            } else {
                fs::create_dir_all(target.parent().unwrap_or(&folder))?;
                fs::copy(entry.path(), target)?;
            }
        }
        fs::write(folder.join("shards.bin"), [7; 2500])?;
        fs::write(folder.join("a:colon"), "x")?;
        Ok(())
    }

    /// A fresh folder with a path to leave out and, if asked for, a link.
    fn form_folder(&self, links: &str) -> Result<()> {
        self.folder("form")?;
        let folder = self.work.join("form");
        // The library cannot name shards of it.
        fs::remove_file(folder.join("a:colon"))?;
        fs::create_dir(folder.join("left-out"))?;
        fs::write(folder.join("left-out/log"), "x")?;
        if links == "links" {
            symlink("../shards.bin", folder.join("code/link"))?;
        }
        Ok(())
    }

    fn change(&self, folder: &str) -> Result<()> {
        Ok(fs::write(self.work.join(folder).join("shards.bin"), [8; 2500])?)
    }

    /// Both command lines, with a key of each curve.
    fn curve(&mut self, curve: &str) -> Result<()> {
        self.key("c", curve)?;
        self.folder("ours")?;
        let signed = self.pkg(&["sign", "ours", "--key", "c.key"])?;
        let verify =
            ["verify", "key", "ours", "--signature", "ours/model.sig", "--public_key", "c.pub"];
        let accepted = self.reference(&verify)?;
        self.change("ours")?;
        let refused = !self.reference(&verify)?;
        self.check(
            format!("{curve}: model_signing accepts a plain folder of pkg, and refuses it changed"),
            signed && accepted && refused,
        );
        self.folder("theirs")?;
        let sign =
            ["sign", "key", "theirs", "--signature", "theirs/model.sig", "--private_key", "c.key"];
        let signed = self.reference(&sign)?;
        let verify = ["verify", "theirs", "--key", "c.pub"];
        let accepted = self.pkg(&verify)?;
        self.change("theirs")?;
        let refused = self.pkg_refuses(&verify)?;
        self.check(
            format!("{curve}: pkg accepts a plain folder of model_signing, and refuses it changed"),
            signed && accepted && refused,
        );
        Ok(())
    }

    /// Every hash and method, with and without links and ignored paths.
    fn form(&mut self, (hash, method, theirs): (&str, &str, &str)) -> Result<()> {
        self.key("f", "P-256")?;
        for links in ["links", "plain"] {
            let signature = "form/model.sig";
            let ours = ["--allow-symlinks"];
            let ours: &[&str] = if links == "links" { &ours } else { &[] };
            let ignored = ["model.sig", "left-out"];

            self.form_folder(links)?;
            let sign = ["sign", "form", "--key", "f.key", "--hash", hash];
            let more = ["--model-signature", method, "--ignore-paths", "form/left-out"];
            let signed = self.pkg(&[&sign[..], &more, ours].concat())?;
            let verify = ["verify", "form", signature, "f.pub", theirs, method, OUR_SHARDS, links];
            let verify = [&verify[..], &ignored].concat();
            let accepted = self.library(&verify)?;
            self.change("form")?;
            let refused = !self.library(&verify)?;
            self.check(
                format!("{hash}, {method}, {links}: model_signing accepts what pkg signs"),
                signed && accepted && refused,
            );

            self.form_folder(links)?;
            let sign = ["sign", "form", signature, "f.key", theirs, method, OTHER_SHARDS, links];
            let signed = self.library(&[&sign[..], &ignored].concat())?;
            let verify = [&["verify", "form", "--key", "f.pub"], ours].concat();
            let accepted = self.pkg(&verify)?;
            self.change("form")?;
            let refused = self.pkg_refuses(&verify)?;
            self.check(
                format!("{hash}, {method}, {links}: pkg accepts what model_signing signs"),
                signed && accepted && refused,
            );
        }
        Ok(())
    }

    fn single_file(&mut self) -> Result<()> {
        self.key("s", "P-256")?;
        fs::write(self.work.join("weights.bin"), [7; 4096])?;
        let sign = ["sign", "weights.bin", "--signature", "w.sig", "--key", "s.key"];
        let signed = self.pkg(&sign)?;
        let verify =
            ["verify", "key", "weights.bin", "--signature", "w.sig", "--public_key", "s.pub"];
        let accepted = self.reference(&verify)?;
        self.check("model_signing accepts a single file that pkg signed", signed && accepted);
        let sign = ["sign", "key", "weights.bin", "--signature", "t.sig", "--private_key", "s.key"];
        let signed = self.reference(&sign)?;
        let verify = ["verify", "weights.bin", "--signature", "t.sig", "--key", "s.pub"];
        let accepted = self.pkg(&verify)?;
        fs::write(self.work.join("weights.bin"), [8; 4096])?;
        let refused = self.pkg_refuses(&verify)?;
        self.check(
            "pkg accepts a single file that model_signing signed, and refuses it changed",
            signed && accepted && refused,
        );
        Ok(())
    }

    fn certificate(&mut self) -> Result<()> {
        self.key("ca", "P-256")?;
        self.key("leaf", "P-384")?;
        fs::write(
            self.work.join("leaf.ext"),
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
             extendedKeyUsage=codeSigning\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
        )?;
        let root = "req -x509 -new -key ca.key -subj /CN=Lab -days 30 -addext keyUsage=critical,keyCertSign -out ca.pem";
        let request = "req -new -key leaf.key -subj /CN=Release -out leaf.csr";
        let leaf = "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -days 30 -CAcreateserial -extfile leaf.ext -out leaf.pem";
        for line in [root, request, leaf] {
            self.openssl(&line.split(' ').collect::<Vec<_>>())?;
        }
        self.folder("cert")?;
        let sign = ["sign", "cert", "--key", "leaf.key", "--certificate", "leaf.pem"];
        let signed = self.pkg(&sign)?;
        let verify = ["verify", "certificate", "cert", "--signature", "cert/model.sig"];
        let verify = [&verify[..], &["--certificate_chain", "ca.pem"]].concat();
        let accepted = self.reference(&verify)?;
        self.change("cert")?;
        let refused = !self.reference(&verify)?;
        self.check(
            "certificate: model_signing accepts a plain folder of pkg, and refuses it changed",
            signed && accepted && refused,
        );
        Ok(())
    }

    fn identity(&mut self) -> Result<()> {
        let rig = Rig::start();
        rig.write_to(&self.work)?;
        for rekor in [1, 2] {
            self.folder("keyless")?;
            let token = rig.token(&TokenSpec::email(ADA));
            let config = format!("trust_config.v{rekor}.json");
            let sign = ["sign", "keyless", "--identity-token", &token, "--trust-config", &config];
            let signed = self.pkg(&sign)?;
            let verify = ["verify", "sigstore", "keyless", "--signature", "keyless/model.sig"];
            let whose = ["--trust_config", &config, "--identity_provider", rig.url()];
            let by = |identity| [&verify[..], &whose, &["--identity", identity]].concat();
            let accepted = self.reference(&by(ADA))? && !self.reference(&by("eve@example.com"))?;
            self.check(
                format!("rekor v{rekor}: model_signing accepts a plain folder by identity"),
                signed && accepted,
            );
        }
        Ok(())
    }
}
