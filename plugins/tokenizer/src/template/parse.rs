//! From words to statements.
//!
//! Source: `parser.py` of Jinja2; the tags `break`, `continue` and `generation` are those
//! that transformers adds.

use std::rc::Rc;

use super::Fault;
use super::ast::{For, Macro, Stmt, Target, Template};
use super::lex::{Tag, Word, words};

/// How deep statements and expressions may be nested.
const MAX_DEPTH: usize = 48;

type Parsed<T> = Result<T, Fault>;

/// Reads a template.
pub(super) fn parse(source: &str) -> Parsed<Template> {
    let words = words(source).map_err(Fault::Syntax)?;
    let mut parser = Parser { words, at: 0, depth: 0, links: 0, macros: Vec::new() };
    let body = parser.body(&[])?;
    Ok(Template { body, macros: parser.macros })
}

/// Reads words.
pub(super) struct Parser {
    words: Vec<Word>,
    at: usize,
    depth: usize,
    /// Operators of the current tag that make its tree deeper.
    pub(super) links: usize,
    macros: Vec<Macro>,
}

pub(super) fn syntax<T>(what: impl Into<String>) -> Parsed<T> {
    Err(Fault::Syntax(what.into()))
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    pub(super) fn peek_after(&self) -> Option<&Word> {
        self.words.get(self.at + 1)
    }

    pub(super) fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    pub(super) fn is_op(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Word::Op(op)) if *op == operator)
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Some(Word::Name(there)) if &**there == name)
    }

    /// Goes on if the next word is this operator.
    pub(super) fn take_op(&mut self, operator: &str) -> bool {
        let there = self.is_op(operator);
        self.at += usize::from(there);
        there
    }

    /// Goes on if the next word is this name.
    pub(super) fn take_name(&mut self, name: &str) -> bool {
        let there = self.is_name(name);
        self.at += usize::from(there);
        there
    }

    pub(super) fn need_op(&mut self, operator: &str) -> Parsed<()> {
        if self.take_op(operator) {
            return Ok(());
        }
        syntax(format!("`{operator}` is missing before {}", self.here()))
    }

    pub(super) fn need_name(&mut self) -> Parsed<Rc<str>> {
        match self.next() {
            Some(Word::Name(name)) => Ok(name),
            _ => syntax("a name is missing"),
        }
    }

    fn need_close(&mut self) -> Parsed<()> {
        if matches!(self.peek(), Some(Word::Close(Tag::Block))) {
            self.at += 1;
            return Ok(());
        }
        syntax(format!("`%}}` is missing before {}", self.here()))
    }

    pub(super) fn here(&self) -> String {
        match self.peek() {
            None => "the end".to_owned(),
            Some(Word::Text(_)) => "a text".to_owned(),
            Some(Word::Open(_)) => "a tag".to_owned(),
            Some(Word::Close(_)) => "the end of a tag".to_owned(),
            Some(Word::Name(name)) => format!("`{}`", pkg_plugin_sdk::section::short(name, 40)),
            Some(Word::Str(_)) => "a string".to_owned(),
            Some(Word::Int(_) | Word::Float(_)) => "a number".to_owned(),
            Some(Word::Op(operator)) => format!("`{operator}`"),
        }
    }

    /// Counts one more level while `inside` reads it.
    pub(super) fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return syntax(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// Statements until a tag with one of these names, which is left before its end.
    fn body(&mut self, ends: &[&str]) -> Parsed<Vec<Stmt>> {
        self.deeper(|parser| {
            let mut body = Vec::new();
            loop {
                match parser.next() {
                    None if ends.is_empty() => return Ok(body),
                    None => return syntax(format!("`{}` is missing", ends.join("` or `"))),
                    Some(Word::Text(text)) => body.push(Stmt::Text(text)),
                    Some(Word::Open(Tag::Print)) => {
                        parser.links = 0;
                        let expr = parser.tuple()?;
                        if parser.next() != Some(Word::Close(Tag::Print)) {
                            parser.at -= 1;
                            return syntax(format!("`}}}}` is missing before {}", parser.here()));
                        }
                        body.push(Stmt::Print(expr));
                    }
                    Some(Word::Open(Tag::Block)) => {
                        parser.links = 0;
                        let name = parser.need_name()?;
                        if ends.contains(&&*name) {
                            parser.at -= 1;
                            return Ok(body);
                        }
                        body.push(parser.statement(&name)?);
                    }
                    Some(_) => return syntax("a word is outside of tags"),
                }
            }
        })
    }

    /// The body up to the tag `end`, and that tag.
    fn body_to(&mut self, end: &str) -> Parsed<Vec<Stmt>> {
        let body = self.body(&[end])?;
        self.at += 1;
        // Some write the name again.
        if matches!(self.peek(), Some(Word::Name(_))) {
            self.at += 1;
        }
        self.need_close()?;
        Ok(body)
    }

    fn statement(&mut self, name: &str) -> Parsed<Stmt> {
        let stmt = match name {
            "for" => return self.for_(),
            "if" => return self.if_(),
            "set" => return self.set(),
            "macro" => return self.macro_(),
            "with" => return self.with(),
            "filter" => {
                let (name, args) = self.filter()?;
                self.need_close()?;
                return Ok(Stmt::Filter(name, args, self.body_to("endfilter")?));
            }
            "generation" => {
                self.need_close()?;
                return Ok(Stmt::Marked(self.body_to("endgeneration")?));
            }
            "break" => Stmt::Break,
            "continue" => Stmt::Continue,
            "include" | "import" | "from" | "extends" => {
                return Err(Fault::Include(name.to_owned()));
            }
            "block" | "call" | "autoescape" | "do" | "trans" | "debug" => {
                return Err(Fault::Unsupported(format!("the tag `{name}`")));
            }
            name => {
                let name = pkg_plugin_sdk::section::short(name, 40);
                return syntax(format!("`{name}` is no tag that is known here"));
            }
        };
        self.need_close()?;
        Ok(stmt)
    }

    fn names(&mut self) -> Parsed<Vec<Rc<str>>> {
        let bracket = self.take_op("(");
        let mut names = vec![self.need_name()?];
        while self.take_op(",") {
            if !matches!(self.peek(), Some(Word::Name(_))) {
                break;
            }
            names.push(self.need_name()?);
        }
        if bracket {
            self.need_op(")")?;
        }
        Ok(names)
    }

    fn for_(&mut self) -> Parsed<Stmt> {
        let names = self.names()?;
        if !self.take_name("in") {
            return syntax("`in` is missing in a loop");
        }
        let over = self.tuple_without_condition()?;
        let when = if self.take_name("if") { Some(self.expression()?) } else { None };
        if self.is_name("recursive") {
            return Err(Fault::Unsupported("a loop that calls itself".to_owned()));
        }
        self.need_close()?;
        let body = self.body(&["else", "endfor"])?;
        let mut otherwise = Vec::new();
        if self.take_name("else") {
            self.need_close()?;
            otherwise = self.body(&["endfor"])?;
        }
        self.at += 1;
        self.need_close()?;
        Ok(Stmt::For(Box::new(For { names, over, when, body, otherwise })))
    }

    fn if_(&mut self) -> Parsed<Stmt> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let test = self.tuple()?;
            self.need_close()?;
            branches.push((test, self.body(&["elif", "else", "endif"])?));
            if self.take_name("elif") {
                continue;
            }
            if self.take_name("else") {
                self.need_close()?;
                otherwise = self.body(&["endif"])?;
            }
            self.at += 1;
            self.need_close()?;
            return Ok(Stmt::If(branches, otherwise));
        }
    }

    fn set(&mut self) -> Parsed<Stmt> {
        let dotted = matches!(self.peek_after(), Some(Word::Op(".")));
        let target = if dotted {
            let of = self.need_name()?;
            self.need_op(".")?;
            Target::Attribute(of, self.need_name()?)
        } else {
            Target::Names(self.names()?)
        };
        if self.take_op("=") {
            let value = self.tuple()?;
            self.need_close()?;
            return Ok(Stmt::Set(target, value));
        }
        let mut filters = Vec::new();
        while self.take_op("|") {
            filters.push(self.filter()?);
        }
        self.need_close()?;
        Ok(Stmt::SetBlock(target, filters, self.body_to("endset")?))
    }

    fn macro_(&mut self) -> Parsed<Stmt> {
        let name = self.need_name()?;
        self.need_op("(")?;
        let mut parameters = Vec::new();
        while !self.take_op(")") {
            if !parameters.is_empty() {
                self.need_op(",")?;
                if self.take_op(")") {
                    break;
                }
            }
            let parameter = self.need_name()?;
            let default = if self.take_op("=") { Some(self.expression()?) } else { None };
            parameters.push((parameter, default));
        }
        self.need_close()?;
        let body = self.body_to("endmacro")?;
        self.macros.push(Macro { name, parameters, body });
        Ok(Stmt::Macro(self.macros.len() - 1))
    }

    fn with(&mut self) -> Parsed<Stmt> {
        let mut values = Vec::new();
        while !matches!(self.peek(), Some(Word::Close(_)) | None) {
            if !values.is_empty() {
                self.need_op(",")?;
            }
            let name = self.need_name()?;
            self.need_op("=")?;
            values.push((name, self.expression()?));
        }
        self.need_close()?;
        Ok(Stmt::With(values, self.body_to("endwith")?))
    }
}
