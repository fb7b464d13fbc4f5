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
    ],
};

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
    ],
};

const GIT: Shape =
    Shape { keys: &[("repo", Plain), ("rev", Plain), ("path", Plain), ("into", Plain)] };

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
