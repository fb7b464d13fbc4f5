//! Expressions.

use std::rc::Rc;

use super::Fault;
use super::ast::{Args, Expr};
use super::lex::Word;
use super::parse::{Parser, syntax};

type Parsed<T> = Result<T, Fault>;

/// Most operators, filters and calls of one tag that make its tree deeper.
const MAX_LINKS: usize = 500;

impl Parser {
    /// An expression, or several with commas between them.
    pub(super) fn tuple(&mut self) -> Parsed<Expr> {
        let first = self.expression()?;
        self.tuple_after(first, Self::expression)
    }

    /// The same, without a condition after it, which a loop takes for itself.
    pub(super) fn tuple_without_condition(&mut self) -> Parsed<Expr> {
        let first = self.deeper(Self::or)?;
        self.tuple_after(first, |parser| parser.deeper(Self::or))
    }

    fn tuple_after(
        &mut self,
        first: Expr,
        one: impl Fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.take_op(",") {
            if matches!(self.peek(), Some(Word::Close(_) | Word::Op(")" | "=")) | None) {
                break;
            }
            items.push(one(self)?);
        }
        Ok(Expr::List(items, true))
    }

    /// One expression, with its condition.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| {
            let mut expr = parser.or()?;
            while parser.take_name("if") {
                parser.link()?;
                let whether = parser.or()?;
                let otherwise = if parser.take_name("else") {
                    Some(Box::new(parser.expression()?))
                } else {
                    None
                };
                expr = Expr::If(Box::new(expr), Box::new(whether), otherwise);
            }
            Ok(expr)
        })
    }

    /// Chains make trees as deep as they are long, so they have an end.
    fn link(&mut self) -> Parsed<()> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return syntax(format!("a tag has more than {MAX_LINKS} operators"));
        }
        Ok(())
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.take_name("or") {
            self.link()?;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.not()?;
        while self.take_name("and") {
            self.link()?;
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed<Expr> {
        if self.take_name("not") {
            return self.deeper(|parser| Ok(Expr::Not(Box::new(parser.not()?))));
        }
        self.compare()
    }

    fn compare(&mut self) -> Parsed<Expr> {
        let first = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let operator = match self.peek() {
                Some(Word::Op(op @ ("==" | "!=" | "<" | "<=" | ">" | ">="))) => *op,
                Some(Word::Name(name)) if &**name == "in" => "in",
                Some(Word::Name(name))
                    if &**name == "not"
                        && matches!(self.peek_after(), Some(Word::Name(n)) if &**n == "in") =>
                {
                    self.next();
                    "not in"
                }
                _ => break,
            };
            self.next();
            rest.push((operator, self.sum()?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Compare(Box::new(first), rest) })
    }

    fn sum(&mut self) -> Parsed<Expr> {
        self.chain(&["+", "-"], |parser| parser.chain(&["~"], Self::product))
    }

    fn product(&mut self) -> Parsed<Expr> {
        self.chain(&["*", "/", "//", "%"], |parser| {
            parser.chain(&["**"], |parser| parser.unary(true))
        })
    }

    fn chain(
        &mut self,
        operators: &[&'static str],
        part: impl Fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let mut left = part(self)?;
        while let Some(operator) = operators.iter().find(|operator| self.is_op(operator)) {
            self.next();
            self.link()?;
            left = Expr::Math(operator, Box::new(left), Box::new(part(self)?));
        }
        Ok(left)
    }

    fn unary(&mut self, filters: bool) -> Parsed<Expr> {
        let mut expr = if self.take_op("-") {
            Expr::Negate(Box::new(self.deeper(|parser| parser.unary(false))?))
        } else if self.take_op("+") {
            self.deeper(|parser| parser.unary(false))?
        } else {
            self.primary()?
        };
        loop {
            if matches!(self.peek(), Some(Word::Op("." | "[" | "("))) {
                expr = self.postfix(expr)?;
            } else if filters && self.take_op("|") {
                let (name, args) = self.filter()?;
                expr = Expr::Filter(Box::new(expr), name, args);
            } else if filters && self.take_name("is") {
                expr = self.test(expr)?;
            } else {
                return Ok(expr);
            }
            self.link()?;
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        Ok(match self.next() {
            Some(Word::Name(name)) => match &*name {
                "true" | "True" => Expr::Bool(true),
                "false" | "False" => Expr::Bool(false),
                "none" | "None" => Expr::None,
                _ => Expr::Name(name),
            },
            Some(Word::Str(text)) => {
                if !matches!(self.peek(), Some(Word::Str(_))) {
                    return Ok(Expr::Str(text));
                }
                let mut whole = text.to_string();
                while let Some(Word::Str(more)) = self.peek() {
                    whole.push_str(more);
                    self.next();
                }
                Expr::Str(whole.into())
            }
            Some(Word::Int(number)) => Expr::Int(number),
            Some(Word::Float(number)) => Expr::Float(number),
            Some(Word::Op("(")) => {
                if self.take_op(")") {
                    return Ok(Expr::List(Vec::new(), true));
                }
                let inside = self.tuple()?;
                self.need_op(")")?;
                inside
            }
            Some(Word::Op("[")) => Expr::List(self.items("]")?, false),
            Some(Word::Op("{")) => self.dict()?,
            _ => {
                return syntax("an expression is missing");
            }
        })
    }

    fn items(&mut self, end: &str) -> Parsed<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.take_op(end) {
            if !items.is_empty() {
                self.need_op(",")?;
                if self.take_op(end) {
                    break;
                }
            }
            items.push(self.expression()?);
        }
        Ok(items)
    }

    fn dict(&mut self) -> Parsed<Expr> {
        let mut items = Vec::new();
        while !self.take_op("}") {
            if !items.is_empty() {
                self.need_op(",")?;
                if self.take_op("}") {
                    break;
                }
            }
            let key = self.expression()?;
            self.need_op(":")?;
            items.push((key, self.expression()?));
        }
        Ok(Expr::Dict(items))
    }

    fn postfix(&mut self, of: Expr) -> Parsed<Expr> {
        match self.next() {
            Some(Word::Op(".")) => match self.next() {
                Some(Word::Name(name)) => Ok(Expr::Attr(Box::new(of), name)),
                Some(Word::Int(number)) => {
                    Ok(Expr::Item(Box::new(of), Box::new(Expr::Int(number))))
                }
                _ => syntax("a name is missing after `.`"),
            },
            Some(Word::Op("[")) => self.subscript(of),
            _ => Ok(Expr::Call(Box::new(of), self.args()?)),
        }
    }

    fn subscript(&mut self, of: Expr) -> Parsed<Expr> {
        let mut parts: [Option<Expr>; 3] = [None, None, None];
        let mut colons = 0;
        loop {
            if self.take_op("]") {
                break;
            }
            if self.take_op(":") {
                colons += 1;
                if colons > 2 {
                    return syntax("a slice has three parts");
                }
            } else if parts[colons].is_none() {
                parts[colons] = Some(self.expression()?);
            } else {
                return syntax(format!("`]` is missing before {}", self.here()));
            }
        }
        let [first, ..] = &mut parts;
        match (colons, first.take()) {
            (0, Some(item)) => Ok(Expr::Item(Box::new(of), Box::new(item))),
            (0, None) => syntax("a subscript is empty"),
            (_, item) => {
                parts[0] = item;
                Ok(Expr::Slice(Box::new(of), Box::new(parts)))
            }
        }
    }

    /// Arguments after their bracket.
    fn args(&mut self) -> Parsed<Args> {
        let mut args = Args::default();
        while !self.take_op(")") {
            if !args.plain.is_empty() || !args.named.is_empty() {
                self.need_op(",")?;
                if self.take_op(")") {
                    break;
                }
            }
            if self.is_op("*") || self.is_op("**") {
                return Err(Fault::Unsupported("arguments by `*`".to_owned()));
            }
            let named = matches!(self.peek(), Some(Word::Name(_)))
                && matches!(self.peek_after(), Some(Word::Op("=")));
            if named {
                let name = self.need_name()?;
                self.next();
                args.named.push((name, self.expression()?));
            } else {
                args.plain.push(self.expression()?);
            }
        }
        Ok(args)
    }

    /// A filter after its `|`.
    pub(super) fn filter(&mut self) -> Parsed<(Rc<str>, Args)> {
        let name = self.need_name()?;
        let args = if self.take_op("(") { self.args()? } else { Args::default() };
        Ok((name, args))
    }

    /// A test after `is`.
    fn test(&mut self, of: Expr) -> Parsed<Expr> {
        let negated = self.take_name("not");
        let name = self.need_name()?;
        let argument = match self.peek() {
            Some(Word::Name(name)) => {
                !matches!(&**name, "else" | "or" | "and" | "is" | "if" | "in" | "not" | "recursive")
            }
            Some(Word::Str(_) | Word::Int(_) | Word::Float(_) | Word::Op("[" | "{")) => true,
            _ => false,
        };
        let args = if self.take_op("(") {
            self.args()?
        } else if argument {
            let plain = vec![self.deeper(|parser| parser.unary(false))?];
            Args { plain, named: Vec::new() }
        } else {
            Args::default()
        };
        let test = Expr::Test(Box::new(of), name, args);
        Ok(if negated { Expr::Not(Box::new(test)) } else { test })
    }
}
