use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{Resolved, resolve};
use crate::finding::{Code, Problem, Result};
use crate::model::path::ReleasePath;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(names: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for name in names {
            folder.write(name, b"content");
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

    /// Resolves a spec whose weights are `m.bin`, with more components.
    fn resolve(&self, more: &str) -> Result<Resolved> {
        let weights = "[[component]]\nkind = \"model-parameters-final\"\npaths = [\"m.bin\"]\n";
        self.resolve_all(&format!("{weights}{more}"))
    }

    fn resolve_all(&self, components: &str) -> Result<Resolved> {
        let text = format!("[release]\nname = \"m\"\nversion = \"1\"\n{components}");
        let spec = crate::spec::parse(&text, "pkg.toml").unwrap();
        resolve(self.path(), &spec)
    }

    fn fails(&self, more: &str) -> Problem {
        self.resolve(more).unwrap_err()
    }
}

fn component(kind: &str, body: &str) -> String {
    format!("[[component]]\nkind = \"{kind}\"\n{body}\n")
}

fn paths(files: &[super::SourceFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn globs_are_expanded_in_order_and_the_rest_is_told() {
    let folder =
        Folder::new(&["m.bin", "src/b.py", "src/a.py", "src/sub/c.py", "x.md", "L", "d.json"]);
    let more = component(
        "inference-code",
        "paths = [\"src/*.py\", \"**/*.py\"]\nexclude = [\"src/b.*\"]\nlicence-file = \"L\"",
    ) + &component("model-card", "absent = \"no\"\nlicence-file = \"L\"")
        + "[[data]]\nname = \"d\"\nmanifest = \"d.json\"\n[[data]]\nname = \"e\"\n";
    let resolved = folder.resolve(&more).unwrap();
    assert_eq!(paths(&resolved.components[0]), ["m.bin"]);
    assert_eq!(paths(&resolved.components[1]), ["src/a.py", "src/sub/c.py"]);
    assert_eq!(resolved.components[2], []);
    assert_eq!(paths(&resolved.licences), ["L"]);
    assert_eq!(resolved.manifests.len(), 2);
    assert_eq!(resolved.manifests[0].as_ref().map(|file| file.path.as_str()), Some("d.json"));
    assert_eq!(resolved.manifests[1], None);
    let unpacked: Vec<&str> = resolved.unpacked.iter().map(ReleasePath::as_str).collect();
    assert_eq!(unpacked, ["src/b.py", "x.md"]);
    assert_eq!(resolved.components[0][0].size, 7);
}

#[test]
fn a_star_does_not_cross_folders() {
    let folder = Folder::new(&["m.bin", "a/b.py"]);
    assert_eq!(
        folder.fails(&component("inference-code", "paths = [\"*.py\"]")).code(),
        Code::PathNotFound
    );
}

#[test]
fn patterns_without_files_are_named() {
    let folder = Folder::new(&["m.bin", "src/a.py"]);
    let problem = folder.fails(&component("inference-code", "paths = [\"src\"]"));
    assert_eq!(problem.code(), Code::PathNotFound);
    assert!(problem.finding().hint.contains("src/**"), "{}", problem.finding().hint);
    let all = component("inference-code", "paths = [\"src/**\"]\nexclude = [\"**\"]");
    assert_eq!(folder.fails(&all).code(), Code::PathNotFound);
    let data = "[[data]]\nname = \"d\"\nmanifest = \"no.json\"\n";
    assert_eq!(folder.fails(data).code(), Code::PathNotFound);
    let licence = component("model-card", "absent = \"x\"\nlicence-file = \"LICENSE\"");
    assert_eq!(folder.fails(&licence).code(), Code::LicenceFileMissing);
}

#[test]
fn one_file_has_one_component_but_may_be_licence_and_manifest_too() {
    let folder = Folder::new(&["m.bin", "README.md", "d.json"]);
    let card = component("model-card", "paths = [\"README.md\"]");
    let problem = folder.fails(&format!("{card}{}", component("data-card", "paths = [\"*.md\"]")));
    assert_eq!(problem.code(), Code::DuplicatePath);
    let message = &problem.finding().message;
    assert!(message.contains("model-card") && message.contains("data-card"), "{message}");
    let shared =
        component("model-card", "paths = [\"*.md\", \"d.json\"]\nlicence-file = \"README.md\"")
            + "[[data]]\nname = \"d\"\nmanifest = \"d.json\"\n";
    let resolved = folder.resolve(&shared).unwrap();
    assert_eq!(resolved.licences, []);
    assert!(resolved.manifests[0].is_some());
}

#[test]
fn links_and_special_files_are_refused_where_they_are_listed() {
    let folder = Folder::new(&["m.bin", "src/a.py"]);
    symlink("m.bin", folder.path().join("link.py")).unwrap();
    symlink("src", folder.path().join("linked")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let fails = |pattern: &str| {
        folder.fails(&component("inference-code", &format!("paths = [\"{pattern}\"]"))).code()
    };
    assert_eq!(fails("*.py"), Code::SymlinkInRelease);
    assert_eq!(fails("linked"), Code::SymlinkInRelease);
    assert_eq!(fails("linked/*.py"), Code::SymlinkInRelease);
    assert_eq!(fails("pipe"), Code::SpecialFile);
    let resolved = folder.resolve("").unwrap();
    assert_eq!(resolved.unpacked.len(), 1, "links and pipes are not files: {resolved:?}");
}

#[test]
fn names_have_to_work_everywhere() {
    let folder = Folder::new(&["m.bin", "a:b.py", "c.py", "C.py", ".PKG/x"]);
    let code = |pattern: &str| {
        folder.fails(&component("inference-code", &format!("paths = [\"{pattern}\"]"))).code()
    };
    assert_eq!(code("a*"), Code::UnsafePath);
    assert_eq!(code("[cC].py"), Code::CaseClash);
    assert_eq!(code(".PKG/*"), Code::SpecInvalid);
    assert!(folder.resolve("").is_ok(), "unlisted files do not matter");
}

#[test]
fn weights_have_to_be_there_for_real() {
    let folder = Folder::new(&["a.txt"]);
    folder.write("m.bin", b"");
    assert_eq!(folder.fails("").code(), Code::EmptyWeights);
    folder.write("m.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n");
    assert_eq!(folder.fails("").code(), Code::LfsPointer);
}

#[test]
fn shards_of_an_index_have_to_be_listed() {
    let folder = Folder::new(&["m.bin", "x-1.bin", "x-2.bin"]);
    folder.write("x.bin.index.json", br#"{"weight_map":{"a":"x-1.bin","b":"x-2.bin"}}"#);
    let index = component("model-metadata", "paths = [\"x.bin.index.json\"]");
    let with = |paths: &str| {
        folder.resolve_all(
            &(component("model-parameters-final", &format!("paths = [{paths}]")) + &index),
        )
    };
    assert!(with("\"*.bin\"").is_ok());
    let problem = with("\"x-1.bin\"").unwrap_err();
    assert_eq!(problem.code(), Code::MissingShard);
    assert!(problem.finding().message.contains("no component"), "{}", problem.finding().message);
    fs::remove_file(folder.path().join("x-2.bin")).unwrap();
    let problem = with("\"*.bin\"").unwrap_err();
    assert_eq!(problem.code(), Code::MissingShard);
    assert!(problem.finding().message.contains("not in the folder"));
    // An index that nobody lists, of weights that nobody lists, does not matter.
    assert!(folder.resolve("").is_ok());
    // Weights elsewhere: the index alone is fine.
    let elsewhere = component("model-parameters-final", "url = \"https://x\"") + &index;
    assert!(folder.resolve_all(&elsewhere).is_ok());
}

#[test]
fn an_empty_or_missing_folder_is_told() {
    let folder = Folder::new(&[]);
    assert_eq!(folder.fails("").code(), Code::EmptyFolder);
    let spec = crate::spec::parse("[release]\nname = \"m\"\nversion = \"1\"\n", "x").unwrap();
    let git = component("model-parameters-final", "git = { repo = \"../r\", rev = \"main\" }");
    assert_eq!(folder.resolve_all(&git).unwrap().components, [Vec::new()]);
    let missing = folder.path().join("nothing");
    assert_eq!(resolve(&missing, &spec).unwrap_err().code(), Code::PathNotFound);
}

#[test]
fn loading_checks_what_it_reads() {
    let folder = Folder::new(&["m.bin"]);
    let load = || crate::spec::load(folder.path()).map(|_| ()).map_err(|problem| problem.code());
    assert_eq!(load(), Err(Code::SpecMissing));
    let good = "[release]\nname = \"m\"\nversion = \"1\"\n[[component]]\nkind = \"model-parameters-final\"\npaths = [\"m.bin\"]\n";
    folder.write("pkg.toml", good.as_bytes());
    assert_eq!(load(), Ok(()));
    folder.write("pkg.toml", good.replace("\"m\"", "\"M\"").as_bytes());
    assert_eq!(load(), Err(Code::SpecInvalid));
    folder.write("pkg.toml", b"\xff");
    assert_eq!(load(), Err(Code::SpecSyntax));
    let long = usize::try_from(crate::spec::MAX_SPEC).unwrap() + 1;
    folder.write("pkg.toml", &vec![b'#'; long]);
    assert_eq!(load(), Err(Code::MetadataTooLarge));
}
