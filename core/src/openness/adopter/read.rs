//! What an adopter says of itself: a TOML file, or `key=value` pairs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Code, Problem, Result};
use crate::tables::{self, Form, Shape, Value};

/// What the release is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// For profit, or in a business.
    Commercial,
    /// Research.
    Research,
    /// In private.
    Personal,
    /// Trying it out, not in production.
    Evaluation,
    /// By an organisation without profit.
    NonProfit,
}

impl Purpose {
    const WORDS: [(&'static str, Self); 5] = [
        ("commercial", Self::Commercial),
        ("research", Self::Research),
        ("personal", Self::Personal),
        ("evaluation", Self::Evaluation),
        ("non-profit", Self::NonProfit),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, purpose)| *purpose == self).map_or("", |(word, _)| word)
    }
}

/// An organisation, and what it wants to do. What is not said is unknown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Adopter {
    /// Its name.
    pub name: Option<String>,
    /// Monthly active users, with affiliates.
    pub mau: Option<f64>,
    /// The same on certain days, `YYYY-MM-DD`: some licences count on one.
    pub mau_on: BTreeMap<String, f64>,
    /// Revenue a year, with affiliates.
    pub revenue: Option<f64>,
    /// Currency of the revenue (ISO 4217); USD when not said.
    pub currency: Option<String>,
    /// What for.
    #[serde(rename = "use")]
    pub purpose: Option<Purpose>,
    /// Whether it changes the model.
    pub modifies: Option<bool>,
    /// Whether it passes the model, or a changed one, on.
    pub distributes: Option<bool>,
    /// Whether it offers the model as a service.
    pub hosts: Option<bool>,
    /// Whether it trains other models on outputs.
    pub trains_models_on_outputs: Option<bool>,
    /// Whether it has got the model as part of somebody's product.
    pub in_product: Option<bool>,
    /// Country it is in (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Fields of use, as licences name them: `military`, `law`, ...
    pub fields: Vec<String>,
}

const FORM: Form = Form {
    name: "adopter.toml",
    root: &SHAPE,
    syntax: Code::AdopterInvalid,
    unknown_key: Code::AdopterInvalid,
    repeated_key: Code::AdopterInvalid,
    invalid: Code::AdopterInvalid,
};

const SHAPE: Shape = Shape {
    keys: &[
        ("name", Value::Plain),
        ("mau", Value::Plain),
        ("mau-on", Value::Plain),
        ("revenue", Value::Plain),
        ("currency", Value::Plain),
        ("use", Value::Word(&["commercial", "research", "personal", "evaluation", "non-profit"])),
        ("modifies", Value::Plain),
        ("distributes", Value::Plain),
        ("hosts", Value::Plain),
        ("trains-models-on-outputs", Value::Plain),
        ("in-product", Value::Plain),
        ("country", Value::Plain),
        ("fields", Value::Plain),
    ],
};

/// Reads the text of a file, or `key=value,key=value`.
pub fn parse(text: &str, subject: &str, pairs: bool) -> Result<Adopter> {
    let adopter: Adopter = if pairs {
        tables::read(&pairs_as_toml(text, subject)?, subject, &FORM)?
    } else {
        tables::read(text, subject, &FORM)?
    };
    adopter.check(subject)?;
    Ok(adopter)
}

/// Pairs as TOML: numbers and yes or no as they are, all else as text.
fn pairs_as_toml(text: &str, subject: &str) -> Result<String> {
    let invalid = |detail: String| {
        Problem::new(Code::AdopterInvalid, subject)
            .detail(detail)
            .hint("Write it as in `mau=800e6,revenue=2e6,use=commercial`, or name a TOML file.")
    };
    let mut page = String::new();
    for pair in text.split(',') {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| invalid(format!("{pair:?} is no key=value")))?;
        let (key, value) = (key.trim(), value.trim());
        let number = value.parse::<f64>().is_ok_and(f64::is_finite);
        let value = match value {
            "true" | "yes" => "true".to_owned(),
            "false" | "no" => "false".to_owned(),
            _ if number => {
                let plain = value.trim_start_matches('+');
                // TOML wants digits on both sides of the point.
                format!("{:e}", plain.parse::<f64>().unwrap_or_default())
            }
            _ if key == "fields" => {
                let items: Vec<String> = value.split('+').map(|item| format!("{item:?}")).collect();
                format!("[{}]", items.join(", "))
            }
            text => format!("{text:?}"),
        };
        let key = match key.strip_prefix("mau-on-") {
            Some(day) => format!("mau-on.{day:?}"),
            None => key.to_owned(),
        };
        let _ = writeln!(page, "{key} = {value}");
    }
    Ok(page)
}

impl Adopter {
    fn check(&self, subject: &str) -> Result<()> {
        let wrong = |what: String| Problem::new(Code::AdopterInvalid, subject).detail(what);
        let numbers = [("mau", self.mau), ("revenue", self.revenue)];
        let days = self.mau_on.iter().map(|(day, number)| (day.as_str(), Some(*number)));
        for (key, number) in numbers.into_iter().chain(days) {
            if number.is_some_and(|number| !number.is_finite() || number < 0.0) {
                return Err(wrong(format!("`{key}` is no number of users or money")));
            }
        }
        match self.mau_on.keys().find(|day| day.parse::<jiff::civil::Date>().is_err()) {
            Some(day) => Err(wrong(format!("`mau-on` has {day:?}, which is no day"))),
            None => Ok(()),
        }
    }

    /// Users on a day, or in general when the day was not given.
    pub(super) fn users(&self, day: Option<&str>) -> Option<f64> {
        day.and_then(|day| self.mau_on.get(day).copied()).or(self.mau)
    }

    /// The question that is answered.
    pub(super) fn question(&self) -> String {
        let what = match self.purpose {
            Some(Purpose::Commercial) => "use it commercially",
            Some(Purpose::Research) => "use it for research",
            Some(Purpose::Personal) => "use it personally",
            Some(Purpose::Evaluation) => "try it out",
            Some(Purpose::NonProfit) => "use it without profit",
            None => "use it",
        };
        let more = [
            (self.modifies, "change it"),
            (self.distributes, "pass it on"),
            (self.hosts, "offer it as a service"),
            (self.trains_models_on_outputs, "train models on its outputs"),
        ];
        let more: Vec<&str> =
            more.into_iter().filter(|(is, _)| *is == Some(true)).map(|(_, what)| what).collect();
        match more.split_last() {
            None => format!("May we {what}?"),
            Some((last, [])) => format!("May we {what} and {last}?"),
            Some((last, rest)) => format!("May we {what}, {} and {last}?", rest.join(", ")),
        }
    }

    /// Who asks, in words.
    pub(super) fn words(&self) -> String {
        let mut words = vec![self.name.clone().unwrap_or_else(|| "an adopter".to_owned())];
        if let Some(purpose) = self.purpose {
            words.push(format!("{} use", purpose.as_str()));
        }
        if let Some(mau) = self.mau {
            words.push(format!("{mau} monthly active users"));
        }
        if let Some(revenue) = self.revenue {
            words.push(format!(
                "revenue {revenue} {} a year",
                self.currency.as_deref().unwrap_or("USD")
            ));
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Adopter, FORM, Purpose, parse};

    #[test]
    fn the_keys_are_those_of_the_type() {
        crate::tables::same_keys::assert::<Adopter>(&FORM);
    }

    #[test]
    fn pairs_and_files_say_the_same() {
        let pairs = "mau=800e6,mau-on-2023-07-18=7e8,revenue=2000000,use=commercial,hosts=yes,\
                     trains-models-on-outputs=true,country=DE,fields=military+law";
        let file = "mau = 8e8\nrevenue = 2000000\nuse = \"commercial\"\nhosts = true\n\
                    trains-models-on-outputs = true\ncountry = \"DE\"\nfields = [\"military\", \"law\"]\n\
                    [mau-on]\n2023-07-18 = 700000000\n";
        let adopter = parse(pairs, "--adopter", true).unwrap();
        assert_eq!(adopter, parse(file, "a.toml", false).unwrap());
        assert_eq!(adopter.purpose, Some(Purpose::Commercial));
        assert_eq!(adopter.users(Some("2023-07-18")), Some(7e8));
        assert_eq!(adopter.users(Some("2024-01-01")), Some(8e8));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in
            ["mau", "mau=-1", "use=fun", "color=red", "mau=many", "mau-on-soon=1", "mau=1,mau=2"]
        {
            assert!(parse(bad, "--adopter", true).is_err(), "{bad}");
        }
    }
}
