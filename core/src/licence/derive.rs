//! What follows from the terms of a licence for definitions of open.
//!
//! Sources: the Open Source Definition (OSD) by clause; the guidelines of the
//! European Commission on general-purpose models, C(2025) 5045 of 2025-07-18, by
//! paragraph; the G7 ministers' labels of 2026-05-29. A term that was not examined
//! derives nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::{
    Category, Licence, NoneWord, OutputRestriction, Perhaps, Permission, Registration,
    UseRestrictions,
};

/// Why something stands against a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blocker {
    /// The definition's clause or paragraph, and what it is about.
    pub rule: &'static str,
    /// Clause of the licence.
    pub clause: String,
    /// Whether a person has to judge: the rule allows some of it.
    pub needs_judgement: bool,
}

/// How open the terms are, in the words of the G7 labels.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// It is not known which terms apply.
    Undetermined,
    /// Some use is restricted.
    Restricted,
    /// Nothing is restricted; the Open Source Initiative did not approve it.
    OpenTerms,
    /// Approved by the Open Source Initiative.
    OpenSource,
}

impl Tier {
    /// How it is written for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undetermined => "undetermined",
            Self::Restricted => "restricted",
            Self::OpenTerms => "open terms, not OSI-approved",
            Self::OpenSource => "open-source (OSI-approved)",
        }
    }
}

/// Rules of the two definitions, and whether they need judgement.
type Rules = (Option<(&'static str, bool)>, Option<(&'static str, bool)>);

impl Licence {
    /// What stands against the Open Source Definition.
    pub fn osd_blockers(&self) -> Vec<Blocker> {
        self.blockers(|(osd, _)| osd)
    }

    /// What stands against the exemptions of the EU AI Act, Article 53(2).
    pub fn eu_blockers(&self) -> Vec<Blocker> {
        self.blockers(|(_, eu)| eu)
    }

    /// How open the terms are.
    pub fn tier(&self) -> Tier {
        if self.category == Category::Ambiguous {
            Tier::Undetermined
        } else if !self.osd_blockers().is_empty() {
            Tier::Restricted
        } else if self.osi_approved {
            Tier::OpenSource
        } else {
            Tier::OpenTerms
        }
    }

    fn blockers(&self, of: impl Fn(Rules) -> Option<(&'static str, bool)>) -> Vec<Blocker> {
        let rules = self.restrictions();
        let blocker = |(rules, clause): (Rules, &str)| {
            let (rule, needs_judgement) = of(rules)?;
            Some(Blocker { rule, clause: clause.to_owned(), needs_judgement })
        };
        rules.into_iter().filter_map(blocker).collect()
    }

    /// Every restriction, with the rules it touches and the clause it is in.
    fn restrictions(&self) -> Vec<(Rules, &str)> {
        let terms = &self.terms;
        let mut found: Vec<(Rules, &str)> = Vec::new();
        if self.category == Category::Ambiguous {
            found.push(((Some(("unknown text", true)), Some(("unknown text", true))), "-"));
        }
        if let Some(term) = &terms.commercial_use
            && term.value == Permission::Denied
        {
            let rules = (
                Some(("OSD-6 field of endeavour (commercial)", false)),
                Some(("para 83: non-commercial/research only", false)),
            );
            found.push((rules, &term.clause));
        }
        for (term, osd) in [
            (&terms.modification, "OSD-3 derived works"),
            (&terms.redistribution, "OSD-1 free redistribution"),
        ] {
            if let Some(term) = term
                && term.value == Permission::Denied
            {
                let rules =
                    (Some((osd, false)), Some(("para 76-78: modify and redistribute", false)));
                found.push((rules, &term.clause));
            }
        }
        if let Some(term) = &terms.use_restrictions
            && matches!(
                term.value,
                UseRestrictions::Embedded { .. } | UseRestrictions::ByReference { .. }
            )
        {
            let eu = "para 84: only if proportionate safety terms - needs human judgement";
            let rules = (Some(("OSD-6 field of endeavour (use list)", false)), Some((eu, true)));
            found.push((rules, &term.clause));
        }
        if let Some(term) = &terms.user_threshold
            && term.value.has().is_some()
        {
            let rules = (
                Some(("OSD-5/6 user threshold", false)),
                Some(("para 83: user-scale threshold", false)),
            );
            found.push((rules, &term.clause));
        }
        if let Some(term) = &terms.revenue_threshold
            && !term.value.is_none()
        {
            // One that sources do not agree on is one until the text is read.
            let disputed = matches!(term.value, Perhaps::Not(NoneWord::Disputed));
            let eu = "para 83/86: separate commercial licence or payment above a scale";
            let rules = (Some(("OSD-5/6 revenue threshold", disputed)), Some((eu, disputed)));
            found.push((rules, &term.clause));
        }
        self.more_restrictions(&mut found);
        found
    }

    /// Those of place, outputs, names, hosting and access.
    fn more_restrictions<'a>(&'a self, found: &mut Vec<(Rules, &'a str)>) {
        let terms = &self.terms;
        if let Some(term) = &terms.geo_restriction
            && term.value.has().is_some()
        {
            let rules = (
                Some(("OSD-5 geography", false)),
                Some(("para 78: access not free for all", false)),
            );
            found.push((rules, &term.clause));
        }
        if let Some(term) = &terms.output_restriction
            && matches!(term.value, OutputRestriction::NoTraining | OutputRestriction::ResearchOnly)
        {
            let eu = "para 80: usage restriction beyond attribution/share-alike";
            found.push(((Some(("OSD-6 output use", false)), Some((eu, false))), &term.clause));
        }
        if let Some(term) = &terms.derivative_name_prefix
            && term.value.has().is_some()
        {
            let osd = "OSD-3/4 review: naming duty on models trained from outputs";
            found.push(((Some((osd, true)), None), &term.clause));
        }
        if let Some(term) = &terms.hosted_service
            && term.value != Permission::Allowed
        {
            let rules = (
                Some(("OSD-6 hosting", false)),
                Some(("para 83: separate commercial licence", false)),
            );
            found.push((rules, &term.clause));
        }
        if let Some(term) = &terms.registration
            && matches!(term.value, Registration::Gated | Registration::Required)
        {
            let eu = "para 79/87: access gate - attest what personal data it takes and why";
            found.push(((None, Some((eu, true))), &term.clause));
        }
    }
}
