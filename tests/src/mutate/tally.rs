//! Counts of a campaign, and its table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What came of the mutations of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// How many were made.
    pub made: u64,
    /// How many were refused, by the code of the first error.
    pub refused: BTreeMap<String, u64>,
    /// How many were accepted and proved neutral, by the reason.
    pub neutral: BTreeMap<String, u64>,
}

/// Rows by the kind of mutation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The rows.
    pub rows: BTreeMap<String, Row>,
}

impl Tally {
    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (kind, row) in &other.rows {
            let sum = self.rows.entry(kind.clone()).or_default();
            sum.made += row.made;
            for (code, count) in &row.refused {
                *sum.refused.entry(code.clone()).or_default() += count;
            }
            for (reason, count) in &row.neutral {
                *sum.neutral.entry(reason.clone()).or_default() += count;
            }
        }
    }

    /// How many were made, refused and neutral.
    pub fn totals(&self) -> (u64, u64, u64) {
        self.rows.values().fold((0, 0, 0), |(made, refused, neutral), row| {
            let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
            (made + row.made, refused + sum(&row.refused), neutral + sum(&row.neutral))
        })
    }

    /// The table in Markdown: a row for each kind, then the codes and the reasons in all.
    pub fn table(&self) -> String {
        let listed = |counts: &BTreeMap<String, u64>| {
            let mut counts: Vec<_> = counts.iter().collect();
            counts.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
            let shown: Vec<String> =
                counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            if shown.is_empty() { "\u{2013}".to_owned() } else { shown.join(", ") }
        };
        let mut out = String::from(
            "| kind of mutation | made | refused | by code | neutral | by reason |\n|---|--:|--:|---|--:|---|\n",
        );
        for (kind, row) in &self.rows {
            let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
            let _ = writeln!(
                out,
                "| {kind} | {} | {} | {} | {} | {} |",
                row.made,
                sum(&row.refused),
                listed(&row.refused),
                sum(&row.neutral),
                listed(&row.neutral),
            );
        }
        let (made, refused, neutral) = self.totals();
        let _ = writeln!(out, "| all | {made} | {refused} | | {neutral} | |");
        out
    }
}
