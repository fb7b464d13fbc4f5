//! What may be accepted, and why. `docs/neutral-mutations.md` has a section for each name, and
//! a test holds the two against each other.

use serde_json::Value;

use super::material::Role;

/// Names of all reasons, the gravest first.
pub const REASONS: &[&str] = &[
    "signature-withheld",
    "evidence-withheld",
    "withheld-part",
    "file-beside",
    "renamed",
    "index-field",
    "address",
    "archive-form",
    "json-form",
    "mode",
];

/// Where a change is.
#[derive(Debug)]
pub struct Context<'a> {
    /// What the file is.
    pub role: Role,
    /// Its path.
    pub path: &'a str,
    /// Whether what it signs still counts, where it is a signature.
    pub verified: bool,
    /// Whether less is verified than before.
    pub withheld: bool,
}

/// A field that differs.
#[derive(Debug)]
pub struct Change<'a> {
    /// Its place.
    pub pointer: &'a str,
    /// What it was; none when it was not there.
    pub before: Option<&'a Value>,
    /// What it is; none when it is gone.
    pub after: Option<&'a Value>,
    /// The document before.
    pub document: &'a Value,
}

/// Position of a reason in the list.
pub fn rank(reason: &str) -> usize {
    REASONS.iter().position(|one| *one == reason).unwrap_or(REASONS.len())
}

/// Why a file may be gone.
pub fn gone(case: &Context<'_>) -> Option<&'static str> {
    let _ = case;
    None
}

/// Why a file may be there that was not.
pub fn added(case: &Context<'_>) -> Option<&'static str> {
    let _ = case;
    None
}

/// Why bytes of a file that is no JSON may differ.
pub fn bytes(case: &Context<'_>) -> Option<&'static str> {
    let _ = case;
    None
}

/// Why a link may be in place of a file.
pub fn link(role: Role, to: &str) -> Option<&'static str> {
    let _ = (role, to);
    None
}

/// Why a field may differ.
pub fn field(case: &Context<'_>, change: &Change<'_>) -> Option<&'static str> {
    let _ = (case, change);
    None
}
