//! Walks pickles: every opcode, with what is known of the stack and the memo.
//!
//! Nothing is executed and no object is made. Source of the meaning of each opcode:
//! `Lib/pickle.py` and `Modules/_pickle.c` of `CPython`. Where the two differ the walk
//! goes on as the one that goes on, so that no call is missed.

use std::collections::HashMap;

use crate::input::{End, Input};
use crate::machine::{Arrays, Machine};
use crate::values::Value;

/// Most globals that are kept apart.
const MAX_GLOBALS: usize = 10_000;
/// Most doubts that are kept.
const MAX_DOUBTS: usize = 16;
/// Pickles after the first in a file of `PyTorch` before the numbers begin: version,
/// system, the object, and the keys. Source: `_legacy_load` of `torch/serialization.py`.
const TORCH_REST: u64 = 4;

/// A global that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its module, as written.
    pub module: String,
    /// Its name in the module, as written.
    pub name: String,
    /// Where it is first named, in bytes from the start.
    pub position: u64,
    /// The opcode that first calls it, if any does.
    pub called: Option<&'static str>,
    /// Whether the list allows it.
    pub allowed: bool,
}

/// Something that cannot be judged, or not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where, in bytes from the start.
    pub position: u64,
    /// What, for people.
    pub reason: String,
}

/// Why a walk ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where and why.
    pub doubt: Doubt,
    /// Whether Python surely ends there too.
    pub sure: bool,
    /// Whether the bytes were at an end.
    pub eof: bool,
}

/// What a walk found.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// The globals, in the order they are first named.
    pub globals: Vec<Named>,
    /// What could not be judged; the first ones.
    pub doubts: Vec<Doubt>,
    /// How many doubts there were.
    pub doubt_count: u64,
    /// Whether something is called that the list does not allow or that has no name.
    pub calls_code: bool,
    /// Whether something is called that has no name.
    pub calls_unnamed: bool,
    /// Whether the bytes end in the middle of a global, which is imported nevertheless.
    pub cut_global: bool,
    /// Why it ended early.
    pub fault: Option<Fault>,
    /// Whether the first opcode is PROTO.
    pub proto: bool,
    /// Pickles that were walked to their STOP.
    pub pickles: u64,
    /// Where the last STOP ended, in bytes from the start.
    pub stopped_at: u64,
    /// Whether bytes follow the last STOP that are no pickle.
    pub trailing: bool,
    /// Whether it is a file of `PyTorch` from before its zip format.
    pub torch_legacy: bool,
    /// Whether joblib puts bytes of arrays between the opcodes.
    pub joblib: bool,
    /// Number of opcodes.
    pub opcodes: u64,
    index: HashMap<(String, String), u32>,
}

impl Walk {
    /// Adds a doubt.
    pub fn doubt(&mut self, position: u64, reason: impl Into<String>) {
        self.doubt_count += 1;
        if self.doubts.len() < MAX_DOUBTS {
            self.doubts.push(Doubt { position, reason: reason.into() });
        }
    }

    /// Adds a global that is named, and gives its place; none if there are too many.
    pub fn name(&mut self, module: &str, name: &str, position: u64) -> Option<u32> {
        let key = (module.to_owned(), name.to_owned());
        if let Some(place) = self.index.get(&key) {
            return Some(*place);
        }
        if self.globals.len() >= MAX_GLOBALS {
            return None;
        }
        let place = u32::try_from(self.globals.len()).ok()?;
        let allowed = crate::allow::reason(module, name).is_some();
        let (module, name) = key.clone();
        self.globals.push(Named { module, name, position, called: None, allowed });
        self.index.insert(key, place);
        Some(place)
    }

    /// Notes that an opcode calls a global.
    pub fn call(&mut self, place: u32, opcode: &'static str) {
        if let Some(global) = self.globals.get_mut(place as usize) {
            global.called.get_or_insert(opcode);
            self.calls_code |= !global.allowed;
        }
    }

    /// The globals that the list does not allow.
    pub fn code(&self) -> impl Iterator<Item = &Named> {
        self.globals.iter().filter(|global| !global.allowed)
    }

    /// Whether everything was walked, and nothing in it is code or in doubt.
    pub fn is_clean(&self) -> bool {
        self.pickles > 0
            && self.fault.is_none()
            && self.doubt_count == 0
            && !self.trailing
            && !self.calls_code
            && self.code().next().is_none()
    }

    /// Whether these bytes are a pickle even though nothing else says so: something is
    /// called that has a name as Python has them (a sentence is none), or they announce a protocol and name a global, or they announce one and
    /// are pickles to the last byte, or the walk had to give up. What Python refuses before
    /// any of that runs nothing.
    pub fn is_evident(&self, len: Option<u64>) -> bool {
        let called = self.calls_unnamed
            || self.globals.iter().any(|global| {
                global.called.is_some()
                    && (self.proto || (is_plausible(&global.module) && is_plausible(&global.name)))
            });
        let whole = self.pickles > 0
            && self.fault.is_none()
            && !self.trailing
            && (len.is_none() || len == Some(self.stopped_at));
        let unsure = self.fault.as_ref().is_some_and(|fault| !fault.sure);
        called
            || unsure
            || (self.proto && (self.cut_global || !self.globals.is_empty()))
            || (whole && (self.proto || !self.globals.is_empty()))
            || self.torch_legacy
    }
}

/// Walks every pickle of the input, one after the other.
///
/// With `arrays` the bytes of arrays that joblib puts between opcodes are passed over.
pub fn walk(input: &mut Input<'_>, arrays: bool) -> Walk {
    let mut walk = Walk::default();
    let mut layout = if arrays { Arrays::Between } else { Arrays::None };
    let mut torch_left = None;
    loop {
        let start = input.position();
        let mut machine = Machine::new(input, &mut walk, layout);
        let ended = machine.run(0);
        layout = machine.arrays();
        match ended {
            Ok(value) => {
                walk.pickles += 1;
                walk.stopped_at = input.position();
                if walk.pickles == 1 && value == Value::Magic {
                    torch_left = Some(TORCH_REST);
                } else if let Some(left) = &mut torch_left {
                    *left -= 1;
                }
            }
            Err(fault) if walk.pickles > 0 && torch_left.is_none() => {
                walk.trailing = true;
                let reason = format!(
                    "after the pickle, which ends at byte {start}, follow bytes that are no \
                     further pickle: {}",
                    fault.doubt.reason
                );
                walk.doubt(fault.doubt.position, reason);
                return walk;
            }
            Err(fault) => {
                walk.fault = Some(fault);
                return walk;
            }
        }
        if torch_left == Some(0) {
            walk.torch_legacy = true;
            return walk;
        }
        match input.at_end() {
            Ok(false) => {}
            Ok(true) if torch_left.is_some() => {
                walk.fault = Some(fault_of(End::Eof, input.position()));
                return walk;
            }
            Ok(true) => return walk,
            Err(end) => {
                walk.fault = Some(fault_of(end, input.position()));
                return walk;
            }
        }
    }
}

/// Whether a module or a name is made of identifiers, perhaps with dots between.
pub fn is_plausible(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>' | '\r'))
}

/// The fault that is the end of the bytes.
pub fn fault_of(end: End, position: u64) -> Fault {
    let (reason, sure, eof) = match end {
        End::Eof => ("the bytes end in the middle of a pickle".to_owned(), true, true),
        End::Corrupt(reason) => (format!("its compression is broken: {reason}"), true, true),
        End::Broken(reason) => (format!("it cannot be read further: {reason}"), false, false),
    };
    Fault { doubt: Doubt { position, reason }, sure, eof }
}
