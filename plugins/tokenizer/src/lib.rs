//! Checks that tokenizer, configuration and weights agree.
//!
//! Six checks: `files` (what is there can be read), `vocabulary` (numbers of tokens
//! against each other and the embedding), `special-tokens`, `added-tokens`, `merges` and
//! `chat-template`. What was not looked at is said in the check, which is skipped where it
//! looked at nothing.

mod chat;
mod gguf;
mod place;
mod special;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod vocabulary;

use pkg_plugin_sdk::{
    Description, Failure, Host, Kind, Plugin, Reply, Request, SkipReason, export_plugin,
};
use serde_json::Value;

use crate::chat::Chat;
use crate::gguf::Inside;
use crate::place::{Known, Place};
use crate::template::Tokens;
use crate::vocabulary::Vocabulary;
use pkg_plugin_sdk::section::{Section, quoted};

/// Most folders, and most GGUF files, that are looked at.
const MAX_PLACES: usize = 200;
/// Most memory that the tokens of all of them may take, in bytes, roughly.
const MAX_COST: usize = 512 << 20;

/// The plugin.
#[derive(Debug)]
pub struct Tokenizer;

impl Plugin for Tokenizer {
    fn describe() -> Description {
        Description::new(
            "tokenizer",
            env!("CARGO_PKG_VERSION"),
            &[Kind::Verify],
            "Tokenizers: vocabulary, special tokens, merges, chat templates.",
        )
    }

    fn run(request: &Request, host: &Host<'_>) -> Result<Reply, Failure> {
        let mut checks = Checks::new();
        let (mut known, mut inside) = (Vec::new(), Vec::new());
        let mut cost = 0_usize;
        for place in place::places(&request.files) {
            cancelled(host)?;
            if cost > MAX_COST || known.len() >= MAX_PLACES {
                checks.too_many(place.folder);
                break;
            }
            let found = checks.folder(&place);
            cost = cost.saturating_add(found.vocabulary.as_ref().map_or(0, Vocabulary::cost));
            known.push(found);
        }
        for file in &request.files {
            cancelled(host)?;
            let mut opened = match gguf::open(file) {
                Ok(Some(opened)) => opened,
                Ok(None) => continue,
                Err(reason) => {
                    checks.files.error("gguf-header", &file.path, reason);
                    continue;
                }
            };
            if cost > MAX_COST || inside.len() >= MAX_PLACES {
                checks.too_many(&file.path);
                break;
            }
            let found =
                opened.look(&mut checks.vocabulary, &mut checks.special, &mut checks.merges);
            cost = cost.saturating_add(found.vocabulary.as_ref().map_or(0, Vocabulary::cost));
            inside.push((file.path.as_str(), found));
        }
        checks.files.looked |= !known.is_empty() || !inside.is_empty();
        if !checks.files.looked {
            let detail = "the release has no file of a tokenizer, and no GGUF file with one";
            return Ok(Reply::skipped(SkipReason::NothingToCheck, detail));
        }
        cancelled(host)?;
        checks.chats(request, &known, &inside);
        checks.say(known.len(), inside.len());
        Ok(checks.reply())
    }
}

export_plugin!(Tokenizer);

fn cancelled(host: &Host<'_>) -> Result<(), Failure> {
    if host.cancelled() { Err(Failure::new("the run was cancelled")) } else { Ok(()) }
}

/// The checks that are being made.
struct Checks {
    files: Section,
    vocabulary: Section,
    special: Section,
    added: Section,
    merges: Section,
    chat: Section,
}

impl Checks {
    const fn new() -> Self {
        Self {
            files: Section::new("files"),
            vocabulary: Section::new("vocabulary"),
            special: Section::new("special-tokens"),
            added: Section::new("added-tokens"),
            merges: Section::new("merges"),
            chat: Section::new("chat-template"),
        }
    }

    /// Looks at the tokenizer of a folder.
    fn folder(&mut self, place: &Place<'_>) -> Known {
        let mut known = place::read(place, &mut self.files);
        vocabulary_of(place, &known, &mut self.vocabulary);
        special::look(&known, &mut self.special);
        special::added(&known, &mut self.added);
        merges_of(&known, &mut self.merges);
        known.tokens = tokens_of(&known);
        // Only tokens and templates are needed from here on.
        (known.merges, known.objects) = (None, std::collections::BTreeMap::new());
        known.added.clear();
        known
    }

    fn too_many(&mut self, path: &str) {
        self.files.error(
            "too-many-tokenizers",
            path,
            format!(
                "not looked at, nor what follows: more than {MAX_PLACES} tokenizers in the \
                 release, or tokens of more than {} MiB",
                MAX_COST >> 20
            ),
        );
    }

    /// Says what there was, and what there was not.
    fn say(&mut self, folders: usize, files: usize) {
        let text = format!("{folders} folder(s) with a tokenizer, {files} GGUF file(s) with one");
        self.files.say(text);
        for (section, what) in [
            (&mut self.vocabulary, "vocabulary"),
            (&mut self.special, "special token"),
            (&mut self.merges, "merge"),
        ] {
            if !section.looked {
                section.say(format!("there is no {what} to look at"));
            }
        }
    }

    fn chats(&mut self, request: &Request, known: &[Known], inside: &[(&str, Inside)]) {
        let mut chats = Vec::new();
        for known in known {
            chats.extend(known.templates.iter().map(|(path, name, text)| Chat {
                path,
                name,
                text,
                tokens: known.tokens.clone(),
                vocabulary: known.vocabulary.as_ref(),
            }));
        }
        for (path, inside) in inside {
            chats.extend(inside.templates.iter().map(|(name, text)| Chat {
                path,
                name,
                text,
                tokens: inside.tokens.clone(),
                vocabulary: inside.vocabulary.as_ref(),
            }));
        }
        chat::look(&chats, chatty(request), &mut self.chat);
    }

    fn reply(self) -> Reply {
        let sections =
            [self.files, self.vocabulary, self.special, self.added, self.merges, self.chat];
        let (checks, findings): (Vec<_>, Vec<_>) =
            sections.into_iter().map(Section::finish).unzip();
        let findings: Vec<_> = findings.into_iter().flatten().collect();
        let summary = format!("{} finding(s)", findings.len());
        Reply::new(checks).findings(findings).summary(summary)
    }
}

/// Numbers of tokens against each other, the embedding and the configuration.
fn vocabulary_of(place: &Place<'_>, known: &Known, section: &mut Section) {
    let folder = if place.folder.is_empty() { "." } else { place.folder };
    let Some(vocabulary) = &known.vocabulary else {
        section.say(format!("{}: no vocabulary that could be read", quoted(folder)));
        return;
    };
    let path = &known.source;
    section.looked = true;
    for token in &vocabulary.repeated {
        let detail = format!("the token {} is there twice", quoted(token));
        if text::has_extension(path, "txt") {
            section.warn("vocab-token-repeated", path, detail);
        } else {
            section.error("vocab-token-repeated", path, detail);
        }
    }
    let numbers = vocabulary::numbers(&vocabulary.ids);
    for (id, a, b) in &numbers.shared {
        let detail = format!("{} and {} both have the number {id}", quoted(a), quoted(b));
        section.error("vocab-id-repeated", path, detail);
    }
    if let Some(first) = numbers.first_hole {
        let detail = format!(
            "{} number(s) below {} have no token, the first is {first}",
            numbers.holes,
            numbers.greatest.unwrap_or_default()
        );
        section.note("vocab-holes", path, detail);
    }
    let Some(needed) = numbers.greatest.map(|id| id.saturating_add(1)) else {
        section.error("vocab-empty", path, "there is no token");
        return;
    };
    let size = known.value("config.json", "vocab_size").and_then(Value::as_u64);
    match (known.rows, size) {
        (Some(rows), _) => gguf::compare(path, needed, rows, section),
        (None, Some(size)) if needed > size => {
            let detail = format!("there are {needed} tokens, but vocab_size is {size}");
            section.error("vocab-exceeds-config", path, detail);
        }
        (None, Some(size)) => {
            section.say(format!("no embedding to compare with; vocab_size is {size}"));
        }
        (None, None) => section.say("no embedding and no vocab_size to compare with"),
    }
    section.say(format!("{}: {} tokens", quoted(folder), numbers.count));
}

fn merges_of(known: &Known, section: &mut Section) {
    let (Some((merges, path, prefix)), Some(vocabulary)) = (&known.merges, &known.vocabulary)
    else {
        return;
    };
    section.looked = true;
    let (wrong, first) =
        vocabulary::unknown_merges(&merges.0, prefix, |token| vocabulary.has(token));
    if let Some((a, b)) = first {
        let detail = format!(
            "{wrong} of {} merges are of what are no tokens, the first is {} and {}",
            merges.0.len(),
            quoted(a),
            quoted(b)
        );
        section.error("merge-unknown-token", path, detail);
    }
    section.say(format!("{} merges in {}", merges.0.len(), quoted(path)));
}

fn tokens_of(known: &Known) -> Tokens {
    let token = |role: &str| {
        let name = format!("{role}_token");
        ["tokenizer_config.json", "special_tokens_map.json"]
            .iter()
            .find_map(|file| special::token(known.value(file, &name)))
            .map(str::to_owned)
    };
    Tokens { bos: token("bos"), eos: token("eos"), unk: token("unk"), pad: token("pad") }
}

/// The name by which the release calls itself a model for chats.
fn chatty(request: &Request) -> Option<&str> {
    let chat = |name: &&str| {
        let lower = name.to_ascii_lowercase();
        let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| matches!(word, "chat" | "instruct" | "it"))
    };
    let weights =
        |name: &&str| text::has_extension(name, "gguf") || text::has_extension(name, "safetensors");
    let names = request.files.iter().map(pkg_plugin_sdk::File::name).filter(weights);
    std::iter::once(request.release.name.as_str()).chain(names).find(chat)
}
