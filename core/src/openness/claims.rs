//! What only people can state: the words of human attestations.
//!
//! A statement of type `urn:x-pkg:claim:v1` about the release carries one of these
//! in `claim`, with who states it, in what role, on which day and for what. It is
//! shown as stated by that person; it proves nothing else.

/// A word, and what it states.
pub const ALL: &[(&str, &str)] = &[
    (DATA_COMPLETE, "the data information is complete, also on data that cannot be shared"),
    (
        DATA_UNSHAREABLE,
        "what is not shared of the training data cannot be shared, by law or in fact",
    ),
    (CODE_COMPLETE, "the code is all that was used, with the settings that were used"),
    (NO_MONETISATION, "the release is not monetised, directly or indirectly"),
    (
        GATE_FOR_SECURITY,
        "what the gate asks for is strictly for security, and the same for everybody",
    ),
    (PROPORTIONATE, "the use restrictions are objective, proportionate safety terms"),
    (NOT_SYSTEMIC, "the model is not one with systemic risk"),
];

/// Data information is complete (OSAID 1.0).
pub const DATA_COMPLETE: &str = "data-information-complete";
/// Data that is left out cannot be shared (OSAID 1.0, G7 labels).
pub const DATA_UNSHAREABLE: &str = "data-not-shareable";
/// Code is complete (OSAID 1.0).
pub const CODE_COMPLETE: &str = "code-complete";
/// No monetisation (C(2025) 5045, paragraphs 85 to 88).
pub const NO_MONETISATION: &str = "no-monetisation";
/// The gate serves security (C(2025) 5045, paragraphs 79 and 87).
pub const GATE_FOR_SECURITY: &str = "gate-for-security";
/// Safety terms are proportionate (C(2025) 5045, paragraph 84).
pub const PROPORTIONATE: &str = "safety-terms-proportionate";
/// No systemic risk (C(2025) 5045, paragraphs 73 to 75).
pub const NOT_SYSTEMIC: &str = "not-systemic-risk";

/// What a word states.
pub fn meaning(claim: &str) -> Option<&'static str> {
    ALL.iter().find(|(word, _)| *word == claim).map(|(_, meaning)| *meaning)
}
