//! Credentials from the environment, from files in every form that is in use, and from
//! helpers.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::credentials::{Credential, Environment, find};
use super::helper;
use crate::finding::{Code, Problem};

const HOST: &str = "reg.example.org:5000";
const REPOSITORY: &str = "team/sub/model";

fn environment(variables: &[(&str, &Path)]) -> Environment {
    let variables: HashMap<String, PathBuf> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), value.to_path_buf())).collect();
    Box::new(move |name| variables.get(name).map(|value| value.clone().into_os_string()))
}

/// `basic:USER:PASSWORD`, `identity:TOKEN`, `bearer:TOKEN` or `none`.
fn shown(found: Option<Credential>) -> String {
    match found {
        Some(Credential::Basic { username, password }) => format!("basic:{username}:{}", *password),
        Some(Credential::Identity(token)) => format!("identity:{}", *token),
        Some(Credential::Bearer(token)) => format!("bearer:{}", *token),
        None => "none".to_owned(),
    }
}

fn in_file(text: &str) -> Result<String, Problem> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.json");
    fs::write(&file, text).unwrap();
    find(HOST, REPOSITORY, Some(&file), &environment(&[])).map(shown)
}

#[test]
fn the_environment_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.json");
    fs::write(&file, format!(r#"{{"auths":{{"{HOST}":{{"auth":"ZjpmCg=="}}}}}}"#)).unwrap();
    let here = ("PKG_REGISTRY_HOST", HOST);
    for (variables, expected) in [
        (&[("PKG_REGISTRY_TOKEN", "t"), here][..], "bearer:t"),
        (&[("PKG_REGISTRY_USERNAME", "u"), ("PKG_REGISTRY_PASSWORD", "p:q"), here], "basic:u:p:q"),
        (
            &[("PKG_REGISTRY_USERNAME", "<token>"), ("PKG_REGISTRY_PASSWORD", "p"), here],
            "identity:p",
        ),
        // For another host, also for the same one with another port.
        (&[("PKG_REGISTRY_TOKEN", "t"), ("PKG_REGISTRY_HOST", "example.org")], "basic:f:f\n"),
        (&[("PKG_REGISTRY_TOKEN", "t"), ("PKG_REGISTRY_HOST", "reg.example.org")], "basic:f:f\n"),
        (&[("PKG_REGISTRY_TOKEN", ""), ("PKG_REGISTRY_USERNAME", "")], "basic:f:f\n"),
    ] {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, Path::new(value))).collect();
        let found = find(HOST, REPOSITORY, Some(&file), &environment(&variables)).unwrap();
        assert_eq!(shown(found), expected, "{variables:?}");
    }
    for name in ["PKG_REGISTRY_TOKEN", "PKG_REGISTRY_USERNAME", "PKG_REGISTRY_PASSWORD"] {
        // For no host in particular: that would be for whoever a reference names.
        let homeless = environment(&[(name, Path::new("x"))]);
        let problem = find(HOST, REPOSITORY, Some(&file), &homeless).unwrap_err();
        assert_eq!(problem.finding().subject, "PKG_REGISTRY_HOST");
    }
    for name in ["PKG_REGISTRY_USERNAME", "PKG_REGISTRY_PASSWORD"] {
        let half = environment(&[(name, Path::new("x")), (here.0, Path::new(here.1))]);
        let problem = find(HOST, REPOSITORY, None, &half).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryCredentials);
    }
}

#[test]
fn files_are_looked_for_where_the_tools_put_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |rest: &str| folder.path().join(rest);
    let write = |rest: &str| {
        let path = at(rest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let user = rest.replace(['/', '.'], "-");
        let text = format!(r#"{{"auths":{{"{HOST}":{{"username":"{user}","password":"p"}}}}}}"#);
        fs::write(&path, text).unwrap();
    };
    let home = at("home");
    let (runtime, config, docker, named) = (at("run"), at("config"), at("docker"), at("named"));
    let environment = |names: &[&str]| {
        let all = [
            ("HOME", home.as_path()),
            ("XDG_RUNTIME_DIR", runtime.as_path()),
            ("XDG_CONFIG_HOME", config.as_path()),
            ("DOCKER_CONFIG", docker.as_path()),
            ("REGISTRY_AUTH_FILE", named.as_path()),
        ];
        let chosen: Vec<_> = all.into_iter().filter(|(name, _)| names.contains(name)).collect();
        self::environment(&chosen)
    };
    let all = ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"];
    let user = |names: &[&str]| shown(find(HOST, REPOSITORY, None, &environment(names)).unwrap());
    assert_eq!(user(&all), "none");
    assert_eq!(user(&[]), "none");
    write("home/.docker/config.json");
    assert_eq!(user(&["HOME"]), "basic:home--docker-config-json:p");
    // Named folders replace those at home.
    assert_eq!(user(&all), "none");
    write("docker/config.json");
    assert_eq!(user(&all), "basic:docker-config-json:p");
    write("home/.config/containers/auth.json");
    assert_eq!(user(&["HOME"]), "basic:home--config-containers-auth-json:p");
    write("config/containers/auth.json");
    assert_eq!(user(&all), "basic:config-containers-auth-json:p");
    write("run/containers/auth.json");
    assert_eq!(user(&all), "basic:run-containers-auth-json:p");
    write("named");
    assert_eq!(user(&all), "basic:named:p");
    // One that knows nothing does not hide those behind it.
    fs::write(at("named"), "").unwrap();
    assert_eq!(user(&all), "basic:run-containers-auth-json:p");
    // One that is named on the command line does, and must be there.
    let file = at("named");
    let found = find(HOST, REPOSITORY, Some(&file), &environment(&all)).unwrap();
    assert_eq!(shown(found), "none");
    let problem = find(HOST, REPOSITORY, Some(&at("gone")), &environment(&all)).unwrap_err();
    assert_eq!(problem.code(), Code::RegistryCredentials);
}

#[test]
fn entries_of_every_form_are_read() {
    let pair = "dXNlcjpwYXNzOndvcmQ="; // user:pass:word
    let cases = [
        (format!(r#""{HOST}":{{"auth":"{pair}"}}"#), "basic:user:pass:word"),
        (
            format!(r#""{HOST}":{{"auth":"{}"}}"#, pair.trim_end_matches('=')),
            "basic:user:pass:word",
        ),
        (format!(r#""https://{HOST}/v1/":{{"auth":"{pair}"}}"#), "basic:user:pass:word"),
        (format!(r#""http://{HOST}":{{"auth":"{pair}"}}"#), "basic:user:pass:word"),
        (format!(r#""{}":{{"auth":"{pair}"}}"#, HOST.to_uppercase()), "basic:user:pass:word"),
        (format!(r#""{HOST}":{{"username":"u","password":"p"}}"#), "basic:u:p"),
        (format!(r#""{HOST}":{{"username":"<token>","password":"p"}}"#), "identity:p"),
        (format!(r#""{HOST}":{{"auth":"{pair}","identitytoken":"i"}}"#), "identity:i"),
        (format!(r#""{HOST}":{{"identitytoken":"i","registrytoken":"r"}}"#), "bearer:r"),
        (format!(r#""{HOST}":{{}}"#), "none"),
        (format!(r#""{HOST}":null"#), "none"),
        (
            r#""reg.example.org":{"auth":"eDp5"},"other.example.org:5000":{"auth":"eDp5"}"#.into(),
            "none",
        ),
        (
            format!(
                r#""{HOST}/tea":{{"auth":"eDp5"}},"{HOST}/team/sub/model/x":{{"auth":"eDp5"}}"#
            ),
            "none",
        ),
        // The most specific one, whatever the order; an empty one is passed over.
        (
            format!(
                r#""{HOST}":{{"auth":"aDpo"}},"{HOST}/team/sub":{{"auth":"czpz"}},"{HOST}/team":{{"auth":"dDp0"}},"{HOST}/team/sub/model":{{}}"#
            ),
            "basic:s:s",
        ),
        (
            format!(
                r#""{HOST}/team/sub/model":{{"auth":"bTpt"}},"{HOST}/team/sub":{{"auth":"czpz"}}"#
            ),
            "basic:m:m",
        ),
    ];
    for (entries, expected) in cases {
        let text = format!(r#"{{"auths":{{{entries}}},"HttpHeaders":{{"x":"y"}},"unknown":[1]}}"#);
        assert_eq!(in_file(&text).unwrap(), expected, "{text}");
    }
    assert_eq!(in_file("{}").unwrap(), "none");
    assert_eq!(in_file(r#"{"auths":null,"credHelpers":null,"credsStore":null}"#).unwrap(), "none");
}

#[test]
fn a_broken_file_is_named_and_not_quoted() {
    for text in [
        "secret".to_owned(),
        "[\"secret\"]".into(),
        format!(r#"{{"auths":{{"{HOST}":"secret"}}}}"#),
        format!(r#"{{"auths":{{"{HOST}":{{"auth":"!secret!"}}}}}}"#),
        format!(r#"{{"auths":{{"{HOST}":{{"auth":"c2VjcmV0"}}}}}}"#),
        format!(r#"{{"auths":{{"{HOST}":{{"auth":"//8="}}}}}}"#),
        format!(r#"{{"auths":{{"{HOST}":{{"password":"secret"}}}}}}"#),
        format!("{{\"secret\":\"{}\"}}", "x".repeat(2 << 20)),
    ] {
        let problem = in_file(&text).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryCredentials);
        let shown = problem.to_string();
        assert!(shown.contains("auth.json") && !shown.contains("secret"), "{shown}");
    }
    let folder = tempfile::tempdir().unwrap();
    let problem = find(HOST, REPOSITORY, Some(folder.path()), &environment(&[])).unwrap_err();
    assert_eq!(problem.code(), Code::RegistryCredentials);
    // A link is followed: that is how orchestrators mount them.
    let real = folder.path().join("real");
    fs::write(&real, format!(r#"{{"auths":{{"{HOST}":{{"auth":"eDp5"}}}}}}"#)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let found = find(HOST, REPOSITORY, Some(&link), &environment(&[])).unwrap();
    assert_eq!(shown(found), "basic:x:y");
}

/// A folder with the helper `test`, which is a shell script.
fn with_helper(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::write(&source, format!("#!/bin/sh\n{script}\n")).unwrap();
    // By a process of its own: a program that some fork of a test still has open for
    // writing cannot be run.
    let made = Command::new("install")
        .args(["-m", "755"])
        .arg(&source)
        .arg(folder.path().join("docker-credential-test"))
        .status()
        .unwrap();
    assert!(made.success());
    folder
}

fn ask(script: &str) -> Result<String, Problem> {
    let folder = with_helper(script);
    let environment = environment(&[("PATH", folder.path())]);
    let config = folder.path().join("config.json");
    let found = helper::ask("test", HOST, &config, &environment, Duration::from_mins(1))?;
    Ok(found.map_or("none".to_owned(), |(user, secret)| format!("{user}:{}", *secret)))
}

#[test]
fn a_helper_is_asked() {
    let script = r#"[ "$1" = get ] || exit 9; read -r host; printf '{"ServerURL":"%s","Username":"%s","Secret":"s"}' "$host" "$host""#;
    assert_eq!(ask(script).unwrap(), format!("{HOST}:s"));
    // As files name it: for one host, or for all.
    let folder = with_helper(r#"printf '{"Username":"<token>","Secret":"s"}'"#);
    let path = folder.path().join("config.json");
    let own = environment(&[("PATH", folder.path())]);
    for (text, expected) in [
        (
            format!(
                r#"{{"credHelpers":{{"{HOST}":"test"}},"auths":{{"{HOST}":{{"auth":"eDp5"}}}}}}"#
            ),
            "identity:s",
        ),
        (r#"{"credsStore":"test"}"#.into(), "identity:s"),
        (format!(r#"{{"credHelpers":{{"{HOST}":"test"}},"credsStore":"gone"}}"#), "identity:s"),
        (r#"{"credHelpers":{"example.org":"gone"},"credsStore":""}"#.into(), "none"),
    ] {
        fs::write(&path, &text).unwrap();
        assert_eq!(shown(find(HOST, REPOSITORY, Some(&path), &own).unwrap()), expected, "{text}");
    }
    // One that has nothing leaves it to the file.
    let folder = with_helper("echo 'credentials not found in native keychain'; exit 1");
    let own = environment(&[("PATH", folder.path())]);
    let text = format!(r#"{{"credsStore":"test","auths":{{"{HOST}":{{"auth":"eDp5"}}}}}}"#);
    fs::write(&path, text).unwrap();
    assert_eq!(shown(find(HOST, REPOSITORY, Some(&path), &own).unwrap()), "basic:x:y");
}

#[test]
fn a_helper_that_fails_is_named_and_not_quoted() {
    for (script, why) in [
        ("echo hunter2; exit 3", "exit status: 3"),
        ("kill -9 $$", "signal"),
        ("echo hunter2", "something else"),
        ("echo '{\"Username\":\"hunter2\"}'", "something else"),
        ("yes hunter2", "over"),
        ("exec >&-; exit 0", "something else"),
    ] {
        let problem = ask(script).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryCredentials);
        let text = problem.to_string();
        assert!(text.contains(why) && text.contains("config.json"), "{script}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert_eq!(ask("echo 'Credentials Not Found'; exit 1").unwrap(), "none");
    assert_eq!(ask("echo '{\"Username\":\"\",\"Secret\":\"\"}'").unwrap(), "none");
}

#[test]
fn a_helper_that_hangs_is_ended() {
    // Silent; silent with its output closed; or gone, with a child that keeps the output.
    for script in ["exec sleep 600", "exec sleep 600 >&-", "sleep 600 & echo $! > \"$0.pid\""] {
        let folder = with_helper(script);
        let own = environment(&[("PATH", folder.path())]);
        let config = folder.path().join("config.json");
        let time = Duration::from_millis(300);
        let problem = helper::ask("test", HOST, &config, &own, time).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryCredentials, "{script}");
        if let Ok(pid) = fs::read_to_string(folder.path().join("docker-credential-test.pid")) {
            assert!(Command::new("kill").arg(pid.trim()).status().unwrap().success());
        }
    }
}

#[test]
fn a_helper_is_a_plain_name_on_the_path() {
    let folder = with_helper("exit 0");
    let here = environment(&[("PATH", folder.path())]);
    let config = Path::new("config.json");
    for name in ["", "../test", "a b", "test;x", "gone", "é"] {
        let problem = helper::get(name, HOST, config, &here).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryCredentials, "{name}");
    }
    // Not from the folder one happens to be in, and no file that cannot be run.
    for path in ["", ".", "relative/bin"] {
        let own = environment(&[("PATH", Path::new(path))]);
        assert!(helper::get("test", HOST, config, &own).is_err());
    }
    fs::write(folder.path().join("docker-credential-plain"), "").unwrap();
    assert!(helper::get("plain", HOST, config, &here).is_err());
}
