//! Licences of the SPDX list that have no record: what follows from their approval.
//!
//! The Open Source Initiative approves a licence only if it keeps the Open Source
//! Definition, and the Free Software Foundation calls one free only if it gives the
//! four freedoms, so the permissions and the absence of restrictions follow. Terms
//! of Creative Commons licences are in their names. Everything else stays open.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::record::{
    Category, Confidence, Cover, Coverage, Covers, Duty, Licence, NoneWord, OutputRestriction,
    Perhaps, Permission, Reading, Registration, ShareAlike, Term, Terms, UseRestrictions,
};

static LISTED: LazyLock<HashMap<&'static str, Licence>> = LazyLock::new(|| {
    let listed = spdx::identifiers::LICENSES.iter().filter_map(|it| spdx::license_id(it.name));
    listed.filter_map(|id| Some((id.name, derive(id)?))).collect()
});

/// The licence with this id: its record, or what follows from its approval. An
/// exception behind `WITH` adds permissions only, and is not looked at.
pub fn lookup(id: &str) -> Option<&'static Licence> {
    let id = id.split(" WITH ").next().unwrap_or(id).trim_end_matches('+');
    super::find(id).or_else(|| LISTED.get(id))
}

fn term<T>(value: T, clause: &str) -> Term<T> {
    Term { value, clause: clause.to_owned(), words: None, note: None }
}

/// A term that a licence is known not to have.
fn absent<T>() -> Term<Perhaps<T>> {
    term(Perhaps::Not(NoneWord::None), "-")
}

fn derive(id: spdx::LicenseId) -> Option<Licence> {
    let free = id.is_osi_approved() || id.is_fsf_free_libre();
    let parts: Vec<&str> = id.name.split('-').collect();
    let creative = id.name.starts_with("CC-BY-");
    if !free && !creative {
        return None;
    }
    let has = |part: &str| creative && parts.contains(&part);
    let clause = if creative { "2(a)" } else { "-" };
    let permission = |denied: bool| if denied { Permission::Denied } else { Permission::Allowed };
    let share_alike =
        if id.is_copyleft() || has("SA") { ShareAlike::SameLicence } else { ShareAlike::None };
    let terms = Terms {
        commercial_use: Some(term(permission(has("NC")), clause)),
        modification: Some(term(permission(has("ND")), clause)),
        redistribution: Some(term(Permission::Allowed, clause)),
        user_threshold: Some(absent()),
        revenue_threshold: Some(absent()),
        use_restrictions: Some(term(UseRestrictions::None, "-")),
        output_restriction: Some(term(OutputRestriction::None, "-")),
        attribution: Some(term(vec![Duty::LicenceCopy, Duty::RetainNotices], "-")),
        share_alike: Some(term(share_alike, "-")),
        registration: Some(term(Registration::None, "-")),
        geo_restriction: Some(absent()),
        ..Terms::default()
    };
    let cover = |answer| Some(Cover { answer, words: None });
    let covers = if creative {
        Covers {
            weights: cover(Coverage::Limited),
            code: cover(Coverage::No),
            data: cover(Coverage::Yes),
            docs: cover(Coverage::Yes),
        }
    } else {
        Covers {
            weights: cover(Coverage::Limited),
            code: cover(Coverage::Yes),
            data: cover(Coverage::Limited),
            docs: cover(Coverage::Limited),
        }
    };
    Some(Licence {
        id: id.name.to_owned(),
        name: id.full_name.to_owned(),
        category: match (has("NC"), share_alike) {
            (true, _) => Category::Noncommercial,
            (_, ShareAlike::SameLicence) => Category::CopyleftContent,
            _ => Category::Permissive,
        },
        effective: None,
        aliases: Vec::new(),
        used_by: Vec::new(),
        osi_approved: id.is_osi_approved(),
        fsf_libre: id.is_fsf_free_libre(),
        confidence: Confidence::Medium,
        read: Reading::WellKnown,
        source: format!("approval in the SPDX licence list {}", spdx::license_version()),
        note: None,
        notice: None,
        covers,
        terms,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Permission, ShareAlike, Tier};
    use super::lookup;

    #[test]
    fn approval_says_what_it_says_and_no_more() {
        let tier = |id: &str| lookup(id).map(super::Licence::tier);
        assert_eq!(tier("ISC"), Some(Tier::OpenSource));
        assert_eq!(tier("GPL-3.0-or-later"), Some(Tier::OpenSource));
        assert_eq!(tier("GPL-2.0-only WITH Classpath-exception-2.0"), Some(Tier::OpenSource));
        assert_eq!(tier("WTFPL"), Some(Tier::OpenTerms));
        assert_eq!(tier("CC-BY-NC-ND-4.0"), Some(Tier::Restricted));
        assert_eq!(tier("LicenseRef-nobody-knows"), None);
        assert_eq!(tier("BUSL-1.1"), None);
        let terms = |id: &str| &lookup(id).unwrap().terms;
        let nd = terms("CC-BY-ND-4.0").modification.as_ref().unwrap();
        assert_eq!(nd.value, Permission::Denied);
        let gpl = terms("AGPL-3.0-only").share_alike.as_ref().unwrap();
        assert_eq!(gpl.value, ShareAlike::SameLicence);
        // A record goes before what is derived.
        assert!(lookup("MIT").unwrap().terms.patent_grant.is_some());
    }
}
