//! The scripts of pipelines, run with the environment that pipelines give them.
//!
//! A program that writes down what it was told stands in for `pkg`: what the scripts hand
//! over is looked at here, what becomes of it in the tests of `pkg release`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Writes down its arguments, its secrets and its key; then does what a release would
/// leave, and ends as it is told.
const STAND_IN: &str = r#"#!/bin/sh
set -eu
for argument; do printf '%s\0' "$argument"; done >"$SEEN/args"
printf '%s' "${PKG_RELEASE_KEY_PEM-none}" >"$SEEN/pem"
for argument; do
    case $argument in
    --key=/*) cp "${argument#--key=}" "$SEEN/key"; stat -c %a "${argument#--key=}" >"$SEEN/mode"
        printf %s "${argument#--key=}" >"$SEEN/key-path" ;;
    --report=*) printf '## page\n' >"${argument#--report=}" ;;
    --log-file=*) cat "$SEEN/log" >>"${argument#--log-file=}" ;;
    esac
done
exit "${ENDS:-0}"
"#;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn log() -> String {
    let line = |step: &str, made: &str| {
        format!(
            "{{\"schema\":\"urn:x-pkg:release-log:v1\",\"time\":\"t\",\"run\":\"r\",\"step\":\"{step}\",\
             \"state\":\"done\",\"digest\":\"{DIGEST}\",\"exit\":0,\"findings\":0,\"codes\":[],\
             \"made\":[\"{made}\"],\"note\":\"n\"}}\n"
        )
    };
    line("pack", "/somewhere/bundle.pkg") + &line("push", &format!("oci://h:5000/a/b@{DIGEST}"))
}

fn scripts() -> PathBuf {
    pkg_tests::repository().join("docs/pipelines")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Job {
    dir: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Job {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let job = Self { dir, variables: BTreeMap::new() };
        for folder in ["seen", "work", "tmp"] {
            fs::create_dir(job.path(folder)).unwrap();
        }
        fs::write(job.path("seen/log"), log()).unwrap();
        job.program("pkg", STAND_IN);
        let (seen, pkg, tmp) = (job.text("seen"), job.text("pkg"), job.text("tmp"));
        job.with("SEEN", &seen).with("PKG", &pkg).with("TMPDIR", &tmp).with("PATH", "/usr/bin:/bin")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn program(&self, name: &str, script: &str) {
        fs::write(self.path(name), script).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn all(self, variables: &[(&str, &str)]) -> Self {
        variables.iter().fold(self, |job, (name, value)| job.with(name, value))
    }

    /// Runs a script as `sh` does, in the folder of the job.
    fn run(&self, script: &Path) -> Output {
        let mut command = Command::new("/bin/sh");
        command.arg(script).current_dir(self.path("work")).stdin(Stdio::null());
        let output = command.env_clear().envs(&self.variables).output().unwrap();
        let left: Vec<_> = fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        output
    }

    fn release(&self) -> Output {
        self.run(&scripts().join("release.sh"))
    }

    fn args(&self) -> Vec<String> {
        let bytes = fs::read(self.path("seen/args")).expect("pkg was started");
        let args =
            bytes.split(|byte| *byte == 0).map(|arg| String::from_utf8(arg.to_vec()).unwrap());
        let mut args: Vec<String> = args.collect();
        assert_eq!(args.pop().as_deref(), Some(""));
        args
    }

    fn started(&self) -> bool {
        self.path("seen/args").exists()
    }

    fn read(&self, name: &str) -> String {
        text(&self.path(name))
    }
}

/// What GitHub sets for a step (docs.github.com: variables), as far as it matters.
fn github(job: Job) -> Job {
    let (output, summary) = (job.text("output"), job.text("summary"));
    job.all(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_OUTPUT", &output),
        ("GITHUB_STEP_SUMMARY", &summary),
        ("GITHUB_REPOSITORY", "octo/model"),
        ("GITHUB_REF", "refs/tags/v1"),
        ("GITHUB_SHA", "0123456789012345678901234567890123456789"),
        ("RUNNER_TEMP", &output),
        ("CI", "true"),
    ])
}

const TO: (&str, &str) = ("PKG_RELEASE_TO", "oci://h:5000/a/b:v1");

#[test]
fn what_a_workflow_says_reaches_pkg_and_what_pkg_did_reaches_the_workflow() {
    let job = github(Job::new()).all(&[
        TO,
        ("PKG_RELEASE_FOLDER", "my model"),
        ("PKG_RELEASE_FROM_GIT", "v1"),
        ("PKG_RELEASE_KEYLESS", "true"),
        ("PKG_RELEASE_IDENTITY", "https://github.com/octo/model/x@refs/tags/v1"),
        ("PKG_RELEASE_ISSUER", "https://token.example.org"),
        ("PKG_RELEASE_POLICY", "policy.toml"),
        ("PKG_RELEASE_ADOPTER", "use=commercial"),
        ("PKG_RELEASE_PLUGINS", "weights pickle"),
        ("PKG_RELEASE_REQUIRE", "plugin:weights"),
        ("PKG_RELEASE_PROVENANCE", "true"),
        ("PKG_RELEASE_MOVE_TAG", "false"),
        ("PKG_RELEASE_OUT", "out"),
    ]);
    let output = job.release();
    assert!(output.status.success(), "{output:?}");
    let expected = [
        "release",
        "--to=oci://h:5000/a/b:v1",
        "--yes",
        "--report=out/report.md",
        "--sarif=out/report.sarif",
        "--badge=out/badge.svg",
        "--log-file=out/log.jsonl",
        "--from-git=v1",
        "--identity=https://github.com/octo/model/x@refs/tags/v1",
        "--issuer=https://token.example.org",
        "--policy=policy.toml",
        "--adopter=use=commercial",
        "--plugin=weights",
        "--plugin=pickle",
        "--require=plugin:weights",
        "--keyless",
        "--attest-provenance",
        "--",
        "my model",
    ];
    assert_eq!(job.args(), expected);
    let reference = format!("oci://h:5000/a/b@{DIGEST}");
    assert_eq!(job.read("output"), format!("reference={reference}\ndigest={DIGEST}\n"));
    assert_eq!(job.read("summary"), "## page\n");
}

#[test]
fn every_argument_that_the_scripts_use_is_one_of_pkg() {
    for (script, command) in [("release.sh", "release"), ("bench.sh", "bench")] {
        let help = pkg_tests::Place::new().ok(&[command, "--help"]).stdout;
        let script = text(&scripts().join(script));
        let code = script.lines().filter(|line| !line.starts_with('#'));
        let words = code.flat_map(|line| line.split(|c: char| !c.is_ascii_lowercase() && c != '-'));
        let options: Vec<&str> =
            words.filter(|word| word.starts_with("--") && word.len() > 2).collect();
        assert!(options.len() > 3, "{options:?}");
        for option in options {
            assert!(help.contains(&format!(" {option}")), "{command} {option}");
        }
    }
}

#[test]
fn a_secret_key_is_a_file_for_pkg_alone_and_is_gone_afterwards() {
    let pem = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----";
    for ends in ["0", "10"] {
        let job = Job::new().all(&[TO, ("PKG_RELEASE_KEY_PEM", pem), ("ENDS", ends)]);
        let output = job.release();
        assert_eq!(output.status.code(), ends.parse().ok());
        assert_eq!(job.read("seen/key"), format!("{pem}\n"));
        assert_eq!(job.read("seen/mode"), "600\n");
        assert_eq!(job.read("seen/pem"), "none", "the secret is in the environment of pkg");
        assert!(!Path::new(&job.read("seen/key-path")).exists());
        let said = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&said).contains("abc"));
    }
}

#[test]
fn no_value_of_a_pipeline_is_read_as_shell_or_as_an_option() {
    let job = Job::new();
    fs::write(job.path("work/a.py"), "").unwrap();
    let hostile = "$(touch pwned) `touch pwned`; touch pwned\n'\" --key=x *";
    let job = job.all(&[
        ("PKG_RELEASE_TO", hostile),
        ("PKG_RELEASE_FOLDER", "--dry-run"),
        ("PKG_RELEASE_FROM_GIT", hostile),
        ("PKG_RELEASE_POLICY", hostile),
        ("PKG_RELEASE_PLUGINS", "* $(touch pwned)"),
        ("PKG_RELEASE_KEYLESS", hostile),
        ("PKG_RELEASE_OUT", "-out"),
    ]);
    assert!(job.release().status.success());
    assert!(!job.path("work/pwned").exists());
    let args = job.args();
    for option in ["--to", "--from-git", "--policy"] {
        assert!(args.contains(&format!("{option}={hostile}")), "{args:?}");
    }
    assert!(args.contains(&"--plugin=*".to_owned()), "{args:?}");
    assert!(!args.contains(&"--keyless".to_owned()));
    assert_eq!(args[args.len() - 2..], ["--", "--dry-run"]);
    assert!(job.path("work/-out/report.md").exists());
}

#[test]
fn a_release_that_failed_says_so_and_hands_nothing_on() {
    for ends in ["1", "2", "10", "11", "12", "13", "14", "20", "21"] {
        let job = github(Job::new()).all(&[TO, ("PKG_RELEASE_OUT", "out"), ("ENDS", ends)]);
        assert_eq!(job.release().status.code(), ends.parse().ok());
        assert!(!job.path("output").exists(), "{ends}");
        assert!(!job.path("work/out/release.env").exists());
        assert_eq!(job.read("summary"), "## page\n");
    }
}

#[test]
fn nothing_of_an_earlier_run_is_taken_for_this_one() {
    let job = Job::new().all(&[TO, ("PKG_RELEASE_OUT", "out")]);
    assert!(job.release().status.success());
    assert!(job.path("work/out/release.env").exists());
    fs::write(job.path("work/out/report.sarif"), "old").unwrap();
    let job = job.with("ENDS", "10");
    assert_eq!(job.release().status.code(), Some(10));
    assert!(!job.path("work/out/release.env").exists());
    assert!(!job.path("work/out/report.sarif").exists());
}

#[test]
fn a_release_without_a_place_to_go_to_is_refused() {
    for job in [Job::new(), Job::new().with("PKG_RELEASE_TO", "")] {
        let output = job.release();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("PKG_RELEASE_TO"));
        assert!(!job.started());
    }
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The two documents of the component: its inputs, and the job.
fn component() -> (Value, Value) {
    let text = text(&scripts().join("gitlab-component.yml"));
    let (spec, jobs) = text.split_once("\n---\n").expect("two documents");
    (yaml(spec), yaml(jobs))
}

#[test]
fn the_script_of_the_gitlab_component_is_release_sh() {
    let (_, jobs) = component();
    let script = jobs["pkg-release"]["script"].as_array().unwrap();
    assert_eq!(script.len(), 1);
    assert_eq!(script[0].as_str().unwrap(), text(&scripts().join("release.sh")));
}

#[test]
fn the_gitlab_component_runs_with_what_gitlab_sets() {
    let (spec, jobs) = component();
    let job = &jobs["pkg-release"];
    assert_eq!(job["id_tokens"]["SIGSTORE_ID_TOKEN"]["aud"], "sigstore");
    let inputs = spec["spec"]["inputs"].as_object().unwrap();
    let mut variables = Vec::new();
    for (name, value) in job["variables"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        let input = value.strip_prefix("$[[ inputs.").and_then(|rest| rest.strip_suffix(" ]]"));
        let value = match input {
            None => value.to_owned(),
            Some("to") => "oci://h:5000/a/b:v1".to_owned(),
            Some(input) => {
                let default = &inputs[input]["default"];
                default.as_str().map_or_else(|| default.to_string(), str::to_owned)
            }
        };
        variables.push((name.clone(), value));
    }
    let run = Job::new().all(&[
        ("GITLAB_CI", "true"),
        ("CI", "true"),
        ("CI_PROJECT_URL", "https://gitlab.example.org/o/m"),
        ("CI_JOB_NAME", "pkg-release"),
        ("SIGSTORE_ID_TOKEN", "token"),
    ]);
    let run = variables.iter().fold(run, |run, (name, value)| run.with(name, value));
    let script = run.path("script");
    fs::write(&script, job["script"][0].as_str().unwrap()).unwrap();
    let output = run.run(&script);
    assert!(output.status.success(), "{output:?}");
    let args = run.args();
    for expected in ["--to=oci://h:5000/a/b:v1", "--keyless", "--attest-provenance"] {
        assert!(args.contains(&expected.to_owned()), "{args:?}");
    }
    assert!(!args.iter().any(|arg| arg.starts_with("--policy") || arg == "--move-tag"), "{args:?}");
    let dotenv = job["artifacts"]["reports"]["dotenv"].as_str().unwrap();
    let env = text(&run.path("work").join(dotenv));
    assert!(env.contains(&format!("PKG_RELEASE_DIGEST={DIGEST}\n")), "{env}");
}

/// Steps of the action that are scripts.
fn steps() -> Vec<Value> {
    let action = yaml(&text(&pkg_tests::repository().join("action.yml")));
    assert_eq!(action["runs"]["using"], "composite");
    action["runs"]["steps"].as_array().unwrap().clone()
}

#[test]
fn the_steps_of_the_action_run_the_script_with_every_input() {
    let action = yaml(&text(&pkg_tests::repository().join("action.yml")));
    let steps = steps();
    let release = steps.iter().find(|step| step["id"] == "release").unwrap();
    let env = release["env"].as_object().unwrap();
    let given: String = env.values().map(|value| value.as_str().unwrap()).collect();
    for input in action["inputs"].as_object().unwrap().keys() {
        let elsewhere = ["upload-sarif", "artifact"].contains(&input.as_str());
        let named = given.contains(&format!("inputs.{input} "))
            || given.contains(&format!("inputs.{input}="));
        assert!(elsewhere || named, "{input} goes nowhere");
    }
    // No expression is part of a script: what it holds would be run.
    for step in &steps {
        assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step}");
    }
    let job = github(Job::new());
    let run = job.path("step.sh");
    fs::write(&run, release["run"].as_str().unwrap()).unwrap();
    let root = pkg_tests::repository().to_str().unwrap();
    let job = job.all(&[TO, ("GITHUB_ACTION_PATH", root), ("PKG_RELEASE_OUT", "out")]);
    assert!(job.run(&run).status.success());
    assert!(job.read("output").contains(DIGEST));
    for output in ["digest", "reference"] {
        let value = action["outputs"][output]["value"].as_str().unwrap();
        assert!(value.contains(&format!("steps.release.outputs.{output}")));
        assert!(job.read("output").contains(&format!("{output}=")));
    }
}

#[test]
fn findings_are_uploaded_where_there_are_any() {
    let steps = steps();
    let sarif = steps.iter().find(|step| step["id"] == "sarif").unwrap();
    for there in [false, true] {
        let job = github(Job::new());
        let temp = job.text("temp");
        fs::create_dir_all(job.path("temp/pkg-release")).unwrap();
        if there {
            fs::write(job.path("temp/pkg-release/report.sarif"), "{}").unwrap();
        }
        let run = job.path("step.sh");
        fs::write(&run, sarif["run"].as_str().unwrap()).unwrap();
        let job = job.with("RUNNER_TEMP", &temp);
        assert!(job.run(&run).status.success());
        assert_eq!(job.path("output").exists(), there);
    }
}

#[test]
fn every_variable_that_a_template_sets_is_read_by_its_script() {
    let release = text(&scripts().join("release.sh"));
    let bench = text(&scripts().join("bench.sh"));
    let (_, jobs) = component();
    let gitlab = jobs["pkg-release"]["variables"].as_object().unwrap().clone();
    let github = steps().iter().find(|step| step["id"] == "release").unwrap()["env"].clone();
    for name in gitlab.keys().chain(github.as_object().unwrap().keys()) {
        // The passphrase is read by pkg itself.
        assert!(release.contains(&format!("{name}:")) || name == "PKG_PASSPHRASE", "{name}");
    }
    let job = kubernetes();
    let env = job["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap().clone();
    let own =
        env.iter().map(|it| it["name"].as_str().unwrap()).filter(|it| it.starts_with("PKG_BENCH"));
    assert!(own.clone().count() >= 2);
    for name in own {
        assert!(bench.contains(&format!("${{{name}:")), "{name}");
    }
}

const TARGET: &str =
    "oci://h:5000/a/b@sha256:1111111111111111111111111111111111111111111111111111111111111111";

#[test]
fn a_machine_measures_the_release_that_its_digest_names() {
    let job = Job::new().all(&[
        ("PKG_BENCH_TARGET", TARGET),
        ("PKG_BENCH_KEY", "lab.key"),
        ("PKG_BENCH_DEVICE", "cpu"),
        ("PKG_BENCH_ARGS", "--verify-only --threads=2"),
    ]);
    assert!(job.run(&scripts().join("bench.sh")).status.success());
    let expected = [
        "bench",
        TARGET,
        "--plugin=cuda-smoke",
        "--device=cpu",
        "--required",
        "--key=lab.key",
        "--verify-only",
        "--threads=2",
    ];
    assert_eq!(job.args(), expected);
    let job = job.with("ENDS", "21");
    assert_eq!(job.run(&scripts().join("bench.sh")).status.code(), Some(21));
    for wrong in ["oci://h/a:v1", "m.pkg", ""] {
        let job = Job::new().all(&[("PKG_BENCH_TARGET", wrong), ("PKG_BENCH_KEY", "k")]);
        assert!(!job.run(&scripts().join("bench.sh")).status.success(), "{wrong}");
        assert!(!job.started());
    }
}

/// Writes down how it was called, and numbers its jobs.
const SBATCH: &str = r#"#!/bin/sh
for argument; do printf '%s\n' "$argument"; done >>"$SEEN/sbatch"
echo 7
"#;

#[test]
fn a_cluster_gets_one_job_for_each_kind_of_gpu() {
    let job = Job::new();
    job.program("sbatch", SBATCH);
    let path = format!("{}:/usr/bin:/bin", job.dir.path().display());
    let script = scripts().join("slurm.sbatch");
    let job = job.all(&[
        ("PATH", &path),
        ("PKG_BENCH_ON", "a100=gpu:a100:1 cpu="),
        ("PKG_BENCH_TARGET", TARGET),
        ("PKG_BENCH_KEY", "lab.key"),
        ("PKG_BENCH_RUNS", "3"),
    ]);
    let output = job.run(&script);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"7\n7\n");
    let script = fs::canonicalize(script).unwrap();
    let submitted = format!(
        "--parsable\n--partition=a100\n--array=0-2\n--gres=gpu:a100:1\n{0}\n\
         --parsable\n--partition=cpu\n--array=0-2\n{0}\n",
        script.display()
    );
    assert_eq!(job.read("seen/sbatch"), submitted);
    assert!(!job.started());
    // As Slurm runs it: a copy, elsewhere.
    let copy = job.path("slurm_script");
    fs::copy(&script, &copy).unwrap();
    let scripts = scripts().to_str().unwrap().to_owned();
    let job = job.all(&[("SLURM_JOB_ID", "7"), ("PKG_BENCH_SCRIPTS", &scripts)]);
    assert!(job.run(&copy).status.success());
    assert_eq!(job.args()[..2], ["bench", TARGET]);
}

/// The job, with its placeholders filled in as `envsubst` does.
fn kubernetes() -> Value {
    let mut text = text(&scripts().join("kubernetes-job.yaml"));
    for (name, value) in [
        ("NAME", "nvidia-h100"),
        ("GPU_PRODUCT", "NVIDIA-H100"),
        ("IMAGE", "registry.example/pkg@sha256:00"),
        ("TARGET", TARGET),
    ] {
        assert!(text.contains(&format!("${{{name}}}")), "{name}");
        text = text.replace(&format!("${{{name}}}"), value);
    }
    yaml(&text)
}

#[test]
fn a_kubernetes_job_runs_the_script_with_what_it_mounts() {
    let job = kubernetes();
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["nodeSelector"]["nvidia.com/gpu.product"], "NVIDIA-H100");
    let container = &pod["containers"][0];
    assert_eq!(container["command"], serde_json::json!(["sh", "/scripts/bench.sh"]));
    let mounts: Vec<&str> = container["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    let volumes: Vec<&str> =
        pod["volumes"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(mounts, volumes);
    let run = Job::new();
    let env = container["env"].as_array().unwrap();
    let run = env
        .iter()
        .fold(run, |run, it| run.with(it["name"].as_str().unwrap(), it["value"].as_str().unwrap()));
    let key = run.text("lab.key");
    fs::write(run.path("lab.key"), "key").unwrap();
    let run = run.with("PKG_BENCH_KEY", &key);
    assert!(run.run(&scripts().join("bench.sh")).status.success());
    assert_eq!(run.args()[1], TARGET);
}
