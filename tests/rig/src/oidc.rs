//! The OIDC issuer: tokens, the authorization code flow with PKCE,
//! and the ambient token services of GitHub Actions and of Google.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::http::{Refusal, Request, Response};
use crate::keys::{self, Key, sha256};
use crate::text;

/// GitHub's issuer. Tokens of the rig may carry this name besides the rig's
/// own, so that policies can be tried with what they will see.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
/// Google's issuer, see [`GITHUB_ISSUER`].
pub const GOOGLE_ISSUER: &str = "https://accounts.google.com";

/// The audience Fulcio wants.
const AUDIENCE: &str = "sigstore";
/// Where a code is shown instead of redirected to.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// What a token says.
///
/// ```
/// use pkg_rig::TokenSpec;
/// let spec = TokenSpec::github("octo/model", "release.yml", "refs/tags/v1")
///     .claim("event_name", "release")
///     .expires_in(60);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TokenSpec {
    issuer: Option<String>,
    audience: String,
    expires_in: i64,
    claims: Map<String, Value>,
}

impl TokenSpec {
    fn new(subject: &str) -> Self {
        let claims = [("sub".to_owned(), subject.into())].into_iter().collect();
        Self { issuer: None, audience: AUDIENCE.to_owned(), expires_in: 300, claims }
    }

    /// A person with a verified e-mail address, from the rig's own issuer.
    pub fn email(address: &str) -> Self {
        let subject = text::hex(&sha256(address.as_bytes())[..10]);
        Self::new(&subject).claim("email", address).claim("email_verified", true)
    }

    /// A workload with this subject, which has to be a URI, from the rig's own issuer.
    pub fn subject(uri: &str) -> Self {
        Self::new(uri)
    }

    /// A GitHub Actions job: `repository` is `owner/name`, `workflow` a file
    /// under `.github/workflows`, `git_ref` such as `refs/heads/main`. The
    /// issuer is GitHub's name.
    pub fn github(repository: &str, workflow: &str, git_ref: &str) -> Self {
        let owner = repository.split('/').next().unwrap_or_default();
        let workflow_ref = format!("{repository}/.github/workflows/{workflow}@{git_ref}");
        let commit = text::hex(&sha256(git_ref.as_bytes())[..20]);
        let named = workflow.split('.').next().unwrap_or_default();
        let claims = [
            ("repository", repository),
            ("repository_id", "1001"),
            ("repository_owner", owner),
            ("repository_owner_id", "2002"),
            ("repository_visibility", "public"),
            ("ref", git_ref),
            ("sha", &commit),
            ("workflow", named),
            ("workflow_ref", &workflow_ref),
            ("workflow_sha", &commit),
            ("job_workflow_ref", &workflow_ref),
            ("job_workflow_sha", &commit),
            ("event_name", "push"),
            ("run_id", "3003"),
            ("run_attempt", "1"),
            ("runner_environment", "github-hosted"),
        ];
        let spec = Self::new(&format!("repo:{repository}:ref:{git_ref}")).issuer(GITHUB_ISSUER);
        claims.into_iter().fold(spec, |spec, (name, value)| spec.claim(name, value))
    }

    /// From another issuer than the rig. Fulcio here accepts the rig's own
    /// name, [`GITHUB_ISSUER`] and [`GOOGLE_ISSUER`].
    #[must_use]
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.issuer = Some(issuer.to_owned());
        self
    }

    /// For another audience than `sigstore`.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        audience.clone_into(&mut self.audience);
        self
    }

    /// Valid for this many seconds from now; negative for an expired token.
    #[must_use]
    pub fn expires_in(mut self, seconds: i64) -> Self {
        self.expires_in = seconds;
        self
    }

    /// With one claim more, or another value for one.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }
}

/// Where a client gets a token without being given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ambient {
    /// The authorization code flow at `/auth` and `/token`.
    Browser,
    /// The service that `ACTIONS_ID_TOKEN_REQUEST_URL` names.
    GitHub,
    /// The metadata server of Google's machines.
    Google,
}

/// A code that was given out and not yet exchanged.
#[derive(Debug)]
struct Grant {
    challenge: String,
    redirect: String,
    nonce: Option<String>,
}

/// The issuer.
#[derive(Debug)]
pub(crate) struct Issuer {
    url: String,
    key: Key,
    /// The secret that GitHub's token service wants.
    pub(crate) request_token: String,
    identities: HashMap<Ambient, TokenSpec>,
    grants: HashMap<String, Grant>,
}

impl Issuer {
    pub(crate) fn new(url: &str) -> Self {
        let identities = HashMap::from([
            (Ambient::Browser, TokenSpec::email("signer@example.com")),
            (Ambient::GitHub, TokenSpec::github("octo/model", "release.yml", "refs/heads/main")),
            (
                Ambient::Google,
                TokenSpec::email("robot@project.iam.gserviceaccount.com").issuer(GOOGLE_ISSUER),
            ),
        ]);
        Self {
            url: url.to_owned(),
            key: Key::es256(),
            request_token: text::hex(&keys::random::<16>()),
            identities,
            grants: HashMap::new(),
        }
    }

    pub(crate) fn set_identity(&mut self, place: Ambient, spec: TokenSpec) {
        self.identities.insert(place, spec);
    }

    fn identity(&self, place: Ambient) -> TokenSpec {
        self.identities.get(&place).cloned().unwrap_or_else(|| TokenSpec::new("nobody"))
    }

    /// A signed token.
    pub(crate) fn token(&self, spec: &TokenSpec, now: i64) -> String {
        let mut claims = spec.claims.clone();
        let issuer = spec.issuer.as_deref().unwrap_or(&self.url);
        // A token that has expired was still issued before it did.
        let expires = now + spec.expires_in;
        let issued = now.min(expires);
        for (name, value) in [
            ("iss", json!(issuer)),
            ("aud", json!(spec.audience)),
            ("iat", json!(issued)),
            ("nbf", json!(issued)),
            ("exp", json!(expires)),
        ] {
            claims.entry(name).or_insert(value);
        }
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.key_id()}).to_string();
        let payload = Value::Object(claims).to_string();
        let signed = format!(
            "{}.{}",
            text::base64_url(header.as_bytes()),
            text::base64_url(payload.as_bytes())
        );
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", text::base64_url(&signature))
    }

    fn key_id(&self) -> String {
        text::hex(&sha256(self.key.spki())[..8])
    }

    /// The claims of `token`, if Fulcio may believe them at `now`.
    pub(crate) fn check(&self, token: &str, now: i64) -> Result<Value, Refusal> {
        let refuse = |what: &str| Err(Refusal::new(401, format!("identity token: {what}")));
        let Some((signed, signature)) = token.rsplit_once('.') else {
            return refuse("not a JWT");
        };
        let signature = text::from_base64_url(signature).unwrap_or_default();
        if !keys::verify_es256(self.key.spki(), signed.as_bytes(), &signature) {
            return refuse("signature is not by this issuer");
        }
        let payload = signed.split_once('.').and_then(|(_, body)| text::from_base64_url(body));
        let claims: Value =
            payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default();
        if ![&self.url, GITHUB_ISSUER, GOOGLE_ISSUER]
            .contains(&claims["iss"].as_str().unwrap_or(""))
        {
            return refuse("unknown issuer");
        }
        if claims["aud"] != AUDIENCE {
            return refuse("audience is not sigstore");
        }
        if claims["exp"].as_i64().is_none_or(|expires| expires <= now) {
            return refuse("expired");
        }
        if claims["nbf"].as_i64().is_some_and(|begins| begins > now) {
            return refuse("not yet valid");
        }
        Ok(claims)
    }

    pub(crate) fn discovery(&self) -> Response {
        let url = &self.url;
        Response::json(&json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email"],
        }))
    }

    pub(crate) fn key_set(&self) -> Response {
        let point = self.key.raw_public();
        Response::json(&json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.key_id(),
            "x": text::base64_url(&point[1..33]), "y": text::base64_url(&point[33..]),
        }]}))
    }

    /// Redirects back with a code; no one has to log in.
    pub(crate) fn authorize(&mut self, request: &Request) -> Result<Response, Refusal> {
        if request.query("response_type") != Some("code")
            || request.query("code_challenge_method") != Some("S256")
        {
            return Err(Refusal::new(400, "only the code flow with PKCE (S256)"));
        }
        let challenge = request.query("code_challenge").unwrap_or_default().to_owned();
        let redirect = request.query("redirect_uri").unwrap_or_default().to_owned();
        let nonce = request.query("nonce").map(str::to_owned);
        let code = text::hex(&keys::random::<16>());
        let state = text::percent_encode(request.query("state").unwrap_or_default());
        let answer = if redirect == OUT_OF_BAND {
            Response::plain(&code)
        } else {
            let mark = if redirect.contains('?') { '&' } else { '?' };
            Response::redirect(302, &format!("{redirect}{mark}code={code}&state={state}"))
        };
        self.grants.insert(code, Grant { challenge, redirect, nonce });
        Ok(answer)
    }

    /// Exchanges a code for a token, once.
    pub(crate) fn exchange(&mut self, request: &Request, now: i64) -> Result<Response, Refusal> {
        let form = text::from_form(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| {
            let field = form.iter().find(|(field, _)| field == name);
            field.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let refuse = |what: &str| Err(Refusal::new(400, format!("invalid_grant: {what}")));
        if field("grant_type") != "authorization_code" {
            return refuse("grant_type");
        }
        let Some(grant) = self.grants.remove(field("code")) else {
            return refuse("code is unknown or was used");
        };
        if text::base64_url(&sha256(field("code_verifier").as_bytes())) != grant.challenge {
            return refuse("code_verifier does not fit code_challenge");
        }
        if field("redirect_uri") != grant.redirect {
            return refuse("another redirect_uri");
        }
        let mut spec = self.identity(Ambient::Browser);
        if let Some(nonce) = grant.nonce {
            spec = spec.claim("nonce", nonce);
        }
        let token = self.token(&spec, now);
        // As Dex does: its access tokens are identity tokens too, and some
        // clients take these.
        Ok(Response::json(&json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": spec.expires_in,
            "id_token": token,
        })))
    }

    /// The service of GitHub Actions.
    pub(crate) fn github(&self, request: &Request, now: i64) -> Result<Response, Refusal> {
        if request.bearer() != Some(&self.request_token) {
            return Err(Refusal::new(401, "wrong request token"));
        }
        // Without an audience GitHub puts the URL of the repository's owner.
        let audience = request.query("audience").unwrap_or("https://github.com/octo");
        let spec = self.identity(Ambient::GitHub).audience(audience);
        Ok(Response::json(&json!({"count": 1, "value": self.token(&spec, now)})))
    }

    /// Google's metadata server.
    pub(crate) fn google(&self, request: &Request, now: i64) -> Result<Response, Refusal> {
        if request.header("metadata-flavor") != Some("Google") {
            return Err(Refusal::new(403, "Metadata-Flavor: Google is missing"));
        }
        let Some(audience) = request.query("audience") else {
            return Err(Refusal::new(400, "non-empty audience parameter required"));
        };
        let mut spec = self.identity(Ambient::Google).audience(audience);
        if request.query("format") != Some("full") {
            // The short form leaves the e-mail address out.
            spec.claims.remove("email");
            spec.claims.remove("email_verified");
        }
        let token = self.token(&spec, now);
        Ok(Response::plain(&token).header("Metadata-Flavor", "Google"))
    }
}
