//! What `pre-commit` (the program of that name) says by environment instead of arguments
//! and input: `PRE_COMMIT_*`, as its documentation lists them.

use super::{Name, RunRequest};

/// The request as git would have made it, where the arguments and the input are empty and
/// `pre-commit` runs the hook.
pub(super) fn fill(request: &RunRequest, get: impl Fn(&str) -> Option<String>) -> RunRequest {
    let mut request = request.clone();
    match request.name {
        Name::PrePush if request.input.is_empty() => {
            let line = |zero: &str| {
                let local = get("PRE_COMMIT_LOCAL_BRANCH")?;
                // Not said where everything is new to the remote; the ref leads there too.
                let id = get("PRE_COMMIT_TO_REF").unwrap_or_else(|| local.clone());
                let remote = get("PRE_COMMIT_REMOTE_BRANCH")?;
                let before = get("PRE_COMMIT_FROM_REF").unwrap_or_else(|| zero.to_owned());
                Some(format!("{local} {id} {remote} {before}\n"))
            };
            request.input = line(&"0".repeat(40)).unwrap_or_default().into_bytes();
        }
        Name::PostCheckout if request.args.is_empty() => {
            let named = ["PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF", "PRE_COMMIT_CHECKOUT_TYPE"];
            let args: Option<Vec<String>> = named.into_iter().map(get).collect();
            request.args = args.unwrap_or_default();
        }
        _ => {}
    }
    request
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::fill;
    use crate::hook::{Name, RunRequest};

    #[test]
    fn the_environment_stands_in_for_what_git_says_and_only_then() {
        let get = |name: &str| match name {
            "PRE_COMMIT_LOCAL_BRANCH" | "PRE_COMMIT_REMOTE_BRANCH" => {
                Some("refs/tags/v1".to_owned())
            }
            "PRE_COMMIT_TO_REF" => Some("b".repeat(40)),
            "PRE_COMMIT_FROM_REF" => Some("a".repeat(40)),
            "PRE_COMMIT_CHECKOUT_TYPE" => Some("1".to_owned()),
            _ => None,
        };
        let request = |name, args: &[&str], input: &str| RunRequest {
            folder: PathBuf::from("."),
            name,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            input: input.into(),
        };
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let push = fill(&request(Name::PrePush, &[], ""), get);
        assert_eq!(push.input, format!("refs/tags/v1 {b} refs/tags/v1 {a}\n").into_bytes());
        let new = |name: &str| get(name).filter(|_| name.ends_with("BRANCH"));
        let (tag, zero) = ("refs/tags/v1", "0".repeat(40));
        let push = fill(&request(Name::PrePush, &[], ""), new);
        assert_eq!(push.input, format!("{tag} {tag} {tag} {zero}\n").into_bytes());
        assert_eq!(fill(&request(Name::PrePush, &[], "x"), get).input, b"x");
        assert_eq!(fill(&request(Name::PrePush, &[], ""), |_| None).input, b"");
        let checkout = fill(&request(Name::PostCheckout, &[], ""), get);
        assert_eq!(checkout.args, [a, b, "1".to_owned()]);
        assert_eq!(fill(&request(Name::PostCheckout, &["x"], ""), get).args, ["x"]);
    }
}
