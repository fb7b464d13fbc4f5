//! How a client comes to a token.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pkg_rig::{Ambient, GITHUB_ISSUER, GOOGLE_ISSUER, Rig, TokenSpec};
use serde_json::Value;
use sigstore_oidc::templates::{DefaultTemplates, HtmlTemplates};
use sigstore_oidc::{
    AuthCallback, AuthMode, AuthOptions, IdentityToken, OAuthClient, OAuthConfig, SecretString,
};
use std::cell::RefCell;

use crate::client::{What, block_on, finish, get_json, http, sign_as};

/// A person who looks at the page and types the code.
struct Person {
    url: RefCell<String>,
}

impl HtmlTemplates for Person {
    fn success_html(&self) -> &str {
        DefaultTemplates.success_html()
    }

    fn error_html(&self, error: &str) -> String {
        DefaultTemplates.error_html(error)
    }
}

impl AuthCallback for Person {
    fn auth_url_ready(&self, url: &str, _: AuthMode) {
        url.clone_into(&mut self.url.borrow_mut());
    }

    fn prompt_for_code(&self) -> std::io::Result<SecretString> {
        let url = self.url.borrow().clone();
        // The prompt runs inside the client's own runtime.
        let page = std::thread::spawn(move || finish(http().get(url))).join().unwrap();
        Ok(SecretString::new(String::from_utf8(page.1).unwrap()))
    }
}

#[test]
fn a_person_logs_in_with_a_code() {
    let rig = Rig::start();
    rig.set_identity(Ambient::Browser, TokenSpec::email("eve@example.com"));
    let client = OAuthClient::with_http_client(OAuthConfig::dex(rig.url()), http());
    let person = Person { url: RefCell::default() };
    let options = AuthOptions::new().with_force_oob(true);
    let token = block_on(client.authenticate_with_options(person, options)).unwrap();
    assert_eq!(token.email(), Some("eve@example.com"));
    assert!(token.email_verified());
    sign_as(&rig, 2, What::Blob, token.expose_secret()).unwrap();
}

/// SHA-256 of `verifier`, as a challenge of RFC 7636.
const CHALLENGE: &str = "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ";

fn exchange(rig: &Rig, code: &str, verifier: &str) -> (u16, Value) {
    let form = format!(
        "grant_type=authorization_code&code={code}&code_verifier={verifier}&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback"
    );
    let (status, body) = finish(http().post(format!("{}/token", rig.url())).body(form));
    (status, serde_json::from_slice(&body).unwrap())
}

fn code(rig: &Rig) -> String {
    let url = format!(
        "{}/auth?client_id=sigstore&response_type=code&code_challenge_method=S256&code_challenge={CHALLENGE}&state=a%26b&nonce=n1&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback",
        rig.url()
    );
    let answer = block_on(http().get(url).send()).unwrap();
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap();
    let rest = location.strip_prefix("http://127.0.0.1:9/callback?code=").unwrap();
    let (code, state) = rest.split_once('&').unwrap();
    assert_eq!(state, "state=a%26b");
    code.to_owned()
}

#[test]
fn a_browser_is_sent_straight_back_with_a_code_that_is_good_once() {
    let rig = Rig::start();
    let issued = code(&rig);
    let (status, tokens) = exchange(&rig, &issued, "verifier");
    assert_eq!(status, 200, "{tokens}");
    let token = IdentityToken::from_jwt(tokens["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(token.email(), Some("signer@example.com"));
    assert_eq!(claims(token.expose_secret())["nonce"], "n1");
    assert_eq!(exchange(&rig, &issued, "verifier").0, 400, "used twice");
    assert_eq!(exchange(&rig, &code(&rig), "another").0, 400, "another verifier");
    assert_eq!(exchange(&rig, "invented", "verifier").0, 400);
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn tokens_are_signed_by_the_published_key() {
    let rig = Rig::start();
    let discovery = get_json(&rig, "/.well-known/openid-configuration");
    assert_eq!(discovery["issuer"], rig.url());
    let keys = discovery["jwks_uri"].as_str().unwrap().strip_prefix(rig.url()).unwrap();
    let key = &get_json(&rig, keys)["keys"][0];
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let point = [vec![4], part("x"), part("y")].concat();

    let token = rig.token(&TokenSpec::subject("https://example.com/job"));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let published = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    published.verify(signed.as_bytes(), &signature).unwrap();
    published.verify(b"other", &signature).unwrap_err();
}

#[test]
fn githubs_token_service_wants_its_secret() {
    let rig = Rig::start();
    let (url, secret) = rig.github_request();
    let url = format!("{url}&audience=sigstore");
    assert_eq!(finish(http().get(&url)).0, 401);
    assert_eq!(finish(http().get(&url).bearer_auth("guess")).0, 401);
    let (status, body) = finish(http().get(&url).bearer_auth(secret));
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_slice(&body).unwrap();
    let token = answer["value"].as_str().unwrap();
    assert_eq!(claims(token)["aud"], "sigstore");
    assert_eq!(claims(token)["iss"], GITHUB_ISSUER);
    sign_as(&rig, 1, What::Blob, token).unwrap();
}

#[test]
fn googles_metadata_server_wants_its_header() {
    let rig = Rig::start();
    let identity = "computeMetadata/v1/instance/service-accounts/default/identity";
    let url = format!("http://{}/{identity}?audience=sigstore&format=full", rig.google_host());
    assert_eq!(finish(http().get(&url)).0, 403);
    let flavour = |url: &str| http().get(url).header("Metadata-Flavor", "Google");
    let (status, body) = finish(flavour(&url));
    assert_eq!(status, 200);
    let token = String::from_utf8(body).unwrap();
    assert_eq!(claims(&token)["iss"], GOOGLE_ISSUER);
    assert!(claims(&token)["email"].as_str().unwrap().ends_with("gserviceaccount.com"));
    sign_as(&rig, 1, What::Blob, &token).unwrap();

    let short = url.replace("&format=full", "");
    let (_, body) = finish(flavour(&short));
    assert!(claims(&String::from_utf8(body).unwrap()).get("email").is_none());
    assert_eq!(finish(flavour(&url.replace("audience", "other"))).0, 400);
}

#[test]
fn a_rig_without_fault_knows_the_client_but_not_another_issuer() {
    let (rig, other) = (Rig::start(), Rig::start());
    let token = other.token(&TokenSpec::email("ada@example.com"));
    let refused = sign_as(&rig, 1, What::Blob, &token).map(drop).unwrap_err();
    assert!(refused.contains("401") || refused.contains("signature"), "{refused}");
}
