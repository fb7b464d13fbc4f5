//! The report as a page: HTML, Markdown, a badge, SARIF. Texts that come from a
//! release are strangers' texts: each form escapes them.

mod badge;
mod html;
mod markdown;
mod sarif;

pub use badge::badge;
pub use html::html;
pub use markdown::{markdown, plain};
pub use sarif::{document as sarif_document, sarif};

use super::definitions::Verdict;

/// A mark for a verdict, so that no meaning is in colour alone.
const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "\u{2713}",
        Verdict::NeedsAttestation => "\u{270e}",
        Verdict::InsufficientEvidence => "?",
        Verdict::NotMet => "\u{2717}",
    }
}

/// Text for HTML, SVG and attributes in them. Control characters and those that turn
/// the direction of text are made visible.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(' '),
            c if c.is_control() || is_bidi(c) => safe.push(char::REPLACEMENT_CHARACTER),
            c => safe.push(c),
        }
    }
    safe
}

/// Characters that reorder what a person sees (Unicode TR 36).
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
