//! Tokens and their numbers, wherever they are written.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// Most tokens that are read; the largest known tokenizers have about a million.
pub(crate) const MAX_TOKENS: usize = 2_000_000;
/// Most merges that are read.
pub(crate) const MAX_MERGES: usize = 4_000_000;

/// Tokens and their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Vocabulary {
    /// Number of each token.
    pub(crate) ids: HashMap<String, u64>,
    /// Tokens that are there more than once.
    pub(crate) repeated: Vec<String>,
}

impl Vocabulary {
    /// Adds a token.
    pub(crate) fn add(&mut self, token: String, id: u64) {
        use std::collections::hash_map::Entry;
        match self.ids.entry(token) {
            Entry::Occupied(there) => {
                if self.repeated.len() < 1_000 {
                    self.repeated.push(there.key().clone());
                }
            }
            Entry::Vacant(place) => {
                place.insert(id);
            }
        }
    }

    /// Memory that it takes, in bytes, roughly.
    pub(crate) fn cost(&self) -> usize {
        self.ids.keys().fold(0, |sum, token| sum.saturating_add(token.len() + 64))
    }

    /// Whether a token is there.
    pub(crate) fn has(&self, token: &str) -> bool {
        self.ids.contains_key(token)
    }
}

impl<'de> Deserialize<'de> for Vocabulary {
    /// An object of numbers, or a list of pairs of a token and its score.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tokens;
        impl<'de> Visitor<'de> for Tokens {
            type Value = Vocabulary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of numbers or a list of pairs")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
                let mut vocabulary = Vocabulary::default();
                while let Some((token, id)) = map.next_entry::<String, u64>()? {
                    if vocabulary.ids.len() == MAX_TOKENS {
                        return Err(A::Error::custom("more than 2,000,000 tokens"));
                    }
                    vocabulary.add(token, id);
                }
                Ok(vocabulary)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vocabulary, A::Error> {
                let mut vocabulary = Vocabulary::default();
                let mut id = 0;
                while let Some((token, _)) = items.next_element::<(String, IgnoredAny)>()? {
                    if vocabulary.ids.len() == MAX_TOKENS {
                        return Err(A::Error::custom("more than 2,000,000 tokens"));
                    }
                    vocabulary.add(token, id);
                    id += 1;
                }
                Ok(vocabulary)
            }
        }
        deserializer.deserialize_any(Tokens)
    }
}

/// Pairs of tokens that become one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Merges(pub(crate) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Merges {
    /// A list of texts with a space between the two, or of pairs.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Pair {
            Text(String),
            Two(String, String),
        }
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Merges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of merges")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Merges, A::Error> {
                let mut merges = Vec::new();
                while let Some(pair) = items.next_element::<Pair>()? {
                    if merges.len() == MAX_MERGES {
                        return Err(A::Error::custom("more than 4,000,000 merges"));
                    }
                    merges.push(match pair {
                        Pair::Two(a, b) => (a, b),
                        Pair::Text(text) => match text.split_once(' ') {
                            Some((a, b)) => (a.to_owned(), b.to_owned()),
                            None => return Err(A::Error::custom("a merge without a space")),
                        },
                    });
                }
                Ok(Merges(merges))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// A token that was added to those of the model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Added {
    /// Its number.
    #[serde(default)]
    pub(crate) id: u64,
    /// Its text.
    pub(crate) content: String,
    /// Whether it is a special token.
    #[serde(default)]
    pub(crate) special: bool,
}

/// What `tokenizer.json` has that is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TokenizerJson {
    /// The model.
    pub(crate) model: Model,
    /// Added tokens.
    #[serde(default)]
    pub(crate) added_tokens: Vec<Added>,
}

/// The model of a `tokenizer.json`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Model {
    /// `BPE`, `WordPiece`, `WordLevel` or `Unigram`.
    #[serde(rename = "type", default)]
    pub(crate) kind: Option<String>,
    /// Its tokens.
    #[serde(default)]
    pub(crate) vocab: Vocabulary,
    /// Its merges.
    #[serde(default)]
    pub(crate) merges: Merges,
    /// The token for what is unknown.
    #[serde(default)]
    pub(crate) unk_token: Option<String>,
    /// Its number, where tokens are a list.
    #[serde(default)]
    pub(crate) unk_id: Option<u64>,
    /// What begins a token within a word.
    #[serde(default)]
    pub(crate) continuing_subword_prefix: Option<String>,
}

/// Lines of a file as tokens, numbered from 0.
pub(crate) fn lines(text: &str) -> Result<Vocabulary, String> {
    let mut vocabulary = Vocabulary::default();
    for (id, line) in text.lines().enumerate() {
        if id == MAX_TOKENS {
            return Err("it has more than 2,000,000 tokens".to_owned());
        }
        vocabulary.add(line.to_owned(), id as u64);
    }
    Ok(vocabulary)
}

/// Merges of a `merges.txt`.
pub(crate) fn merges(text: &str) -> Result<Merges, String> {
    let mut merges = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("#version")) {
        if merges.len() == MAX_MERGES {
            return Err("it has more than 4,000,000 merges".to_owned());
        }
        let Some((a, b)) = line.split_once(' ') else {
            return Err(format!("line {} is no merge", merges.len() + 1));
        };
        merges.push((a.to_owned(), b.to_owned()));
    }
    Ok(Merges(merges))
}

/// Merges whose parts or result are no tokens: how many, and the first.
pub(crate) fn unknown_merges<'a>(
    merges: &'a [(String, String)],
    prefix: &str,
    has: impl Fn(&str) -> bool,
) -> (usize, Option<&'a (String, String)>) {
    let mut whole = String::new();
    let mut wrong = merges.iter().filter(|(a, b)| {
        whole.clear();
        whole.push_str(a);
        whole.push_str(b.strip_prefix(prefix).unwrap_or(b));
        !has(a) || !has(b) || !has(&whole)
    });
    let first = wrong.next();
    (usize::from(first.is_some()) + wrong.count(), first)
}

/// A JSON object, with names that are there twice told apart.
pub(crate) fn object(
    bytes: &[u8],
) -> Result<(serde_json::Map<String, serde_json::Value>, Vec<String>), String> {
    struct Twice;
    type Read = (serde_json::Map<String, serde_json::Value>, Vec<String>);
    impl<'de> Visitor<'de> for Twice {
        type Value = Read;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
            let mut object = serde_json::Map::new();
            let mut repeated = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                if object.contains_key(&name) {
                    repeated.push(name.clone());
                }
                object.insert(name, value);
            }
            Ok((object, repeated))
        }
    }
    impl<'de> DeserializeSeed<'de> for Twice {
        type Value = Read;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
            deserializer.deserialize_map(self)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Twice.deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    Ok(read)
}

/// Numbers that are used by several tokens, and holes below the greatest one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// Tokens.
    pub(crate) count: u64,
    /// The greatest number.
    pub(crate) greatest: Option<u64>,
    /// Numbers that no token has, below the greatest.
    pub(crate) holes: u64,
    /// The first of those.
    pub(crate) first_hole: Option<u64>,
    /// Numbers that several tokens have, with two of those.
    pub(crate) shared: Vec<(u64, String, String)>,
}

/// Looks at the numbers of tokens.
pub(crate) fn numbers(ids: &HashMap<String, u64>) -> Numbers {
    let mut order: Vec<(u64, &str)> = ids.iter().map(|(token, id)| (*id, &**token)).collect();
    order.sort_unstable();
    let mut numbers = Numbers { count: order.len() as u64, ..Numbers::default() };
    let mut next = 0_u64;
    let mut before: Option<(u64, &str)> = None;
    for (id, token) in order {
        if let Some((_, other)) = before.filter(|(number, _)| *number == id) {
            if numbers.shared.len() < 1_000 {
                numbers.shared.push((id, other.to_owned(), token.to_owned()));
            }
            continue;
        }
        before = Some((id, token));
        if id > next {
            numbers.holes = numbers.holes.saturating_add(id - next);
            numbers.first_hole = numbers.first_hole.or(Some(next));
        }
        next = id.saturating_add(1);
        numbers.greatest = Some(id);
    }
    numbers
}
