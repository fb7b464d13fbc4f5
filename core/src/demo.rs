//! The whole round on a small generated model, so that anyone can see it work.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, PackRequest, ShardPolicy, StoreMode, UnpackRequest};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;
use crate::trust::judge::Judge;
use crate::trust::key::{Algorithm, PublicKey, SigningKey};
use crate::trust::keyfile;
use crate::trust::root::RootChoice;
use crate::trust::sealer::KeySealer;
use crate::verify::{Verdict, VerifyRequest, verify};
use crate::{init, sign, unpack};

/// One step of the demonstration.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What it shows.
    pub what: String,
    /// The command that does the same.
    pub command: String,
    /// What came of it.
    pub result: Vec<String>,
}

/// The demonstration.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoReport {
    /// The steps.
    pub steps: Vec<Step>,
    /// Folder with everything that was made, if it was kept.
    pub folder: Option<PathBuf>,
}

/// Runs the demonstration; `keep` is a new folder for what it makes.
pub fn run(keep: Option<&Path>) -> Result<DemoReport> {
    let temporary;
    let root = if let Some(folder) = keep {
        fs::create_dir(folder).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Problem::new(Code::OutputExists, folder.display()),
            _ => Problem::writing(folder, error),
        })?;
        folder
    } else {
        temporary =
            tempfile::tempdir().map_err(|error| Problem::writing(&std::env::temp_dir(), error))?;
        temporary.path()
    };
    let mut demo = Demo { root, steps: Vec::new() };
    demo.publisher()?;
    demo.adopter()?;
    Ok(DemoReport { steps: demo.steps, folder: keep.map(Path::to_owned) })
}

struct Demo<'a> {
    root: &'a Path,
    steps: Vec<Step>,
}

impl Demo<'_> {
    fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn step(&mut self, what: &str, command: &str, result: Vec<String>) {
        self.steps.push(Step { what: what.to_owned(), command: command.to_owned(), result });
    }

    fn publisher(&mut self) -> Result<()> {
        let model = self.at("model");
        write_model(&model)?;
        let plan = init::plan(&model)?;
        init::write(&model, &plan)?;
        let kinds: Vec<&str> =
            plan.spec_text.lines().filter_map(|line| line.strip_prefix("kind = ")).collect();
        self.step(
            "A publisher has a folder with a model; init finds out what is in it.",
            "pkg init model/",
            vec![format!("components: {}", kinds.join(", ").replace('"', ""))],
        );
        let request = PackRequest {
            folder: model,
            output: self.at("model.pkg"),
            mode: StoreMode::Auto,
            shards: ShardPolicy::Auto,
            part: None,
            cache: false,
            force: false,
            git: bundle::GitRequest::default(),
        };
        let packed = bundle::pack(&request, &Meter::default())?;
        self.step(
            "pack makes one content-addressed bundle: an OCI image layout.",
            "pkg pack model/ -o model.pkg",
            vec![format!("{} files", packed.files), format!("digest {}", packed.digest)],
        );
        let key = SigningKey::generate(Algorithm::EcdsaP256)?;
        keyfile::write_key_pair(&self.at("release"), &key, None, false)?;
        let sealer = KeySealer::new(Box::new(key))?;
        let (signed, _) = sign::sign(&request.output, &sealer, sign::ModelSignature::Files)?;
        self.step(
            "The publisher signs that digest, and the files as they will be unpacked.",
            "pkg keygen -o release && pkg sign model.pkg --key release.key",
            signed.added.iter().map(|predicate| format!("statement {predicate}")).collect(),
        );
        Ok(())
    }

    fn adopter(&mut self) -> Result<()> {
        let key = keyfile::load_public_key(&self.at("release.pub"))?;
        let (verdict, findings) = self.verify("model.pkg", &key)?;
        expect_ok(&findings)?;
        self.step(
            "An adopter, offline, checks every byte against the publisher's key.",
            "pkg verify model.pkg --key release.pub",
            vec![format!(
                "OK: {} of {} files verified",
                verdict.files_verified, verdict.files_total
            )],
        );
        let request = UnpackRequest {
            output: self.at("out"),
            only: Vec::new(),
            mode: StoreMode::Auto,
            force: false,
        };
        let (unpacked, findings) =
            unpack::unpack(&self.at("model.pkg"), &request, &Meter::default())?;
        expect_ok(&findings)?;
        let files = unpacked.map_or(0, |outcome| outcome.files);
        let (verdict, findings) = self.verify("out", &key)?;
        expect_ok(&findings)?;
        self.step(
            "Unpacked, the folder still carries its signatures and can be checked again.",
            "pkg unpack model.pkg out/ && pkg verify out/ --key release.pub",
            vec![
                format!("{files} files unpacked"),
                format!("OK: {} of {} files verified", verdict.files_verified, verdict.files_total),
            ],
        );
        flip_one_bit(&self.at("out/model.safetensors"))?;
        let (_, findings) = self.verify("out", &key)?;
        let refused: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| format!("REFUSED: error[{}]: {}", finding.code, finding.subject))
            .collect();
        if refused.is_empty() {
            return Err(
                Problem::new(Code::Internal, "demo").detail("a changed byte went unnoticed")
            );
        }
        self.step(
            "One bit of the weights changes, on disk or on the way.",
            "pkg verify out/ --key release.pub",
            refused,
        );
        Ok(())
    }

    fn verify(&self, target: &str, key: &PublicKey) -> Result<(Verdict, Vec<Finding>)> {
        let request = VerifyRequest::new(
            self.at(target),
            Judge::new(vec![key.clone()].into(), RootChoice::default()),
        );
        verify(&request, &Meter::default())
    }
}

fn expect_ok(findings: &[Finding]) -> Result<()> {
    match findings.iter().find(|finding| finding.severity == Severity::Error) {
        None => Ok(()),
        Some(finding) => Err(Problem::new(Code::Internal, "demo")
            .detail(format!("{}: {}", finding.code, finding.message))),
    }
}

fn flip_one_bit(path: &Path) -> Result<()> {
    let mut bytes = fs::read(path).map_err(|error| Problem::reading(path, error))?;
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    fs::write(path, bytes).map_err(|error| Problem::writing(path, error))
}

/// A two-layer perceptron with made-up weights, and what belongs to it.
fn write_model(folder: &Path) -> Result<()> {
    let config =
        "{\"architectures\": [\"TinyMlp\"], \"model_type\": \"tiny-mlp\", \"hidden_size\": 64}\n";
    let card = "---\nlicense: mit\ntags: [demo]\n---\n# Tiny\n\nA generated model. It computes nothing of use.\n";
    let code = "\"\"\"Inference for the tiny model.\"\"\"\n\n\ndef forward(x, w1, w2):\n    return w2 @ (w1 @ x)\n";
    let files: [(&str, Vec<u8>); 5] = [
        ("model.safetensors", safetensors()),
        ("config.json", config.into()),
        ("README.md", card.into()),
        ("inference.py", code.into()),
        ("LICENSE", MIT.into()),
    ];
    fs::create_dir(folder).map_err(|error| Problem::writing(folder, error))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| Problem::writing(&path, error))?;
    }
    Ok(())
}

/// Two f32 tensors of 64 x 64, after the safetensors format.
fn safetensors() -> Vec<u8> {
    const BYTES: usize = 64 * 64 * 4;
    let tensor = |start: usize| {
        let end = start + BYTES;
        format!("{{\"dtype\":\"F32\",\"shape\":[64,64],\"data_offsets\":[{start},{end}]}}")
    };
    let mut header = format!("{{\"w1\":{},\"w2\":{}}}", tensor(0), tensor(BYTES));
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    let mut state = 1_u32;
    for _ in 0..2 * BYTES / 4 {
        // Numerical Recipes' linear congruential generator; any numbers will do.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let weight = f32::from((state >> 16) as u16) / 65_536.0 - 0.5;
        bytes.extend_from_slice(&weight.to_le_bytes());
    }
    bytes
}

const MIT: &str = include_str!("demo/MIT.txt");
