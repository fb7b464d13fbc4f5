//! The unpickler, with stack, marks and memo, but without objects.

use std::collections::HashMap;

use crate::input::{End, Input};
use crate::values::{Memo, Texts, Value};
use crate::walk::{Doubt, Fault, Walk, fault_of};

/// Most values and marks on the stack.
const MAX_STACK: usize = 4 << 20;
/// How deep pickles may be nested by joblib.
pub const MAX_DEPTH: u8 = 4;

/// Where joblib puts the bytes of arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrays {
    /// Nowhere: it is an ordinary pickle.
    None,
    /// After the opcode that finishes the announcement; none was seen yet.
    Between,
    /// There, after a padding whose length is in its first byte.
    Padded,
    /// There, without padding, as before joblib 1.2.
    Bare,
}

/// What a dictionary says about an array of joblib.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// Which of [`FACTS`] are there, a bit each.
    pub there: u8,
    /// Number of elements.
    pub count: Option<u32>,
    /// Bytes of an element; 0: Python objects.
    pub width: Option<u32>,
    /// Whether there is a padding.
    pub padded: Option<bool>,
    /// Whether it has keys that are not known.
    pub unknown: bool,
}

/// Attributes of joblib's announcement of an array, as `write_array` has them.
pub const FACTS: [&[u8]; 6] =
    [b"subclass", b"shape", b"order", b"dtype", b"allow_mmap", b"numpy_array_alignment_bytes"];

/// One unpickler.
#[derive(Debug)]
pub struct Machine<'m, 'i> {
    pub(crate) input: &'m mut Input<'i>,
    pub(crate) walk: &'m mut Walk,
    pub(crate) texts: Texts,
    pub(crate) scratch: Vec<u8>,
    pub(crate) second: Vec<u8>,
    pub(crate) layout: Arrays,
    /// Position of the opcode that is walked.
    pub(crate) at: u64,
    pub(crate) depth: u8,
    /// Whether a type of numbers may be other than its name says.
    pub(crate) odd_types: bool,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Memo,
    facts: HashMap<u32, Facts>,
    dicts: u32,
    frame_end: Option<u64>,
}

impl<'m, 'i> Machine<'m, 'i> {
    /// A fresh unpickler that reads on from `input`.
    pub fn new(input: &'m mut Input<'i>, walk: &'m mut Walk, layout: Arrays) -> Self {
        Self {
            input,
            walk,
            layout,
            texts: Texts::default(),
            scratch: Vec::new(),
            second: Vec::new(),
            at: 0,
            depth: 0,
            odd_types: false,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            facts: HashMap::new(),
            dicts: 0,
            frame_end: None,
        }
    }

    /// Where arrays are, as far as it was seen.
    pub const fn arrays(&self) -> Arrays {
        self.layout
    }

    /// Walks one pickle to its STOP, and gives its value.
    pub fn run(&mut self, depth: u8) -> Result<Value, Fault> {
        self.depth = depth;
        loop {
            self.at = self.input.position();
            let byte = self.read(Input::byte)?;
            if self.at == 0 {
                self.walk.proto = byte == 0x80;
            }
            self.walk.opcodes += 1;
            if byte == b'.' {
                let value = self.pop()?;
                self.end_frame();
                return Ok(value);
            }
            self.step(byte)?;
            self.check_frame();
        }
    }

    /// Leaves the frame if it is at its end; whether none is open then.
    pub(crate) fn check_frame(&mut self) -> bool {
        let Some(end) = self.frame_end else { return true };
        let position = self.input.position();
        if position < end {
            return false;
        }
        if position > end {
            self.doubt("this opcode reaches past the end of its frame");
        }
        self.frame_end = None;
        true
    }

    fn step(&mut self, byte: u8) -> Result<(), Fault> {
        if let Some(value) = self.literal(byte)? {
            return self.push(value);
        }
        if self.arrange(byte)? || self.reach(byte)? {
            return Ok(());
        }
        Err(self.refused(format!("{byte:#04x} is no opcode")))
    }

    /// Opcodes that move values around; whether it was one.
    fn arrange(&mut self, byte: u8) -> Result<bool, Fault> {
        match byte {
            b'(' => {
                if self.marks.len() >= MAX_STACK {
                    return Err(self.gives_up("more than 4,194,304 marks"));
                }
                self.marks.push(self.stack.len());
            }
            b'0' => {
                if self.stack.len() > self.fence() {
                    self.stack.pop();
                } else if self.marks.pop().is_none() {
                    return Err(self.underflow());
                }
            }
            b'1' => {
                let from = self.pop_mark()?;
                self.stack.truncate(from);
            }
            b'2' => self.push(self.top()?)?,
            b't' => self.gather(Self::tuple)?,
            b'l' | 0x91 => self.gather(|_, _| Value::Plain)?,
            b'd' => {
                let from = self.pop_mark()?;
                if (self.stack.len() - from) % 2 == 1 {
                    return Err(self.refused("DICT with a key that has no value".to_owned()));
                }
                self.stack.truncate(from);
                self.push(Value::Plain)?;
            }
            0x85..=0x87 => {
                let count = usize::from(byte - 0x84);
                let from = self.stack.len().checked_sub(count).filter(|at| *at >= self.fence());
                let from = from.ok_or_else(|| self.underflow())?;
                let tuple = self.tuple(&self.stack[from..]);
                self.stack.truncate(from);
                self.push(tuple)?;
            }
            b'a' | b's' | b'e' | b'u' | 0x90 => self.fill(byte)?,
            b'h' => self.get(1)?,
            b'j' => self.get(4)?,
            b'g' => {
                let number = self.line_number();
                if self.memo.count() == 0 && self.walk.pickles == 0 && self.depth == 0 {
                    return Err(self.refused("the memo is empty".to_owned()));
                }
                self.get_number(number?)?;
            }
            b'q' => self.put(1)?,
            b'r' => self.put(4)?,
            b'p' => {
                let top = self.top();
                let number = self.line_number();
                // Without a value both Pythons refuse, whatever the number.
                top?;
                self.put_number(number?)?;
            }
            0x94 => self.put_number(self.memo.count())?,
            0x95 => self.frame()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// APPEND, SETITEM, APPENDS, SETITEMS and ADDITEMS.
    fn fill(&mut self, byte: u8) -> Result<(), Fault> {
        let from = match byte {
            b'a' | b's' => {
                let count = if byte == b'a' { 1 } else { 2 };
                let from = self.stack.len().checked_sub(count).filter(|at| *at >= self.fence());
                from.ok_or_else(|| self.underflow())?
            }
            _ => self.pop_mark()?,
        };
        let target = from.checked_sub(1).filter(|at| *at >= self.fence());
        let target = target.and_then(|at| self.stack.get(at)).copied();
        let target = target.ok_or_else(|| self.underflow())?;
        if matches!(byte, b's' | b'u') {
            if (self.stack.len() - from) % 2 == 1 {
                return Err(self.refused("SETITEMS with a key that has no value".to_owned()));
            }
            if let Value::Dict(dict) = target
                && self.layout != Arrays::None
            {
                self.note_facts(dict, from)?;
            }
        }
        self.changes(target, "an opcode that fills a container");
        self.stack.truncate(from);
        Ok(())
    }

    /// Notes what is put into a dictionary, if it may announce an array.
    fn note_facts(&mut self, dict: u32, from: usize) -> Result<(), Fault> {
        for pair in from..from + (self.stack.len() - from) / 2 {
            let at = from + (pair - from) * 2;
            let (key, value) = (self.stack[at], self.stack[at + 1]);
            let known = match key {
                Value::Text(text) => {
                    FACTS.iter().position(|fact| *fact == self.texts.get(text)).map(Some)
                }
                _ => Some(None),
            };
            // A text that is none of the attributes changes nothing.
            let Some(known) = known else { continue };
            if !self.facts.contains_key(&dict) && self.facts.len() >= MAX_STACK {
                return Err(self.gives_up("more than 4,194,304 announced arrays"));
            }
            let facts = self.facts.entry(dict).or_default();
            let Some(known) = known else {
                facts.unknown = true;
                continue;
            };
            facts.there |= 1 << known;
            match (known, value) {
                (1, Value::Shape(count)) => facts.count = Some(count),
                (1, _) => facts.count = None,
                (3, Value::Dtype(width)) => facts.width = Some(width),
                (3, _) => facts.width = None,
                (5, Value::Nothing) => facts.padded = Some(false),
                (5, _) => facts.padded = Some(true),
                _ => {}
            }
        }
        Ok(())
    }

    /// What a dictionary says about an array.
    pub(crate) fn facts(&self, dict: u32) -> Facts {
        self.facts.get(&dict).copied().unwrap_or_default()
    }

    /// An empty dictionary.
    pub(crate) fn dict(&mut self) -> Value {
        self.dicts = self.dicts.saturating_add(1);
        // The last number is shared by all that follow, and so is said to be unknown.
        if self.dicts == u32::MAX {
            self.facts.insert(u32::MAX, Facts { unknown: true, ..Facts::default() });
        }
        Value::Dict(self.dicts)
    }

    fn tuple(&self, items: &[Value]) -> Value {
        match items.first() {
            None => Value::Shape(1),
            Some(Value::Number(3 | 4)) if items.len() == 8 => match (&items[2..5], items[7]) {
                ([Value::Nothing, Value::Nothing, Value::Nothing], Value::Number(flags)) => {
                    Value::DtypeState(flags)
                }
                _ => Value::Plain,
            },
            Some(Value::Number(_)) => {
                let mut product = 1_u32;
                for item in items {
                    let Value::Number(length) = item else { return Value::Plain };
                    let Some(longer) = product.checked_mul(*length) else { return Value::Plain };
                    product = longer;
                }
                Value::Shape(product)
            }
            Some(Value::Text(first)) => {
                let storage = self.texts.get(*first) == b"storage"
                    && matches!(items.len(), 5 | 6)
                    && matches!(items[1], Value::Global(place) if self.is_storage(place));
                if storage { Value::StorageTuple } else { Value::TextTuple(*first) }
            }
            Some(_) => Value::Plain,
        }
    }

    fn is_storage(&self, place: u32) -> bool {
        let global = self.walk.globals.get(place as usize);
        global.is_some_and(|global| crate::allow::is_storage(&global.module, &global.name))
    }

    /// Replaces everything above the last mark by one value.
    fn gather(&mut self, make: impl Fn(&Self, &[Value]) -> Value) -> Result<(), Fault> {
        let from = self.pop_mark()?;
        let value = make(self, &self.stack[from..]);
        self.stack.truncate(from);
        self.push(value)
    }

    fn frame(&mut self) -> Result<(), Fault> {
        let length = self.read(|input| input.number(8))?;
        if i64::try_from(length).is_err() {
            return Err(self.refused(format!("a frame of {length} bytes")));
        }
        if self.frame_end.is_some() {
            self.doubt("a frame begins inside another");
        }
        self.frame_end = Some(self.input.position().saturating_add(length));
        Ok(())
    }

    fn end_frame(&mut self) {
        if let Some(end) = self.frame_end.take() {
            let ended = self.input.position();
            if end != ended {
                self.doubt(format!("the frame ends at byte {end}, but the pickle at {ended}"));
            }
        }
    }

    fn get(&mut self, width: u8) -> Result<(), Fault> {
        let number = self.read(|input| input.number(width))?;
        self.get_number(number)
    }

    fn get_number(&mut self, number: u64) -> Result<(), Fault> {
        match self.memo.get(number) {
            Some(value) => self.push(value),
            // The memo of an earlier pickle may still be there.
            None if self.walk.pickles > 0 || self.depth > 0 => {
                Err(self.unsure(format!("memo entry {number} is of another pickle")))
            }
            None => Err(self.refused(format!("memo entry {number} is not there"))),
        }
    }

    fn put(&mut self, width: u8) -> Result<(), Fault> {
        let number = self.read(|input| input.number(width))?;
        self.put_number(number)
    }

    fn put_number(&mut self, number: u64) -> Result<(), Fault> {
        let value = self.top()?;
        if self.memo.put(number, value) {
            Ok(())
        } else {
            Err(self.gives_up("more than 8,388,608 memo entries"))
        }
    }

    /// The first value above the last mark; the mark goes.
    pub(crate) fn pop_mark(&mut self) -> Result<usize, Fault> {
        self.marks.pop().ok_or_else(|| self.refused("there is no mark".to_owned()))
    }

    /// Takes everything from `from` on off the stack, and gives the first of it.
    pub(crate) fn cut(&mut self, from: usize) -> Option<Value> {
        let first = self.stack.get(from).copied();
        self.stack.truncate(from);
        first
    }

    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(crate) fn push(&mut self, value: Value) -> Result<(), Fault> {
        if self.stack.len() >= MAX_STACK {
            return Err(self.gives_up("more than 4,194,304 values on the stack"));
        }
        self.stack.push(value);
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Result<Value, Fault> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    pub(crate) fn top(&self) -> Result<Value, Fault> {
        if self.stack.len() <= self.fence() {
            return Err(self.underflow());
        }
        self.stack.last().copied().ok_or_else(|| self.underflow())
    }

    pub(crate) fn read<T>(
        &mut self,
        read: impl FnOnce(&mut Input<'i>) -> Result<T, End>,
    ) -> Result<T, Fault> {
        read(self.input).map_err(|end| fault_of(end, self.at))
    }

    pub(crate) fn doubt(&mut self, reason: impl Into<String>) {
        self.walk.doubt(self.at, reason);
    }

    /// Python refuses it too.
    pub(crate) fn refused(&self, reason: String) -> Fault {
        Fault { doubt: Doubt { position: self.at, reason }, sure: true, eof: false }
    }

    /// Python may go on.
    pub(crate) fn unsure(&self, reason: String) -> Fault {
        Fault { doubt: Doubt { position: self.at, reason }, sure: false, eof: false }
    }

    fn gives_up(&self, limit: &str) -> Fault {
        self.unsure(format!("{limit}; the walk ends here"))
    }

    fn underflow(&self) -> Fault {
        self.refused("the stack has too few values".to_owned())
    }
}
