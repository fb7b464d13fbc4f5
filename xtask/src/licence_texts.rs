//! Fingerprints of licence texts: those of the SPDX list from the `spdx` crate, those
//! that may not be shipped from the wheel of `ScanCode`, which is fetched for it.

use std::fs::{self, File};
use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};
use pkg_core::licence;

use crate::{models, run};

const PACKAGE: &str = "scancode-toolkit-mini";
const VERSION: &str = "32.5.0";
/// SHA-256 of the wheel.
const WHEEL: &str = "7ae5e7b46b8cdbab78afb50380ffc1239d296e81e154314a8c3382e678c664cf";

/// Writes both files.
pub fn write() -> Result<()> {
    let data = run::root().join("core/data");
    fs::write(data.join("licence-sketches.bin"), licence::text::sketches())?;
    let wheels = run::root().join("target/licence-texts");
    fs::create_dir_all(&wheels)?;
    let wheel = models::fetch_wheel(&wheels, PACKAGE, VERSION, WHEEL)?;
    let mut archive = zip::ZipArchive::new(File::open(&wheel)?)?;
    let mut lists = Vec::new();
    for licence in licence::all() {
        let Some(key) = licence.id.strip_prefix("LicenseRef-scancode-") else { continue };
        let name = format!("licensedcode/data/licenses/{}.LICENSE", key.to_lowercase());
        let Ok(mut entry) = archive.by_name(&name) else {
            println!("{}: the wheel has no text", licence.id);
            continue;
        };
        let mut text = String::new();
        entry.read_to_string(&mut text).with_context(|| name.clone())?;
        let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let (_, body) = body.with_context(|| format!("{name} has no front matter"))?;
        let hashes = licence::text::fingerprint(body);
        ensure!(hashes.len() > 100, "{name} is too short");
        println!("{}: {} shingles", licence.id, hashes.len());
        lists.push((licence.id.clone(), hashes));
    }
    fs::write(data.join("licence-fingerprints.bin"), licence::text::write_lists(&lists))?;
    Ok(())
}
