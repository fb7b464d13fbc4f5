//! One function per command: arguments to a request, outcome to a reply.

use clap::ValueEnum as _;

use super::args::{
    AlgorithmArg, Command, CompletionsArgs, DemoArgs, ExplainArgs, ExportArgs, InitArgs,
    KeygenArgs, ModelSignatureArg, PackArgs, SchemaArgs, ShardsArg, ShowArgs, SignArgs, StoreArg,
    UnpackArgs, VerifyArgs,
};
use super::model_folder::{self, SignResult};
use super::output::{Printer, Reply, confirm};
use super::render::{
    ExplainResult, Explanation, InitResult, Judged, KeygenResult, PackResult, SchemaResult,
    UnpackResult,
};
use super::{passphrase, schemas};
use crate::bundle::{PackRequest, Scope, ShardPolicy, StoreMode, UnpackRequest};
use crate::exit::Exit;
use crate::export::ExportRequest;
use crate::finding::{Code, Problem, Result};
use crate::model::spec::FILE_NAME;
use crate::sign::ModelSignature;
use crate::trust::key::{Algorithm, SigningKey};
use crate::trust::keyfile;
use crate::verify::{VerifyRequest, exit_of};
use crate::{bundle, demo, export, init, show, sign, unpack, verify};

/// Runs a command. Problems become replies too.
pub(super) fn run(command: &Command, printer: Printer) -> Reply {
    let about_bundle = matches!(
        command,
        Command::Sign(_)
            | Command::Verify(_)
            | Command::Show(_)
            | Command::Unpack(_)
            | Command::Export(_)
            | Command::Encode(_)
            | Command::Decode(_)
            | Command::Pull(_)
            | Command::Attest(_)
            | Command::Bench(_)
            | Command::Release(_)
    );
    let (name, result) = match command {
        Command::Init(args) => ("init", init(args)),
        Command::Pack(args) => ("pack", pack(args, printer)),
        Command::Check(args) => ("check", super::check::run(args)),
        Command::Hook(command) => (command.name(), super::hook::run(command)),
        Command::Keygen(args) => ("keygen", keygen(args)),
        Command::Sign(args) => ("sign", sign(args, printer)),
        Command::Verify(args) => ("verify", verify(args, printer)),
        Command::Show(args) => ("show", show(args)),
        Command::Unpack(args) => ("unpack", unpack(args, printer)),
        Command::Export(args) => ("export", export(args, printer)),
        Command::Report(args) => ("report", super::report::run(args)),
        Command::Release(args) => ("release", super::release::run(args, printer)),
        Command::Notice(args) => ("notice", super::notice::run(args)),
        Command::Diff(args) => ("diff", super::compare::diff(args, printer)),
        Command::Lineage(args) => ("lineage", super::compare::lineage(args, printer)),
        Command::Attest(args) => (args.name(), super::attest::run(args, printer)),
        Command::Bench(args) => ("bench", super::bench::run(args, printer)),
        Command::Golden(command) => ("golden-record", super::bench::golden(command, printer)),
        Command::Plugin(command) => (command.name(), super::plugin::run(command)),
        Command::PluginHost => ("plugin-host", Err(Problem::new(Code::Internal, "plugin-host"))),
        Command::Sigstore(command) => ("sigstore", super::sigstore::run(command)),
        Command::Trust(command) => ("trust", super::trust::run(command, printer)),
        Command::Push(args) => ("push", super::push::run(args, printer)),
        Command::Pull(args) => ("pull", super::pull::run(args, printer)),
        Command::Encode(args) => ("encode", super::coding::encode(args, printer)),
        Command::Decode(args) => ("decode", super::coding::decode(args, printer)),
        Command::Demo(args) => ("demo", demo(args)),
        Command::Policy(args) => (args.name(), super::policy::run(args)),
        Command::Explain(args) => ("explain", explain(args)),
        Command::Schema(args) => ("schema", schema(args)),
        Command::Completions(args) => ("completions", completions(args)),
    };
    result.unwrap_or_else(|problem| {
        let exit = problem.exit(about_bundle);
        // A problem ends the run; a code that is mild as a finding is not so here.
        let exit = if exit == Exit::Ok { Exit::Unexpected } else { exit };
        Reply::failed(name, exit, problem)
    })
}

fn init(args: &InitArgs) -> Result<Reply> {
    let plan = init::plan(&args.folder)?;
    let path = args.folder.join(FILE_NAME);
    let before = crate::spec::read_text(&path).ok();
    let changed = before.as_deref() != Some(plan.spec_text.as_str());
    let mut written = false;
    if changed && !args.dry_run {
        written = args.yes || !plan.existing || confirm("Add to pkg.toml?");
        if written {
            init::write(&args.folder, &plan)?;
        }
    }
    let result = InitResult {
        path,
        written,
        existing: plan.existing,
        components: plan.components,
        text: plan.spec_text,
        show_text: args.dry_run || (changed && !written),
    };
    Reply::new("init", Exit::Ok, plan.findings, &result)
}

fn store_mode(arg: StoreArg) -> StoreMode {
    match arg {
        StoreArg::Auto => StoreMode::Auto,
        StoreArg::Reflink => StoreMode::Reflink,
        StoreArg::Hardlink => StoreMode::Hardlink,
        StoreArg::Copy => StoreMode::Copy,
    }
}

fn pack(args: &PackArgs, printer: Printer) -> Result<Reply> {
    let request = PackRequest {
        folder: args.folder.clone(),
        output: args.output.clone(),
        mode: store_mode(args.store),
        shards: match args.shards {
            ShardsArg::Auto => ShardPolicy::Auto,
            ShardsArg::Always => ShardPolicy::Always,
            ShardsArg::Never => ShardPolicy::Never,
        },
        part: args.shard,
        cache: !args.no_cache,
        force: args.force,
        git: args.git.request(),
    };
    let outcome = printer.with_progress("packing", |meter| bundle::pack(&request, meter))?;
    let result = PackResult {
        output: request.output,
        name: outcome.release.name.clone(),
        version: outcome.release.version.clone(),
        digest: outcome.digest,
        files: outcome.files,
        bytes: outcome.bytes,
        bytes_read: outcome.read,
        shard_size: outcome.shard_size,
        parts: outcome.parts,
        signatures_kept: outcome.signatures_kept,
    };
    Reply::new("pack", Exit::Ok, outcome.findings, &result)
}

fn keygen(args: &KeygenArgs) -> Result<Reply> {
    let algorithm = match args.algorithm {
        AlgorithmArg::EcdsaP256 => Algorithm::EcdsaP256,
        AlgorithmArg::Ed25519 => Algorithm::Ed25519,
    };
    let passphrase =
        if args.no_passphrase { None } else { passphrase::for_new_key(&args.passphrase)? };
    let key = SigningKey::generate(algorithm)?;
    let text = passphrase.as_ref().map(|passphrase| passphrase.as_str());
    let written = keyfile::write_key_pair(&args.output, &key, text, args.force)?;
    let mut findings = Vec::new();
    if !written.encrypted {
        let subject = written.private.display();
        findings.push(Problem::new(Code::KeyNotEncrypted, subject).into_finding());
    }
    let result = KeygenResult {
        private: written.private,
        public: written.public,
        algorithm: algorithm.to_string(),
        encrypted: written.encrypted,
        key_hint: key.public()?.hint(),
    };
    Reply::new("keygen", Exit::Ok, findings, &result)
}

fn sign(args: &SignArgs, printer: Printer) -> Result<Reply> {
    let (sealer, findings) = args.signer.sealer()?;
    let mut findings = match model_folder::sign(args, sealer.as_ref(), findings, printer)? {
        Ok(reply) => return Ok(reply),
        Err(findings) => findings,
    };
    let model = match args.model_signature {
        ModelSignatureArg::Files => ModelSignature::Files,
        ModelSignatureArg::Shards => ModelSignature::Shards,
        ModelSignatureArg::None => ModelSignature::None,
    };
    let (signed, more) = sign::sign(&args.bundle, sealer.as_ref(), model)?;
    findings.extend(more);
    Reply::new("sign", exit_of(&findings), findings, &SignResult::Bundle(signed))
}

fn verify(args: &VerifyArgs, printer: Printer) -> Result<Reply> {
    let policy = args.policy.as_deref().map(super::policy::load).transpose()?;
    let (plugins, results) = args.plugins.read(policy.is_some(), &args.trust.root())?;
    let request = VerifyRequest {
        target: args.target.clone(),
        judge: args.trust.judge_with(policy.as_ref())?,
        digest: args.digest.or(bundle::digest_of(&args.target)),
        scope: Scope { only: args.only.clone(), whole_files: args.whole_files },
        folder: args.folder.options(),
        policy,
        adopter: args.adopter.read()?,
        plugins,
        results,
        against: args.against.clone(),
        git_signers: args.git_signers.clone(),
    };
    let (verdict, findings) =
        printer.with_progress("verifying", |meter| verify::verify(&request, meter))?;
    let exit = exit_of(&findings);
    Reply::new("verify", exit, findings, &Judged { verdict, exit })
}

fn show(args: &ShowArgs) -> Result<Reply> {
    let adopter = args.adopter.read()?;
    let judge = args.trust.judge()?;
    let (overview, findings) = show::show(&args.target, &judge, adopter.as_ref())?;
    Reply::new("show", exit_of(&findings), findings, &overview)
}

fn unpack(args: &UnpackArgs, printer: Printer) -> Result<Reply> {
    let request = UnpackRequest {
        output: args.output.clone(),
        only: args.only.clone(),
        mode: store_mode(args.store),
        force: args.force,
    };
    let (outcome, findings) = printer
        .with_progress("unpacking", |meter| unpack::unpack(&args.bundle, &request, meter))?;
    let exit = exit_of(&findings);
    let Some(outcome) = outcome else {
        return Ok(Reply::without_result("unpack", exit, findings));
    };
    let result = UnpackResult {
        output: request.output,
        digest: outcome.digest,
        files: outcome.files,
        bytes: outcome.bytes,
        left_out: outcome.left_out,
        model_signature: outcome.model_signature,
    };
    Reply::new("unpack", exit, findings, &result)
}

fn export(args: &ExportArgs, printer: Printer) -> Result<Reply> {
    let request = ExportRequest {
        bundle: args.bundle.clone(),
        output: args.output.clone(),
        judge: args.trust.judge()?,
        digest: args.digest,
        with_root: args.with_root,
    };
    let (exported, findings) =
        printer.with_progress("verifying", |meter| export::export(&request, meter))?;
    let exit = exit_of(&findings);
    match exported {
        Some(exported) => Reply::new("export", exit, findings, &exported),
        None => Ok(Reply::without_result("export", exit, findings)),
    }
}

fn demo(args: &DemoArgs) -> Result<Reply> {
    let report = demo::run(args.keep.as_deref())?;
    Reply::new("demo", Exit::Ok, Vec::new(), &report)
}

fn explain(args: &ExplainArgs) -> Result<Reply> {
    let explanation = |code: &Code| Explanation {
        code: code.to_string(),
        meaning: code.meaning().to_owned(),
        remedy: code.remedy().to_owned(),
        exit_code: code.exit().code(),
    };
    let wanted = |code: &&Code| args.code.as_ref().is_none_or(|text| code.as_str() == text);
    let codes: Vec<Explanation> = Code::ALL.iter().filter(wanted).map(explanation).collect();
    if codes.is_empty() {
        let text = args.code.as_deref().unwrap_or_default();
        return Err(Problem::new(Code::UnknownCode, text));
    }
    Reply::new("explain", Exit::Ok, Vec::new(), &ExplainResult { codes })
}

fn schema(args: &SchemaArgs) -> Result<Reply> {
    let all = schemas::schemas();
    let names: Vec<String> = all.iter().map(|(name, _)| (*name).to_owned()).collect();
    let text = match &args.name {
        None => None,
        Some(name) => {
            let (_, schema) = all.iter().find(|(known, _)| known == name).ok_or_else(|| {
                Problem::new(Code::UsageError, name).detail(format!(
                    "there is no schema of that name; there are {}",
                    names.join(", ")
                ))
            })?;
            let text = serde_json::to_string_pretty(schema).map_err(|error| {
                Problem::new(Code::Internal, name).detail(error.to_string()).source(error)
            })?;
            Some(format!("{text}\n"))
        }
    };
    Reply::new("schema", Exit::Ok, Vec::new(), &SchemaResult { names, text })
}

fn completions(args: &CompletionsArgs) -> Result<Reply> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "pkg", &mut text);
    let names = clap_complete::Shell::value_variants().iter().map(ToString::to_string).collect();
    let text = Some(String::from_utf8_lossy(&text).into_owned());
    Reply::new("completions", Exit::Ok, Vec::new(), &SchemaResult { names, text })
}
