//! Predicates of attestations that pkg knows: their types, and what makes one valid.
//!
//! Sources: SLSA v1.0 `provenance/v1`; in-toto attestation `test-result` v0.1,
//! `svr` v0.1 and v0.2, and its `ResourceDescriptor`; SPDX 2.2 to 3.0 JSON;
//! CycloneDX 1.x JSON. Members that a type requires must be there in their shape.
//! Members beyond them are let through: these formats grow by adding some.

use serde_json::Value;

use crate::finding::{Code, Problem, Result};

/// A predicate type with rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// How an artifact was built.
    SlsaProvenance,
    /// The outcome of tests.
    TestResult,
    /// A simple verification result: what a verifier found to hold.
    Svr,
    /// An SPDX document.
    Spdx,
    /// A CycloneDX bill of materials.
    CycloneDx,
    /// What a person states about a release.
    Claim,
}

/// What a member must be.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// A text that is not empty.
    Text,
    /// An object.
    Object,
    /// A list of anything.
    List,
    /// A list of texts.
    Texts,
    /// A list of objects.
    Objects,
    /// A list of resource descriptors: each has a URI, a digest or its content.
    Resources,
    /// A URI: a scheme, and something after it.
    Uri,
    /// A time (RFC 3339).
    Time,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A text with this beginning.
    Begins(&'static str),
}

/// A member: its path, its shape, and whether it must be there.
type Rule = (&'static str, Shape, bool);

const SLSA_PROVENANCE: &[Rule] = &[
    ("buildDefinition", Shape::Object, true),
    ("buildDefinition.buildType", Shape::Uri, true),
    ("buildDefinition.externalParameters", Shape::Object, true),
    ("buildDefinition.internalParameters", Shape::Object, false),
    ("buildDefinition.resolvedDependencies", Shape::Resources, false),
    ("runDetails", Shape::Object, true),
    ("runDetails.builder", Shape::Object, true),
    ("runDetails.builder.id", Shape::Uri, true),
    ("runDetails.metadata", Shape::Object, false),
    ("runDetails.metadata.invocationId", Shape::Text, false),
    ("runDetails.metadata.startedOn", Shape::Time, false),
    ("runDetails.metadata.finishedOn", Shape::Time, false),
    ("runDetails.byproducts", Shape::Resources, false),
];

const TEST_RESULT: &[Rule] = &[
    ("result", Shape::OneOf(&["PASSED", "WARNED", "FAILED"]), true),
    ("configuration", Shape::Resources, true),
    ("url", Shape::Text, false),
    ("passedTests", Shape::Texts, false),
    ("warnedTests", Shape::Texts, false),
    ("failedTests", Shape::Texts, false),
];

const SVR: &[Rule] = &[
    ("verifier", Shape::Object, true),
    ("verifier.id", Shape::Uri, true),
    ("timeCreated", Shape::Time, true),
    ("properties", Shape::Texts, true),
    ("policies", Shape::Resources, false),
];

/// The second version of [`Kind::Svr`], with the same members required.
const SVR_2: &str = "https://in-toto.io/attestation/svr/v0.2";

const SPDX_2: &[Rule] = &[
    ("spdxVersion", Shape::Begins("SPDX-2."), true),
    ("SPDXID", Shape::OneOf(&["SPDXRef-DOCUMENT"]), true),
    ("dataLicense", Shape::OneOf(&["CC0-1.0"]), true),
    ("name", Shape::Text, true),
    ("documentNamespace", Shape::Uri, true),
    ("creationInfo", Shape::Object, true),
    ("creationInfo.created", Shape::Time, true),
    ("creationInfo.creators", Shape::Texts, true),
];

const SPDX_3: &[Rule] = &[
    ("@context", Shape::Begins("https://spdx.org/rdf/3."), true),
    ("@graph", Shape::Objects, true),
];

const CYCLONE_DX: &[Rule] = &[
    ("bomFormat", Shape::OneOf(&["CycloneDX"]), true),
    ("specVersion", Shape::Begins("1."), true),
    ("metadata", Shape::Object, false),
    ("components", Shape::Objects, false),
    ("dependencies", Shape::List, false),
];

/// What a person states: which claim, who, in what capacity, on which day, for what.
const CLAIM: &[Rule] = &[
    ("claim", Shape::Text, true),
    ("by", Shape::Text, true),
    ("role", Shape::Text, false),
    ("date", Shape::Text, true),
    ("scope", Shape::Text, false),
    ("statement", Shape::Text, false),
];

impl Kind {
    /// Every known type.
    pub const ALL: [Self; 6] = [
        Self::SlsaProvenance,
        Self::TestResult,
        Self::Svr,
        Self::Spdx,
        Self::CycloneDx,
        Self::Claim,
    ];

    /// The predicate type, as statements write it.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::SlsaProvenance => "https://slsa.dev/provenance/v1",
            Self::TestResult => "https://in-toto.io/attestation/test-result/v0.1",
            Self::Svr => "https://in-toto.io/attestation/svr/v0.1",
            Self::Spdx => "https://spdx.dev/Document",
            Self::CycloneDx => "https://cyclonedx.org/bom",
            Self::Claim => "urn:x-pkg:claim:v1",
        }
    }

    /// The short name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlsaProvenance => "slsa-provenance",
            Self::TestResult => "test-result",
            Self::Svr => "svr",
            Self::Spdx => "spdx",
            Self::CycloneDx => "cyclonedx",
            Self::Claim => "claim",
        }
    }

    /// The type that `uri` stands for. SPDX and `CycloneDX` may be followed by a version.
    pub fn of(uri: &str) -> Option<Self> {
        if uri == SVR_2 {
            return Some(Self::Svr);
        }
        Self::ALL.into_iter().find(|kind| {
            let versioned = matches!(kind, Self::Spdx | Self::CycloneDx);
            let rest = uri.strip_prefix(kind.uri());
            rest.is_some_and(|rest| rest.is_empty() || (versioned && rest.starts_with("/v")))
        })
    }

    /// Whether the predicate is a whole document of its own, to which nothing can
    /// be added.
    pub const fn is_document(self) -> bool {
        matches!(self, Self::Spdx | Self::CycloneDx)
    }

    fn rules(self, predicate: &Value) -> &'static [Rule] {
        match self {
            Self::SlsaProvenance => SLSA_PROVENANCE,
            Self::TestResult => TEST_RESULT,
            Self::Svr => SVR,
            Self::Spdx if predicate.get("@context").is_some() => SPDX_3,
            Self::Spdx => SPDX_2,
            Self::CycloneDx => CYCLONE_DX,
            Self::Claim => CLAIM,
        }
    }

    /// Checks a predicate; names the first member that is missing or wrong.
    pub fn check(self, predicate: &Value, subject: &str) -> Result<()> {
        let invalid = |detail: String| Problem::new(Code::PredicateInvalid, subject).detail(detail);
        if !predicate.is_object() {
            return Err(invalid("the predicate is no JSON object".to_owned()));
        }
        for (path, shape, required) in self.rules(predicate) {
            match member(predicate, path) {
                Some(value) => shape
                    .check(value)
                    .map_err(|expected| invalid(format!("{path}: must be {expected}")))?,
                None if *required => return Err(invalid(format!("{path}: missing"))),
                None => {}
            }
        }
        Ok(())
    }
}

fn member<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

impl Shape {
    /// Says what was expected when `value` is something else.
    fn check(self, value: &Value) -> std::result::Result<(), String> {
        let all = |fits: fn(&Value) -> bool| value.as_array().is_some_and(|v| v.iter().all(fits));
        let text = value.as_str();
        let (fits, expected) = match self {
            Self::Text => (text.is_some_and(|text| !text.is_empty()), "a text".to_owned()),
            Self::Object => (value.is_object(), "an object".to_owned()),
            Self::List => (value.is_array(), "a list".to_owned()),
            Self::Texts => (all(Value::is_string), "a list of texts".to_owned()),
            Self::Objects => (all(Value::is_object), "a list of objects".to_owned()),
            Self::Resources => (
                all(is_resource),
                "a list of resources, each with `uri`, `digest` or `content`".to_owned(),
            ),
            Self::Uri => (text.is_some_and(is_uri), "a URI".to_owned()),
            Self::Time => {
                let time = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
                (time.is_some(), "a time (RFC 3339)".to_owned())
            }
            Self::OneOf(known) => {
                (text.is_some_and(|text| known.contains(&text)), known.join(" or "))
            }
            Self::Begins(start) => {
                (text.is_some_and(|text| text.starts_with(start)), format!("{start}..."))
            }
        };
        if fits { Ok(()) } else { Err(expected) }
    }
}

/// Whether a text is a URI: a scheme (RFC 3986, section 3.1) and more.
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(fits)
        && !rest.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_resource(value: &Value) -> bool {
    let digests = |digests: &Value| {
        digests
            .as_object()
            .is_some_and(|digests| !digests.is_empty() && digests.values().all(Value::is_string))
    };
    let texts = ["uri", "content"].into_iter().filter_map(|name| value.get(name));
    value.is_object()
        && texts.clone().all(Value::is_string)
        && value.get("digest").is_none_or(digests)
        && (texts.count() > 0 || value.get("digest").is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Kind, member};
    use crate::finding::Code;

    fn good() -> Vec<(Kind, Value)> {
        vec![
            (
                Kind::SlsaProvenance,
                json!({
                    "buildDefinition": { "buildType": "https://x.example/b", "externalParameters": {} },
                    "runDetails": { "builder": { "id": "https://x.example/" } },
                }),
            ),
            (
                Kind::TestResult,
                json!({ "result": "PASSED", "configuration": [{ "uri": "https://x.example/c" }] }),
            ),
            (
                Kind::Svr,
                json!({
                    "verifier": { "id": "https://x.example/" },
                    "timeCreated": "2026-01-01T00:00:00Z",
                    "properties": ["A"],
                }),
            ),
            (
                Kind::Spdx,
                json!({
                    "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
                    "dataLicense": "CC0-1.0", "name": "n", "documentNamespace": "https://x.example/n",
                    "creationInfo": { "created": "2026-01-01T00:00:00Z", "creators": ["Tool: t"] },
                }),
            ),
            (
                Kind::Spdx,
                json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [] }),
            ),
            (Kind::CycloneDx, json!({ "bomFormat": "CycloneDX", "specVersion": "1.6" })),
            (
                Kind::Claim,
                json!({ "claim": "code-complete", "by": "A. Person", "date": "2026-01-02" }),
            ),
        ]
    }

    #[test]
    fn types_are_known_by_their_whole_uri() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.uri()), Some(kind));
            assert_eq!(Kind::of(&format!("{}x", kind.uri())), None);
        }
        assert_eq!(Kind::of("https://spdx.dev/Document/v2.3"), Some(Kind::Spdx));
        assert_eq!(Kind::of("https://slsa.dev/provenance/v1/v2"), None);
        assert_eq!(Kind::of("https://in-toto.io/attestation/svr/v0.2"), Some(Kind::Svr));
    }

    #[test]
    fn shapes_are_more_than_types() {
        let provenance = |id: &str, dependency: Value| {
            let predicate = json!({
                "buildDefinition": {
                    "buildType": "urn:x", "externalParameters": {},
                    "resolvedDependencies": [dependency],
                },
                "runDetails": { "builder": { "id": id } },
            });
            Kind::SlsaProvenance.check(&predicate, "test").is_ok()
        };
        let commit = json!({ "uri": "git+https://x.example/r", "digest": { "gitCommit": "ab" } });
        assert!(provenance("https://x.example/", commit.clone()));
        for id in ["", "x", ":x", "1a:x", "a b:c", "https://x y/"] {
            assert!(!provenance(id, commit.clone()), "{id}");
        }
        for wrong in [
            json!({ "name": "x" }),
            json!("x"),
            json!({ "digest": {} }),
            json!({ "digest": { "sha256": 1 } }),
            json!({ "uri": 1 }),
        ] {
            assert!(!provenance("urn:x", wrong.clone()), "{wrong}");
        }
        let svr = |time: &str| {
            let predicate =
                json!({ "verifier": { "id": "urn:x" }, "timeCreated": time, "properties": [] });
            Kind::Svr.check(&predicate, "test").is_ok()
        };
        assert!(svr("1985-04-12T23:20:50.52Z"));
        assert!(!svr("yesterday") && !svr("2026-01-01"));
    }

    #[test]
    fn every_required_member_is_asked_for_by_its_path() {
        for (kind, predicate) in good() {
            kind.check(&predicate, "test").unwrap();
            let mut more = predicate.clone();
            more["extension"] = json!(1);
            kind.check(&more, "test").unwrap();
            for (path, _, _) in kind.rules(&predicate).iter().filter(|rule| rule.2) {
                if *path == "@context" {
                    continue; // Without it the document counts as SPDX 2.
                }
                let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
                let pointer = format!("/{}", parent.replace('.', "/"));
                let pointer = if parent.is_empty() { "" } else { pointer.as_str() };
                let mut bad = predicate.clone();
                bad.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
                let problem = kind.check(&bad, "test").unwrap_err();
                assert_eq!(problem.code(), Code::PredicateInvalid);
                assert!(problem.to_string().contains(&format!("{path}: missing")), "{problem}");
                bad.pointer_mut(pointer).unwrap()[name] = json!(7);
                let problem = kind.check(&bad, "test").unwrap_err();
                assert!(problem.to_string().contains(&format!("{path}: must be")), "{problem}");
            }
        }
        assert!(Kind::Svr.check(&json!([]), "test").is_err());
        assert_eq!(member(&json!({ "a": 1 }), "a.b"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_no_predicate(text: String, kind in 0..Kind::ALL.len()) {
            prop_assert!(Kind::ALL[kind].check(&Value::String(text.clone()), "test").is_err());
            let object = json!({ text: 1 });
            prop_assert!(Kind::ALL[kind].check(&object, "test").is_err());
        }
    }
}
