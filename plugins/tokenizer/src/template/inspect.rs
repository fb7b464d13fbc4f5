//! What a template contains, whether it is reached or not.

use std::collections::BTreeSet;

use super::ast::{Args, Expr, Stmt, Target, Template};
use super::{FUNCTIONS, Fault, filters};
use pkg_plugin_sdk::section::quoted;

/// Most faults of one template that are told.
const MAX_FAULTS: usize = 20;

/// Variables that callers give: transformers, vLLM, llama.cpp, and tokens of tokenizers.
const GIVEN: [&str; 26] = [
    "messages",
    "tools",
    "documents",
    "add_generation_prompt",
    "continue_final_message",
    "bos_token",
    "eos_token",
    "unk_token",
    "pad_token",
    "sep_token",
    "cls_token",
    "mask_token",
    "additional_special_tokens",
    "enable_thinking",
    "date_string",
    "tools_in_user_message",
    "builtin_tools",
    "custom_tools",
    "xml_tools",
    "tool_choice",
    "reasoning_effort",
    "model_identity",
    "system_message",
    "loop",
    "caller",
    "chat_template_kwargs",
];

/// Attributes through which Python's sandbox was left; `UNSAFE_*` in `sandbox.py` of Jinja2.
const UNSAFE: [&str; 16] = [
    "mro",
    "func_closure",
    "func_code",
    "func_dict",
    "func_defaults",
    "func_globals",
    "im_class",
    "im_func",
    "im_self",
    "gi_frame",
    "gi_code",
    "cr_frame",
    "cr_code",
    "ag_frame",
    "f_globals",
    "tb_frame",
];

/// Names that no prompt has, but every escape.
const TELLTALE: [&str; 14] = [
    "__class__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__import__",
    "__mro__",
    "__base__",
    "__bases__",
    "__init__",
    "__dict__",
    "__code__",
    "__getattribute__",
    "__getitem__",
    "__reduce__",
];

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    /// What is wrong.
    pub(super) faults: Vec<Fault>,
    /// Variables that nobody gives.
    pub(super) strange: Vec<String>,
    /// Whether it looks at tools.
    pub(super) tools: bool,
}

/// Looks at everything in a template.
pub(super) fn inspect(template: &Template) -> Inspection {
    let mut look = Look::default();
    look.all(&template.body);
    for of in &template.macros {
        look.made.insert(&of.name);
        for (name, default) in &of.parameters {
            look.made.insert(name);
            if let Some(default) = default {
                look.expr(default);
            }
        }
        look.all(&of.body);
    }
    let known = |name: &&str| {
        GIVEN.contains(name)
            || FUNCTIONS.contains(name)
            || look.made.contains(*name)
            || look.asked.contains(*name)
    };
    let strange = look.used.iter().filter(|name| !known(name)).take(MAX_FAULTS);
    Inspection {
        strange: strange.map(|name| (*name).to_owned()).collect(),
        tools: look.used.contains("tools"),
        faults: look.faults,
    }
}

#[derive(Default)]
struct Look<'a> {
    faults: Vec<Fault>,
    used: BTreeSet<&'a str>,
    made: BTreeSet<&'a str>,
    /// Names of which it is asked whether they are defined.
    asked: BTreeSet<&'a str>,
}

impl<'a> Look<'a> {
    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn all(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Text(_) | Stmt::Macro(_) | Stmt::Break | Stmt::Continue => {}
            Stmt::Print(expr) => self.expr(expr),
            Stmt::For(of) => {
                self.made.extend(of.names.iter().map(|name| &**name));
                self.expr(&of.over);
                if let Some(when) = &of.when {
                    self.expr(when);
                }
                self.all(&of.body);
                self.all(&of.otherwise);
            }
            Stmt::If(branches, otherwise) => {
                for (test, body) in branches {
                    self.expr(test);
                    self.all(body);
                }
                self.all(otherwise);
            }
            Stmt::Set(target, expr) => {
                self.target(target);
                self.expr(expr);
            }
            Stmt::SetBlock(target, through, body) => {
                self.target(target);
                for (name, args) in through {
                    self.filter(name, args);
                }
                self.all(body);
            }
            Stmt::With(values, body) => {
                for (name, expr) in values {
                    self.made.insert(name);
                    self.expr(expr);
                }
                self.all(body);
            }
            Stmt::Marked(body) => self.all(body),
            Stmt::Filter(name, args, body) => {
                self.filter(name, args);
                self.all(body);
            }
        }
    }

    fn target(&mut self, target: &'a Target) {
        match target {
            Target::Names(names) => self.made.extend(names.iter().map(|name| &**name)),
            Target::Attribute(of, name) => {
                self.used.insert(of);
                self.attribute(name);
            }
        }
    }

    fn attribute(&mut self, name: &str) {
        if name.starts_with('_') || UNSAFE.contains(&name) {
            self.fault(Fault::Escape(format!("the attribute {}", quoted(name))));
        }
    }

    fn filter(&mut self, name: &'a str, args: &'a Args) {
        if !filters::known(name) {
            self.fault(Fault::Unknown(format!("the filter {}", quoted(name))));
        }
        if name == "attr"
            && let Some(Expr::Str(attribute)) = args.plain.first()
        {
            self.attribute(attribute);
        }
        let mut inner = Vec::new();
        args.inner(&mut |expr| inner.push(expr));
        for expr in inner {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                self.used.insert(name);
                if name.starts_with("__") {
                    self.fault(Fault::Escape(format!("the variable {}", quoted(name))));
                }
            }
            Expr::Attr(_, name) => self.attribute(name),
            Expr::Str(text) => {
                if let Some(word) = TELLTALE.iter().find(|word| text.contains(**word)) {
                    self.fault(Fault::Escape(format!("the text {}", quoted(word))));
                }
            }
            Expr::Item(_, key) => {
                if let Expr::Str(key) = &**key
                    && key.starts_with("__")
                {
                    self.fault(Fault::Escape(format!("the attribute {}", quoted(key))));
                }
            }
            Expr::Filter(of, name, args) => {
                if let ("default" | "d", Expr::Name(name)) = (&**name, &**of) {
                    self.asked.insert(name);
                }
                self.filter(name, args);
                self.expr(of);
                return;
            }
            Expr::Test(of, name, _) => {
                if let ("defined" | "undefined" | "none", Expr::Name(name)) = (&**name, &**of) {
                    self.asked.insert(name);
                }
                if !filters::known_test(name) {
                    self.fault(Fault::Unknown(format!("the test {}", quoted(name))));
                }
            }
            _ => {}
        }
        expr.inner(&mut |inner| self.expr(inner));
    }
}
