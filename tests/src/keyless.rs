//! A place with the stand-ins for Sigstore's services beside it.

use pkg_rig::{Rig, TokenSpec};
use serde_json::Value;
use sigstore_sign::{SigningContext, SigningServices};

use crate::{Out, Place};

/// Who signs unless a test says otherwise.
pub const ADA: &str = "ada@example.com";

/// A folder, a rig, and its files: `root.json`, `other-root.json` of another
/// instance, and `trust1.json`, `trust2.json` for both interfaces of Rekor.
#[derive(Debug)]
pub struct Keyless {
    /// The folder.
    pub place: Place,
    /// The services.
    pub rig: Rig,
}

impl Keyless {
    /// Starts the services; `place` gets the files.
    pub fn new(place: Place) -> Self {
        let rig = Rig::start();
        let write = |name: &str, value: &Value| {
            std::fs::write(place.path(name), value.to_string()).expect("a written file");
        };
        write("root.json", &rig.trusted_root());
        write("other-root.json", &Rig::start().trusted_root());
        for rekor in [1, 2] {
            write(&format!("trust{rekor}.json"), &rig.client_trust_config(rekor));
            write(&format!("signing{rekor}.json"), &rig.signing_config(rekor));
        }
        Self { place, rig }
    }

    /// Signs `m.pkg` by identity with one of Rekor's interfaces.
    pub fn sign(&self, spec: &TokenSpec, rekor: u32) -> Out {
        let token = self.rig.token(spec);
        let config = format!("trust{rekor}.json");
        self.place.run(&["sign", "m.pkg", "--identity-token", &token, "--trust-config", &config])
    }

    /// Verifies `m.pkg` by an identity of the rig's own issuer.
    pub fn verify_as(&self, identity: &str) -> Out {
        let issuer = self.rig.url();
        self.place.run(&[
            "verify",
            "m.pkg",
            "--identity",
            identity,
            "--issuer",
            issuer,
            "--trusted-root",
            "root.json",
            "--json",
        ])
    }

    /// A bundle over `content`, made by the library alone: nothing looks at
    /// what the services answer.
    pub fn raw(&self, content: &Content<'_>, rekor: u32) -> Result<Value, String> {
        let token = self.rig.token(&TokenSpec::email(ADA));
        let token = sigstore_oidc::IdentityToken::from_jwt(&token).map_err(|e| e.to_string())?;
        let config: sigstore_sign::trust_root::SigningConfig =
            serde_json::from_value(self.rig.signing_config(rekor)).expect("a signing config");
        let services = SigningServices::from_signing_config(&config).expect("services");
        let signer = SigningContext::new(services).signer(token);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let bundle = runtime.expect("a runtime").block_on(async {
            match content {
                Content::Message(bytes) => signer.sign(*bytes).await,
                Content::Statement(bytes) => signer.sign_raw_statement(bytes).await,
            }
        });
        let bundle = bundle.map_err(|error| error.to_string())?;
        Ok(serde_json::to_value(&bundle).expect("a bundle in JSON"))
    }

    /// Verifies a bundle over the file `a.txt` as Ada's.
    pub fn verify_bundle(&self, bundle: &Value) -> Out {
        let path = self.place.path("a.sigstore.json");
        std::fs::write(path, bundle.to_string()).expect("a written bundle");
        self.place.run(&[
            "sigstore",
            "verify-bundle",
            "--bundle",
            "a.sigstore.json",
            "--certificate-identity",
            ADA,
            "--certificate-oidc-issuer",
            self.rig.url(),
            "--trusted-root",
            "root.json",
            "a.txt",
            "--json",
        ])
    }
}

/// What a library bundle is over.
#[derive(Debug)]
pub enum Content<'a> {
    /// Bytes.
    Message(&'a [u8]),
    /// An in-toto statement.
    Statement(&'a [u8]),
}
