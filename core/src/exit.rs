//! Public exit codes. Scripts depend on them; a number is never reused.

use schemars::JsonSchema;
use serde::Serialize;

/// How a run of `pkg` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// Everything that was asked for was done, and every check passed.
    Ok,
    /// Something failed that is no answer to the question asked (I/O, a bug).
    Unexpected,
    /// The command line or `pkg.toml` cannot be understood as written.
    Usage,
    /// The bytes or a signature are not what was signed.
    VerificationFailed,
    /// Everything verified, but the policy given refuses it.
    PolicyRefused,
    /// No signature to check.
    Unsigned,
    /// The question could not be decided with what is at hand.
    Inconclusive,
    /// The trust root is missing, or older than allowed.
    TrustRoot,
    /// A required plugin failed.
    PluginFailed,
    /// A required plugin could not run here.
    PluginSkipped,
}

impl Exit {
    /// Every exit code, in numeric order.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Unexpected,
        Self::Usage,
        Self::VerificationFailed,
        Self::PolicyRefused,
        Self::Unsigned,
        Self::Inconclusive,
        Self::TrustRoot,
        Self::PluginFailed,
        Self::PluginSkipped,
    ];

    /// The number the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::VerificationFailed => 10,
            Self::PolicyRefused => 11,
            Self::Unsigned => 12,
            Self::Inconclusive => 13,
            Self::TrustRoot => 14,
            Self::PluginFailed => 20,
            Self::PluginSkipped => 21,
        }
    }

    /// One line for the table in `docs/exit-codes.md`.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done, and every check passed",
            Self::Unexpected => "something failed that is no answer (I/O error, bug)",
            Self::Usage => "the command line or pkg.toml cannot be used as written",
            Self::VerificationFailed => "bytes or a signature are not what was signed",
            Self::PolicyRefused => "verified, but the given policy refuses it",
            Self::Unsigned => "there is no signature to check",
            Self::Inconclusive => "could not be decided with what is at hand",
            Self::TrustRoot => "the trust root is missing or stale",
            Self::PluginFailed => "a required plugin failed",
            Self::PluginSkipped => "a required plugin could not run here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn codes_are_the_published_numbers() {
        let numbers: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(numbers, [0, 1, 2, 10, 11, 12, 13, 14, 20, 21]);
    }
}
