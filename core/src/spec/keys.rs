//! The keys of `pkg.toml`, to say what was meant by one that is none of them.

use crate::model::kind::Kind;

/// Keys that a table may have.
pub(super) struct Shape {
    pub(super) keys: &'static [(&'static str, Value)],
}

/// What a key holds, as far as suggestions need to know.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// Anything whose type the reader itself checks.
    Plain,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A component kind.
    Kind,
    /// A table, or a list of tables.
    Table(&'static Shape),
}

use Value::{Plain, Table, Word};

pub(super) const ROOT: Shape = Shape {
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

/// The valid key that an unknown one was probably meant to be.
pub(super) fn meant<'a>(text: &str, valid: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase().replace(['_', ' '], "-").replace("license", "licence");
    let text = match text.as_str() {
        "components" => "component",
        "base-models" => "base-model",
        "path" | "files" => "paths",
        other => other,
    };
    let scored = valid.map(|valid| (strsim::normalized_damerau_levenshtein(text, valid), valid));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.5).then_some(best.1)
}

/// The component kind that an unknown one was probably meant to be. There is
/// always a nearest one, as any kind has to be of the list.
pub(super) fn meant_kind(text: &str) -> &'static str {
    let text = text.to_lowercase().replace(['_', ' '], "-");
    let alias = match text.as_str() {
        "weights" | "parameters" | "model-parameters" | "model" => Kind::ModelParametersFinal,
        "checkpoints" => Kind::ModelParametersIntermediate,
        "config" | "tokenizer" | "configuration" => Kind::ModelMetadata,
        "readme" | "card" => Kind::ModelCard,
        "paper" => Kind::ResearchPaper,
        "data" => Kind::Datasets,
        "code" => Kind::InferenceCode,
        _ => {
            let score = |kind: &Kind| strsim::jaro_winkler(&text, kind.as_str());
            let best = Kind::ALL.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
            return best.map_or("", |kind| kind.as_str());
        }
    };
    alias.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::{ROOT, Shape, Value, meant, meant_kind};
    use crate::model::spec::Spec;

    fn compare(shape: &Shape, schema: &Json, defs: &Json, at: &str) {
        let properties = schema["properties"].as_object().unwrap();
        let mut listed: Vec<&str> = shape.keys.iter().map(|(key, _)| *key).collect();
        let mut real: Vec<&str> = properties.keys().map(String::as_str).collect();
        listed.sort_unstable();
        real.sort_unstable();
        assert_eq!(listed, real, "keys of {at}");
        for (key, value) in shape.keys {
            let text = properties[*key].to_string();
            let name = text.split("#/$defs/").nth(1).and_then(|rest| rest.split('"').next());
            let def = name.map(|name| &defs[name]);
            match (value, def) {
                (Value::Table(inner), Some(def)) => compare(inner, def, defs, key),
                (Value::Word(words), Some(def)) => {
                    for word in *words {
                        assert!(def.to_string().contains(&format!("\"{word}\"")), "{key} {word}");
                    }
                    let count = def["oneOf"].as_array().map(Vec::len);
                    assert_eq!(count, Some(words.len()), "words of {key}");
                }
                (Value::Kind, Some(_)) | (Value::Plain, None) => {}
                _ => panic!("{at}.{key} is of another sort in the schema: {text}"),
            }
        }
    }

    #[test]
    fn the_keys_are_those_of_the_types() {
        let schema = serde_json::to_value(schemars::schema_for!(Spec)).unwrap();
        compare(&ROOT, &schema, &schema["$defs"], "pkg.toml");
    }

    #[test]
    fn suggestions_know_spelling_and_case() {
        let valid =
            || ["licence", "licence-file", "kind", "paths", "terms-effective-from"].into_iter();
        for (text, expected) in [
            ("license", Some("licence")),
            ("License_File", Some("licence-file")),
            ("licence_file", Some("licence-file")),
            ("knid", Some("kind")),
            ("path", Some("paths")),
            ("terms_effective", Some("terms-effective-from")),
            ("colour", None),
        ] {
            assert_eq!(meant(text, valid()), expected, "{text}");
        }
        assert_eq!(meant_kind("model_parameters_fnal"), "model-parameters-final");
        assert_eq!(meant_kind("weights"), "model-parameters-final");
        assert_eq!(meant_kind("training-cod"), "training-code");
    }
}
