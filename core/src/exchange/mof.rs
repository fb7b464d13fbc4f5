//! Descriptions in the YAML of the Model Openness Framework.

use std::collections::BTreeMap;

use crate::openness::mof::{Component, Description, Terms, write};
use crate::openness::report::Report;

/// Writes what is there, with its terms, as the framework's tool reads it.
pub fn mof(report: &Report) -> String {
    let there = report.components.iter().filter(|row| row.evidence.is_some());
    let components = there.map(|row| Component {
        kind: row.kind,
        terms: match &row.terms.expression {
            Some(expression) => Terms::Named(expression.clone()),
            None => Terms::None,
        },
    });
    write(&Description {
        name: report.name.clone(),
        version: report.version.clone(),
        producer: report.producer.clone(),
        licences: BTreeMap::new(),
        components: components.collect(),
    })
}
