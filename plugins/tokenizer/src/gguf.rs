//! The tokenizer within a GGUF file.
//!
//! Sources: `docs/gguf.md` of ggml, the keys `tokenizer.ggml.*`; `llama-vocab.cpp` of
//! llama.cpp for the types of tokens.

use std::io::BufReader;

use pkg_formats::gguf::{self, Array, Header, Value};
use pkg_formats::{Window, gguf::Tensor};
use pkg_plugin_sdk::File;

use crate::template::{MAX_TEMPLATE, Tokens};
use crate::vocabulary::{self, MAX_MERGES, MAX_TOKENS, Vocabulary};
use pkg_plugin_sdk::section::{Section, quoted};

/// Most bytes of tokens, and of merges, that are kept.
const MAX_TEXT: usize = 256 << 20;
/// Type number of texts in arrays.
const TEXT: u32 = 8;
/// Type numbers of real numbers of 32 and 64 bits.
const REAL: [u32; 2] = [6, 12];

/// A file that was opened.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    /// The file.
    pub(crate) file: &'a File,
    header: Header,
    input: BufReader<Window<std::fs::File>>,
}

/// What the tokenizer in a file is.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    /// Its tokens.
    pub(crate) vocabulary: Option<Vocabulary>,
    /// Its chat templates: name and text.
    pub(crate) templates: Vec<(String, String)>,
    /// Special tokens that templates are given.
    pub(crate) tokens: Tokens,
}

/// Opens a file if it is a GGUF file with a tokenizer; none if it is not.
///
/// The error is the reason why a GGUF file cannot be read, for people.
pub(crate) fn open(file: &File) -> Result<Option<Opened<'_>>, String> {
    use std::io::Read as _;
    let mut magic = Vec::new();
    // A file that cannot be opened at all is no GGUF file as far as anybody knows.
    let Ok(input) = file.open() else { return Ok(None) };
    if input.take(4).read_to_end(&mut magic).is_err() || magic != gguf::MAGIC {
        return Ok(None);
    }
    let window = || -> Result<_, String> {
        let failed = |error: std::io::Error| format!("cannot be read: {error}");
        let opened = std::fs::File::open(&file.disk).map_err(failed)?;
        let window = Window::new(opened, file.offset, file.bytes).map_err(failed)?;
        Ok(BufReader::with_capacity(256 << 10, window))
    };
    let header = gguf::parse(window()?, file.bytes)?;
    let tokenizer = header.metadata.keys().any(|key| key.starts_with("tokenizer."));
    if !tokenizer {
        return Ok(None);
    }
    Ok(Some(Opened { file, header, input: window()? }))
}

impl Opened<'_> {
    /// Looks at everything except the templates.
    pub(crate) fn look(
        &mut self,
        vocabulary: &mut Section,
        special: &mut Section,
        merges: &mut Section,
    ) -> Inside {
        let mut inside = Inside::default();
        let path = &self.file.path;
        if let Some(tokens) = self.header.array("tokenizer.ggml.tokens").copied() {
            vocabulary.looked = true;
            self.arrays(&tokens, vocabulary);
            match self.texts(&tokens, MAX_TOKENS) {
                Ok(texts) => {
                    let mut all = Vocabulary::default();
                    for (id, text) in texts.iter().enumerate() {
                        all.add(text.clone(), id as u64);
                    }
                    self.embedding(tokens.len, vocabulary);
                    for text in all.repeated.iter().take(100) {
                        let detail = format!("the token {} is there twice", quoted(text));
                        vocabulary.warn("vocab-token-repeated", path, detail);
                    }
                    inside.tokens = self.special(&texts, special);
                    self.merges(&all, merges);
                    inside.vocabulary = Some(all);
                }
                Err(reason) => vocabulary.error("gguf-tokens", path, reason),
            }
        } else {
            vocabulary.error(
                "gguf-tokens",
                path,
                "tokenizer.ggml.tokens is no array, or not there",
            );
        }
        inside.templates = self.templates(special);
        inside
    }

    /// The texts of an array.
    fn texts(&mut self, array: &Array, most: usize) -> Result<Vec<String>, String> {
        if array.len > most as u64 {
            return Err(format!("an array has {} texts; at most {most} are read", array.len));
        }
        let (mut texts, mut bytes) = (Vec::new(), 0_usize);
        gguf::texts(&mut self.input, array, |_, text| {
            bytes = bytes.saturating_add(text.len());
            if bytes <= MAX_TEXT {
                texts.push(text.to_owned());
            }
        })?;
        if bytes > MAX_TEXT {
            return Err(format!("texts of {bytes} bytes; at most {MAX_TEXT} are read"));
        }
        Ok(texts)
    }

    /// Arrays beside the tokens are as long as they, and hold what they should.
    fn arrays(&mut self, tokens: &Array, section: &mut Section) {
        let path = &self.file.path;
        if tokens.element != TEXT {
            section.error("gguf-tokens", path, "tokenizer.ggml.tokens holds no texts");
        }
        for name in ["scores", "token_type"] {
            let key = format!("tokenizer.ggml.{name}");
            let Some(array) = self.header.array(&key) else { continue };
            if array.len != tokens.len {
                let detail = format!("{key} has {} elements for {} tokens", array.len, tokens.len);
                section.error("gguf-token-arrays", path, detail);
            }
            if name == "scores" && !REAL.contains(&array.element) {
                section.error("gguf-token-arrays", path, format!("{key} holds no real numbers"));
            }
        }
        let Some(types) = self.header.array("tokenizer.ggml.token_type").copied() else { return };
        match gguf::numbers(&mut self.input, &types, MAX_TOKENS as u64) {
            Ok(types) => {
                let mut wrong =
                    types.iter().enumerate().filter(|(_, kind)| !(1..=6).contains(*kind));
                if let Some((token, kind)) = wrong.next() {
                    let detail = format!(
                        "{} token(s) have a type that is none of 1 to 6, the first is {token} with {kind}",
                        1 + wrong.count()
                    );
                    section.error("gguf-token-type", path, detail);
                }
            }
            Err(reason) => section.error("gguf-token-arrays", path, reason),
        }
    }

    /// Tokens against the rows of the embedding.
    fn embedding(&self, tokens: u64, section: &mut Section) {
        let find = |tensor: &&Tensor| tensor.name == "token_embd.weight";
        let Some(tensor) = self.header.list.iter().find(find) else {
            section.say(format!("{}: no embedding to compare with", quoted(&self.file.path)));
            return;
        };
        let Some(rows) = tensor.shape.get(1).copied() else { return };
        compare(&self.file.path, tokens, rows, section);
    }

    /// Numbers of special tokens; the answer is the texts of those that templates get.
    fn special(&self, texts: &[String], section: &mut Section) -> Tokens {
        let path = &self.file.path;
        let mut eos = false;
        for (key, value) in &self.header.metadata {
            let Some(name) = key.strip_prefix("tokenizer.ggml.") else { continue };
            if !name.ends_with("token_id") {
                continue;
            }
            section.looked = true;
            eos |= matches!(name, "eos_token_id" | "eot_token_id" | "seperator_token_id");
            let Some(id) = self.header.number(key) else {
                let detail = format!("{} is no number of a token: {value:?}", quoted(key));
                section.error("special-id-out-of-range", path, detail);
                continue;
            };
            // llama.cpp takes the greatest number for none.
            if id == u64::from(u32::MAX) {
                section.note("special-id-negative", path, format!("{} is none", quoted(key)));
            } else if id >= texts.len() as u64 {
                let detail =
                    format!("{} is {id}, but there are {} tokens", quoted(key), texts.len());
                section.error("special-id-out-of-range", path, detail);
            }
        }
        let encoder = self.header.architecture().is_some_and(|name| name.contains("bert"));
        if !eos && !encoder {
            section.warn("eos-missing", path, "no key names a token for the end");
        }
        let text = |name: &str| {
            let id = self.header.number(&format!("tokenizer.ggml.{name}_token_id"))?;
            texts.get(usize::try_from(id).ok()?).cloned()
        };
        Tokens { bos: text("bos"), eos: text("eos"), unk: text("unknown"), pad: text("padding") }
    }

    fn merges(&mut self, tokens: &Vocabulary, section: &mut Section) {
        let Some(array) = self.header.array("tokenizer.ggml.merges").copied() else { return };
        section.looked = true;
        let path = &self.file.path;
        let texts = match self.texts(&array, MAX_MERGES) {
            Ok(texts) => texts,
            Err(reason) => {
                section.error("merge-unreadable", path, reason);
                return;
            }
        };
        let count = texts.len();
        let pairs: Vec<(String, String)> = texts
            .iter()
            .filter_map(|text| {
                // The first letter may be a space itself.
                let (at, _) = text.char_indices().skip(1).find(|(_, c)| *c == ' ')?;
                Some((text[..at].to_owned(), text[at + 1..].to_owned()))
            })
            .collect();
        if pairs.len() < count {
            let detail = format!("{} merge(s) have no space", count - pairs.len());
            section.error("merge-unreadable", path, detail);
        }
        let (wrong, first) = vocabulary::unknown_merges(&pairs, "", |token| tokens.has(token));
        if let Some((a, b)) = first {
            let detail = format!(
                "{wrong} of {count} merges are of what are no tokens, the first is {} and {}",
                quoted(a),
                quoted(b)
            );
            section.error("merge-unknown-token", path, detail);
        }
        section.say(format!("{count} merges in {}", quoted(path)));
    }

    /// The chat templates; the first one is the usual one.
    fn templates(&mut self, section: &mut Section) -> Vec<(String, String)> {
        const KEY: &str = "tokenizer.chat_template";
        let mut found = Vec::new();
        let keys: Vec<String> =
            self.header.metadata.keys().filter(|key| key.starts_with(KEY)).cloned().collect();
        for key in keys.iter().take(16) {
            let name = key[KEY.len()..].trim_start_matches('.');
            let name = if name.is_empty() { "default" } else { name };
            if matches!(name, "s") {
                continue;
            }
            let text = match self.header.metadata.get(key) {
                Some(Value::Text(text)) => Ok(text.clone()),
                Some(Value::Long { offset, len }) => self.long(*offset, *len),
                _ => Err(format!("{} is no text", quoted(key))),
            };
            match text {
                Ok(text) => found.push((name.to_owned(), text)),
                Err(reason) => section.error("template-unreadable", &self.file.path, reason),
            }
        }
        found
    }

    fn long(&mut self, offset: u64, len: u64) -> Result<String, String> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        if len > MAX_TEMPLATE {
            return Err(format!("a template has {len} bytes; at most {MAX_TEMPLATE} are read"));
        }
        let failed = |error: std::io::Error| format!("reading a template: {error}");
        self.input.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        self.input.by_ref().take(len).read_to_end(&mut bytes).map_err(failed)?;
        String::from_utf8(bytes).map_err(|_| "a template is not UTF-8".to_owned())
    }
}

/// So many tokens against so many rows of the embedding.
pub(crate) fn compare(path: &str, tokens: u64, rows: u64, section: &mut Section) {
    section.looked = true;
    if tokens > rows {
        let detail = format!("there are {tokens} tokens, but the embedding has {rows} rows");
        section.error("vocab-exceeds-embedding", path, detail);
    } else if tokens < rows {
        let detail = format!(
            "the embedding has {rows} rows for {tokens} tokens, {} more than needed",
            rows - tokens
        );
        section.note("vocab-padding", path, detail);
    }
}
