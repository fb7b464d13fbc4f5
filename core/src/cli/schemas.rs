//! JSON Schemas of everything pkg reads and writes.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use super::output::Envelope;
use super::render::{
    ExplainResult, InitResult, KeygenResult, PackResult, SchemaResult, UnpackResult,
};
use super::trust::RootReport;
use crate::blob::Blob;
use crate::demo::DemoReport;
use crate::export::Exported;
use crate::model::release::{FileIndex, Release};
use crate::model::spec::Spec;
use crate::show::Overview;
use crate::signatures::ReleasePredicate;
use crate::verify::Verdict;

fn output<T: JsonSchema>() -> Value {
    schema_for!(Envelope<T>).to_value()
}

/// Every schema, by name.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("pkg-toml", schema_for!(Spec).to_value()),
        ("adopter-toml", schema_for!(crate::openness::adopter::Adopter).to_value()),
        ("licence-toml", schema_for!(crate::licence::Licence).to_value()),
        ("release", schema_for!(Release).to_value()),
        ("files", schema_for!(FileIndex).to_value()),
        ("release-predicate", schema_for!(ReleasePredicate).to_value()),
        ("output-init", output::<InitResult>()),
        ("output-pack", output::<PackResult>()),
        ("output-check", output::<super::check::CheckResult>()),
        ("output-hook-install", output::<crate::hook::Hooks>()),
        ("output-hook-uninstall", output::<crate::hook::Hooks>()),
        ("output-hook-list", output::<crate::hook::Hooks>()),
        ("output-hook-run", output::<crate::hook::Ran>()),
        ("output-keygen", output::<KeygenResult>()),
        ("output-sign", output::<super::model_folder::SignResult>()),
        ("output-verify", output::<Verdict>()),
        ("output-show", output::<Overview>()),
        ("output-export", output::<Exported>()),
        ("output-encode", output::<crate::bundle::Encoded>()),
        ("output-decode", output::<crate::bundle::Decoded>()),
        ("coded-index", schema_for!(crate::bundle::CodedIndex).to_value()),
        ("output-push", output::<crate::push::Pushed>()),
        ("output-pull", output::<crate::pull::Pulled>()),
        ("output-report", output::<super::report::ReportResult>()),
        ("output-release", output::<super::release::ReleaseResult>()),
        ("release-log", schema_for!(crate::pipeline::Line).to_value()),
        ("output-notice", output::<crate::notice::Notice>()),
        ("output-diff", output::<crate::compare::Diff>()),
        ("output-lineage", output::<crate::compare::Lineage>()),
        ("output-attest", output::<crate::attest::Added>()),
        ("output-attest-import", output::<crate::attest::Imported>()),
        ("output-attest-list", output::<crate::attest::Listing>()),
        ("output-attest-show", output::<crate::attest::Listing>()),
        ("output-attest-verify", output::<crate::attest::Listing>()),
        ("output-attest-export", output::<crate::attest::Exported>()),
        ("output-bench", output::<crate::bench::Bench>()),
        ("output-golden-record", output::<crate::golden::Recorded>()),
        ("output-plugin-list", output::<super::plugin::ListResult>()),
        ("output-plugin-info", output::<super::plugin::InfoResult>()),
        ("output-plugin-install", output::<crate::plugin::install::Installed>()),
        ("output-plugin-remove", output::<super::plugin::RemoveResult>()),
        ("output-plugin-trust", output::<super::plugin::TrustResult>()),
        ("output-plugin-manifest", output::<super::plugin::ManifestResult>()),
        ("output-plugin-new", output::<crate::plugin::scaffold::Begun>()),
        ("plugin-manifest", schema_for!(crate::plugin::Manifest).to_value()),
        ("plugins-toml", schema_for!(crate::plugin::Config).to_value()),
        ("plugin-description", schema_for!(pkg_plugin_sdk::Description).to_value()),
        ("plugin-request", schema_for!(pkg_plugin_sdk::Request).to_value()),
        ("plugin-reply", schema_for!(pkg_plugin_sdk::Reply).to_value()),
        ("output-sigstore-sign-bundle", output::<Blob>()),
        ("output-sigstore-verify-bundle", output::<Blob>()),
        ("output-trust-show", output::<RootReport>()),
        #[cfg(feature = "network")]
        ("output-trust-update", output::<crate::trust::net::tuf::Updated>()),
        #[cfg(feature = "network")]
        ("output-trust-monitor", output::<crate::trust::net::monitor::Monitored>()),
        ("log-state", schema_for!(crate::trust::watch::State).to_value()),
        ("output-unpack", output::<UnpackResult>()),
        ("output-demo", output::<DemoReport>()),
        ("policy-toml", schema_for!(crate::policy::file::PolicyFile).to_value()),
        ("policy-facts", schema_for!(crate::policy::Facts).to_value()),
        ("output-policy-check", output::<super::policy::CheckResult>()),
        ("output-policy-explain", output::<crate::policy::Explained>()),
        ("output-explain", output::<ExplainResult>()),
        ("output-schema", output::<SchemaResult>()),
        ("output-completions", output::<SchemaResult>()),
    ]
}
