//! Runs of the program under the tracer of `tests/trace`: what it asked the system for, and
//! what happens when a call fails or is the last one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{Out, Place, binary, repository, skipped};

/// Calls that change something: flushes, writes, names, modes and locks, and the network.
pub const CHANGES: &str = "wsnmt";

/// The tracer, built once for each test program; none, said loudly, where it cannot work.
pub fn tracer() -> Option<&'static Path> {
    static TRACER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = TRACER.get_or_init(|| {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            skipped("calls are traced on Linux on x86-64 only");
            return None;
        }
        let program = binary().with_file_name("pkg-trace");
        let own = program.with_file_name(format!("pkg-trace.{}", std::process::id()));
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(compiler);
        command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
        command.arg(&own).arg(repository().join("tests/trace/trace.c"));
        assert!(command.status().expect("a C compiler").success(), "{command:?}");
        fs::rename(&own, &program).expect("the tracer");
        let probe = std::env::temp_dir().join(format!("pkg-trace.{}", std::process::id()));
        let works = Command::new(&program).arg("-l").arg(&probe).args(["--", "/bin/true"]).status();
        fs::remove_file(&probe).expect("its log");
        if works.expect("the tracer starts").code() != Some(0) {
            skipped("this system lets no program trace another one");
            return None;
        }
        Some(program)
    });
    built.as_deref()
}

/// What is done to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The program is killed before it.
    Kill,
    /// It moves half of what it was asked to.
    Short,
    /// It fails with this number.
    Fail(i32),
}

/// Which calls of a run are counted, and what is done to one of them.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a> {
    /// Letters of the classes that are counted.
    pub classes: &'a str,
    /// The counted call, from 1, and what is done to it.
    pub act: Option<(u64, Act)>,
    /// And to every such call after it; 0 for none.
    pub period: u64,
}

impl Point<'static> {
    /// Nothing is done.
    pub fn none() -> Self {
        Self { classes: CHANGES, act: None, period: 0 }
    }

    /// The program is killed before the call with this number.
    pub fn kill(number: u64) -> Self {
        Self { act: Some((number, Act::Kill)), ..Self::none() }
    }
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number among those that are counted, or 0.
    pub number: u64,
    /// When it began, on the clock of the tracer.
    pub entered: u64,
    /// When it returned; 0 if it did not.
    pub left: u64,
    /// Its class.
    pub class: char,
    /// Its name.
    pub name: String,
    /// What it returned; negative for an error, nothing if the program was killed.
    pub result: Option<i64>,
    /// What it was about.
    pub path: PathBuf,
    /// The other path of a rename or a link.
    pub second: PathBuf,
    /// Whether something was done to it.
    pub done: bool,
}

impl Call {
    fn parse(line: &str) -> Self {
        let parts: Vec<&str> = line.split('\t').collect();
        let number = |at: usize| parts[at].parse().expect("a number");
        Self {
            number: number(0),
            entered: number(1),
            left: number(2),
            class: parts[3].chars().next().expect("a class"),
            name: parts[4].to_owned(),
            result: parts[5].parse().ok(),
            path: PathBuf::from(parts[6]),
            second: PathBuf::from(parts[7]),
            done: parts[8] == "1",
        }
    }

    fn worked(&self) -> bool {
        self.result.is_some_and(|result| result >= 0)
    }
}

/// What a run asked the system for.
#[derive(Debug)]
pub struct Trace {
    /// The calls, in the order in which they returned.
    pub calls: Vec<Call>,
    /// How many were counted.
    pub counted: u64,
    /// Whether a signal ended the program.
    pub killed: bool,
}

impl Trace {
    fn read(path: &Path) -> Self {
        let text = fs::read(path).expect("the log of the tracer");
        let text = String::from_utf8_lossy(&text);
        let (body, end) = text.trim_end().rsplit_once('\n').expect("a log with an end");
        let end: Vec<&str> = end.split('\t').collect();
        assert_eq!(end[0], "end", "the tracer did not come to its end");
        Self {
            calls: body.lines().map(Call::parse).collect(),
            counted: end[1].parse().expect("a number"),
            killed: end[2] == "signal",
        }
    }

    /// The calls to which something was done.
    pub fn done(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.done)
    }

    /// What a power cut could tear below `root`: names that were given to content before
    /// it was on the disk, and content and names that were not on the disk at the end.
    /// What lies under one of `spared` is of no matter.
    pub fn torn(&self, root: &Path, spared: &[PathBuf]) -> Vec<String> {
        let mut disk = Disk::default();
        let ours = |path: &Path| {
            path.starts_with(root) && !spared.iter().any(|spared| path.starts_with(spared))
        };
        let mut calls: Vec<&Call> = self.calls.iter().filter(|call| call.worked()).collect();
        calls.sort_by_key(|call| if call.class == 's' { call.left } else { call.entered });
        for call in calls {
            match (call.class, call.name.as_str()) {
                ('s', name) => disk.flushed(call, name == "syncfs"),
                ('w', _) if ours(&call.path) => disk.changed(&call.path, call.left),
                ('n', "rename") if ours(&call.second) || ours(&call.path) => disk.renamed(call),
                ('n', "unlink" | "rmdir") => disk.removed(&call.path),
                ('n', "link") if ours(&call.second) => disk.named(&call.second, call.left),
                ('n', _) if ours(&call.path) => disk.made(call),
                _ => {}
            }
        }
        disk.wrong
            .extend(disk.files.keys().map(|path| format!("{} was never flushed", path.display())));
        disk.wrong.extend(
            disk.folders
                .keys()
                .map(|path| format!("names made in {} were never flushed", path.display())),
        );
        disk.wrong
    }
}

/// What is not on the disk yet, with the moment of the last change.
#[derive(Default)]
struct Disk {
    files: BTreeMap<PathBuf, u64>,
    folders: BTreeMap<PathBuf, u64>,
    wrong: Vec<String>,
}

impl Disk {
    fn changed(&mut self, path: &Path, at: u64) {
        self.files.insert(path.to_owned(), at);
    }

    fn named(&mut self, path: &Path, at: u64) {
        if let Some(parent) = path.parent() {
            self.folders.insert(parent.to_owned(), at);
        }
    }

    fn made(&mut self, call: &Call) {
        if call.name != "mkdir" && call.name != "symlink" {
            self.changed(&call.path, call.left);
        }
        self.named(&call.path, call.left);
    }

    fn removed(&mut self, path: &Path) {
        self.files.retain(|one, _| !one.starts_with(path));
        self.folders.retain(|one, _| !one.starts_with(path));
    }

    fn flushed(&mut self, call: &Call, all: bool) {
        let dirty = |path: &Path, at: u64| at > call.entered || !(all || path == call.path);
        self.files.retain(|path, at| dirty(path, *at));
        self.folders.retain(|path, at| dirty(path, *at));
    }

    /// What gets a new name must be on the disk; and all beside it, where the new name is
    /// that of an index, which refers to the rest.
    fn renamed(&mut self, call: &Call) {
        let (from, to) = (&call.path, &call.second);
        let index = to.file_name().is_some_and(|name| name == "index.json");
        let beside = to.parent().filter(|_| index);
        // A name in a folder that is being made is not seen before that has its own.
        let public =
            !to.components().any(|part| part.as_os_str().to_string_lossy().ends_with(".partial"));
        let concerned = |path: &Path| {
            public
                && (path.starts_with(from) || beside.is_some_and(|beside| path.starts_with(beside)))
        };
        for path in self.files.keys().filter(|path| concerned(path)) {
            let what = path.display();
            self.wrong.push(format!("{what} was not flushed before {} was named", to.display()));
        }
        let inner = |path: &Path| {
            let inner = |beside: &Path| path != beside && path.starts_with(beside);
            public && (path.starts_with(from) || beside.is_some_and(inner))
        };
        for path in self.folders.keys().filter(|path| inner(path)) {
            let what = path.display();
            self.wrong.push(format!(
                "names in {what} were not flushed before {} was named",
                to.display()
            ));
        }
        for map in [&mut self.files, &mut self.folders] {
            let moved: Vec<(PathBuf, u64)> = map
                .iter()
                .filter(|(path, _)| path.starts_with(from))
                .map(|(path, at)| (path.clone(), *at))
                .collect();
            for (path, at) in moved {
                map.remove(&path);
                let rest = path.strip_prefix(from).expect("a prefix");
                map.insert(
                    if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) },
                    at,
                );
            }
        }
        self.named(to, call.left);
    }
}

impl Place {
    /// Runs the program under the tracer; calls about this folder are counted.
    ///
    /// # Panics
    ///
    /// Where there is no tracer; ask [`tracer`] first.
    pub fn traced(&self, args: &[&str], point: Point<'_>) -> (Out, Trace) {
        let tracer = tracer().expect("a tracer");
        let logs = tempfile::tempdir().expect("a folder for the log");
        let log = logs.path().join("log");
        let mut command = self.prepared(tracer, &[]);
        command.arg("-l").arg(&log).arg("-u").arg(self.root()).args(["-c", point.classes]);
        if let Some((number, act)) = point.act {
            let act = match act {
                Act::Kill => "kill".to_owned(),
                Act::Short => "short".to_owned(),
                Act::Fail(errno) => errno.to_string(),
            };
            command.args(["-n", &number.to_string(), "-p", &point.period.to_string(), "-a", &act]);
        }
        command.arg("--").arg(binary()).args(args);
        let out = self.finish(&mut command);
        (out, Trace::read(&log))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Call, Trace};

    fn torn(lines: &[&str]) -> usize {
        let calls = lines.iter().enumerate().map(|(at, line)| {
            let mut parts: Vec<&str> = line.split(' ').collect();
            parts.resize(4, "");
            let (from, to) = (2 * at + 1, 2 * at + 2);
            Call::parse(&format!(
                "0\t{from}\t{to}\t{}\t{}\t0\t{}\t{}\t0",
                parts[0], parts[1], parts[2], parts[3]
            ))
        });
        let trace = Trace { calls: calls.collect(), counted: 0, killed: false };
        trace.torn(Path::new("/r"), &["/r/spared".into()]).len()
    }

    #[test]
    fn what_a_power_cut_tears_is_found() {
        let good = [
            "n create /r/.a",
            "w write /r/.a",
            "s fsync /r/.a",
            "n rename /r/.a /r/a",
            "s fsync /r",
        ];
        assert_eq!(torn(&good), 0);
        for left_out in [2, 4] {
            let mut bad = good.to_vec();
            bad.remove(left_out);
            assert!(torn(&bad) > 0, "{bad:?}");
        }
        let mut late = good.to_vec();
        late.swap(2, 3);
        assert!(torn(&late) > 0);
        assert_eq!(torn(&["n create /elsewhere/a", "n create /r/spared/a"]), 0);
        assert_eq!(torn(&["n create /r/a", "w write /r/a", "n unlink /r/a", "s fsync /r"]), 0);
        // A folder: its content and its names.
        let folder = ["n mkdir /r/.a", "n create /r/.a/b", "s fsync /r/.a/b"];
        let end = ["n rename /r/.a /r/a", "s fsync /r"];
        assert_eq!(torn(&[&folder[..], &["s fsync /r/.a"], &end].concat()), 0);
        assert_eq!(torn(&[&folder[..], &["s syncfs /r/.a"], &end].concat()), 0);
        assert_ne!(torn(&[&folder[..], &end].concat()), 0);
        // An index refers to what lies beside it.
        let index =
            ["n create /r/.i", "s fsync /r/.i", "n rename /r/.i /r/index.json", "s fsync /r"];
        assert_eq!(torn(&index), 0);
        assert_ne!(torn(&[&["n create /r/blob"][..], &index].concat()), 0);
    }
}
