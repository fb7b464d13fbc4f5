//! Who may do what: nothing asked, name and password, or tokens as the
//! distribution project's "token authentication specification" has them.

use std::collections::HashMap;

use serde_json::json;

use super::answer::{Answer, Error};
use super::wire::Head;
use crate::keys;
use crate::text;

/// What the server calls itself to its token service.
const SERVICE: &str = "registry-rig";

/// How clients show who they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// HTTP basic authentication.
    Basic {
        /// The only user.
        user: String,
        /// Their password.
        password: String,
    },
    /// Tokens from `/token`, for the scopes that were asked for.
    Bearer {
        /// The only user.
        user: String,
        /// Their password; `refresh-` before it makes their identity token.
        password: String,
        /// Requests that a token is good for; then it has expired.
        requests: u32,
        /// Whether who shows nothing gets tokens for reading.
        anonymous_pull: bool,
    },
}

#[derive(Debug)]
struct Token {
    /// `repository:NAME:ACTION`
    scopes: Vec<String>,
    left: u32,
}

/// Tokens that are in use.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, Token>);

impl Tokens {
    /// Makes all of them void.
    pub(crate) fn expire(&mut self) {
        self.0.clear();
    }

    /// Answers at `/token`: GET with basic authentication, POST as in OAuth 2.
    pub(crate) fn issue(&mut self, auth: &Auth, head: &Head, form: &[u8]) -> Answer {
        let Auth::Bearer { user, password, requests, anonymous_pull } = auth else {
            return Error::new(404, "UNSUPPORTED", "there are no tokens here").into();
        };
        let form = text::from_form(&String::from_utf8_lossy(form));
        let field =
            |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
        let posted = head.is(&["POST"]);
        let service = if posted { field("service") } else { head.query("service") };
        if service != Some(SERVICE) {
            return Error::new(400, "UNSUPPORTED", "the service is another one").into();
        }
        let known = if posted {
            match field("grant_type") {
                Some("password") => {
                    field("username") == Some(user) && field("password") == Some(password)
                }
                Some("refresh_token") => {
                    field("refresh_token") == Some(&format!("refresh-{password}"))
                }
                _ => false,
            }
        } else {
            is_basic(head, user, password)
        };
        let shows_nothing = !posted && head.header("authorization").is_none();
        let permitted = known || (*anonymous_pull && shows_nothing);
        if !permitted {
            return Error::new(401, "UNAUTHORIZED", "the user is not known").into();
        }
        let asked: Vec<String> = if posted {
            field("scope").unwrap_or_default().split(' ').map(str::to_owned).collect()
        } else {
            head.queries("scope").flat_map(|scope| scope.split(' ')).map(str::to_owned).collect()
        };
        let mut scopes = Vec::new();
        for scope in asked {
            let Some((resource, actions)) = scope.rsplit_once(':') else { continue };
            for action in actions.split(',') {
                if known || action == "pull" {
                    scopes.push(format!("{resource}:{action}"));
                }
            }
        }
        let token = text::hex(&keys::random::<16>());
        self.0.insert(token.clone(), Token { scopes, left: *requests });
        let name = if posted { "access_token" } else { "token" };
        Answer::json(&json!({ name: token, "expires_in": 300 }))
    }

    /// Whether a request may be answered; else what is said instead.
    pub(crate) fn check(
        &mut self,
        auth: &Auth,
        url: &str,
        head: &Head,
        needed: &[(String, &'static str)],
    ) -> Result<(), Answer> {
        match auth {
            Auth::None => Ok(()),
            Auth::Basic { user, password } if is_basic(head, user, password) => Ok(()),
            Auth::Basic { .. } => Err(challenge("Basic realm=\"registry-rig\"".to_owned())),
            Auth::Bearer { .. } => {
                let mut challenged = format!("Bearer realm=\"{url}/token\",service=\"{SERVICE}\"");
                if let Some((name, _)) = needed.first() {
                    let actions: Vec<&str> = needed.iter().map(|(_, action)| *action).collect();
                    let scope = format!("repository:{name}:{}", actions.join(","));
                    challenged = format!("{challenged},scope=\"{scope}\"");
                }
                let Some(token) = bearer(head) else { return Err(challenge(challenged)) };
                let Some(token) = self.0.get_mut(token).filter(|token| token.left > 0) else {
                    challenged.push_str(",error=\"invalid_token\"");
                    return Err(challenge(challenged));
                };
                token.left -= 1;
                let permitted = needed.iter().all(|(name, action)| {
                    token.scopes.contains(&format!("repository:{name}:{action}"))
                });
                if !permitted {
                    challenged.push_str(",error=\"insufficient_scope\"");
                    return Err(challenge(challenged));
                }
                Ok(())
            }
        }
    }

    /// Whether the token of a request also permits reading another repository.
    pub(crate) fn may_read(&self, auth: &Auth, head: &Head, name: &str) -> bool {
        !matches!(auth, Auth::Bearer { .. })
            || bearer(head)
                .and_then(|token| self.0.get(token))
                .is_some_and(|token| token.scopes.contains(&format!("repository:{name}:pull")))
    }
}

fn challenge(text: String) -> Answer {
    Answer::from(Error::new(401, "UNAUTHORIZED", "authentication is needed"))
        .header("WWW-Authenticate", &text)
}

fn scheme<'a>(head: &'a Head, wanted: &str) -> Option<&'a str> {
    let (scheme, value) = head.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then_some(value.trim())
}

fn bearer(head: &Head) -> Option<&str> {
    scheme(head, "bearer")
}

fn is_basic(head: &Head, user: &str, password: &str) -> bool {
    let shown = scheme(head, "basic").and_then(text::from_base64);
    shown.is_some_and(|shown| shown == format!("{user}:{password}").as_bytes())
}
