//! The report in the formats of others: bills of materials, verification summaries,
//! and descriptions for the Model Openness Tool.

mod cyclonedx;
mod mof;
mod spdx3;
mod svr;

pub use cyclonedx::cyclonedx;
pub use mof::mof;
pub use spdx3::spdx3;
pub use svr::svr;

use serde_json::Value;

use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::openness::report::{Report, Row};

/// A document as text.
fn text(document: &Value) -> Result<String> {
    let text = serde_json::to_string_pretty(document).map_err(|error| {
        Problem::new(Code::Internal, "report").detail(error.to_string()).source(error)
    })?;
    Ok(format!("{text}\n"))
}

/// A digest without its algorithm.
fn hex(digest: Digest) -> String {
    digest.to_string().trim_start_matches("sha256:").to_owned()
}

/// A name for the release that is the same each time: its digest, or that of what is
/// said of it.
fn identity(report: &Report) -> Digest {
    report.digest.unwrap_or_else(|| {
        let parts: Vec<String> = report
            .components
            .iter()
            .map(|row| format!("{} {}", row.kind, row.terms.shown))
            .collect();
        Digest::of(format!("{}\n{}\n{}", report.name, report.version, parts.join("\n")).as_bytes())
    })
}

/// A UUID made from a digest (RFC 9562, version 8).
fn uuid(digest: Digest) -> String {
    let mut bytes: Vec<u8> = digest.as_bytes().iter().copied().take(16).collect();
    if let [_, _, _, _, _, _, version, _, variant, ..] = bytes.as_mut_slice() {
        *version = (*version & 0x0f) | 0x80;
        *variant = (*variant & 0x3f) | 0x80;
    }
    let hex = crate::model::digest::hex_of(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The expression concluded from a bound text, where it is one.
fn concluded(row: &Row) -> Option<String> {
    use crate::licence::text::Concluded;
    match &row.concluded {
        Some(Concluded::Licence { ids }) => {
            let declared = row.terms.expression.clone();
            declared.or_else(|| ids.first().cloned())
        }
        Some(Concluded::Modified { of, .. }) => {
            Some(format!("LicenseRef-modified-{}", of.first().map_or("unknown", String::as_str)))
        }
        Some(Concluded::Unknown { .. }) | None => None,
    }
}

#[cfg(test)]
mod tests;
