//! Golden bundles: signatures of every generation, made once with the stand-ins
//! for Sigstore's services and kept, so that verifying them is tested against
//! what was written earlier and not against the same code.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use pkg_rig::{Rig, TokenSpec};
use serde_json::{Value, json};

use crate::run;

const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a.txt","digest":{"sha256":"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}}],"predicateType":"https://example.org/golden/v1","predicate":{}}"#;

/// Makes all of them anew in `fixtures/sigstore`.
pub fn make() -> Result<()> {
    let folder = run::root().join("fixtures/sigstore");
    fs::create_dir_all(&folder)?;
    let pkg = run::release_binary()?;
    let rig = Rig::start();
    let write = |name: &str, value: &Value| -> Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        Ok(fs::write(folder.join(name), format!("{text}\n"))?)
    };
    write("trusted_root.json", &rig.trusted_root())?;
    write("other_root.json", &Rig::start().trusted_root())?;
    fs::write(folder.join("issuer"), format!("{}\n", rig.url()))?;
    fs::write(folder.join("a.txt"), "hello\n")?;
    let work = run::root().join("target/golden");
    fs::create_dir_all(&work)?;
    rig.write_to(&work)?;
    fs::write(work.join("statement.json"), STATEMENT)?;
    for (name, rekor, statement) in [
        ("message.rekor1.v03.json", 1, false),
        ("statement.rekor1.v03.json", 1, true),
        ("message.rekor2.v03.json", 2, false),
        ("statement.rekor2.v03.json", 2, true),
    ] {
        let made = work.join("bundle.json");
        let token = rig.token(&TokenSpec::github("lab/model", "release.yml", "refs/tags/v1"));
        let mut sign = Command::new(&pkg);
        sign.args(["sigstore", "sign-bundle", "--identity-token", &token, "--bundle"]).arg(&made);
        sign.arg("--trusted-root").arg(folder.join("trusted_root.json"));
        sign.arg("--signing-config").arg(work.join(format!("signing_config.v{rekor}.json")));
        if statement {
            sign.arg("--in-toto").arg(work.join("statement.json"));
        } else {
            sign.arg(folder.join("a.txt"));
        }
        run::succeed(&mut sign)?;
        let bundle = read(&made)?;
        write(name, &bundle)?;
        for generation in ["0.1", "0.2"] {
            if rekor == 1 {
                let older = name.replace("v03", &format!("v{}", generation.replace('.', "")));
                write(&older, &older_generation(&bundle, generation)?)?;
            }
        }
    }
    println!("made {}", folder.display());
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// The same signature as bundles of older generations hold it: nothing of the
/// form is signed.
fn older_generation(bundle: &Value, generation: &str) -> Result<Value> {
    let mut older = bundle.clone();
    older["mediaType"] =
        json!(format!("application/vnd.dev.sigstore.bundle+json;version={generation}"));
    let material = older["verificationMaterial"].as_object_mut().context("no material")?;
    let leaf = material.remove("certificate").context("no certificate")?;
    material.insert("x509CertificateChain".to_owned(), json!({ "certificates": [leaf] }));
    Ok(older)
}
