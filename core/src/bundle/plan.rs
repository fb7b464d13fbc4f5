//! Planning: which files make which layers.

use super::oci::Form;
use crate::finding::{Code, Problem, Result};
use crate::fsx::FileRef;
use crate::git::Commit;
use crate::model::kind::Group;
use crate::model::path::{Clash, ReleasePath, find_clash};
use crate::model::release::Owner;
use crate::model::spec::Spec;
use crate::spec::{Resolved, SourceFile};

/// One layer to be made, with its files in the order of their paths.
pub(super) struct Plan<'a> {
    pub(super) group: Group,
    pub(super) form: Form,
    pub(super) label: Option<&'a str>,
    pub(super) filepath: String,
    pub(super) files: Vec<PlannedFile<'a>>,
}

pub(super) struct PlannedFile<'a> {
    pub(super) path: &'a ReleasePath,
    pub(super) size: u64,
    pub(super) executable: bool,
    pub(super) owner: Owner,
    pub(super) from: From<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum From<'a> {
    Disk(&'a FileRef),
    Git(&'a Commit, usize),
}

pub(super) fn plan_layers<'a>(
    spec: &'a Spec,
    resolved: &'a Resolved,
    commits: &'a [Option<Commit>],
) -> Result<Vec<Plan<'a>>> {
    let mut plans = Vec::new();
    for (index, component) in spec.components.iter().enumerate() {
        let group = component.kind.group();
        let label = Some(component.kind.as_str());
        let owner = Owner::Component(index);
        let files: Vec<PlannedFile<'a>> = match &commits[index] {
            Some(commit) => commit
                .files
                .iter()
                .enumerate()
                .map(|(position, file)| PlannedFile {
                    path: &file.path,
                    size: file.size,
                    executable: file.executable,
                    owner,
                    from: From::Git(commit, position),
                })
                .collect(),
            None => resolved.components[index].iter().map(|file| on_disk(file, owner)).collect(),
        };
        if files.is_empty() {
            continue;
        }
        let raw = matches!(group, Group::Weights | Group::Config) && component.git.is_none();
        if raw {
            plans.extend(files.into_iter().map(|file| Plan {
                group,
                form: Form::Raw,
                label,
                filepath: file.path.as_str().to_owned(),
                files: vec![file],
            }));
        } else {
            plans.push(tar_plan(group, label, files));
        }
    }
    let licences: Vec<_> =
        resolved.licences.iter().map(|file| on_disk(file, Owner::Licence)).collect();
    if !licences.is_empty() {
        plans.push(tar_plan(Group::Docs, None, licences));
    }
    let manifests: Vec<_> = resolved
        .manifests
        .iter()
        .enumerate()
        .filter_map(|(index, file)| file.as_ref().map(|file| (index, file)))
        .map(|(index, file)| on_disk(file, Owner::Data(index)))
        .collect();
    let mut manifests = without_repeats(manifests, &plans);
    if !manifests.is_empty() {
        manifests.sort_by(|a, b| a.path.cmp(b.path));
        plans.push(tar_plan(Group::Data, None, manifests));
    }
    refuse_clashes(&plans)?;
    Ok(plans)
}

/// A manifest may also be listed by a component, or by two data sets.
fn without_repeats<'a>(files: Vec<PlannedFile<'a>>, plans: &[Plan<'a>]) -> Vec<PlannedFile<'a>> {
    let mut seen: std::collections::HashSet<&ReleasePath> =
        plans.iter().flat_map(|plan| plan.files.iter().map(|file| file.path)).collect();
    files.into_iter().filter(|file| seen.insert(file.path)).collect()
}

fn on_disk(file: &SourceFile, owner: Owner) -> PlannedFile<'_> {
    PlannedFile {
        path: &file.path,
        size: file.size,
        executable: file.executable,
        owner,
        from: From::Disk(&file.disk),
    }
}

fn tar_plan<'a>(group: Group, label: Option<&'a str>, files: Vec<PlannedFile<'a>>) -> Plan<'a> {
    let filepath = common_folder(&files);
    Plan { group, form: Form::TarZstd, label, filepath, files }
}

fn common_folder(files: &[PlannedFile<'_>]) -> String {
    let mut folders = files.iter().map(|file| {
        let text = file.path.as_str();
        text.rsplit_once('/').map_or("", |(folder, _)| folder)
    });
    let mut common = folders.next().unwrap_or_default().to_owned();
    for folder in folders {
        while !common.is_empty() && folder != common && !folder.starts_with(&format!("{common}/")) {
            common.truncate(common.rfind('/').unwrap_or(0));
        }
    }
    if common.is_empty() { ".".to_owned() } else { common }
}

fn refuse_clashes(plans: &[Plan<'_>]) -> Result<()> {
    let paths = plans.iter().flat_map(|plan| plan.files.iter().map(|file| file.path));
    match find_clash(paths.clone()) {
        None => {}
        Some(Clash::Same(path)) => return Err(Problem::new(Code::DuplicatePath, path)),
        Some(Clash::Case(one, other)) => {
            return Err(Problem::new(Code::CaseClash, one)
                .detail(format!("differs from {other} only in letter case")));
        }
        Some(Clash::Folder(file, below)) => {
            return Err(Problem::new(Code::DuplicatePath, file)
                .detail(format!("is a file, and a folder of {below}")));
        }
    }
    for path in paths {
        if path.is_reserved_for_pkg() {
            return Err(Problem::new(Code::SpecInvalid, path)
                .detail("the name is used by pkg itself in an unpacked release"));
        }
    }
    Ok(())
}
