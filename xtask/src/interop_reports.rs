//! Whether independent validators accept the exports of reports, and whether they
//! and pkg agree about descriptions of data sets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{releases, run};

/// Validators of CycloneDX, of SPDX 3, and of Croissant.
const PACKAGES: [&str; 3] = [
    "cyclonedx-python-lib[json-validation]==11.12.0",
    "spdx-python-model==0.0.6",
    "mlcroissant==1.1.1",
];

/// The JSON Schema made from the model of SPDX 3 travels in this package.
const SPDX_SCHEMA: &str = "@cyclonedx/cdxgen@12.8.4";

/// Says of each file named whether it is valid; one line each.
const PROGRAM: &str = r#"
import json, logging, sys, warnings
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
kind, schema, files = sys.argv[1], sys.argv[2], sys.argv[3:]

def cyclonedx(path):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    return JsonStrictValidator(SchemaVersion.V1_7).validate_str(open(path).read()) is None

def spdx(path):
    import jsonschema
    from spdx_python_model import v3_0_1
    jsonschema.validate(json.load(open(path)), json.load(open(schema)))
    objects = v3_0_1.SHACLObjectSet()
    with open(path) as file:
        v3_0_1.JSONLDDeserializer().read(file, objects)
    return not objects.missing_ids

def croissant(path):
    import mlcroissant
    mlcroissant.Dataset(path)
    return True

for path in files:
    try:
        valid = {"cyclonedx": cyclonedx, "spdx": spdx, "croissant": croissant}[kind](path)
    except Exception:
        valid = False
    print("valid" if valid else "invalid")
"#;

struct Validators {
    python: PathBuf,
    schema: PathBuf,
}

impl Validators {
    fn open(root: &Path) -> Result<Self> {
        let venv = root.join("validators");
        let python = venv.join("bin/python");
        if !venv.join("ready").exists() {
            run::succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            run::succeed(
                Command::new(venv.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES),
            )
            .context("this needs the network")?;
            fs::write(venv.join("ready"), "")?;
        }
        let folder = root.join("spdx-schema");
        let schema = folder.join("package/data/spdx-export.schema.json");
        if !schema.exists() {
            fs::create_dir_all(&folder)?;
            let mut pack = Command::new("npm");
            run::succeed(pack.args(["pack", "--silent", SPDX_SCHEMA]).current_dir(&folder))
                .context("npm is needed: apt-get install npm")?;
            let archive = fs::read_dir(&folder)?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .find(|path| path.extension().is_some_and(|ending| ending == "tgz"))
                .context("npm made no archive")?;
            let mut unpack = Command::new("tar");
            run::succeed(unpack.arg("xzf").arg(archive).arg("-C").arg(&folder))?;
        }
        Ok(Self { python, schema })
    }

    /// Whether each file is valid.
    fn valid(&self, kind: &str, files: &[PathBuf]) -> Result<Vec<bool>> {
        let mut command = Command::new(&self.python);
        command.args(["-c", PROGRAM, kind]).arg(&self.schema).args(files);
        let lines = run::succeed(&mut command)?;
        let answers: Vec<bool> = lines.lines().map(|line| line == "valid").collect();
        ensure!(answers.len() == files.len(), "{kind}: {lines}");
        Ok(answers)
    }
}

/// Runs the checks; each with what it was about and whether it held.
pub fn run(pkg: &Path, root: &Path) -> Result<Vec<(String, bool)>> {
    let validators = Validators::open(root)?;
    let work = root.join("work/reports");
    fs::create_dir_all(&work)?;
    let mut checks = Vec::new();
    for (kind, spoil) in [("cyclonedx", "\"specVersion\""), ("spdx", "\"spdxId\"")] {
        let mut files = Vec::new();
        for folder in releases::folders()? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let file = work.join(format!("{name}.{kind}.json"));
            let mut report = Command::new(pkg);
            report.arg("report").arg(folder.join("pkg.toml")).args(["--format", kind, "-o"]);
            run::succeed(report.arg(&file))?;
            files.push(file);
        }
        let good = validators.valid(kind, &files)?;
        let count = good.iter().filter(|valid| **valid).count();
        checks.push((
            format!("{kind}: {count} of {} releases are accepted", good.len()),
            count == good.len(),
        ));
        let first = files.first().context("no release")?;
        let broken = work.join(format!("broken.{kind}.json"));
        fs::write(&broken, fs::read_to_string(first)?.replacen(spoil, "\"wrong\"", 1))?;
        let refused = validators.valid(kind, &[broken])? == [false];
        checks.push((format!("{kind}: a broken one is refused"), refused));
    }
    for folder in ["valid", "invalid"] {
        let mut files: Vec<PathBuf> =
            fs::read_dir(run::root().join("fixtures/croissant").join(folder))?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect();
        files.sort();
        let theirs = validators.valid("croissant", &files)?;
        for (file, valid) in files.iter().zip(theirs) {
            let ours = Command::new(pkg).args(["report", "--quiet"]).arg(file).output()?;
            let agree = ours.status.success() == valid && valid == (folder == "valid");
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            checks.push((format!("croissant: {folder}/{name} is judged alike"), agree));
        }
    }
    Ok(checks)
}
