//! The commands that are killed or fail, what they need, and what proves that they are done.

use super::Case;

const PACK: &[&str] = &["pack", "model", "-o", "m.pkg", "--store", "copy"];
const SIGN: &[&str] = &["sign", "m.pkg", "--key", "k.key"];
const PUSH: &[&str] = &["push", "m.pkg", "oci://HOST/lab/m:v1"];
const SIGNED: &[&[&str]] = &[&["verify", "m.pkg", "--key", "k.pub"]];
const MODEL: &[&str] = &["model", "k.key", "k.pub"];
const BUNDLE: &[&str] = &["model", "m.pkg", "k.key", "k.pub"];

/// The commands that make something that is later verified.
pub const CASES: &[Case] = &[
    Case {
        name: "pack, copy",
        before: &[],
        run: PACK,
        sources: MODEL,
        makes: Some("m.pkg"),
        proof: &[&["verify", "m.pkg", "--digest", "DIGEST"]],
        always: &[],
    },
    Case {
        name: "pack, hard links",
        before: &[],
        run: &["pack", "model", "-o", "m.pkg", "--store", "hardlink"],
        sources: MODEL,
        makes: Some("m.pkg"),
        proof: &[&["verify", "m.pkg", "--digest", "DIGEST"]],
        always: &[],
    },
    Case {
        name: "pack, archive",
        before: &[],
        run: &["pack", "model", "-o", "m.tar"],
        sources: MODEL,
        makes: Some("m.tar"),
        proof: &[&["verify", "m.tar", "--digest", "DIGEST"]],
        always: &[],
    },
    Case {
        name: "pack, cut up",
        before: &[],
        run: &["pack", "model", "-o", "m.pkg", "--shard", "1MiB"],
        sources: MODEL,
        makes: Some("m.pkg"),
        proof: &[&["verify", "m.pkg", "--digest", "DIGEST"]],
        always: &[],
    },
    Case {
        name: "pack over a bundle",
        before: &[&["pack", "model", "-o", "m.pkg", "--shards", "always"], SIGN],
        run: &["pack", "model", "-o", "m.pkg", "--shards", "never", "--force"],
        sources: MODEL,
        makes: None,
        proof: &[&["verify", "m.pkg", "--digest", "DIGEST"]],
        always: &[&["show", "m.pkg"]],
    },
    Case {
        name: "sign",
        before: &[PACK],
        run: SIGN,
        sources: MODEL,
        makes: None,
        proof: SIGNED,
        always: &[&["verify", "m.pkg", "--digest", "DIGEST"]],
    },
    Case {
        name: "sign, archive",
        before: &[&["pack", "model", "-o", "m.tar"]],
        run: &["sign", "m.tar", "--key", "k.key"],
        sources: MODEL,
        makes: None,
        proof: &[&["verify", "m.tar", "--key", "k.pub"]],
        always: &[&["verify", "m.tar", "--digest", "DIGEST"]],
    },
    Case {
        name: "sign, folder",
        before: &[],
        run: &["sign", "model", "--key", "k.key"],
        sources: MODEL,
        makes: Some("model/model.sig"),
        proof: &[&["verify", "model", "--key", "k.pub"]],
        always: &[],
    },
    Case {
        name: "attest",
        before: &[PACK, SIGN],
        run: &[
            "attest",
            "m.pkg",
            "--type",
            "https://example.org/own/v1",
            "--predicate",
            "p.json",
            "--key",
            "k.key",
        ],
        sources: MODEL,
        makes: None,
        proof: &[&[
            "attest",
            "verify",
            "m.pkg",
            "--type",
            "https://example.org/own/v1",
            "--key",
            "k.pub",
        ]],
        always: SIGNED,
    },
    Case {
        name: "unpack",
        before: &[PACK, SIGN],
        run: &["unpack", "m.pkg", "out", "--store", "copy"],
        sources: BUNDLE,
        makes: Some("out"),
        proof: &[&["verify", "out", "--key", "k.pub"]],
        always: SIGNED,
    },
    Case {
        name: "unpack over a folder",
        before: &[PACK, SIGN, &["unpack", "m.pkg", "out", "--only", "weights"]],
        run: &["unpack", "m.pkg", "out", "--force"],
        sources: BUNDLE,
        makes: None,
        proof: &[&["verify", "out", "--key", "k.pub"]],
        always: SIGNED,
    },
    Case {
        name: "export",
        before: &[PACK, SIGN],
        run: &["export", "m.pkg", "usb", "--key", "k.pub"],
        sources: BUNDLE,
        makes: Some("usb"),
        proof: &[&["verify", "usb/release.pkg", "--key", "k.pub"]],
        always: SIGNED,
    },
    Case {
        name: "push",
        before: &[PACK, SIGN],
        run: PUSH,
        sources: BUNDLE,
        makes: None,
        proof: &[&["verify", "oci://HOST/lab/m:v1", "--key", "k.pub", "--digest", "DIGEST"]],
        always: SIGNED,
    },
    Case {
        name: "pull",
        before: &[PACK, SIGN, PUSH, &["unpack", "m.pkg", "old"]],
        run: &["pull", "oci://HOST/lab/m:v1", "-o", "p.pkg", "--key", "k.pub"],
        sources: &["k.pub", "m.pkg"],
        makes: Some("p.pkg"),
        proof: &[&["verify", "p.pkg", "--key", "k.pub"]],
        always: &[&["verify", "oci://HOST/lab/m:v1", "--key", "k.pub"]],
    },
    Case {
        name: "release",
        before: &[],
        run: &["release", "model", "--to", "oci://HOST/lab/m:v1", "--key", "k.key", "--yes"],
        sources: MODEL,
        makes: None,
        proof: &[&["verify", "oci://HOST/lab/m:v1", "--key", "k.pub", "--digest", "DIGEST"]],
        always: &[],
    },
];

/// A case that only reads.
const fn reader(
    name: &'static str,
    before: &'static [&'static [&'static str]],
    run: &'static [&'static str],
) -> Case {
    let proof = &[];
    Case { name, before, run, sources: BUNDLE, makes: None, proof, always: &[] }
}

/// Commands that judge, and must not judge otherwise when reading fails.
pub const READERS: &[Case] = &[
    reader("verify", &[PACK, SIGN], &["verify", "m.pkg", "--key", "k.pub"]),
    reader(
        "verify, archive",
        &[&["pack", "model", "-o", "m.tar"], &["sign", "m.tar", "--key", "k.key"]],
        &["verify", "m.tar", "--key", "k.pub"],
    ),
    reader(
        "verify, unpacked",
        &[PACK, SIGN, &["unpack", "m.pkg", "out"]],
        &["verify", "out", "--key", "k.pub"],
    ),
    reader(
        "verify, model signature",
        &[&["sign", "model", "--key", "k.key"]],
        &["verify", "model", "--key", "k.pub"],
    ),
    reader("show", &[PACK, SIGN], &["show", "m.pkg"]),
    reader("check", &[], &["check", "model"]),
    reader("report", &[PACK], &["report", "m.pkg"]),
];
