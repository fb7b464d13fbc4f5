//! Calls of macros and functions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{Args, Expr};
use super::run::{Given, Run};
use super::value::{Made, Value, runaway, wrong};
use super::{Fault, methods};

/// How deep macros may call each other.
const MAX_CALLS: usize = 50;
/// Most elements of `range()`, as in the sandbox of Jinja2.
const MAX_RANGE: i64 = 100_000;

impl Run<'_> {
    pub(super) fn call(&mut self, of: &Expr, args: &Args) -> Made<Value> {
        if let Expr::Attr(on, name) = of {
            let on = self.eval(on)?;
            let given = self.given(args)?;
            return methods::call(self, &on, name, &given);
        }
        let callee = self.eval(of)?;
        let given = self.given(args)?;
        self.invoke(&callee, of, &given)
    }

    /// Calls a macro or a function.
    fn invoke(&mut self, callee: &Value, of: &Expr, given: &Given) -> Made<Value> {
        match callee {
            Value::Macro(number) => self.macro_(*number, given),
            Value::Function(name) => self.function(name, given),
            other => {
                if let (Value::Undefined, Expr::Name(name)) = (other, of) {
                    return Err(Fault::Unknown(format!(
                        "the function {}",
                        pkg_plugin_sdk::section::quoted(name)
                    )));
                }
                wrong(format!("{} is called", other.kind()))
            }
        }
    }

    pub(super) fn macro_(&mut self, number: usize, given: &Given) -> Made<Value> {
        let template = self.template;
        let Some(of) = template.macros.get(number) else { return Ok(Value::Undefined) };
        if self.calls >= MAX_CALLS {
            return runaway(format!(
                "the macro {} is called more than {MAX_CALLS} deep",
                pkg_plugin_sdk::section::quoted(&of.name)
            ));
        }
        if given.plain.len() > of.parameters.len() {
            return wrong(format!(
                "{} takes fewer arguments",
                pkg_plugin_sdk::section::quoted(&of.name)
            ));
        }
        // A macro sees what is global, and its arguments.
        let inner = self.scopes.split_off(1);
        self.calls += 1;
        self.scopes.push(BTreeMap::new());
        let result = self.capture(|run| {
            for (place, (name, default)) in of.parameters.iter().enumerate() {
                let value = match (given.at(place, name), default) {
                    (Some(value), _) => value.clone(),
                    (None, Some(default)) => run.eval(default)?,
                    (None, None) => Value::Undefined,
                };
                run.set(name, value);
            }
            run.all(&of.body)
        });
        self.calls -= 1;
        self.scopes.truncate(1);
        self.scopes.extend(inner);
        self.purse.text(result?)
    }

    fn function(&mut self, name: &str, given: &Given) -> Made<Value> {
        match name {
            "raise_exception" => {
                let text = match given.plain.first() {
                    Some(value) => self.purse.print(value)?,
                    None => String::new(),
                };
                Err(Fault::Raised(text))
            }
            "strftime_now" => self.purse.text("01 Jan 2025"),
            "namespace" | "dict" => {
                let mut pairs = Vec::new();
                if let Some(Value::Dict(dict)) = given.plain.first() {
                    pairs.extend(dict.items.iter().cloned());
                }
                pairs.extend(given.named.iter().cloned());
                let dict = self.purse.dict(pairs)?;
                match (name, dict) {
                    ("namespace", Value::Dict(dict)) => {
                        let fields = dict.items.iter().cloned().collect();
                        Ok(Value::Namespace(Rc::new(RefCell::new(fields))))
                    }
                    (_, dict) => Ok(dict),
                }
            }
            "range" => self.range(given),
            other => Err(Fault::Unsupported(format!("the function `{other}`"))),
        }
    }

    fn range(&mut self, given: &Given) -> Made<Value> {
        let numbers: Option<Vec<i64>> = given.plain.iter().map(Value::int).collect();
        let (from, to, step) = match numbers.as_deref() {
            Some([to]) => (0, *to, 1),
            Some([from, to]) => (*from, *to, 1),
            Some([from, to, step]) if *step != 0 => (*from, *to, *step),
            _ => return wrong("range() takes one to three whole numbers"),
        };
        let distance = i128::from(to) - i128::from(from);
        let count = (distance + i128::from(step) - i128::from(step.signum())) / i128::from(step);
        if count > i128::from(MAX_RANGE) {
            return runaway(format!("range() has {count} numbers, more than {MAX_RANGE}"));
        }
        let mut items = Vec::new();
        for index in 0..i64::try_from(count.max(0)).unwrap_or(0) {
            items.push(Value::Int(from.saturating_add(index.saturating_mul(step))));
        }
        self.purse.list(items)
    }
}
