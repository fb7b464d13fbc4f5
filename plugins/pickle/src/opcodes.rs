//! The opcodes of pickles, protocols 0 to 5.
//!
//! Source: `Lib/pickletools.py` and `Lib/pickle.py` of `CPython`.

/// What follows an opcode in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// So many bytes.
    Fixed(u8),
    /// A text up to the next line feed.
    Line,
    /// Two texts, each up to a line feed.
    TwoLines,
    /// A length in so many bytes, little-endian, and that many bytes.
    Counted(u8),
    /// As `Counted(4)`, but the length is signed and must not be negative.
    CountedSigned,
}

/// An opcode: its name in `pickletools`, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opcode {
    /// Name in `pickletools`.
    pub name: &'static str,
    /// What follows.
    pub argument: Argument,
}

/// The opcode with this byte; none if no protocol knows it.
#[allow(clippy::too_many_lines)]
pub const fn opcode(byte: u8) -> Option<Opcode> {
    use Argument::{Counted, CountedSigned, Fixed, Line, None as Nothing, TwoLines};
    let (name, argument) = match byte {
        b'I' => ("INT", Line),
        b'J' => ("BININT", Fixed(4)),
        b'K' => ("BININT1", Fixed(1)),
        b'M' => ("BININT2", Fixed(2)),
        b'L' => ("LONG", Line),
        0x8a => ("LONG1", Counted(1)),
        0x8b => ("LONG4", CountedSigned),
        b'S' => ("STRING", Line),
        b'T' => ("BINSTRING", CountedSigned),
        b'U' => ("SHORT_BINSTRING", Counted(1)),
        b'B' => ("BINBYTES", Counted(4)),
        b'C' => ("SHORT_BINBYTES", Counted(1)),
        0x8e => ("BINBYTES8", Counted(8)),
        0x96 => ("BYTEARRAY8", Counted(8)),
        0x97 => ("NEXT_BUFFER", Nothing),
        0x98 => ("READONLY_BUFFER", Nothing),
        b'N' => ("NONE", Nothing),
        0x88 => ("NEWTRUE", Nothing),
        0x89 => ("NEWFALSE", Nothing),
        b'V' => ("UNICODE", Line),
        0x8c => ("SHORT_BINUNICODE", Counted(1)),
        b'X' => ("BINUNICODE", Counted(4)),
        0x8d => ("BINUNICODE8", Counted(8)),
        b'F' => ("FLOAT", Line),
        b'G' => ("BINFLOAT", Fixed(8)),
        b']' => ("EMPTY_LIST", Nothing),
        b'a' => ("APPEND", Nothing),
        b'e' => ("APPENDS", Nothing),
        b'l' => ("LIST", Nothing),
        b')' => ("EMPTY_TUPLE", Nothing),
        b't' => ("TUPLE", Nothing),
        0x85 => ("TUPLE1", Nothing),
        0x86 => ("TUPLE2", Nothing),
        0x87 => ("TUPLE3", Nothing),
        b'}' => ("EMPTY_DICT", Nothing),
        b'd' => ("DICT", Nothing),
        b's' => ("SETITEM", Nothing),
        b'u' => ("SETITEMS", Nothing),
        0x8f => ("EMPTY_SET", Nothing),
        0x90 => ("ADDITEMS", Nothing),
        0x91 => ("FROZENSET", Nothing),
        b'0' => ("POP", Nothing),
        b'2' => ("DUP", Nothing),
        b'(' => ("MARK", Nothing),
        b'1' => ("POP_MARK", Nothing),
        b'g' => ("GET", Line),
        b'h' => ("BINGET", Fixed(1)),
        b'j' => ("LONG_BINGET", Fixed(4)),
        b'p' => ("PUT", Line),
        b'q' => ("BINPUT", Fixed(1)),
        b'r' => ("LONG_BINPUT", Fixed(4)),
        0x94 => ("MEMOIZE", Nothing),
        0x82 => ("EXT1", Fixed(1)),
        0x83 => ("EXT2", Fixed(2)),
        0x84 => ("EXT4", Fixed(4)),
        b'c' => ("GLOBAL", TwoLines),
        0x93 => ("STACK_GLOBAL", Nothing),
        b'R' => ("REDUCE", Nothing),
        b'b' => ("BUILD", Nothing),
        b'i' => ("INST", TwoLines),
        b'o' => ("OBJ", Nothing),
        0x81 => ("NEWOBJ", Nothing),
        0x92 => ("NEWOBJ_EX", Nothing),
        0x80 => ("PROTO", Fixed(1)),
        b'.' => ("STOP", Nothing),
        0x95 => ("FRAME", Fixed(8)),
        b'P' => ("PERSID", Line),
        b'Q' => ("BINPERSID", Nothing),
        _ => return None,
    };
    Some(Opcode { name, argument })
}

#[cfg(test)]
mod tests {
    use super::opcode;

    #[test]
    fn every_opcode_of_pickletools_is_known_and_no_other() {
        // The codes of `pickletools.opcodes` of CPython 3.11, in the order of their bytes.
        let codes: &[u8] = b"()012BCFGIJKLMNPQRSTUVX]abcdeghijlopqrstu}.\x80\x81\x82\x83\x84\x85\
            \x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98";
        for byte in 0..=u8::MAX {
            assert_eq!(opcode(byte).is_some(), codes.contains(&byte), "{byte:#04x}");
        }
        assert_eq!(codes.len(), 68);
    }
}
