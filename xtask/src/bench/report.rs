//! What it costs to report on a release, and to tell which licence a text is.

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use anyhow::Result;
use pkg_core::licence::text::{Concluded, conclude, listed_text};

use super::{Bench, judged};

/// Components of the large release.
const COMPONENTS: usize = 1000;
/// Texts of different lengths, and one with a clause more.
const TEXTS: [&str; 6] =
    ["MIT", "Apache-2.0", "CC-BY-4.0", "GPL-3.0-only", "MPL-2.0", "OpenMDW-1.0"];

/// Rows about reports.
pub fn table(bench: &Bench) -> Result<String> {
    let mut text = String::from("\n| measure | target | measured | |\n|---|---|---|---|\n");
    let mut spec = String::from("[release]\nname = \"many\"\nversion = \"1\"\n");
    for index in 0..COMPONENTS {
        let kind = if index == 0 { "model-parameters-final" } else { "training-code" };
        let licence =
            ["Apache-2.0", "MIT OR Apache-2.0", "LicenseRef-scancode-gemma-tou-2024-04-01"];
        let _ = write!(
            spec,
            "\n[[component]]\nkind = \"{kind}\"\nurl = \"https://example.org/{index}\"\nlicence = \"{}\"\n",
            licence[index % licence.len()]
        );
    }
    let folder = bench.root.join("many");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("pkg.toml"), spec)?;
    let cpu = bench.pkg(&["report", "many/pkg.toml"])?.cpu;
    text.push_str(&judged("report of 1,000 components, CPU s", 0.2, cpu, true));
    let page = bench.root.join("many.html");
    bench.pkg(&["report", "many/pkg.toml", "--format", "html", "-o", "many.html"])?;
    let size = fs::metadata(&page)?.len() as f64 / 1024.0;
    text.push_str(&judged("its HTML, KiB", 300.0, size, true));
    // The first text also reads the index.
    let mut slowest: f64 = 0.0;
    for id in TEXTS {
        let Some(listed) = listed_text(id) else { continue };
        let changed = format!("{listed}\nNo company with a revenue above a million may use it.\n");
        for one in [listed, &changed] {
            let start = Instant::now();
            let concluded = conclude(one);
            slowest = slowest.max(start.elapsed().as_secs_f64() * 1000.0);
            anyhow::ensure!(!matches!(concluded, Concluded::Unknown { .. }), "{id}");
        }
    }
    text.push_str(&judged("licence of a text, slowest of 12, ms", 20.0, slowest, true));
    Ok(text)
}
