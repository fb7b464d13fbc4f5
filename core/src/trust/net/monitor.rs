//! Watching a transparency log for new entries of somebody.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::log::{Newest, Reader};
use crate::finding::{Code, Finding, Problem, Result};
use crate::hash::Meter;
use crate::trust::judge::Accepted;
use crate::trust::merkle::{Range, from_proof, is_consistent, leaf};
use crate::trust::root::Root;
use crate::trust::watch::{Head, Log, Sighting, State, Watched};

/// What to watch.
#[derive(Debug)]
pub struct MonitorRequest {
    /// Whom to look for.
    pub accepted: Accepted,
    /// The root that trusts the log.
    pub root: Root,
    /// The log, by address or id; the only one in use when not named.
    pub log: Option<String>,
    /// Where the state is kept.
    pub state: PathBuf,
    /// Where the first run begins; at the end of the log unless said.
    pub from: Option<u64>,
    /// Most entries to read in this run.
    pub limit: u64,
}

/// What was seen.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Monitored {
    /// Address of the log.
    pub log: String,
    /// Id of the log.
    pub log_id: String,
    /// First entry that was read.
    pub from: u64,
    /// The entry after the last that was read.
    pub to: u64,
    /// Entries that the log has.
    pub size: u64,
    /// Entries of those who are watched for.
    pub found: Vec<Sighting>,
    /// Entries whose signer cannot be told.
    pub not_read: u64,
}

/// Reads what the log grew by since the last run, and proves that it continues what
/// it was. The state is written when all of that went well.
pub fn monitor(request: &MonitorRequest, meter: &Meter) -> Result<(Monitored, Vec<Finding>)> {
    let log = Log::choose(&request.root, request.log.as_deref())?;
    let watched = Watched::new(&request.accepted, &request.root)?;
    let before = State::load(&request.state)?;
    let mut reader = Reader::new(&log)?;
    let newest = reader.newest()?;
    let head = log.head(&newest.note)?;
    let mut run = Run { log: &log, reader: &mut reader, newest: &newest, head: &head };
    let mut range = match &before {
        Some(state) => run.resume(state, &request.state)?,
        None => run.begin(request.from)?,
    };
    let mut monitored = Monitored {
        log: log.url.clone(),
        log_id: log.id.clone(),
        from: range.size(),
        to: range.size(),
        size: head.size,
        found: Vec::new(),
        not_read: 0,
    };
    let end = head.size.min(range.size().saturating_add(request.limit));
    // Without a state there is nothing new yet: only the entries needed to know the
    // tree are read, unless the caller said from where.
    let silent = before.is_none() && request.from.is_none();
    meter.expect(end - range.size());
    while range.size() < end {
        let from = range.size();
        for (index, entry) in (from..).zip(run.reader.entries(from, end, run.newest, head.size)?) {
            range.push(leaf(&entry.body));
            meter.add(1);
            if silent {
                continue;
            }
            let index = newest.offset.saturating_add(index);
            let seen = watched.look(index, entry.time, &entry.body);
            monitored.found.extend(seen.found);
            monitored.not_read += u64::from(!seen.whole);
        }
        if range.size() == from {
            return Err(Problem::new(Code::LogUnreachable, &log.url)
                .detail(format!("it gives nothing from entry {from} on")));
        }
    }
    monitored.to = range.size();
    if silent {
        monitored.from = monitored.to;
    }
    run.check(&range)?;
    State::of(&log, newest.tree_id.clone(), &range, &head).save(&request.state)?;
    let findings = findings(&monitored);
    Ok((monitored, findings))
}

fn findings(monitored: &Monitored) -> Vec<Finding> {
    let mut findings = Vec::new();
    if monitored.not_read > 0 {
        let detail = format!("{} entries are of other kinds", monitored.not_read);
        findings.push(Problem::new(Code::LogEntryOpaque, &monitored.log).detail(detail).into());
    }
    if monitored.to < monitored.size {
        let left = monitored.size - monitored.to;
        let detail = format!("{left} entries are left");
        findings.push(Problem::new(Code::LogBehind, &monitored.log).detail(detail).into());
    }
    findings
}

struct Run<'r, 'l> {
    log: &'l Log,
    reader: &'r mut Reader<'l>,
    newest: &'r Newest,
    head: &'r Head,
}

impl Run<'_, '_> {
    fn inconsistent(&self, detail: String) -> Problem {
        Problem::new(Code::LogInconsistent, &self.log.url).detail(detail)
    }

    /// What was read before; the log must still have all that it had.
    fn resume(&mut self, state: &State, path: &Path) -> Result<Range> {
        let (range, seen) = state.resume(self.log, path)?;
        if state.tree_id != self.newest.tree_id {
            return Err(self.inconsistent(
                "it says that it began another tree, which proves nothing about the one before; \
                 begin anew only if its operator announced that"
                    .to_owned(),
            ));
        }
        let (old, new) = (seen.size, self.head.size);
        if new < old {
            return Err(Problem::new(Code::LogShrunk, &self.log.url)
                .detail(format!("it had {old} entries, and now has {new}")));
        }
        let proof = self.proof(old)?;
        if !is_consistent((old, seen.root), (new, self.head.root), &proof) {
            return Err(self.inconsistent(format!(
                "nothing proves that its {new} entries begin with the {old} it had"
            )));
        }
        Ok(range)
    }

    /// The tree up to where a first run begins, proven by the head.
    fn begin(&mut self, from: Option<u64>) -> Result<Range> {
        let size = self.head.size;
        let from = from.unwrap_or_else(|| size.saturating_sub(1));
        if from > size {
            return Err(Problem::new(Code::UsageError, "--from")
                .detail(format!("the log has {size} entries")));
        }
        // A proof for a power of two says nothing about the tree of that size; two
        // entries earlier there is one that does, or the beginning is near.
        let mut at = from.min(size.saturating_sub(1));
        while at.is_power_of_two() {
            at -= 1;
        }
        let mut range = Range::default();
        if at > 0 {
            let proof = self.reader.proof(at, self.newest, size)?;
            let known = from_proof(at, size, None, &proof);
            let (begin, whole) =
                known.ok_or_else(|| self.inconsistent("its proof does not fit".to_owned()))?;
            if whole != self.head.root {
                return Err(self.inconsistent("its proof leads to another root".to_owned()));
            }
            range = begin;
        }
        while range.size() < from {
            let at = range.size();
            for entry in self.reader.entries(at, from, self.newest, size)? {
                range.push(leaf(&entry.body));
            }
            if range.size() == at {
                return Err(self.inconsistent(format!("it gives nothing from entry {at} on")));
            }
        }
        Ok(range)
    }

    fn proof(&mut self, first: u64) -> Result<Vec<[u8; 32]>> {
        if first == 0 || first >= self.head.size {
            return Ok(Vec::new());
        }
        self.reader.proof(first, self.newest, self.head.size)
    }

    /// The entries that were read are those of the signed head.
    fn check(&mut self, range: &Range) -> Result<()> {
        let proof = self.proof(range.size())?;
        let read = (range.size(), range.root());
        if is_consistent(read, (self.head.size, self.head.root), &proof) {
            return Ok(());
        }
        Err(self.inconsistent(format!(
            "the entries up to {} are not those of its signed head",
            range.size()
        )))
    }
}
