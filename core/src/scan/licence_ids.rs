//! Licence ids of the Hugging Face hub, and what they say as SPDX expressions.
//!
//! Hub ids look like SPDX ids in lower case, but some stand for a family, leave
//! "or later" open, or name a text that SPDX does not list. For the latter the
//! `LicenseRef-scancode-` names are used where `ScanCode` has one, because other
//! scanners write the same.

/// What a hub id says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubId {
    /// Exactly this expression.
    Is(&'static str),
    /// Not enough to name one licence; the question to be answered.
    Undecided(&'static str),
}

const OR_LATER: &str =
    "the id leaves open whether later versions apply: write `-only` or `-or-later`";
const FAMILY: &str = "the id names a family of licences: which one is it?";
const DATED: &str = "several dated texts have this name: which one was accepted?";
const OTHER: &str = "the card says only that it is another licence: what is its text?";

/// Looks a hub id up; letter case does not matter.
pub fn lookup(id: &str) -> Option<HubId> {
    let id = id.trim().to_ascii_lowercase();
    if let Some((_, expression)) = EXACT.iter().find(|(hub, _)| *hub == id) {
        return Some(HubId::Is(expression));
    }
    UNDECIDED.iter().find(|(hub, _)| *hub == id).map(|(_, question)| HubId::Undecided(question))
}

const EXACT: &[(&str, &str)] = &[
    ("afl-3.0", "AFL-3.0"),
    ("apache-2.0", "Apache-2.0"),
    ("apple-amlr", "LicenseRef-HF-apple-amlr"),
    ("apple-ascl", "LicenseRef-HF-apple-ascl"),
    ("artistic-2.0", "Artistic-2.0"),
    ("bigcode-openrail-m", "LicenseRef-scancode-bigcode-open-rail-m-v1"),
    ("bigscience-bloom-rail-1.0", "LicenseRef-scancode-bigscience-rail-1.0"),
    ("bigscience-openrail-m", "LicenseRef-scancode-bigscience-open-rail-m"),
    ("bsd-2-clause", "BSD-2-Clause"),
    ("bsd-3-clause", "BSD-3-Clause"),
    ("bsd-3-clause-clear", "BSD-3-Clause-Clear"),
    ("bsl-1.0", "BSL-1.0"),
    ("c-uda", "C-UDA-1.0"),
    ("cc-by-2.0", "CC-BY-2.0"),
    ("cc-by-2.5", "CC-BY-2.5"),
    ("cc-by-3.0", "CC-BY-3.0"),
    ("cc-by-4.0", "CC-BY-4.0"),
    ("cc-by-nc-2.0", "CC-BY-NC-2.0"),
    ("cc-by-nc-3.0", "CC-BY-NC-3.0"),
    ("cc-by-nc-4.0", "CC-BY-NC-4.0"),
    ("cc-by-nc-nd-3.0", "CC-BY-NC-ND-3.0"),
    ("cc-by-nc-nd-4.0", "CC-BY-NC-ND-4.0"),
    ("cc-by-nc-sa-2.0", "CC-BY-NC-SA-2.0"),
    ("cc-by-nc-sa-3.0", "CC-BY-NC-SA-3.0"),
    ("cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0"),
    ("cc-by-nd-4.0", "CC-BY-ND-4.0"),
    ("cc-by-sa-3.0", "CC-BY-SA-3.0"),
    ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
    ("cc0-1.0", "CC0-1.0"),
    ("cdla-permissive-1.0", "CDLA-Permissive-1.0"),
    ("cdla-permissive-2.0", "CDLA-Permissive-2.0"),
    ("cdla-sharing-1.0", "CDLA-Sharing-1.0"),
    ("creativeml-openrail-m", "LicenseRef-scancode-stable-diffusion-2022-08-22"),
    ("deepfloyd-if-license", "LicenseRef-HF-deepfloyd-if-license"),
    ("ecl-2.0", "ECL-2.0"),
    ("epl-1.0", "EPL-1.0"),
    ("epl-2.0", "EPL-2.0"),
    ("etalab-2.0", "etalab-2.0"),
    ("eupl-1.1", "EUPL-1.1"),
    ("eupl-1.2", "EUPL-1.2"),
    ("fair-noncommercial-research-license", "LicenseRef-HF-fair-noncommercial-research-license"),
    ("grok2-community", "LicenseRef-Grok-2-Community"),
    ("h-research", "LicenseRef-HF-h-research"),
    ("intel-research", "LicenseRef-HF-intel-research"),
    ("isc", "ISC"),
    ("lgpl-lr", "LGPLLR"),
    ("llama2", "LicenseRef-scancode-llama-2-license-2023"),
    ("llama3", "LicenseRef-Llama-3-Community"),
    ("llama3.1", "LicenseRef-scancode-llama-3.1-license-2024"),
    ("llama3.2", "LicenseRef-scancode-llama-3.2-license-2024"),
    ("llama3.3", "LicenseRef-scancode-llama-3.3-license-2024"),
    ("llama4", "LicenseRef-scancode-llama-4-cla-2025"),
    ("lppl-1.3c", "LPPL-1.3c"),
    ("mit", "MIT"),
    ("mpl-2.0", "MPL-2.0"),
    ("ms-pl", "MS-PL"),
    ("ncsa", "NCSA"),
    ("odbl", "ODbL-1.0"),
    ("odc-by", "ODC-By-1.0"),
    ("ofl-1.1", "OFL-1.1"),
    ("openmdw-1.0", "OpenMDW-1.0"),
    ("openmdw-1.1", "LicenseRef-OpenMDW-1.1"),
    ("openrail++", "LicenseRef-scancode-bigscience-open-rail-m2"),
    ("osl-3.0", "OSL-3.0"),
    ("pddl", "PDDL-1.0"),
    ("postgresql", "PostgreSQL"),
    ("unlicense", "Unlicense"),
    ("wtfpl", "WTFPL"),
    ("zlib", "Zlib"),
];

const UNDECIDED: &[(&str, &str)] = &[
    ("agpl-3.0", OR_LATER),
    ("bsd", FAMILY),
    ("cc", FAMILY),
    ("gemma", DATED),
    ("gfdl", FAMILY),
    ("gpl", FAMILY),
    ("gpl-2.0", OR_LATER),
    ("gpl-3.0", OR_LATER),
    ("lgpl", FAMILY),
    ("lgpl-2.1", OR_LATER),
    ("lgpl-3.0", OR_LATER),
    ("openrail", FAMILY),
    ("other", OTHER),
    ("unknown", OTHER),
];

#[cfg(test)]
mod tests {
    use super::{EXACT, HubId, UNDECIDED, lookup};

    #[test]
    fn every_expression_is_valid_spdx_and_every_id_is_listed_once() {
        for (hub, expression) in EXACT {
            assert!(spdx::Expression::parse(expression).is_ok(), "{hub} -> {expression}");
            assert!(UNDECIDED.iter().all(|(other, _)| other != hub), "{hub}");
        }
        assert!(EXACT.is_sorted_by(|a, b| a.0 < b.0) && UNDECIDED.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn families_and_open_versions_stay_undecided() {
        assert_eq!(lookup("Apache-2.0"), Some(HubId::Is("Apache-2.0")));
        for id in ["gpl-3.0", "other", "unknown", "openrail", "gemma"] {
            assert!(matches!(lookup(id), Some(HubId::Undecided(_))), "{id}");
        }
        assert_eq!(lookup("no-such-licence"), None);
    }
}
