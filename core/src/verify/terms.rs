//! What the terms of a verified release mean.

use std::path::Path;

use crate::bundle::Loaded;
use crate::finding::Result;
use crate::model::release::Evidence;
use crate::openness::adopter::Adopter;
use crate::openness::report::{self, Report};
use crate::report::{answer_findings, packed};
use crate::signatures::Signatures;

use super::ComponentReport;

/// Reports on a release whose components were checked.
pub(super) fn report(
    loaded: &Loaded,
    signatures: &Signatures,
    components: &[ComponentReport],
    adopter: Option<&Adopter>,
    target: &Path,
) -> Result<Report> {
    let (mut subject, found) = packed::subject(loaded, signatures)?;
    for (part, checked) in subject.parts.iter_mut().zip(components) {
        // A result of a test stands above what was read just now.
        if part.evidence != Some(Evidence::Tested) {
            part.evidence = checked.evidence;
        }
    }
    let mut report = report::report(&subject, adopter, found);
    report.findings.extend(answer_findings(&report, target));
    Ok(report)
}
