//! What cards and headers say about the model: licence, version, base models, data.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sort::{Item, Place};
use crate::finding::Result;
use crate::model::spec::Relation;
use crate::scan::licence_ids::{HubId, lookup};
use crate::scan::{self, Format, What, card, file_name, gguf};

/// Largest description of a data set that is read, in bytes.
const MAX_MANIFEST: u64 = 4 << 20;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// Licences that the model's own metadata names: where, and what.
    pub(super) licences: Vec<(String, Declared)>,
    /// Version, and where it is written.
    pub(super) version: Option<(String, String)>,
    /// Models it was made from.
    pub(super) base_models: Vec<(String, Option<Relation>)>,
    /// Data sets.
    pub(super) data: Vec<DataSet>,
}

/// A licence as the metadata names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Declared {
    /// An expression.
    Is(String),
    /// Something that is no single licence, and why.
    Unclear(String),
}

/// A data set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DataSet {
    pub(super) name: String,
    pub(super) url: Option<String>,
    pub(super) manifest: Option<String>,
}

impl Origin {
    pub(super) fn read(items: &[Item]) -> Result<Self> {
        let mut origin = Self::default();
        for item in items {
            match (&item.what, item.place) {
                (What::Card, Place::Kind(_)) => origin.card(item)?,
                (What::Weights(Format::Gguf), _) => origin.gguf(item)?,
                (What::DataManifest, _) => origin.data.push(manifest(item)?),
                (What::Doc, _) if file_name(&item.file.path) == "METADATA" => {
                    origin.package(item)?;
                }
                (What::Config, _) if file_name(&item.file.path) == "adapter_config.json" => {
                    origin.adapter(item)?;
                }
                _ => {}
            }
        }
        Ok(origin)
    }

    fn card(&mut self, item: &Item) -> Result<()> {
        let (head, _) = scan::head(&item.file.disk)?;
        let Some(card) = card::parse(&String::from_utf8_lossy(&head)) else { return Ok(()) };
        let path = item.file.path.as_str();
        if let Some(id) = &card.license {
            let named = card.license_name.as_deref().or(card.license_link.as_deref());
            self.licence(path, id, named);
        }
        let relation = match card.base_model_relation.as_deref() {
            Some("finetune") => Some(Relation::Finetune),
            Some("adapter") => Some(Relation::Adapter),
            Some("quantized") => Some(Relation::Quantized),
            Some("merge") => Some(Relation::Merge),
            _ => None,
        };
        for name in card.base_model {
            self.base(name, relation);
        }
        for name in card.datasets {
            let hub = name.split('/').count() == 2 && !name.contains(char::is_whitespace);
            let url = hub.then(|| format!("https://huggingface.co/datasets/{name}"));
            self.data.push(DataSet { name, url, manifest: None });
        }
        Ok(())
    }

    fn gguf(&mut self, item: &Item) -> Result<()> {
        let header = gguf::read(&item.file.disk)?;
        let text = |key: &str| header.text(key).filter(|text| !text.trim().is_empty());
        let path = item.file.path.as_str();
        if let Some(id) = text("general.license") {
            self.licence(path, id, text("general.license.name"));
        }
        if let (None, Some(version)) = (&self.version, text("general.version")) {
            self.version = Some((version.to_owned(), path.to_owned()));
        }
        let count = header.number("general.base_model.count").unwrap_or(0);
        for at in 0..count.min(16) {
            let key = |name: &str| format!("general.base_model.{at}.{name}");
            let hub = text(&key("repo_url"))
                .and_then(|url| url.strip_prefix("https://huggingface.co/").map(str::to_owned));
            if let Some(name) = hub.or_else(|| text(&key("name")).map(str::to_owned)) {
                self.base(name, None);
            }
        }
        Ok(())
    }

    /// A Python package that carries a model has a version of its own.
    fn package(&mut self, item: &Item) -> Result<()> {
        let (head, _) = scan::head(&item.file.disk)?;
        let text = String::from_utf8_lossy(&head);
        let version = text
            .lines()
            .take_while(|line| !line.trim().is_empty())
            .find_map(|line| line.strip_prefix("Version:"));
        if let (None, Some(version)) = (&self.version, version) {
            self.version = Some((version.trim().to_owned(), item.file.path.as_str().to_owned()));
        }
        Ok(())
    }

    fn adapter(&mut self, item: &Item) -> Result<()> {
        let name = json(item)?
            .and_then(|config| config.get("base_model_name_or_path")?.as_str().map(str::to_owned));
        // A local path says nothing to others.
        if let Some(name) = name.filter(|name| !name.starts_with(['/', '.'])) {
            self.base(name, Some(Relation::Adapter));
        }
        Ok(())
    }

    fn licence(&mut self, path: &str, id: &str, named: Option<&str>) {
        let declared = match lookup(id) {
            Some(HubId::Is(expression)) => Declared::Is(expression.to_owned()),
            Some(HubId::Undecided(question)) => {
                let named = named.map(|name| format!(" ({name})")).unwrap_or_default();
                Declared::Unclear(format!("`{id}`{named}: {question}"))
            }
            None if spdx::Expression::parse(id).is_ok() => Declared::Is(id.to_owned()),
            None => Declared::Unclear(format!("`{id}` is no known licence id")),
        };
        self.licences.push((path.to_owned(), declared));
    }

    fn base(&mut self, name: String, relation: Option<Relation>) {
        match self.base_models.iter_mut().find(|(other, _)| *other == name) {
            Some((_, known)) => *known = known.or(relation),
            None if name.trim().is_empty() => {}
            None => self.base_models.push((name, relation)),
        }
    }

    /// What all metadata agrees on; none if it says nothing.
    pub(super) fn declared(&self) -> Option<(String, Declared)> {
        let mut said: BTreeMap<String, &Declared> = BTreeMap::new();
        for (path, declared) in &self.licences {
            said.insert(path.clone(), declared);
        }
        let (path, first) = said.iter().next()?;
        if let Some((other, _)) = said.iter().find(|(_, declared)| *declared != first) {
            let what = format!("{path} and {other} name different licences");
            return Some((path.clone(), Declared::Unclear(what)));
        }
        Some((path.clone(), (*first).clone()))
    }
}

fn json(item: &Item) -> Result<Option<Value>> {
    let text = scan::small_text(&item.file.disk, MAX_MANIFEST)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// The data set that a Croissant file describes.
pub(super) fn manifest(item: &Item) -> Result<DataSet> {
    let value = json(item)?.unwrap_or_default();
    let text = |key: &str| {
        let text = value.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.map(str::to_owned)
    };
    let path = item.file.path.as_str().to_owned();
    Ok(DataSet {
        name: text("name").unwrap_or_else(|| path.clone()),
        url: text("url").filter(|url| url.starts_with("http")),
        manifest: Some(path),
    })
}
