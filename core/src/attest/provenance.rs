//! SLSA provenance of a packing run, from what the pipeline says about itself.
//!
//! Sources: SLSA v1.0 `provenance/v1`; the workflow build type of GitHub
//! (actions.github.io/buildtypes/workflow/v1); the documented environment
//! variables of GitHub Actions, GitLab CI, Buildkite and Google Cloud Build. The
//! environment is written by the same run that signs: this is provenance of SLSA
//! build level 1, and the identity of the signature says more than its text.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde_json::{Map, Value, json};

use crate::finding::{Code, Problem, Result};
use crate::model::release::Release;

/// Build type of GitHub's workflows.
const GITHUB: &str = "https://actions.github.io/buildtypes/workflow/v1";

/// What a pipeline says about the run.
struct Run {
    build_type: &'static str,
    external: Value,
    internal: Value,
    builder: String,
    invocation: Option<String>,
    source: Option<(String, String)>,
}

/// Environment variables; those that are empty or no text count as not set.
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process.
    pub(super) fn here() -> Self {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn needed(&self, name: &str) -> Result<String> {
        self.get(name).ok_or_else(|| {
            Problem::new(Code::PipelineUnknown, "the environment")
                .detail(format!("the pipeline does not set {name}"))
        })
    }

    /// Those of `names` that are set, by the names they get.
    fn some(&self, names: &[(&str, &str)]) -> Value {
        let set = names.iter().filter_map(|(as_name, name)| {
            Some(((*as_name).to_owned(), Value::String(self.get(name)?)))
        });
        Value::Object(set.collect::<Map<_, _>>())
    }
}

/// The predicate for a release packed in this pipeline. `created` is a time that
/// the caller chose (`SOURCE_DATE_EPOCH`); no clock is read.
pub(super) fn predicate(
    environment: &Environment,
    release: &Release,
    created: Option<&str>,
) -> Result<Value> {
    let run = if environment.get("GITHUB_ACTIONS").is_some() {
        github(environment)?
    } else if environment.get("GITLAB_CI").is_some() {
        gitlab(environment)?
    } else if environment.get("BUILDKITE").is_some() {
        buildkite(environment)?
    } else if environment.get("BUILD_ID").is_some() && environment.get("PROJECT_ID").is_some() {
        cloud_build(environment)?
    } else {
        return Err(Problem::new(Code::PipelineUnknown, "the environment"));
    };
    let mut dependencies: Vec<Value> = run.source.iter().map(commit).collect();
    for git in release.components.iter().filter_map(|component| component.git.as_ref()) {
        let Some(remote) = &git.remote else { continue };
        let found = commit(&(format!("git+{remote}@{}", git.rev), git.commit.clone()));
        if !dependencies.contains(&found) {
            dependencies.push(found);
        }
    }
    let mut internal = run.internal;
    internal["pkg"] = json!({ "version": env!("CARGO_PKG_VERSION") });
    let mut metadata = Map::new();
    metadata.extend(run.invocation.map(|id| ("invocationId".to_owned(), Value::String(id))));
    metadata.extend(created.map(|time| ("finishedOn".to_owned(), Value::from(time))));
    Ok(json!({
        "buildDefinition": {
            "buildType": run.build_type,
            "externalParameters": run.external,
            "internalParameters": internal,
            "resolvedDependencies": dependencies,
        },
        "runDetails": { "builder": { "id": run.builder }, "metadata": metadata },
    }))
}

fn commit((uri, commit): &(String, String)) -> Value {
    json!({ "uri": uri, "digest": { "gitCommit": commit } })
}

fn github(environment: &Environment) -> Result<Run> {
    let server = environment.needed("GITHUB_SERVER_URL")?;
    let repository = environment.needed("GITHUB_REPOSITORY")?;
    // OWNER/NAME/PATH@REF
    let workflow = environment.needed("GITHUB_WORKFLOW_REF")?;
    let url = format!("{server}/{repository}");
    let (path, workflow_ref) = workflow.rsplit_once('@').unwrap_or((&workflow, ""));
    let path = path.strip_prefix(&format!("{repository}/")).unwrap_or(path);
    let git_ref = environment.needed("GITHUB_REF")?;
    let run = environment.needed("GITHUB_RUN_ID")?;
    let attempt = environment.get("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".to_owned());
    Ok(Run {
        build_type: GITHUB,
        external: json!({
            "workflow": { "ref": workflow_ref, "repository": url, "path": path },
        }),
        internal: json!({ "github": environment.some(&[
            ("event_name", "GITHUB_EVENT_NAME"),
            ("repository_id", "GITHUB_REPOSITORY_ID"),
            ("repository_owner_id", "GITHUB_REPOSITORY_OWNER_ID"),
            ("runner_environment", "RUNNER_ENVIRONMENT"),
        ]) }),
        builder: format!("{server}/{workflow}"),
        invocation: Some(format!("{url}/actions/runs/{run}/attempts/{attempt}")),
        source: Some((format!("git+{url}@{git_ref}"), environment.needed("GITHUB_SHA")?)),
    })
}

fn gitlab(environment: &Environment) -> Result<Run> {
    let project = environment.needed("CI_PROJECT_URL")?;
    let server = environment.needed("CI_SERVER_URL")?;
    let runner = environment.needed("CI_RUNNER_ID")?;
    let git_ref = environment.needed("CI_COMMIT_REF_NAME")?;
    Ok(Run {
        build_type: "urn:x-pkg:build:gitlab-ci:v1",
        external: json!({
            "source": project,
            "ref": git_ref,
            "entryPoint": environment.needed("CI_JOB_NAME")?,
            "configuration": environment.get("CI_CONFIG_PATH")
                .unwrap_or_else(|| ".gitlab-ci.yml".to_owned()),
        }),
        internal: environment.some(&[
            ("pipelineSource", "CI_PIPELINE_SOURCE"),
            ("projectId", "CI_PROJECT_ID"),
            ("runnerVersion", "CI_RUNNER_VERSION"),
        ]),
        builder: format!("{server}/-/runners/{runner}"),
        invocation: environment.get("CI_JOB_URL"),
        source: Some((format!("git+{project}@{git_ref}"), environment.needed("CI_COMMIT_SHA")?)),
    })
}

fn buildkite(environment: &Environment) -> Result<Run> {
    let repository = environment.needed("BUILDKITE_REPO")?;
    let branch = environment.needed("BUILDKITE_BRANCH")?;
    let organisation = environment.needed("BUILDKITE_ORGANIZATION_SLUG")?;
    let pipeline = environment.needed("BUILDKITE_PIPELINE_SLUG")?;
    Ok(Run {
        build_type: "urn:x-pkg:build:buildkite:v1",
        external: json!({
            "source": repository,
            "ref": environment.get("BUILDKITE_TAG").unwrap_or_else(|| branch.clone()),
            "pipeline": format!("{organisation}/{pipeline}"),
        }),
        internal: environment.some(&[
            ("source", "BUILDKITE_SOURCE"),
            ("stepKey", "BUILDKITE_STEP_KEY"),
            ("agentId", "BUILDKITE_AGENT_ID"),
        ]),
        builder: format!("https://buildkite.com/{organisation}"),
        invocation: environment.get("BUILDKITE_BUILD_URL"),
        source: Some((
            format!("git+{repository}@{branch}"),
            environment.needed("BUILDKITE_COMMIT")?,
        )),
    })
}

fn cloud_build(environment: &Environment) -> Result<Run> {
    let project = environment.needed("PROJECT_ID")?;
    let build = environment.needed("BUILD_ID")?;
    let location = environment.get("LOCATION").unwrap_or_else(|| "global".to_owned());
    let repository = environment.get("REPO_FULL_NAME");
    let source = match (&repository, environment.get("COMMIT_SHA")) {
        (Some(repository), Some(commit)) => {
            let git_ref = environment.get("REF_NAME").unwrap_or_else(|| commit.clone());
            Some((format!("git+https://github.com/{repository}@{git_ref}"), commit))
        }
        _ => None,
    };
    Ok(Run {
        build_type: "urn:x-pkg:build:google-cloud-build:v1",
        external: environment.some(&[
            ("trigger", "TRIGGER_NAME"),
            ("configuration", "TRIGGER_BUILD_CONFIG_PATH"),
            ("repository", "REPO_FULL_NAME"),
            ("ref", "REF_NAME"),
        ]),
        internal: json!({ "project": project, "location": location }),
        builder: "https://cloudbuild.googleapis.com/GoogleHostedWorker".to_owned(),
        invocation: Some(format!("projects/{project}/locations/{location}/builds/{build}")),
        source,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Environment, predicate};
    use crate::finding::{Code, Result};
    use crate::model::digest::Digest;
    use crate::model::release::{BlobRef, RELEASE_SCHEMA, Release};
    use crate::predicate::Kind;

    fn release() -> Release {
        Release {
            schema: RELEASE_SCHEMA.to_owned(),
            name: "m".to_owned(),
            version: "1".to_owned(),
            publisher: None,
            description: None,
            released: None,
            terms_effective_from: None,
            components: Vec::new(),
            data: Vec::new(),
            base_models: Vec::new(),
            disclosure: crate::model::disclosure::Disclosure::default(),
            documents: Vec::new(),
            file_index: BlobRef { media_type: String::new(), digest: Digest::of(b""), size: 0 },
        }
    }

    fn made(variables: &[(&str, &str)], created: Option<&str>) -> Result<Value> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        predicate(&Environment(variables.iter().map(owned).collect()), &release(), created)
    }

    const GITHUB: &[(&str, &str)] = &[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octo/model"),
        ("GITHUB_WORKFLOW_REF", "octo/model/.github/workflows/release.yml@refs/heads/main"),
        ("GITHUB_REF", "refs/tags/v1"),
        ("GITHUB_SHA", "abc"),
        ("GITHUB_RUN_ID", "7"),
        ("GITHUB_EVENT_NAME", "release"),
    ];
    const GITLAB: &[(&str, &str)] = &[
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_URL", "https://gitlab.com/o/m"),
        ("CI_SERVER_URL", "https://gitlab.com"),
        ("CI_RUNNER_ID", "12"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_COMMIT_SHA", "abc"),
        ("CI_JOB_NAME", "release"),
        ("CI_JOB_URL", "https://gitlab.com/o/m/-/jobs/3"),
    ];
    const BUILDKITE: &[(&str, &str)] = &[
        ("BUILDKITE", "true"),
        ("BUILDKITE_REPO", "https://example.com/m.git"),
        ("BUILDKITE_BRANCH", "main"),
        ("BUILDKITE_COMMIT", "abc"),
        ("BUILDKITE_ORGANIZATION_SLUG", "o"),
        ("BUILDKITE_PIPELINE_SLUG", "p"),
    ];
    const CLOUD_BUILD: &[(&str, &str)] =
        &[("BUILD_ID", "b"), ("PROJECT_ID", "p"), ("REPO_FULL_NAME", "o/m"), ("COMMIT_SHA", "abc")];

    #[test]
    fn every_pipeline_gives_valid_provenance_with_its_commit() {
        for variables in [GITHUB, GITLAB, BUILDKITE, CLOUD_BUILD] {
            let made = made(variables, None).unwrap();
            Kind::SlsaProvenance.check(&made, "test").unwrap();
            let commit = made.pointer("/buildDefinition/resolvedDependencies/0/digest/gitCommit");
            assert_eq!(commit.unwrap(), "abc", "{made}");
            assert_eq!(made.pointer("/runDetails/metadata/finishedOn"), None);
        }
    }

    #[test]
    fn a_workflow_of_github_is_described_as_github_does() {
        let made = made(GITHUB, Some("2026-01-01T00:00:00Z")).unwrap();
        let at = |pointer: &str| made.pointer(pointer).and_then(Value::as_str).unwrap();
        let workflow = "/buildDefinition/externalParameters/workflow";
        assert_eq!(at(&format!("{workflow}/path")), ".github/workflows/release.yml");
        assert_eq!(at(&format!("{workflow}/ref")), "refs/heads/main");
        assert_eq!(at(&format!("{workflow}/repository")), "https://github.com/octo/model");
        assert_eq!(
            at("/runDetails/metadata/invocationId"),
            "https://github.com/octo/model/actions/runs/7/attempts/1"
        );
        assert_eq!(
            at("/runDetails/builder/id"),
            "https://github.com/octo/model/.github/workflows/release.yml@refs/heads/main"
        );
        assert_eq!(at("/runDetails/metadata/finishedOn"), "2026-01-01T00:00:00Z");
        assert_eq!(at("/buildDefinition/internalParameters/github/event_name"), "release");
    }

    #[test]
    fn a_pipeline_that_says_too_little_is_refused() {
        for variables in [GITHUB, GITLAB, BUILDKITE] {
            for left_out in 1..6 {
                let fewer: Vec<(&str, &str)> = variables
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| *index != left_out)
                    .map(|(_, variable)| *variable)
                    .collect();
                let problem = made(&fewer, None).unwrap_err();
                assert_eq!(problem.code(), Code::PipelineUnknown);
                assert!(problem.to_string().contains(variables[left_out].0), "{problem}");
            }
        }
        assert_eq!(made(&[], None).unwrap_err().code(), Code::PipelineUnknown);
        assert_eq!(made(&[("GITLAB_CI", "")], None).unwrap_err().code(), Code::PipelineUnknown);
    }
}
