//! What a publisher says beside the components: terms elsewhere, access, use,
//! training, and how the terms changed.
//!
//! These types are part of `pkg.toml`, and of the release description as declared.
//! They answer what definitions of open ask beyond files: the data information of
//! the Open Source AI Definition 1.0, and access, monetisation and usage
//! information of the EU guidelines C(2025) 5045.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page of terms that can change, kept as it was on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Snapshot {
    /// Where the page is.
    pub url: String,
    /// Its copy, relative to the folder; packed.
    pub file: String,
    /// Day of the copy, `YYYY-MM-DD`.
    pub fetched: String,
    /// Id of the licence that refers to the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// Documents that describe the training data: each a file of the release or a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DataInformation {
    /// Where the data comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<String>,
    /// What it covers, and how much it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// How it was labelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labelling: Option<String>,
    /// How it was processed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing: Option<String>,
    /// How it was filtered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filtering: Option<String>,
}

impl DataInformation {
    /// What has to be described, and by which document it is.
    pub fn parts(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("provenance", self.provenance.as_deref()),
            ("scope", self.scope.as_deref()),
            ("selection", self.selection.as_deref()),
            ("labelling", self.labelling.as_deref()),
            ("processing", self.processing.as_deref()),
            ("filtering", self.filtering.as_deref()),
        ]
    }
}

/// How the release can be had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Access {
    /// Whether something has to be accepted or filled in first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gated: Option<bool>,
    /// Personal data that the gate asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What the gate is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What it costs; `free` where it costs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Paid offers of the publisher around the same model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commercial_offers: Vec<String>,
}

/// What one has to know to use the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Usage {
    /// What goes in and comes out, such as `text`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<String>,
    /// What it can do: a text, a file of the release or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<String>,
    /// What it cannot do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<String>,
    /// What it needs to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<String>,
}

/// What the EU AI Act asks about training.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Training {
    /// Floating-point operations of the training, as `"3.8e25"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_flop: Option<String>,
    /// Policy on copyright, Article 53(1)(c): a file of the release or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copyright_policy: Option<String>,
    /// Summary of the training content, Article 53(1)(d): a file or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_summary: Option<String>,
}

/// Terms that held for the same release at another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TermsChange {
    /// Day from which they held, `YYYY-MM-DD`.
    pub from: String,
    /// SPDX licence expression.
    pub licence: String,
    /// What there is to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Disclosure {
    /// Terms that live at a URL.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<Snapshot>,
    /// Documents about the training data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_information: Option<DataInformation>,
    /// How the release can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// What one has to know to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// About the training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// Earlier terms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms_history: Vec<TermsChange>,
    /// Where what is said can be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

impl Disclosure {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every place that is either a file of the release or a URL, with its key.
    pub fn references(&self) -> Vec<(&'static str, &str)> {
        let mut all: Vec<(&'static str, &str)> =
            self.snapshots.iter().map(|snapshot| ("file", snapshot.file.as_str())).collect();
        if let Some(information) = &self.data_information {
            all.extend(information.parts().into_iter().filter_map(|(key, at)| Some((key, at?))));
        }
        if let Some(training) = &self.training {
            all.extend(training.copyright_policy.as_deref().map(|at| ("copyright-policy", at)));
            all.extend(training.content_summary.as_deref().map(|at| ("content-summary", at)));
        }
        all
    }

    /// Files of the release that are named.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.references().into_iter().map(|(_, at)| at).filter(|at| !is_url(at))
    }
}

/// Whether a reference is a URL rather than a path.
pub fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}
