//! A release measured by jobs of Slurm, on one host.
//!
//! The template is submitted to a cluster of this machine alone, with two partitions that
//! stand for two kinds of GPU; what each job attests must arrive at the one release in the
//! registry. munge, the controller and the node daemon run on loopback, from a folder of
//! their own, and end with the test.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use pkg_rig::registry::Registry;
use serde_json::Value;

use crate::run;

/// Debian's packages `slurm-wlm` and `munge` have these.
const PROGRAMS: [&str; 5] = ["munged", "slurmctld", "slurmd", "sbatch", "squeue"];

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Partitions, each with what it is asked for.
const PARTITIONS: [&str; 2] = ["small", "large"];

/// Runs the check; nothing, said loudly, where Slurm cannot be run. The plugin `weights` lies
/// beside the program.
pub fn run(pkg: &Path, root: &Path, model: &Path) -> Result<Vec<(String, bool)>> {
    if let Some(why) = missing()? {
        ensure!(std::env::var_os("PKG_REQUIRE_SLURM").is_none(), "{why}");
        println!("SKIPPED, NOT PASSED: jobs of Slurm: {why}");
        return Ok(Vec::new());
    }
    let work = root.join("slurm");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let registry = Registry::start();
    let scene = Scene { pkg: pkg.to_owned(), work, cluster: Cluster::start()? };
    let mut done = Vec::new();
    let target = scene.release(model, &registry.host())?;
    let states = scene.measure(&target, "lab.key")?;
    let ended = states.len() == PARTITIONS.len() && states.iter().all(|it| it == "COMPLETED 0:0");
    done.push((format!("slurm: every job ended well ({})", states.join(", ")), ended));
    let found = scene.attested(&target)?;
    let arrived = format!("slurm: {} results at the release, one of each job", found.len());
    done.push((arrived, found.len() == PARTITIONS.len()));
    let by_lab = found.iter().all(|it| it["standing"] == "verified");
    done.push(("slurm: all of them by the key of the lab".to_owned(), by_lab));
    let required = ["--require", "test-result:weights@key:lab.pub", "--key", "release.pub"];
    let exit = scene.exit(&[&["verify", &target][..], &required].concat())?;
    done.push(("slurm: pkg verify takes them where they are required".to_owned(), exit == Some(0)));
    let others = ["--require", "test-result:weights@key:release.pub", "--key", "release.pub"];
    let exit = scene.exit(&[&["verify", &target][..], &others].concat())?;
    done.push(("slurm: and by nobody else".to_owned(), exit == Some(11)));
    // A job that cannot attest fails, and the release stays as it was.
    let states = scene.measure(&target, "no.key")?;
    let failed = states.iter().all(|state| state.starts_with("FAILED"));
    done.push((format!("slurm: a job without a key fails ({})", states.join(", ")), failed));
    let same = scene.attested(&target)?.len() == found.len();
    done.push(("slurm: and leaves the release as it was".to_owned(), same));
    Ok(done)
}

/// Why Slurm cannot be run here.
fn missing() -> Result<Option<String>> {
    let found = |program: &str| {
        let places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        places.iter().any(|place| Path::new(place).join(program).exists())
    };
    if let Some(program) = PROGRAMS.iter().find(|program| !found(program)) {
        let why = format!("{program} is missing; install slurm-wlm and munge");
        return Ok(Some(why));
    }
    let id = run::succeed(Command::new("id").arg("-u"))?;
    Ok((id.trim() != "0").then(|| "the daemons of Slurm are started as root only".to_owned()))
}

/// Processes of this test, ended with it.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Cluster {
    /// The node ends before the controller, and that before munge.
    _daemons: Vec<Daemon>,
    configuration: PathBuf,
    /// Sockets have short names, and munge wants folders that nobody else may write to.
    folder: tempfile::TempDir,
}

impl Cluster {
    fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("pkg-slurm").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let at = |name: &str| folder.path().join(name);
        for name in ["state", "spool"] {
            fs::create_dir(at(name))?;
        }
        let mut key = [0_u8; 128];
        std::io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut key)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o400).open(at("munge.key"))?.write_all(&key)?;
        let mut munge = Command::new("munged");
        munge.args(["--foreground", "--num-threads=2"]);
        for (option, name) in [
            ("key-file", "munge.key"),
            ("socket", "munge.sock"),
            ("pid-file", "munge.pid"),
            ("log-file", "munge.log"),
            ("seed-file", "munge.seed"),
        ] {
            munge.arg(format!("--{option}={}", at(name).display()));
        }
        let mut daemons = vec![start(&mut munge, &at("munge.out"))?];
        wait("munge", || Ok(at("munge.sock").exists()))?;
        let configuration = at("slurm.conf");
        fs::write(&configuration, settings(folder.path())?)?;
        for (program, out) in [("slurmctld", "ctld.out"), ("slurmd", "slurmd.out")] {
            let mut command = Command::new(program);
            command.arg("-D").arg("-f").arg(&configuration).env("SLURM_CONF", &configuration);
            daemons.push(start(&mut command, &at(out))?);
        }
        daemons.reverse();
        let cluster = Self { _daemons: daemons, configuration, folder };
        wait("a node", || {
            let mut sinfo = cluster.command("sinfo");
            let output = run::output(sinfo.args(["--noheader", "--format=%T"]))?;
            let states = String::from_utf8_lossy(&output.stdout).into_owned();
            Ok(!states.is_empty() && states.lines().all(|state| state.trim() == "idle"))
        })
        .with_context(|| cluster.said())?;
        Ok(cluster)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", &self.configuration);
        command
    }

    /// What the daemons said last.
    fn said(&self) -> String {
        let mut all = String::new();
        for name in ["ctld.out", "slurmd.out"] {
            let text = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            all.push_str(&lines[lines.len().saturating_sub(10)..].join("\n"));
        }
        all
    }
}

fn start(command: &mut Command, out: &Path) -> Result<Daemon> {
    let (file, name) = (fs::File::create(out)?, format!("{command:?}"));
    let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn();
    Ok(Daemon(child.with_context(|| format!("{name} does not start"))?))
}

fn wait(what: &str, mut there: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !there()? {
        ensure!(Instant::now() < deadline, "{what} did not come within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn settings(folder: &Path) -> Result<String> {
    let name = run::succeed(Command::new("uname").arg("-n"))?;
    let host = name.trim().split('.').next().unwrap_or_default().to_owned();
    let cores = std::thread::available_parallelism()?;
    let free = || -> Result<TcpListener> { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?) };
    // Both are held until both are known, so that they differ.
    let (controller, node) = (free()?, free()?);
    let (controller, node) = (controller.local_addr()?.port(), node.local_addr()?.port());
    let at = |name: &str| folder.join(name).display().to_string();
    let mut text = format!(
        "ClusterName=pkg\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n\
         SlurmctldPort={controller}\nSlurmdPort={node}\nAuthType=auth/munge\n\
         AuthInfo=socket={}\nCredType=cred/munge\nMpiDefault=none\nProctrackType=proctrack/pgid\n\
         TaskPlugin=task/none\nReturnToService=2\nStateSaveLocation={}\nSlurmdSpoolDir={}\n\
         SlurmctldPidFile={}\nSlurmdPidFile={}\nSwitchType=switch/none\n\
         SchedulerType=sched/backfill\nSelectType=select/cons_tres\n\
         SelectTypeParameters=CR_CPU\nJobAcctGatherType=jobacct_gather/none\n\
         AccountingStorageType=accounting_storage/none\nMinJobAge=600\nKillWait=5\n\
         NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN\n",
        at("munge.sock"),
        at("state"),
        at("spool"),
        at("ctld.pid"),
        at("slurmd.pid"),
    );
    for partition in PARTITIONS {
        text.push_str(&format!("PartitionName={partition} Nodes={host} MaxTime=60 State=UP\n"));
    }
    Ok(text)
}

struct Scene {
    pkg: PathBuf,
    work: PathBuf,
    cluster: Cluster,
}

impl Scene {
    fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.pkg);
        command.current_dir(&self.work).args(args).env("PKG_CACHE_DIR", self.work.join("cache"));
        command
    }

    fn json(&self, args: &[&str]) -> Result<Value> {
        let text = run::succeed(self.program(args).arg("--json"))?;
        Ok(serde_json::from_str(&text)?)
    }

    fn exit(&self, args: &[&str]) -> Result<Option<i32>> {
        Ok(run::output(&mut self.program(args))?.status.code())
    }

    /// Puts a model into the registry; gives its reference by digest.
    fn release(&self, model: &Path, host: &str) -> Result<String> {
        for who in ["release", "lab"] {
            self.json(&["keygen", "--no-passphrase", "-o", who])?;
        }
        let model = model.to_string_lossy().into_owned();
        let to = format!("oci://{host}/lab/model:v1");
        let args = ["release", &model, "--to", &to, "--key", "release.key", "--yes"];
        let released = self.json(&args)?;
        let reference = released["result"]["reference"].as_str();
        Ok(reference.context("nothing was released")?.to_owned())
    }

    /// Submits the template to every partition and waits; gives how each job ended.
    fn measure(&self, target: &str, key: &str) -> Result<Vec<String>> {
        let partitions: Vec<String> = PARTITIONS.iter().map(|it| format!("{it}=")).collect();
        let script = run::root().join("docs/pipelines/slurm.sbatch");
        let mut sh = self.cluster.command("sh");
        sh.arg(script).current_dir(&self.work).env_remove("SLURM_JOB_ID");
        sh.env("PKG", &self.pkg).env("PKG_CACHE_DIR", self.work.join("cache"));
        sh.env("PKG_BENCH_ON", partitions.join(" ")).env("PKG_BENCH_TARGET", target);
        sh.env("PKG_BENCH_KEY", self.work.join(key)).env("PKG_BENCH_DEVICE", "cpu");
        sh.env("PKG_BENCH_PLUGIN", "weights").env("PKG_BENCH_ARGS", "--verify-only");
        let numbers = run::succeed(&mut sh)?;
        let numbers: Vec<&str> = numbers.split_whitespace().collect();
        ensure!(numbers.iter().all(|number| number.parse::<u32>().is_ok()), "{numbers:?}");
        wait("the end of the jobs", || {
            let mut squeue = self.cluster.command("squeue");
            let left = run::succeed(squeue.args(["--noheader", "--states=PD,R,CG,CF"]))?;
            Ok(left.trim().is_empty())
        })?;
        numbers.iter().map(|number| self.ended(number)).collect()
    }

    fn ended(&self, number: &str) -> Result<String> {
        let mut show = self.cluster.command("scontrol");
        let text = run::succeed(show.args(["show", "job", number]))?;
        let value = |name: &str| {
            let word = text.split_whitespace().find_map(|word| word.strip_prefix(name));
            word.with_context(|| format!("no {name} of job {number} in {text}"))
        };
        let state = format!("{} {}", value("JobState=")?, value("ExitCode=")?);
        if state != "COMPLETED 0:0" {
            for entry in fs::read_dir(&self.work)? {
                let path = entry?.path();
                if path.to_string_lossy().contains(&format!("pkg-bench-{number}_")) {
                    println!("{}", fs::read_to_string(path)?);
                }
            }
        }
        Ok(state)
    }

    /// Results that are attached to the release in the registry.
    fn attested(&self, target: &str) -> Result<Vec<Value>> {
        let args = ["attest", "list", target, "--type", "test-result", "--key", "lab.pub"];
        if self.exit(&args)? != Some(0) {
            bail!("{:?}", run::output(&mut self.program(&args))?);
        }
        let listed = self.json(&args)?;
        Ok(listed["result"]["attestations"].as_array().cloned().unwrap_or_default())
    }
}
