//! Large inputs of a plain form, where work that grows with the square would show.

use pkg_fuzz::{TARGETS, named};

#[test]
fn sources_that_nothing_joins_are_not_told_in_pairs() {
    let file = |n: usize| {
        format!(
            r#"{{"@type":"cr:FileObject","@id":"f{n}","name":"f{n}","contentUrl":"f{n}","encodingFormat":"a/b","sha256":"0"}}"#
        )
    };
    let field = |n: usize| {
        format!(
            r#"{{"@type":"cr:Field","@id":"r/{n}","name":"{n}","dataType":"sc:Text","source":{{"fileObject":{{"@id":"f{n}"}},"extract":{{"column":"c"}}}}}}"#
        )
    };
    let list = |one: &dyn Fn(usize) -> String| (0..4000).map(one).collect::<Vec<_>>().join(",");
    let base = String::from_utf8(pkg_fuzz::seeds::fixture(
        "croissant/invalid/two-sources-without-a-join.json",
    ))
    .expect("text");
    let mut document: serde_json::Value = serde_json::from_str(&base).expect("JSON");
    document["distribution"] = serde_json::from_str(&format!("[{}]", list(&file))).expect("JSON");
    document["recordSet"] = serde_json::from_str(&format!(
        r#"[{{"@type":"cr:RecordSet","@id":"r","name":"r","field":[{}]}}]"#,
        list(&field)
    ))
    .expect("JSON");
    let bytes = document.to_string().into_bytes();
    let set = pkg_core::croissant::read(&bytes, "big").expect("it can be read");
    let pairs = set.errors.iter().filter(|error| error.contains("joins them")).count();
    assert!((1..100).contains(&pairs), "{pairs} pairs");
    named(TARGETS, "croissant").check(&bytes);
}

#[test]
fn long_words_are_not_compared_with_every_known_one() {
    let long = "x".repeat(900 << 10);
    let texts = [
        format!("[release]\nname = \"m\"\nversion = \"1\"\n{long} = 1\n"),
        format!("[release]\nname = \"m\"\nversion = \"1\"\nlicence = \"{long}\"\n"),
        format!("[release]\nname = \"m\"\nversion = \"1\"\n[[component]]\nkind = \"{long}\"\n"),
    ];
    for text in texts {
        named(TARGETS, "pkg-toml").check(text.as_bytes());
    }
}
