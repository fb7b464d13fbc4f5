//! Installing a plugin for this user, and taking it away again.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::ask::Runner;
use super::find::{Place, Plugin, user_folder};
use super::manifest::{self, Manifest};
use super::trust::Trust;
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, Staged};
use crate::model::digest::Digest;

/// Largest library, in bytes.
const MAX_LIBRARY: u64 = 1 << 30;

/// What is to be installed.
#[derive(Debug, Clone)]
pub struct InstallRequest {
    /// A manifest, or a library, whose manifest is then made from what it says it is.
    pub path: PathBuf,
    /// SHA-256 that the library must have.
    pub digest: Option<Digest>,
    /// Whether a library without a manifest needs a GPU.
    pub gpu: bool,
    /// Whether an installed plugin of the same id is replaced.
    pub force: bool,
    /// Whether to let it run from now on.
    pub trust: bool,
}

/// What was installed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Installed {
    /// What its manifest says.
    pub manifest: Manifest,
    /// Where it is now.
    pub folder: PathBuf,
    /// Why it may run.
    pub trust: Trust,
}

/// Installs a plugin for this user. It is asked what it is first, in confinement.
pub fn install(request: &InstallRequest, runner: &mut Runner) -> Result<Installed> {
    let path = &request.path;
    let is_manifest = path
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.ends_with(manifest::SUFFIX));
    let given = is_manifest.then(|| Plugin::open(path, Place::Given)).transpose()?;
    let library = given.as_ref().map_or_else(|| path.clone(), Plugin::library);
    let bytes = fsx::read_given(&library, MAX_LIBRARY)?;
    let digest = Digest::of(&bytes);
    let other = |expected: &str| {
        Problem::new(Code::PluginOtherLibrary, library.display())
            .detail(format!("expected sha256:{expected}, but it is {digest}"))
    };
    if let Some(expected) = request.digest.filter(|expected| *expected != digest) {
        return Err(other(&expected.hex()));
    }
    let plugin = if let Some(plugin) = given {
        if !plugin.manifest.sha256.eq_ignore_ascii_case(&digest.hex()) {
            return Err(other(&plugin.manifest.sha256));
        }
        let said = runner.describe(&plugin)?;
        let manifest = &plugin.manifest;
        if (&said.id, &said.version, &said.kinds)
            != (&manifest.id, &manifest.version, &manifest.kinds)
        {
            return Err(Problem::new(Code::PluginManifest, path.display()).detail(format!(
                "it says {} {}, but the library says {} {}",
                manifest.id, manifest.version, said.id, said.version
            )));
        }
        plugin
    } else {
        from_library(&library, &digest, request.gpu, runner)?
    };
    let installed = place(&plugin, &bytes, request.force)?;
    if request.trust {
        runner.config.pin(&installed.manifest.id, &installed.manifest.sha256);
        runner.config.save()?;
    }
    let trust = runner.config.trust(&installed);
    let folder = installed.path.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Installed { manifest: installed.manifest, folder, trust })
}

/// The manifest of a library, from what it says it is: to be signed, and shipped beside
/// it.
pub fn manifest_of(library: &Path, gpu: bool, runner: &Runner) -> Result<Plugin> {
    let digest = Digest::of(&fsx::read_given(library, MAX_LIBRARY)?);
    from_library(library, &digest, gpu, runner)
}

/// A plugin made of a bare library.
fn from_library(library: &Path, digest: &Digest, gpu: bool, runner: &Runner) -> Result<Plugin> {
    let name = library
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Problem::new(Code::NonUtf8Name, library.display()))?;
    let real = library.canonicalize().map_err(|error| Problem::reading(library, error))?;
    let said = runner.describe_library(name, real, &digest.hex(), gpu)?;
    if !manifest::is_id(&said.id) {
        return Err(Problem::new(Code::PluginManifest, library.display())
            .detail(format!("{:?} can be the id of no plugin", said.id)));
    }
    let manifest = Manifest::of(&said, name, digest, gpu);
    let bytes = manifest.text()?;
    let path = library.with_file_name(format!("{}{}", manifest.id, manifest::SUFFIX));
    Ok(Plugin { manifest, bytes, path, place: Place::Given })
}

fn home() -> Result<PathBuf> {
    user_folder().ok_or_else(|| {
        Problem::new(Code::PathNotFound, "the folder of plugins")
            .detail("the environment does not say where it is")
            .hint("Set PKG_DATA_DIR or HOME.")
    })
}

/// Copies manifest, library and signature into the folder of this user.
fn place(plugin: &Plugin, library: &[u8], force: bool) -> Result<Plugin> {
    let home = home()?;
    std::fs::create_dir_all(&home).map_err(|error| Problem::writing(&home, error))?;
    let target = home.join(&plugin.manifest.id);
    let staged = Staged::folder(&target)?;
    let write = |name: &str, bytes: &[u8]| {
        let path = staged.path().join(name);
        std::fs::write(&path, bytes).map_err(|error| Problem::writing(&path, error))
    };
    let name = format!("{}{}", plugin.manifest.id, manifest::SUFFIX);
    write(&name, &plugin.bytes)?;
    write(&plugin.manifest.library, library)?;
    let signature = plugin.signature();
    if signature.exists() {
        let bytes = fsx::read_given(&signature, 64 << 20)?;
        write(&format!("{name}{}", manifest::SIGNATURE_SUFFIX), &bytes)?;
    }
    staged.commit(force)?;
    Plugin::open(&target.join(name), Place::User)
}

/// Takes a plugin of this user away, and its pins.
pub fn remove(id: &str, runner: &mut Runner) -> Result<PathBuf> {
    if !manifest::is_id(id) {
        return Err(Problem::new(Code::PluginNotFound, id));
    }
    let folder = home()?.join(id);
    if !folder.is_dir() {
        return Err(Problem::new(Code::PluginNotFound, id)
            .detail(format!("{} is not there", folder.display()))
            .hint("Only what `pkg plugin install` installed can be removed."));
    }
    std::fs::remove_dir_all(&folder).map_err(|error| Problem::writing(&folder, error))?;
    if runner.config.unpin(id) {
        runner.config.save()?;
    }
    Ok(folder)
}
