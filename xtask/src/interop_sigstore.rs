//! Signatures by identity and by certificate, across the field's programs:
//! sigstore-python, `@sigstore/verify` and OpenSSF model signing, with the
//! loopback stand-ins for the services.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use pkg_rig::{Rig, TokenSpec};

use crate::run;

/// Packages of npm: the verifier that npm itself uses, for the node of Debian.
const NODE_PACKAGES: [&str; 3] =
    ["@sigstore/verify@3.1.1", "@sigstore/bundle@4.0.0", "@sigstore/protobuf-specs@0.5.0"];

/// The Python client; `model_signing` brings it along, pinned here all the same.
const PYTHON_PACKAGE: &str = "sigstore==4.5.1";

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

/// Verifies one bundle: `node -e SCRIPT BUNDLE ROOT IDENTITY ISSUER ARTIFACT`.
const NODE_VERIFY: &str = r#"
const fs = require("fs");
const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");
const [bundle, root, identity, issuer, artifact] = process.argv.slice(1);
const json = (path) => JSON.parse(fs.readFileSync(path));
const trust = toTrustMaterial(TrustedRoot.fromJSON(json(root)));
const entity = toSignedEntity(bundleFromJSON(json(bundle)), fs.readFileSync(artifact));
const quoted = identity.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
new Verifier(trust, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 }).verify(entity, {
  subjectAlternativeName: `^${quoted}$`,
  extensions: { issuer },
});
"#;

/// Runs every check; gives what was checked and whether it went well.
pub fn run(
    pkg: &Path,
    root: &Path,
    tree: &Path,
    model_signing: &Path,
) -> Result<Vec<(String, bool)>> {
    let work = root.join("work/sigstore");
    fs::create_dir_all(&work)?;
    let rig = Rig::start();
    rig.write_to(&work)?;
    fs::write(work.join("a.txt"), "hello\n")?;
    let mut bench = Bench {
        pkg: pkg.to_owned(),
        python: python(root)?,
        node: node(root)?,
        model_signing: model_signing.to_owned(),
        tree: tree.to_owned(),
        work,
        rig,
        checks: Vec::new(),
    };
    for rekor in [1, 2] {
        bench.blobs(rekor)?;
        bench.models(rekor)?;
    }
    bench.certificates()?;
    Ok(bench.checks)
}

fn python(root: &Path) -> Result<PathBuf> {
    let venv = root.join("sigstore-venv");
    let program = venv.join("bin/sigstore");
    if !program.exists() {
        run::succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/pip"));
        run::succeed(pip.args(["install", "--quiet", PYTHON_PACKAGE]))
            .context("this needs the network")?;
    }
    Ok(program)
}

fn node(root: &Path) -> Result<PathBuf> {
    let folder = root.join("node");
    if !folder.join("node_modules/@sigstore/verify").exists() {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("package.json"), "{\"private\": true}\n")?;
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args(["install", "--silent", "--no-audit", "--no-fund"]);
        run::succeed(npm.args(NODE_PACKAGES))
            .context("Debian's packages `nodejs` and `npm` are needed, and the network")?;
    }
    Ok(folder)
}

struct Bench {
    pkg: PathBuf,
    python: PathBuf,
    node: PathBuf,
    model_signing: PathBuf,
    tree: PathBuf,
    work: PathBuf,
    rig: Rig,
    checks: Vec<(String, bool)>,
}

impl Bench {
    fn check(&mut self, what: impl Into<String>, ok: bool) {
        self.checks.push((what.into(), ok));
    }

    fn succeeds(&self, program: &Path, args: &[&str]) -> Result<bool> {
        let mut command = Command::new(program);
        let output = run::output(command.current_dir(&self.work).args(args))?;
        Ok(output.status.success())
    }

    fn pkg(&self, args: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.pkg);
        command.env("PKG_CACHE_DIR", self.work.join("cache"));
        run::succeed(command.current_dir(&self.work).args(args)).map(|_| ())
    }

    fn exit(&self, args: &[&str]) -> Result<Option<i32>> {
        let mut command = Command::new(&self.pkg);
        Ok(run::output(command.current_dir(&self.work).args(args))?.status.code())
    }

    fn pkg_verifies(&self, bundle: &str, identity: &str) -> Result<Option<i32>> {
        let issuer = self.rig.url();
        self.exit(&[
            "sigstore",
            "verify-bundle",
            "--bundle",
            bundle,
            "--certificate-identity",
            identity,
            "--certificate-oidc-issuer",
            issuer,
            "--trusted-root",
            "trusted_root.json",
            "a.txt",
        ])
    }

    fn python_verifies(&self, bundle: &str, config: &str, identity: &str) -> Result<bool> {
        self.succeeds(
            &self.python,
            &[
                "--trust-config",
                config,
                "verify",
                "identity",
                "--offline",
                "--bundle",
                bundle,
                "--cert-identity",
                identity,
                "--cert-oidc-issuer",
                self.rig.url(),
                "a.txt",
            ],
        )
    }

    fn node_verifies(&self, bundle: &str, identity: &str) -> Result<bool> {
        let at = |name: &str| self.work.join(name);
        let mut node = Command::new("node");
        node.current_dir(&self.node).args(["-e", NODE_VERIFY, "--"]);
        node.arg(at(bundle)).arg(at("trusted_root.json"));
        node.args([identity, self.rig.url()]).arg(at("a.txt"));
        Ok(run::output(&mut node)?.status.success())
    }

    /// A file signed by pkg and by sigstore-python, verified by everyone.
    fn blobs(&mut self, rekor: u32) -> Result<()> {
        let config = format!("trust_config.v{rekor}.json");
        let signing = format!("signing_config.v{rekor}.json");
        let (ours, theirs) = (format!("pkg.v{rekor}.json"), format!("python.v{rekor}.json"));
        let token = self.rig.token(&TokenSpec::email(ADA));
        self.pkg(&[
            "sigstore",
            "sign-bundle",
            "--identity-token",
            &token,
            "--bundle",
            &ours,
            "--trusted-root",
            "trusted_root.json",
            "--signing-config",
            &signing,
            "a.txt",
        ])?;
        let signed = self.succeeds(
            &self.python,
            &[
                "--trust-config",
                &config,
                "sign",
                "--identity-token",
                &token,
                "--overwrite",
                "--bundle",
                &theirs,
                "a.txt",
            ],
        )?;
        self.check(format!("rekor v{rekor}: sigstore-python signs"), signed);
        for (who, bundle) in [("pkg", &ours), ("sigstore-python", &theirs)] {
            let what = |by: &str| format!("rekor v{rekor}: {by} accepts what {who} signed");
            let accepted = self.pkg_verifies(bundle, ADA)? == Some(0);
            self.check(what("pkg"), accepted && self.pkg_verifies(bundle, EVE)? == Some(10));
            let accepted = self.python_verifies(bundle, &config, ADA)?;
            let refused = !self.python_verifies(bundle, &config, EVE)?;
            self.check(what("sigstore-python"), accepted && refused);
            let accepted = self.node_verifies(bundle, ADA)?;
            self.check(what("@sigstore/verify"), accepted && !self.node_verifies(bundle, EVE)?);
        }
        Ok(())
    }

    /// A release signed by identity, unpacked; and a folder signed by
    /// `model_signing`.
    fn models(&mut self, rekor: u32) -> Result<()> {
        let config = format!("trust_config.v{rekor}.json");
        let (bundle, out) = (format!("tree.v{rekor}.pkg"), format!("out.v{rekor}"));
        let tree = self.tree.to_string_lossy().into_owned();
        let token = self.rig.token(&TokenSpec::email(ADA));
        self.pkg(&["pack", &tree, "-o", &bundle])?;
        self.pkg(&["sign", &bundle, "--identity-token", &token, "--trust-config", &config])?;
        self.pkg(&["unpack", &bundle, &out])?;
        let issuer = self.rig.url().to_owned();
        let signature = format!("{out}/model.sig");
        let verify = |folder: &str, signature: &str, identity: &str| {
            self.succeeds(
                &self.model_signing,
                &[
                    "verify",
                    "sigstore",
                    folder,
                    "--signature",
                    signature,
                    "--trust_config",
                    &config,
                    "--identity",
                    identity,
                    "--identity_provider",
                    &issuer,
                ],
            )
        };
        let accepted = verify(&out, &signature, ADA)? && !verify(&out, &signature, EVE)?;
        let foreign = format!("foreign.v{rekor}");
        fs::create_dir_all(self.work.join(&foreign))?;
        fs::write(self.work.join(&foreign).join("weights.bin"), [7; 4096])?;
        let theirs = format!("{foreign}/model.sig");
        let signed = self.succeeds(
            &self.model_signing,
            &[
                "sign",
                "sigstore",
                &foreign,
                "--signature",
                &theirs,
                "--trust_config",
                &config,
                "--identity_token",
                &token,
            ],
        )?;
        let ours = ["verify", &foreign, "--identity", ADA, "--issuer", &issuer];
        let ours = [&ours[..], &["--trusted-root", "trusted_root.json"]].concat();
        let by_us = self.exit(&ours)? == Some(0);
        self.check(
            format!("rekor v{rekor}: model_signing accepts a release by identity"),
            accepted,
        );
        self.check(
            format!("rekor v{rekor}: pkg accepts a folder of model_signing"),
            signed && by_us,
        );
        Ok(())
    }

    /// An own authority, made with openssl.
    fn certificates(&mut self) -> Result<()> {
        let openssl = |args: &[&str]| {
            let mut command = Command::new("openssl");
            run::succeed(command.current_dir(&self.work).args(args)).map(|_| ())
        };
        fs::write(
            self.work.join("leaf.ext"),
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
             extendedKeyUsage=codeSigning\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
        )?;
        for name in ["ca", "leaf"] {
            let key = format!("{name}.key");
            openssl(&[
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-384",
                "-out",
                &key,
            ])?;
        }
        openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "ca.key",
            "-subj",
            "/CN=Lab CA",
            "-days",
            "30",
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-out",
            "ca.pem",
        ])?;
        openssl(&["req", "-new", "-key", "leaf.key", "-subj", "/CN=Release", "-out", "leaf.csr"])?;
        openssl(&[
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-days",
            "30",
            "-CAcreateserial",
            "-extfile",
            "leaf.ext",
            "-out",
            "leaf.pem",
        ])?;
        let tree = self.tree.to_string_lossy().into_owned();
        self.pkg(&["pack", &tree, "-o", "ca.pkg"])?;
        self.pkg(&["sign", "ca.pkg", "--key", "leaf.key", "--certificate", "leaf.pem"])?;
        self.pkg(&["unpack", "ca.pkg", "ca-out"])?;
        let ours = self.exit(&["verify", "ca.pkg", "--certificate-chain", "ca.pem"])? == Some(0);
        let theirs = self.succeeds(
            &self.model_signing,
            &[
                "verify",
                "certificate",
                "ca-out",
                "--signature",
                "ca-out/model.sig",
                "--certificate_chain",
                "ca.pem",
            ],
        )?;
        fs::create_dir_all(self.work.join("ca-foreign"))?;
        fs::write(self.work.join("ca-foreign/weights.bin"), [9; 4096])?;
        let signed = self.succeeds(
            &self.model_signing,
            &[
                "sign",
                "certificate",
                "ca-foreign",
                "--signature",
                "ca-foreign/model.sig",
                "--private_key",
                "leaf.key",
                "--signing_certificate",
                "leaf.pem",
                "--certificate_chain",
                "ca.pem",
            ],
        )?;
        let foreign = self.exit(&["verify", "ca-foreign", "--certificate-chain", "ca.pem"])?;
        self.check("pkg accepts a release signed by certificate", ours);
        self.check("model_signing accepts it, unpacked", theirs);
        self.check(
            "pkg accepts a folder that model_signing signed so",
            signed && foreign == Some(0),
        );
        Ok(())
    }
}
