//! Templates good and bad. What good ones make is what Jinja2 3.1.6 made of them, with the
//! settings of transformers.

use proptest::prelude::*;
use serde_json::json;

use super::{Fault, Tokens, parse, run, study};

fn render(source: &str) -> Result<String, Fault> {
    let variables = json!({
        "messages": [
            {"role": "system", "content": "  Be brief. "},
            {"role": "user", "content": "Hello, <b>World</b>"},
            {"role": "assistant", "content": "Hi\nthere"},
        ],
        "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "n": 7,
        "list": [3, 1, 2], "tools": null,
    });
    run::render(&parse::parse(source)?, &variables)
}

fn made(source: &str) -> String {
    render(source).unwrap_or_else(|fault| panic!("{source}: {fault:?}"))
}

fn faults(source: &str) -> Vec<Fault> {
    let tokens =
        Tokens { bos: Some("<s>".to_owned()), eos: Some("</s>".to_owned()), ..Tokens::default() };
    study(source, &tokens).faults
}

#[test]
fn white_space_is_that_of_jinja() {
    for (source, expected) in [
        ("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc"),
        ("a {%- if true -%} b {%- endif -%} c", "abc"),
        ("a {% if true %} b {% endif %} c", "a  b  c"),
        ("{{ 'x' }}\n{{ 'y' }}\n", "x\ny"),
        ("  {{- 'x' -}}  \n y", "xy"),
        ("{# gone #}\na{#- gone -#}  b", "ab"),
        ("  {%+ if true %}a{% endif %}", "  a"),
        ("{% if true +%}\na{% endif %}", "\na"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{ x } {", "{ x } {"),
    ] {
        assert_eq!(made(source), expected, "{source:?}");
    }
}

#[test]
fn expressions_are_those_of_jinja() {
    for (source, expected) in [
        ("1 + 2 * 3 ** 2", "19"),
        ("7 // 2 ~ '-' ~ -7 // 2", "3--4"),
        ("(7 / 2, 7 % 3, -7 % 3)", "(3.5, 1, 2)"),
        ("'a' 'b' + 'c' * 3", "abccc"),
        ("1 < 2 < 3 and not 1 > 2", "True"),
        ("'x' if false else 'y' if true", "y"),
        ("('x' if false) is defined", "False"),
        ("[1, 2, 3][1:] + [9]", "[2, 3, 9]"),
        ("'abcdef'[::-2]", "fdb"),
        ("messages[-1].content.split('\\n')[0]", "Hi"),
        ("messages[0]['content'] | trim | upper", "BE BRIEF."),
        ("messages | map(attribute='role') | join('+')", "system+user+assistant"),
        ("messages | selectattr('role', 'equalto', 'user') | list | length", "1"),
        (
            "messages[1:] | rejectattr('role', 'in', ['user']) | map(attribute='role') | list",
            "['assistant']",
        ),
        ("list | sort(reverse=true) | first", "3"),
        ("{'a': 1, 'b': [true, none]} | tojson", "{\"a\": 1, \"b\": [true, null]}"),
        ("{'a': [1]} | tojson(indent=2)", "{\n  \"a\": [\n    1\n  ]\n}"),
        ("{1: 'x', 2: 'y'}[2]", "y"),
        ("{'a': 1}.get('b', 5)", "5"),
        ("{'a': 1}.items() | list", "[('a', 1)]"),
        ("nothing | default('x') ~ (none | default('y', true))", "xy"),
        ("n is odd and n is divisibleby 7", "True"),
        ("'role' in messages[0] and 'x' not in 'abc'", "True"),
        ("'a{}c{}'.format('b', 1)", "abc1"),
        ("\"it's\" ~ [\"it's\"]", "it's[\"it's\"]"),
        ("1.0 ~ ' ' ~ 1e3 ~ ' ' ~ 0.5", "1.0 1000.0 0.5"),
        ("range(2, 8, 3) | list", "[2, 5]"),
        ("range(5, 0, -2) | list", "[5, 3, 1]"),
        ("'a-b'.replace('-', '+').upper().startswith(('X', 'A'))", "True"),
        ("'one two' | title ~ 'ABC' | capitalize", "One TwoAbc"),
        ("'a\\nb' | indent(2)", "a\n  b"),
        ("namespace(x=3).x", "3"),
        ("tools is none and tools is not string and tools is defined", "True"),
    ] {
        assert_eq!(made(&format!("{{{{ {source} }}}}")), expected, "{source:?}");
    }
}

#[test]
fn statements_are_those_of_jinja() {
    for (source, expected) in [
        (
            "{% for m in messages if m.role != 'system' %}{{ loop.index }}{{ m.role[0] }}{% if not loop.last %},{% endif %}{% endfor %}",
            "1u,2a",
        ),
        ("{% for x in [] %}x{% else %}none{% endfor %}", "none"),
        ("{% set x = 1 %}{% for i in [1, 2] %}{% set x = i %}{% endfor %}{{ x }}", "1"),
        (
            "{% set ns = namespace(x=0) %}{% for i in list %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
            "6",
        ),
        (
            "{% macro f(a, b='z') %}[{{ a }}{{ b }}]{% endmacro %}{{ f('x') }}{{ f('x', b='y') }}",
            "[xz][xy]",
        ),
        (
            "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i > 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            "023",
        ),
        ("{% set x %}a{{ n }}{% endset %}{{ x | length }}", "2"),
        ("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", "3"),
        ("{% filter upper %}abc{% endfilter %}", "ABC"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{% set a, b = 'xy' %}{{ b }}{{ a }}", "yx"),
        ("{% generation %}a{% endgeneration %}", "a"),
        ("{% if false %}a{% elif n == 7 %}b{% else %}c{% endif %}", "b"),
        ("{% for i in [1,2] %}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{% endfor %}", "ab1"),
    ] {
        assert_eq!(made(source), expected, "{source:?}");
    }
}

#[test]
fn faults_have_their_kind() {
    let kind = |fault: &Fault| match fault {
        Fault::Syntax(_) => "syntax",
        Fault::Include(_) => "include",
        Fault::Escape(_) => "escape",
        Fault::Runaway(_) => "runaway",
        Fault::Unknown(_) => "unknown",
        Fault::Unsupported(_) => "unsupported",
        Fault::Raised(_) => "raised",
        Fault::Failed(_) => "failed",
    };
    for (source, expected) in [
        ("{% if %}", "syntax"),
        ("{{ 'a }}", "syntax"),
        ("{% for x in y %}", "syntax"),
        ("{{ ) }}", "syntax"),
        ("{% nonsense %}", "syntax"),
        ("{% include 'x' %}", "include"),
        ("{% import 'x' as y %}", "include"),
        ("{% extends 'x' %}", "include"),
        ("{% from 'x' import y %}", "include"),
        ("{{ ''.__class__.__mro__ }}", "escape"),
        ("{{ ''['__class__'] }}", "escape"),
        ("{{ '' | attr('__class__') }}", "escape"),
        ("{{ messages[0]['__cla' ~ 'ss__'] }}", "escape"),
        ("{% if false %}{{ cycler.__init__.__globals__ }}{% endif %}", "escape"),
        ("{{ messages | map(attribute='__class__') | list }}", "escape"),
        ("{{ self._TemplateReference__context }}", "escape"),
        (
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "runaway",
        ),
        ("{{ range(1000000000) }}", "runaway"),
        (
            "{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "runaway",
        ),
        ("{{ 'a' * 1000000000000 }}", "runaway"),
        ("{{ ('a' * 30000) | replace('a', 'b' * 30000) }}", "runaway"),
        ("{{ [1] * 99999999 }}", "runaway"),
        ("{{ 9 ** 9 ** 9 }}", "runaway"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "runaway"),
        (
            "{% set ns = namespace(l=[]) %}{% for i in range(99) %}{% set ns.l = [ns.l] %}{% endfor %}",
            "runaway",
        ),
        (
            "{% set ns = namespace(l=[1]) %}{% for i in range(30) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
            "runaway",
        ),
        ("{% for i in range(20000) %}{{ 'x' * 100 }}{% endfor %}", "runaway"),
        ("{{ 'a' | indent(99999999999) }}", "runaway"),
        (
            "{% set a = ['a' * 100000] * 5000 %}{% set b = ['a' * 100000] * 5000 %}{{ a == b }}",
            "runaway",
        ),
        ("{{ (['a' * 100000] * 5000) | sort }}", "runaway"),
        ("{{ (['a' * 100000] * 5000) | unique }}", "runaway"),
        ("{{ messages | frobnicate }}", "unknown"),
        ("{{ frobnicate() }}", "unknown"),
        ("{{ n is frobnicated }}", "unknown"),
        ("{{ 'a'.frobnicate() }}", "unknown"),
        ("{{ '%s' % 1 }}", "unsupported"),
        ("{{ lipsum() }}", "unsupported"),
        ("{{ raise_exception('no') }}", "raised"),
        ("{{ messages.append(1) }}", "failed"),
        ("{{ nothing.x }}", "failed"),
        ("{{ 1 // 0 }}", "failed"),
    ] {
        let found = faults(source);
        assert!(found.iter().any(|fault| kind(fault) == expected), "{source}: {found:?}");
    }
}

#[test]
fn deep_and_long_sources_are_answers() {
    for source in [
        format!("{{{{ {} }}}}", "(".repeat(100_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(100_000)),
        format!("{{{{ {}1 }}}}", "-".repeat(100_000)),
        format!("{{{{ 1{} }}}}", " ~ 1".repeat(100_000)),
        format!("{{{{ x{} }}}}", ".a".repeat(100_000)),
        format!("{{{{ x{} }}}}", "|list".repeat(100_000)),
        "{% if 1 %}".repeat(50_000),
        "{{ 1 }}".repeat(90_000),
        format!("{{{{ 1 {} }}}}", "if 1 else 2 ".repeat(10_000)),
    ] {
        assert!(!faults(&source).is_empty(), "{}", &source[..40]);
    }
    let texts = format!("{{{{ {} }}}}", "'ab' ".repeat(90_000));
    assert_eq!(made(&texts).len(), 180_000);
}

#[test]
fn a_refusal_of_some_samples_is_no_fault() {
    let strict = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}\
                  {% endif %}{{ m.content }}{% endfor %}";
    let study = study(strict, &Tokens::default());
    assert_eq!((study.faults, study.samples, study.outputs.len()), (vec![], 5, 2));
    let parts =
        "{% for m in messages %}{% for p in m.content %}{{ p.text + '' }}{% endfor %}{% endfor %}";
    let study = super::study(parts, &Tokens::default());
    assert!(study.faults.is_empty() && !study.outputs.is_empty(), "{study:?}");
}

#[test]
fn variables_that_nobody_gives_are_told() {
    let strange = |source: &str| study(source, &Tokens::default()).strange;
    assert_eq!(strange("{% if my_flag %}a{% endif %}"), ["my_flag"]);
    assert_eq!(strange("{% if my_flag is defined and my_flag %}a{% endif %}"), [""; 0]);
    assert_eq!(strange("{% set a = 1 %}{{ a }}{{ bos_token }}{{ x | default(1) }}"), [""; 0]);
}

/// Pieces that templates are made of.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{ "),
        Just(" }}"),
        Just("{% "),
        Just(" %}"),
        Just("{%- for x in messages "),
        Just("{% endfor %}"),
        Just("{% if x %}"),
        Just("{% endif %}"),
        Just("x"),
        Just("'a'"),
        Just("+"),
        Just("~"),
        Just("*"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just("|"),
        Just("tojson"),
        Just("join"),
        Just("."),
        Just("content"),
        Just("1"),
        Just("99999999"),
        Just("-"),
        Just("range(9)"),
        Just(":"),
        Just("{"),
        Just("}"),
        Just("is"),
        Just("not"),
        Just("{% set x = "),
        Just("ä"),
        Just("\n"),
        Just("{#"),
        Just("#}"),
        Just("\\"),
        Just("'"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_an_answer(source in ".{0,200}") {
        let _ = render(&source);
    }

    #[test]
    fn any_pieces_are_an_answer(source in pieces()) {
        let _ = render(&source);
    }

    #[test]
    fn text_without_tags_stays_as_it_is(source in "[a-z<>| ]{0,60}") {
        prop_assert_eq!(render(&source), Ok(source));
    }
}
