//! Attributes, elements and methods of values.
//!
//! Source: the attributes that Python's `str`, `list` and `dict` have, without those that
//! the `ImmutableSandboxedEnvironment` of Jinja2 refuses.

use std::rc::Rc;

use super::Fault;
use super::run::{Given, Run};
use super::value::{Made, Value, key, unkey, wrong};
use pkg_plugin_sdk::section::quoted;

/// Methods that change their value; the sandbox refuses them.
const CHANGING: [&str; 13] = [
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
    "add",
    "discard",
];

/// `of.name`.
pub(super) fn attribute(run: &mut Run<'_>, of: &Value, name: &str) -> Made<Value> {
    match of {
        Value::Undefined => wrong(format!("{} of an undefined value", quoted(name))),
        Value::Namespace(fields) => {
            Ok(fields.borrow().get(name).cloned().unwrap_or(Value::Undefined))
        }
        Value::Loop(state) => {
            let whole = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
            Ok(match name {
                "index" => whole(state.index + 1),
                "index0" => whole(state.index),
                "length" => whole(state.length),
                "revindex" => whole(state.length - state.index),
                "revindex0" => whole(state.length - state.index - 1),
                "first" => Value::Bool(state.index == 0),
                "last" => Value::Bool(state.index + 1 == state.length),
                "previtem" => state.before.clone().unwrap_or(Value::Undefined),
                "nextitem" => state.after.clone().unwrap_or(Value::Undefined),
                "depth" => whole(state.depth),
                "depth0" => whole(state.depth.saturating_sub(1)),
                _ => Value::Undefined,
            })
        }
        Value::Dict(_) => {
            run.purse.step(of.size())?;
            Ok(of.get(name).unwrap_or(Value::Undefined))
        }
        _ => Ok(Value::Undefined),
    }
}

/// `of[at]`.
pub(super) fn item(run: &mut Run<'_>, of: &Value, at: &Value) -> Made<Value> {
    run.purse.step(0)?;
    if let Value::Str(key) = at {
        // What is no key becomes an attribute, which is where escapes begin.
        if key.starts_with("__") && of.get(key).is_none() {
            return Err(Fault::Escape(format!("the attribute {}", quoted(key))));
        }
        return attribute(run, of, key);
    }
    match (of, at.int()) {
        (Value::Dict(_), Some(_)) => {
            run.purse.step(of.size())?;
            Ok(key(at).and_then(|key| of.get(&key)).unwrap_or(Value::Undefined))
        }
        (Value::Undefined, _) => wrong("an element of an undefined value"),
        (Value::List(list), Some(at)) => {
            Ok(place(at, list.items.len()).and_then(|at| list.items.get(at)).cloned())
                .map(|item| item.unwrap_or(Value::Undefined))
        }
        (Value::Str(text), Some(at)) => {
            run.purse.step(text.len())?;
            let found = place(at, text.chars().count()).and_then(|at| text.chars().nth(at));
            found.map_or(Ok(Value::Undefined), |c| run.purse.text(c.to_string()))
        }
        _ => Ok(Value::Undefined),
    }
}

/// A place that may be counted from the end.
fn place(at: i64, len: usize) -> Option<usize> {
    if at >= 0 {
        return usize::try_from(at).ok();
    }
    len.checked_sub(usize::try_from(at.unsigned_abs()).ok()?)
}

/// `of[from:to:step]`.
pub(super) fn slice(run: &mut Run<'_>, of: &Value, bounds: [Option<i64>; 3]) -> Made<Value> {
    match of {
        Value::List(list) => {
            let places = places(list.items.len(), bounds)?;
            run.purse.bytes(places.len().saturating_mul(24))?;
            let items = places.iter().filter_map(|at| list.items.get(*at)).cloned().collect();
            run.purse.sequence(items, list.tuple)
        }
        Value::Str(text) => {
            run.purse.step(text.len())?;
            run.purse.bytes(text.len().saturating_mul(12))?;
            let chars: Vec<char> = text.chars().collect();
            let places = places(chars.len(), bounds)?;
            run.purse.text(places.iter().filter_map(|at| chars.get(*at)).collect::<String>())
        }
        other => wrong(format!("a slice of {}", other.kind())),
    }
}

fn places(len: usize, [from, to, step]: [Option<i64>; 3]) -> Made<Vec<usize>> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let step = step.unwrap_or(1);
    if step == 0 {
        return wrong("a slice with steps of nought");
    }
    let (least, most) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |bound: Option<i64>, default: i64| {
        bound.map_or(default, |at| {
            let at = if at < 0 { at.saturating_add(len) } else { at };
            at.clamp(least, most)
        })
    };
    let (mut at, to) = if step > 0 {
        (bound(from, 0), bound(to, len))
    } else {
        (bound(from, len - 1), bound(to, -1))
    };
    let mut places = Vec::new();
    while (step > 0 && at < to) || (step < 0 && at > to) {
        places.extend(usize::try_from(at).ok());
        at = at.saturating_add(step);
    }
    Ok(places)
}

/// `of.name(...)`.
pub(super) fn call(run: &mut Run<'_>, of: &Value, name: &str, given: &Given) -> Made<Value> {
    let size = given.plain.iter().fold(of.size(), |sum, value| sum.saturating_add(value.size()));
    run.purse.step(size)?;
    if matches!(of, Value::List(_) | Value::Dict(_)) && CHANGING.contains(&name) {
        return wrong(format!("the sandbox refuses {}, which changes a value", quoted(name)));
    }
    match of {
        Value::Str(text) => text_method(run, text, name, given),
        Value::Dict(_) => dict_method(run, of, name, given),
        Value::List(list) => match (name, given.plain.first()) {
            ("count", Some(what)) => {
                let count = list.items.iter().filter(|item| item.equals(what)).count();
                Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
            }
            ("index", Some(what)) => {
                let at = list.items.iter().position(|item| item.equals(what));
                let at = at.and_then(|at| i64::try_from(at).ok());
                at.map_or_else(|| wrong("index() of what is not there"), |at| Ok(Value::Int(at)))
            }
            _ => no_method(of, name),
        },
        Value::Loop(state) if name == "cycle" && !given.plain.is_empty() => {
            Ok(given.plain[state.index % given.plain.len()].clone())
        }
        Value::Namespace(_) => {
            let field = attribute(run, of, name)?;
            match field {
                Value::Macro(number) => run.macro_(number, given),
                _ => no_method(of, name),
            }
        }
        Value::Undefined => wrong(format!("{} of an undefined value", quoted(name))),
        _ => no_method(of, name),
    }
}

fn no_method(of: &Value, name: &str) -> Made<Value> {
    let what = format!("the method {} of {}", quoted(name), of.kind());
    // What a text lacks, it lacks always; of other values a sample may have the wrong kind.
    Err(if of.str().is_some() { Fault::Unknown(what) } else { Fault::Failed(what) })
}

fn dict_method(run: &mut Run<'_>, of: &Value, name: &str, given: &Given) -> Made<Value> {
    let Value::Dict(dict) = of else { return Ok(Value::Undefined) };
    match (name, given.plain.first()) {
        ("get", Some(at)) => {
            let default = given.at(1, "default").cloned().unwrap_or(Value::None);
            Ok(key(at).and_then(|key| of.get(&key)).unwrap_or(default))
        }
        ("items", None) => items(run, of),
        ("keys", None) => {
            let keys = dict.items.iter().map(|(key, _)| unkey(key)).collect();
            run.purse.list(keys)
        }
        ("values", None) => run.purse.list(dict.items.iter().map(|(_, v)| v.clone()).collect()),
        ("copy", None) => Ok(of.clone()),
        _ => match of.get(name) {
            Some(Value::Macro(number)) => run.macro_(number, given),
            _ => no_method(of, name),
        },
    }
}

/// Pairs of a dictionary.
pub(super) fn items(run: &mut Run<'_>, of: &Value) -> Made<Value> {
    let Value::Dict(dict) = of else {
        return wrong(format!("{} has no items", of.kind()));
    };
    let pairs: Made<Vec<_>> = dict
        .items
        .iter()
        .map(|(key, value)| run.purse.sequence(vec![unkey(key), value.clone()], true))
        .collect();
    run.purse.list(pairs?)
}

fn text_method(run: &mut Run<'_>, text: &Rc<str>, name: &str, given: &Given) -> Made<Value> {
    let word = |at: usize| given.plain.get(at).and_then(Value::str).map(|text| &**text);
    let chars = word(0);
    let cut = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
    let whole = |number: Option<usize>| {
        Value::Int(number.and_then(|number| i64::try_from(number).ok()).unwrap_or(-1))
    };
    let every = |test: fn(char) -> bool| Value::Bool(!text.is_empty() && text.chars().all(test));
    let position = |byte: usize| text.get(..byte).map_or(0, |before| before.chars().count());
    // Upper and lower case may take up to three times the bytes.
    run.purse.bytes(text.len().saturating_mul(3))?;
    match (name, word(0)) {
        ("strip", _) => run.purse.text(text.trim_matches(cut)),
        ("lstrip", _) => run.purse.text(text.trim_start_matches(cut)),
        ("rstrip", _) => run.purse.text(text.trim_end_matches(cut)),
        ("upper", None) => run.purse.text(text.to_uppercase()),
        ("lower" | "casefold", None) => run.purse.text(text.to_lowercase()),
        ("title", None) => run.purse.text(title(text)),
        ("capitalize", None) => run.purse.text(capital(text)),
        ("startswith", _) => starts(text, given, |text, part| text.starts_with(part)),
        ("endswith", _) => starts(text, given, |text, part| text.ends_with(part)),
        ("split", _) => split(run, text, given, false),
        ("rsplit", _) => split(run, text, given, true),
        ("splitlines", _) => {
            let lines: Made<Vec<_>> = text.lines().map(|line| run.purse.text(line)).collect();
            run.purse.list(lines?)
        }
        ("replace", Some(from)) => match word(1) {
            Some(to) => replace(run, text, from, to, given.at(2, "count").and_then(Value::int)),
            None => wrong("replace() takes two texts"),
        },
        ("find", Some(part)) => Ok(whole(text.find(part).map(position))),
        ("rfind", Some(part)) => Ok(whole(text.rfind(part).map(position))),
        ("count", Some(part)) if !part.is_empty() => Ok(whole(Some(text.matches(part).count()))),
        ("join", None) => match given.plain.first() {
            Some(items) => {
                let items = run.iterate(items)?;
                join(run, &items, text)
            }
            None => wrong("join() takes a list"),
        },
        ("join", Some(letters)) => {
            let items = run.iterate(&Value::Str(letters.into()))?;
            join(run, &items, text)
        }
        ("removeprefix", Some(part)) => run.purse.text(text.strip_prefix(part).unwrap_or(text)),
        ("removesuffix", Some(part)) => run.purse.text(text.strip_suffix(part).unwrap_or(text)),
        ("isdigit" | "isdecimal" | "isnumeric", None) => Ok(every(char::is_numeric)),
        ("isalpha", None) => Ok(every(char::is_alphabetic)),
        ("isalnum", None) => Ok(every(char::is_alphanumeric)),
        ("isspace", None) => Ok(every(char::is_whitespace)),
        ("isupper", None) => Ok(Value::Bool(**text == text.to_uppercase() && cased(text))),
        ("islower", None) => Ok(Value::Bool(**text == text.to_lowercase() && cased(text))),
        ("format", _) => format(run, text, given),
        (
            "format_map" | "encode" | "zfill" | "ljust" | "rjust" | "center" | "partition"
            | "rpartition" | "expandtabs" | "translate" | "swapcase" | "index",
            _,
        ) => Err(Fault::Unsupported(format!("the method `{name}` of a text"))),
        _ => no_method(&Value::Str(Rc::clone(text)), name),
    }
}

fn cased(text: &str) -> bool {
    text.chars().any(|c| c.is_uppercase() || c.is_lowercase())
}

fn starts(text: &str, given: &Given, test: fn(&str, &str) -> bool) -> Made<Value> {
    match given.plain.first() {
        Some(Value::Str(part)) => Ok(Value::Bool(test(text, part))),
        Some(Value::List(parts)) if parts.tuple => {
            let parts = parts.items.iter().filter_map(Value::str);
            Ok(Value::Bool(parts.into_iter().any(|part| test(text, part))))
        }
        _ => wrong("a beginning or end that is no text"),
    }
}

fn split(run: &mut Run<'_>, text: &str, given: &Given, back: bool) -> Made<Value> {
    let most = given.at(1, "maxsplit").and_then(Value::int);
    let most = most.and_then(|most| usize::try_from(most).ok()).map_or(usize::MAX, |most| most + 1);
    let parts: Vec<&str> = match given.at(0, "sep") {
        Some(Value::Str(sep)) if sep.is_empty() => return wrong("split() by nothing"),
        Some(Value::Str(sep)) if back => {
            let mut parts: Vec<&str> = text.rsplitn(most, &**sep).collect();
            parts.reverse();
            parts
        }
        Some(Value::Str(sep)) => text.splitn(most, &**sep).collect(),
        _ if most != usize::MAX => {
            return Err(Fault::Unsupported("split() at so many white spaces".to_owned()));
        }
        _ => text.split_whitespace().collect(),
    };
    run.purse.bytes(parts.len().saturating_mul(32))?;
    let parts: Made<Vec<_>> = parts.into_iter().map(|part| run.purse.text(part)).collect();
    run.purse.list(parts?)
}

/// Replaces a text, at most `most` times where that is said.
pub(super) fn replace(
    run: &mut Run<'_>,
    text: &str,
    from: &str,
    to: &str,
    most: Option<i64>,
) -> Made<Value> {
    let count = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let grown = text.len().saturating_add(to.len().saturating_mul(count.min(most)));
    run.purse.step(grown)?;
    run.purse.bytes(grown)?;
    run.purse.text(text.replacen(from, to, most))
}

/// Joins values with a text between them.
pub(super) fn join(run: &mut Run<'_>, items: &[Value], between: &str) -> Made<Value> {
    let mut whole = String::new();
    for (index, item) in items.iter().enumerate() {
        let text = run.purse.print(item)?;
        run.purse.bytes(text.len().saturating_add(between.len()))?;
        run.purse.step(text.len().saturating_add(between.len()))?;
        if index > 0 {
            whole.push_str(between);
        }
        whole.push_str(&text);
    }
    run.purse.text(whole)
}

/// `format()` with places that have a number or none; other places are not filled here.
fn format(run: &mut Run<'_>, text: &str, given: &Given) -> Made<Value> {
    let mut whole = String::new();
    let (mut rest, mut next) = (text, 0);
    while let Some(at) = rest.find(['{', '}']) {
        whole.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("{{").or(tail.strip_prefix("}}")) {
            whole.push_str(&tail[..1]);
            rest = after;
            continue;
        }
        let Some((place, after)) = tail.strip_prefix('{').and_then(|tail| tail.split_once('}'))
        else {
            return wrong("format() of a text with one bracket");
        };
        let index = if place.is_empty() { Some(next) } else { place.parse().ok() };
        let value = match index {
            Some(index) => given.plain.get(index),
            None => given.named.iter().find(|(name, _)| **name == *place).map(|(_, value)| value),
        };
        let Some(value) = value else {
            return Err(Fault::Unsupported("a place of `format`".to_owned()));
        };
        next += 1;
        whole.push_str(&run.purse.print(value)?);
        rest = after;
    }
    run.purse.bytes(whole.len())?;
    run.purse.text(whole + rest)
}

/// Every word with a capital.
pub(super) fn title(text: &str) -> String {
    let mut inside = false;
    let mut whole = String::new();
    for c in text.chars() {
        if inside {
            whole.extend(c.to_lowercase());
        } else {
            whole.extend(c.to_uppercase());
        }
        inside = c.is_alphabetic();
    }
    whole
}

/// The first letter as a capital.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.flat_map(char::to_lowercase)).collect()
}
