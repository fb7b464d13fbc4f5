//! Values of a running template, and what they may cost.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Fault;

/// Most steps of one rendering.
const MAX_STEPS: u64 = 1_000_000;
/// Most bytes that one rendering may make, all values together.
const MAX_BYTES: u64 = 32 << 20;
/// How deep lists and dictionaries may be nested.
const MAX_DEPTH: u16 = 40;
/// Most values within one list or dictionary, those inside others included.
const MAX_WEIGHT: u64 = 200_000;

pub(super) type Made<T> = Result<T, Fault>;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Undefined,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Rc<str>),
    List(Rc<List>),
    Dict(Rc<Dict>),
    Namespace(Rc<RefCell<BTreeMap<Rc<str>, Value>>>),
    /// A macro, by its number.
    Macro(usize),
    /// A function that every template has.
    Function(&'static str),
    Loop(Rc<Loop>),
}

/// A list or a tuple.
#[derive(Debug)]
pub(super) struct List {
    pub(super) items: Vec<Value>,
    pub(super) tuple: bool,
    inside: Inside,
}

/// A dictionary; its keys are texts and whole numbers.
#[derive(Debug)]
pub(super) struct Dict {
    pub(super) items: Vec<(Rc<str>, Value)>,
    /// Where each key is.
    places: BTreeMap<Rc<str>, usize>,
    inside: Inside,
}

/// What is inside of a list or dictionary.
#[derive(Debug, Clone, Copy, Default)]
struct Inside {
    /// How deep it is nested.
    depth: u16,
    /// Values in all.
    weight: u64,
    /// Bytes that are looked at to compare or print it.
    cost: u64,
}

/// Key of a whole number: after this letter, which no text of a template begins with.
const NUMBER: char = '\u{1}';

/// The key that a value is; none if it cannot be one here.
pub(super) fn key(value: &Value) -> Option<Rc<str>> {
    match value {
        Value::Str(text) => Some(Rc::clone(text)),
        other => other.int().map(|number| format!("{NUMBER}{number}").into()),
    }
}

/// The value that a key was made of.
pub(super) fn unkey(key: &Rc<str>) -> Value {
    let number = key.strip_prefix(NUMBER).and_then(|number| number.parse().ok());
    number.map_or_else(|| Value::Str(Rc::clone(key)), Value::Int)
}

/// What a loop tells of itself.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) index: usize,
    pub(super) length: usize,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) depth: usize,
}

/// What is left to spend.
#[derive(Debug, Default)]
pub(super) struct Purse {
    steps: u64,
    bytes: u64,
}

pub(super) fn runaway<T>(what: impl Into<String>) -> Made<T> {
    Err(Fault::Runaway(what.into()))
}

pub(super) fn wrong<T>(what: impl Into<String>) -> Made<T> {
    Err(Fault::Failed(what.into()))
}

impl Purse {
    /// Pays for one step, and for looking at so many bytes or values.
    pub(super) fn step(&mut self, size: usize) -> Made<()> {
        self.steps = self.steps.saturating_add(1 + size as u64 / 16);
        if self.steps > MAX_STEPS {
            return runaway(format!("it takes more than {MAX_STEPS} steps"));
        }
        Ok(())
    }

    /// Pays for so many new bytes, before they are made.
    pub(super) fn bytes(&mut self, bytes: usize) -> Made<()> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes > MAX_BYTES {
            return runaway(format!("it makes more than {MAX_BYTES} bytes of values"));
        }
        Ok(())
    }

    /// A text.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> Made<Value> {
        self.bytes(text.as_ref().len() + 16)?;
        Ok(Value::Str(text.as_ref().into()))
    }

    /// A list.
    pub(super) fn list(&mut self, items: Vec<Value>) -> Made<Value> {
        self.sequence(items, false)
    }

    /// A list or a tuple.
    pub(super) fn sequence(&mut self, items: Vec<Value>, tuple: bool) -> Made<Value> {
        let inside = self.inside(items.iter())?;
        Ok(Value::List(Rc::new(List { items, tuple, inside })))
    }

    /// A dictionary; of keys that are there twice the last one counts.
    pub(super) fn dict(&mut self, items: Vec<(Rc<str>, Value)>) -> Made<Value> {
        let mut unique: Vec<(Rc<str>, Value)> = Vec::new();
        let mut places = BTreeMap::new();
        for (key, value) in items {
            let there: Option<&usize> = places.get(&key);
            if let Some((_, before)) = there.and_then(|place| unique.get_mut(*place)) {
                *before = value;
            } else {
                places.insert(Rc::clone(&key), unique.len());
                unique.push((key, value));
            }
        }
        let mut inside = self.inside(unique.iter().map(|(_, value)| value))?;
        let keys = unique.iter().map(|(key, _)| key.len() as u64).sum::<u64>();
        inside.cost = inside.cost.saturating_add(keys);
        Ok(Value::Dict(Rc::new(Dict { items: unique, places, inside })))
    }

    /// What there is to know of what has these values inside.
    fn inside<'a>(&mut self, items: impl Iterator<Item = &'a Value>) -> Made<Inside> {
        let mut inside = Inside { depth: 0, weight: 1, cost: 8 };
        let mut count = 0_usize;
        for item in items {
            let inner = match item {
                Value::List(list) => list.inside,
                Value::Dict(dict) => dict.inside,
                Value::Namespace(_) | Value::Loop(_) => {
                    return Err(Fault::Unsupported("a namespace within a value".to_owned()));
                }
                Value::Str(text) => Inside { depth: 0, weight: 1, cost: 8 + text.len() as u64 },
                _ => Inside { depth: 0, weight: 1, cost: 8 },
            };
            inside.depth = inside.depth.max(inner.depth);
            inside.weight = inside.weight.saturating_add(inner.weight);
            inside.cost = inside.cost.saturating_add(inner.cost);
            count += 1;
        }
        self.step(count)?;
        self.bytes(count.saturating_mul(32))?;
        if inside.depth >= MAX_DEPTH {
            return runaway(format!("it nests values more than {MAX_DEPTH} deep"));
        }
        if inside.weight > MAX_WEIGHT {
            return runaway(format!("it makes a value of more than {MAX_WEIGHT} parts"));
        }
        inside.depth += 1;
        Ok(inside)
    }
}

impl Value {
    /// What it is, for people.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Undefined => "an undefined value",
            Self::None => "none",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Str(_) => "a text",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Namespace(_) => "a namespace",
            Self::Macro(_) | Self::Function(_) => "a function",
            Self::Loop(_) => "a loop",
        }
    }

    /// Whether a condition takes it for true.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Undefined | Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Dict(dict) => !dict.items.is_empty(),
            Self::Namespace(_) | Self::Macro(_) | Self::Function(_) | Self::Loop(_) => true,
        }
    }

    /// A text, if it is one.
    pub(super) fn str(&self) -> Option<&Rc<str>> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A number of any kind.
    pub(super) fn number(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss)]
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// The value under a key of a dictionary.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        match self {
            Self::Dict(dict) => {
                let (_, value) = dict.items.get(*dict.places.get(key)?)?;
                Some(value.clone())
            }
            _ => None,
        }
    }

    /// Bytes that comparing or printing it looks at, roughly.
    pub(super) fn size(&self) -> usize {
        let cost = |inside: &Inside| usize::try_from(inside.cost).unwrap_or(usize::MAX);
        match self {
            Self::Str(text) => text.len(),
            Self::List(list) => cost(&list.inside),
            Self::Dict(dict) => cost(&dict.inside),
            _ => 1,
        }
    }

    /// Whether both are equal, as Python's `==` has it.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::None, Self::None) => true,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.tuple == b.tuple
                    && a.items.len() == b.items.len()
                    && a.items.iter().zip(&b.items).all(|(a, b)| a.equals(b))
            }
            (Self::Dict(a), Self::Dict(b)) => {
                a.items.len() == b.items.len()
                    && a.items.iter().all(|(key, value)| {
                        other.get(key).is_some_and(|other| value.equals(&other))
                    })
            }
            #[allow(clippy::float_cmp)]
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }

    /// Reads JSON; only for samples that are made here.
    pub(super) fn from_json(json: &serde_json::Value, purse: &mut Purse) -> Made<Self> {
        Ok(match json {
            serde_json::Value::Null => Self::None,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map_or_else(|| Self::Float(number.as_f64().unwrap_or_default()), Self::Int),
            serde_json::Value::String(text) => purse.text(text)?,
            serde_json::Value::Array(items) => {
                let items: Made<Vec<_>> =
                    items.iter().map(|item| Self::from_json(item, purse)).collect();
                purse.list(items?)?
            }
            serde_json::Value::Object(items) => {
                let items: Made<Vec<_>> = items
                    .iter()
                    .map(|(key, item)| Ok((key.as_str().into(), Self::from_json(item, purse)?)))
                    .collect();
                purse.dict(items?)?
            }
        })
    }
}
