//! Recognising ONNX models.
//!
//! A file is one protobuf `ModelProto`; only its first fields are walked, up to
//! the graph. Source: `onnx.proto` of the ONNX project.

/// What the first fields say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Version of the intermediate representation.
    pub ir_version: u64,
    /// Tool that wrote it.
    pub producer: Option<String>,
}

/// Highest plausible `ir_version`; the format is at 13 after ten years.
const MAX_IR_VERSION: u64 = 100;
/// Fields looked at before giving up.
const MAX_FIELDS: usize = 64;

/// Recognises the start of a file of `size` bytes.
pub fn recognise(head: &[u8], size: u64) -> Option<Model> {
    let mut at = 0;
    let mut model: Option<Model> = None;
    for _ in 0..MAX_FIELDS {
        let tag = varint(head, &mut at)?;
        let (field, wire) = (tag >> 3, tag & 7);
        match (field, wire, &mut model) {
            (1, 0, None) => {
                let ir_version = varint(head, &mut at)?;
                if !(1..=MAX_IR_VERSION).contains(&ir_version) {
                    return None;
                }
                model = Some(Model { ir_version, producer: None });
            }
            (5, 0, Some(_)) => {
                varint(head, &mut at)?;
            }
            (7, 2, Some(_)) => {
                let length = varint(head, &mut at)?;
                let end = length.checked_add(at as u64)?;
                return (length > 0 && end <= size).then_some(model).flatten();
            }
            (2 | 3 | 4 | 6 | 8 | 14 | 20 | 25, 2, Some(model)) => {
                let length = usize::try_from(varint(head, &mut at)?).ok()?;
                let value = head.get(at..at.checked_add(length)?)?;
                at += length;
                if field == 2 {
                    model.producer = Some(std::str::from_utf8(value).ok()?.to_owned());
                }
            }
            _ => return None,
        }
    }
    None
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Model, recognise};

    const START: &[u8] = &[0x08, 9, 0x12, 7, b'p', b'y', b't', b'o', b'r', b'c', b'h'];

    #[test]
    fn a_model_is_recognised_by_its_first_fields() {
        let head = [START, &[0x42, 2, 0x10, 17, 0x3a, 0x80, 0x10, 1, 2, 3]].concat();
        let expected = Model { ir_version: 9, producer: Some("pytorch".to_owned()) };
        assert_eq!(recognise(&head, 5000), Some(expected));
        assert_eq!(recognise(&head, 100), None, "the graph would end after the file");
    }

    #[test]
    fn other_bytes_are_not_a_model() {
        let others: [&[u8]; 6] = [
            b"",
            START,
            &[0x08, 0, 0x3a, 1, 0],
            &[0x3a, 1, 0, 0x08, 9],
            &[0x08, 9, 0x08, 9, 0x3a, 1, 0],
            &[0x08, 9, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ];
        for other in others {
            assert_eq!(recognise(other, 1 << 20), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>, size: u64) {
            let _ = recognise(&bytes, size);
            let _ = recognise(&[START, &bytes[..]].concat(), size);
        }
    }
}
