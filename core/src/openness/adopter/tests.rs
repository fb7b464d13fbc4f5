//! Questions people ask, with the clause that answers them.

use super::{Answer, Applies, Outcome, answer, parse};
use crate::model::kind::Kind;
use crate::openness::subject::{Part, Subject};

fn ask(licence: &str, adopter: &str) -> Answer {
    let part =
        Part { declared: Some(licence.to_owned()), ..Part::claimed(Kind::ModelParametersFinal) };
    let subject = Subject { name: "m".to_owned(), parts: vec![part], ..Subject::default() };
    answer(&subject, &parse(adopter, "--adopter", true).unwrap())
}

const LLAMA2: &str = "LicenseRef-scancode-llama-2-license-2023";
const STABILITY: &str = "LicenseRef-scancode-stability-ai-community-2024";

#[test]
fn thresholds_apply_to_those_above_them() {
    let large = ask(LLAMA2, "mau=800e6,use=commercial");
    assert_eq!(large.outcome, Outcome::Denied);
    assert!(
        large.sentence.contains("700 000 000") && large.sentence.contains("clause 2"),
        "{}",
        large.sentence
    );
    assert_eq!(ask(LLAMA2, "mau=1e6,use=commercial").outcome, Outcome::Permitted);
    let silent = ask(LLAMA2, "use=commercial");
    assert_eq!(silent.outcome, Outcome::Unknown, "{}", silent.sentence);
    // The licence counts on one day; what is said of that day decides.
    let grown = ask(LLAMA2, "mau=800e6,mau-on-2023-07-18=1e6,use=commercial");
    assert_eq!(grown.outcome, Outcome::Permitted);
    assert_eq!(ask(LLAMA2, "mau=800e6,use=commercial,in-product=true").outcome, Outcome::Permitted);
    assert_eq!(ask(STABILITY, "revenue=2e6,use=commercial").outcome, Outcome::Denied);
    assert_eq!(ask(STABILITY, "revenue=2e5,use=commercial").outcome, Outcome::Permitted);
    let other = ask(STABILITY, "revenue=2e5,currency=EUR,use=commercial");
    assert_eq!(other.outcome, Outcome::Unknown, "{}", other.sentence);
}

#[test]
fn outputs_and_purposes_are_weighed() {
    let trains = ask(LLAMA2, "mau=1,use=research,trains-models-on-outputs=true");
    assert_eq!(trains.outcome, Outcome::Denied);
    assert!(trains.sentence.contains("1.b.v"), "{}", trains.sentence);
    assert_eq!(ask("CC-BY-NC-4.0", "use=commercial").outcome, Outcome::Denied);
    assert_eq!(ask("CC-BY-NC-4.0", "use=research").outcome, Outcome::Permitted);
    let rail = "LicenseRef-scancode-deepseek-la-1.0";
    assert_eq!(ask(rail, "use=commercial,fields=military").outcome, Outcome::Denied);
    assert_eq!(ask(rail, "use=commercial,fields=weather").outcome, Outcome::Permitted);
}

#[test]
fn a_choice_is_made_for_the_adopter() {
    let both = ask("CC-BY-NC-4.0 OR MIT", "use=commercial");
    assert_eq!(both.outcome, Outcome::Permitted, "{}", both.sentence);
    assert_eq!(ask("CC-BY-NC-4.0 AND MIT", "use=commercial").outcome, Outcome::Denied);
    assert_eq!(ask("LicenseRef-nobody", "use=commercial").outcome, Outcome::Unknown);
}

#[test]
fn duties_depend_on_what_is_done() {
    let applies = |adopter: &str, term: &str| {
        let all = ask("LicenseRef-scancode-llama-3.1-license-2024", adopter);
        all.terms.into_iter().find(|it| it.term == term).unwrap().applies
    };
    assert_eq!(applies("mau=1,distributes=true,modifies=true", "name prefix"), Applies::Applies);
    assert_eq!(applies("mau=1,distributes=false", "name prefix"), Applies::DoesNotApply);
    assert_eq!(applies("mau=1", "name prefix"), Applies::Unknown);
    assert_eq!(applies("mau=1,distributes=true", "attribution"), Applies::Applies);
}

#[test]
fn every_licence_can_be_asked_about() {
    for licence in crate::licence::all() {
        let all = ask(
            &licence.id,
            "mau=9e9,revenue=9e12,use=commercial,modifies=yes,distributes=yes,hosts=yes,country=DE,trains-models-on-outputs=yes",
        );
        assert!(!all.sentence.is_empty() && all.caveat.contains("not legal advice"));
        assert!(!all.terms.is_empty(), "{}", licence.id);
    }
}
