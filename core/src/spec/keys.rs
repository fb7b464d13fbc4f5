//! The keys of `pkg.toml`, to say what was meant by one that is none of them.

use crate::finding::Code;
use crate::tables::Value::{self, Plain, Table, Word};
use crate::tables::{Form, Shape};

/// `pkg.toml`, as a file.
pub(super) const FORM: Form = Form {
    name: "pkg.toml",
    root: &ROOT,
    syntax: Code::SpecSyntax,
    unknown_key: Code::SpecUnknownKey,
    repeated_key: Code::SpecRepeatedKey,
    invalid: Code::SpecInvalid,
};

const ROOT: Shape = Shape {
    keys: &[
        ("release", Table(&RELEASE)),
        ("component", Table(&COMPONENT)),
        ("data", Table(&DATA)),
        ("base-model", Table(&BASE_MODEL)),
        ("snapshot", Table(&SNAPSHOT)),
        ("data-information", Table(&DATA_INFORMATION)),
        ("access", Table(&ACCESS)),
        ("usage", Table(&USAGE)),
        ("training", Table(&TRAINING)),
        ("terms-history", Table(&TERMS_CHANGE)),
    ],
};

const SNAPSHOT: Shape =
    Shape { keys: &[("url", Plain), ("file", Plain), ("fetched", Plain), ("of", Plain)] };

const DATA_INFORMATION: Shape = Shape {
    keys: &[
        ("provenance", Plain),
        ("scope", Plain),
        ("selection", Plain),
        ("labelling", Plain),
        ("processing", Plain),
        ("filtering", Plain),
    ],
};

const ACCESS: Shape = Shape {
    keys: &[
        ("gated", Plain),
        ("fields", Plain),
        ("purpose", Plain),
        ("price", Plain),
        ("commercial-offers", Plain),
    ],
};

const USAGE: Shape = Shape {
    keys: &[
        ("modalities", Plain),
        ("capabilities", Plain),
        ("limits", Plain),
        ("requirements", Plain),
    ],
};

const TRAINING: Shape = Shape {
    keys: &[("compute-flop", Plain), ("copyright-policy", Plain), ("content-summary", Plain)],
};

const TERMS_CHANGE: Shape = Shape { keys: &[("from", Plain), ("licence", Plain), ("note", Plain)] };

const RELEASE: Shape = Shape {
    keys: &[
        ("name", Plain),
        ("version", Plain),
        ("publisher", Plain),
        ("description", Plain),
        ("released", Plain),
        ("terms-effective-from", Plain),
        ("licence", Plain),
        ("licence-file", Plain),
        ("sources", Plain),
    ],
};

const COMPONENT: Shape = Shape {
    keys: &[
        ("kind", Value::Kind),
        ("paths", Plain),
        ("exclude", Plain),
        ("git", Table(&GIT)),
        ("url", Plain),
        ("digest", Plain),
        ("absent", Plain),
        ("licence", Plain),
        ("licence-file", Plain),
        ("note", Plain),
    ],
};

const GIT: Shape = Shape {
    keys: &[
        ("repo", Plain),
        ("rev", Plain),
        ("path", Plain),
        ("into", Plain),
        ("allowed-signers", Plain),
        ("allow", Plain),
    ],
};

const DATA: Shape = Shape {
    keys: &[
        ("name", Plain),
        ("manifest", Plain),
        ("url", Plain),
        ("digest", Plain),
        ("class", Word(&["open", "public", "obtainable", "unshareable"])),
        ("role", Word(&["pretrain", "finetune", "preference", "eval"])),
        ("licence", Plain),
        ("synthetic-from", Plain),
        ("withdrawn", Plain),
        ("note", Plain),
    ],
};

const BASE_MODEL: Shape = Shape {
    keys: &[
        ("name", Plain),
        ("relation", Word(&["finetune", "adapter", "quantized", "merge"])),
        ("digest", Plain),
        ("licence", Plain),
    ],
};

#[cfg(test)]
mod tests {
    #[test]
    fn the_keys_are_those_of_the_types() {
        crate::tables::same_keys::assert::<crate::model::spec::Spec>(&super::FORM);
    }
}
