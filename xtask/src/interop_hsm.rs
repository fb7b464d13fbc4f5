//! Whether pkg signs with keys in the tokens of SoftHSM, which other programs
//! made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::run;

/// Debian's packages with the module, the program that fills tokens, and a
/// configuration that is not used here.
const PACKAGES: [&str; 3] = ["softhsm2", "libsofthsm2", "softhsm2-common"];

const PIN: &str = "1234";

/// Names of keys, and how OpenSSL makes them.
const KEYS: [(&str, &[&str]); 4] = [
    ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("p521", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
    ("ed25519", &["-algorithm", "ED25519"]),
];

/// What is needed of SoftHSM.
struct SoftHsm {
    module: PathBuf,
    program: PathBuf,
}

impl SoftHsm {
    /// The installed one, or one unpacked below `root`.
    fn find(root: &Path) -> Result<Self> {
        let unpacked = root.join("softhsm");
        if let Some(found) = Self::below(Path::new("/")).or_else(|| Self::below(&unpacked)) {
            return Ok(found);
        }
        fs::create_dir_all(&unpacked)?;
        let mut download = Command::new("apt-get");
        run::succeed(download.current_dir(&unpacked).arg("download").args(PACKAGES))
            .context("Debian's package `softhsm2` is needed, and the network to fetch it")?;
        for entry in fs::read_dir(&unpacked)? {
            let package = entry?.path();
            if package.extension().is_some_and(|extension| extension == "deb") {
                run::succeed(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
            }
        }
        Self::below(&unpacked).context("the packages do not hold what they should")
    }

    fn below(root: &Path) -> Option<Self> {
        let program = root.join("usr/bin/softhsm2-util");
        let folders = ["", "x86_64-linux-gnu/", "aarch64-linux-gnu/"]
            .map(|name| format!("usr/lib/{name}softhsm"));
        let modules = folders.map(|folder| root.join(folder).join("libsofthsm2.so"));
        let module = modules.into_iter().find(|module| module.is_file())?;
        program.is_file().then_some(Self { module, program })
    }
}

/// Packs `folder`, signs it with a key of every kind in a token, and verifies;
/// gives what was tried and whether it went well.
pub fn run(pkg: &Path, root: &Path, folder: &Path) -> Result<Vec<(String, bool)>> {
    let softhsm = SoftHsm::find(root)?;
    let work = root.join("hsm");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(work.join("tokens"))?;
    let settings = work.join("softhsm2.conf");
    fs::write(&settings, format!("directories.tokendir = {}\n", work.join("tokens").display()))?;
    fs::write(work.join("pin"), format!("{PIN}\n"))?;
    let bench = Bench { pkg: pkg.to_owned(), softhsm, settings, work };
    bench.softhsm(&["--init-token", "--free", "--label", "release", "--so-pin", "12345678"])?;
    let mut results = Vec::new();
    for (name, options) in KEYS {
        bench.key(name, options)?;
        results.extend(bench.round(name, folder)?);
    }
    let layout = format!("{}.pkg", KEYS[0].0);
    let wrong = "pkcs11:token=release;object=p256?pin-value=4321";
    results.push((
        "pkg names a wrong PIN".to_owned(),
        bench.says(&["sign", &layout, "--key", wrong], "pkcs11-pin-wrong")?,
    ));
    results.push((
        "pkg names the keys when none fits".to_owned(),
        bench.says(&["sign", &layout, "--key", &bench.uri("none")], "pkcs11-no-key")?,
    ));
    Ok(results)
}

struct Bench {
    pkg: PathBuf,
    softhsm: SoftHsm,
    settings: PathBuf,
    work: PathBuf,
}

impl Bench {
    fn softhsm(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.softhsm.program);
        command.current_dir(&self.work).env("SOFTHSM2_CONF", &self.settings);
        command.arg("--module").arg(&self.softhsm.module).args(["--pin", PIN]);
        run::succeed(command.args(arguments))
    }

    fn pkg(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.pkg);
        command.current_dir(&self.work).env("SOFTHSM2_CONF", &self.settings);
        command.env("PKG_PKCS11_MODULE", &self.softhsm.module).args(arguments);
        command
    }

    fn uri(&self, name: &str) -> String {
        let pin = self.work.join("pin");
        format!("pkcs11:token=release;object={name}?pin-source=file:{}", pin.display())
    }

    /// Makes a key with OpenSSL and moves it into the token.
    fn key(&self, name: &str, options: &[&str]) -> Result<()> {
        let (private, public) = (format!("{name}.pem"), format!("{name}.pub"));
        let openssl = |arguments: &[&str]| {
            run::succeed(Command::new("openssl").current_dir(&self.work).args(arguments))
        };
        openssl(&[&["genpkey", "-out", &private], options].concat())?;
        openssl(&["pkey", "-in", &private, "-pubout", "-out", &public])?;
        let id: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.softhsm(&["--import", &private, "--token", "release", "--label", name, "--id", &id])?;
        Ok(fs::remove_file(self.work.join(private))?)
    }

    fn round(&self, name: &str, folder: &Path) -> Result<Vec<(String, bool)>> {
        let (layout, public) = (format!("{name}.pkg"), format!("{name}.pub"));
        let folder = folder.to_string_lossy();
        run::succeed(&mut self.pkg(&["pack", &folder, "-o", &layout]))?;
        let signed = self.ends(&["sign", &layout, "--key", &self.uri(name)], 0)?;
        let verified = self.ends(&["verify", &layout, "--key", &public], 0)?;
        let other = KEYS.iter().map(|(other, _)| *other).find(|other| *other != name);
        let other = format!("{}.pub", other.unwrap_or_default());
        let exists = self.work.join(&other).exists();
        let refused = !exists || self.ends(&["verify", &layout, "--key", &other], 10)?;
        Ok(vec![
            (format!("pkg signs with a {name} key in a token"), signed),
            (format!("pkg verifies that with the public key by OpenSSL ({name})"), verified),
            (format!("pkg refuses it with another key ({name})"), refused),
        ])
    }

    fn ends(&self, arguments: &[&str], code: i32) -> Result<bool> {
        Ok(run::output(&mut self.pkg(arguments))?.status.code() == Some(code))
    }

    fn says(&self, arguments: &[&str], code: &str) -> Result<bool> {
        let output = run::output(&mut self.pkg(arguments))?;
        let said = String::from_utf8_lossy(&output.stderr).contains(code);
        Ok(said && !output.status.success())
    }
}
