//! The table of every finding: code, severity, exit code, meaning, remedy.

use super::Severity;
use crate::exit::Exit;

macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $exit:ident, $meaning:literal, $remedy:literal;)+) => {
        /// Stable, kebab-case code of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $name,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Severity unless a command says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// Exit code of a run that this finding ends.
            pub const fn exit(self) -> Exit {
                match self { $(Self::$name => Exit::$exit,)+ }
            }

            /// What the code means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)+ }
            }
        }
    };
}

codes! {
    // ---- the folder and pkg.toml
    EmptyFolder = "empty-folder", Error, Usage, "The folder holds no file to release.", "Name the folder that holds the model files.";
    NoWeights = "no-weights", Error, Usage, "No weights were found, or none are listed in pkg.toml.", "Put the weights in the folder, or list them under a `model-parameters-final` component (`absent = \"why\"` says that they are left out on purpose).";
    EmptyWeights = "empty-weights", Error, Usage, "A weight file has no content.", "Fetch the file again; an interrupted download leaves files like this.";
    LfsPointer = "lfs-pointer", Error, Usage, "A file is an unresolved Git LFS pointer, not the content it stands for.", "Run `git lfs pull` in the repository, then try again.";
    MissingShard = "missing-shard", Error, Usage, "An index names a weight shard that is not there.", "Fetch the missing shard, or correct the index.";
    BadWeightHeader = "bad-weight-header", Error, Usage, "The header of a weight file is damaged or lies about the file.", "Fetch the file again and compare its digest with the publisher's.";
    UndecidedFile = "undecided-file", Warning, Usage, "`init` could not tell what a file is.", "Add the file to a component in pkg.toml, or leave it out on purpose.";
    UndecidedLicence = "undecided-licence", Warning, Usage, "`init` could not tell the licence of a component.", "Write the SPDX expression of the licence, and the licence file, into pkg.toml.";
    LicenceProposed = "licence-proposed", Note, Ok, "`init` proposed a licence from what the folder says.", "Read the licence text and correct `licence` in pkg.toml if it says something else.";
    PickleWeights = "pickle-weights", Warning, Ok, "A weight file is a Python pickle, which can execute code when it is loaded.", "Release the weights as safetensors if you can.";
    SpecExtended = "spec-extended", Note, Ok, "`init` added entries for files that pkg.toml did not cover.", "Read the new entries at the end of pkg.toml.";
    UnpackedFile = "unpacked-file", Note, Ok, "Files of the folder belong to no component and are not in the bundle.", "Add them to a component in pkg.toml if they are part of the release.";
    SpecMissing = "spec-missing", Error, Usage, "There is no pkg.toml in the folder.", "Run `pkg init FOLDER` first.";
    SpecSyntax = "spec-syntax", Error, Usage, "pkg.toml is not valid TOML, or a value has the wrong type.", "Correct the line that the message names.";
    SpecUnknownKey = "spec-unknown-key", Error, Usage, "pkg.toml has a key that means nothing.", "Use the suggested key, or remove the line.";
    SpecRepeatedKey = "spec-repeated-key", Error, Usage, "pkg.toml sets the same key twice.", "Keep one of the two.";
    SpecInvalid = "spec-invalid", Error, Usage, "pkg.toml says something that cannot be packed.", "Correct the entry that the message names.";
    PathNotFound = "path-not-found", Error, Usage, "A path or glob of pkg.toml, or of the command line, matches nothing.", "Correct the path. In pkg.toml, `absent = \"why\"` says that a component is left out on purpose.";
    LicenceFileMissing = "licence-file-missing", Error, Usage, "The licence file named in pkg.toml is not there.", "Add the licence text, or correct `licence-file`.";
    LicenceInvalid = "licence-invalid", Error, Usage, "The declared licence is not an SPDX licence expression.", "Use an id of the SPDX licence list, or `LicenseRef-NAME` with a licence file.";
    DuplicatePath = "duplicate-path", Error, Usage, "Two entries have the same path.", "Give each file one component and one path.";
    CaseClash = "path-case-clash", Error, Usage, "Two paths differ only in letter case or Unicode form; on some systems they are one file.", "Rename one of them.";
    NonUtf8Name = "non-utf8-name", Error, Usage, "A file name is not valid UTF-8.", "Rename the file.";
    UnsafePath = "unsafe-path", Error, Usage, "A path is absolute, has `..` or an empty, reserved or non-portable part.", "Use plain relative paths. If this is somebody else's bundle, do not use it.";
    SymlinkInRelease = "symlink-in-release", Error, Usage, "A path of the release is a symbolic link.", "Put the file itself in its place.";
    SpecialFile = "special-file", Error, Usage, "A path is a device, socket, pipe or other special file.", "Only regular files can be released.";
    UnreadableFile = "unreadable-file", Error, Unexpected, "A file cannot be read.", "Check its permissions and the disk.";
    FileChanged = "file-changed", Error, Unexpected, "A file changed while it was being read.", "Stop whatever writes to it, then run the command again.";
    // ---- git
    GitRepository = "git-repository", Error, Usage, "The git repository or the revision cannot be read.", "Check `repo` and `rev` in pkg.toml; fetch the revision if it is not here yet.";
    GitEntry = "git-entry", Error, Usage, "The git tree holds an entry that cannot be packed (symbolic link, submodule, bad name).", "Choose a path without it.";
    NotThatCommit = "code-not-that-commit", Error, VerificationFailed, "The code of the release is not that of the commit it names.", "Do not rely on what the repository says about this code.";
    CommitNotFound = "commit-not-found", Error, Inconclusive, "The commit that the release names is not in the repository.", "Fetch the whole history of the publisher's repository, then try again.";
    NoCommitNamed = "no-commit-named", Error, Inconclusive, "No component of the release names a commit, so there is nothing to compare.", "Ask the publisher to pack code from a commit (`git = { ... }` in pkg.toml).";
    CodeWithoutCommit = "code-without-commit", Note, Ok, "A component of code names no commit. It was not compared.", "Ask the publisher to pack it from a commit.";
    RevisionMoved = "revision-moved", Warning, Ok, "The tag or branch that the release was packed from names another commit now.", "Ask the publisher why; the release is about the commit it names.";
    GitSubmodule = "git-submodule", Note, Ok, "A submodule was not followed: what it stands for is a commit of another repository.", "Name that repository in a component of its own if its code belongs to the release.";
    GitSkipped = "git-entry-skipped", Warning, Ok, "A symbolic link of the commit was left out.", "Commit the file itself if it belongs to the release.";
    LfsObjectMissing = "lfs-object-missing", Error, Usage, "The content of a Git LFS pointer is not in the repository.", "Run `git lfs pull` in the repository (`git lfs fetch origin REV` for a revision that is not checked out), then try again.";
    LfsObjectWrong = "lfs-object-wrong", Error, VerificationFailed, "A Git LFS object is not the content that its pointer names.", "Remove the object and fetch it again with `git lfs fetch`.";
    GitDirty = "git-dirty", Error, Usage, "The work tree has changes that are not committed; a release from the commit would be without them.", "Commit them, name a tag or commit in `rev`, or say `--allow-dirty`: the release then records it.";
    GitUnpushed = "git-unpushed", Error, Usage, "No branch of a remote has the commit, so nobody else can look it up.", "Push it, or say `--allow-unpushed`: the release then records it.";
    GitPushUnknown = "git-push-unknown", Note, Ok, "There is a remote, and nothing here says what it has; whether the commit was pushed is not known.", "Run `git fetch` to find out.";
    GitUnfinished = "git-unfinished", Warning, Ok, "Code was packed from a repository with unfinished work, as asked. The release says so.", "Pack again from a clean, pushed commit before you publish.";
    GitSigners = "git-signers-invalid", Error, Usage, "The list of allowed signers cannot be used.", "Write it as ssh-keygen(1) says under ALLOWED SIGNERS: `NAME KIND KEY`.";
    GitSignatureBad = "git-signature-bad", Error, VerificationFailed, "The signature of a commit or tag is wrong.", "Do not release from it; make the tag or commit again.";
    GitSignatureNotVerified = "git-signature-not-verified", Error, VerificationFailed, "A list of allowed signers was given, and none of them is proven to have signed the tag or the commit.", "Sign the tag with a key of the list (`git tag -s`, `gpg.format = ssh`), or correct the list.";
    // ---- output
    OutputExists = "output-exists", Error, Usage, "The output exists already.", "Choose another name, or say `--force`.";
    OutputBusy = "output-busy", Error, Usage, "Another run of pkg is writing the same output.", "Wait for it to end.";
    DiskFull = "disk-full", Error, Unexpected, "The disk is full. Nothing was left half-written.", "Free some space and run the command again.";
    ReadOnlyTarget = "read-only-target", Error, Unexpected, "The place for the output cannot be written to.", "Choose an output on a file system you may write to.";
    WriteFailed = "write-failed", Error, Unexpected, "Writing failed.", "See the reason; run the command again when it is cured.";
    LinkUnsupported = "link-unsupported", Error, Usage, "The file system cannot link the file as asked.", "Leave `--store` away: pkg then copies.";
    TooManyLinks = "too-many-links", Error, Usage, "A file has as many hard links as its file system allows.", "Leave `--store` away: pkg then copies.";
    // ---- the bundle
    NotABundle = "not-a-bundle", Error, Usage, "This is neither an OCI image layout, an archive of one, nor an unpacked release.", "Name a bundle made by `pkg pack`, or a folder made by `pkg unpack`.";
    LayoutVersion = "layout-version", Error, VerificationFailed, "The OCI layout file is damaged or of an unknown version.", "Ask the publisher for the bundle again.";
    IndexInvalid = "index-invalid", Error, VerificationFailed, "index.json is not a valid OCI image index, or holds no or several releases.", "Ask the publisher for the bundle again.";
    ManifestInvalid = "manifest-invalid", Error, VerificationFailed, "A manifest is not a valid OCI image manifest of a model release.", "Ask the publisher for the bundle again.";
    ConfigInvalid = "config-invalid", Error, VerificationFailed, "The model configuration is not valid, or disagrees with the manifest.", "Ask the publisher for the bundle again.";
    ReleaseInvalid = "release-invalid", Error, VerificationFailed, "The release description is missing, invalid, or disagrees with the manifest.", "Ask the publisher for the bundle again.";
    MetadataTooLarge = "metadata-too-large", Error, Usage, "A metadata document is larger than pkg is willing to read.", "Ask the publisher for the bundle again.";
    SelfReference = "self-reference", Error, VerificationFailed, "A manifest refers to itself, or is its own subject.", "Do not use this bundle.";
    UnknownMediaType = "unknown-media-type", Error, VerificationFailed, "A layer has a media type that pkg cannot check.", "Use a newer pkg, or ask the publisher.";
    MissingBlob = "missing-blob", Error, VerificationFailed, "A blob that the manifest names is not there.", "Fetch the bundle again.";
    WrongSize = "wrong-size", Error, VerificationFailed, "A blob or file is longer or shorter than recorded.", "Fetch the bundle again; a cut-off download looks like this.";
    DigestMismatch = "digest-mismatch", Error, VerificationFailed, "The bytes are not those that were recorded.", "Do not use the file. Fetch it again and compare.";
    ExtraBlob = "extra-blob", Warning, Ok, "The layout holds a blob that nothing refers to. It was not checked.", "Remove it, or pack again.";
    ArchiveInvalid = "archive-invalid", Error, VerificationFailed, "The archive is cut short or is no plain tar of an OCI layout.", "Fetch the archive again.";
    TarEntryRefused = "tar-entry-refused", Error, VerificationFailed, "A tar holds an entry that is no plain file (link, device, sparse, extended header).", "Do not use this bundle.";
    TarInvalid = "tar-invalid", Error, VerificationFailed, "A tar layer is damaged, or holds other files than recorded.", "Do not use this bundle.";
    DecompressionLimit = "decompression-limit", Error, VerificationFailed, "A compressed layer unfolds to more than it declares, or cannot be decompressed.", "Do not use this bundle.";
    MissingFile = "missing-file", Error, VerificationFailed, "A file of the release is not there.", "Unpack the release again.";
    ExtraFile = "extra-file", Error, VerificationFailed, "A file is there that is no part of the release.", "Remove it, or find out who put it there.";
    DigestExpected = "expected-digest-mismatch", Error, VerificationFailed, "The release is another one than the digest given with `--digest`.", "Compare the digest with the publisher's page; do not use the bundle.";
    NotChecked = "not-checked", Note, Ok, "A part was left out of the check, as asked.", "Run `pkg verify` without `--only` to check everything.";
    // ---- signatures and keys
    Unsigned = "unsigned", Error, Unsigned, "There is no signature over this release.", "Ask the publisher for a signed bundle, or pin it with `--digest sha256:...`.";
    KeyNeeded = "key-needed", Error, Usage, "Whose signature should be accepted was not said.", "Give the publisher's public key with `--key`, or a digest with `--digest`.";
    WrongKey = "wrong-key", Error, VerificationFailed, "No signature was made with the given key.", "Check that the key is the publisher's; if it is, do not use the bundle.";
    SignatureInvalid = "signature-invalid", Error, VerificationFailed, "A signature does not fit the signed bytes.", "Do not use the bundle.";
    SignatureFormat = "signature-format", Error, VerificationFailed, "A signature document cannot be understood.", "Use a newer pkg, or ask the publisher.";
    SignatureOtherSubject = "signature-other-subject", Error, VerificationFailed, "A signature is genuine but speaks about another release.", "Do not use the bundle: a signature was moved here from elsewhere.";
    PayloadType = "payload-type", Error, VerificationFailed, "A signed envelope holds another kind of payload than is needed here.", "Use the signature for what it was made for.";
    EvidenceLimit = "evidence-limit", Error, VerificationFailed, "A signature document holds more, or larger, certificates, log entries or timestamps than any genuine one.", "Do not use the bundle.";
    EvidenceUnsupported = "evidence-unsupported", Error, Inconclusive, "A signature uses an algorithm or a kind of log entry that pkg cannot check.", "Check it with the tool that made it, or ask the publisher for another signature.";
    CertificateInBundle = "certificate-unexpected", Error, VerificationFailed, "A bundle brings a certificate along that nothing needs, or its own root.", "Do not use the bundle: a bundle never brings its own judge.";
    SctInvalid = "sct-invalid", Error, VerificationFailed, "The proof that the certificate was logged is missing or wrong.", "Do not use the bundle.";
    LogUnknown = "log-unknown", Error, VerificationFailed, "A signature was logged in a transparency log that is not trusted here.", "Run `pkg trust update`, or give the root of the publisher's instance with `--trusted-root`.";
    LogProofInvalid = "log-proof-invalid", Error, VerificationFailed, "The proof that the signature is in the log is wrong.", "Do not use the bundle.";
    LogProofMissing = "log-proof-missing", Error, VerificationFailed, "The proof that the signature was logged is missing.", "Ask the publisher for a bundle that carries the log entry with its inclusion proof.";
    CheckpointInvalid = "checkpoint-invalid", Error, VerificationFailed, "The signed head of the log is missing, wrong, or not signed by the log.", "Do not use the bundle.";
    LogPromiseInvalid = "log-promise-invalid", Error, VerificationFailed, "The log's signed promise to include the entry is missing or wrong.", "Do not use the bundle.";
    LogEntryMismatch = "log-entry-mismatch", Error, VerificationFailed, "The log entry is about another signature, key or artifact.", "Do not use the bundle.";
    LogEntryMalformed = "log-entry-malformed", Error, VerificationFailed, "A log entry cannot be read, or contradicts itself.", "Do not use the bundle.";
    LogTimeInvalid = "log-time-invalid", Error, VerificationFailed, "The time the log gives is in the future, or outside the life of the certificate.", "Do not use the bundle; if it was just made, check the clock of this machine.";
    TimestampInvalid = "timestamp-invalid", Error, VerificationFailed, "A timestamp is about other bytes, or not signed by an authority that is trusted here.", "Do not use the bundle.";
    TimestampOutsideValidity = "timestamp-outside-validity", Error, VerificationFailed, "A timestamp is outside the time its authority is trusted for.", "Do not use the bundle.";
    NoProvenTime = "no-proven-time", Error, VerificationFailed, "Nothing proves when the signature was made, so its certificate cannot be judged.", "Ask the publisher for a bundle with a log entry or a timestamp.";
    IdentityNeeded = "identity-needed", Error, Usage, "A release is signed by an identity, and whose is to be accepted was not said.", "Give `--identity` and `--issuer` (or `--identity-regexp`), or `--any-identity` to see who signed.";
    AnyIdentity = "any-identity", Warning, Ok, "Any identity was accepted, as asked: this says who signed, not that it is the right one.", "Give `--identity` and `--issuer` once you know whom to expect.";
    AnyIssuer = "any-issuer", Warning, Ok, "An identity was accepted whoever vouched for it: any issuer that the instance trusts may claim the same name.", "Give `--issuer` as well, with the issuer that is named here if it is the one you expect.";
    TrustRootMissing = "trust-root-missing", Error, TrustRoot, "There is no trusted root to judge by.", "Give one with `--trusted-root FILE`, or run `pkg trust update`.";
    TrustRootInvalid = "trust-root-invalid", Error, TrustRoot, "A trusted root cannot be read, or contradicts itself.", "Fetch it again: `pkg trust update`, or ask whoever runs the instance.";
    TrustRootStale = "trust-root-stale", Error, TrustRoot, "The trusted root is older than was allowed.", "Run `pkg trust update`.";
    TokenMissing = "token-missing", Error, Usage, "There is no identity token to sign with.", "In a pipeline, allow it to issue tokens (GitHub: `permissions: id-token: write`); elsewhere give `--identity-token`.";
    TokenInvalid = "token-invalid", Error, Usage, "The identity token cannot be used.", "Get a new one for the audience `sigstore`.";
    SigningConfigInvalid = "signing-config-invalid", Error, Usage, "The signing config cannot be read, or names no services that work together.", "Give the one of the instance with `--signing-config` or `--trust-config`.";
    CertificateRefused = "certificate-refused", Error, Unexpected, "The certificate authority issued no certificate.", "Check the token and the address, then run the command again.";
    LogFailed = "log-failed", Error, Unexpected, "The transparency log took no entry.", "Run the command again; nothing was added to the bundle.";
    TimestampFailed = "timestamp-failed", Error, Unexpected, "The timestamp authority gave no timestamp.", "Run the command again; nothing was added to the bundle.";
    LogUnreachable = "log-unreachable", Error, Unexpected, "The transparency log cannot be reached, or answers what a log does not.", "Run the command again; what is known of the log is unchanged.";
    LogShrunk = "log-shrunk", Error, VerificationFailed, "The log has fewer entries than it had: it took something back, or shows different people different logs.", "Tell the operator of the log, with the state file; do not rely on the log until it is explained.";
    LogInconsistent = "log-inconsistent", Error, VerificationFailed, "The log does not continue what it was: entries were changed, or different people are shown different logs.", "Tell the operator of the log, with the state file; do not rely on the log until it is explained.";
    LogStateInvalid = "log-state-invalid", Error, Usage, "The state file is damaged, or is about another log.", "Name the state file of this log; or begin anew with another name, which leaves the time between unwatched.";
    LogEntryOpaque = "log-entries-not-read", Note, Ok, "Entries are of kinds that pkg does not read, so whose they are is not known.", "Other tools may know them; entries of model and Sigstore signatures are all read.";
    LogEntriesFound = "log-entries-found", Error, PolicyRefused, "The log has new entries of the identity.", "If they are not yours, somebody else can sign in that name: secure the account, and tell those who trust it.";
    LogBehind = "log-not-read-to-its-end", Note, Ok, "The log has more entries than were asked for in one run.", "Run the command again: it goes on where it stopped.";
    UploadTooLarge = "upload-too-large", Error, Usage, "A statement is too large to be sent to a log that wants the whole of it.", "Use a log of the second interface (Rekor v2), which gets its hash only, or `--model-signature none`.";
    LogKeyKind = "log-key-kind", Error, Usage, "The transparency log takes no signatures by a key of this kind.", "Sign with an ECDSA key, or use a log of the first interface (Rekor v1).";
    NetworkLeftOut = "network-left-out", Error, Usage, "This build of pkg has no network, or `--offline` forbids it.", "Use a build with the feature `network`, without `--offline`.";
    TufUnreachable = "tuf-unreachable", Error, Unexpected, "The repository of the trusted root cannot be reached.", "Check the address and the network; what is in the cache is unchanged.";
    TufExpired = "tuf-expired", Error, TrustRoot, "The repository of the trusted root serves metadata that is over: it may be frozen on purpose.", "Check the clock of this machine, and try again later or elsewhere; what is in the cache is unchanged.";
    TufRollback = "tuf-rollback", Error, TrustRoot, "The repository of the trusted root serves an older state than was seen before.", "Do not use this mirror; what is in the cache is unchanged.";
    TufSignature = "tuf-signature", Error, TrustRoot, "The metadata of the trusted root is not signed by those who may.", "Check that the address and the first root belong together; what is in the cache is unchanged.";
    TufRefused = "tuf-refused", Error, TrustRoot, "The repository of the trusted root serves something damaged or contradictory.", "Try again later or elsewhere; what is in the cache is unchanged.";
    IdentityMismatch = "identity-mismatch", Error, VerificationFailed, "A signature is genuine, but somebody else made it than was asked for.", "Compare the identity with the one the publisher announces; do not use the bundle otherwise.";
    IssuerMismatch = "issuer-mismatch", Error, VerificationFailed, "The signer's identity was vouched for by another issuer than was asked for.", "Compare the issuer with the one the publisher announces; do not use the bundle otherwise.";
    ClaimMismatch = "claim-mismatch", Error, VerificationFailed, "The pipeline run that signed is another one than was asked for.", "Compare repository, workflow and ref with those of the publisher; do not use the bundle otherwise.";
    PatternInvalid = "pattern-invalid", Error, Usage, "A regular expression cannot be used.", "Correct it; the syntax is that of the Rust regex crate.";
    StatementMismatch = "statement-mismatch", Error, VerificationFailed, "The signed statement and the content disagree.", "Do not use the bundle.";
    OmsUnsupported = "oms-unsupported", Error, Inconclusive, "The model signature cannot be compared with the file index of the release.", "Unpack the release and verify the folder with `--signature FILE`.";
    OmsSkipped = "oms-skipped", Note, Ok, "No OpenSSF model signature was written.", "Sign with an ECDSA key if tools of that format should accept the unpacked folder.";
    OmsMethodUnknown = "oms-method-unknown", Error, Inconclusive, "The model signature takes the model apart by a method that pkg does not know.", "Check it with the tool that made it.";
    OmsHashUnknown = "oms-hash-unknown", Error, Inconclusive, "The model signature uses a hash that pkg does not know.", "Check it with the tool that made it.";
    OmsRoot = "oms-root-mismatch", Error, VerificationFailed, "The root digest of a model signature is not that of the files it lists.", "Do not use the model; whoever made the signature signed a list that contradicts itself.";
    OmsShards = "oms-shards-invalid", Error, VerificationFailed, "The shards that a model signature lists do not make up a file.", "Do not use the model; ask the publisher for a signature that lists every byte once.";
    OmsTarget = "oms-target-kind", Error, VerificationFailed, "The model signature is about a single file and a folder was named, or the other way round.", "Name what was signed: the file itself, or the folder.";
    OmsIgnoredListed = "oms-ignored-file-listed", Error, VerificationFailed, "The model signature lists a file that is also to be ignored, so its content was not checked.", "Do not ignore the path; if the signature itself says so, ask the publisher for another one.";
    OmsSymlink = "oms-symlink", Error, Usage, "A symbolic link is in the folder, and links were not allowed.", "Put the file itself in its place, leave it out with `--ignore-paths`, or say `--allow-symlinks`.";
    OmsSymlinkOutside = "oms-symlink-outside", Error, Usage, "A symbolic link leads out of the folder.", "Put the file itself in its place, or say `--allow-symlinks=anywhere`.";
    OmsSymlinkBroken = "oms-symlink-broken", Error, Usage, "A symbolic link leads nowhere.", "Remove it, or leave it out with `--ignore-paths`.";
    OmsSymlinkFolder = "oms-symlink-folder", Warning, Ok, "A symbolic link leads to a folder. No model signature covers what is behind it under this name.", "Use the folder by its own name, and remove the link if nobody needs it.";
    OmsOldEnvelope = "oms-old-signature", Warning, Ok, "The signature is in the form of model-signing 0.2, which signed another encoding and no list of what was left out.", "Ask the publisher to sign again with a newer version.";
    OmsIgnoreOutside = "oms-ignore-outside", Warning, Ok, "A path to be ignored is not in the folder, so it has no effect.", "Paths are looked up from the current folder, as by `model_signing`: write FOLDER/PATH.";
    OmsIgnored = "oms-paths-left-out", Note, Ok, "The model signature leaves out paths that are there. Nothing is said about them.", "Do not use what is not covered, or ask the publisher for a signature that covers it.";
    OmsUnsignedFiles = "oms-unsigned-files", Note, Ok, "Files are there that the model signature does not list. They were left alone, as asked.", "Leave `--ignore-unsigned-files` away to have them refused.";
    OmsKeyKind = "oms-key-kind", Error, Usage, "Tools of the OpenSSF model signing format accept no signatures by a key of this kind.", "Sign with an ECDSA key: `pkg keygen` makes one.";
    DigestsTrusted = "digests-trusted", Note, Ok, "Digests of unchanged files were taken over from an earlier run. These files were not read.", "Leave `--trust-cache` away to read every file.";
    // ---- terms, and what follows from them
    LicenceMissing = "licence-missing", Warning, Ok, "A component is here, and nothing says under which terms.", "Give it a `licence` and a `licence-file` in pkg.toml; without terms nobody may use it.";
    LicenceTextMissing = "licence-text-missing", Warning, Ok, "A component has a label, and no text of the licence is bound to it.", "Name the text in `licence-file`: a label is a claim, the text is what counts.";
    LicenceMismatch = "licence-mismatch", Warning, Ok, "The declared licence is not the one whose text is bound to the component.", "Go by the text, and ask the publisher which one is meant.";
    LicenceModified = "licence-modified", Warning, Ok, "The text is a known licence with other terms in it, so it is not that licence.", "Read the words that differ; the label of the licence does not hold.";
    LicenceTextUnknown = "licence-text-unknown", Note, Ok, "The text that is bound to a component is not one that pkg knows.", "Read it; what is shown about its terms is as declared.";
    LicenceUnknown = "licence-unknown", Note, Ok, "Nothing is known of the terms of a licence.", "Read its text; a file in core/licences would make it known.";
    LicenceTextEncoding = "licence-text-encoding", Note, Ok, "A licence text is not in UTF-8.", "Save it as UTF-8, so that everybody reads the same.";
    FileLicenceDiffers = "file-licence-differs", Warning, Ok, "Files of a component name a licence that the component's own does not cover.", "Declare all of them, joined with AND.";
    PolicyNotKept = "policy-not-kept", Warning, Ok, "The terms refer to a policy that can change, and no copy of it is kept.", "Save the page and name it in a `[[snapshot]]` with the day of the copy.";
    TermsDropped = "terms-dropped", Warning, Ok, "A base model's terms bind what is made from it, and the release does not carry them.", "Name the base model's licence in `licence`, and put its text beside the weights.";
    NcDropped = "nc-dropped", Warning, Ok, "A base model is not for commercial use, and the release says nothing of it.", "Keep the limit, or ask the licensor of the base model.";
    SaDropped = "sa-dropped", Warning, Ok, "A base model is under a share-alike licence, and the release is under another.", "Use the same licence, or say why the release is no adaptation.";
    NoticeMissing = "notice-missing", Warning, Ok, "A licence asks for a NOTICE file, and there is none.", "`pkg notice` writes it; put it into the release.";
    NamePrefix = "name-prefix", Warning, Ok, "A licence asks that names of derivatives begin with its own, and this one does not.", "Rename the release.";
    OutputTraining = "output-training", Warning, Ok, "Training data was made with a model whose terms limit what outputs are used for.", "Read the clause; ask the licensor, or leave the data out.";
    OutputTermsUnknown = "output-terms-unknown", Note, Ok, "Training data was made with a model whose terms for outputs are not known.", "List the model as a `[[base-model]]` with its licence, or look its terms up.";
    BaseTermsUnknown = "base-terms-unknown", Warning, Ok, "It is not said under which terms a base model is.", "Give the base model a `licence` in pkg.toml.";
    BaseModelCycle = "base-model-cycle", Warning, Ok, "A release is said to be made from itself.", "Name the model it was really made from, by digest.";
    DataWithdrawn = "data-withdrawn", Warning, Ok, "A data set that the model was made with was taken back by its publisher.", "Read why; what was learned from it is still in the weights.";
    DeclarationContradicts = "declaration-contradicts", Warning, Ok, "Two declarations about the same thing contradict each other.", "Correct the one that is wrong.";
    AdopterInvalid = "adopter-invalid", Error, Usage, "What the adopter says of itself cannot be read.", "Write `--adopter mau=800e6,use=commercial`, or name a TOML file; `pkg schema adopter-toml` has the keys.";
    AdopterDenied = "adopter-denied", Error, PolicyRefused, "The terms deny something that the adopter needs.", "Do not use the release so; ask the licensor that the clause names.";
    AdopterUnknown = "adopter-unknown", Warning, Ok, "Whether the terms permit what the adopter needs cannot be said from what is known.", "Say more with `--adopter`, or read the clause.";
    CardInvalid = "card-invalid", Error, Usage, "A model card has no front matter that can be read.", "Start the file with a YAML block between two lines of `---`.";
    TermsChanged = "terms-changed", Warning, Ok, "The two releases are under different terms.", "Read what was added and taken away; earlier permissions may not extend to the other.";
    BaseModelUndeclared = "base-model-undeclared", Warning, Ok, "A model has tensors of another one that it does not name as its base.", "Name it in a `[[base-model]]` with its digest; its terms hold here too.";
    NoTensors = "no-tensors", Error, Inconclusive, "A release has no weight files with named tensors that could be compared.", "Use bundles or unpacked folders with safetensors or GGUF weights.";
    CroissantInvalid = "croissant-invalid", Warning, Usage, "A description of a data set is not valid Croissant.", "Correct it; `mlcroissant validate` says the same of it.";
    LicenceRecord = "licence-record-invalid", Error, Usage, "A file of licence terms cannot be read.", "Correct it by its schema: `pkg schema licence-toml`.";
    MofInvalid = "mof-invalid", Error, Usage, "A description in the form of the Model Openness Framework cannot be read.", "Correct the file; components have the names of the framework.";
    PredicateInvalid = "predicate-invalid", Error, VerificationFailed, "An attestation lacks what its type requires, or has it in another form.", "Correct the predicate and attest again; if it came from somebody else, ask them to.";
    AttestationMissing = "attestation-missing", Error, VerificationFailed, "There is no attestation of the type that was asked for, by anybody who was asked for.", "`pkg attest list BUNDLE` shows what there is; ask the publisher for the attestation.";
    EvidenceMissing = "evidence-missing", Error, VerificationFailed, "A verified attestation names evidence that is not in the bundle.", "Get the whole bundle from the publisher.";
    EvidenceUnclaimed = "evidence-not-named", Note, Ok, "Evidence is in the bundle that no verified attestation names. Nobody vouches for it.", "Give the key or identity of whoever attested it.";
    PipelineUnknown = "pipeline-unknown", Error, Usage, "The environment is that of no pipeline that pkg knows, so it does not say where this was built.", "Run it in GitHub Actions, GitLab CI, Buildkite or Google Cloud Build, or write the predicate yourself and give it with `--predicate`.";
    OtherSignature = "signature-not-checked", Note, Ok, "A signature by another key is present and was not checked.", "Give its public key with `--key` to check it.";
    TimeNotProven = "time-not-proven", Note, Ok, "The signature says nothing that proves when it was made.", "A transparency log or timestamp authority proves time; a bare key cannot.";
    KeyInvalid = "key-invalid", Error, Usage, "The key file is damaged, of an unsupported kind, or not the kind asked for.", "Use an ECDSA or Ed25519 key in PEM (PKCS#8 private, SPKI public).";
    WrongPassphrase = "wrong-passphrase", Error, Usage, "The passphrase does not open the key.", "Try again; `--passphrase-file` or PKG_PASSPHRASE supply it without a prompt.";
    PassphraseNeeded = "passphrase-needed", Error, Usage, "The key is encrypted and there is nobody to ask for the passphrase.", "Set PKG_PASSPHRASE or give `--passphrase-file FILE`.";
    KeyReadableByOthers = "key-readable-by-others", Warning, Ok, "The private key can be read by other users of this machine.", "Run `chmod 600` on it.";
    KeyNotEncrypted = "key-not-encrypted", Note, Ok, "The private key is stored without a passphrase.", "Give a passphrase to `pkg keygen` unless the machine is trusted.";
    SignaturesDropped = "signatures-dropped", Warning, Ok, "The output held signatures of an earlier release; they do not fit the new one.", "Sign the new release with `pkg sign`.";
    // ---- certificates of an own authority
    AuthorityInvalid = "authority-invalid", Error, TrustRoot, "The file of trusted certificates cannot be used.", "Give certificates in PEM (`-----BEGIN CERTIFICATE-----`), those of the authority you trust.";
    ChainUntrusted = "chain-untrusted", Error, VerificationFailed, "No path leads from the signer's certificate to a trusted one.", "Check that the trusted certificate is the publisher's authority, and ask the publisher for the intermediates; do not use the bundle otherwise.";
    ChainTooLong = "chain-too-long", Error, VerificationFailed, "A signature brings more certificates than are looked at, or the path through them is too long.", "Ask the publisher for a bundle with the signer's certificate and its intermediates only.";
    ChainSearchLimit = "chain-search-limit", Error, VerificationFailed, "The certificates of a signature are made such that finding a path would take too much work.", "Do not use the bundle; an honest chain does not look like this.";
    ChainPathLength = "chain-path-length", Error, VerificationFailed, "An authority allows fewer authorities below itself than the chain has.", "Ask the publisher for a certificate issued as the authority allows.";
    ChainForeignRoot = "chain-foreign-root", Error, VerificationFailed, "A signature brings a root certificate of its own that is not trusted.", "Whom to trust is for you to say: if the root is right, get it from the publisher by another way and name it; do not use the bundle otherwise.";
    CertificateMalformed = "certificate-malformed", Error, VerificationFailed, "A certificate is damaged or breaks the rules of X.509.", "Ask the publisher for a signature with a valid certificate.";
    CertificateUnsupported = "certificate-unsupported", Error, VerificationFailed, "A certificate has a kind of key or signature that pkg does not check.", "Use ECDSA (P-256, P-384, P-521) or Ed25519 for signers; authorities may also use RSA.";
    CertificateWeakKey = "certificate-weak-key", Error, VerificationFailed, "The key of a certificate is too weak to prove anything.", "Ask the publisher for a certificate with a stronger key.";
    CertificateWeakSignature = "certificate-weak-signature", Error, VerificationFailed, "A certificate is signed over a broken hash (SHA-1, MD5).", "Ask the publisher for a certificate signed with SHA-256 or better.";
    CertificateUnknownExtension = "certificate-unknown-extension", Error, VerificationFailed, "A certificate has a critical extension that pkg does not understand.", "Ask the publisher for a certificate without it; what it restricts cannot be honoured.";
    CertificateUsage = "certificate-usage", Error, VerificationFailed, "A certificate may not be used for what it was used for.", "Signers need the key usage digitalSignature or the extended key usage codeSigning, authorities keyCertSign.";
    CertificateNotAuthority = "certificate-not-an-authority", Error, VerificationFailed, "A certificate was issued with the key of one that may issue none.", "Do not use the bundle: the holder of an ordinary certificate posed as an authority.";
    CertificateName = "certificate-name-constraint", Error, VerificationFailed, "A certificate has a name that an authority above it may not vouch for.", "Do not use the bundle; ask the publisher which authority issues for that name.";
    CertificateExpired = "certificate-expired", Error, VerificationFailed, "A certificate was over at the time in question.", "Ask the publisher for a new signature, or for one with a proven time.";
    CertificateNotYetValid = "certificate-not-yet-valid", Error, VerificationFailed, "A certificate was not valid yet at the time in question.", "Check the clock and the proven time of the signature.";
    CertificateTimes = "certificate-times-disjoint", Error, VerificationFailed, "There is no time at which all certificates of the chain are valid.", "Ask the publisher for a chain that was valid when the signature was made.";
    CertificateTimeUnknown = "certificate-time-unknown", Error, Inconclusive, "The certificate is not valid now, and nothing proves that the signature was made while it was.", "Ask the publisher for a signature with a timestamp or a log entry.";
    LeafIsAuthority = "leaf-is-ca", Warning, Ok, "The signer's certificate is marked as that of an authority.", "Ask the publisher for a certificate with `CA:FALSE`: with this one, the signer can also issue certificates.";
    // ---- where signing keys live
    SignerWrong = "signer-wrong-signature", Error, Unexpected, "The token or command gave a signature that does not fit its own public key. It was not used.", "Check that the public key and the signing key are the same pair, and that the right bytes were signed.";
    SignerCommandInvalid = "signer-command-invalid", Error, Usage, "The command that should sign cannot be used as written.", "It is run without a shell: write pipes and variables into a script and name that. See docs/signers.md.";
    SignerCommandStart = "signer-command-not-started", Error, Usage, "The command that should sign cannot be started.", "Check its name and that it may be executed.";
    SignerCommandFailed = "signer-command-failed", Error, Unexpected, "The command that should sign ended with an error.", "See what it wrote; run it by hand as docs/signers.md says.";
    SignerCommandTimeout = "signer-command-timeout", Error, Unexpected, "The command that should sign did not end in time. It was stopped.", "Run it by hand as docs/signers.md says and see what it waits for.";
    SignerCommandOutput = "signer-command-output", Error, Unexpected, "The command that should sign printed something else than was asked for.", "`public-key` prints a public key in PEM, `sign` the signature in base64. See docs/signers.md.";
    Pkcs11NotBuilt = "pkcs11-not-built", Error, Usage, "This pkg was built without support for tokens (PKCS#11).", "Use a pkg that was built with the feature `pkcs11`.";
    Pkcs11Uri = "pkcs11-uri", Error, Usage, "The `pkcs11:` URI cannot be used.", "Write it as RFC 7512 says, as in `pkcs11:token=release;object=key?module-path=/usr/lib/softhsm/libsofthsm2.so`.";
    Pkcs11Module = "pkcs11-module", Error, Usage, "The PKCS#11 module is not named, not there, or cannot be loaded.", "Name it with `module-path=/absolute/path` in the URI, or in PKG_PKCS11_MODULE.";
    Pkcs11NoToken = "pkcs11-no-token", Error, Usage, "No token fits the URI.", "Plug it in, or correct the URI.";
    Pkcs11ManyTokens = "pkcs11-many-tokens", Error, Usage, "Several tokens fit the URI.", "Name one with `token=`, `serial=` or `slot-id=`.";
    Pkcs11NoKey = "pkcs11-no-key", Error, Usage, "No private key on the token fits the URI.", "Correct `object=` or `id=` in the URI.";
    Pkcs11ManyKeys = "pkcs11-many-keys", Error, Usage, "Several private keys on the token fit the URI.", "Name one with `object=` and `id=`.";
    Pkcs11Key = "pkcs11-key-unusable", Error, Usage, "The key on the token cannot be used to sign.", "Use an ECDSA (P-256, P-384, P-521) or Ed25519 key with its public key or certificate beside it.";
    Pkcs11PinNeeded = "pkcs11-pin-needed", Error, Usage, "The token wants a PIN and there is nobody to ask.", "Set PKG_PKCS11_PIN, or name a file with `pin-source=/path` in the URI.";
    Pkcs11PinWrong = "pkcs11-pin-wrong", Error, Usage, "The PIN is wrong.", "Try again with the right PIN; tokens lock after a few wrong ones.";
    Pkcs11PinLocked = "pkcs11-pin-locked", Error, Usage, "The PIN of the token is locked, after too many wrong ones or by its owner.", "Have it unlocked with the token's own tool.";
    Pkcs11Failed = "pkcs11-failed", Error, Unexpected, "The token or its module reported an error.", "Check that the token is still there; the message names the call that failed.";
    // ---- policies
    PolicySyntax = "policy-syntax", Error, Usage, "The policy is not valid TOML, or a value has the wrong type.", "Correct the line that the message names.";
    PolicyUnknownKey = "policy-unknown-key", Error, Usage, "The policy has a key that means nothing.", "Use the suggested key, or remove the line.";
    PolicyRepeatedKey = "policy-repeated-key", Error, Usage, "The policy sets the same key twice.", "Keep one of the two.";
    PolicyInvalid = "policy-invalid", Error, Usage, "The policy says something that cannot be worked out.", "Correct the entry that the message names.";
    PolicyVersion = "policy-version", Error, Usage, "The policy is written for another version of the policy format.", "Use a newer pkg, or write `version = 1` after reading docs/policy.md.";
    PolicyDecidesNothing = "policy-decides-nothing", Error, Usage, "No rule of the policy is enforced, so it would let everything pass.", "Give at least one rule `mode = \"enforce\"`.";
    PolicyFileOutside = "policy-file-outside", Error, Usage, "The policy names a file outside its own folder.", "Put the file beside the policy, or name it by an absolute path.";
    CertificateInvalid = "certificate-invalid", Error, Usage, "A file holds no certificate that can be read.", "Use one or more X.509 certificates in PEM.";
    RegoInvalid = "rego-invalid", Error, Usage, "The Rego of a rule cannot be compiled.", "Correct it; rules are written in Rego v1, and the query is the path of one, such as `data.pkg.allow`.";
    RegoUnsupported = "rego-unsupported", Error, Usage, "The policy has a rule in Rego, and this build of pkg has no Rego.", "Use a build with the feature `rego`, or write the rule without it.";
    FactsInvalid = "policy-facts-invalid", Error, Usage, "The facts to decide over cannot be read, or contradict themselves.", "Correct them; `pkg schema policy-facts` says what they look like.";
    PolicyRefused = "policy-refused", Error, PolicyRefused, "An enforced rule of the policy is not met.", "Do not use the release unless the policy is wrong; `pkg policy explain POLICY` says what it demands.";
    PolicyRuleError = "policy-rule-error", Error, PolicyRefused, "An enforced rule of the policy could not be worked out, which counts as not met.", "Correct the rule, or the facts it was given.";
    PolicyWarning = "policy-warning", Warning, Ok, "A rule of the policy that only warns is not met.", "Look at the reason; `mode = \"enforce\"` makes the rule refuse.";
    // ---- plugins
    PluginNotFound = "plugin-not-found", Error, Usage, "There is no plugin of that id where pkg looks.", "`pkg plugin list` shows what there is and where pkg looks; `pkg plugin install FILE` adds one.";
    PluginManifest = "plugin-manifest-invalid", Error, PluginFailed, "The manifest of a plugin cannot be used.", "Ask whoever made the plugin; docs/plugins.md says what a manifest looks like.";
    PluginConfigSyntax = "plugin-config-syntax", Error, Usage, "plugins.toml is not valid TOML, or a value has the wrong type.", "Correct the line that the message names, or remove the file and trust the plugins again.";
    PluginConfigUnknownKey = "plugin-config-unknown-key", Error, Usage, "plugins.toml has a key that means nothing.", "Use the suggested key, or remove the line.";
    PluginConfigRepeatedKey = "plugin-config-repeated-key", Error, Usage, "plugins.toml sets the same key twice.", "Keep one of the two.";
    PluginConfigInvalid = "plugin-config-invalid", Error, Usage, "plugins.toml says something that cannot be worked out.", "Correct the entry that the message names.";
    PluginUntrusted = "plugin-untrusted", Error, PluginFailed, "Nobody said that this plugin may run.", "If you trust it, run `pkg plugin trust ID`.";
    PluginUntrustedRun = "plugin-ran-untrusted", Warning, Ok, "A plugin ran although nobody said that it may: plugins.toml only warns.", "Run `pkg plugin trust ID` if you trust it.";
    PluginPlace = "plugin-place-unsafe", Error, PluginFailed, "Others may write to the plugin or its folder.", "Take the permission away (`chmod go-w`), or install the plugin again.";
    PluginKind = "plugin-kind", Error, Usage, "The plugin does not do what was asked for.", "`pkg plugin info ID` says what it does.";
    PluginSetting = "plugin-setting", Error, Usage, "A setting cannot be used.", "Write it as NAME=VALUE; `pkg plugin info ID` lists the settings.";
    PluginFailed = "plugin-failed", Error, PluginFailed, "A plugin looked, and it does not hold.", "Do not use the release for what the plugin checks; see what it found.";
    PluginWarned = "plugin-warned", Warning, Ok, "A plugin found something that should be looked at.", "See what it found.";
    PluginNoted = "plugin-noted", Note, Ok, "A plugin found something worth knowing.", "Nothing has to be done.";
    PluginInconclusive = "plugin-inconclusive", Error, Inconclusive, "A plugin looked, and could not decide. That is no pass.", "See what it could not decide; look at the file by other means.";
    PluginSkipped = "plugin-skipped", Warning, Ok, "A plugin did not look. That is no pass.", "See the reason; `--require plugin:ID` makes a skip a failure.";
    PluginSkippedRequired = "plugin-skipped-required", Error, PluginSkipped, "A plugin that is required could not look here.", "Run it where it can, or take the result of somebody who did: `--require test-result:ID@WHO`.";
    PluginRefused = "plugin-refused", Error, PluginFailed, "A plugin said that it could not do its work.", "See the reason that it gives.";
    PluginPanicked = "plugin-panicked", Error, PluginFailed, "A plugin panicked. pkg is unharmed.", "Report it to whoever made the plugin.";
    PluginCrashed = "plugin-crashed", Error, PluginFailed, "A plugin crashed. pkg is unharmed.", "Report it to whoever made the plugin.";
    PluginTimedOut = "plugin-timed-out", Error, PluginFailed, "A plugin did not end in time, and was ended.", "Give it longer with `--plugin-seconds N` if the work is that large.";
    PluginMemory = "plugin-memory-limit", Error, PluginFailed, "A plugin used more memory than it may, and was ended.", "Give it more with `--plugin-memory SIZE` if the work is that large.";
    PluginNoReply = "plugin-no-reply", Error, PluginFailed, "A plugin ended without a reply. Its exit code does not count.", "Report it to whoever made the plugin.";
    PluginWrongAbi = "plugin-wrong-abi", Error, PluginFailed, "A plugin is built for another version of the interface.", "Use a version of the plugin for this pkg.";
    PluginMissingSymbol = "plugin-missing-symbol", Error, PluginFailed, "A library is no plugin of pkg.", "Name the library of a plugin.";
    PluginNotLoadable = "plugin-not-loadable", Error, PluginFailed, "A plugin's library cannot be loaded, or asks for what no plugin may.", "See the reason; a plugin may need system libraries only, and no search path.";
    PluginOtherLibrary = "plugin-other-library", Error, PluginFailed, "A plugin's library is not the one its manifest names.", "Install the plugin again; do not run what is there.";
    PluginBadReply = "plugin-bad-reply", Error, PluginFailed, "What a plugin sent is no reply.", "Report it to whoever made the plugin.";
    PluginNotConfined = "plugin-not-confined", Error, PluginFailed, "A plugin could not be confined as was demanded, so it was not run.", "Leave `--require-sandbox` away, or use a newer kernel.";
    PluginConfinement = "plugin-confinement-partial", Warning, Ok, "This system could confine a plugin only in part.", "Use a newer Linux kernel with Landlock and seccomp.";
    PluginNotStarted = "plugin-not-started", Error, PluginFailed, "A plugin's process could not be started.", "See the reason.";
    PluginNothingRecorded = "plugin-recorded-nothing", Error, PluginFailed, "A plugin recorded nothing, though it was asked to.", "See its reply.";
    PluginScaffold = "plugin-name", Error, Usage, "A plugin cannot have this name.", "Use lower-case letters, digits, `-` and `.`, beginning with a letter.";
    RequirementMissing = "requirement-missing", Error, PolicyRefused, "What was required is not attested by whom it was asked of.", "`pkg attest list BUNDLE` shows what is attested and by whom.";
    RequirementFailed = "requirement-failed", Error, PolicyRefused, "What was required is attested to have failed.", "Do not use the release for what was tested.";
    TestResultNone = "test-result-not-attested", Warning, Ok, "There is no result to attest: nothing was looked at, or nothing was decided.", "A skip or an open question is never attested.";
    // ---- registries
    RegistryReference = "registry-reference", Error, Usage, "A reference to a registry cannot be used as written.", "Write it as `oci://HOST/REPOSITORY:TAG` or `oci://HOST/REPOSITORY@sha256:<64 hex digits>`.";
    RegistryNotEncrypted = "registry-not-encrypted", Error, Usage, "A registry would be spoken to in the clear.", "Use its encrypted address, or name the host with `--plain-http HOST` if the network between is yours.";
    RegistryCredentials = "registry-credentials", Error, Usage, "The stored credentials of a registry cannot be used.", "Log in again with `docker login` or `podman login`, or name another file with `--registry-auth FILE`.";
    RegistryUnreachable = "registry-unreachable", Error, Unexpected, "A registry cannot be reached.", "Check the address, the network and the certificate, and run the command again: it goes on where it stopped.";
    RegistryDenied = "registry-denied", Error, Unexpected, "A registry does not permit this.", "Log in with `docker login` or `podman login`, or ask for the right to do it.";
    RegistryNotFound = "registry-not-found", Error, Usage, "The registry has nothing under this name.", "Check the spelling; some registries hide what one may not read, so log in as well.";
    RegistryRefused = "registry-refused", Error, Unexpected, "A registry did not do what it was asked for.", "Run the command again: it goes on where it stopped. If it stays, tell the operator what was answered.";
    RegistryBusy = "registry-busy", Error, Unexpected, "A registry asked to be left alone for longer than was waited.", "Run the command again later: it goes on where it stopped.";
    RegistryInvalid = "registry-invalid-answer", Error, Unexpected, "A registry answers against the distribution specification.", "Tell the operator of the registry, or use another one.";
    TransferInterrupted = "transfer-interrupted", Error, Unexpected, "A transfer was cut, and trying again did not help.", "Run the command again: it goes on where it stopped.";
    ReferrersByTag = "referrers-by-tag", Note, Ok, "The registry has no list of what refers to a release; the tag scheme of the distribution specification stands in for it.", "Nothing needs to be done; signatures are found either way.";
    TagMoved = "tag-moved", Warning, Ok, "The tag names another release than the one that was just pushed.", "Somebody else pushed at the same time; refer to the release by its digest.";
    TagReplaced = "tag-replaced", Note, Ok, "The tag named another release before.", "Whoever refers to the tag gets the new release from now on; the old one is still there by its digest.";
    TagTaken = "tag-taken", Error, Usage, "The tag names another release already, and was not to be moved.", "Choose another tag, or say that it may be moved.";
    SignerNotAsked = "signer-not-asked", Warning, Ok, "Nobody's signature was asked for, so who made the release is not known.", "Give `--key PUBLIC-KEY` or `--identity WHO`, here or to `pkg verify`.";
    DocumentsLeftOut = "documents-left-out", Note, Ok, "Documents of the release were not fetched, to keep the transfer small.", "`pkg report` and `pkg verify` fetch and read all of them.";
    NotPulled = "not-pulled", Note, Ok, "Parts of the release were left out, as asked.", "Pull again without `--only` for all of it.";
    // ---- checks of a repository, and hooks
    SecretFound = "secret-found", Error, VerificationFailed, "A file has what looks like a token, a key or a password.", "Remove it and have it revoked: whoever saw the file has it. If it was committed, it stays in the history.";
    LargeNotInLfs = "large-file-not-in-lfs", Error, Usage, "A large file that is no text is committed without Git LFS.", "`git lfs track` it and add it again; model hubs refuse such files.";
    HookConflict = "hook-conflict", Error, Usage, "A hook of others is in the way. It was left as it is.", "Look at both hooks, join them by hand or remove one, and run the command again.";
    HooksShared = "hooks-shared", Warning, Ok, "`core.hooksPath` is set for more than this repository, so its hooks run in others as well.", "Set `core.hooksPath` in this repository to keep its hooks apart.";
    ChainedHookFailed = "chained-hook-failed", Error, Unexpected, "The hook that was there before pkg's own failed.", "See what it printed.";
    ReleaseTagRefused = "release-tag-refused", Error, VerificationFailed, "A release tag has no signed bundle whose code is that commit.", "`pkg pack` with `git = { rev = TAG }`, `pkg sign`, and push again; `pkg.bundle` in git-config says where bundles are, `pkg.releaseTags` which tags are releases.";
    ReleaseTagNoModel = "release-tag-no-model", Note, Ok, "The commit of a tag has no pkg.toml, so it is taken for no release of a model.", "Nothing needs to be done.";
    ReleaseSignerUnknown = "release-signer-unknown", Warning, Ok, "The bundle of a release tag is signed and consistent; by whom was not checked.", "`git config pkg.key FILE` (or `pkg.identity` and `pkg.issuer`) says whose signature counts.";
    ArrivedUnverified = "arrived-unverified", Error, Unexpected, "A signed folder that was just checked out or merged does not verify. It is in the work tree already: a hook cannot undo that.", "Do not use it; `git checkout` the commit before, and ask whoever published it.";
    ArrivedNotChecked = "arrived-not-checked", Warning, Ok, "A signed folder was just checked out or merged, and not verified: nobody said whose signature counts. That is no pass.", "`git config pkg.key FILE` (or `pkg.identity` and `pkg.issuer`), then `pkg verify` it.";
    CheckSkipped = "check-skipped", Note, Ok, "Something was not looked at. That is no pass.", "Look at it by other means.";
    // ---- pipelines
    ReleaseLog = "release-log", Error, Usage, "The file for the log of a release holds something else.", "Name another file with `--log FILE`.";
    ReleaseNotConfirmed = "release-not-confirmed", Error, Usage, "Nobody said that the release may be made.", "Look at the plan with `--dry-run`; add `--yes` where nobody can be asked.";
    ReleaseChanged = "release-changed", Error, VerificationFailed, "What is in the registry, or in the bundle, is not what this run made.", "Somebody or something else changed it meanwhile; run the command again.";
    ReleasePlace = "release-place", Error, Usage, "There is no place for what a release needs between its steps.", "Set PKG_CACHE_DIR to a folder, or HOME.";
    // ---- the command line
    UsageError = "usage", Error, Usage, "The command line cannot be used as written.", "See `pkg help` and `pkg help COMMAND`.";
    UnknownCode = "unknown-code", Error, Usage, "There is no finding with that code.", "`pkg explain` without a code lists them.";
    Internal = "internal", Error, Unexpected, "Something happened that pkg did not foresee.", "Run the command again; if it stays, report it with the message.";
    // ---- Transport coding
    CodedInvalid = "coded-invalid", Error, VerificationFailed, "A coded blob is damaged, or is against the format of coded streams.", "Fetch it again; the raw blob, where there is one, does not depend on it.";
    CodedLayout = "coded-layout", Error, Usage, "The layout holds its weights in coded form, so that it can only be decoded.", "`pkg decode IN OUT` restores the bundle.";
    CodedIndex = "coded-index", Error, VerificationFailed, "The index of what is coded contradicts the release.", "Fetch the coded layout again, or use the bundle that it was made from.";
    CodedNotUsed = "coded-not-used", Warning, Ok, "A coded blob of a release is missing or wrong, so the raw one was fetched. The release is as it should be.", "Tell whoever pushed the coded blobs; `pkg push --coded` sends them anew.";
    CodingPaysNot = "coding-pays-not", Note, Ok, "Coding makes no blob of the release smaller by 3 % or more, so nothing is coded.", "Nothing needs to be done; quantised weights gain nothing.";
}

impl Code {
    /// Exit code when the finding is about somebody's bundle rather than about
    /// the caller's own folder or command line.
    pub const fn exit_about_bundle(self) -> Exit {
        match self {
            Self::MetadataTooLarge
            | Self::UnsafePath
            | Self::DuplicatePath
            | Self::CaseClash
            | Self::NonUtf8Name
            | Self::SymlinkInRelease
            | Self::OmsSymlink
            | Self::OmsSymlinkOutside
            | Self::OmsSymlinkBroken
            | Self::SpecialFile => Exit::VerificationFailed,
            other => other.exit(),
        }
    }
}
