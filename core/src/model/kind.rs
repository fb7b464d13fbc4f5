//! Component kinds of the Model Openness Framework.
//!
//! Source: Model Openness Framework (arXiv:2403.13784) and the component table
//! of the Model Openness Tool, whose numeric ids are kept for exchange with it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a component's content is, for licences and for the layer's media type.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Model parameters.
    Weights,
    /// Configuration and tokenizer files that a runtime reads beside the weights.
    Config,
    /// Source code.
    Code,
    /// Documents: cards, reports, results.
    Docs,
    /// Data sets and their manifests.
    Data,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 5] = [Self::Weights, Self::Config, Self::Code, Self::Docs, Self::Data];

    /// The name used on the command line and in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Config => "config",
            Self::Code => "code",
            Self::Docs => "docs",
            Self::Data => "data",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! kinds {
    ($($name:ident = $id:literal, $mot:literal, $group:ident, $title:literal;)+) => {
        /// One of the 17 component kinds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind {
            $(#[doc = $title] $name,)+
        }

        impl Kind {
            /// Every kind, by openness class and then as the framework lists them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The id used in `pkg.toml`, in bundles and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// Number of this component in the Model Openness Tool.
            pub const fn mot_id(self) -> u8 {
                match self { $(Self::$name => $mot,)+ }
            }

            /// What its content is.
            pub const fn group(self) -> Group {
                match self { $(Self::$name => Group::$group,)+ }
            }

            /// Name for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

kinds! {
    ModelArchitecture = "model-architecture", 9, Code, "Model architecture";
    ModelParametersFinal = "model-parameters-final", 10, Weights, "Model parameters (final)";
    TechnicalReport = "technical-report", 11, Docs, "Technical report";
    EvaluationResults = "evaluation-results", 12, Docs, "Evaluation results";
    ModelCard = "model-card", 13, Docs, "Model card";
    DataCard = "data-card", 14, Docs, "Data card";
    SampleModelOutputs = "sample-model-outputs", 20, Docs, "Sample model outputs";
    TrainingCode = "training-code", 7, Code, "Training code";
    InferenceCode = "inference-code", 8, Code, "Inference code";
    EvaluationCode = "evaluation-code", 18, Code, "Evaluation code";
    EvaluationData = "evaluation-data", 19, Data, "Evaluation data";
    SupportingLibrariesAndTools = "supporting-libraries-and-tools", 22, Code, "Supporting libraries and tools";
    Datasets = "datasets", 15, Data, "Datasets";
    DataPreprocessingCode = "data-preprocessing-code", 16, Code, "Data preprocessing code";
    ResearchPaper = "research-paper", 21, Docs, "Research paper";
    ModelParametersIntermediate = "model-parameters-intermediate", 24, Weights, "Model parameters (intermediate)";
    ModelMetadata = "model-metadata", 17, Config, "Model metadata";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What `--only` names: one kind, or a group of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Selector {
    /// All kinds with this content.
    Group(Group),
    /// Exactly this kind.
    Kind(Kind),
}

impl Selector {
    /// Whether a component of `kind` is selected.
    pub fn matches(self, kind: Kind) -> bool {
        match self {
            Self::Group(group) => kind.group() == group,
            Self::Kind(wanted) => kind == wanted,
        }
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(group) = Group::ALL.into_iter().find(|group| group.as_str() == text) {
            return Ok(Self::Group(group));
        }
        text.parse().map(Self::Kind).map_err(|()| {
            let groups = Group::ALL.map(Group::as_str).join(", ");
            let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("neither a group ({groups}) nor a component kind ({})", kinds.join(", "))
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => group.fmt(f),
            Self::Kind(kind) => kind.fmt(f),
        }
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Selector {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (group, kind) = (generator.subschema_for::<Group>(), generator.subschema_for::<Kind>());
        schemars::json_schema!({ "anyOf": [group, kind] })
    }
}

#[cfg(test)]
mod tests {
    use super::{Group, Kind, Selector};

    #[test]
    fn serde_and_display_agree_for_every_kind() {
        assert_eq!(Kind::ALL.len(), 17);
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(kind.as_str().parse::<Kind>(), Ok(*kind));
        }
    }

    #[test]
    fn selectors_are_written_as_they_are_read() {
        for text in Group::ALL.map(Group::as_str).into_iter().chain(["model-card"]) {
            let selector: Selector = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(selector).unwrap(), text);
        }
        assert!(serde_json::from_value::<Selector>("wieghts".into()).is_err());
    }
}
