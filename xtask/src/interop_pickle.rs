//! Pickles: what other scanners call dangerous, pkg's walker does too; and what the
//! unpicklers of Python ask for, the walker has seen.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::run;

const PICKLESCAN: &str = "picklescan==1.0.5";
const MODELSCAN: &str = "modelscan==0.8.8";
/// picklescan needs it for files of numpy.
const NUMPY: &str = "numpy==2.4.6";

/// The gadgets that block-lists miss.
const SHAPES: [&str; 3] =
    ["gadgets/importlib-call.pkl", "gadgets/zlib-payload.pkl", "gadgets/copyreg-extension.pkl"];

/// Pickles that are made from those of the corpus, by changes from a fixed seed.
const CHANGED: &str = "10000";

/// One line of JSON for each file named: whether the scanners call it dangerous; null
/// where one is not installed or gives up.
const SCANNERS: &str = r#"
import json, logging, os, sys
logging.disable(logging.CRITICAL)
from picklescan.scanner import scan_file_path
try:
    from modelscan.modelscan import ModelScan
    from modelscan.settings import DEFAULT_SETTINGS
except ImportError:
    ModelScan = None

def picklescan(path):
    try:
        return scan_file_path(path).issues_count > 0
    except Exception:
        return None

def modelscan(path):
    try:
        return bool(ModelScan(DEFAULT_SETTINGS).scan(path)["issues"])
    except Exception:
        return None

out, sys.stdout = sys.stdout, open(os.devnull, "w")
for path in sys.stdin.read().split("\n"):
    seen = modelscan(path) if ModelScan else None
    line = {"file": path, "picklescan": picklescan(path), "modelscan": seen}
    out.write(json.dumps(line) + "\n")
out.write(json.dumps({"modelscan": ModelScan is not None}) + "\n")
"#;

/// Changes pickles and loads them with both unpicklers of Python, which get a class that
/// does nothing in place of everything that they ask for. One line of JSON for each: the
/// file, and the globals that were asked for.
const UNPICKLERS: &str = r#"
import io, json, pathlib, pickle, random, resource, sys, _pickle
corpus, out, count = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
random.seed(1)

class Kind(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **more: None

class Nothing(metaclass=Kind):
    def __new__(cls, *args, **more):
        return object.__new__(cls)
    def __init__(self, *args, **more):
        pass
    def __call__(self, *args, **more):
        return Nothing()
    def __setitem__(self, key, value):
        pass
    def nothing(self, *args):
        pass
    __setstate__ = append = extend = add = nothing

def asked(base, data):
    names = []
    class Unpickler(base):
        def find_class(self, module, name):
            names.append((module, name))
            return Nothing
        def persistent_load(self, pid):
            return Nothing()
    try:
        Unpickler(io.BytesIO(data)).load()
    except Exception:
        pass
    return names

sources = [path.read_bytes() for path in sorted(corpus.rglob("*.pkl"))]
sources = [data for data in sources if 0 < len(data) < 2000]
clean = [path.read_bytes() for path in sorted((corpus / "clean").glob("*.pkl"))]
sources += [data for data in clean if len(data) < 2000] * 20
codes = b"IJKLMSTUBCNVXFG]ael)t}dsu021(ghjpqrcRbio.PQ" + bytes(range(0x80, 0x99))
pieces = [b"\x8c\5posix\x8c\6system\x93", b"h\0", b"h\1", b"\x94", b"\x93", b"q\0", b"(", b"0", b"2",
          b"cposix\nsystem\n", b"\x8c\4true\x85R", b"g1_0\n", b"p 7\n", b"S'o\\x73'\n", b"1", b"t"]

def changed(data):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 3, 6])):
        at, other = random.randrange(len(data) + 1), random.choice(sources)
        what = random.randrange(7)
        if what == 0 and data:
            data[at % len(data)] = random.randrange(256)
        elif what == 1 and data:
            data[at % len(data)] = random.choice(codes)
        elif what == 2 and data:
            del data[at % len(data)]
        elif what == 3:
            data[at:at] = other[:random.randrange(40)]
        elif what == 4:
            data = data[:at] + data[random.randrange(len(data) + 1):]
        elif what == 5:
            data[at:at] = bytes([random.choice(codes)])
        else:
            data[at:at] = random.choice(pieces)
    return bytes(data)

for number in range(count):
    data = changed(random.choice(sources))
    path = out / f"{number}.pkl"
    path.write_bytes(data)
    names = asked(_pickle.Unpickler, data) + asked(pickle._Unpickler, data)
    print(json.dumps([str(path), sorted(set(names))]))
"#;

/// Runs every check; gives what was checked and whether it went well.
pub fn run(root: &Path) -> Result<Vec<(String, bool)>> {
    let python = python(root)?;
    let corpus = run::root().join("fixtures/pickle");
    let expected = fs::read_to_string(corpus.join("expected.json"))?;
    let expected: BTreeMap<String, String> = serde_json::from_str(&expected)?;
    let files: Vec<String> =
        expected.keys().map(|name| corpus.join(name).to_string_lossy().into_owned()).collect();
    let ours = walked(&files)?;
    let mut checks = scanners(&python, &files, &ours)?;
    checks.push(unpicklers(&python, &corpus, root)?);
    Ok(checks)
}

/// The interpreter of a venv with the scanners.
fn python(root: &Path) -> Result<PathBuf> {
    let venv = root.join("venv-pickle");
    let python = venv.join("bin/python");
    if !python.exists() {
        run::succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let pip = |package: &str| {
        let mut pip = Command::new(venv.join("bin/pip"));
        run::succeed(pip.args(["install", "--quiet", package]))
    };
    pip(PICKLESCAN).context("this needs the network")?;
    pip(NUMPY)?;
    if let Err(error) = pip(MODELSCAN) {
        println!("SKIPPED, NOT PASSED: {MODELSCAN} cannot be installed: {error:#}");
    }
    Ok(python)
}

/// What the walker says of a file.
struct Walked {
    verdict: String,
    globals: Vec<(String, String)>,
}

/// Walks files, in a process of its own as the plugin does.
fn walked(files: &[String]) -> Result<Vec<Walked>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(run::root()).args(["run", "--quiet", "--release"]);
    command.args(["--package", "pkg-plugin-pickle", "--example", "scan", "--", "-"]);
    let lines = lines(&mut command, &files.join("\n"))?;
    ensure!(lines.len() == files.len(), "{} of {} files were walked", lines.len(), files.len());
    let walked = lines.iter().map(|line| {
        let globals = line["globals"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let globals = globals.map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
        Walked { verdict: text(&line["verdict"]), globals }
    });
    Ok(walked.collect())
}

/// Runs a program that reads `input` and prints lines of JSON.
fn lines(command: &mut Command, input: &str) -> Result<Vec<Value>> {
    let shown = format!("{command:?}");
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{shown} cannot be started"))?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let input = input.to_owned();
    // The program may print before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{shown} failed");
    writer.join().map_err(|_| anyhow::anyhow!("the writer failed"))??;
    let text = String::from_utf8(output.stdout)?;
    text.trim_end().split('\n').map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Whether everything that a scanner calls dangerous is an error for the walker too.
fn scanners(python: &Path, files: &[String], ours: &[Walked]) -> Result<Vec<(String, bool)>> {
    let mut theirs = lines(Command::new(python).args(["-c", SCANNERS]), &files.join("\n"))?;
    let installed = theirs.pop().context("the scanners said nothing")?;
    ensure!(theirs.len() == files.len(), "the scanners looked at {} files", theirs.len());
    let errors = ours.iter().filter(|walked| is_error(walked)).count();
    println!("the walker refuses {errors} of {} pickles", files.len());
    let mut checks = Vec::new();
    for name in ["picklescan", "modelscan"] {
        if name == "modelscan" && installed[name] != true {
            println!("SKIPPED, NOT PASSED: modelscan is not installed");
            continue;
        }
        let says = |line: &Value| line[name].as_bool();
        let dangerous = theirs.iter().filter(|line| says(line) == Some(true)).count();
        let gave_up = theirs.iter().filter(|line| says(line).is_none()).count();
        println!("{name} calls {dangerous} dangerous, and gives up on {gave_up}");
        for shape in SHAPES {
            let line = files.iter().position(|file| file.ends_with(shape)).map(|at| &theirs[at]);
            let found = line.and_then(says) == Some(true);
            println!("{name} {} {shape}", if found { "finds" } else { "misses" });
        }
        let missed: Vec<_> = theirs
            .iter()
            .zip(ours)
            .filter(|(line, walked)| says(line) == Some(true) && !is_error(walked))
            .map(|(line, _)| line["file"].to_string())
            .collect();
        if !missed.is_empty() {
            println!("missed: {}", missed.join(", "));
        }
        let what = format!("pickle: all {dangerous} that {name} calls dangerous are errors");
        checks.push((what, dangerous > 0 && missed.is_empty()));
    }
    let refused = SHAPES.iter().all(|shape| {
        let at = files.iter().position(|file| file.ends_with(shape));
        at.and_then(|at| ours.get(at)).is_some_and(is_error)
    });
    checks.push(("pickle: the three gadgets are errors".to_owned(), refused));
    Ok(checks)
}

fn is_error(walked: &Walked) -> bool {
    matches!(&*walked.verdict, "executes" | "inconclusive")
}

/// Whether the walker names every global that Python asks for, or calls the pickle an
/// error.
fn unpicklers(python: &Path, corpus: &Path, root: &Path) -> Result<(String, bool)> {
    let work = root.join("work/pickles");
    fs::create_dir_all(&work)?;
    let mut command = Command::new(python);
    command.args(["-W", "ignore", "-c", UNPICKLERS]).arg(corpus).arg(&work).arg(CHANGED);
    let asked = lines(command.stderr(Stdio::null()), "")?;
    let files: Vec<String> =
        asked.iter().map(|line| line[0].as_str().unwrap_or_default().to_owned()).collect();
    let ours = walked(&files)?;
    let mut missed = Vec::new();
    let (mut accepted, mut globals) = (0, 0);
    for ((line, file), walked) in asked.iter().zip(&files).zip(&ours) {
        let names = line[1].as_array().context("no list of globals")?;
        globals += names.len();
        if is_error(walked) {
            continue;
        }
        accepted += 1;
        let seen = |pair: &Value| {
            walked.globals.iter().any(|(module, name)| pair[0] == **module && pair[1] == **name)
        };
        if !names.iter().all(seen) {
            missed.push(file.clone());
        }
    }
    println!("Python asked for {globals} globals in {} changed pickles", files.len());
    println!("the walker accepts {accepted} of them; not all was seen in {}", missed.len());
    if !missed.is_empty() {
        println!("missed: {}", missed.join(", "));
    }
    let what = "pickle: what Python asks for in changed pickles, the walker has seen";
    Ok((what.to_owned(), globals > 0 && missed.is_empty()))
}
