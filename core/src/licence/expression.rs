//! Licence expressions (SPDX 2.3, annex D), as choices between sets of licences.

use spdx::expression::{ExprNode, Operator};

/// Most choices that an expression is unfolded into.
const MAX_CHOICES: usize = 64;

/// The choices that an expression offers: one of them holds, with all its licences.
/// A licence may carry an exception: `GPL-2.0-only WITH Classpath-exception-2.0`.
pub fn choices(expression: &str) -> Result<Vec<Vec<String>>, String> {
    let parsed = spdx::Expression::parse(expression).map_err(|error| error.reason.to_string())?;
    let mut stack: Vec<Vec<Vec<String>>> = Vec::new();
    for node in parsed.iter() {
        match node {
            ExprNode::Req(requirement) => stack.push(vec![vec![requirement.req.to_string()]]),
            ExprNode::Op(operator) => {
                let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                    return Err("an operator has nothing to work on".to_owned());
                };
                stack.push(match operator {
                    Operator::Or => left.into_iter().chain(right).collect(),
                    Operator::And => product(&left, &right),
                });
            }
        }
        if stack.last().is_some_and(|choices| choices.len() > MAX_CHOICES) {
            return Err(format!("it offers more than {MAX_CHOICES} choices"));
        }
    }
    stack.pop().ok_or_else(|| "it is empty".to_owned())
}

fn product(left: &[Vec<String>], right: &[Vec<String>]) -> Vec<Vec<String>> {
    let pairs = left.iter().flat_map(|one| right.iter().map(move |other| (one, other)));
    pairs
        .map(|(one, other)| {
            let mut all = one.clone();
            all.extend(other.iter().filter(|id| !one.contains(id)).cloned());
            all
        })
        .collect()
}

/// Every licence that an expression names, each once; the expression itself when it
/// cannot be read.
pub fn ids(expression: &str) -> Vec<String> {
    let mut all: Vec<String> = match choices(expression) {
        Ok(choices) => choices.into_iter().flatten().collect(),
        Err(_) => vec![expression.to_owned()],
    };
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::{choices, ids};

    #[test]
    fn expressions_unfold_into_choices() {
        for (text, expected) in [
            ("MIT", vec![vec!["MIT"]]),
            ("MIT OR Apache-2.0", vec![vec!["MIT"], vec!["Apache-2.0"]]),
            ("MIT AND CC-BY-4.0", vec![vec!["MIT", "CC-BY-4.0"]]),
            (
                "(MIT OR Apache-2.0) AND LicenseRef-x",
                vec![vec!["MIT", "LicenseRef-x"], vec!["Apache-2.0", "LicenseRef-x"]],
            ),
            ("MIT AND MIT", vec![vec!["MIT"]]),
        ] {
            assert_eq!(choices(text).unwrap(), expected, "{text}");
        }
        let with = choices("GPL-2.0-or-later WITH Classpath-exception-2.0").unwrap();
        assert_eq!(with[0].len(), 1);
        assert!(with[0][0].contains("Classpath"), "{with:?}");
        assert!(choices("MIT AND").is_err());
        let many = ["(MIT OR ISC)"; 7].join(" AND ");
        assert!(choices(&many).is_err());
        assert_eq!(ids("MIT OR (ISC AND MIT)"), ["ISC", "MIT"]);
        assert_eq!(ids("no such"), ["no such"]);
    }
}
