//! Unpacking a bundle: nothing is written unless its documents agree.

use std::path::Path;

use crate::bundle::{self, UnpackOutcome, UnpackRequest};
use crate::finding::{Finding, Result, Severity};
use crate::hash::Meter;
use crate::trust::judge::Judge;
use crate::{signatures, verify};

/// Unpacks the bundle at `path`; gives no outcome when the findings hold an
/// error, and has written nothing then.
///
/// Every byte is checked against the release. Who signed it is for `verify`,
/// which has keys: here no signature may contradict the release or itself.
pub fn unpack(
    path: &Path,
    request: &UnpackRequest,
    meter: &Meter,
) -> Result<(Option<UnpackOutcome>, Vec<Finding>)> {
    let loaded = bundle::load(path)?;
    verify::check_selection(&loaded, &request.only, path)?;
    let present = signatures::check(&loaded, &Judge::default());
    let mut findings = loaded.findings.clone();
    findings.extend(present.findings.iter().cloned());
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Ok((None, findings));
    }
    let outcome = bundle::unpack(&loaded, request, present.model_signature(), meter)?;
    Ok((Some(outcome), findings))
}
