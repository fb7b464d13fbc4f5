//! What is known of a licence: one file each in `core/licences`.
//!
//! A term that is missing was not examined; `"none"` says that it was, and the
//! licence has no such thing. Every value names the clause it was read in. This is
//! no legal advice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a licence is, on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Few duties, any purpose.
    Permissive,
    /// The same, written for models.
    PermissiveModel,
    /// Rights given up.
    PublicDomain,
    /// For data.
    OpenData,
    /// For data and content.
    OpenDataContent,
    /// Share-alike, for data.
    CopyleftData,
    /// Share-alike, for content.
    CopyleftContent,
    /// With a list of forbidden uses (Responsible AI License).
    Rail,
    /// A publisher's own terms.
    Community,
    /// Not for commercial use.
    Noncommercial,
    /// A name for several texts.
    Ambiguous,
}

/// How sure the record is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// From other people's descriptions.
    Low,
    /// In part.
    Medium,
    /// From the text.
    High,
}

/// How much of the text was read for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// All of it.
    Full,
    /// The clauses in question.
    Part,
    /// A text everybody knows; clause numbers were not read again.
    WellKnown,
    /// Descriptions of it only.
    Secondary,
}

/// Whether a licence was written for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// It licenses it.
    Yes,
    /// It does not.
    No,
    /// It can be used for it, and fits badly.
    Limited,
    /// The text does not say.
    Unclear,
}

/// Whether a licence covers one kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cover {
    /// The answer.
    pub answer: Coverage,
    /// What there is to add.
    #[serde(default)]
    pub words: Option<String>,
}

/// What a licence covers; what is missing was not examined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Covers {
    /// Model parameters.
    #[serde(default)]
    pub weights: Option<Cover>,
    /// Source code.
    #[serde(default)]
    pub code: Option<Cover>,
    /// Data sets.
    #[serde(default)]
    pub data: Option<Cover>,
    /// Documents.
    #[serde(default)]
    pub docs: Option<Cover>,
}

/// A term, with the clause it was read in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Term<T> {
    /// What the licence says, normalised.
    pub value: T,
    /// Clause, section or paragraph; `-` where the text has none.
    pub clause: String,
    /// What it says, in words of this record.
    #[serde(default)]
    pub words: Option<String>,
    /// A remark.
    #[serde(default)]
    pub note: Option<String>,
}

/// The word `none`: examined, and there is no such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoneWord {
    /// There is none.
    None,
    /// Sources contradict each other.
    Disputed,
}

/// Something a licence may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Perhaps<T> {
    /// It has none, or that is disputed.
    Not(NoneWord),
    /// It has this.
    Has(T),
}

impl<T> Perhaps<T> {
    /// What it has.
    pub fn has(&self) -> Option<&T> {
        match self {
            Self::Not(_) => None,
            Self::Has(value) => Some(value),
        }
    }

    /// Whether it is known to have none.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Not(NoneWord::None))
    }
}

/// Whether something is permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Yes.
    Allowed,
    /// Under conditions of the licence.
    Conditional,
    /// No.
    Denied,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// In some cases.
    Conditional,
}

/// A number of users beyond which the licence ends or changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UserThreshold {
    /// More users than this.
    pub limit: u64,
    /// What is counted.
    pub metric: String,
    /// When it is counted.
    pub measured: String,
    /// The day for which it is counted, `YYYY-MM-DD`, where there is one.
    #[serde(default)]
    pub date: Option<String>,
    /// What happens beyond it.
    pub effect: String,
    /// Who can permit more.
    pub ask: String,
}

/// A revenue beyond which the licence ends or changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RevenueThreshold {
    /// More than this.
    pub limit: u64,
    /// Currency (ISO 4217).
    pub currency: String,
    /// `year` or `month`.
    pub period: String,
    /// Whose revenue.
    pub scope: String,
    /// What happens beyond it.
    pub effect: String,
    /// Who can permit more.
    pub ask: String,
}

/// Uses that are forbidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum UseRestrictions {
    /// None.
    None,
    /// The law on exports is named, and nothing else.
    ExportLaw,
    /// A list in the text.
    Embedded {
        /// Number of items.
        count: u32,
    },
    /// A policy elsewhere.
    ByReference {
        /// Its name.
        policy: String,
        /// Whether it can change without a new licence.
        mutable: bool,
    },
}

/// What is said about outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputRestriction {
    /// Nothing.
    None,
    /// The use restrictions hold for outputs as well.
    RestrictionsReachOutputs,
    /// They may not train or improve other models.
    NoTraining,
    /// They are for research only, as the model is.
    ResearchOnly,
    /// A model trained on them must carry a name.
    TrainingNeedsName,
    /// A model trained on them must display a line.
    TrainingNeedsDisplay,
    /// A model trained to imitate counts as a derivative.
    ImitationIsDerivative,
}

/// What a derivative must be under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ShareAlike {
    /// Anything.
    None,
    /// Anything; a copy of this licence travels along.
    LicenceTravels,
    /// Terms that keep the use restrictions or limits.
    RestrictionsFlowDown,
    /// Terms that do not conflict.
    NoConflictingTerms,
    /// The same licence, or one it calls compatible.
    SameLicence,
}

/// What has to be done before use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Registration {
    /// Nothing.
    None,
    /// Accepting the terms.
    Acceptance,
    /// Passing a gate, usually with a form.
    Gated,
    /// Registering, at least for commercial use.
    Required,
}

/// Whether rights can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Revocability {
    /// No.
    Irrevocable,
    /// When the terms are broken.
    OnBreach,
    /// Yes.
    Revocable,
    /// The text does not say.
    Silent,
}

/// Something to be done when the material is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Duty {
    /// A copy of the licence goes along.
    LicenceCopy,
    /// A link to the licence.
    LicenceLink,
    /// A copy of the licence, or its address.
    LicenceCopyOrLink,
    /// The text is available with the data.
    LicenceWithData,
    /// Notices stay.
    RetainNotices,
    /// The copyright notice goes along.
    CopyrightNotice,
    /// A NOTICE file with the wording the licence gives.
    NoticeFile,
    /// A notice.
    Notice,
    /// Changes are stated.
    StateChanges,
    /// Changes are stated in the NOTICE file.
    StateChangesInNotice,
    /// The creator is named.
    CreditCreator,
    /// Works made with the data say so.
    ProducedWorkNotice,
    /// The model card stays, and says what changed.
    ModelCard,
    /// A line is displayed.
    Display(String),
    /// A public statement is made.
    Statement(String),
}

/// A text that a licence may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Is {
    /// The text.
    pub is: String,
}

/// The terms of a licence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Terms {
    /// Use for profit.
    pub commercial_use: Option<Term<Permission>>,
    /// Changing it.
    pub modification: Option<Term<Permission>>,
    /// Passing it on.
    pub redistribution: Option<Term<Permission>>,
    /// Licensing it on in one's own name.
    pub sublicensing: Option<Term<String>>,
    /// A limit by number of users.
    pub user_threshold: Option<Term<Perhaps<UserThreshold>>>,
    /// A limit by revenue.
    pub revenue_threshold: Option<Term<Perhaps<RevenueThreshold>>>,
    /// Forbidden uses.
    pub use_restrictions: Option<Term<UseRestrictions>>,
    /// What those uses are about.
    pub field_of_use: Option<Term<Vec<String>>>,
    /// Limits on outputs.
    pub output_restriction: Option<Term<OutputRestriction>>,
    /// Whose outputs are.
    pub output_ownership: Option<Term<String>>,
    /// Whether a model trained on outputs is a derivative.
    pub distillation_is_derivative: Option<Term<bool>>,
    /// What has to be done when it is passed on.
    pub attribution: Option<Term<Vec<Duty>>>,
    /// What names of derivatives begin with.
    pub derivative_name_prefix: Option<Term<Perhaps<Is>>>,
    /// What derivatives must be under.
    pub share_alike: Option<Term<ShareAlike>>,
    /// What has to be done before use.
    pub registration: Option<Term<Registration>>,
    /// Where it does not apply.
    pub geo_restriction: Option<Term<Perhaps<Is>>>,
    /// Whether offering it as a service counts as passing it on.
    pub hosted_use_is_distribution: Option<Term<bool>>,
    /// Whether it may be offered as a service.
    pub hosted_service: Option<Term<Permission>>,
    /// What does not bind those who get it inside a product.
    pub end_user_product_exemption: Option<Term<String>>,
    /// Whether the licensor may restrict use from afar.
    pub remote_restriction: Option<Term<bool>>,
    /// Whether the newest version must be used.
    pub update_duty: Option<Term<bool>>,
    /// What it says about built-in safety measures.
    pub guardrails: Option<Term<String>>,
    /// Whether patents are licensed.
    pub patent_grant: Option<Term<String>>,
    /// What a suit ends.
    pub patent_retaliation: Option<Term<String>>,
    /// Use of marks.
    pub trademark: Option<Term<String>>,
    /// Whether rights can be taken back.
    pub revocability: Option<Term<Revocability>>,
    /// What ends it.
    pub termination: Option<Term<Vec<String>>>,
    /// Whether the licensor must be held harmless.
    pub indemnity: Option<Term<Answer>>,
    /// The law that applies.
    pub governing_law: Option<Term<Perhaps<Is>>>,
    /// Technical measures against copying.
    pub technical_measures: Option<Term<String>>,
    /// Rights in databases.
    pub database_rights: Option<Term<String>>,
    /// Whether the contents of a database are licensed.
    pub contents_licensed: Option<Term<String>>,
    /// Whether the training data is licensed.
    pub data_licensed: Option<Term<bool>>,
    /// Whether anything can be said at all.
    pub evaluable: Option<Term<bool>>,
}

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Licence {
    /// SPDX id, or `LicenseRef-`; that of `ScanCode` where it has one.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is, on the whole.
    pub category: Category,
    /// Since when the text holds: a day or a month.
    #[serde(default)]
    pub effective: Option<String>,
    /// Other names. Several dated texts may share one.
    pub aliases: Vec<String>,
    /// Well-known things under it.
    #[serde(default)]
    pub used_by: Vec<String>,
    /// Whether the Open Source Initiative approved it.
    pub osi_approved: bool,
    /// Whether the Free Software Foundation calls it free.
    pub fsf_libre: bool,
    /// How sure the record is.
    pub confidence: Confidence,
    /// How much of the text was read.
    pub read: Reading,
    /// Where.
    pub source: String,
    /// A remark.
    #[serde(default)]
    pub note: Option<String>,
    /// Wording of the notice that it asks for, as it gives it.
    #[serde(default)]
    pub notice: Option<String>,
    /// What it covers.
    #[serde(default)]
    pub covers: Covers,
    /// What it says.
    pub terms: Terms,
}
