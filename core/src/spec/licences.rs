//! Licence expressions as people write them.

use spdx::error::Reason;

use crate::scan::licence_ids::{HubId, lookup};
use crate::tables::MAX_MEANT;

/// Checks an expression. The error is what is wrong, and what to write.
pub(super) fn check(expression: &str) -> Result<(), (String, Option<String>)> {
    match spdx::Expression::parse(expression) {
        Ok(_) => Ok(()),
        Err(error) => {
            let part = expression.get(error.span.clone()).unwrap_or_default();
            let message = match error.reason {
                Reason::UnknownTerm | Reason::UnknownLicense if !part.is_empty() => {
                    format!("`{part}` in `{expression}` is no id of the SPDX licence list")
                }
                reason => format!("`{expression}`: {reason}"),
            };
            Err((message, suggestion(expression, part)))
        }
    }
}

fn suggestion(expression: &str, part: &str) -> Option<String> {
    for text in [expression, part] {
        match lookup(text) {
            Some(HubId::Is(id)) => return Some(format!("Write `{id}`.")),
            Some(HubId::Undecided(question)) => {
                return Some(format!("`{text}` is not enough: {question}."));
            }
            None => {}
        }
    }
    let part = if part.is_empty() { expression } else { part };
    let same = |id: &&str| id.eq_ignore_ascii_case(part);
    let ids = || spdx::identifiers::LICENSES.iter().map(|licence| licence.name);
    if let Some(id) = ids().find(same) {
        return Some(format!("Write `{id}`: letter case matters."));
    }
    if part.len() > MAX_MEANT {
        return None;
    }
    if let Some((id, _)) = spdx::imprecise_license_id(expression) {
        return Some(format!("Write `{}`, if that is the one.", id.name));
    }
    let score =
        |id: &str| strsim::normalized_damerau_levenshtein(&part.to_lowercase(), &id.to_lowercase());
    let best = ids().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) >= 0.6).then(|| format!("Did you mean `{best}`?"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn expressions_are_checked_and_remedies_are_offered() {
        for good in [
            "MIT",
            "Apache-2.0 OR MIT",
            "GPL-3.0-or-later WITH Classpath-exception-2.0",
            "LicenseRef-Anything.at-all",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, expected) in [
            ("apache-2.0", "`Apache-2.0`"),
            ("llama3.1", "LicenseRef-scancode-llama-3.1-license-2024"),
            ("other", "what is its text?"),
            ("mit OR Apache-2.0", "`MIT`"),
            ("0bsd", "`0BSD`"),
            ("Apache License 2.0", "Apache-2.0"),
            ("Apache-20", "Apache-2.0"),
        ] {
            let (_, hint) = check(bad).unwrap_err();
            assert!(hint.as_deref().unwrap_or_default().contains(expected), "{bad}: {hint:?}");
        }
        // Not compared with the 700 of the list, which would need gigabytes.
        assert_eq!(check(&"x".repeat(1 << 20)).unwrap_err().1, None);
        for bad in ["", "MIT AND", "(MIT", "my own terms, see file"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
