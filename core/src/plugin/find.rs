//! Where plugins are looked for.
//!
//! Never in the working directory and never in a bundle: what is judged must not bring
//! its judge along.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::manifest::{Manifest, SIGNATURE_SUFFIX, SUFFIX};
use crate::finding::{Code, Problem, Result};
use crate::fsx;

/// Most plugins that are looked at in one place.
const MAX_PLUGINS: usize = 1000;

/// How a place came to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Named on the command line.
    Given,
    /// Named in `PKG_PLUGIN_PATH`.
    Environment,
    /// Installed beside pkg itself.
    BuiltIn,
    /// Installed by this user.
    User,
}

/// What of the surroundings counts.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Folders named on the command line.
    pub given: Vec<PathBuf>,
    /// Whether what the environment says does not count.
    pub locked: bool,
}

/// A plugin that was found.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// What its manifest says.
    pub manifest: Manifest,
    /// The manifest, byte for byte.
    pub bytes: Vec<u8>,
    /// Where the manifest is.
    pub path: PathBuf,
    /// How it was found.
    pub place: Place,
}

impl Plugin {
    /// Reads the plugin with this manifest.
    pub fn open(path: &Path, place: Place) -> Result<Self> {
        let (manifest, bytes) = Manifest::read(path)?;
        // Its process works elsewhere, where a relative path would be another one.
        let path = std::path::absolute(path).map_err(|error| Problem::reading(path, error))?;
        Ok(Self { manifest, bytes, path, place })
    }

    /// Where its library is.
    pub fn library(&self) -> PathBuf {
        self.path.with_file_name(&self.manifest.library)
    }

    /// Where its signature would be.
    pub fn signature(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(SIGNATURE_SUFFIX);
        PathBuf::from(path)
    }
}

impl Search {
    /// The folders that are looked at, in their order: the first plugin of an id counts.
    pub fn folders(&self) -> Vec<(PathBuf, Place)> {
        let mut folders: Vec<_> =
            self.given.iter().map(|folder| (folder.clone(), Place::Given)).collect();
        if !self.locked && !is_privileged() {
            let named = std::env::var_os("PKG_PLUGIN_PATH").unwrap_or_default();
            let named: Vec<PathBuf> = std::env::split_paths(&named).collect();
            // A relative path would be one of the working directory.
            let named = named.into_iter().filter(|folder| folder.is_absolute());
            folders.extend(named.map(|folder| (folder, Place::Environment)));
        }
        if let Some(beside) = std::env::current_exe().ok().and_then(|exe| exe.canonicalize().ok()) {
            let beside = beside.parent().unwrap_or(Path::new("/"));
            folders.push((beside.join("plugins"), Place::BuiltIn));
            folders.push((beside.join("../lib/pkg/plugins"), Place::BuiltIn));
        }
        folders.extend(user_folder().map(|folder| (folder, Place::User)));
        folders
    }

    /// Every plugin that can be found, and what is wrong with others. One that stands
    /// behind another of its id is left out.
    pub fn all(&self) -> (Vec<Plugin>, Vec<Problem>) {
        let (mut plugins, mut problems) = (Vec::<Plugin>::new(), Vec::new());
        for (folder, place) in self.folders() {
            for manifest in manifests(&folder) {
                match Plugin::open(&manifest, place) {
                    Ok(found) => {
                        if !plugins.iter().any(|known| known.manifest.id == found.manifest.id) {
                            plugins.push(found);
                        }
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
        plugins.sort_by(|a, b| a.manifest.id.cmp(&b.manifest.id));
        (plugins, problems)
    }

    /// The plugin with this id, or the one whose manifest is named.
    pub fn find(&self, id: &str) -> Result<Plugin> {
        if id.contains('/') {
            return Plugin::open(Path::new(id), Place::Given);
        }
        let (plugins, mut problems) = self.all();
        let ids: Vec<String> = plugins.iter().map(|plugin| plugin.manifest.id.clone()).collect();
        if let Some(found) = plugins.into_iter().find(|plugin| plugin.manifest.id == id) {
            return Ok(found);
        }
        // A damaged manifest may be the one that was meant.
        let named = |problem: &Problem| {
            let name = Path::new(&problem.finding().subject).file_name();
            name.and_then(|name| name.to_str()) == Some(&format!("{id}{SUFFIX}"))
        };
        if let Some(position) = problems.iter().position(named) {
            return Err(problems.swap_remove(position));
        }
        let there = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
        Err(Problem::new(Code::PluginNotFound, id)
            .detail(format!("there is no plugin of that id; there are: {there}")))
    }
}

/// Where plugins of this user are installed.
pub fn user_folder() -> Option<PathBuf> {
    fsx::data_folder().map(|folder| folder.join("plugins"))
}

/// Manifests in a folder, and in folders directly in it.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let is_manifest = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(SUFFIX))
    };
    let walk = walkdir::WalkDir::new(folder).max_depth(2).sort_by_file_name();
    walk.into_iter()
        .filter_map(std::result::Result::ok)
        .filter(|entry| entry.file_type().is_file() && is_manifest(entry.path()))
        .map(walkdir::DirEntry::into_path)
        .take(MAX_PLUGINS)
        .collect()
}

/// Whether this process has more rights than whoever started it.
fn is_privileged() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}
