//! Signing by an identity: a certificate of Fulcio for a key that lives as long
//! as one signature, an entry in Rekor, a timestamp.
//!
//! `sigstore-sign` does the work. Which services are asked is said by a signing
//! config (`sigstore_trustroot.proto`, `SigningConfig` v0.2), so that private
//! instances are no special case.

use std::io;
use std::time::Duration;

use sigstore_oidc::templates::HtmlTemplates;
use sigstore_oidc::{
    AuthCallback, AuthMode, AuthOptions, IdentityToken, OAuthClient, OAuthConfig, SecretString,
};
use sigstore_rekor::RekorApiVersion;
use sigstore_sign::{Error, SigningServices};
use sigstore_verify::crypto::KeyPair;
use sigstore_verify::trust_root::SigningConfig;
use sigstore_verify::types::Sha256Hash;
use zeroize::Zeroizing;

use super::publish::{Publisher, Wanted};
use super::{check_url, fulcio, publish};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::trust::bundle::{self, Content, Envelope};
use crate::trust::dsse::{PAYLOAD_TYPE, pae};
use crate::trust::json;
use crate::trust::key::PublicKey;
use crate::trust::root::Instance;
use crate::trust::watch::Interface;

/// Audience that Fulcio wants in a token.
const AUDIENCE: &str = "sigstore";

/// Longest token that is sent on, in bytes.
const MAX_TOKEN: usize = 16 << 10;

/// Where the metadata of a Google Cloud machine is asked for.
const METADATA_HOST: &str = "GCE_METADATA_HOST";

/// Shows things to a person who signs in, and asks back.
pub trait Prompt {
    /// A page was opened, or is to be opened by the person.
    fn visit(&self, url: &str, by_hand: bool);

    /// Asks for the code that the page shows.
    fn code(&self) -> io::Result<String>;
}

/// Where an identity token comes from.
pub enum TokenSource<'a> {
    /// From the caller.
    Given(Zeroizing<String>),
    /// From the pipeline that this runs in, otherwise from a person if there is
    /// one.
    Ambient(Option<&'a dyn Prompt>),
    /// From a person who opens a page and types in the code it shows.
    ByHand(&'a dyn Prompt),
}

impl std::fmt::Debug for TokenSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Given(_) => "Given",
            Self::Ambient(_) => "Ambient",
            Self::ByHand(_) => "ByHand",
        })
    }
}

/// The services to sign with.
#[derive(Debug, Clone)]
pub struct Services(SigningServices);

impl Services {
    /// Those of a public instance, as they were when pkg was built.
    pub fn built_in(instance: Instance) -> Result<Self> {
        SigningServices::from_embedded(instance.library())
            .map(Self)
            .map_err(|error| config_invalid("the built-in signing config", &error))
    }

    /// Those of a signing config.
    pub fn from_signing_config(bytes: &[u8], origin: &str) -> Result<Self> {
        let invalid =
            |detail: String| Problem::new(Code::SigningConfigInvalid, origin).detail(detail);
        let config: SigningConfig = json::from_slice_strict(bytes)
            .map_err(|error| invalid(format!("it is no signing config: {error}")).source(error))?;
        let services = SigningServices::from_signing_config(&config)
            .map_err(|error| config_invalid(origin, &error))?;
        services.validate().map_err(|error| config_invalid(origin, &error))?;
        let urls = [
            Some(services.fulcio_url()),
            Some(services.rekor_url()),
            services.tsa_url(),
            services.oidc_url(),
        ];
        for url in urls.into_iter().flatten() {
            check_url(url).map_err(invalid)?;
        }
        Ok(Self(services))
    }

    /// Address and interface of the log.
    pub fn log(&self) -> (&str, Interface) {
        let interface = match self.0.rekor_api_version() {
            RekorApiVersion::V2 => Interface::V2,
            _ => Interface::V1,
        };
        (self.0.rekor_url(), interface)
    }

    /// Address of the timestamp authority.
    pub fn timestamps(&self) -> Option<&str> {
        self.0.tsa_url()
    }
}

fn config_invalid(origin: &str, error: &Error) -> Problem {
    Problem::new(Code::SigningConfigInvalid, origin).detail(error.to_string())
}

/// Signs in the name of an identity.
pub struct Keyless {
    /// Address of the certificate authority.
    authority: String,
    publisher: Publisher,
    token: IdentityToken,
    interface: Interface,
}

impl std::fmt::Debug for Keyless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyless").field("identity", &self.identity()).finish_non_exhaustive()
    }
}

impl Keyless {
    /// Gets a token; nothing is signed yet.
    pub fn new(services: &Services, source: TokenSource<'_>) -> Result<Self> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Problem::new(Code::Internal, what).detail(error.to_string())
        };
        let runtime = super::runtime()?;
        let client = super::http::client()
            .map_err(|error| failed("the HTTP client", &error).source(error))?;
        let token = match source {
            TokenSource::Given(token) => parse_token(&token)?,
            TokenSource::ByHand(prompt) => {
                runtime.block_on(sign_in(services, &client, prompt, true))?
            }
            TokenSource::Ambient(person) => match (runtime.block_on(ambient(&client))?, person) {
                (Some(token), _) => token,
                (None, Some(prompt)) => {
                    runtime.block_on(sign_in(services, &client, prompt, false))?
                }
                (None, None) => {
                    return Err(Problem::new(Code::TokenMissing, "the environment")
                        .detail("no pipeline was recognised that gives out tokens"));
                }
            },
        };
        if token.is_expired() {
            return Err(Problem::new(Code::TokenInvalid, "the identity token")
                .detail(format!("it expired at {}", token.expiration())));
        }
        if !token.claims().aud.contains(AUDIENCE) {
            return Err(Problem::new(Code::TokenInvalid, "the identity token")
                .detail(format!("it is not for the audience {AUDIENCE:?}")));
        }
        let wanted = Wanted { log: true, timestamp: services.timestamps().is_some() };
        Ok(Self {
            authority: services.0.fulcio_url().to_owned(),
            publisher: Publisher::new(services, wanted)?,
            token,
            interface: services.log().1,
        })
    }

    /// Identity and issuer that the token claims; Fulcio decides what the
    /// certificate says.
    pub fn identity(&self) -> (&str, &str) {
        (self.token.identity(), self.token.issuer())
    }

    /// Signs an in-toto statement; gives the bundle in JSON.
    pub fn sign_statement(&self, payload: &[u8]) -> Result<Vec<u8>> {
        if self.interface == Interface::V1 {
            publish::check_size(payload)?;
        }
        let (key, certificate) = self.certified()?;
        let signature = key.sign(&pae(PAYLOAD_TYPE, payload)).map_err(unusable)?;
        let envelope = Envelope {
            payload: payload.to_vec(),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signature: signature.as_bytes().to_vec(),
        };
        let bundle = bundle::certified(&certificate, &Content::Envelope(envelope))?;
        self.published(&bundle, &key)
    }

    /// Signs bytes of this SHA-256; gives the bundle in JSON.
    pub fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>> {
        let (key, certificate) = self.certified()?;
        let signature = key.sign_digest(&Sha256Hash::new(*digest.as_bytes())).map_err(unusable)?;
        let message = Content::Message {
            digest: Some(("SHA2_256".to_owned(), digest.as_bytes().to_vec())),
            signature: signature.as_bytes().to_vec(),
        };
        self.published(&bundle::certified(&certificate, &message)?, &key)
    }

    /// A key for one signature, and its certificate.
    fn certified(&self) -> Result<(KeyPair, Vec<u8>)> {
        let key = KeyPair::generate_ecdsa_p256().map_err(unusable)?;
        let certificate = fulcio::certificate(&self.authority, &self.token, &key)?;
        Ok((key, certificate))
    }

    fn published(&self, bundle: &[u8], key: &KeyPair) -> Result<Vec<u8>> {
        let public = key.public_key_der().map_err(unusable)?;
        let public = PublicKey::from_spki(public.as_bytes(), "a key for one signature")?;
        self.publisher.publish(bundle, &public)
    }
}

fn unusable(error: sigstore_verify::crypto::Error) -> Problem {
    Problem::new(Code::Internal, "a key for one signature").detail(error.to_string())
}

fn parse_token(text: &str) -> Result<IdentityToken> {
    let text = text.trim();
    if text.len() > MAX_TOKEN {
        return Err(Problem::new(Code::TokenInvalid, "the identity token")
            .detail(format!("it has {} bytes, more than {MAX_TOKEN}", text.len())));
    }
    // The library's message could quote the token.
    IdentityToken::from_jwt(text).map_err(|_| {
        Problem::new(Code::TokenInvalid, "the identity token")
            .detail("it is no OIDC token (a JWT with iss, sub and exp)")
    })
}

async fn ambient(client: &reqwest::Client) -> Result<Option<IdentityToken>> {
    let missing = |detail: String| Problem::new(Code::TokenMissing, "the pipeline").detail(detail);
    match IdentityToken::detect_ambient().await {
        Ok(Some(token)) => return Ok(Some(token)),
        Ok(None) => {}
        Err(error) => return Err(missing(error.to_string()).source(error)),
    }
    let Some(host) = google_host() else { return Ok(None) };
    let url = format!(
        "http://{host}/computeMetadata/v1/instance/service-accounts/default/identity?audience={AUDIENCE}&format=full"
    );
    let failed = |error: reqwest::Error| {
        missing(format!("the metadata server of Google Cloud gave no token: {error}")).source(error)
    };
    let mut response = client
        .get(&url)
        .header("Metadata-Flavor", "Google")
        .timeout(Duration::from_secs(5))
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(failed)?;
    let mut text = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        text.extend_from_slice(&chunk);
        if text.len() > MAX_TOKEN {
            break;
        }
    }
    parse_token(&String::from_utf8_lossy(&text)).map(Some)
}

/// The metadata server, when this is a machine of Google Cloud. The address is
/// fixed by Google; the variable is that of its own libraries.
fn google_host() -> Option<String> {
    if let Ok(host) = std::env::var(METADATA_HOST) {
        return Some(host);
    }
    let product = std::fs::read_to_string("/sys/class/dmi/id/product_name").ok()?;
    product.trim().starts_with("Google").then(|| "metadata.google.internal".to_owned())
}

async fn sign_in(
    services: &Services,
    client: &reqwest::Client,
    prompt: &dyn Prompt,
    by_hand: bool,
) -> Result<IdentityToken> {
    let url = services.0.oidc_url().ok_or_else(|| {
        Problem::new(Code::SigningConfigInvalid, "the signing config")
            .detail("it names no OIDC provider to sign in with")
    })?;
    let flow = OAuthClient::with_http_client(OAuthConfig::dex(url), client.clone());
    let options = AuthOptions::new().with_force_oob(by_hand);
    flow.authenticate_with_options(Person(prompt), options).await.map_err(|error| {
        Problem::new(Code::TokenMissing, url)
            .detail(format!("signing in failed: {error}"))
            .source(error)
    })
}

struct Person<'a>(&'a dyn Prompt);

impl HtmlTemplates for Person<'_> {
    fn success_html(&self) -> &'static str {
        "<!doctype html><title>pkg</title><p>Signed in. You can close this page."
    }

    fn error_html(&self, error: &str) -> String {
        let safe: String = error.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
        format!("<!doctype html><title>pkg</title><p>Signing in failed: {safe}")
    }
}

impl AuthCallback for Person<'_> {
    fn auth_url_ready(&self, url: &str, mode: AuthMode) {
        self.0.visit(url, mode == AuthMode::OutOfBand);
    }

    fn prompt_for_code(&self) -> io::Result<SecretString> {
        self.0.code().map(|code| SecretString::new(code.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Services, TokenSource};
    use crate::finding::Code;
    use crate::trust::root::Instance;

    #[test]
    fn tokens_are_looked_at_before_anybody_is_asked() {
        let services = Services::built_in(Instance::PublicGood).unwrap();
        // Expired in 2001; then for another audience; then no tokens at all.
        for token in [
            "e30.eyJpc3MiOiJ4Iiwic3ViIjoieSIsImF1ZCI6InNpZ3N0b3JlIiwiZXhwIjoxMDAwMDAwMDAwfQ.AA",
            "e30.eyJpc3MiOiJ4Iiwic3ViIjoieSIsImF1ZCI6Im90aGVyIiwiZXhwIjo5OTk5OTk5OTk5fQ.AA",
            "",
            "a.b",
            "secret.secret.secret",
            &"a".repeat(20_000),
        ] {
            let source = TokenSource::Given(token.to_owned().into());
            let problem = super::Keyless::new(&services, source).unwrap_err();
            assert_eq!(problem.code(), Code::TokenInvalid);
            assert!(!problem.to_string().contains("secret"), "{problem}");
        }
    }

    #[test]
    fn signing_configs_that_cannot_work_are_refused() {
        for text in ["", "{}", r#"{"mediaType":"x"}"#] {
            let problem = Services::from_signing_config(text.as_bytes(), "test").unwrap_err();
            assert_eq!(problem.code(), Code::SigningConfigInvalid, "{text}");
        }
    }
}
