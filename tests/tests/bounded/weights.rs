//! Weights, archives and layers whose headers promise more than anybody has.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use pkg_tests::{Layout, Place, TarEntry, tar};
use serde_json::json;

use crate::{bounded, deep_json, huge_json, published, readers, refused};

/// A file of 5 GiB that is all hole behind its head.
fn sparse(place: &Place, name: &str, head: &[u8], size: u64) {
    fs::create_dir_all(place.path("model")).unwrap();
    let mut file = File::create(place.path("model").join(name)).unwrap();
    file.write_all(head).unwrap();
    file.set_len(size).unwrap();
}

#[test]
fn headers_of_gigabytes_are_not_read() {
    for len in [4_u64 << 30, (4 << 30) - 1, 1 << 63, u64::MAX, (5 << 30) - 8] {
        let place = Place::new();
        sparse(&place, "m.safetensors", &[&len.to_le_bytes()[..], b"{"].concat(), 5 << 30);
        refused(&place, &["init", "model", "--yes"], "bad-weight-header", 2);
        bounded(&place, &["check", "model"]);
    }
    // As large as a header may be, and made of as many values as fit.
    for (header, code) in [(deep_json(), 2), (huge_json(90 << 20), 2)] {
        let place = Place::new();
        let head = [&(header.len() as u64).to_le_bytes()[..], &header].concat();
        sparse(&place, "m.safetensors", &head, 5 << 30);
        refused(&place, &["init", "model", "--yes"], "bad-weight-header", code);
    }
    let tensors: String = (0..500_000)
        .map(|n| format!("\"{n}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}},"))
        .collect();
    let header = format!("{{{}}}", tensors.trim_end_matches(','));
    let place = Place::new();
    let head = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    sparse(&place, "m.safetensors", &head, head.len() as u64);
    bounded(&place, &["init", "model", "--yes"]);
}

#[test]
fn counts_and_lengths_of_gguf_files_are_not_believed() {
    let gguf = |tensors: u64, keys: u64, more: &[u8]| {
        [b"GGUF\x03\0\0\0", &tensors.to_le_bytes()[..], &keys.to_le_bytes(), more].concat()
    };
    let key = |kind: u32, more: &[u8]| {
        [&1_u64.to_le_bytes()[..], b"k", &kind.to_le_bytes(), more].concat()
    };
    let huge = &(1_u64 << 60).to_le_bytes()[..];
    let array = |kind: u32| [&kind.to_le_bytes()[..], huge].concat();
    // An array of one array of one array, and so on.
    let nested = [9_u32.to_le_bytes().as_slice(), &1_u64.to_le_bytes()].concat().repeat(100_000);
    for head in [
        gguf(1 << 60, 0, b""),
        gguf(0, 1 << 60, b""),
        gguf(1 << 60, 1 << 60, b""),
        gguf(0, 1, huge),
        gguf(1, 0, huge),
        gguf(0, 1, &key(8, huge)),
        gguf(0, 1, &key(9, &array(8))),
        gguf(0, 1, &key(9, &array(4))),
        gguf(0, 1, &key(9, &nested)),
    ] {
        let place = Place::new();
        sparse(&place, "m.gguf", &head, 5 << 30);
        refused(&place, &["init", "model", "--yes"], "bad-weight-header", 2);
    }
}

/// A zip with one member, deflated or stored as it is.
fn zip(name: &str, method: u16, packed: &[u8], size: u32, crc: u32) -> Vec<u8> {
    let common = [
        &20_u16.to_le_bytes()[..],
        &0_u16.to_le_bytes(),
        &method.to_le_bytes(),
        &[0; 4],
        &crc.to_le_bytes(),
        &(packed.len() as u32).to_le_bytes(),
        &size.to_le_bytes(),
        &(name.len() as u16).to_le_bytes(),
        &0_u16.to_le_bytes(),
    ]
    .concat();
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), packed].concat();
    let central =
        [b"PK\x01\x02\x14\0", &common[..], &[0; 10], &0_u32.to_le_bytes(), name.as_bytes()]
            .concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &(central.len() as u32).to_le_bytes()[..],
        &(local.len() as u32).to_le_bytes(),
        &[0; 2],
    ]
    .concat();
    [local, central, end].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Zips within each other, and members that unfold into gigabytes.
#[test]
fn zips_that_unfold_are_given_up() {
    let mut nested = b"\x80\x02K\x01.".to_vec();
    for level in 0..200 {
        let name = if level == 0 { "data.pkl" } else { "inner.pt" };
        nested = zip(name, 0, &nested, nested.len() as u32, crc32(&nested));
    }
    // A deflate stream of blocks of 258 zeros: fixed codes, one literal and long matches.
    let bomb = deflated_zeros(8 << 20);
    let lying = zip("data.pkl", 8, &bomb, u32::MAX, 0);
    for (name, bytes) in [
        ("nested.pt", nested),
        ("bomb.pt", zip("a/data.pkl", 8, &bomb, u32::MAX - 1, 0)),
        ("bomb.npz", zip("x.npy", 8, &bomb, u32::MAX - 1, 0)),
        ("lying.pt", lying.clone()),
        ("twice.pt", zip("inner.pt", 0, &lying, lying.len() as u32, crc32(&lying))),
    ] {
        let place = Place::with_model();
        place.install("pickle");
        fs::write(place.path("model").join(name), bytes).unwrap();
        let spec =
            pkg_tests::SPEC.replace("\"*.safetensors\"", &format!("\"*.safetensors\", \"{name}\""));
        fs::write(place.path("model/pkg.toml"), spec).unwrap();
        bounded(&place, &["check", "model"]);
        let out = bounded(&place, &["pack", "model", "-o", "m.pkg"]);
        assert_eq!(out.code, Some(0), "{name}: {out:?}");
        // The plugin has a limit of its own, which would not fit into that of `bounded`.
        let digest = place.digest("m.pkg");
        let args = ["verify", "m.pkg", "--digest", &digest, "--plugin", "pickle", "--json"];
        let out = place.run(&args);
        assert!(matches!(out.code, Some(13 | 20)), "{name}: {out:?}");
        let named = ["plugin-failed", "plugin-inconclusive"];
        assert!(out.codes().iter().any(|code| named.contains(&&**code)), "{name}: {out:?}");
    }
}

/// Zeros, as a deflate stream of `matches` matches of 258 bytes each: 13 bits a match.
fn deflated_zeros(matches: usize) -> Vec<u8> {
    let (mut bytes, mut held, mut count) = (Vec::new(), 0_u32, 0);
    let mut put = |bits: u32, len: u32| {
        held |= bits << count;
        count += len;
        while count >= 8 {
            bytes.push((held & 0xff) as u8);
            held >>= 8;
            count -= 8;
        }
    };
    // One last block with fixed codes (RFC 1951, 3.2.6): codes go most significant bit first.
    put(0b011, 3);
    put(u32::from(0x30_u8.reverse_bits()), 8);
    for _ in 0..matches {
        // Length 258 is code 285, 0b11000101; distance 1 is code 0 in five bits.
        put(u32::from(0b1100_0101_u8.reverse_bits()), 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 8);
    bytes
}

#[test]
fn layers_that_unfold_into_gigabytes_are_refused_early() {
    let entry = tar(&[TarEntry::file("README.md", pkg_tests::README)]);
    let mut bomb = zstd::Encoder::new(Vec::new(), 1).unwrap();
    bomb.write_all(&entry[..1024]).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(2 << 30), &mut bomb).unwrap();
    let bomb = bomb.finish().unwrap();
    // A frame whose window would be 2 GiB, and one of 64 million empty frames.
    let window = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3][..], &[1, 0, 0]].concat();
    let empty = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0].repeat(4 << 20);
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18][..], &[0; 4]].concat().repeat(4 << 20);
    for bytes in [bomb, window, empty, skipped] {
        let (place, digest) = published(|layout| {
            let layer = layout.layer_ending("doc.v1.tar+zstd");
            layout.replace_layer(layer, &bytes, &format!("sha256:{}", "0".repeat(64)));
        });
        let out = bounded(&place, &["verify", "m.pkg", "--digest", &digest]);
        assert_eq!(out.code, Some(10), "{out:?}");
        let named = ["decompression-limit", "tar-invalid", "tar-entry-refused", "config-invalid"];
        assert!(out.codes().iter().any(|code| named.contains(&&**code)), "{out:?}");
        bounded(&place, &["unpack", "m.pkg", "out"]);
        assert!(!place.path("out").exists());
    }
}

/// A file that is one hole of 1 TiB in the place of anything with a size that is known.
#[test]
fn a_terabyte_of_nothing_is_refused_by_its_size() {
    let hole = |path: &std::path::Path| {
        let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(1 << 40).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
    };
    type Pick = fn(&Layout, &Place) -> std::path::PathBuf;
    let picks: [(Pick, &str); 6] = [
        (|_, place| place.path("m.pkg/index.json"), "metadata-too-large"),
        (|_, place| place.path("m.pkg/oci-layout"), "metadata-too-large"),
        (|layout, _| layout.blob(&layout.digest()), "wrong-size"),
        (|layout, _| layout.layer_blob(1), "wrong-size"),
        (|layout, _| layout.layer_blob(layout.layer_ending("weight.v1.raw")), "wrong-size"),
        (|layout, _| layout.layer_blob(layout.layer_ending("code.v1.tar+zstd")), "wrong-size"),
    ];
    for (pick, code) in picks {
        let place = Place::packed();
        let path = pick(&Layout::at(&place.path("m.pkg")), &place);
        hole(&path);
        let digest = format!("sha256:{}", "0".repeat(64));
        let out = bounded(&place, &["verify", "m.pkg", "--digest", &digest]);
        assert!(out.codes().iter().any(|found| found == code), "{code}: {out:?}");
        bounded(&place, &["unpack", "m.pkg", "out"]);
        assert!(!place.path("out").exists());
    }
    // A size that lies in the manifest, too.
    readers(
        &published(|layout| layout.edit_manifest(|m| m["config"]["size"] = json!(1_u64 << 40))).0,
        "metadata-too-large",
    );
    let place = Place::with_model();
    hole(&place.path("model/pkg.toml"));
    refused(&place, &["pack", "model", "-o", "m.pkg"], "metadata-too-large", 2);
    let place = Place::signed();
    place.ok(&["unpack", "m.pkg", "out"]);
    hole(&place.path("out/model-1.safetensors"));
    refused(&place, &["verify", "out", "--key", "k.pub"], "wrong-size", 10);
    hole(&place.path("k.pub"));
    refused(&place, &["verify", "m.pkg", "--key", "k.pub"], "key-invalid", 2);
    hole(&place.path("k.key"));
    refused(&place, &["sign", "m.pkg", "--key", "k.key"], "key-invalid", 2);
}
