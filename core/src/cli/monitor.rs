//! `pkg trust monitor`: arguments, function and rendering.

use std::path::PathBuf;

use clap::Args;

use super::output::{Printer, Reply};
use super::trust_args::TrustArgs;
use crate::finding::{Code, Problem, Result};

/// Arguments of `pkg trust monitor`.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Whom to look for
    #[command(flatten)]
    pub trust: TrustArgs,
    /// File that keeps what is known of the log; made by the first run
    #[arg(long, value_name = "FILE")]
    pub state: PathBuf,
    /// Log of the trusted root, by address or id [default: the only one in use]
    #[arg(long, value_name = "URL|ID")]
    pub log: Option<String>,
    /// Entry at which the first run begins [default: the end of the log]
    #[arg(long, value_name = "INDEX")]
    pub from: Option<u64>,
    /// Most entries to read in one run
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub limit: u64,
    /// End with 11 when there are new entries of those who are looked for
    #[arg(long)]
    pub fail_on_entries: bool,
}

#[cfg(not(feature = "network"))]
pub(super) fn run(_: &MonitorArgs, _: Printer) -> Result<Reply> {
    Err(Problem::new(Code::NetworkLeftOut, "pkg trust monitor"))
}

#[cfg(feature = "network")]
pub(super) fn run(args: &MonitorArgs, printer: Printer) -> Result<Reply> {
    use crate::trust::net::monitor::{MonitorRequest, monitor};
    use crate::trust::root::Root;
    use crate::verify::exit_of;

    let accepted = args.trust.accepted()?;
    if accepted.keys.is_empty() && !accepted.identity() {
        return Err(Problem::new(Code::UsageError, "the command line")
            .detail("nobody to look for was named")
            .hint("Give `--identity` (with `--issuer`), `--identity-regexp` or `--key`."));
    }
    let root = Root::load(&args.trust.root())?;
    let (state, log) = (args.state.clone(), args.log.clone());
    let (from, limit) = (args.from, args.limit);
    let request = MonitorRequest { accepted, root, log, state, from, limit };
    let (monitored, mut findings) =
        printer.with_progress("reading the log", |meter| monitor(&request, meter))?;
    if args.fail_on_entries && !monitored.found.is_empty() {
        let detail = format!("{} new entries", monitored.found.len());
        findings.push(Problem::new(Code::LogEntriesFound, &monitored.log).detail(detail).into());
    }
    Reply::new("trust-monitor", exit_of(&findings), findings, &monitored)
}

#[cfg(feature = "network")]
impl super::output::Render for crate::trust::net::monitor::Monitored {
    fn render(&self, page: &mut String) {
        use std::fmt::Write as _;

        use super::output::printable;

        let _ = writeln!(page, "log     {}, {} entries", printable(&self.log), self.size);
        let _ = writeln!(
            page,
            "read    {} entries ({} to {}), all in the log, which kept what it had",
            self.to - self.from,
            self.from,
            self.to
        );
        let _ = writeln!(page, "found   {}", self.found.len());
        for entry in &self.found {
            let time = entry.time.as_deref().unwrap_or("time not said");
            let imitation = match entry.issued {
                Some(false) => ", NOT ISSUED by an authority of the root",
                _ => "",
            };
            let who = printable(&entry.who.to_string());
            let _ = writeln!(page, "  {}  {time}  {who}{imitation}", entry.index);
            for digest in &entry.digests {
                let _ = writeln!(page, "      {} {}", printable(&entry.kind), printable(digest));
            }
        }
    }
}
