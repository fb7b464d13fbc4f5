//! Whether independent validators accept the bill of materials of `pkg` itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::run;

/// Validators of CycloneDX and of SPDX 2.3.
const PACKAGES: [&str; 2] = ["cyclonedx-python-lib[json-validation]==11.12.0", "spdx-tools==0.8.5"];

/// Says of each file named whether it is valid; one line each.
const PROGRAM: &str = r#"
import logging, sys
logging.disable(logging.CRITICAL)

def cyclonedx(path):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(path).read())

def spdx(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
    return validate_full_spdx_document(parse_file(path), "SPDX-2.3") or None

for path in sys.argv[1:]:
    try:
        wrong = (cyclonedx if path.endswith(".cdx.json") else spdx)(path)
    except Exception as error:
        wrong = error
    print("valid" if wrong is None else "invalid")
    if wrong is not None:
        print(path, wrong, file=sys.stderr)
"#;

/// Runs the checks; each with what it was about and whether it held.
pub fn run(root: &Path) -> Result<Vec<(String, bool)>> {
    let venv = root.join("sbom-validators");
    if !venv.join("ready").exists() {
        run::succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut install = Command::new(venv.join("bin/pip"));
        run::succeed(install.args(["install", "--quiet"]).args(PACKAGES))
            .context("this needs the network")?;
        fs::write(venv.join("ready"), "")?;
    }
    let work = root.join("work/sbom");
    let mut checks = Vec::new();
    for verifier in [false, true] {
        let (name, forms) = crate::supply::sbom::write(&work, verifier)?;
        for (path, spoil) in forms.iter().zip(["\"specVersion\"", "\"SPDXID\""]) {
            let broken = work
                .join(format!("broken.{}", path.file_name().unwrap_or_default().to_string_lossy()));
            fs::write(&broken, fs::read_to_string(path)?.replacen(spoil, "\"wrong\"", 1))?;
            let mut ask = Command::new(venv.join("bin/python"));
            ask.args(["-c", PROGRAM]).arg(path).arg(&broken);
            let output = run::output(&mut ask)?;
            let answers = String::from_utf8_lossy(&output.stdout).into_owned();
            let mut answers = answers.lines();
            let form = if path.to_string_lossy().ends_with(".cdx.json") {
                "CycloneDX 1.6"
            } else {
                "SPDX 2.3"
            };
            let good = answers.next() == Some("valid");
            if !good {
                println!("{}", String::from_utf8_lossy(&output.stderr));
            }
            checks.push((format!("bill of materials of {name}: valid {form}"), good));
            let refused = answers.next() == Some("invalid");
            checks.push((
                format!("bill of materials of {name}: a broken {form} is refused"),
                refused,
            ));
        }
    }
    Ok(checks)
}
