//! What documents say is shown by a test has to be shown by a test that is there.

use std::collections::BTreeSet;

/// What stands between backticks, outside blocks of code.
fn quoted(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter(|line| !line.starts_with("    "));
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_test_and_file_that_the_threat_model_names_is_there() {
    let root = crate::run::root();
    let text = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (mut tests, mut files, mut wrong) = (0, 0, Vec::new());
    for name in quoted(&text) {
        if let Some((file, function)) = name.split_once("::") {
            let path = root.join("tests/tests").join(format!("{file}.rs"));
            let source = std::fs::read_to_string(&path).unwrap_or_default();
            let test = format!("#[test]\nfn {function}() {{");
            if !source.contains(&test) {
                wrong.push(name.to_owned());
            }
            tests += 1;
        } else if name.contains('/') && !name.contains(' ') {
            if !root.join(name).exists() {
                wrong.push(name.to_owned());
            }
            files += 1;
        }
    }
    assert!(wrong.is_empty(), "not there: {wrong:?}");
    assert!(tests > 50 && files > 10, "{tests} tests and {files} files were found");
}

#[test]
fn what_is_quoted_is_found() {
    let found = quoted("a `b::c` and `d/e`\n    `code`\n");
    assert_eq!(found, BTreeSet::from(["b::c", "d/e"]));
}
