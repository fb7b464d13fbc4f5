//! Plugins: every way in which one can end, what it can reach, and who lets it run.

use std::path::Path;

use pkg_rig::TokenSpec;
use pkg_tests::keyless::{ADA, Keyless};
use pkg_tests::plugins::{c_library, library};
use pkg_tests::{Out, Place};

/// A packed model, and the plugin that does what it is told.
fn prepared() -> Place {
    let place = Place::packed();
    place.install("misbehaving");
    place
}

fn bench(place: &Place, deed: &str, more: &[&str]) -> Out {
    let deed = format!("deed={deed}");
    let mut args = vec!["bench", "m.pkg", "--plugin", "misbehaving", "--set", &deed, "--json"];
    args.extend(more);
    place.run(&args)
}

/// Whether this system confines plugins completely; said loudly where it does not.
fn confined(out: &Out) -> bool {
    let run = &out.json()["result"]["run"];
    let full = run["confinement"]["landlock"] == "full" && run["confinement"]["seccomp"] == "full";
    if !full {
        pkg_tests::skipped("this kernel has no Landlock or no seccomp");
    }
    full
}

#[test]
fn every_ending_has_its_name_and_leaves_pkg_unharmed() {
    let place = prepared();
    for (deed, verdict, code, exit) in [
        ("warn", "warned", "plugin-warned", 0),
        ("fail", "failed", "plugin-failed", 20),
        ("undecided", "inconclusive", "plugin-inconclusive", 13),
        ("skip", "skipped", "plugin-skipped", 0),
        ("refuse", "broken", "plugin-refused", 20),
        ("panic", "broken", "plugin-panicked", 20),
        ("panic-while-panicking", "broken", "plugin-panicked", 20),
        ("segfault", "broken", "plugin-crashed", 20),
        ("abort", "broken", "plugin-crashed", 20),
        ("exit-0", "broken", "plugin-no-reply", 20),
        ("exit-after-reply", "broken", "plugin-no-reply", 20),
        ("contradict", "broken", "plugin-refused", 20),
        ("forge", "failed", "plugin-failed", 20),
        ("garbage", "broken", "plugin-bad-reply", 20),
    ] {
        let out = bench(&place, deed, &[]).expect(code, exit);
        let run = &out.json()["result"]["run"];
        assert_eq!(run["verdict"], verdict, "{deed}: {run:#}");
        assert_eq!(run["ending"].is_null(), verdict != "broken", "{deed}");
    }
    let out = bench(&place, "behave", &[]);
    assert_eq!(out.code, Some(0), "{out:?}");
    let log = out.json()["result"]["run"]["log"].to_string();
    assert!(log.contains("about to misbehave") && log.contains("stdout: said on"), "{log}");
    let out = bench(&place, "skip", &["--required"]);
    out.expect("plugin-skipped-required", 21);
    let out = place.run(&["bench", "m.pkg", "--plugin", "misbehaving", "--set", "deed=fail"]);
    assert!(!out.stderr.contains('\u{1b}'), "what a plugin says is printed as it is: {out:?}");
}

#[test]
fn time_memory_and_output_are_limited() {
    let place = prepared();
    for deed in ["hang", "spin"] {
        bench(&place, deed, &["--plugin-seconds", "1"]).expect("plugin-timed-out", 20);
    }
    let for_ever = u64::MAX.to_string();
    let out = bench(&place, "behave", &["--plugin-seconds", &for_ever]);
    assert_eq!(out.code, Some(0), "{out:?}");
    let out = bench(&place, "hog", &["--plugin-memory", "200MiB"]);
    out.expect("plugin-memory-limit", 20);
    let out = bench(&place, "flood", &[]);
    assert_eq!(out.code, Some(0));
    assert!(out.stdout.len() < 1 << 20, "{} bytes", out.stdout.len());
}

#[test]
fn a_plugin_reaches_its_files_and_nothing_else() {
    let place = prepared();
    let out = bench(&place, "behave", &["--require-sandbox"]);
    if !confined(&out) {
        return;
    }
    let victim = place.path("victim");
    let before = std::fs::read(place.path("m.pkg/index.json")).unwrap();
    for deed in ["read-outside", "write", "overwrite", "socket", "run", "fork", "kill-parent"] {
        let path = format!("path={}", victim.display());
        let out = bench(&place, deed, &["--set", &path]).expect("plugin-failed", 20);
        let detail = &out.json()["result"]["run"]["checks"][0]["detail"];
        let detail = detail.as_str().unwrap();
        assert!(
            detail.starts_with("Permission denied") || detail.starts_with("Operation not"),
            "{deed}: {detail}"
        );
    }
    assert!(!victim.exists());
    assert_eq!(std::fs::read(place.path("m.pkg/index.json")).unwrap(), before);
    place.ok(&["verify", "m.pkg", "--digest", &place.digest("m.pkg")]);
    assert_eq!(bench(&place, "threads", &[]).code, Some(0), "threads are no processes");
    let mut command = place.command(&[
        "bench",
        "m.pkg",
        "--plugin",
        "misbehaving",
        "--set",
        "deed=environment",
        "--json",
    ]);
    let out = place.finish(command.env("PKG_PASSPHRASE", "secret").env("LD_PRELOAD_X", "x"));
    let seen = out.json()["result"]["run"]["checks"][0]["detail"].to_string();
    assert!(seen.contains("LC_ALL") && !seen.contains("PKG_") && !seen.contains("LD_"), "{seen}");
}

#[test]
fn plugins_in_c_run_and_wrong_ones_are_told_apart() {
    let place = Place::packed();
    let folder = place.path("built");
    std::fs::create_dir(&folder).unwrap();
    let install = |variant: &str| {
        let library = c_library(&folder, "plugin.c", variant);
        place.finish(place.command(&["plugin", "install", "--force", "--json"]).arg(library))
    };
    let good = install("GOOD");
    assert_eq!(good.code, Some(0), "{good:?}");
    let out = place.ok(&["bench", "m.pkg", "--plugin", "c-plugin", "--json"]);
    let run = &out.json()["result"]["run"];
    assert_eq!(run["summary"], "a request of many bytes");
    assert_eq!(run["log"][0], "hello from C");
    for (variant, code) in [
        ("NO_SYMBOL", "plugin-missing-symbol"),
        ("NULL_TABLE", "plugin-wrong-abi"),
        ("MAJOR_2", "plugin-wrong-abi"),
        ("MINOR_9", "plugin-wrong-abi"),
        ("SHORT_TABLE", "plugin-wrong-abi"),
        ("NO_RUN", "plugin-wrong-abi"),
        ("CONSTRUCTOR_EXITS", "plugin-no-reply"),
        ("CONSTRUCTOR_CRASHES", "plugin-crashed"),
        ("RUNPATH", "plugin-not-loadable"),
    ] {
        install(variant).expect(code, 20);
    }
    for (variant, code) in [
        ("NO_JSON", "plugin-bad-reply"),
        ("NOTHING", "plugin-bad-reply"),
        ("CUT", "plugin-bad-reply"),
        ("CLAIMS", "plugin-bad-reply"),
        ("CODE_7", "plugin-refused"),
    ] {
        assert_eq!(install(variant).code, Some(0), "{variant}");
        place.finds(&["bench", "m.pkg", "--plugin", "c-plugin"], code, 20);
    }
    // A pipe is no library, and is not waited for.
    pkg_tests::mkfifo(&folder.join("pipe.so"));
    let pipe = folder.join("pipe.so");
    let piped = place.run(&["plugin", "install", pipe.to_str().unwrap(), "--json"]);
    assert!(piped.code.is_some_and(|code| code != 0), "{piped:?}");
    for (name, content) in [("empty.so", ""), ("text.so", "no library"), ("elf.so", "\u{7f}ELF")] {
        std::fs::write(folder.join(name), content).unwrap();
        let path = folder.join(name);
        place.finds(&["plugin", "install", path.to_str().unwrap()], "plugin-not-loadable", 20);
    }
    // What runs at load runs confined already.
    assert_eq!(install("CONSTRUCTOR_WRITES").code, Some(0));
    if confined(&out) {
        assert!(!Path::new("/tmp/pkg-plugin-constructor-was-here").exists());
    }
}

#[test]
fn only_trusted_plugins_run() {
    let place = Place::packed();
    let library = library("misbehaving");
    place.ok(&["plugin", "install", library.to_str().unwrap(), "--no-trust"]);
    let args = ["bench", "m.pkg", "--plugin", "misbehaving"];
    place.finds(&args, "plugin-untrusted", 20);
    place.ok(&["plugin", "trust", "--mode", "warn"]);
    place.finds(&args, "plugin-ran-untrusted", 0);
    place.ok(&["plugin", "trust", "--mode", "off"]);
    assert_eq!(place.ok(&args).stderr, "");
    place.ok(&["plugin", "trust", "--mode", "enforce"]);
    place.finds(&args, "plugin-untrusted", 20);
    place.ok(&["plugin", "trust", "misbehaving"]);
    place.ok(&args);
    place.ok(&["plugin", "trust", "misbehaving", "--revoke"]);
    place.finds(&args, "plugin-untrusted", 20);
    place.finds(&["plugin", "trust", "misbehaving", "--revoke"], "plugin-not-found", 2);
    std::fs::write(place.path(".cache/config/plugins.toml"), "mode = \"of\"").unwrap();
    place.finds(&args, "plugin-config-invalid", 2);
}

#[test]
fn a_signed_plugin_runs_if_its_maker_may() {
    let place = Place::packed();
    place.ok(&["keygen", "--no-passphrase", "-o", "maker"]);
    std::fs::create_dir(place.path("dist")).unwrap();
    let library = library("misbehaving");
    std::fs::copy(&library, place.path("dist/libm.so")).unwrap();
    let manifest = "dist/misbehaving.pkgplugin.json";
    place.ok(&["plugin", "manifest", "dist/libm.so", "--key", "maker.key"]);
    place.ok(&["plugin", "install", manifest, "--no-trust"]);
    let args = ["bench", "m.pkg", "--plugin", "misbehaving"];
    place.finds(&args, "plugin-untrusted", 20);
    place.ok(&["plugin", "trust", "--key", "maker.pub"]);
    let out = place.ok(&["bench", "m.pkg", "--plugin", "misbehaving", "--json"]).json();
    assert_eq!(out["result"]["run"]["plugin"]["trust"]["by"], "signature");
    // A changed manifest is another manifest.
    let installed = place.path(".cache/data/plugins/misbehaving/misbehaving.pkgplugin.json");
    let text = std::fs::read_to_string(&installed).unwrap();
    std::fs::write(&installed, text.replace("1.0.0", "1.0.1")).unwrap();
    place.finds(&args, "plugin-untrusted", 20);
    std::fs::write(&installed, text).unwrap();
    place.ok(&args);
    // What the same maker states about a model of these bytes is no release of a plugin.
    let signature = installed.with_extension("json.sigstore.json");
    std::fs::remove_file(&signature).unwrap();
    place.finds(&args, "plugin-untrusted", 20);
    place.ok(&["sign", installed.to_str().unwrap(), "--key", "maker.key", "--signature", "s.sig"]);
    std::fs::copy(place.path("s.sig"), &signature).unwrap();
    place.finds(&args, "plugin-untrusted", 20);
    place.ok(&["plugin", "trust", "--key", "maker.pub", "--revoke"]);
    place.finds(&args, "plugin-untrusted", 20);
}

#[test]
fn what_is_run_is_what_was_pinned() {
    let place = prepared();
    let folder = place.path(".cache/data/plugins/misbehaving");
    let library = folder.join("libpkg_misbehaving.so");
    let good = std::fs::read(&library).unwrap();
    let mut bad = good.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    std::fs::write(&library, &bad).unwrap();
    let args = ["bench", "m.pkg", "--plugin", "misbehaving"];
    place.finds(&args, "plugin-other-library", 20);
    std::fs::write(&library, &good).unwrap();
    place.ok(&args);
    let open = |mode| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&library, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(0o666);
    place.finds(&args, "plugin-place-unsafe", 20);
    open(0o644);
    let manifest = folder.join("misbehaving.pkgplugin.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for (from, to) in [
        ("libpkg_misbehaving.so", "../misbehaving/libpkg_misbehaving.so"),
        ("plugin:v1", "plugin:v9"),
        ("{", "["),
    ] {
        std::fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        place.finds(&args, "plugin-manifest-invalid", 20);
    }
    std::fs::remove_file(&library).unwrap();
    std::fs::write(&manifest, &text).unwrap();
    place.finds(&args, "path-not-found", 2);
    place.ok(&["plugin", "remove", "misbehaving"]);
    place.finds(&args, "plugin-not-found", 2);
    place.finds(&["plugin", "remove", "misbehaving"], "plugin-not-found", 2);
    place.finds(&["plugin", "remove", ".."], "plugin-not-found", 2);
    let wrong = format!("sha256:{}", "0".repeat(64));
    let path = pkg_tests::plugins::library("misbehaving");
    let install = ["plugin", "install", path.to_str().unwrap(), "--sha256", &wrong];
    place.finds(&install, "plugin-other-library", 20);
}

#[test]
fn a_bundle_never_brings_its_own_judge() {
    let place = prepared();
    // The same plugin, in the working directory and in the bundle, and nowhere else.
    let from = place.path(".cache/data/plugins/misbehaving");
    let moved = place.path("kept");
    std::fs::rename(&from, &moved).unwrap();
    for folder in [place.path("."), place.path("m.pkg"), place.path("plugins")] {
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["misbehaving.pkgplugin.json", "libpkg_misbehaving.so"] {
            std::fs::copy(moved.join(name), folder.join(name)).unwrap();
        }
    }
    let args = ["bench", "m.pkg", "--plugin", "misbehaving"];
    place.finds(&args, "plugin-not-found", 2);
    let with = |path: &str, more: &[&str]| {
        let mut command = place.command(&args);
        command.args(more).env("PKG_PLUGIN_PATH", path);
        place.finish(&mut command)
    };
    assert_eq!(with("plugins:.", &[]).code, Some(2), "relative folders do not count");
    let absolute = moved.to_str().unwrap();
    let found = with(absolute, &[]);
    assert_eq!(found.code, Some(0), "{found:?}");
    assert_eq!(with(absolute, &["--locked"]).code, Some(2));
    let mut given = args.to_vec();
    given.extend(["--plugin-path", "kept"]);
    place.ok(&given);
}

#[test]
fn a_plugin_sees_every_file_however_it_is_packed() {
    let place = Place::with_model();
    let code = place.path("model/train");
    std::fs::create_dir_all(&code).unwrap();
    std::fs::write(code.join("a.py"), "print(1)\n").unwrap();
    std::fs::write(code.join("b.py"), "print(2)\n").unwrap();
    let spec = std::fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let more = "\n[[component]]\nkind = \"training-code\"\npaths = [\"train/**\"]\n";
    std::fs::write(place.path("model/pkg.toml"), spec + more).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["pack", "model", "-o", "m.tar"]);
    place.ok(&["unpack", "m.pkg", "out"]);
    place.install("misbehaving");
    let read = |target: &str| {
        let out = place.ok(&["bench", target, "--plugin", "misbehaving", "--json"]).json();
        out["result"]["run"]["checks"][0]["detail"].as_str().unwrap().to_owned()
    };
    let layout = read("m.pkg");
    assert_eq!(layout, read("m.tar"));
    assert_eq!(layout, read("out"));
    let show = place.ok(&["unpack", "m.pkg", "again", "--json"]).json();
    let (files, bytes) = (&show["result"]["files"], &show["result"]["bytes"]);
    assert_eq!(layout, format!("read {bytes} bytes of {files} files"));
}

#[test]
fn very_many_files_are_no_obstacle() {
    let place = Place::with_model();
    let folder = place.path("model/many");
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..3000 {
        std::fs::write(folder.join(format!("{number}.txt")), number.to_string()).unwrap();
    }
    let spec = std::fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let more = "\n[[component]]\nkind = \"technical-report\"\npaths = [\"many/**\"]\n";
    std::fs::write(place.path("model/pkg.toml"), spec + more).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["unpack", "m.pkg", "out"]);
    place.install("misbehaving");
    for target in ["m.pkg", "out"] {
        let out = place.ok(&["bench", target, "--plugin", "misbehaving", "--json"]).json();
        let detail = out["result"]["run"]["checks"][0]["detail"].as_str().unwrap();
        let files: u32 = detail.split(' ').nth(4).unwrap().parse().unwrap();
        assert!(files > 3000, "{detail}");
    }
}

#[test]
fn content_that_is_not_the_publishers_is_not_shown_to_plugins() {
    let place = prepared();
    place.ok(&["unpack", "m.pkg", "out"]);
    std::fs::write(place.path("out/README.md"), "changed").unwrap();
    let out = place.run(&["bench", "out", "--plugin", "misbehaving", "--json"]);
    let out = out.expect("wrong-size", 10);
    assert!(out.json()["result"]["run"].is_null());
    let digest = place.digest("m.pkg");
    let args = ["verify", "out", "--digest", &digest, "--plugin", "misbehaving", "--json"];
    let out = place.run(&args).expect("plugin-skipped", 10);
    assert_eq!(out.json()["result"]["plugins"].as_array().unwrap().len(), 0);
}

#[test]
fn verify_runs_plugins_and_may_require_them() {
    let place = Place::signed();
    place.install("misbehaving");
    let verify = |more: &[&str]| {
        let mut args = vec!["verify", "m.pkg", "--key", "k.pub", "--json"];
        args.extend(more);
        place.run(&args)
    };
    let out = verify(&["--plugin", "misbehaving"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert_eq!(out.json()["result"]["plugins"][0]["verdict"], "passed");
    verify(&["--plugin", "misbehaving", "--set", "deed=fail"]).expect("plugin-failed", 20);
    verify(&["--plugin", "misbehaving", "--set", "deed=skip"]).expect("plugin-skipped", 0);
    let skip = ["--require", "plugin:misbehaving", "--set", "deed=skip"];
    verify(&skip).expect("plugin-skipped-required", 21);
    verify(&["--plugin", "nowhere"]).expect("plugin-not-found", 2);
    for wrong in ["misbehaving", "plugin:", "test-result:"] {
        verify(&["--require", wrong]).expect("usage", 2);
    }
    let only = verify(&["--plugin", "misbehaving", "--only", "docs"]).json();
    let all = verify(&["--plugin", "misbehaving"]).json();
    let detail = |json: &serde_json::Value| {
        json["result"]["plugins"][0]["checks"][0]["detail"].as_str().unwrap().to_owned()
    };
    assert_ne!(detail(&only), detail(&all), "only what is checked is shown");
    // A plain folder with a model signature.
    std::fs::create_dir(place.path("plain")).unwrap();
    std::fs::write(place.path("plain/a.txt"), "a").unwrap();
    place.ok(&["sign", "plain", "--key", "k.key"]);
    let args = ["verify", "plain", "--key", "k.pub", "--plugin", "misbehaving", "--json"];
    let out = place.run(&args);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert!(detail(&out.json()).contains("2 files"), "{out:?}");
}

#[test]
fn a_result_attested_here_is_verified_elsewhere() {
    let place = Place::signed();
    place.install("misbehaving");
    place.ok(&["keygen", "--no-passphrase", "-o", "lab"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "stranger"]);
    let bench = |deed: &str, key: &str| {
        let deed = format!("deed={deed}");
        let args = ["bench", "m.pkg", "--plugin", "misbehaving", "--set", &deed, "--key", key];
        place.run(&args)
    };
    let require = "test-result:misbehaving@key:lab.pub";
    let elsewhere = Place::new();
    let verify = |require: &str| {
        let _ = std::fs::remove_file(elsewhere.path("m.tar"));
        let _ = std::fs::remove_dir_all(elsewhere.path("m.pkg"));
        let mut copy = std::process::Command::new("cp");
        copy.arg("-r").arg(place.path("m.pkg")).arg(elsewhere.path("m.pkg"));
        assert!(copy.status().unwrap().success());
        for key in ["k.pub", "lab.pub"] {
            std::fs::copy(place.path(key), elsewhere.path(key)).unwrap();
        }
        elsewhere.run(&["verify", "m.pkg", "--key", "k.pub", "--require", require, "--json"])
    };
    verify(require).expect("requirement-missing", 11);
    // Nothing that is no result is attested.
    for deed in ["skip", "undecided", "refuse"] {
        let out = bench(deed, "lab.key");
        assert!(out.stderr.contains("test-result-not-attested"), "{deed}: {out:?}");
    }
    verify(require).expect("requirement-missing", 11);
    // Somebody else's result is not the lab's.
    assert_eq!(bench("behave", "stranger.key").code, Some(0));
    verify(require).expect("requirement-missing", 11);
    let out = bench("behave", "lab.key");
    assert!(out.stdout.contains("attested by"), "{out:?}");
    let out = verify(require);
    assert_eq!(out.code, Some(0), "{out:?}");
    let required = &out.json()["result"]["required"][0];
    assert_eq!(
        (&required["met"], &required["results"][0]["result"]),
        (&true.into(), &"PASSED".into())
    );
    // The publisher did not test it; another plugin was not run; a GPU was not used.
    verify("test-result:misbehaving").expect("requirement-missing", 11);
    verify("test-result:weights@key:lab.pub").expect("requirement-missing", 11);
    verify("test-result:misbehaving:cpu@key:lab.pub").expect("requirement-missing", 11);
    let shown = place.ok(&["attest", "show", "m.pkg", "--key", "lab.pub", "--json"]).json();
    let attestations = shown["result"]["attestations"].as_array().unwrap();
    let tested = attestations.iter().find(|it| it["standing"] == "verified").unwrap();
    let predicate = &tested["predicate"];
    assert_eq!(predicate["configuration"][0]["name"], "plugin:misbehaving");
    assert_eq!(predicate["passedTests"][0], "misbehaving/deed");
    assert_eq!(tested["evidence"][0]["name"], "misbehaving.report.json");
    // One failure by whom it was asked of is not outweighed by a success.
    assert_eq!(bench("fail", "lab.key").code, Some(20));
    verify(require).expect("requirement-failed", 11);
}

#[test]
fn what_took_the_place_of_a_release_meanwhile_is_not_attested() {
    let place = Place::signed();
    place.install("misbehaving");
    std::fs::write(place.path("model/README.md"), "another release\n").unwrap();
    place.ok(&["pack", "model", "-o", "other.pkg"]);
    let args = ["bench", "m.pkg", "--plugin", "misbehaving", "--set", "deed=wait"];
    let mut command = place.command(&args);
    command.args(["--key", "k.key", "--json"]).stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let runs = || std::fs::read_to_string(&children).is_ok_and(|list| !list.trim().is_empty());
    assert!(pkg_tests::wait_until(runs), "the plugin's process");
    std::fs::rename(place.path("m.pkg"), place.path("before.pkg")).unwrap();
    std::fs::rename(place.path("other.pkg"), place.path("m.pkg")).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(10), "{text}");
    assert!(text.contains("expected-digest-mismatch"), "{text}");
    for bundle in ["m.pkg", "before.pkg"] {
        assert!(!place.ok(&["attest", "list", bundle]).stdout.contains("test-result"));
    }
}

#[test]
fn results_and_plugins_are_signed_by_identity_too() {
    let keyless = Keyless::new(Place::signed());
    let (place, issuer) = (&keyless.place, keyless.rig.url().to_owned());
    let token = keyless.rig.token(&TokenSpec::email(ADA));
    std::fs::create_dir(place.path("dist")).unwrap();
    std::fs::copy(library("misbehaving"), place.path("dist/libm.so")).unwrap();
    let by_ada = ["--identity-token", &token, "--trust-config", "trust1.json"];
    place.ok(&[&["plugin", "manifest", "dist/libm.so"][..], &by_ada].concat());
    place.ok(&["plugin", "install", "dist/misbehaving.pkgplugin.json", "--no-trust"]);
    let bench = ["bench", "m.pkg", "--plugin", "misbehaving"];
    place.finds(&bench, "plugin-untrusted", 20);
    let trust = |who: &str, root: &str| {
        let args = ["plugin", "trust", "--identity", who, "--issuer", &issuer];
        place.ok(&[&args[..], &["--trusted-root", root]].concat());
    };
    trust(ADA, "other-root.json");
    trust("eve@example.com", "root.json");
    place.finds(&bench, "plugin-untrusted", 20);
    trust(ADA, "root.json");
    place.ok(&bench);
    let token = keyless.rig.token(&TokenSpec::email(ADA));
    let by_ada = ["--identity-token", &token, "--trust-config", "trust2.json"];
    place.ok(&[&bench[..], &by_ada].concat());
    let verify = |who: &str| {
        let require = format!("test-result:misbehaving@{who}");
        let args = ["verify", "m.pkg", "--key", "k.pub", "--trusted-root", "root.json"];
        place.run(&[&args[..], &["--require", &require, "--json"]].concat())
    };
    let good = verify(&format!("{ADA},issuer={issuer}"));
    assert_eq!(good.code, Some(0), "{good:?}");
    let who = good.json()["result"]["required"][0]["results"][0].clone();
    assert!(who["who"].as_str().unwrap().contains(ADA) && !who["times"][0].is_null(), "{who}");
    verify(&format!("eve@example.com,issuer={issuer}")).expect("requirement-missing", 11);
    verify(&format!("{ADA},issuer=https://other.example")).expect("requirement-missing", 11);
}

#[test]
fn policies_ask_for_plugins_and_for_their_results() {
    let place = Place::signed();
    place.install("misbehaving");
    place.ok(&["keygen", "--no-passphrase", "-o", "lab"]);
    let rules = r#"
version = 1
[[signers]]
name = "lab"
[[signers.member]]
key = "lab.pub"
[[rule]]
id = "runs"
plugin = { id = "misbehaving" }
[[rule]]
id = "ran"
attestation = { predicate-type = "https://in-toto.io/attestation/test-result/v0.1", signers = ["lab"], plugin = "misbehaving" }
"#;
    std::fs::write(place.path("policy.toml"), rules).unwrap();
    let verify = |deed: &str| {
        let deed = format!("deed={deed}");
        let args = ["verify", "m.pkg", "--key", "k.pub", "--policy", "policy.toml", "--set", &deed];
        place.finish(place.command(&args).arg("--json"))
    };
    let outcomes = |out: &Out| -> Vec<String> {
        let json = out.json();
        let rules = json["result"]["decision"]["rules"].as_array().unwrap().clone();
        rules.iter().map(|rule| rule["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes(&verify("behave").expect("policy-refused", 11)), ["pass", "fail"]);
    let args = ["bench", "m.pkg", "--plugin", "misbehaving", "--key", "lab.key"];
    place.ok(&args);
    let out = verify("behave");
    assert_eq!((out.code, outcomes(&out)), (Some(0), vec!["pass".into(), "pass".into()]));
    assert_eq!(outcomes(&verify("skip").expect("policy-refused", 11)), ["fail", "pass"]);
    assert_eq!(outcomes(&verify("fail").expect("policy-refused", 11)), ["fail", "pass"]);
    let explained = place.ok(&["policy", "explain", "policy.toml"]).stdout;
    assert!(explained.contains("the plugin misbehaving must have looked"), "{explained}");
    assert!(explained.contains("by which the plugin misbehaving passed"), "{explained}");
    let wrong = rules.replace("https://in-toto.io/attestation/test-result/v0.1", "urn:x");
    std::fs::write(place.path("policy.toml"), wrong).unwrap();
    verify("behave").expect("policy-invalid", 2);
}

#[test]
fn json_of_the_commands_fits_its_schema() {
    let place = Place::signed();
    let schema = |name: &str| -> serde_json::Value {
        serde_json::from_str(&place.ok(&["schema", name]).stdout).unwrap()
    };
    let conforms = |name: &str, args: &[&str]| {
        let out = place.finish(place.command(args).arg("--json"));
        let json = out.json();
        assert_eq!(json["command"], name, "{args:?}");
        let validator = jsonschema::validator_for(&schema(&format!("output-{name}"))).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{args:?}: {errors:?}\n{json:#}");
    };
    let library = library("misbehaving");
    let library = library.to_str().unwrap();
    conforms("plugin-list", &["plugin", "list"]);
    conforms("plugin-manifest", &["plugin", "manifest", library, "-o", "x.pkgplugin.json"]);
    conforms("plugin-install", &["plugin", "install", library]);
    conforms("plugin-install", &["plugin", "install", "nowhere"]);
    conforms("plugin-list", &["plugin", "list"]);
    conforms("plugin-info", &["plugin", "info", "misbehaving"]);
    conforms("plugin-trust", &["plugin", "trust", "misbehaving"]);
    for deed in ["behave", "fail", "skip", "panic", "hang"] {
        let deed = format!("deed={deed}");
        let args = ["bench", "m.pkg", "--plugin", "misbehaving", "--set", &deed];
        conforms("bench", &[&args[..], &["--plugin-seconds", "2"]].concat());
    }
    conforms("bench", &["bench", "m.pkg", "--plugin", "misbehaving", "--key", "k.key"]);
    conforms("verify", &["verify", "m.pkg", "--key", "k.pub", "--plugin", "misbehaving"]);
    conforms("plugin-new", &["plugin", "new", "fresh"]);
    conforms("plugin-new", &["plugin", "new", "Not Good"]);
    conforms("plugin-remove", &["plugin", "remove", "misbehaving"]);
    conforms("golden-record", &["golden", "record", "model"]);
    let manifest = std::fs::read(place.path("x.pkgplugin.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert!(jsonschema::validator_for(&schema("plugin-manifest")).unwrap().is_valid(&manifest));
}

#[test]
fn a_new_plugin_compiles_passes_its_tests_and_runs() {
    let place = Place::packed();
    place.ok(&["plugin", "new", "licence-there"]);
    place.finds(&["plugin", "new", "licence-there"], "output-exists", 2);
    place.finds(&["plugin", "new", "../x"], "plugin-name", 2);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(&cargo);
        command.args(args).current_dir(place.path("licence-there"));
        // What the repository builds is in cargo's cache: nothing is fetched.
        let status = command.env_remove("CARGO_TARGET_DIR").status().unwrap();
        assert!(status.success(), "{command:?}");
    };
    std::fs::copy(
        pkg_tests::repository().join("Cargo.lock"),
        place.path("licence-there/Cargo.lock"),
    )
    .unwrap();
    run(&["test", "--offline", "--quiet"]);
    run(&["build", "--offline", "--quiet", "--release"]);
    let library = "licence-there/target/release/liblicence_there.so";
    place.ok(&["plugin", "install", library]);
    let args = ["bench", "m.pkg", "--plugin", "licence-there", "--verify-only"];
    let out = place.ok(&args);
    assert!(out.stdout.contains("LICENSE has"), "{out:?}");
    let mut other = args.to_vec();
    other.extend(["--set", "name=NOTICE"]);
    place.finds(&other, "plugin-failed", 20);
    place.finds(&args[..4], "plugin-kind", 2);
    place.ok(&["plugin", "new", "in-c", "--language", "c"]);
    let made = std::process::Command::new("make").current_dir(place.path("in-c")).status();
    match made {
        Ok(status) => {
            assert!(status.success());
            place.ok(&["plugin", "install", "in-c/libin_c.so"]);
            place.ok(&["bench", "m.pkg", "--plugin", "in-c", "--verify-only"]);
        }
        Err(_) => pkg_tests::skipped("there is no make"),
    }
}
