//! The Model Openness Framework: classes of models by which components are there
//! under open terms.
//!
//! Sources: the framework (arXiv:2403.13784) and the rules of the Model Openness Tool
//! (`lfai/model_openness_tool` of 2026-05-11), which evaluates it. Classes are
//! cumulative; III is the lowest.

mod file;
mod mot;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::kind::{Group, Kind};

pub use file::{Component, Description, MAX_FILE, Terms, read, write};
pub use mot::{Licences, Mot, Own};

/// What of a component counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There, under open terms.
    Included,
    /// There, under terms that are not open.
    NotOpen,
    /// There, under terms that are not known.
    Unknown,
    /// There, without terms.
    Unlicensed,
    /// Not there.
    Missing,
}

/// The class in which a component is asked for, and whether it must be there.
pub const fn place(kind: Kind) -> (u8, bool) {
    match kind {
        Kind::ModelArchitecture
        | Kind::ModelParametersFinal
        | Kind::TechnicalReport
        | Kind::EvaluationResults
        | Kind::ModelCard
        | Kind::DataCard => (3, true),
        Kind::SampleModelOutputs => (3, false),
        Kind::TrainingCode | Kind::InferenceCode | Kind::EvaluationCode | Kind::EvaluationData => {
            (2, true)
        }
        Kind::SupportingLibrariesAndTools => (2, false),
        Kind::Datasets
        | Kind::DataPreprocessingCode
        | Kind::ResearchPaper
        | Kind::ModelParametersIntermediate => (1, true),
        Kind::ModelMetadata => (1, false),
    }
}

/// The type of a component, as the framework groups them.
pub const fn type_of(kind: Kind) -> &'static str {
    match kind.group() {
        Group::Code => "code",
        Group::Docs => "document",
        Group::Weights | Group::Config | Group::Data => "data",
    }
}

/// Components that a class asks for, itself and those below it.
fn required(class: u8) -> impl Iterator<Item = Kind> {
    let asked = move |kind: &Kind| {
        let (of, required) = place(*kind);
        required && of >= class
    };
    Kind::ALL.iter().copied().filter(asked)
}

/// Name of a class.
pub const fn label(class: u8) -> &'static str {
    match class {
        1 => "Class I - Open Science Model",
        2 => "Class II - Open Tooling Model",
        3 => "Class III - Open Model",
        _ => "Unclassified",
    }
}

/// A component and what counts of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rated {
    /// Number in the framework's tool.
    pub id: u8,
    /// Its kind.
    pub kind: Kind,
    /// The lowest class that asks for it.
    pub class: u8,
    /// Whether that class needs it.
    pub required: bool,
    /// Its terms, as declared.
    pub licence: Option<String>,
    /// What counts.
    pub state: State,
}

/// How far a release is, by the framework.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Rating {
    /// The class that is met: 1 to 3; 0 when none is.
    pub class: u8,
    /// Its name.
    pub label: &'static str,
    /// How much of each class is there, in per cent. A class counts from where the
    /// one below it is complete.
    pub progress: BTreeMap<String, f64>,
    /// Components under open terms that were not written for such a thing.
    pub not_type_appropriate: Vec<u8>,
    /// What each class lacks.
    pub lacking: BTreeMap<String, Vec<Kind>>,
    /// The components.
    pub components: Vec<Rated>,
}

impl Rating {
    /// The next class, and the least that is needed for it.
    pub fn next(&self) -> Option<(u8, &[Kind])> {
        let next = match self.class {
            0 => 3,
            1 => return None,
            class => class - 1,
        };
        self.lacking.get(&next.to_string()).map(|kinds| (next, kinds.as_slice()))
    }
}

/// Rates what is there. `licences` says which terms are open.
pub fn rate(description: &Description, licences: &impl Licences) -> Rating {
    let mut components: Vec<Rated> = Vec::new();
    let mut not_type_appropriate = Vec::new();
    for kind in Kind::ALL {
        let (class, required) = place(*kind);
        // The last of two with one name counts, as it does in the tool.
        let found = description.components.iter().rev().find(|component| component.kind == *kind);
        let licence = found.and_then(|component| description.licence_of(component));
        let state = match (found, &licence) {
            (None, _) => State::Missing,
            (Some(_), None) => State::Unlicensed,
            (Some(_), Some(name)) => licences.state(name),
        };
        if let (State::Included, Some(name)) = (state, &licence)
            && !licences.fits(name, *kind)
        {
            not_type_appropriate.push(kind.mot_id());
        }
        let id = kind.mot_id();
        components.push(Rated { id, kind: *kind, class, required, licence, state });
    }
    not_type_appropriate.sort_unstable();
    let states = States(&components);
    let progress: BTreeMap<u8, f64> =
        [1, 2, 3].into_iter().map(|class| (class, states.progress(class))).collect();
    let class = (1..=3).find(|class| progress[class] >= 100.0).unwrap_or(0);
    let text = |class: u8| class.to_string();
    Rating {
        class,
        label: label(class),
        progress: progress.iter().map(|(class, part)| (text(*class), *part)).collect(),
        not_type_appropriate,
        lacking: [1, 2, 3].into_iter().map(|class| (text(class), states.lacking(class))).collect(),
        components,
    }
}

struct States<'a>(&'a [Rated]);

impl States<'_> {
    fn state(&self, kind: Kind) -> State {
        self.0.iter().find(|rated| rated.kind == kind).map_or(State::Missing, |rated| rated.state)
    }

    /// Whether the paper takes the place of the technical report.
    fn paper_for_report(&self) -> bool {
        self.state(Kind::TechnicalReport) != State::Included
            && self.state(Kind::ResearchPaper) != State::Missing
    }

    /// Required components of a class that are not there under open terms.
    fn lacking(&self, class: u8) -> Vec<Kind> {
        let paper = self.paper_for_report();
        let stand_in = |kind| match kind {
            Kind::TechnicalReport if paper => Kind::ResearchPaper,
            other => other,
        };
        let mut kinds: Vec<Kind> = Vec::new();
        for kind in required(class).map(stand_in) {
            if self.state(kind) != State::Included && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }

    /// Per cent of a class: 0 until the classes below it are complete.
    fn progress(&self, class: u8) -> f64 {
        let mut part = 0.0;
        for level in (class..=3).rev() {
            let mut total = required(level).count();
            if level == 1
                && self.paper_for_report()
                && self.state(Kind::ResearchPaper) == State::Included
            {
                // The paper was counted for the report already.
                total -= 1;
            }
            let included = total.saturating_sub(self.lacking(level).len());
            let number = |count: usize| f64::from(u8::try_from(count).unwrap_or(u8::MAX));
            part = number(included) / number(total) * 100.0;
            if included < total {
                return if level == class { part } else { 0.0 };
            }
        }
        part
    }
}

#[cfg(test)]
mod tests;
