//! Licences that files name for themselves: `SPDX-License-Identifier` lines, and
//! `.license` files beside them (REUSE 3.3).

use std::collections::BTreeMap;

use crate::openness::subject::FileTerms;

/// Bytes of a file in which its licence is looked for.
pub(super) const HEAD: u64 = 4 << 10;

/// Files whose licences are looked for, at most.
pub(super) const MAX_FILES: usize = 20_000;

/// What was found in the files of one component.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// By expression: number of files, and the first of them.
    found: BTreeMap<String, (usize, String)>,
}

impl Tags {
    /// Looks at the beginning of a file.
    pub(super) fn look_at(&mut self, path: &str, head: &[u8]) {
        if let Some(expression) = expression(head) {
            let of = path.strip_suffix(".license").unwrap_or(path);
            let entry = self.found.entry(expression).or_insert_with(|| (0, of.to_owned()));
            entry.0 += 1;
        }
    }

    /// The terms found, most files first.
    pub(super) fn finish(self) -> Vec<FileTerms> {
        let mut all: Vec<FileTerms> = self
            .found
            .into_iter()
            .map(|(expression, (files, example))| FileTerms { expression, files, example })
            .collect();
        all.sort_by_key(|it| std::cmp::Reverse(it.files));
        all
    }
}

/// The expression that a file names, if it names one that can be read.
fn expression(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let tag = "SPDX-License-Identifier:";
    let line = text.lines().find_map(|line| line.split_once(tag)).map(|(_, rest)| rest)?;
    let line = line.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
    spdx::Expression::parse(line).is_ok().then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Tags, expression};

    #[test]
    fn lines_in_comments_of_any_language_are_read() {
        for line in [
            "# SPDX-License-Identifier: MIT OR Apache-2.0\n",
            "/* SPDX-License-Identifier: MIT OR Apache-2.0 */",
            "<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->",
            "x\n// SPDX-License-Identifier:   MIT OR Apache-2.0\r\ny",
        ] {
            assert_eq!(expression(line.as_bytes()).as_deref(), Some("MIT OR Apache-2.0"), "{line}");
        }
        assert_eq!(expression(b"SPDX-License-Identifier: whatever I like"), None);
        assert_eq!(expression(b"no tag"), None);
    }

    #[test]
    fn files_are_counted_by_what_they_name() {
        let mut tags = Tags::default();
        tags.look_at("a.py", b"# SPDX-License-Identifier: MIT");
        tags.look_at("b.py", b"# SPDX-License-Identifier: MIT");
        tags.look_at("c.bin.license", b"SPDX-License-Identifier: CC0-1.0");
        let found = tags.finish();
        assert_eq!((found[0].files, found[0].expression.as_str()), (2, "MIT"));
        assert_eq!(found[1].example, "c.bin");
    }
}
