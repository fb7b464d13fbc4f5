//! Which component a file belongs to.

use super::code;
use crate::finding::Result;
use crate::model::kind::Kind;
use crate::model::path::ReleasePath;
use crate::scan::{self, Classified, SourceFile, What, classify, file_name, folder_of};

/// Where a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Into a component of this kind.
    Kind(Kind),
    /// It is a licence text of components.
    Licence,
    /// It describes a data set.
    Manifest,
    /// Nowhere, until a person says.
    Undecided,
    /// Nowhere: it is there for tools.
    Ignored,
}

/// A file, what it is, and where it goes.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) file: SourceFile,
    pub(super) what: What,
    pub(super) place: Place,
    pub(super) reason: String,
    /// Whether the place is a guess that should be reported.
    pub(super) unsure: bool,
}

/// Sorts all files of a folder.
pub(super) fn sort(files: Vec<(SourceFile, Classified)>) -> Result<Vec<Item>> {
    let weight_folders: Vec<String> = files
        .iter()
        .filter(|(_, found)| matches!(found.what, What::Weights(_)))
        .map(|(file, _)| folder_of(&file.path).to_owned())
        .collect();
    let mut cards = String::new();
    for (file, found) in &files {
        if found.what == What::Card {
            cards.push_str(&String::from_utf8_lossy(&scan::head(&file.disk)?.0));
        }
    }
    let context = Context { weight_folders, cards };
    files
        .into_iter()
        .map(|(file, found)| {
            let (place, why) = context.place(&file, &found.what)?;
            let unsure = found.what == What::Doc && classify::extension(&file.path) == "pdf";
            let reason = why.unwrap_or(found.reason);
            Ok(Item { file, what: found.what, place, reason, unsure })
        })
        .collect()
}

struct Context {
    weight_folders: Vec<String>,
    cards: String,
}

type Placed = (Place, Option<String>);

fn kind(kind: Kind) -> Placed {
    (Place::Kind(kind), None)
}

fn kind_because(kind: Kind, why: &str) -> Placed {
    (Place::Kind(kind), Some(why.to_owned()))
}

fn undecided(why: &str) -> Placed {
    (Place::Undecided, Some(why.to_owned()))
}

impl Context {
    fn place(&self, file: &SourceFile, what: &What) -> Result<Placed> {
        let path = &file.path;
        if is_for_tools(path) {
            return Ok((Place::Ignored, Some("there for tools, not part of a release".to_owned())));
        }
        Ok(match what {
            What::Weights(_) => weights(path),
            What::Config | What::Tokenizer => kind(Kind::ModelMetadata),
            What::Outputs => kind(Kind::SampleModelOutputs),
            What::Card => self.card(path),
            What::Code => {
                let (found, why) = code::kind(file)?;
                kind_because(found, why)
            }
            What::Licence => (Place::Licence, None),
            What::DataManifest => (Place::Manifest, None),
            What::Data => undecided("data: whether to release it is for a person to decide"),
            What::Doc => self.document(path),
            What::Unknown if is_results(path) => {
                kind_because(Kind::EvaluationResults, "named like results of an evaluation")
            }
            What::LfsPointer { .. } | What::Unknown => (Place::Undecided, None),
        })
    }

    fn card(&self, path: &ReleasePath) -> Placed {
        let name = file_name(path).to_ascii_lowercase();
        let folder = folder_of(path);
        if name.contains("data") || folder.to_ascii_lowercase().contains("dataset") {
            kind_because(Kind::DataCard, "a card that is named after data")
        } else if folder.is_empty() || self.weight_folders.iter().any(|other| other == folder) {
            kind(Kind::ModelCard)
        } else {
            undecided("a README of a folder without weights")
        }
    }

    fn document(&self, path: &ReleasePath) -> Placed {
        let name = file_name(path).to_ascii_lowercase();
        let is_pdf = classify::extension(path) == "pdf";
        let stem_has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if name.starts_with("notice") || name == "metadata" {
            kind(Kind::ModelMetadata)
        } else if is_pdf && stem_has(&["paper", "arxiv"]) {
            kind_because(Kind::ResearchPaper, "a PDF document named like a paper; check it")
        } else if is_pdf {
            let why = "a PDF document, taken for the technical report; check it";
            kind_because(Kind::TechnicalReport, why)
        } else if stem_has(&["data_card", "data-card", "datacard", "datasheet"]) {
            kind_because(Kind::DataCard, "named like a data card")
        } else if is_results(path) {
            kind_because(Kind::EvaluationResults, "named like results of an evaluation")
        } else if is_picture(&name) && self.cards.contains(file_name(path)) {
            kind_because(Kind::ModelCard, "a picture that the model card shows")
        } else {
            undecided("a document that could be of several kinds")
        }
    }
}

fn is_picture(name: &str) -> bool {
    [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"].iter().any(|end| name.ends_with(end))
}

fn is_results(path: &ReleasePath) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let kind = [".json", ".md", ".csv", ".txt"].iter().any(|end| name.ends_with(end));
    kind && ["eval", "results", "benchmark"].iter().any(|word| name.contains(word))
}

fn weights(path: &ReleasePath) -> Placed {
    let name = file_name(path).to_ascii_lowercase();
    if name == "training_args.bin" {
        return undecided("pickled training arguments; they may name accounts and local paths");
    }
    if ["optimizer", "scheduler", "rng_state"].iter().any(|start| name.starts_with(start)) {
        let why = "state of the training, not the model itself";
        return kind_because(Kind::ModelParametersIntermediate, why);
    }
    if folder_of(path).split('/').any(is_checkpoint_folder) {
        let why = "in a folder that is named like a checkpoint";
        return kind_because(Kind::ModelParametersIntermediate, why);
    }
    kind(Kind::ModelParametersFinal)
}

fn is_checkpoint_folder(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let numbered = ["checkpoint", "step", "global_step", "ckpt", "epoch"].iter().any(|start| {
        let rest = name.strip_prefix(start).map(|rest| rest.trim_start_matches(['-', '_']));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    numbered || matches!(name.as_str(), "checkpoints" | "intermediate-checkpoints")
}

fn is_for_tools(path: &ReleasePath) -> bool {
    let text = path.as_str();
    let name = file_name(path);
    let folder = |part: &str| matches!(part, "__pycache__" | ".cache" | ".ipynb_checkpoints");
    let packaging =
        ["RECORD", "WHEEL", "INSTALLER", "REQUESTED", "entry_points.txt", "top_level.txt"];
    matches!(name, ".gitattributes" | ".gitignore" | ".gitkeep" | ".DS_Store")
        || text.split('/').any(folder)
        || (packaging.contains(&name) && folder_of(path).ends_with("-info"))
}

#[cfg(test)]
mod tests {
    use super::{Context, Place, is_checkpoint_folder};
    use crate::model::kind::Kind;
    use crate::model::path::ReleasePath;
    use crate::scan::{Format, SourceFile, What};

    fn place(path: &str, what: &What) -> Place {
        let context =
            Context { weight_folders: vec!["m".to_owned()], cards: "![x](shown.png)".to_owned() };
        let file = SourceFile {
            path: ReleasePath::new(path).unwrap(),
            disk: path.into(),
            size: 1,
            executable: false,
        };
        context.place(&file, what).unwrap().0
    }

    #[test]
    fn weights_of_checkpoints_are_intermediate() {
        let weights = What::Weights(Format::Pickle);
        for (path, expected) in [
            ("model.bin", Place::Kind(Kind::ModelParametersFinal)),
            ("checkpoint-500/model.bin", Place::Kind(Kind::ModelParametersIntermediate)),
            ("a/step1000/model.bin", Place::Kind(Kind::ModelParametersIntermediate)),
            ("optimizer.pt", Place::Kind(Kind::ModelParametersIntermediate)),
            ("training_args.bin", Place::Undecided),
        ] {
            assert_eq!(place(path, &weights), expected, "{path}");
        }
        assert!(!is_checkpoint_folder("steps") && !is_checkpoint_folder("stepwise"));
    }

    #[test]
    fn documents_and_cards_go_where_they_belong() {
        for (path, what, expected) in [
            ("README.md", What::Card, Place::Kind(Kind::ModelCard)),
            ("m/README.md", What::Card, Place::Kind(Kind::ModelCard)),
            ("src/README.md", What::Card, Place::Undecided),
            ("datasets/README.md", What::Card, Place::Kind(Kind::DataCard)),
            ("report.pdf", What::Doc, Place::Kind(Kind::TechnicalReport)),
            ("paper.pdf", What::Doc, Place::Kind(Kind::ResearchPaper)),
            ("NOTICE", What::Doc, Place::Kind(Kind::ModelMetadata)),
            ("shown.png", What::Doc, Place::Kind(Kind::ModelCard)),
            ("other.png", What::Doc, Place::Undecided),
            ("eval_results.json", What::Unknown, Place::Kind(Kind::EvaluationResults)),
            ("notes.md", What::Doc, Place::Undecided),
            ("train.csv", What::Data, Place::Undecided),
            (".gitattributes", What::Unknown, Place::Ignored),
            ("x.dist-info/RECORD", What::Unknown, Place::Ignored),
            ("a/__pycache__/x.pyc", What::Unknown, Place::Ignored),
            ("LICENSE", What::Licence, Place::Licence),
        ] {
            assert_eq!(place(path, &what), expected, "{path}");
        }
    }
}
