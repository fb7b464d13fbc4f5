//! The sections of docs/performance.md: each form of the bench writes its own and leaves
//! the others as they are.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::run;

const FILE: &str = "docs/performance.md";

fn marks(name: &str) -> (String, String) {
    (format!("<!-- bench:{name} -->\n"), format!("<!-- end of bench:{name} -->\n"))
}

/// Writes the section `name`.
pub(super) fn write(name: &str, body: &str) -> Result<()> {
    let path = run::root().join(FILE);
    let text = fs::read_to_string(&path)?;
    let text = replaced(&text, name, body).with_context(|| FILE)?;
    Ok(fs::write(path, text)?)
}

/// `text` with another body in the section `name`; a section that is not there is an error,
/// so that a mistyped mark does not make a second one.
fn replaced(text: &str, name: &str, body: &str) -> Result<String> {
    let (begin, end) = marks(name);
    ensure!(text.matches(&begin).count() == 1, "not one {}", begin.trim());
    let (before, rest) = text.split_once(&begin).context("no section")?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("no {}", end.trim()))?;
    Ok(format!("{before}{begin}\n{}\n\n{end}{after}", body.trim()))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    const TEXT: &str = "# T\n<!-- bench:a -->\nold\n<!-- end of bench:a -->\nkept\n\
                        <!-- bench:b -->\nb\n<!-- end of bench:b -->\n";

    #[test]
    fn only_the_named_section_changes() {
        let text = replaced(TEXT, "a", "\nnew\n\n").unwrap();
        assert_eq!(text, TEXT.replace("old", "\nnew\n"));
        assert_eq!(replaced(&text, "a", "new").unwrap(), text);
    }

    #[test]
    fn a_section_that_is_not_there_once_is_an_error() {
        assert!(replaced(TEXT, "c", "x").is_err());
        assert!(replaced(&format!("{TEXT}{TEXT}"), "a", "x").is_err());
        let cut = TEXT.replace("<!-- end of bench:b -->\n", "");
        assert!(replaced(&cut, "b", "x").is_err());
    }
}
