//! Where a passphrase comes from: a file, the environment, a prompt, nowhere.

use std::io::IsTerminal as _;

use zeroize::Zeroizing;

use super::args::PassphraseArgs;
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::trust::keyfile::PassphraseSource;
use crate::trust::pkcs11::PinSource;

/// Environment variable with the passphrase.
const VARIABLE: &str = "PKG_PASSPHRASE";

/// The passphrase of a key that is to be read.
pub(super) fn for_existing_key(args: &PassphraseArgs) -> Result<PassphraseSource> {
    if let Some(given) = given(args)? {
        return Ok(PassphraseSource::Given(given));
    }
    if !interactive() {
        return Ok(PassphraseSource::None);
    }
    Ok(PassphraseSource::Ask(Box::new(|| prompt("Passphrase: "))))
}

/// The passphrase of a key that is to be made; none leaves it unencrypted.
pub(super) fn for_new_key(args: &PassphraseArgs) -> Result<Option<Zeroizing<String>>> {
    if let Some(given) = given(args)? {
        return Ok(Some(given).filter(|text| !text.is_empty()));
    }
    if !interactive() {
        return Ok(None);
    }
    let first = prompt("Passphrase (empty for none): ")?;
    if first.is_empty() {
        return Ok(None);
    }
    if *prompt("The same again: ")? == *first {
        Ok(Some(first))
    } else {
        Err(Problem::new(Code::WrongPassphrase, "the new key").detail("the two do not match"))
    }
}

/// The PIN of a token, when nothing else says it.
pub(super) fn pin() -> PinSource {
    if interactive() {
        PinSource::Ask(Box::new(|token| prompt(&format!("PIN of {token}: "))))
    } else {
        PinSource::None
    }
}

/// Whether there is a person to ask.
pub(super) fn interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn given(args: &PassphraseArgs) -> Result<Option<Zeroizing<String>>> {
    if let Some(path) = &args.passphrase_file {
        let bytes = Zeroizing::new(fsx::read_given(path, 64 << 10)?);
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Problem::new(Code::WrongPassphrase, path.display())
                .detail("the passphrase file is not UTF-8")
                .source(error)
        })?;
        let line = text.lines().next().unwrap_or_default();
        return Ok(Some(Zeroizing::new(line.to_owned())));
    }
    Ok(std::env::var(VARIABLE).ok().map(Zeroizing::new))
}

fn prompt(text: &str) -> Result<Zeroizing<String>> {
    rpassword::prompt_password(text).map(Zeroizing::new).map_err(|error| {
        Problem::new(Code::PassphraseNeeded, "the terminal").detail(error.to_string()).source(error)
    })
}
