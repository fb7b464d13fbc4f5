//! URIs of keys in tokens (RFC 7512): `pkcs11:token=release;object=key`.

use std::collections::BTreeSet;
use std::fmt;

use zeroize::Zeroizing;

use super::hexadecimal;
use crate::finding::{Code, Problem, Result};

/// What URIs begin with.
pub const SCHEME: &str = "pkcs11:";

/// Longest URI that is read, in bytes.
const MAX_SIZE: usize = 4096;

/// Punctuation that attributes may hold as it is (RFC 7512, section 2.3).
const PLAIN: &str = "-._~:[]@!$'()*+,=";
/// The same for the part before the question mark, and after it.
const PATH_PLAIN: &str = "&";
/// See [`PATH_PLAIN`].
const QUERY_PLAIN: &str = "/?|";

/// A URI, taken apart. Attributes that it does not have fit everything.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pkcs11Uri {
    /// Label of the token.
    pub token: Option<String>,
    /// Manufacturer of the token.
    pub manufacturer: Option<String>,
    /// Serial number of the token.
    pub serial: Option<String>,
    /// Model of the token.
    pub model: Option<String>,
    /// Manufacturer of the module.
    pub library_manufacturer: Option<String>,
    /// Description of the module.
    pub library_description: Option<String>,
    /// Version of the module, major and minor.
    pub library_version: Option<(u8, u8)>,
    /// Label of the key.
    pub object: Option<String>,
    /// Identifier of the key.
    pub id: Option<Vec<u8>>,
    /// Number of the slot that the token is in.
    pub slot_id: Option<u64>,
    /// Description of that slot.
    pub slot_description: Option<String>,
    /// Manufacturer of that slot.
    pub slot_manufacturer: Option<String>,
    /// Where the PIN is kept: a path, or a `file:` URI.
    pub pin_source: Option<String>,
    /// The PIN itself.
    pub pin_value: Option<Zeroizing<String>>,
    /// Name of the module, without `lib` and the extension.
    pub module_name: Option<String>,
    /// Path of the module.
    pub module_path: Option<String>,
}

impl fmt::Debug for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Uri")
            .field("token", &self.token)
            .field("object", &self.object)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A URI as it may be shown: without what follows the question mark, where the
/// PIN can be, and without a PIN that was put in front of it by mistake.
pub fn shown(uri: &str) -> &str {
    let path = uri.split('?').next().unwrap_or_default();
    path.split("pin-value").next().unwrap_or_default()
}

impl Pkcs11Uri {
    /// Reads a URI. Every attribute must be known and be there once.
    pub fn parse(uri: &str) -> Result<Self> {
        let refused = |why: String| Problem::new(Code::Pkcs11Uri, shown(uri)).detail(why);
        if uri.len() > MAX_SIZE {
            return Err(refused(format!("it is longer than {MAX_SIZE} bytes")));
        }
        let Some(rest) = uri.strip_prefix(SCHEME) else {
            return Err(refused(format!("it does not begin with `{SCHEME}`")));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parsed = Self::default();
        let mut seen = BTreeSet::new();
        for (part, separator) in [(path, ';'), (query, '&')] {
            for attribute in part.split(separator).filter(|_| !part.is_empty()) {
                let (name, value) = attribute
                    .split_once('=')
                    .ok_or_else(|| refused("an attribute has no `=` and value".to_owned()))?;
                if !seen.insert(name) {
                    return Err(refused(format!("the attribute `{name}` is there twice")));
                }
                let known = if separator == ';' {
                    parsed.path_attribute(name, value)
                } else {
                    parsed.query_attribute(name, value)
                };
                known.map_err(|why| refused(format!("the attribute `{name}` {why}")))?;
            }
        }
        if parsed.pin_source.is_some() && parsed.pin_value.is_some() {
            return Err(refused("it has both `pin-source` and `pin-value`".to_owned()));
        }
        Ok(parsed)
    }

    fn path_attribute(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = || text(value, PATH_PLAIN);
        match name {
            "token" => self.token = Some(text()?),
            "manufacturer" => self.manufacturer = Some(text()?),
            "serial" => self.serial = Some(text()?),
            "model" => self.model = Some(text()?),
            "library-manufacturer" => self.library_manufacturer = Some(text()?),
            "library-description" => self.library_description = Some(text()?),
            "library-version" => self.library_version = Some(version(&text()?)?),
            "object" => self.object = Some(text()?),
            "id" => self.id = Some(decode(value, PATH_PLAIN)?.to_vec()),
            "slot-id" => self.slot_id = Some(number(&text()?)?),
            "slot-description" => self.slot_description = Some(text()?),
            "slot-manufacturer" => self.slot_manufacturer = Some(text()?),
            "type" if value == "private" => {}
            "type" => return Err("does not say `private`: a private key signs".to_owned()),
            "pin-source" | "pin-value" | "module-name" | "module-path" => {
                return Err("belongs after a question mark".to_owned());
            }
            _ => return Err("is not known".to_owned()),
        }
        Ok(())
    }

    fn query_attribute(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = || text(value, QUERY_PLAIN);
        match name {
            "pin-source" => self.pin_source = Some(text()?),
            "pin-value" => self.pin_value = Some(Zeroizing::new(text()?)),
            "module-name" => self.module_name = Some(text()?),
            "module-path" => self.module_path = Some(text()?),
            _ => return Err("is not known".to_owned()),
        }
        Ok(())
    }
}

fn text(value: &str, plain: &str) -> Result<String, String> {
    let bytes = decode(value, plain)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "is not UTF-8".to_owned())?;
    if text.contains('\0') { Err("holds a NUL".to_owned()) } else { Ok(text.to_owned()) }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| "is not a number".to_owned())
}

fn version(text: &str) -> Result<(u8, u8), String> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    Ok((number(major)?, number(minor)?))
}

fn decode(text: &str, plain: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '%' {
            let digits = rest
                .as_str()
                .get(..2)
                .filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()));
            let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
            bytes.push(byte.ok_or("has a `%` without two hexadecimal digits after it")?);
            rest = rest.as_str()[2..].chars();
        } else if c.is_ascii_alphanumeric() || PLAIN.contains(c) || plain.contains(c) {
            bytes.extend(u8::try_from(c));
        } else {
            let encoded = percent(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Err(format!("holds {c:?}, which is written `{encoded}` there"));
        }
    }
    Ok(bytes)
}

/// Bytes as a URI can always have them.
pub(super) fn percent(bytes: &[u8]) -> String {
    let encoded = |byte: &u8| format!("%{}", hexadecimal(&[*byte]).to_ascii_uppercase());
    bytes.iter().map(encoded).collect::<Vec<String>>().concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Pkcs11Uri, percent, shown};
    use crate::finding::Code;

    fn parsed(uri: &str) -> Pkcs11Uri {
        Pkcs11Uri::parse(uri).unwrap()
    }

    #[test]
    fn every_attribute_is_read() {
        let uri = parsed(
            "pkcs11:token=The%20Software%20PKCS%2311%20softtoken;manufacturer=Snake%20Oil,%20Inc.;\
             serial=123;model=1.0;library-manufacturer=a;library-description=b;library-version=3.1;\
             object=my-certificate;type=private;id=%69%95%3E%5C%F4%BD%EC%91;slot-id=327;\
             slot-description=c&d;slot-manufacturer=e\
             ?pin-source=file:/etc/token_pin&module-name=snakeoil&module-path=/usr/lib/x.so",
        );
        let text = |text: &str| Some(text.to_owned());
        let wanted = Pkcs11Uri {
            token: text("The Software PKCS#11 softtoken"),
            manufacturer: text("Snake Oil, Inc."),
            serial: text("123"),
            model: text("1.0"),
            library_manufacturer: text("a"),
            library_description: text("b"),
            library_version: Some((3, 1)),
            object: text("my-certificate"),
            id: Some(vec![0x69, 0x95, 0x3e, 0x5c, 0xf4, 0xbd, 0xec, 0x91]),
            slot_id: Some(327),
            slot_description: text("c&d"),
            slot_manufacturer: text("e"),
            pin_source: text("file:/etc/token_pin"),
            pin_value: None,
            module_name: text("snakeoil"),
            module_path: text("/usr/lib/x.so"),
        };
        assert!(uri == wanted, "{uri:?}");
        assert!(parsed("pkcs11:") == Pkcs11Uri::default());
        let pin = parsed("pkcs11:?pin-value=the-%E2%82%AC-pin");
        assert_eq!(pin.pin_value.unwrap().as_str(), "the-\u{20ac}-pin");
        assert_eq!(parsed("pkcs11:library-version=3").library_version, Some((3, 0)));
        assert_eq!(parsed("pkcs11:object=").object, text(""));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (uri, why) in [
            ("pkcs12:token=a", "begin with"),
            ("PKCS11:token=a", "begin with"),
            ("pkcs11:token", "no `=`"),
            ("pkcs11:token=a;", "no `=`"),
            ("pkcs11:token=a;token=a", "`token` is there twice"),
            ("pkcs11:type=private;type=private", "`type` is there twice"),
            ("pkcs11:id=a;id=b", "`id` is there twice"),
            ("pkcs11:Token=a", "`Token` is not known"),
            ("pkcs11:x-vendor=a", "`x-vendor` is not known"),
            ("pkcs11:module-path=/x", "`module-path` belongs after"),
            ("pkcs11:?token=a", "`token` is not known"),
            ("pkcs11:?pin-value=a&pin-value=b", "`pin-value` is there twice"),
            ("pkcs11:?pin-value=a&pin-source=b", "both"),
            ("pkcs11:type=cert", "`private`"),
            ("pkcs11:token=a b", "written `%20`"),
            ("pkcs11:token=a/b", "written `%2F`"),
            ("pkcs11:token=\u{e4}", "written `%C3%A4`"),
            ("pkcs11:token=%4", "two hexadecimal digits"),
            ("pkcs11:token=%+1", "two hexadecimal digits"),
            ("pkcs11:token=%\u{e4}", "two hexadecimal digits"),
            ("pkcs11:token=%ff", "not UTF-8"),
            ("pkcs11:token=%00", "NUL"),
            ("pkcs11:slot-id=a", "not a number"),
            ("pkcs11:slot-id=-1", "not a number"),
            ("pkcs11:slot-id=99999999999999999999", "not a number"),
            ("pkcs11:library-version=1.2.3", "not a number"),
            ("pkcs11:library-version=1.300", "not a number"),
        ] {
            let problem = Pkcs11Uri::parse(uri).unwrap_err();
            assert_eq!(problem.code(), Code::Pkcs11Uri);
            assert!(problem.to_string().contains(why), "{uri}: {problem}");
        }
        let long = format!("pkcs11:token={}", "a".repeat(5000));
        assert_eq!(Pkcs11Uri::parse(&long).unwrap_err().code(), Code::Pkcs11Uri);
    }

    #[test]
    fn the_pin_is_not_shown() {
        let uri = "pkcs11:token=a?pin-value=s3cret";
        assert_eq!(shown(uri), "pkcs11:token=a");
        assert_eq!(shown("pkcs11:token=a;pin-value=1234"), "pkcs11:token=a;");
        assert!(!format!("{:?}", parsed(uri)).contains("s3cret"));
        for bad in ["pkcs11:?pin-value=s3cret&pin-value=s3cret", "pkcs11:?pin-value=s3cret%"] {
            let problem = Pkcs11Uri::parse(bad).unwrap_err();
            assert!(!format!("{problem} {problem:?}").contains("s3cret"), "{problem:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_can_be_written(token in "[^\0]{0,20}", id: Vec<u8>) {
            let uri = format!("pkcs11:token={};id={}", percent(token.as_bytes()), percent(&id));
            let uri = Pkcs11Uri::parse(&uri).unwrap();
            prop_assert_eq!(uri.token, Some(token));
            prop_assert_eq!(uri.id, Some(id));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,60}") {
            let _ = Pkcs11Uri::parse(&text);
            let _ = Pkcs11Uri::parse(&format!("pkcs11:{text}"));
        }
    }
}
