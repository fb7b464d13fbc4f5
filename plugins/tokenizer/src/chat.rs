//! Chat templates of a release: what each does, and whether they agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::template::{Fault, MAX_TEMPLATE, Study, Tokens, study};
use crate::vocabulary::Vocabulary;
use pkg_plugin_sdk::section::{Section, quoted, short};

/// Most different templates of a release that are run.
const MAX_TEMPLATES: usize = 64;

/// A template with what is around it.
#[derive(Debug)]
pub(crate) struct Chat<'a> {
    /// File that it is in.
    pub(crate) path: &'a str,
    /// Its name; `default` is the usual one.
    pub(crate) name: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
    /// Tokens that it is given.
    pub(crate) tokens: Tokens,
    /// Tokens of its tokenizer.
    pub(crate) vocabulary: Option<&'a Vocabulary>,
}

/// Looks at all templates; `chatty`: the release calls itself a model for chats.
pub(crate) fn look(chats: &[Chat<'_>], chatty: Option<&str>, section: &mut Section) {
    if chats.is_empty() {
        match chatty {
            Some(name) => {
                section.note(
                    "template-absent",
                    "",
                    format!(
                        "{} sounds like a model for chats, but has no chat template",
                        quoted(name)
                    ),
                );
            }
            None => section.say("there is no chat template"),
        }
        return;
    }
    section.looked = true;
    let mut studies: BTreeMap<(&str, &Tokens), Study> = BTreeMap::new();
    for chat in chats {
        if chat.text.len() as u64 > MAX_TEMPLATE {
            let detail = format!(
                "the template {} has {} bytes; at most {MAX_TEMPLATE} are read",
                quoted(chat.name),
                chat.text.len()
            );
            section.error("template-unreadable", chat.path, detail);
            continue;
        }
        let key = (chat.text, &chat.tokens);
        if !studies.contains_key(&key) && studies.len() >= MAX_TEMPLATES {
            let detail = format!("not run: more than {MAX_TEMPLATES} templates in one release");
            section.error("too-many-templates", chat.path, detail);
            continue;
        }
        let study = studies.entry(key).or_insert_with(|| study(chat.text, &chat.tokens));
        tell(chat, study, section);
    }
    section.say(format!("{} template(s), {} of them different", chats.len(), studies.len()));
    differences(chats, section);
}

fn tell(chat: &Chat<'_>, study: &Study, section: &mut Section) {
    let (path, name) = (chat.path, quoted(chat.name));
    for fault in &study.faults {
        match fault {
            Fault::Syntax(what) => {
                section.error("template-syntax", path, format!("the template {name}: {what}"));
            }
            Fault::Include(tag) => {
                let detail = format!("the template {name} asks for another file by `{tag}`");
                section.error("template-include", path, detail);
            }
            Fault::Escape(what) => {
                let detail = format!("the template {name} reaches out of the sandbox: {what}");
                section.error("template-escape", path, detail);
            }
            Fault::Runaway(what) => {
                section.error("template-runaway", path, format!("the template {name}: {what}"));
            }
            Fault::Unknown(what) => {
                let detail = format!("the template {name} uses {what}, which is not in Jinja2");
                section.warn("template-unknown", path, detail);
                section.undecided = true;
            }
            Fault::Unsupported(what) => {
                let detail = format!("the template {name} uses {what}; it was not run to the end");
                section.note("template-not-run", path, detail);
                section.undecided = true;
            }
            Fault::Raised(what) => {
                let what = quoted(what);
                let detail = format!("the template {name} refuses every sample, saying {what}");
                section.warn("template-refuses", path, detail);
            }
            Fault::Failed(what) => {
                let detail = format!("the template {name} fails on every sample: {what}");
                // Those for tools or documents may need other ones than the samples have.
                if chat.name == "default" {
                    section.warn("template-fails", path, detail);
                } else {
                    section.note("template-fails", path, detail);
                }
            }
        }
    }
    if !study.strange.is_empty() {
        let names: Vec<String> = study.strange.iter().map(|name| quoted(name)).collect();
        let detail = format!("the template {name} uses variables of its own: {}", names.join(", "));
        section.note("template-variable", path, detail);
    }
    written(chat, study, section);
    section.say(format!(
        "{}: {} of {} samples rendered",
        short(path, 80),
        study.outputs.len(),
        study.samples
    ));
}

/// Special tokens that the template writes are tokens.
fn written(chat: &Chat<'_>, study: &Study, section: &mut Section) {
    let Some(vocabulary) = chat.vocabulary else { return };
    let mut missing = BTreeSet::new();
    for token in study.outputs.iter().flat_map(|output| special_tokens(output)) {
        if !vocabulary.has(token) {
            missing.insert(token);
        }
    }
    for token in missing {
        let detail = format!(
            "the template {} writes {}, which is no token of the vocabulary",
            quoted(chat.name),
            quoted(token)
        );
        section.warn("template-token-missing", chat.path, detail);
    }
}

/// What looks like a special token in a text.
fn special_tokens(text: &str) -> Vec<&str> {
    const PLAIN: [&str; 6] = ["<s>", "</s>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"];
    let mut found: Vec<&str> = PLAIN.into_iter().filter(|token| text.contains(token)).collect();
    for (at, _) in text.match_indices("<|") {
        // Only as far as a token may reach: any text may be full of beginnings.
        let rest =
            text[at..].char_indices().nth(52).map_or(&text[at..], |(end, _)| &text[at..at + end]);
        let Some(end) = rest.find("|>") else { continue };
        let inside = &rest[2..end];
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '▁' | '.' | ':');
        if (1..=48).contains(&inside.len()) && inside.chars().all(word) {
            found.push(&rest[..end + 2]);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The usual templates of all files for the same tokens are the same.
fn differences(chats: &[Chat<'_>], section: &mut Section) {
    // A release may have several models; as many tokens are taken for the same ones.
    let mut first: BTreeMap<Option<usize>, &Chat<'_>> = BTreeMap::new();
    for chat in chats.iter().filter(|chat| chat.name == "default") {
        let tokens = chat.vocabulary.map(|vocabulary| vocabulary.ids.len());
        let before = first.entry(tokens).or_insert(chat);
        if chat.text.trim_end() != before.text.trim_end() {
            let detail = format!("its chat template differs from that in {}", quoted(before.path));
            section.warn("template-differs", chat.path, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::special_tokens;

    #[test]
    fn special_tokens_are_found_in_texts() {
        let text = "<|im_start|>user <| no |> <s>x</s> <|a|b|> <|im_start|> <|";
        assert_eq!(special_tokens(text), ["</s>", "<s>", "<|im_start|>"]);
        assert_eq!(special_tokens("a < b | c > d"), [""; 0]);
        assert_eq!(special_tokens(&"<|".repeat(100_000)), [""; 0]);
        assert_eq!(special_tokens(&format!("<|{}|>", "ä".repeat(60))), [""; 0]);
        assert_eq!(special_tokens("<｜x｜> <|ä|>"), ["<|ä|>"]);
    }
}
