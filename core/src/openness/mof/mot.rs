//! Which terms count as open: by the Model Openness Tool's tables, or by ours.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{State, type_of};
use crate::licence::{self, Coverage, Licence, Tier};
use crate::model::kind::{Group, Kind};
use crate::openness::terms;

/// Says what the name of a licence is worth.
pub trait Licences {
    /// Whether something under it counts.
    fn state(&self, name: &str) -> State;

    /// Whether it was written for such a component.
    fn fits(&self, name: &str, kind: Kind) -> bool;
}

/// Id, whether it is open, and the types it was written for.
type Table = HashMap<&'static str, (bool, Vec<&'static str>)>;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let lines = include_str!("../../../data/mot-licences.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (id, open, types) = (columns.next()?, columns.next()?, columns.next()?);
            let types = types.split(',').filter(|name| !name.is_empty()).collect();
            Some((id, (open == "open", types)))
        })
        .collect()
});

/// As the Model Openness Tool answers, with its quirks: ids fit by letter, and what
/// is not in its table is not open.
#[derive(Debug, Clone, Copy)]
pub struct Mot;

impl Licences for Mot {
    fn state(&self, name: &str) -> State {
        match TABLE.get(name) {
            Some((true, _)) => State::Included,
            _ => State::NotOpen,
        }
    }

    fn fits(&self, name: &str, kind: Kind) -> bool {
        TABLE.get(name).is_some_and(|(_, types)| types.contains(&type_of(kind)))
    }
}

/// By what is known of licences: other names count, and what is not known is not
/// called closed.
#[derive(Debug, Clone, Copy)]
pub struct Own;

impl Own {
    fn find(name: &str) -> Option<&'static Licence> {
        if let Some(found) = licence::find(name) {
            return Some(found);
        }
        match licence::named(name).as_slice() {
            [one] => Some(one),
            // Several dated texts: which one it is would have to be said.
            _ => spdx::imprecise_license_id(name)
                .filter(|(_, length)| *length == name.len())
                .and_then(|(id, _)| licence::find(id.name)),
        }
    }
}

impl Licences for Own {
    fn state(&self, name: &str) -> State {
        if let Some(found) = Self::find(name) {
            return match found.tier() {
                Tier::OpenSource | Tier::OpenTerms => State::Included,
                Tier::Restricted => State::NotOpen,
                Tier::Undetermined => State::Unknown,
            };
        }
        match spdx::license_id(name) {
            Some(id) if id.is_osi_approved() || id.is_fsf_free_libre() => State::Included,
            Some(id) if TABLE.get(id.name).is_some_and(|(open, _)| *open) => State::Included,
            // Dated texts of one name: whichever it is, it restricts.
            None if licence::named(name).len() > 1 => State::NotOpen,
            _ => match terms::tier_of(name) {
                Tier::OpenSource | Tier::OpenTerms => State::Included,
                Tier::Restricted => State::NotOpen,
                Tier::Undetermined => State::Unknown,
            },
        }
    }

    fn fits(&self, name: &str, kind: Kind) -> bool {
        let Some(found) = Self::find(name) else { return Mot.fits(name, kind) };
        let covers = &found.covers;
        let cover = match kind.group() {
            Group::Weights | Group::Config => &covers.weights,
            Group::Code => &covers.code,
            Group::Docs => &covers.docs,
            Group::Data => &covers.data,
        };
        cover.as_ref().is_some_and(|cover| cover.answer == Coverage::Yes)
    }
}
