//! Requests whose answers are read up to a limit.

use std::time::Duration;

use crate::finding::{Code, Problem, Result};

/// A client without redirects, and what drives it.
pub(super) struct Http {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    /// What a failed request is called.
    code: Code,
    /// Who is asked, for problems.
    subject: String,
}

/// What is sent.
pub(super) enum Body {
    /// Nothing: a GET.
    None,
    /// A JSON document.
    Json(serde_json::Value),
    /// Bytes of a media type.
    Bytes(&'static str, Vec<u8>),
}

impl Http {
    pub(super) fn new(code: Code, subject: &str) -> Result<Self> {
        let client = client().map_err(|error| {
            Problem::new(Code::Internal, "the HTTP client").detail(error.to_string()).source(error)
        })?;
        let subject = subject.to_owned();
        Ok(Self { client, runtime: super::runtime()?, code, subject })
    }

    /// The answer to a request, if it is a success and no longer than `limit` bytes.
    pub(super) fn ask(&self, url: &str, body: Body, limit: usize) -> Result<Vec<u8>> {
        let failed = |error: reqwest::Error| self.wrong(error.to_string()).source(error);
        let request = match body {
            Body::None => self.client.get(url),
            Body::Json(value) => self.client.post(url).json(&value),
            Body::Bytes(media_type, bytes) => {
                self.client.post(url).header("Content-Type", media_type).body(bytes)
            }
        };
        self.runtime.block_on(async {
            let mut response = request.send().await.map_err(failed)?;
            // Redirects are not followed, so they are no success either.
            let status = response.status();
            if !status.is_success() {
                return Err(self.wrong(format!("{} answers {status}", response.url())));
            }
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > limit {
                    return Err(self.wrong(format!("an answer is longer than {limit} bytes")));
                }
            }
            Ok(bytes)
        })
    }

    /// A problem with an answer.
    pub(super) fn wrong(&self, detail: impl Into<String>) -> Problem {
        Problem::new(self.code, &self.subject).detail(detail)
    }
}

/// What every request is made with: no redirects, a minute at most.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("pkg/", env!("CARGO_PKG_VERSION")))
        .build()
}
