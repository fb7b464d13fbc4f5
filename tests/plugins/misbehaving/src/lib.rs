//! A plugin that does everything wrong, one thing at a time: the setting `deed` says what.

use std::io::Read as _;

use pkg_plugin_sdk::{
    Check, Description, Failure, Finding, Host, Kind, Outcome, Plugin, Reply, Request, Severity,
    SkipReason, export_plugin,
};
use serde_json::json;

/// The plugin.
pub struct Misbehaving;

impl Plugin for Misbehaving {
    fn describe() -> Description {
        let kinds = [Kind::Verify, Kind::Benchmark];
        Description::new("misbehaving", "1.0.0", &kinds, "Does what its setting says.")
            .setting("deed", "what to do")
    }

    fn run(request: &Request, host: &Host<'_>) -> Result<Reply, Failure> {
        host.log("about to misbehave");
        println!("said on standard output");
        let passed = |detail: String| Ok(Reply::new([Check::when("deed", true, detail)]));
        let tried = |what: std::io::Result<String>| match what {
            Ok(text) => Ok(Reply::new([Check::when("deed", true, text)])),
            Err(error) => Ok(Reply::new([Check::when("deed", false, error.to_string())])),
        };
        match request.text("deed").unwrap_or("behave") {
            "behave" => {
                let files = request.files.len();
                let mut bytes = 0;
                for file in &request.files {
                    bytes += file.open()?.read_to_end(&mut Vec::new())? as u64;
                }
                host.progress(bytes, bytes);
                passed(format!("read {bytes} bytes of {files} files"))
            }
            "warn" => Ok(Reply::new([Check::new("deed", Outcome::Warned, "so so")])),
            "fail" => {
                let finding = Finding {
                    code: "something-wrong".to_owned(),
                    severity: Severity::Error,
                    file: request.files.first().map(|file| file.path.clone()),
                    detail: "planted\u{1b}[31m".to_owned(),
                };
                Ok(Reply::new([Check::when("deed", false, "no good")]).findings(vec![finding]))
            }
            "undecided" => Ok(Reply::new([Check::new("deed", Outcome::Inconclusive, "who knows")])),
            "skip" => Ok(Reply::skipped(SkipReason::NoDevice, "there is none")),
            "refuse" => Err(Failure::new("not today")),
            "panic" => panic!("boom {}", 1),
            "panic-while-panicking" => std::panic::panic_any(Bomb),
            "segfault" => unsafe {
                std::ptr::null_mut::<u8>().write_volatile(1);
                passed(String::new())
            },
            "abort" => std::process::abort(),
            "exit-0" => std::process::exit(0),
            "exit-after-reply" => {
                // The reply is emitted when this returns; leave behind one that ends badly.
                extern "C" fn end() {
                    unsafe { libc::_exit(9) }
                }
                unsafe { libc::atexit(end) };
                passed("but the process ends with 9".to_owned())
            }
            "hang" => loop {
                std::thread::sleep(std::time::Duration::from_secs(1));
            },
            "wait" => {
                std::thread::sleep(std::time::Duration::from_secs(5));
                passed("waited".to_owned())
            }
            "spin" => {
                let mut number = 0_u64;
                loop {
                    number = std::hint::black_box(number.wrapping_add(1));
                }
            }
            "hog" => {
                let mut kept = Vec::new();
                loop {
                    kept.push(vec![1_u8; 16 << 20]);
                    std::hint::black_box(&kept);
                }
            }
            "contradict" => {
                let mut reply = Reply::new([Check::when("deed", false, "bad")]);
                reply.outcome = Outcome::Passed;
                Ok(reply)
            }
            "flood" => {
                for _ in 0..200_000 {
                    println!("a line that nobody wants to read, over and over again");
                    host.log("a message that nobody wants to read");
                }
                passed("flooded".to_owned())
            }
            "read-outside" => tried(std::fs::read_to_string("/etc/passwd")),
            "write" => {
                let path = request.text("path").unwrap_or("/tmp/x");
                tried(std::fs::write(path, "x").map(|()| "written".to_owned()))
            }
            "overwrite" => {
                let file = request.files.first().ok_or_else(|| Failure::new("no file"))?;
                tried(std::fs::write(&file.disk, "x").map(|()| "overwritten".to_owned()))
            }
            "socket" => {
                tried(std::net::TcpListener::bind("127.0.0.1:0").map(|_| "a socket".to_owned()))
            }
            "run" => tried(
                std::process::Command::new("/bin/true").status().map(|status| status.to_string()),
            ),
            "fork" => {
                let child = unsafe { libc::fork() };
                if child == 0 {
                    unsafe { libc::_exit(0) }
                }
                tried(if child < 0 {
                    Err(std::io::Error::last_os_error())
                } else {
                    Ok("forked".to_owned())
                })
            }
            "kill-parent" => {
                let done = unsafe { libc::kill(libc::getppid(), libc::SIGKILL) };
                tried(if done < 0 {
                    Err(std::io::Error::last_os_error())
                } else {
                    Ok("killed".to_owned())
                })
            }
            "threads" => {
                let joined = std::thread::spawn(|| 42).join();
                passed(format!("{joined:?}"))
            }
            "environment" => {
                let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
                passed(json!(names).to_string())
            }
            "forge" => {
                // Whatever is open may be the way to the parent: say something nice there.
                let mut forged = b"R".to_vec();
                let json = br#"{"outcome":"passed","checks":[{"name":"x","outcome":"passed"}]}"#;
                let payload = [&[b'0'; 32][..], &0_i32.to_le_bytes(), json].concat();
                forged.extend(u32::try_from(payload.len()).unwrap_or(0).to_le_bytes());
                forged.extend(payload);
                for descriptor in 3..64 {
                    unsafe { libc::write(descriptor, forged.as_ptr().cast(), forged.len()) };
                }
                Ok(Reply::new([Check::when("deed", false, "forged")]))
            }
            "garbage" => {
                for descriptor in 3..64 {
                    unsafe { libc::write(descriptor, b"nonsense".as_ptr().cast(), 8) };
                }
                passed("garbage".to_owned())
            }
            "descriptors" => {
                let open = std::fs::read_dir("/proc/self/fd")?.count();
                passed(open.to_string())
            }
            other => Err(Failure::new(format!("no deed {other:?}"))),
        }
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("again");
    }
}

export_plugin!(Misbehaving);
