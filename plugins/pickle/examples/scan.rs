//! Says of each file named, one line of JSON each, what the plugin finds in it.
//!
//! `cargo run --package pkg-plugin-pickle --example scan -- FILE...`; file names may also
//! come line by line from the standard input, with `-` as the only argument.
#![allow(clippy::print_stdout)]

use std::fs::File;
use std::io;

use pkg_pickle::blob::Blob;
use pkg_pickle::{find, report};
use serde_json::json;

fn main() -> io::Result<()> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    if paths == ["-"] {
        paths = io::stdin().lines().collect::<Result<_, _>>()?;
    }
    for path in paths {
        let file = File::open(&path)?;
        let len = file.metadata()?.len();
        let found = find::find(&Blob::of_file(file, 0, len)?, &path);
        let (_, findings) = report::of_file(&path, &found);
        let has = |code: &str| findings.iter().any(|finding| finding.code == code);
        let codes = [
            (report::EXECUTES, "executes"),
            (report::INCONCLUSIVE, "inconclusive"),
            (report::FORMAT, "allowed"),
        ];
        let verdict = codes.iter().find(|(code, _)| has(code)).map_or("none", |(_, said)| said);
        let globals: Vec<_> = found
            .pickles
            .iter()
            .flat_map(|pickle| &pickle.walk.globals)
            .map(|global| [&global.module, &global.name])
            .collect();
        let details: Vec<_> = findings.iter().map(|finding| &finding.detail).collect();
        let line = json!({
            "file": path, "verdict": verdict, "globals": globals, "details": details,
        });
        println!("{line}");
    }
    Ok(())
}
