//! What talks to the services of a Sigstore instance. The only place in this
//! crate that opens sockets; nothing here runs unless it was asked for.

mod fulcio;
mod http;
pub mod keyless;
mod log;
pub mod monitor;
pub mod publish;
pub mod tuf;

use crate::finding::{Code, Problem, Result};

/// Tokens and signatures go to encrypted connections, or stay on this machine.
fn check_url(url: &str) -> Result<(), String> {
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
    let host = parsed.host_str().unwrap_or_default();
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err(format!("{url} is not encrypted")),
    }
}

/// What drives requests, on this thread.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Problem::new(Code::Internal, "the network runtime").detail(error.to_string()).source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::check_url;

    #[test]
    fn nothing_goes_over_plain_connections_but_loopback() {
        for good in ["https://example.org", "http://127.0.0.1:3000/x", "http://localhost:1"] {
            check_url(good).unwrap();
        }
        for bad in [
            "http://example.org",
            "http://127.0.0.1.example.org",
            "ftp://localhost",
            "x",
            "file:///x",
        ] {
            check_url(bad).unwrap_err();
        }
    }
}
