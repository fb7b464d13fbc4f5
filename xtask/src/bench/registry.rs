//! Releases over a registry on loopback: Debian's `docker-registry`, and `skopeo copy` of
//! the same layout beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use super::data::{change_blocks, make_blocks};
use super::{Bench, Cost, judged, median};

/// Blocks of the model that is changed in part.
const BLOCKS: u64 = 30;
/// Bytes of one of its blocks, at size 1.
const BLOCK: f64 = 143e6;
/// Blocks that are changed.
const CHANGED: [u64; 2] = [7, 21];

/// The reference of push and pull: read a folder, hash it, send it.
pub fn send_hash(from: &Path, to: &str) -> Result<()> {
    let mut stream = TcpStream::connect(to)?;
    let mut buffer = vec![0; 1 << 20];
    for entry in walkdir::WalkDir::new(from).sort_by_file_name() {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        let mut file = File::open(entry.path())?;
        let mut hasher = Sha256::new();
        loop {
            let got = file.read(&mut buffer)?;
            if got == 0 {
                break;
            }
            hasher.update(&buffer[..got]);
            stream.write_all(&buffer[..got])?;
        }
        std::hint::black_box(hasher.finalize());
    }
    Ok(())
}

/// The reference of pull: take what comes, hash it, write it.
pub fn receive_hash(from: &str, to: &Path) -> Result<()> {
    let mut stream = TcpStream::connect(from)?;
    let mut sink = File::create(to)?;
    let (mut buffer, mut hasher) = (vec![0; 1 << 20], Sha256::new());
    loop {
        let got = stream.read(&mut buffer)?;
        if got == 0 {
            break;
        }
        hasher.update(&buffer[..got]);
        sink.write_all(&buffer[..got])?;
    }
    std::hint::black_box(hasher.finalize());
    Ok(sink.sync_all()?)
}

/// A registry; dropping it stops it.
struct Registry {
    child: Child,
    host: String,
    data: PathBuf,
}

impl Registry {
    fn start(root: &Path) -> Result<Self> {
        let data = root.join("registry");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&data)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let host = format!("127.0.0.1:{port}");
        let config = root.join("registry.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: \"{}\"}}\n  \
             delete: {{enabled: true}}\nhttp: {{addr: \"{host}\"}}\n",
            data.display()
        );
        fs::write(&config, text)?;
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("docker-registry (Debian's package docker-registry) cannot be started")?;
        let registry = Self { child, host, data };
        let start = Instant::now();
        while TcpStream::connect(&registry.host).is_err() {
            ensure!(start.elapsed() < Duration::from_secs(20), "docker-registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(registry)
    }

    fn reference(&self, repository: &str, tag: &str) -> String {
        format!("oci://{}/{repository}:{tag}", self.host)
    }

    fn docker(&self, repository: &str, tag: &str) -> String {
        format!("docker://{}/{repository}:{tag}", self.host)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself; the data is removed by the next run otherwise.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Takes everything that comes, and drops it.
fn discard() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut buffer = vec![0; 1 << 20];
        while stream.read(&mut buffer)? > 0 {}
        Ok(())
    });
    Ok(address)
}

/// Gives the blobs of a bundle to the first who asks.
fn give(bundle: &Path) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let blobs = bundle.join("blobs/sha256");
    std::thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        for entry in fs::read_dir(blobs)? {
            std::io::copy(&mut File::open(entry?.path())?, &mut stream)?;
        }
        Ok(())
    });
    Ok(address)
}

/// Measures, and gives the table: medians of CPU time over rounds, each with a registry of
/// its own, so that nobody finds what was sent before.
pub(super) fn table(bench: &Bench, size: f64, rounds: usize) -> Result<String> {
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        all.push(round(bench, &Registry::start(&bench.root)?)?);
    }
    let rows: Vec<(&str, Cost)> = (0..all[0].len())
        .map(|at| (all[0][at].0, median(all.iter().map(|round| round[at].1).collect())))
        .collect();
    let registry = Registry::start(&bench.root)?;
    push(bench, "release.pkg", &registry.reference("ours", "1"))?;
    let edited = after_an_edit(bench, &registry)?;
    let changed = after_a_change(bench, &registry, size)?;
    Ok(render(&rows, edited, changed))
}

fn round(bench: &Bench, registry: &Registry) -> Result<Vec<(&'static str, Cost)>> {
    let mut rows: Vec<(&str, Cost)> = Vec::new();
    bench.warm()?;
    let mut send = Command::new(std::env::current_exe()?);
    send.args(["send-hash", "release.pkg", &discard()?]);
    rows.push(("read+hash+send", bench.cost(&mut send)?.0));
    rows.push(("push", push(bench, "release.pkg", &registry.reference("ours", "1"))?.0));
    rows.push((
        "skopeo, to the registry",
        skopeo(bench, "oci:release.pkg:1", &registry.docker("theirs", "1"))?,
    ));
    for name in ["pulled.pkg", "copied.oci", "out"] {
        bench.remove(name)?;
    }
    let mut receive = Command::new(std::env::current_exe()?);
    receive.args(["receive-hash", &give(&bench.root.join("release.pkg"))?, "received"]);
    rows.push(("receive+hash+write", bench.cost(&mut receive)?.0));
    fs::remove_file(bench.root.join("received"))?;
    let from = registry.reference("ours", "1");
    rows.push(("pull", bench.pkg(&["pull", &from, "-o", "pulled.pkg"])?));
    rows.push((
        "skopeo, from the registry",
        skopeo(bench, &registry.docker("theirs", "1"), "oci:copied.oci:1")?,
    ));
    rows.push(("verify by reference", bench.pkg(&["verify", &from, "--digest", &bench.digest])?));
    for name in ["pulled.pkg", "copied.oci"] {
        bench.remove(name)?;
    }
    Ok(rows)
}

/// Bytes that a push sends after one line more in the README.
fn after_an_edit(bench: &Bench, registry: &Registry) -> Result<u64> {
    let mut readme = OpenOptions::new().append(true).open(bench.root.join("release/README.md"))?;
    readme.write_all(b"Another line.\n")?;
    drop(readme);
    bench.pack("release", "release.pkg", &["--store", "hardlink"])?;
    Ok(push(bench, "release.pkg", &registry.reference("ours", "2"))?.1)
}

/// Bytes that a push sends after two blocks of thirty changed, over the bytes that did.
fn after_a_change(bench: &Bench, registry: &Registry, size: f64) -> Result<f64> {
    let block = (BLOCK * size) as u64 / 2 * 2;
    let shard = format!("{}MiB", ((256.0 * size) as u64).max(1));
    make_blocks(&bench.root.join("blocks"), BLOCKS, block)?;
    let pack = || {
        bench.remove("blocks.pkg")?;
        bench.pack("blocks", "blocks.pkg", &["--shard", &shard, "--no-cache"])
    };
    pack()?;
    push(bench, "blocks.pkg", &registry.reference("blocks", "1"))?;
    change_blocks(&bench.root.join("blocks"), &CHANGED, block)?;
    pack()?;
    let sent = push(bench, "blocks.pkg", &registry.reference("blocks", "2"))?.1;
    for name in ["blocks", "blocks.pkg"] {
        bench.remove(name)?;
    }
    Ok(sent as f64 / (CHANGED.len() as u64 * block) as f64)
}

/// Pushes; gives the cost and the bytes that were sent.
fn push(bench: &Bench, bundle: &str, to: &str) -> Result<(Cost, u64)> {
    let mut command = Command::new(&bench.pkg);
    let (cost, text) = bench.cost(command.args(["push", bundle, to, "--json"]))?;
    let reply: serde_json::Value = serde_json::from_str(&text)?;
    Ok((cost, reply["result"]["sent"].as_u64().context("no bytes sent")?))
}

fn skopeo(bench: &Bench, from: &str, to: &str) -> Result<Cost> {
    let mut command = Command::new("skopeo");
    command.args([
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        from,
        to,
    ]);
    Ok(bench.cost(&mut command).context("skopeo")?.0)
}

fn render(rows: &[(&str, Cost)], edited: u64, changed: f64) -> String {
    use std::fmt::Write as _;
    let cost =
        |name: &str| rows.iter().find(|row| row.0 == name).map_or(Cost::default(), |it| it.1);
    let mut text = String::from(
        "\n| over a registry on loopback | CPU s | wall s | peak MiB |\n|---|---|---|---|\n",
    );
    for (name, Cost { cpu, wall, peak_mib }) in rows {
        let _ = writeln!(text, "| {name} | {cpu:.2} | {wall:.2} | {peak_mib:.0} |");
    }
    text.push_str("\n| measure | target | measured | |\n|---|---|---|---|\n");
    let (sent, received) = (cost("read+hash+send"), cost("receive+hash+write"));
    let (push, pull, verify) = (cost("push"), cost("pull"), cost("verify by reference"));
    let peak = push.peak_mib.max(pull.peak_mib).max(verify.peak_mib);
    for (measure, target, value) in [
        ("push / read+hash+send, CPU", 1.3, push.cpu / sent.cpu),
        ("pull / read+hash+send, CPU", 1.3, pull.cpu / sent.cpu),
        ("pull / receive+hash+write, CPU", 1.3, pull.cpu / received.cpu),
        ("push / skopeo copy, wall", 0.7, push.wall / cost("skopeo, to the registry").wall),
        ("pull / skopeo copy, wall", 0.7, pull.wall / cost("skopeo, from the registry").wall),
        ("peak memory of push, pull and verify, MiB", 128.0, peak),
        ("push after a README edit, MB sent", 1.0, edited as f64 / 1e6),
        ("push after 2 of 30 blocks changed, sent / changed", 1.15, changed),
    ] {
        text.push_str(&judged(measure, target, value, true));
    }
    text
}
