//! Running a template on a conversation, with an end to everything.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Fault;
use super::ast::{Args, Expr, For, Stmt, Target, Template};
use super::value::{Loop, Made, Purse, Value, key, runaway, unkey, wrong};
use super::{filters, methods};

/// How deep expressions, statements and calls may be nested while running.
const MAX_DEPTH: usize = 1_500;

/// How a list of statements ended.
pub(super) enum Flow {
    On,
    Break,
    Continue,
}

/// A running template.
pub(super) struct Run<'a> {
    pub(super) template: &'a Template,
    pub(super) purse: Purse,
    pub(super) scopes: Vec<BTreeMap<Rc<str>, Value>>,
    out: String,
    depth: usize,
    /// Macros that are being called.
    pub(super) calls: usize,
    loops: usize,
}

/// Arguments that were evaluated.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) plain: Vec<Value>,
    pub(super) named: Vec<(Rc<str>, Value)>,
}

impl Given {
    /// The argument at this place, or of this name.
    pub(super) fn at(&self, place: usize, name: &str) -> Option<&Value> {
        let named = self.named.iter().find(|(there, _)| **there == *name).map(|(_, value)| value);
        self.plain.get(place).or(named)
    }
}

/// Renders a template; the text, or why there is none.
pub(super) fn render(template: &Template, variables: &serde_json::Value) -> Made<String> {
    let mut purse = Purse::default();
    let mut names = BTreeMap::new();
    for (name, value) in variables.as_object().into_iter().flatten() {
        names.insert(name.as_str().into(), Value::from_json(value, &mut purse)?);
    }
    let mut run = Run {
        template,
        purse,
        scopes: vec![names],
        out: String::new(),
        depth: 0,
        calls: 0,
        loops: 0,
    };
    run.all(&template.body)?;
    Ok(run.out)
}

impl Run<'_> {
    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Made<T>) -> Made<T> {
        if self.depth >= MAX_DEPTH {
            return runaway(format!("it nests calls more than {MAX_DEPTH} deep"));
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    fn write(&mut self, text: &str) -> Made<()> {
        self.purse.step(text.len())?;
        self.purse.bytes(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// What `inside` writes, instead of writing it.
    pub(super) fn capture(&mut self, inside: impl FnOnce(&mut Self) -> Made<Flow>) -> Made<String> {
        let before = std::mem::take(&mut self.out);
        let result = inside(self);
        let text = std::mem::replace(&mut self.out, before);
        result.map(|_| text)
    }

    fn scoped<T>(&mut self, inside: impl FnOnce(&mut Self) -> Made<T>) -> Made<T> {
        self.scopes.push(BTreeMap::new());
        let result = inside(self);
        self.scopes.pop();
        result
    }

    pub(super) fn set(&mut self, name: &Rc<str>, value: Value) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(Rc::clone(name), value);
        }
    }

    fn look_up(&self, name: &str) -> Value {
        let found = self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned();
        found.unwrap_or_else(|| {
            let function = super::FUNCTIONS.iter().find(|function| **function == name);
            function.map_or(Value::Undefined, |function| Value::Function(function))
        })
    }

    pub(super) fn all(&mut self, body: &[Stmt]) -> Made<Flow> {
        self.deeper(|run| {
            for stmt in body {
                match run.stmt(stmt)? {
                    Flow::On => {}
                    flow => return Ok(flow),
                }
            }
            Ok(Flow::On)
        })
    }

    fn stmt(&mut self, stmt: &Stmt) -> Made<Flow> {
        self.purse.step(0)?;
        match stmt {
            Stmt::Text(text) => self.write(text)?,
            Stmt::Print(expr) => {
                let value = self.eval(expr)?;
                let text = self.purse.print(&value)?;
                self.write(&text)?;
            }
            Stmt::For(of) => return self.loop_(of),
            Stmt::If(branches, otherwise) => {
                for (test, body) in branches {
                    if self.eval(test)?.truth() {
                        return self.all(body);
                    }
                }
                return self.all(otherwise);
            }
            Stmt::Set(target, expr) => {
                let value = self.eval(expr)?;
                self.assign(target, value)?;
            }
            Stmt::SetBlock(target, through, body) => {
                let text = self.capture(|run| run.all(body))?;
                let mut value = self.purse.text(text)?;
                for (name, args) in through {
                    let given = self.given(args)?;
                    value = filters::apply(self, value, name, &given)?;
                }
                self.assign(target, value)?;
            }
            Stmt::Macro(number) => {
                if let Some(of) = self.template.macros.get(*number) {
                    self.set(&of.name, Value::Macro(*number));
                }
            }
            Stmt::With(values, body) => {
                return self.scoped(|run| {
                    for (name, expr) in values {
                        let value = run.eval(expr)?;
                        run.set(name, value);
                    }
                    run.all(body)
                });
            }
            Stmt::Marked(body) => return self.all(body),
            Stmt::Filter(name, args, body) => {
                let text = self.capture(|run| run.all(body))?;
                let value = self.purse.text(text)?;
                let given = self.given(args)?;
                let value = filters::apply(self, value, name, &given)?;
                let text = self.purse.print(&value)?;
                self.write(&text)?;
            }
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn assign(&mut self, target: &Target, value: Value) -> Made<()> {
        match target {
            Target::Names(names) => self.unpack(names, value),
            Target::Attribute(of, name) => match self.look_up(of) {
                Value::Namespace(fields) => {
                    // A namespace within one could go round in a circle.
                    if matches!(value, Value::Namespace(_) | Value::Loop(_)) {
                        return Err(Fault::Unsupported("a namespace within another".to_owned()));
                    }
                    self.purse.bytes(64)?;
                    fields.borrow_mut().insert(Rc::clone(name), value);
                    Ok(())
                }
                other => wrong(format!("an attribute of {} is set", other.kind())),
            },
        }
    }

    fn unpack(&mut self, names: &[Rc<str>], value: Value) -> Made<()> {
        if let [name] = names {
            self.set(name, value);
            return Ok(());
        }
        let items = self.iterate(&value)?;
        if items.len() != names.len() {
            return wrong(format!("{} values for {} names", items.len(), names.len()));
        }
        names.iter().zip(items).for_each(|(name, item)| self.set(name, item));
        Ok(())
    }

    /// What a loop goes through.
    pub(super) fn iterate(&mut self, value: &Value) -> Made<Vec<Value>> {
        match value {
            Value::Undefined => Ok(Vec::new()),
            Value::List(list) => {
                self.purse.step(list.items.len())?;
                self.purse.bytes(list.items.len().saturating_mul(24))?;
                Ok(list.items.clone())
            }
            Value::Dict(dict) => {
                self.purse.step(dict.items.len())?;
                self.purse.bytes(dict.items.len().saturating_mul(24))?;
                Ok(dict.items.iter().map(|(key, _)| unkey(key)).collect())
            }
            Value::Str(text) => {
                self.purse.bytes(text.len().saturating_mul(40))?;
                text.chars().map(|c| self.purse.text(c.to_string())).collect()
            }
            other => wrong(format!("{} cannot be gone through", other.kind())),
        }
    }

    fn loop_(&mut self, of: &For) -> Made<Flow> {
        let over = self.eval(&of.over)?;
        let mut items = self.iterate(&over)?;
        if let Some(when) = &of.when {
            let mut kept = Vec::new();
            for item in items {
                let wanted = self.scoped(|run| {
                    run.unpack(&of.names, item.clone())?;
                    Ok(run.eval(when)?.truth())
                })?;
                if wanted {
                    kept.push(item);
                }
            }
            items = kept;
        }
        if items.is_empty() {
            return self.all(&of.otherwise);
        }
        self.loops += 1;
        let result = self.rounds(of, &items);
        self.loops -= 1;
        result
    }

    fn rounds(&mut self, of: &For, items: &[Value]) -> Made<Flow> {
        let name: Rc<str> = "loop".into();
        for (index, item) in items.iter().enumerate() {
            self.purse.step(4)?;
            let state = Loop {
                index,
                length: items.len(),
                before: index.checked_sub(1).and_then(|before| items.get(before)).cloned(),
                after: items.get(index + 1).cloned(),
                depth: self.loops,
            };
            let flow = self.scoped(|run| {
                run.set(&name, Value::Loop(Rc::new(state)));
                run.unpack(&of.names, item.clone())?;
                run.all(&of.body)
            })?;
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        Ok(Flow::On)
    }

    pub(super) fn given(&mut self, args: &Args) -> Made<Given> {
        let mut given = Given::default();
        for expr in &args.plain {
            given.plain.push(self.eval(expr)?);
        }
        for (name, expr) in &args.named {
            given.named.push((Rc::clone(name), self.eval(expr)?));
        }
        Ok(given)
    }

    /// The value of an expression.
    pub(super) fn eval(&mut self, expr: &Expr) -> Made<Value> {
        self.purse.step(0)?;
        self.deeper(|run| run.eval_here(expr))
    }

    fn eval_here(&mut self, expr: &Expr) -> Made<Value> {
        Ok(match expr {
            Expr::None => Value::None,
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Int(number) => Value::Int(*number),
            Expr::Float(number) => Value::Float(*number),
            Expr::Str(text) => Value::Str(Rc::clone(text)),
            Expr::Name(name) => self.look_up(name),
            Expr::List(items, tuple) => {
                let items: Made<Vec<_>> = items.iter().map(|item| self.eval(item)).collect();
                self.purse.sequence(items?, *tuple)?
            }
            Expr::Dict(items) => self.dict(items)?,
            Expr::Attr(of, name) => {
                let of = self.eval(of)?;
                methods::attribute(self, &of, name)?
            }
            Expr::Item(of, key) => {
                let (of, key) = (self.eval(of)?, self.eval(key)?);
                methods::item(self, &of, &key)?
            }
            Expr::Slice(of, parts) => self.slice(of, parts)?,
            Expr::Call(of, args) => self.call(of, args)?,
            Expr::Filter(of, name, args) => {
                let of = self.eval(of)?;
                let given = self.given(args)?;
                filters::apply(self, of, name, &given)?
            }
            Expr::Test(of, name, args) => {
                let of = self.eval(of)?;
                let given = self.given(args)?;
                Value::Bool(filters::test(self, &of, name, &given)?)
            }
            Expr::Not(of) => Value::Bool(!self.eval(of)?.truth()),
            Expr::Negate(of) => match self.eval(of)? {
                Value::Int(number) => Value::Int(number.saturating_neg()),
                Value::Float(number) => Value::Float(-number),
                other => return wrong(format!("{} has no negative", other.kind())),
            },
            Expr::And(a, b) => {
                let a = self.eval(a)?;
                if a.truth() { self.eval(b)? } else { a }
            }
            Expr::Or(a, b) => {
                let a = self.eval(a)?;
                if a.truth() { a } else { self.eval(b)? }
            }
            Expr::Math(operator, a, b) => {
                let (a, b) = (self.eval(a)?, self.eval(b)?);
                super::math::math(&mut self.purse, operator, &a, &b)?
            }
            Expr::Compare(first, rest) => self.compare(first, rest)?,
            Expr::If(then, whether, otherwise) => {
                if self.eval(whether)?.truth() {
                    self.eval(then)?
                } else if let Some(otherwise) = otherwise {
                    self.eval(otherwise)?
                } else {
                    Value::Undefined
                }
            }
        })
    }

    fn dict(&mut self, items: &[(Expr, Expr)]) -> Made<Value> {
        let mut pairs = Vec::new();
        for (name, value) in items {
            let Some(key) = key(&self.eval(name)?) else {
                return Err(Fault::Unsupported("a key that is no text or number".to_owned()));
            };
            pairs.push((key, self.eval(value)?));
        }
        self.purse.dict(pairs)
    }

    fn slice(&mut self, of: &Expr, parts: &[Option<Expr>; 3]) -> Made<Value> {
        let of = self.eval(of)?;
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            let Some(part) = part else { continue };
            *bound = match self.eval(part)? {
                Value::None => None,
                value => match value.int() {
                    Some(number) => Some(number),
                    None => return wrong("a slice has a bound that is no number"),
                },
            };
        }
        methods::slice(self, &of, bounds)
    }

    fn compare(&mut self, first: &Expr, rest: &[(&'static str, Expr)]) -> Made<Value> {
        let mut left = self.eval(first)?;
        for (operator, right) in rest {
            let right = self.eval(right)?;
            if !super::math::compare(&mut self.purse, operator, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }
}
