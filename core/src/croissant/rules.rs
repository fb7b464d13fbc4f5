//! What properties of nodes are, as `mlcroissant` 1.1.1 has them.

use super::RAI;
use super::names::{CR, SC};

/// What a property of a node must be.
#[derive(Clone, Copy)]
pub(super) enum Sort {
    Text,
    Boolean,
    Integer,
    Date,
    Version,
    /// A text, or one for each language.
    Tagged,
}

/// A property: its vocabulary, name, sort, and whether it may be a list.
pub(super) type Property = (&'static str, &'static str, Sort, bool);

pub(super) const DATASET: &[Property] = &[
    (CR, "citeAs", Sort::Text, false),
    (SC, "dateCreated", Sort::Date, false),
    (SC, "dateModified", Sort::Date, false),
    (SC, "datePublished", Sort::Date, false),
    (SC, "description", Sort::Tagged, false),
    (SC, "keywords", Sort::Text, true),
    (SC, "inLanguage", Sort::Text, true),
    (SC, "name", Sort::Tagged, false),
    (SC, "sameAs", Sort::Text, true),
    (SC, "url", Sort::Text, false),
    (SC, "version", Sort::Version, false),
    (RAI, "dataCollection", Sort::Text, false),
    (RAI, "dataCollectionType", Sort::Text, true),
    (RAI, "dataCollectionMissingData", Sort::Text, false),
    (RAI, "dataCollectionRawData", Sort::Text, false),
    (RAI, "dataCollectionTimeframe", Sort::Date, true),
    (RAI, "dataImputationProtocol", Sort::Text, false),
    (RAI, "dataPreprocessingProtocol", Sort::Text, true),
    (RAI, "dataManipulationProtocol", Sort::Text, false),
    (RAI, "dataAnnotationProtocol", Sort::Text, true),
    (RAI, "dataAnnotationPlatform", Sort::Text, true),
    (RAI, "dataAnnotationAnalysis", Sort::Text, true),
    (RAI, "annotationsPerItem", Sort::Text, false),
    (RAI, "annotatorDemographics", Sort::Text, true),
    (RAI, "machineAnnotationTools", Sort::Text, true),
    (RAI, "dataBiases", Sort::Text, true),
    (RAI, "dataUseCases", Sort::Text, true),
    (RAI, "dataLimitations", Sort::Text, true),
    (RAI, "dataSocialImpact", Sort::Text, false),
    (RAI, "personalSensitiveInformation", Sort::Text, true),
    (RAI, "dataReleaseMaintenancePlan", Sort::Text, false),
];

pub(super) const FILE: &[Property] = &[
    (SC, "contentUrl", Sort::Text, false),
    (SC, "contentSize", Sort::Text, false),
    (SC, "description", Sort::Tagged, false),
    (SC, "encodingFormat", Sort::Text, true),
    (CR, "md5", Sort::Text, false),
    (SC, "name", Sort::Text, false),
    (SC, "sameAs", Sort::Text, true),
    (SC, "sha256", Sort::Text, false),
];

pub(super) const FILE_SET: &[Property] = &[
    (SC, "description", Sort::Tagged, false),
    (SC, "encodingFormat", Sort::Text, true),
    (CR, "excludes", Sort::Text, true),
    (CR, "includes", Sort::Text, true),
    (SC, "name", Sort::Text, false),
];

pub(super) const RECORD_SET: &[Property] = &[
    (SC, "description", Sort::Tagged, false),
    (CR, "isEnumeration", Sort::Boolean, false),
    (SC, "name", Sort::Tagged, false),
];

pub(super) const FIELD: &[Property] = &[
    (CR, "arrayShape", Sort::Text, false),
    (SC, "description", Sort::Tagged, false),
    (CR, "equivalentProperty", Sort::Text, true),
    (CR, "isArray", Sort::Boolean, false),
    (SC, "name", Sort::Tagged, false),
    (CR, "repeated", Sort::Boolean, false),
];

pub(super) const TRANSFORM: &[Property] = &[
    (CR, "format", Sort::Text, false),
    (CR, "jsonPath", Sort::Text, false),
    (CR, "readLines", Sort::Boolean, false),
    (CR, "regex", Sort::Text, false),
    (CR, "replace", Sort::Text, false),
    (CR, "samplingRate", Sort::Integer, false),
    (CR, "separator", Sort::Text, false),
    (CR, "unArchive", Sort::Boolean, false),
];

pub(super) const EXTRACT: &[Property] = &[
    (CR, "column", Sort::Text, false),
    (CR, "fileProperty", Sort::Text, false),
    (CR, "jsonPath", Sort::Text, false),
];

/// Data types that a value can have.
pub(super) const DATA_TYPES: &[(&str, &[&str])] = &[
    (
        SC,
        &[
            "AudioObject",
            "Boolean",
            "Date",
            "DateTime",
            "Float",
            "ImageObject",
            "Integer",
            "Text",
            "Time",
            "URL",
            "VideoObject",
        ],
    ),
    (
        CR,
        &[
            "BoundingBox",
            "Float16",
            "Float32",
            "Float64",
            "Int8",
            "Int16",
            "Int32",
            "Int64",
            "UInt8",
            "UInt16",
            "UInt32",
            "UInt64",
        ],
    ),
];

/// A date or a time (ISO 8601), as far as data sets write them.
pub(super) fn is_date(text: &str) -> bool {
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split('-').collect();
    let number = |text: &&str, digits: usize| {
        text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())
    };
    match parts.as_slice() {
        [year] => number(year, 4) || number(year, 8),
        [year, month] => {
            number(year, 4)
                && number(month, 2)
                && month.parse::<u8>().is_ok_and(|m| (1..=12).contains(&m))
        }
        _ => day.parse::<jiff::civil::Date>().is_ok(),
    }
}
