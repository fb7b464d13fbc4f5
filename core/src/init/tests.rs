use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Plan, plan, write};
use crate::finding::{Code, Result};
use crate::model::kind::Kind;
use crate::model::path::ReleasePath;
use crate::model::spec::Relation;
use crate::spec::{self, Resolved};

const MIT: &str = include_str!("../demo/MIT.txt");

struct Folder(tempfile::TempDir);

impl Folder {
    fn empty() -> Self {
        Self(tempfile::Builder::new().prefix("Tiny Model").tempdir().unwrap())
    }

    /// A folder with weights and these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self::empty();
        folder.write("model.safetensors", &pkg_formats::samples::safetensors("{}", 0));
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn plan(&self) -> Result<Plan> {
        plan(self.path())
    }

    fn fails(&self) -> Code {
        self.plan().unwrap_err().code()
    }

    /// Plans, writes, and reads back what was written.
    fn init(&self) -> (Plan, crate::model::spec::Spec, Resolved) {
        let plan = self.plan().unwrap();
        write(self.path(), &plan).unwrap();
        let spec = spec::load(self.path()).unwrap();
        let resolved = spec::resolve(self.path(), &spec).unwrap();
        (plan, spec, resolved)
    }
}

fn codes(plan: &Plan) -> BTreeSet<Code> {
    plan.findings.iter().map(|finding| finding.code).collect()
}

fn files(spec: &crate::model::spec::Spec, resolved: &Resolved, kind: Kind) -> Vec<String> {
    let parts = spec.components.iter().zip(&resolved.components);
    let files = parts.filter(|(component, _)| component.kind == kind).flat_map(|(_, files)| files);
    files.map(|file| file.path.to_string()).collect()
}

#[test]
fn a_whole_folder_is_sorted_and_what_is_written_is_accepted() {
    let card = "---\nlicense: mit\nbase_model: org/base\nbase_model_relation: finetune\ndatasets:\n- org/data\n---\n# Tiny\n";
    let folder = Folder::new(&[
        ("config.json", r#"{"architectures":["X"]}"#),
        ("tokenizer.json", "{}"),
        ("README.md", card),
        ("LICENSE", MIT),
        ("train.py", "loss.backward()\n"),
        ("eval.py", "print()\n"),
        ("a.py", ""),
        ("b.py", ""),
        ("src/a.py", ""),
        ("src/b.py", ""),
        ("src/c.py", ""),
        ("src/d[1].py", ""),
        (
            "data/croissant.json",
            r#"{"conformsTo":"http://mlcommons.org/croissant/1.0","name":"D","url":"https://d"}"#,
        ),
        ("mystery.xyz", "?"),
        (".gitattributes", "*.bin lfs"),
    ]);
    let (plan, spec, resolved) = folder.init();
    let of = |kind| files(&spec, &resolved, kind);
    assert!(!plan.existing);
    assert!(spec.release.name.starts_with("tiny-model"), "{}", spec.release.name);
    assert_eq!(of(Kind::ModelParametersFinal), ["model.safetensors"]);
    assert_eq!(of(Kind::ModelMetadata), ["config.json", "tokenizer.json"]);
    assert_eq!(of(Kind::ModelCard), ["README.md"]);
    assert_eq!(of(Kind::TrainingCode), ["train.py"]);
    assert_eq!(of(Kind::EvaluationCode), ["eval.py"]);
    let inference = ["a.py", "b.py", "src/a.py", "src/b.py", "src/c.py", "src/d[1].py"];
    assert_eq!(of(Kind::InferenceCode), inference);
    assert!(plan.spec_text.contains("\"src/*.py\""), "{}", plan.spec_text);
    let names: Vec<&str> = spec.data.iter().map(|data| data.name.as_str()).collect();
    assert_eq!(names, ["org/data", "D"]);
    assert!(resolved.manifests[1].is_some());
    assert_eq!(spec.base_models[0].name, "org/base");
    assert_eq!(spec.base_models[0].relation, Some(Relation::Finetune));
    let unpacked: Vec<&str> = resolved.unpacked.iter().map(ReleasePath::as_str).collect();
    assert_eq!(unpacked, [".gitattributes", "mystery.xyz"]);
    assert!(codes(&plan).contains(&Code::UndecidedFile));
    assert!(plan.spec_text.contains("#   mystery.xyz: "), "{}", plan.spec_text);
    let licences: Vec<&str> = resolved.licences.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(licences, ["LICENSE"]);
    let summed: u64 = plan.components.iter().map(|component| component.files).sum();
    assert_eq!(summed, 12);
}

#[test]
fn one_licence_for_all_is_said_once_and_several_are_said_each() {
    let folder = Folder::new(&[("LICENSE", MIT), ("a.py", "")]);
    let (plan, spec, _) = folder.init();
    assert_eq!(spec.release.licence.as_deref(), Some("MIT"));
    assert_eq!(spec.release.licence_file.as_deref(), Some("LICENSE"));
    assert!(spec.components.iter().all(|component| component.licence.is_none()));
    assert_eq!(codes(&plan), BTreeSet::from([Code::LicenceProposed]));

    let apache = "Apache License\nVersion 2.0, January 2004\nTERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION\n";
    let folder = Folder::new(&[("LICENSE", MIT), ("src/LICENSE", apache), ("src/a.py", "")]);
    let (_, spec, _) = folder.init();
    assert_eq!(spec.release.licence, None);
    let licences: Vec<Option<&str>> =
        spec.components.iter().map(|component| component.licence.as_deref()).collect();
    assert_eq!(licences, [Some("MIT"), Some("Apache-2.0")]);
}

#[test]
fn what_is_not_clear_is_left_open_and_reported() {
    let other = "---\nlicense: other\nlicense_name: mine\n---\n";
    for files in [
        &[("README.md", other)][..],
        &[("README.md", "---\nlicense: apache-2.0\n---\n"), ("LICENSE", MIT)],
        &[("LICENSE", "my own terms")],
        &[],
    ] {
        let (plan, spec, _) = Folder::new(files).init();
        assert!(codes(&plan).contains(&Code::UndecidedLicence), "{files:?}");
        assert_eq!(spec.release.licence, None, "{files:?}");
        assert!(plan.spec_text.contains("# licence = \"SPDX expression\""), "{}", plan.spec_text);
    }
}

#[test]
fn gguf_metadata_names_the_licence() {
    let folder = Folder::empty();
    folder.write("m.gguf", &pkg_formats::samples::gguf());
    folder.write("METADATA", b"Metadata-Version: 2.2\nVersion: 0.1.2\n\nVersion: 9\n");
    let (_, spec, _) = folder.init();
    assert_eq!(spec.release.version, "0.1.2");
    assert_eq!(spec.release.licence.as_deref(), Some("Apache-2.0"));
}

#[test]
fn pickles_are_pointed_out() {
    let folder = Folder::empty();
    folder.write("pytorch_model.bin", b"PK\x03\x04rest");
    assert!(codes(&folder.plan().unwrap()).contains(&Code::PickleWeights));
}

#[test]
fn checkpoints_are_intermediate_and_alone_are_no_release() {
    let folder = Folder::empty();
    folder.write("checkpoint-10/model.safetensors", &pkg_formats::samples::safetensors("{}", 0));
    assert_eq!(folder.fails(), Code::NoWeights);
    folder.write("model.safetensors", &pkg_formats::samples::safetensors("{}", 0));
    let (_, spec, resolved) = folder.init();
    let intermediate = files(&spec, &resolved, Kind::ModelParametersIntermediate);
    assert_eq!(intermediate, ["checkpoint-10/model.safetensors"]);
}

#[test]
fn folders_that_cannot_be_released_are_refused() {
    let folder = Folder::empty();
    assert_eq!(folder.fails(), Code::EmptyFolder);
    folder.write("README.md", b"hi");
    assert_eq!(folder.fails(), Code::NoWeights);
    std::os::unix::fs::symlink("/dev/null", folder.path().join("model.safetensors")).unwrap();
    assert_eq!(folder.fails(), Code::SymlinkInRelease);
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    folder.write("model.safetensors", b"");
    assert_eq!(folder.fails(), Code::EmptyWeights);
    folder.write("model.safetensors", b"damaged");
    assert_eq!(folder.fails(), Code::BadWeightHeader);
    folder.write(
        "model.safetensors",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n",
    );
    let problem = folder.plan().unwrap_err();
    assert_eq!(problem.code(), Code::LfsPointer);
    assert!(problem.finding().hint.contains("git lfs pull"));
    folder.write("model.safetensors", &pkg_formats::samples::safetensors("{}", 0));
    folder.write("model.safetensors.index.json", br#"{"weight_map":{"a":"gone.safetensors"}}"#);
    assert_eq!(folder.fails(), Code::MissingShard);
}

#[test]
fn a_second_run_changes_nothing() {
    let folder = Folder::new(&[
        ("README.md", "---\nlicense: other\ndatasets: [a/b]\n---\n"),
        ("mystery.xyz", "?"),
        ("x[1].py", ""),
    ]);
    let (first, ..) = folder.init();
    let second = folder.plan().unwrap();
    assert!(second.existing);
    assert_eq!(second.spec_text, first.spec_text);
    assert_eq!(second.findings, []);
    assert_eq!(second.components, []);
}

#[test]
fn edits_are_kept_byte_for_byte_and_new_files_are_added_once() {
    let folder = Folder::new(&[]);
    let mine = "# mine\r\n[release]\nname='m'   # odd\nversion = \"1\"\nlicence = \"MIT\"\n\
                [[component]]\nkind = \"model-parameters-final\"\npaths = [\"*.safetensors\"]\n\
                [[component]]\nkind = \"training-code\"\nabsent = \"secret\"\n\
                [[component]]\nkind = \"inference-code\"\npaths = [\"*.py\"]\nexclude = [\"old.py\"]";
    for (name, text) in [
        ("pkg.toml", mine),
        ("run.py", ""),
        ("old.py", ""),
        ("src/train.py", "loss.backward()"),
        ("README.md", "hello"),
        ("d.json", r#"{"conformsTo":"http://mlcommons.org/croissant/1.0","name":"D"}"#),
    ] {
        folder.write(name, text.as_bytes());
    }
    let (plan, spec, resolved) = folder.init();
    assert!(plan.spec_text.starts_with(&format!("{mine}\n")), "{}", plan.spec_text);
    assert_eq!(files(&spec, &resolved, Kind::ModelCard), ["README.md"]);
    assert_eq!(spec.data[0].name, "D");
    assert_eq!(spec.components.len(), 4, "training code is only offered");
    assert!(plan.spec_text.contains("# kind = \"training-code\""), "{}", plan.spec_text);
    assert!(!plan.spec_text[mine.len()..].contains("old.py"), "excluded on purpose");
    assert!(codes(&plan).contains(&Code::SpecExtended));
    assert_eq!(folder.plan().unwrap().spec_text, plan.spec_text);
}

#[test]
fn components_in_an_inline_list_get_a_comment() {
    let folder = Folder::new(&[("README.md", "hello")]);
    let mine = "component = [{ kind = \"model-parameters-final\", paths = [\"*.safetensors\"] }]\n\
                release = { name = \"m\", version = \"1\" }\n";
    folder.write("pkg.toml", mine.as_bytes());
    let (plan, spec, _) = folder.init();
    assert!(plan.spec_text.starts_with(mine) && plan.spec_text.contains("# [[component]]"));
    assert_eq!(spec.components.len(), 1);
    assert_eq!(folder.plan().unwrap().spec_text, plan.spec_text);
}

#[test]
fn a_file_that_changed_meanwhile_is_left_alone() {
    let folder = Folder::new(&[]);
    let plan = folder.plan().unwrap();
    folder.write("pkg.toml", b"mine");
    assert_eq!(write(folder.path(), &plan).unwrap_err().code(), Code::FileChanged);
    assert_eq!(fs::read(folder.path().join("pkg.toml")).unwrap(), b"mine");
}

#[test]
fn a_damaged_spec_is_a_problem_and_not_overwritten() {
    let folder = Folder::new(&[("pkg.toml", "[release\n")]);
    assert_eq!(folder.fails(), Code::SpecSyntax);
}

#[test]
fn the_file_is_an_ordinary_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new(&[]);
    folder.init();
    let mode = fs::metadata(folder.path().join("pkg.toml")).unwrap().permissions().mode();
    // The umask may take reading away from others, but never gives more.
    assert_eq!((mode & 0o600, mode & 0o133), (0o600, 0), "{mode:o}");
}

#[test]
fn hostile_metadata_cannot_add_lines() {
    let card = "---\nlicense: \"mit\\n[[component]]\"\nbase_model: 'a\"b\\'\n---\n";
    let folder = Folder::new(&[("README.md", card), ("[release]", "?"), ("a'b.py", "")]);
    let (_, spec, resolved) = folder.init();
    assert_eq!(spec.base_models[0].name, "a\"b\\");
    assert_eq!(files(&spec, &resolved, Kind::InferenceCode), ["a'b.py"]);
}
