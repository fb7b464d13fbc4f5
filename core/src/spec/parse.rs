//! From text to [`Spec`], with the place and the remedy of what is wrong.

use super::keys::FORM;
use crate::finding::{Problem, Result};
use crate::model::spec::Spec;
use crate::tables;

/// Reads the text of a `pkg.toml`; `subject` names it in problems.
pub fn parse(text: &str, subject: &str) -> Result<Spec> {
    tables::read(text, subject, &FORM).map_err(with_hint)
}

/// Says what to write where something needed is missing.
fn with_hint(problem: Problem) -> Problem {
    let message = &problem.finding().message;
    if message.contains("missing field `release`") {
        problem.hint("Add a [release] table with `name` and `version`.")
    } else if message.contains("missing field `kind`") {
        let kinds = tables::kind_list();
        problem.hint(format!("Say what the component is: {kinds}."))
    } else {
        problem
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;
    use crate::finding::Code;
    use crate::model::spec::{DataClass, Relation};

    const GOOD: &str = r#"
[release]
name = "m"
version = "1"

[[component]]
kind = "model-parameters-final"
paths = ["*.safetensors"]

[[data]]
name = "d"
class = "public"

[[base-model]]
name = "b"
relation = "quantized"
"#;

    fn fails(text: &str) -> (Code, String) {
        let problem = parse(text, "pkg.toml").unwrap_err();
        (problem.code(), problem.finding().message.clone())
    }

    #[test]
    fn a_complete_text_is_read() {
        let spec = parse(GOOD, "pkg.toml").unwrap();
        assert_eq!(spec.components[0].paths, ["*.safetensors"]);
        assert_eq!(spec.data[0].class, Some(DataClass::Public));
        assert_eq!(spec.base_models[0].relation, Some(Relation::Quantized));
        assert_eq!(parse(&format!("\u{feff}{GOOD}"), "x").unwrap(), spec);
    }

    #[test]
    fn every_unknown_key_is_named_with_its_line_and_a_suggestion() {
        let text = GOOD.replace("version = \"1\"", "version = \"1\"\nlicense_file = \"L\"")
            + "[extra]\nx = 1\n";
        let (code, message) = fails(&text);
        assert_eq!(code, Code::SpecUnknownKey);
        assert!(
            message.contains("line 5, column 1: [release] has no key `license_file`"),
            "{message}"
        );
        assert!(message.contains("did you mean `licence-file`?"), "{message}");
        assert!(message.contains("line 18, column 2: pkg.toml has no key `extra`"), "{message}");
        let (_, message) = fails("[release]\nname = \"m\"\nlicense = \"MIT\"\n");
        assert!(message.contains("did you mean `licence`?"), "{message}");
    }

    #[test]
    fn unknown_keys_of_inline_tables_are_found() {
        let git = "git = { repo = \".\", revision = \"main\" }";
        let (code, message) = fails(&GOOD.replace("paths = [\"*.safetensors\"]", git));
        assert_eq!(code, Code::SpecUnknownKey);
        assert!(message.contains("[git] has no key `revision`"), "{message}");
    }

    #[test]
    fn a_repeated_key_is_named_with_its_line() {
        let (code, message) = fails("[release]\nname = \"a\"\nname = \"b\"\n");
        assert_eq!(code, Code::SpecRepeatedKey);
        assert!(message.contains("line 3") && message.contains("`name`"), "{message}");
    }

    #[test]
    fn wrong_words_are_answered_with_the_right_ones() {
        let (code, message) = fails(&GOOD.replace("model-parameters-final", "model-parameter"));
        assert_eq!(code, Code::SpecInvalid);
        assert!(message.contains("did you mean `model-parameters-final`?"), "{message}");
        assert!(message.contains("research-paper"), "{message}");
        let (code, message) = fails(&GOOD.replace("\"public\"", "\"free\""));
        assert_eq!(code, Code::SpecInvalid);
        assert!(message.contains("open, public, obtainable, unshareable"), "{message}");
    }

    #[test]
    fn syntax_and_type_errors_have_a_place_and_say_what_is_allowed() {
        let (code, message) = fails("[release]\nname = m\n");
        assert_eq!(code, Code::SpecSyntax);
        assert!(message.starts_with("line 2, column 8: "), "{message}");
        let (code, message) = fails("[release]\nname = \"m\"\nversion = 1\n");
        assert_eq!(code, Code::SpecSyntax);
        assert!(message.contains("line 3") && message.contains("expected a string"), "{message}");
        assert!(fails("").1.contains("release"));
        assert!(fails("[release]\nname = \"m\"\n").1.contains("`version`"));
        let spec = "[release]\nname = \"m\"\nversion = \"1\"\n[component]\nkind = \"model-card\"\n";
        assert_eq!(fails(spec).0, Code::SpecSyntax);
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_an_answer(text in "(\\PC|[\\[\\]{}=\".,\n])*") {
            let _ = parse(&text, "x");
        }
    }
}
