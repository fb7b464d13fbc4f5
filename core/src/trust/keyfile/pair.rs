//! New key pairs: both files are there, or a later run can tell that they are not.
//!
//! They are made in a locked folder `.PREFIX.key.partial` and moved from there: the public
//! key, which is no secret, before the private one. A copy of the public key stays in the
//! folder beside the private key until that has its name. So a public key that is equal to
//! the copy, while the private key is still in the folder, was left by a run that was killed
//! between the two, and belongs to nobody.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::super::key::SigningKey;
use super::super::{pem, sealed};
use super::{ENCRYPTED_LABEL, MAX_FILE, PRIVATE_LABEL};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, Staged};

/// What the folder is for, so that nothing else is taken for one.
const TOKEN: &str = "pkg keygen";

/// The files of a new key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The private key.
    pub private: PathBuf,
    /// The public key.
    pub public: PathBuf,
    /// Whether the private key is encrypted.
    pub encrypted: bool,
}

/// Writes `PREFIX.key` and `PREFIX.pub`; with `force`, in place of those that are there.
pub fn write_key_pair(
    prefix: &Path,
    key: &SigningKey,
    passphrase: Option<&str>,
    force: bool,
) -> Result<Written> {
    let (private, public) = (with_suffix(prefix, ".key")?, with_suffix(prefix, ".pub")?);
    let text = match passphrase {
        Some("") => {
            return Err(Problem::new(Code::WrongPassphrase, private.display())
                .detail("an empty passphrase protects nothing")
                .hint("Give a passphrase, or say that the key should have none."));
        }
        Some(passphrase) => {
            pem::encode(ENCRYPTED_LABEL, sealed::seal(key.pkcs8(), passphrase)?.as_bytes())
        }
        None => pem::encode(PRIVATE_LABEL, key.pkcs8()),
    };
    let public_text = key.public()?.pem();
    let pair = Pair { private: &private, public: &public, force };
    let staged = Staged::folder_to_resume(&private, TOKEN)?;
    let written = pair
        .clear(staged.path())
        .and_then(|()| make(&staged, text.as_bytes(), public_text.as_bytes()))
        .and_then(|()| pair.place(staged.path()));
    // Whatever happened, what is still in the folder is nobody's.
    staged.discard();
    written?;
    let parent = fsx::staging_path(&private)?.0;
    fsx::sync_dir(&parent).map_err(|error| Problem::writing(&private, error))?;
    Ok(Written { private, public, encrypted: passphrase.is_some() })
}

/// Names in the folder in which a pair is made.
const KEY: &str = "key";
const PUB: &str = "pub";
const COPY: &str = "pub.copy";
const OLD: &str = "pub.old";

/// Where a pair goes.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    private: &'a Path,
    public: &'a Path,
    force: bool,
}

impl Pair<'_> {
    /// Refuses what is at `path` and may not be replaced. A folder never is.
    fn in_the_way(&self, path: &Path) -> Result<()> {
        match path.symlink_metadata() {
            Ok(there) if !self.force || there.is_dir() => {
                Err(Problem::new(Code::OutputExists, path.display()))
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Problem::writing(path, error)),
        }
    }

    /// Looks at what is there, and removes what a killed run left.
    fn clear(&self, folder: &Path) -> Result<()> {
        let old = folder.join(OLD);
        if fsx::exists(&old) && fsx::exists(&folder.join(KEY)) && !fsx::exists(self.public) {
            // Set aside by a run with `--force` that did not get to replace the private key.
            moving(&old, self.public)?;
        }
        self.in_the_way(self.private)?;
        if self.is_leftover(folder) {
            // Before the copy, by which it is known for what it is.
            remove(self.public)?;
        }
        self.in_the_way(self.public).map_err(|problem| match problem.code() {
            Code::OutputExists if !fsx::exists(self.private) => problem
                .detail("the public key exists already, and no private key is beside it")
                .hint(format!(
                    "Choose another name; or, if nobody uses this public key, `rm {}`.",
                    super::quoted(self.public)
                )),
            _ => problem,
        })?;
        [KEY, PUB, COPY, OLD].iter().try_for_each(|name| remove(&folder.join(name)))
    }

    /// Whether the public key is that of a private key which never got its name.
    fn is_leftover(&self, folder: &Path) -> bool {
        let read = |path: &Path| fsx::read_limited(path, MAX_FILE as u64).ok();
        let copy = read(&folder.join(COPY));
        !fsx::exists(self.private)
            && fsx::exists(&folder.join(KEY))
            && copy.is_some()
            && copy == read(self.public)
    }

    /// Moves both into place, or leaves things as they were.
    fn place(&self, folder: &Path) -> Result<()> {
        let (key, public, old) = (folder.join(KEY), folder.join(PUB), folder.join(OLD));
        if fsx::exists(self.public) {
            self.in_the_way(self.public)?;
            moving(self.public, &old)?;
        }
        let undo = |problem: Problem| {
            // The first problem is the one to report.
            let _ = fsx::rename_new(&old, self.public);
            problem
        };
        if self.force && fsx::exists(self.private) {
            // Never an old private key beside a new public one: there is none in between.
            let replaced = self.in_the_way(self.private).and_then(|()| {
                fs::rename(&key, self.private)
                    .map_err(|error| Problem::writing(self.private, error))
            });
            replaced.map_err(undo)?;
            return moving(&public, self.public);
        }
        moving(&public, self.public).map_err(undo)?;
        moving(&key, self.private).map_err(|problem| {
            let _ = fs::remove_file(self.public);
            undo(problem)
        })
    }
}

/// Makes the files of a pair in the folder, on the disk.
fn make(staged: &Staged, private: &[u8], public: &[u8]) -> Result<()> {
    let folder = staged.path();
    let closed = staged.handle().set_permissions(Permissions::from_mode(0o700));
    closed.map_err(|error| Problem::writing(folder, error))?;
    let files = [(COPY, public, 0o644), (PUB, public, 0o644), (KEY, private, 0o600)];
    for (name, content, mode) in files {
        let path = folder.join(name);
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(mode).open(&path)?;
            file.write_all(content)?;
            file.sync_all()
        };
        write().map_err(|error| Problem::writing(&path, error))?;
    }
    fsx::sync_dir(folder).map_err(|error| Problem::writing(folder, error))
}

fn moving(from: &Path, to: &Path) -> Result<()> {
    fsx::rename_new(from, to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Problem::new(Code::OutputExists, to.display()),
        _ => Problem::writing(to, error),
    })
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Problem::writing(path, error)),
        _ => Ok(()),
    }
}

/// `release.v1` and `.key` make `release.v1.key`: nothing is replaced.
fn with_suffix(prefix: &Path, suffix: &str) -> Result<PathBuf> {
    let text = prefix.as_os_str().as_encoded_bytes();
    if prefix.file_name().is_none()
        || text.last().is_some_and(|last| std::path::is_separator(char::from(*last)))
    {
        return Err(Problem::new(Code::UsageError, prefix.display())
            .detail("the name of the key pair is missing")
            .hint("Name the pair, as in `pkg keygen -o keys/release`."));
    }
    let mut path = prefix.as_os_str().to_owned();
    path.push(suffix);
    Ok(path.into())
}

#[cfg(test)]
#[path = "pair_tests.rs"]
mod tests;
