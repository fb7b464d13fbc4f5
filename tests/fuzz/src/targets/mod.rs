//! The targets of `core`, `formats` and the plugin host.

mod layout;
mod registry;
mod texts;
mod trust;
mod weights;

use std::fmt::Debug;

use pkg_core::model::canonical;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Form, Target};

/// One line of the table.
const fn target(
    name: &'static str,
    form: Form,
    run: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
) -> Target {
    Target { name, form, run, seeds }
}

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    target("adopter", Form::Text, texts::adopter, texts::adopter_seeds),
    target("allowed-signers", Form::Text, trust::allowed_signers, trust::allowed_signers_seeds),
    target("canonical-json", Form::Json, layout::canonical, layout::json_seeds),
    target("card", Form::Text, texts::card, texts::card_seeds),
    target("certificate", Form::Bytes, trust::certificate, trust::certificate_seeds),
    target("challenge", Form::Text, registry::challenge, registry::challenge_seeds),
    target("checkpoint", Form::Text, trust::checkpoint, trust::checkpoint_seeds),
    target("classify", Form::Bytes, weights::classify, weights::classify_seeds),
    target("config", Form::Json, layout::config, layout::config_seeds),
    target("credentials", Form::Json, registry::credentials, registry::credentials_seeds),
    target("croissant", Form::Json, texts::croissant, texts::croissant_seeds),
    target("evidence", Form::Json, trust::evidence, trust::evidence_seeds),
    target("facts", Form::Json, texts::facts, texts::facts_seeds),
    target("file-index", Form::Json, layout::files, layout::files_seeds),
    target("gguf", Form::Bytes, weights::gguf, weights::gguf_seeds),
    target("git-modules", Form::Text, texts::git_modules, texts::git_modules_seeds),
    target("git-object", Form::Text, texts::git_object, texts::git_object_seeds),
    target("identity-pattern", Form::Text, trust::pattern, trust::pattern_seeds),
    target("index", Form::Json, layout::index, layout::index_seeds),
    target("journal", Form::Text, registry::journal, registry::journal_seeds),
    target("judge-identity", Form::Json, trust::judge_identity, trust::sigstore_seeds),
    target("judge-key", Form::Json, trust::judge_key, trust::model_signing_seeds),
    target("layer", Form::Bytes, layout::layer, layout::layer_seeds),
    target("layer-tar", Form::Bytes, layout::layer_tar, layout::layer_tar_seeds),
    target("layout-archive", Form::Bytes, layout::archive, layout::archive_seeds),
    target("lfs-pointer", Form::Text, texts::lfs, texts::lfs_seeds),
    target("licence-expression", Form::Text, texts::expression, texts::expression_seeds),
    target("licence-record", Form::Text, texts::record, texts::record_seeds),
    target("licence-text", Form::Text, texts::licence, texts::licence_seeds),
    target("log-entry", Form::Json, trust::log_entry, trust::log_entry_seeds),
    target("log-state", Form::Json, trust::log_state, trust::log_state_seeds),
    target("manifest", Form::Json, layout::manifest, layout::manifest_seeds),
    target("model-signature", Form::Json, trust::oms, trust::oms_seeds),
    target("mof", Form::Text, texts::mof, texts::mof_seeds),
    target("onnx", Form::Bytes, weights::onnx, weights::onnx_seeds),
    target("pkcs11-uri", Form::Text, trust::pkcs11_uri, trust::pkcs11_uri_seeds),
    target("pkg-toml", Form::Text, texts::spec, texts::spec_seeds),
    target("plugin-frame", Form::Bytes, weights::frame, weights::frame_seeds),
    target("plugin-library", Form::Bytes, weights::elf, weights::elf_seeds),
    target("plugin-manifest", Form::Json, texts::plugin_manifest, texts::plugin_manifest_seeds),
    target("plugin-reply", Form::Json, texts::plugin_reply, texts::plugin_reply_seeds),
    target("policy", Form::Text, texts::policy, texts::policy_seeds),
    target("private-key", Form::Text, trust::private_key, trust::private_key_seeds),
    target("public-key", Form::Text, trust::public_key, trust::public_key_seeds),
    target("reference", Form::Text, registry::reference, registry::reference_seeds),
    target("referrer", Form::Json, registry::referrer, registry::referrer_seeds),
    target("registry-error", Form::Json, registry::error, registry::error_seeds),
    target("registry-token", Form::Json, registry::token, registry::token_seeds),
    target("release", Form::Json, layout::release, layout::release_seeds),
    target("release-documents", Form::Json, layout::documents, layout::documents_seeds),
    target("release-log", Form::Text, texts::release_log, texts::release_log_seeds),
    target("safetensors", Form::Bytes, weights::safetensors, weights::safetensors_seeds),
    target("shard-index", Form::Json, weights::shard_index, weights::shard_index_seeds),
    target("signer-command", Form::Text, trust::signer_command, trust::signer_command_seeds),
    target("sigstore-bundle", Form::Json, trust::bundle, trust::all_bundles),
    target("ssh-signature", Form::Text, trust::ssh, trust::ssh_seeds),
    target("statement", Form::Json, trust::statement, trust::statement_seeds),
    target("strict-json", Form::Json, layout::strict, layout::json_seeds),
    target("trusted-root", Form::Json, trust::root, trust::root_seeds),
];

/// What was read is written and read again as the same; where it has a canonical form,
/// writing that is a fixed point.
fn round<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let written = serde_json::to_vec(value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(*value, again);
    if let Ok(once) = canonical::to_vec(value) {
        let read: T = serde_json::from_slice(&once).expect("canonical JSON can be read");
        assert_eq!(*value, read);
        assert_eq!(canonical::to_vec(&read).expect("canonical"), once);
    }
}

/// Reads JSON as a type and holds it to [`round`].
fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(data) {
        round(&value);
    }
}

/// Whether every two keys of each object differ and nesting is bounded: what a strict
/// reader must have seen to.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
