//! Filters and tests.
//!
//! Source: `filters.py` and `tests.py` of Jinja2; `tojson` is that of transformers, which
//! escapes nothing.

use super::Fault;
use super::methods::{self, capital, title};
use super::print::Sheet;
use super::run::{Given, Run};
use super::value::{Made, Value, wrong};
use pkg_plugin_sdk::section::quoted;

/// Filters that Jinja2 has and that are not run here.
const OTHERS: [&str; 20] = [
    "batch",
    "center",
    "filesizeformat",
    "forceescape",
    "format",
    "groupby",
    "pprint",
    "random",
    "slice",
    "striptags",
    "truncate",
    "urlencode",
    "urlize",
    "wordcount",
    "wordwrap",
    "xmlattr",
    "escape",
    "e",
    "round",
    "attr",
];

/// `value | name(...)`.
pub(super) fn apply(run: &mut Run<'_>, value: Value, name: &str, given: &Given) -> Made<Value> {
    run.purse.step(value.size())?;
    match name {
        "default" | "d" => {
            let falsy = given.at(1, "boolean").is_some_and(Value::truth);
            let missing = matches!(value, Value::Undefined) || (falsy && !value.truth());
            if !missing {
                return Ok(value);
            }
            given.at(0, "default_value").cloned().map_or_else(|| run.purse.text(""), Ok)
        }
        "length" | "count" => match &value {
            Value::Str(text) => Ok(whole(text.chars().count())),
            Value::List(list) => Ok(whole(list.items.len())),
            Value::Dict(dict) => Ok(whole(dict.items.len())),
            Value::Undefined => Ok(Value::Int(0)),
            other => wrong(format!("{} has no length", other.kind())),
        },
        "list" => {
            let items = run.iterate(&value)?;
            run.purse.list(items)
        }
        "items" => match value {
            Value::Undefined => run.purse.list(Vec::new()),
            value => methods::items(run, &value),
        },
        "tojson" => json(run, &value, given),
        "int" => Ok(int(&value, given)),
        "float" => Ok(float(&value)),
        "abs" => match (&value, value.number()) {
            (Value::Int(number), _) => Ok(Value::Int(number.saturating_abs())),
            (_, Some(number)) => Ok(Value::Float(number.abs())),
            _ => wrong(format!("{} has no magnitude", value.kind())),
        },
        "safe" => Ok(value),
        "string" | "trim" | "upper" | "lower" | "title" | "capitalize" | "replace" | "indent" => {
            text_filter(run, &value, name, given)
        }
        "first" | "last" | "reverse" | "join" | "sort" | "unique" | "sum" | "min" | "max" => {
            list_filter(run, &value, name, given)
        }
        "map" | "select" | "reject" | "selectattr" | "rejectattr" => {
            choose(run, &value, name, given)
        }
        "dictsort" => {
            let Value::List(pairs) = methods::items(run, &value)? else { return Ok(value) };
            let mut pairs: Vec<Value> = pairs.items.clone();
            pairs.sort_by_cached_key(key_of);
            run.purse.list(pairs)
        }
        name if OTHERS.contains(&name) => Err(Fault::Unsupported(format!("the filter `{name}`"))),
        name => Err(Fault::Unknown(format!("the filter {}", quoted(name)))),
    }
}

/// Whether a filter is one of Jinja2's.
pub(super) fn known(name: &str) -> bool {
    const RUN: [&str; 34] = [
        "default",
        "d",
        "length",
        "count",
        "list",
        "items",
        "tojson",
        "int",
        "float",
        "abs",
        "safe",
        "string",
        "trim",
        "upper",
        "lower",
        "title",
        "capitalize",
        "replace",
        "indent",
        "first",
        "last",
        "reverse",
        "join",
        "sort",
        "unique",
        "sum",
        "min",
        "max",
        "map",
        "select",
        "reject",
        "selectattr",
        "rejectattr",
        "dictsort",
    ];
    RUN.contains(&name) || OTHERS.contains(&name)
}

/// Whether a test is one of Jinja2's.
pub(super) fn known_test(name: &str) -> bool {
    const TESTS: [&str; 32] = [
        "defined",
        "undefined",
        "none",
        "string",
        "number",
        "integer",
        "float",
        "boolean",
        "true",
        "false",
        "mapping",
        "sequence",
        "iterable",
        "callable",
        "equalto",
        "eq",
        "sameas",
        "ne",
        "lt",
        "lessthan",
        "le",
        "gt",
        "greaterthan",
        "ge",
        "in",
        "odd",
        "even",
        "divisibleby",
        "lower",
        "upper",
        "filter",
        "test",
    ];
    TESTS.contains(&name)
}

fn whole(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// What pairs are sorted by: numbers, then texts whatever their case.
fn key_of(pair: &Value) -> (i64, String) {
    let Value::List(list) = pair else { return (0, String::new()) };
    match list.items.first() {
        Some(Value::Str(key)) => (i64::MAX, key.to_lowercase()),
        Some(key) => (key.int().unwrap_or(0), String::new()),
        None => (0, String::new()),
    }
}

fn json(run: &mut Run<'_>, value: &Value, given: &Given) -> Made<Value> {
    let indent = given.at(1, "indent").or_else(|| given.at(0, "indent")).and_then(Value::int);
    let indent = indent.map(|indent| usize::try_from(indent.clamp(0, 16)).unwrap_or(0));
    let separators = match given.at(2, "separators") {
        Some(Value::List(list)) => match &list.items[..] {
            [Value::Str(comma), Value::Str(colon)] => Some((comma.clone(), colon.clone())),
            _ => None,
        },
        _ => None,
    };
    let default = if indent.is_some() { ",".into() } else { ", ".into() };
    let (comma, colon) = separators.unwrap_or((default, ": ".into()));
    let mut sheet = Sheet::new(&mut run.purse);
    sheet.json(value, indent, (&comma, &colon), 0)?;
    let text = sheet.text;
    run.purse.text(text)
}

fn int(value: &Value, given: &Given) -> Value {
    let default = || given.at(0, "default").cloned().unwrap_or(Value::Int(0));
    #[allow(clippy::cast_possible_truncation)]
    match value {
        Value::Str(text) => text.trim().parse().map_or_else(|_| default(), Value::Int),
        Value::Float(number) => Value::Int(*number as i64),
        other => other.int().map_or_else(default, Value::Int),
    }
}

fn float(value: &Value) -> Value {
    match value {
        Value::Str(text) => Value::Float(text.trim().parse().unwrap_or(0.0)),
        other => Value::Float(other.number().unwrap_or(0.0)),
    }
}

fn text_filter(run: &mut Run<'_>, value: &Value, name: &str, given: &Given) -> Made<Value> {
    let text = run.purse.print(value)?;
    run.purse.bytes(text.len().saturating_mul(3))?;
    match name {
        "trim" => {
            let chars = given.at(0, "chars").and_then(Value::str);
            let cut = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
            run.purse.text(text.trim_matches(cut))
        }
        "upper" => run.purse.text(text.to_uppercase()),
        "lower" => run.purse.text(text.to_lowercase()),
        "title" => run.purse.text(title(&text)),
        "capitalize" => run.purse.text(capital(&text)),
        "replace" => {
            let word = |at: usize, name: &str| given.at(at, name).and_then(Value::str);
            match (word(0, "old"), word(1, "new")) {
                (Some(from), Some(to)) => {
                    let most = given.at(2, "count").and_then(Value::int);
                    methods::replace(run, &text, from, to, most)
                }
                _ => wrong("the filter `replace` takes two texts"),
            }
        }
        "indent" => indent(run, &text, given),
        _ => run.purse.text(text),
    }
}

fn indent(run: &mut Run<'_>, text: &str, given: &Given) -> Made<Value> {
    let space = match given.at(0, "width") {
        Some(Value::Str(space)) => space.to_string(),
        Some(value) => {
            let width = usize::try_from(value.int().unwrap_or(4)).unwrap_or(0);
            run.purse.bytes(width)?;
            " ".repeat(width)
        }
        None => "    ".to_owned(),
    };
    let first = given.at(1, "first").is_some_and(Value::truth);
    let blank = given.at(2, "blank").is_some_and(Value::truth);
    let lines = text.split('\n').count();
    run.purse.step(lines.saturating_mul(space.len()))?;
    run.purse.bytes(lines.saturating_mul(space.len()).saturating_add(text.len()))?;
    let lines = text.split('\n').enumerate().map(|(index, line)| {
        let wanted = if index == 0 { first } else { blank || !line.is_empty() };
        if wanted { format!("{space}{line}") } else { line.to_owned() }
    });
    let lines: Vec<String> = lines.collect();
    run.purse.text(lines.join("\n"))
}

fn list_filter(run: &mut Run<'_>, value: &Value, name: &str, given: &Given) -> Made<Value> {
    if let (Value::Str(text), "reverse") = (value, name) {
        return run.purse.text(text.chars().rev().collect::<String>());
    }
    let mut items = run.iterate(value)?;
    let attribute = given.at(1, "attribute").and_then(Value::str).cloned();
    match name {
        "first" => Ok(items.into_iter().next().unwrap_or(Value::Undefined)),
        "last" => Ok(items.pop().unwrap_or(Value::Undefined)),
        "reverse" => {
            items.reverse();
            run.purse.list(items)
        }
        "join" => {
            if let Some(attribute) = attribute {
                let fields: Made<Vec<_>> =
                    items.iter().map(|item| path(run, item, &attribute)).collect();
                items = fields?;
            }
            let between = match given.at(0, "d") {
                Some(value) => run.purse.print(value)?,
                None => String::new(),
            };
            methods::join(run, &items, &between)
        }
        "unique" => {
            let mut unique: Vec<Value> = Vec::new();
            for item in items {
                run.purse.step(unique.len().saturating_mul(item.size()))?;
                if !unique.iter().any(|there| there.equals(&item)) {
                    unique.push(item);
                }
            }
            run.purse.list(unique)
        }
        "sum" => {
            let mut sum = Value::Int(0);
            for item in &items {
                sum = super::math::math(&mut run.purse, "+", &sum, item)?;
            }
            Ok(sum)
        }
        _ => sorted(run, items, name, given),
    }
}

fn sorted(run: &mut Run<'_>, mut items: Vec<Value>, name: &str, given: &Given) -> Made<Value> {
    if given.named.iter().any(|(name, _)| &**name == "attribute") {
        return Err(Fault::Unsupported(format!("the filter `{name}` by an attribute")));
    }
    let texts = items.iter().all(|item| item.str().is_some());
    let numbers = items.iter().all(|item| item.number().is_some_and(|n| !n.is_nan()));
    if !texts && !numbers {
        return wrong("values without an order are sorted");
    }
    run.purse.step(items.len().saturating_mul(64))?;
    if texts {
        let bytes = items.iter().fold(0, |sum: usize, item| sum.saturating_add(item.size()));
        run.purse.bytes(bytes.saturating_mul(3))?;
        items.sort_by_cached_key(|item| item.str().map(|text| text.to_lowercase()));
    } else {
        let order = |a: &Value, b: &Value| a.number().partial_cmp(&b.number());
        items.sort_by(|a, b| order(a, b).unwrap_or(std::cmp::Ordering::Equal));
    }
    match name {
        "min" => Ok(items.into_iter().next().unwrap_or(Value::Undefined)),
        "max" => Ok(items.pop().unwrap_or(Value::Undefined)),
        _ => {
            if given.at(0, "reverse").is_some_and(Value::truth) {
                items.reverse();
            }
            run.purse.list(items)
        }
    }
}

/// A field of a field, by names with dots between them.
fn path(run: &mut Run<'_>, of: &Value, names: &str) -> Made<Value> {
    names
        .split('.')
        .try_fold(of.clone(), |value, name| methods::item(run, &value, &Value::Str(name.into())))
}

/// `map`, `select` and the like.
fn choose(run: &mut Run<'_>, value: &Value, name: &str, given: &Given) -> Made<Value> {
    // What is empty is not gone through, whatever it is.
    let items = if value.truth() { run.iterate(value)? } else { Vec::new() };
    let text = |at: usize| given.plain.get(at).and_then(Value::str).cloned();
    let by_attribute = matches!(name, "selectattr" | "rejectattr");
    let attribute = if by_attribute { text(0) } else { None };
    let test_at = usize::from(by_attribute);
    let test_name = text(test_at);
    let rest = |from: usize| Given {
        plain: given.plain.iter().skip(from).cloned().collect(),
        named: Vec::new(),
    };
    let mut kept = Vec::new();
    for item in items {
        if name == "map" {
            let field = given.named.iter().find(|(name, _)| &**name == "attribute");
            let mapped = match (field.and_then(|(_, value)| value.str()), text(0)) {
                (Some(field), _) => path(run, &item, field)?,
                (None, Some(filter)) => apply(run, item, &filter, &rest(1))?,
                (None, None) => return wrong("the filter `map` without a name"),
            };
            kept.push(mapped);
            continue;
        }
        let of = match &attribute {
            Some(attribute) => path(run, &item, attribute)?,
            None => item.clone(),
        };
        let holds = match &test_name {
            Some(test_name) => test(run, &of, test_name, &rest(test_at + 1))?,
            None => of.truth(),
        };
        if holds == name.starts_with("select") {
            kept.push(item);
        }
    }
    run.purse.list(kept)
}

/// `value is name(...)`.
pub(super) fn test(run: &mut Run<'_>, value: &Value, name: &str, given: &Given) -> Made<bool> {
    run.purse.step(value.size())?;
    let other = given.plain.first();
    let compare = |run: &mut Run<'_>, operator: &str| match other {
        Some(other) => super::math::compare(&mut run.purse, operator, value, other),
        None => wrong("a test that compares lacks its other side"),
    };
    Ok(match name {
        "defined" => !matches!(value, Value::Undefined),
        "undefined" => matches!(value, Value::Undefined),
        "none" => matches!(value, Value::None),
        "string" => matches!(value, Value::Str(_)),
        "number" => matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_)),
        "integer" => matches!(value, Value::Int(_)),
        "float" => matches!(value, Value::Float(_)),
        "boolean" => matches!(value, Value::Bool(_)),
        "true" => matches!(value, Value::Bool(true)),
        "false" => matches!(value, Value::Bool(false)),
        "mapping" => matches!(value, Value::Dict(_)),
        "sequence" | "iterable" => {
            matches!(value, Value::List(_) | Value::Dict(_) | Value::Str(_) | Value::Undefined)
        }
        "callable" => matches!(value, Value::Macro(_) | Value::Function(_)),
        "equalto" | "eq" | "sameas" => compare(run, "==")?,
        "ne" => compare(run, "!=")?,
        "lt" | "lessthan" => compare(run, "<")?,
        "le" => compare(run, "<=")?,
        "gt" | "greaterthan" => compare(run, ">")?,
        "ge" => compare(run, ">=")?,
        "in" => compare(run, "in")?,
        "odd" => value.int().is_some_and(|number| number.rem_euclid(2) == 1),
        "even" => value.int().is_some_and(|number| number.rem_euclid(2) == 0),
        "divisibleby" => match (value.int(), other.and_then(Value::int)) {
            (Some(number), Some(by)) if by != 0 => number.checked_rem(by).unwrap_or(0) == 0,
            _ => return wrong("`divisibleby` takes whole numbers"),
        },
        "lower" => value.str().is_some_and(|text| **text == text.to_lowercase()),
        "upper" => value.str().is_some_and(|text| **text == text.to_uppercase()),
        "filter" => value.str().is_some_and(|name| known(name)),
        "test" => value.str().is_some_and(|name| known_test(name)),
        name => return Err(Fault::Unknown(format!("the test {}", quoted(name)))),
    })
}
