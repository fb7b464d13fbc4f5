//! Opcodes that reach for something outside of the pickle: globals, calls, extensions,
//! persistent ids, buffers.

use crate::allow;
use crate::input::Input;
use crate::machine::{Arrays, FACTS, MAX_DEPTH, Machine};
use crate::report::shown;
use crate::values::{MAX_TEXT, Value};
use crate::walk::{Fault, is_plausible};

impl Machine<'_, '_> {
    /// Walks such an opcode; whether it was one.
    pub(crate) fn reach(&mut self, byte: u8) -> Result<bool, Fault> {
        match byte {
            // PROTO, whose argument was read.
            0x80 => {}
            b'c' => {
                let global = self.lines_global()?;
                self.push(global)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let global = self.stack_global(module, name)?;
                self.push(global)?;
            }
            b'R' => {
                let (args, function) = (self.pop()?, self.pop()?);
                let made = self.call(function, "REDUCE", args)?;
                self.push(made)?;
            }
            0x81 => {
                let (args, class) = (self.pop()?, self.pop()?);
                let made = self.call(class, "NEWOBJ", args)?;
                self.push(made)?;
            }
            0x92 => {
                self.pop()?;
                let (args, class) = (self.pop()?, self.pop()?);
                let made = self.call(class, "NEWOBJ_EX", args)?;
                self.push(made)?;
            }
            b'o' => {
                let from = self.pop_mark()?;
                let class = self.cut(from);
                let class = class.ok_or_else(|| self.refused("OBJ without a class".to_owned()))?;
                let made = self.call(class, "OBJ", Value::Plain)?;
                self.push(made)?;
            }
            b'i' => {
                let class = self.lines_global()?;
                let from = self.pop_mark()?;
                self.cut(from);
                let made = self.call(class, "INST", Value::Plain)?;
                self.push(made)?;
            }
            b'b' => self.build()?,
            0x82..=0x84 => self.extension(byte)?,
            b'P' => {
                self.line(0)?;
                self.doubt("PERSID: what it loads is up to the program");
                self.push(Value::Foreign)?;
            }
            b'Q' => self.persistent()?,
            0x97 => {
                self.doubt("NEXT_BUFFER: an object from outside of the file");
                self.push(Value::Foreign)?;
            }
            0x98 => {
                self.top()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// GLOBAL and INST: module and name in two lines. Where the bytes end in one of them
    /// `Lib/pickle.py` still imports what is there.
    fn lines_global(&mut self) -> Result<Value, Fault> {
        let mut module = std::mem::take(&mut self.second);
        let first = self.read(|input| input.line(MAX_TEXT, &mut module));
        let cut = matches!(&first, Err(fault) if fault.eof);
        self.scratch.clear();
        let second = if cut { Ok(0) } else { self.line(MAX_TEXT) };
        let name = std::mem::take(&mut self.scratch);
        let global = match (first, second) {
            (Err(fault), _) | (_, Err(fault)) => {
                let texts = [&module, &name].map(|text| String::from_utf8_lossy(text));
                self.walk.cut_global |= texts.iter().all(|text| is_plausible(text));
                let [module, name] = texts.map(|text| shown(&text));
                self.doubt(format!("the bytes end in the middle of a global: {module} {name}"));
                Err(fault)
            }
            (Ok(first), Ok(second)) if first.max(second) > MAX_TEXT as u64 => {
                self.doubt(format!("a global whose name has {} bytes", first.max(second)));
                Ok(Value::Foreign)
            }
            _ => match (std::str::from_utf8(&module), std::str::from_utf8(&name)) {
                (Ok(""), _) => Err(self.refused("a global without a module".to_owned())),
                (Ok(module), Ok(name)) => self.named(module, name),
                _ => Err(self.refused("a global whose name is not UTF-8".to_owned())),
            },
        };
        (self.second, self.scratch) = (module, name);
        global
    }

    fn stack_global(&mut self, module: Value, name: Value) -> Result<Value, Fault> {
        if let (Value::Text(module), Value::Text(name)) = (module, name) {
            let texts = [module, name].map(|text| std::str::from_utf8(self.texts.get(text)));
            if let [Ok(module), Ok(name)] = texts {
                let (module, name) = (module.to_owned(), name.to_owned());
                return self.named(&module, &name);
            }
        }
        if !self.may_be_text(module) || !self.may_be_text(name) {
            return Err(self.refused("STACK_GLOBAL with a name that is no text".to_owned()));
        }
        self.doubt("STACK_GLOBAL: a global whose name is not written out, so it may be any");
        Ok(Value::Foreign)
    }

    /// Whether a value may be a text. What the list allows is never one itself.
    fn may_be_text(&self, value: Value) -> bool {
        match value {
            Value::Global(place) => {
                self.walk.globals.get(place as usize).is_none_or(|global| !global.allowed)
            }
            Value::Text(_) | Value::LostText | Value::Made(_) | Value::Foreign => true,
            _ => false,
        }
    }

    fn named(&mut self, module: &str, name: &str) -> Result<Value, Fault> {
        match self.walk.name(module, name, self.at) {
            Some(place) => Ok(Value::Global(place)),
            None => Err(self.unsure("more than 10,000 globals; the walk ends here".to_owned())),
        }
    }

    fn call(&mut self, function: Value, how: &'static str, args: Value) -> Result<Value, Fault> {
        match function {
            Value::Global(place) => {
                self.walk.call(place, how);
                Ok(self.made(place, args))
            }
            Value::Foreign => {
                (self.walk.calls_code, self.walk.calls_unnamed) = (true, true);
                self.doubt(format!("{how} calls something without a name"));
                Ok(Value::Foreign)
            }
            Value::Made(place) => {
                (self.walk.calls_code, self.walk.calls_unnamed) = (true, true);
                let name = self.name_of(place);
                self.doubt(format!("{how} calls what {name} gave"));
                Ok(Value::Foreign)
            }
            _ => Err(self.refused(format!("{how} calls something that cannot be called"))),
        }
    }

    /// What a call gives.
    fn made(&self, place: u32, args: Value) -> Value {
        let dtype = self
            .walk
            .globals
            .get(place as usize)
            .is_some_and(|global| global.module == "numpy" && global.name == "dtype");
        match args {
            Value::TextTuple(code) if dtype => width(self.texts.get(code)),
            _ => None,
        }
        .map_or(Value::Made(place), Value::Dtype)
    }

    fn name_of(&self, place: u32) -> String {
        let global = self.walk.globals.get(place as usize);
        global.map(|global| format!("{}.{}", global.module, global.name)).unwrap_or_default()
    }

    fn build(&mut self) -> Result<(), Fault> {
        let state = self.pop()?;
        let object = self.top()?;
        self.changes(object, "BUILD");
        if let Value::Dtype(width) = object {
            // Bit 0 of the flags says that the elements are objects, whatever the name;
            // 63 are the flags of the type of objects.
            let flags = if width == 0 { 63 } else { 0 };
            self.odd_types |= state != Value::DtypeState(flags);
        }
        let Value::Made(place) = object else { return Ok(()) };
        let global = self.walk.globals.get(place as usize);
        let array =
            global.is_some_and(|global| (&*global.module, &*global.name) == allow::JOBLIB_ARRAY);
        if array {
            self.walk.joblib = true;
            if self.layout != Arrays::None {
                return self.array(state);
            }
        }
        Ok(())
    }

    /// Passes over the bytes of an array of joblib. Source: `NumpyArrayWrapper` in
    /// `joblib/numpy_pickle.py`.
    fn array(&mut self, state: Value) -> Result<(), Fault> {
        let unknown = || "an array of joblib whose number of bytes is not plain".to_owned();
        let Value::Dict(dict) = state else { return Err(self.unsure(unknown())) };
        let facts = self.facts(dict);
        // Everything but the last must be there, so that nothing is left of an earlier
        // announcement; the last must be there always or never.
        let needed = (1 << (FACTS.len() - 1)) - 1;
        let layout = match facts.padded {
            Some(true) => Arrays::Padded,
            Some(false) | None => Arrays::Bare,
        };
        let same = self.layout == Arrays::Between || self.layout == layout;
        let (Some(count), Some(width)) = (facts.count, facts.width) else {
            return Err(self.unsure(unknown()));
        };
        if self.odd_types || facts.unknown || facts.there & needed != needed || !same {
            return Err(self.unsure(unknown()));
        }
        if !self.check_frame() {
            return Err(self.unsure("an array of joblib begins inside of a frame".to_owned()));
        }
        self.layout = layout;
        if width == 0 {
            if self.depth >= MAX_DEPTH {
                return Err(self.unsure("arrays of objects nested too deep".to_owned()));
            }
            let depth = self.depth + 1;
            Machine::new(self.input, self.walk, Arrays::None).run(depth)?;
            return Ok(());
        }
        if layout == Arrays::Padded {
            let padding = self.read(Input::byte)?;
            self.pass(u64::from(padding))?;
        }
        self.pass(u64::from(count) * u64::from(width))
    }

    fn pass(&mut self, count: u64) -> Result<(), Fault> {
        let mut kept = std::mem::take(&mut self.scratch);
        let passed = self.read(|input| input.take(count, 0, &mut kept));
        self.scratch = kept;
        passed
    }

    /// Notes that an opcode changes a value, which is no pickle's business if the value
    /// is a global.
    pub(crate) fn changes(&mut self, target: Value, how: &str) {
        match target {
            Value::Global(place) => {
                let name = self.name_of(place);
                self.doubt(format!("{how} changes {name} itself"));
            }
            Value::Foreign => self.doubt(format!("{how} changes something without a name")),
            _ => {}
        }
    }

    fn extension(&mut self, byte: u8) -> Result<(), Fault> {
        let width = 1 << (byte - 0x82);
        let code = self.read(|input| input.number(width))?;
        if code == 0 || code > i32::MAX.unsigned_abs().into() {
            return Err(self.refused(format!("extension code {code}")));
        }
        self.doubt(format!(
            "extension code {code}: which global it names depends on the program that loads it"
        ));
        self.push(Value::Foreign)
    }

    /// BINPERSID.
    fn persistent(&mut self) -> Result<(), Fault> {
        if self.pop()? == Value::StorageTuple {
            return self.push(Value::Plain);
        }
        self.doubt(
            "BINPERSID: not the way PyTorch names a storage; what it loads is up to the program",
        );
        self.push(Value::Foreign)
    }
}

/// Bytes per element of a plain type of numpy; 0 for Python objects. None where the
/// type's state may change the width: texts, bytes and structures.
fn width(code: &[u8]) -> Option<u32> {
    let code = code.strip_prefix(b"<").or_else(|| code.strip_prefix(b"|")).unwrap_or(code);
    Some(match code {
        b"O8" | b"O4" | b"O" => 0,
        b"b1" | b"i1" | b"u1" => 1,
        b"i2" | b"u2" | b"f2" => 2,
        b"i4" | b"u4" | b"f4" => 4,
        b"i8" | b"u8" | b"f8" | b"c8" => 8,
        b"c16" => 16,
        _ => return None,
    })
}
