//! A badge: label, licence, class; with a short digest, and words for readers.

use super::super::report::{Report, short};
use super::escaped;
use crate::licence::Tier;
use crate::model::kind::Kind;

/// Width of a character of the badge's font, in units of the drawing, about.
const CHARACTER: usize = 7;

/// Draws the badge.
pub fn badge(report: &Report) -> String {
    let weights = report.components.iter().find(|row| row.kind == Kind::ModelParametersFinal);
    let tier = weights.map_or(Tier::Undetermined, |row| row.terms.tier);
    let (colour, sign) = match tier {
        Tier::OpenSource => ("#1a6b2f", "\u{25cf}"),
        Tier::OpenTerms => ("#1f5f8b", "\u{25d0}"),
        Tier::Restricted => ("#9a3412", "\u{25b2}"),
        Tier::Undetermined => ("#555555", "?"),
    };
    let label =
        report.label.split([',', '(', ':']).next().unwrap_or_default().trim().to_lowercase();
    let stated = report.label.contains("as stated");
    let label = if stated { format!("{label} (stated)") } else { label };
    let licence =
        weights.map_or_else(|| "no weights".to_owned(), |row| short(&row.terms.shown).to_owned());
    let class = match report.mof.class {
        1 => "MOF I",
        2 => "MOF II",
        3 => "MOF III",
        _ => "MOF -",
    };
    let digest = report.digest.map_or_else(
        || "no digest".to_owned(),
        |digest| digest.to_string().trim_start_matches("sha256:").chars().take(8).collect(),
    );
    let left = format!("{sign} {label}");
    let right = format!("{licence} | {class} | {digest}");
    let width = |text: &str| text.chars().count() * CHARACTER + 14;
    let (left_width, right_width) = (width(&left), width(&right));
    let total = left_width + right_width;
    let title = format!(
        "{} {}: {}; {licence}; {class}; {digest}",
        report.name, report.version, report.label
    );
    let (title, left, right) = (escaped(&title), escaped(&left), escaped(&right));
    let (left_middle, right_middle) = (left_width / 2, left_width + right_width / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total}\" height=\"22\" role=\"img\" \
         aria-label=\"{title}\">\n  <title>{title}</title>\n  \
         <rect width=\"{total}\" height=\"22\" rx=\"4\" fill=\"#333333\"/>\n  \
         <path d=\"M4 0h{left_width}v22H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z\" transform=\"translate(0 0)\" fill=\"{colour}\"/>\n  \
         <g fill=\"#ffffff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" text-anchor=\"middle\">\n    \
         <text x=\"{left_middle}\" y=\"15\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{left}</text>\n    \
         <text x=\"{right_middle}\" y=\"15\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{right}</text>\n  \
         </g>\n</svg>\n",
        left_width - 14,
        right_width - 14,
    )
}
