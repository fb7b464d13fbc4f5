//! Pre-authentication encoding of the Dead Simple Signing Envelope.
//!
//! Source: DSSE v1.0.0, `protocol.md` (github.com/secure-systems-lab/dsse).

/// Payload type of in-toto statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The bytes that are signed for a payload of the given type.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut message = Vec::with_capacity(head.len() + payload.len());
    message.extend_from_slice(head.as_bytes());
    message.extend_from_slice(payload);
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::pae;

    #[test]
    fn the_published_example_is_met() {
        // Test vector of the DSSE protocol document.
        let message = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    }

    proptest! {
        #[test]
        fn different_inputs_never_meet(
            one in ("[ -~]{0,12}", "[ -~]{0,12}"), other in ("[ -~]{0,12}", "[ -~]{0,12}"),
        ) {
            let same = pae(&one.0, one.1.as_bytes()) == pae(&other.0, other.1.as_bytes());
            prop_assert_eq!(same, one == other);
        }
    }
}
