//! Operators between values.

use super::value::{Made, Purse, Value, wrong};

/// `a operator b`.
pub(super) fn math(purse: &mut Purse, operator: &str, a: &Value, b: &Value) -> Made<Value> {
    if operator == "~" {
        let (a, b) = (purse.print(a)?, purse.print(b)?);
        return join(purse, &a, &b);
    }
    match (operator, a, b) {
        ("+", Value::Str(a), Value::Str(b)) => join(purse, a, b),
        ("+", Value::List(left), Value::List(right)) if left.tuple == right.tuple => {
            let count = left.items.len().saturating_add(right.items.len());
            purse.bytes(count.saturating_mul(24))?;
            let items = left.items.iter().chain(&right.items).cloned().collect();
            purse.sequence(items, left.tuple)
        }
        ("*", Value::Str(text), times) | ("*", times, Value::Str(text))
            if times.int().is_some() =>
        {
            let times = usize::try_from(times.int().unwrap_or(0)).unwrap_or(0);
            let bytes = text.len().saturating_mul(times);
            purse.step(bytes)?;
            purse.bytes(bytes)?;
            purse.text(text.repeat(times))
        }
        ("*", Value::List(list), times) | ("*", times, Value::List(list))
            if times.int().is_some() =>
        {
            let times = usize::try_from(times.int().unwrap_or(0)).unwrap_or(0);
            let count = list.items.len().saturating_mul(times);
            purse.step(count)?;
            purse.bytes(count.saturating_mul(24))?;
            // Nothing times any number is nothing.
            let times = if list.items.is_empty() { 0 } else { times };
            let items = (0..times).flat_map(|_| list.items.iter().cloned()).collect();
            purse.sequence(items, list.tuple)
        }
        ("%", Value::Str(_), _) => Err(super::Fault::Unsupported("formatting with `%`".to_owned())),
        _ => numbers(operator, a, b),
    }
}

fn join(purse: &mut Purse, a: &str, b: &str) -> Made<Value> {
    let bytes = a.len().saturating_add(b.len());
    purse.step(bytes)?;
    purse.bytes(bytes)?;
    purse.text([a, b].concat())
}

fn numbers(operator: &str, a: &Value, b: &Value) -> Made<Value> {
    let kinds = || format!("`{operator}` between {} and {}", a.kind(), b.kind());
    if let (Some(x), Some(y)) = (a.int(), b.int()) {
        let whole = match operator {
            "+" => x.checked_add(y),
            "-" => x.checked_sub(y),
            "*" => x.checked_mul(y),
            "//" | "%" if y == 0 => return wrong("a division by nought"),
            "//" => x.checked_div(y).map(|q| q - i64::from(x % y != 0 && (x < 0) != (y < 0))),
            "%" => x.checked_rem(y).map(|r| if r != 0 && (r < 0) != (y < 0) { r + y } else { r }),
            "**" if y >= 0 => match u32::try_from(y).ok().and_then(|y| x.checked_pow(y)) {
                Some(power) => Some(power),
                // Python goes on with numbers of any length.
                None => return super::value::runaway("a power that does not fit 64 bits"),
            },
            _ => None,
        };
        if let Some(whole) = whole {
            return Ok(Value::Int(whole));
        }
        if matches!(operator, "+" | "-" | "*" | "//" | "%") {
            let what = format!("the result of `{operator}` does not fit 64 bits");
            return Err(super::Fault::Unsupported(what));
        }
    }
    let (Some(x), Some(y)) = (a.number(), b.number()) else { return wrong(kinds()) };
    Ok(Value::Float(match operator {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" | "//" | "%" if y == 0.0 => return wrong("a division by nought"),
        "/" => x / y,
        "//" => (x / y).floor(),
        "%" => x - y * (x / y).floor(),
        "**" => x.powf(y),
        _ => return wrong(kinds()),
    }))
}

/// `a operator b`, as a condition.
pub(super) fn compare(purse: &mut Purse, operator: &str, a: &Value, b: &Value) -> Made<bool> {
    purse.step(a.size().saturating_add(b.size()))?;
    match operator {
        "==" => Ok(a.equals(b)),
        "!=" => Ok(!a.equals(b)),
        "in" => contains(b, a),
        "not in" => Ok(!contains(b, a)?),
        _ => {
            let order = match (a, b) {
                (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
                _ => match (a.number(), b.number()) {
                    (Some(a), Some(b)) => a.partial_cmp(&b),
                    _ => return wrong(format!("{} and {} have no order", a.kind(), b.kind())),
                },
            };
            Ok(order.is_some_and(|order| match operator {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
    }
}

/// Whether a container has an element.
pub(super) fn contains(of: &Value, what: &Value) -> Made<bool> {
    match (of, what) {
        (Value::Str(text), Value::Str(part)) => Ok(text.contains(&**part)),
        (Value::List(list), _) => Ok(list.items.iter().any(|item| item.equals(what))),
        (Value::Dict(_), Value::Str(key)) => Ok(of.get(key).is_some()),
        (Value::Dict(_) | Value::Undefined, _) => Ok(false),
        _ => wrong(format!("{} cannot be in {}", what.kind(), of.kind())),
    }
}
