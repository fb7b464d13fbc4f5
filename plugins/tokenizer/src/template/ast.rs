//! What a template is made of.

use std::rc::Rc;

/// A part of a template.
#[derive(Debug, Clone)]
pub(super) enum Stmt {
    /// Text as it is.
    Text(Rc<str>),
    /// `{{ ... }}`.
    Print(Expr),
    /// `{% for %}`.
    For(Box<For>),
    /// `{% if %}` and its branches, with what is done otherwise.
    If(Vec<(Expr, Vec<Stmt>)>, Vec<Stmt>),
    /// `{% set a = ... %}`.
    Set(Target, Expr),
    /// `{% set a %} ... {% endset %}`, and the filters that it goes through.
    SetBlock(Target, Vec<(Rc<str>, Args)>, Vec<Stmt>),
    /// `{% macro %}`, by its number.
    Macro(usize),
    /// `{% with %}`.
    With(Vec<(Rc<str>, Expr)>, Vec<Stmt>),
    /// `{% generation %}`, which only marks its text.
    Marked(Vec<Stmt>),
    /// `{% filter %}`.
    Filter(Rc<str>, Args, Vec<Stmt>),
    /// `{% break %}`.
    Break,
    /// `{% continue %}`.
    Continue,
}

/// A loop.
#[derive(Debug, Clone)]
pub(super) struct For {
    pub(super) names: Vec<Rc<str>>,
    pub(super) over: Expr,
    pub(super) when: Option<Expr>,
    pub(super) body: Vec<Stmt>,
    pub(super) otherwise: Vec<Stmt>,
}

/// A macro.
#[derive(Debug, Clone)]
pub(super) struct Macro {
    pub(super) name: Rc<str>,
    pub(super) parameters: Vec<(Rc<str>, Option<Expr>)>,
    pub(super) body: Vec<Stmt>,
}

/// What is assigned to.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// One name, or several that share a sequence.
    Names(Vec<Rc<str>>),
    /// An attribute of a namespace.
    Attribute(Rc<str>, Rc<str>),
}

/// Arguments of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Args {
    pub(super) plain: Vec<Expr>,
    pub(super) named: Vec<(Rc<str>, Expr)>,
}

/// An expression.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Rc<str>),
    Name(Rc<str>),
    /// A list, or a tuple.
    List(Vec<Expr>, bool),
    Dict(Vec<(Expr, Expr)>),
    Attr(Box<Expr>, Rc<str>),
    Item(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Box<[Option<Expr>; 3]>),
    Call(Box<Expr>, Args),
    Filter(Box<Expr>, Rc<str>, Args),
    Test(Box<Expr>, Rc<str>, Args),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Math(&'static str, Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(&'static str, Expr)>),
    /// Then, whether, otherwise.
    If(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
}

impl Expr {
    /// Calls `each` with every expression directly inside.
    pub(super) fn inner<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::None
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Str(_)
            | Self::Name(_) => {}
            Self::List(items, _) => items.iter().for_each(each),
            Self::Dict(items) => items.iter().for_each(|(key, value)| {
                each(key);
                each(value);
            }),
            Self::Attr(of, _) | Self::Not(of) | Self::Negate(of) => each(of),
            Self::Item(a, b) | Self::And(a, b) | Self::Or(a, b) | Self::Math(_, a, b) => {
                each(a);
                each(b);
            }
            Self::Slice(of, parts) => {
                each(of);
                parts.iter().flatten().for_each(each);
            }
            Self::Call(of, args) | Self::Filter(of, _, args) | Self::Test(of, _, args) => {
                each(of);
                args.inner(each);
            }
            Self::Compare(first, rest) => {
                each(first);
                for (_, expr) in rest {
                    each(expr);
                }
            }
            Self::If(then, whether, otherwise) => {
                each(then);
                each(whether);
                if let Some(otherwise) = otherwise {
                    each(otherwise);
                }
            }
        }
    }
}

impl Args {
    /// Calls `each` with every argument.
    pub(super) fn inner<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        self.plain.iter().chain(self.named.iter().map(|(_, expr)| expr)).for_each(each);
    }
}

/// A template that was read.
#[derive(Debug, Default)]
pub(super) struct Template {
    pub(super) body: Vec<Stmt>,
    pub(super) macros: Vec<Macro>,
}
