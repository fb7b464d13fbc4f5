//! What source code is for, from its text first and its name second.

use crate::finding::Result;
use crate::model::kind::Kind;
use crate::scan::{self, SourceFile, file_name};

/// Lines that only training code has.
const TRAINING: &[&str] = &[
    ".backward(",
    "optimizer.step(",
    "trainingarguments(",
    "trainer(",
    "trainer.train(",
    "model.fit(",
];
/// Lines that only evaluation code has.
const EVALUATION: &[&str] =
    &["import lm_eval", "from lm_eval", "import evaluate", "evaluate.load(", "simple_evaluate("];
/// Files that say what the code needs.
const SETUP: &[&str] =
    &["requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "dockerfile", "makefile"];

/// The kind of a code file, and why.
pub(super) fn kind(file: &SourceFile) -> Result<(Kind, &'static str)> {
    let (head, _) = scan::head(&file.disk)?;
    Ok(decide(file_name(&file.path), &String::from_utf8_lossy(&head)))
}

fn decide(name: &str, text: &str) -> (Kind, &'static str) {
    let name = name.to_ascii_lowercase();
    let text = text.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    let named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if SETUP.contains(&name.as_str()) {
        (Kind::SupportingLibrariesAndTools, "says what the code needs to run")
    } else if named(&["preprocess", "prepare_data", "prepare-data", "dedup"]) {
        (Kind::DataPreprocessingCode, "code named after preparing data")
    } else if says(EVALUATION) || named(&["eval", "benchmark"]) {
        (Kind::EvaluationCode, "code that evaluates")
    } else if says(TRAINING) {
        (Kind::TrainingCode, "code with a training loop or trainer")
    } else if named(&["train", "finetune", "fine_tune"]) && !name.starts_with("pretrained") {
        (Kind::TrainingCode, "code named after training")
    } else if name.starts_with("modeling_") || name.starts_with("configuration_") {
        (Kind::ModelArchitecture, "code that defines the model")
    } else {
        (Kind::InferenceCode, "code without marks of training or evaluation")
    }
}

#[cfg(test)]
mod tests {
    use super::decide;
    use crate::model::kind::Kind;

    #[test]
    fn text_and_name_tell_what_code_is_for() {
        for (name, text, expected) in [
            ("run.py", "loss.backward()\n", Kind::TrainingCode),
            ("run.py", "trainer = Trainer(model)\n", Kind::TrainingCode),
            ("train.sh", "python run.py\n", Kind::TrainingCode),
            ("score.py", "import evaluate\n", Kind::EvaluationCode),
            ("eval.py", "", Kind::EvaluationCode),
            ("prepare_data.py", "", Kind::DataPreprocessingCode),
            ("modeling_x.py", "class X(nn.Module): ...\n", Kind::ModelArchitecture),
            ("requirements.txt", "torch\n", Kind::SupportingLibrariesAndTools),
            ("__init__.py", "import llm\n", Kind::InferenceCode),
        ] {
            assert_eq!(decide(name, text).0, expected, "{name}: {text}");
        }
    }
}
