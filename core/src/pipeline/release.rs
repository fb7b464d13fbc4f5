//! What the steps of a release do, each by the operation that its own command runs.

use std::fs::File;
use std::path::PathBuf;

use super::remote::Remote;
use super::{Course, Log, Planned, Ran, Step, Steps, own, pages, tree};
use crate::attest;
use crate::bundle::{self, GitRequest, PackRequest, ShardPolicy, StoreMode};
use crate::check::{self, CheckRequest};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx;
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::openness::adopter::Adopter;
use crate::plugin::Asked;
use crate::policy::Policy;
use crate::sign::{self, ModelSignature};
use crate::signatures::{self, About, Standing};
use crate::spec;
use crate::trust::judge::{Accepted, Judge};
use crate::trust::root::RootChoice;
use crate::trust::sealer::Sealer;
use crate::trust::who::Who;
use crate::verify::{self, Plugins, TestResult, VerifyRequest};

/// What to release, and how.
#[derive(Debug)]
pub struct ReleaseRequest {
    /// Folder with the model and its `pkg.toml`; with `rev`, a git repository.
    pub folder: PathBuf,
    /// Revision whose files are released instead of those in the folder.
    pub rev: Option<String>,
    /// Bundle to make; one in the cache unless given.
    pub bundle: Option<PathBuf>,
    /// The log; one in the cache unless given.
    pub log: Option<PathBuf>,
    /// Whether a tag that names another release may be moved.
    pub move_tag: bool,
    /// What is asked of the repositories that code comes from.
    pub git: GitRequest,
    /// The model signature that is made beside the release statement.
    pub model_signature: ModelSignature,
    /// Bytes of the parts that large files are cut into; none for one layer a file.
    pub part: Option<u64>,
    /// Whether an earlier signature counts only if it is logged.
    pub logged: bool,
    /// Whether an earlier signature counts only if its time is proven.
    pub timed: bool,
    /// Who must have signed; whoever signs now unless given.
    pub signer: Accepted,
    /// Plugins that look at the release.
    pub plugins: Option<Plugins>,
    /// Results that must be attested in the registry.
    pub results: Vec<TestResult>,
    /// Policy that what is in the registry must meet.
    pub policy: Option<Policy>,
    /// Whom the policy names.
    pub policy_signers: Accepted,
    /// For whom the terms are weighed.
    pub adopter: Option<Adopter>,
    /// Whether SLSA provenance of this pipeline is attested.
    pub provenance: bool,
    /// Reports to write.
    pub pages: pages::Wanted,
}

/// Who signs, once that was made ready.
pub struct Signing {
    /// Signs.
    pub sealer: Box<dyn Sealer>,
    /// What there is to say about it.
    pub findings: Vec<Finding>,
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signing").field("findings", &self.findings).finish_non_exhaustive()
    }
}

/// A release on its way.
pub struct Release<'a> {
    request: ReleaseRequest,
    remote: &'a dyn Remote,
    /// Where things are kept between steps.
    work: PathBuf,
    signing: Option<Signing>,
    lock: Option<File>,
    digest: Option<Digest>,
    asked: Vec<Asked>,
    who: Option<Who>,
}

impl std::fmt::Debug for Release<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Release")
            .field("request", &self.request)
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}

impl<'a> Release<'a> {
    /// A release that nothing was done for yet.
    pub fn new(request: ReleaseRequest, remote: &'a dyn Remote) -> Result<Self> {
        let here = request.folder.canonicalize();
        let here = here.map_err(|error| Problem::reading(&request.folder, error))?;
        let rev = request.rev.as_deref().unwrap_or_default();
        let key = format!("{}\0{rev}\0{}", here.display(), remote.name());
        let cache = fsx::cache_folder()
            .ok_or_else(|| Problem::new(Code::ReleasePlace, request.folder.display()))?;
        let work = cache.join("releases").join(Digest::of(key.as_bytes()).hex());
        Ok(Self::at(request, remote, work))
    }

    /// The same, with its own place to keep things.
    pub(super) fn at(request: ReleaseRequest, remote: &'a dyn Remote, work: PathBuf) -> Self {
        Self {
            request,
            remote,
            work,
            signing: None,
            lock: None,
            digest: None,
            asked: Vec::new(),
            who: None,
        }
    }

    /// Makes ready to run: a place to keep things, which is ours alone from now on; the
    /// signer; and the log.
    pub fn begin(&mut self, signing: Signing) -> Result<Log> {
        std::fs::create_dir_all(&self.work).map_err(|error| Problem::writing(&self.work, error))?;
        self.lock = Some(fsx::lock_folder(&self.work)?);
        self.signing = Some(signing);
        Log::open(&self.log_path())
    }

    /// Where the log is.
    pub fn log_path(&self) -> PathBuf {
        self.request.log.clone().unwrap_or_else(|| self.work.join("log.jsonl"))
    }

    /// Where the bundle is.
    pub fn bundle_path(&self) -> PathBuf {
        self.request.bundle.clone().unwrap_or_else(|| self.work.join("bundle.pkg"))
    }

    /// Who signed, once somebody did.
    pub fn who(&self) -> Option<&Who> {
        self.who.as_ref()
    }

    /// Where the files are that are packed.
    fn source(&self) -> PathBuf {
        match self.request.rev {
            Some(_) => tree::path(&self.work),
            None => self.request.folder.clone(),
        }
    }

    fn sealer(&self) -> Result<&dyn Sealer> {
        let signing = self.signing.as_ref();
        signing.map(|signing| signing.sealer.as_ref()).ok_or_else(|| not_yet("the signer"))
    }

    fn digest(&self) -> Result<Digest> {
        self.digest.ok_or_else(|| not_yet("the bundle"))
    }

    /// Accepts the signer of this release, and nobody else.
    fn own(&self) -> Result<Judge> {
        own::judge(self.sealer()?, &self.request.signer, self.who.as_ref())
    }

    /// The bundle, which must still be the one that was packed.
    fn loaded(&self) -> Result<bundle::Loaded> {
        let path = self.bundle_path();
        let (loaded, expected) = (bundle::load(&path)?, self.digest()?);
        if loaded.digest != expected {
            return Err(Problem::new(Code::ReleaseChanged, path.display())
                .detail(format!("{expected} was packed, but {} is there now", loaded.digest)));
        }
        Ok(loaded)
    }

    fn check(&self) -> Result<Ran> {
        let folder = self.source();
        let request = CheckRequest { folder, scope: check::Scope::All, strict: false };
        let (checked, findings) = check::check(&request)?;
        let release = spec::load(&self.source())?.release;
        let note = format!("{} {}: {} files", release.name, release.version, checked.files);
        Ok(Ran { findings, ..Ran::done(note) })
    }

    fn pack(&mut self, meter: &Meter) -> Result<Ran> {
        let output = self.bundle_path();
        let before = bundle::load(&output).ok().map(|loaded| loaded.digest);
        let request = PackRequest {
            folder: self.source(),
            output: output.clone(),
            mode: StoreMode::Auto,
            shards: ShardPolicy::Auto,
            part: self.request.part,
            cache: true,
            force: false,
            git: self.request.git.clone(),
        };
        let packed = bundle::pack(&request, meter)?;
        self.digest = Some(packed.digest);
        let what = format!("{} files, {} bytes", packed.files, packed.bytes);
        let mut ran = if before == Some(packed.digest) {
            Ran::nothing(format!("the bundle is what is in the folder: {what}"))
        } else {
            Ran::done(what)
        };
        ran.digest = self.digest;
        ran.made = vec![output.display().to_string()];
        ran.findings = packed.findings;
        Ok(ran)
    }

    fn target(&self) -> Result<Ran> {
        let digest = self.digest()?;
        match self.remote.tagged()? {
            None => Ok(Ran::done("the tag is free")),
            Some(there) if there == digest => Ok(Ran::nothing("the tag names this release")),
            Some(there) if self.request.move_tag => {
                Ok(Ran::done(format!("the tag names {there} and will be moved, as asked")))
            }
            Some(there) => Err(Problem::new(Code::TagTaken, self.remote.name())
                .detail(format!("the tag names {there}, and this release is {digest}"))),
        }
    }

    /// Before anybody signs: whether the content is right, and what plugins say.
    fn verify(&mut self, meter: &Meter) -> Result<Ran> {
        let digest = self.digest()?;
        let request = VerifyRequest {
            digest: Some(digest),
            plugins: self.plugins(),
            ..VerifyRequest::new(
                self.bundle_path(),
                Judge::new(Accepted::default(), RootChoice::default()),
            )
        };
        let (verdict, findings) = verify::verify(&request, meter)?;
        let said = verdict.plugins.iter();
        let said: Vec<String> =
            said.map(|run| format!("{} {}", run.plugin.id, run.verdict.as_str())).collect();
        let said = if said.is_empty() { "no plugins".to_owned() } else { said.join(", ") };
        self.asked = verdict.plugins;
        let note = format!("{} of {} files; {said}", verdict.files_verified, verdict.files_total);
        Ok(Ran { findings, ..Ran::done(note) })
    }

    /// The plugins that were asked for, and those that the policy wants to have looked.
    fn plugins(&self) -> Option<Plugins> {
        let mut plugins = self.request.plugins.clone()?;
        for (id, _) in self.request.policy.iter().flat_map(Policy::plugins) {
            if !plugins.ids.iter().any(|(known, _)| known == id) {
                plugins.ids.push((id.to_owned(), false));
            }
        }
        Some(plugins)
    }

    fn sign(&mut self) -> Result<Ran> {
        let loaded = self.loaded()?;
        let sealer = self.sealer()?;
        let wants_model = self.request.model_signature != ModelSignature::None;
        let earlier = own::earlier(sealer, &self.request.signer);
        let earlier = earlier.map(|judge| signatures::check(&loaded, &judge));
        let counts = |report: &&signatures::SignatureReport| {
            report.standing == Standing::Verified
                && (!self.request.logged || report.logged)
                && (!self.request.timed || !report.times.is_empty())
        };
        if let Some(earlier) = &earlier {
            let of = |about| earlier.reports.iter().filter(counts).find(|r| r.about == about);
            let model = !wants_model || !sealer.signs_models() || of(About::Model).is_some();
            if let (true, Some(release)) = (model, of(About::Release)) {
                self.who.clone_from(&release.who);
                let who = release.who.as_ref().map_or_else(String::new, Who::to_string);
                return Ok(Ran::nothing(format!("signed already by {who}")));
            }
        }
        let (signed, mut findings) =
            sign::sign(&self.bundle_path(), sealer, self.request.model_signature)?;
        if let Some(signing) = &mut self.signing {
            findings.append(&mut signing.findings);
        }
        let note = format!("{} by {}", signed.added.join(", "), signed.who);
        self.who = Some(signed.who);
        let loaded = self.loaded()?;
        let judge = self.own()?;
        // Said now, not after everything was sent.
        let missing =
            signatures::check(&loaded, &judge).missing(&loaded, &judge, &self.bundle_path());
        match missing {
            Some(problem) => Err(problem),
            None => Ok(Ran { findings, ..Ran::done(note) }),
        }
    }

    fn attest(&mut self) -> Result<Ran> {
        let plugins = self.plugins();
        let wanted = own::wanted(&self.asked, plugins.as_ref(), self.request.provenance)?;
        let judge = self.own()?;
        let bundle = self.bundle_path();
        let (mut new, mut there, mut findings) = (Vec::new(), Vec::new(), Vec::new());
        for (name, predicate) in wanted {
            let signatures = signatures::check(&self.loaded()?, &judge);
            if signatures.attested.iter().any(|(_, attested)| predicate.is_said_by(attested)) {
                there.push(name);
                continue;
            }
            let request = predicate.request(bundle.clone(), self.digest()?);
            let (_, more) = attest::add(&request, self.sealer()?)?;
            findings.extend(more);
            new.push(name);
        }
        let mut ran = match (new.is_empty(), there.is_empty()) {
            (true, true) => Ran::nothing("nothing to attest"),
            (true, false) => Ran::nothing(format!("attested already: {}", there.join(", "))),
            (false, true) => Ran::done(new.join(", ")),
            (false, false) => {
                Ran::done(format!("{}; already: {}", new.join(", "), there.join(", ")))
            }
        };
        ran.findings = findings;
        Ok(ran)
    }

    fn push(&self, meter: &Meter) -> Result<Ran> {
        let digest = self.loaded()?.digest;
        let (sent, findings) = self.remote.push(&self.bundle_path(), meter)?;
        let Some(sent) = sent else {
            return Ok(Ran { findings, ..Ran::done("nothing was sent") });
        };
        if sent.digest != digest {
            return Err(Problem::new(Code::ReleaseChanged, self.remote.name())
                .detail(format!("{digest} was to be sent, and {} was", sent.digest)));
        }
        let mut ran = if sent.bytes == 0 {
            Ran::nothing("the registry has all of it")
        } else {
            Ran::done(format!("{} bytes sent", sent.bytes))
        };
        ran.made = vec![self.remote.target(digest).display().to_string()];
        ran.findings = findings;
        Ok(ran)
    }

    /// What is in the registry, for somebody who has nothing but its digest and knows
    /// who must have signed.
    fn reverify(&mut self, meter: &Meter) -> Result<Ran> {
        let digest = self.digest()?;
        let own = self.own()?;
        let mut accepted = own.accepted().clone();
        let more = &self.request.policy_signers;
        accepted.keys.extend(more.keys.iter().cloned());
        accepted.identities.extend(more.identities.iter().cloned());
        if accepted.authority.is_none() {
            accepted.authority.clone_from(&more.authority);
        }
        let target = self.remote.target(digest);
        let policy = self.request.policy.take();
        // Only the policy may want plugins to look again: all of them did, at the same digest.
        let plugins = self.request.plugins.clone().filter(|_| policy.is_some());
        let request = VerifyRequest {
            digest: Some(digest),
            policy,
            adopter: self.request.adopter.clone(),
            plugins: plugins.map(|plugins| Plugins { ids: Vec::new(), ..plugins }),
            results: std::mem::take(&mut self.request.results),
            ..VerifyRequest::new(target.clone(), Judge::new(accepted, own.choice().clone()))
        };
        let (verdict, mut findings) = verify::verify(&request, meter)?;
        let ours = |report: &signatures::SignatureReport| {
            (report.about, report.standing) == (About::Release, Standing::Verified)
                && report.who == self.who
        };
        let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
        if !wrong && !verdict.signatures.iter().any(ours) {
            let stop = Problem::new(Code::ReleaseChanged, target.display())
                .detail("the release statement that was sent is not there");
            findings.push(stop.into_finding());
        }
        let decision = verdict.decision.as_ref().map_or("", |_| "; the policy was asked");
        let note = format!("{} files{decision}", verdict.files_verified);
        Ok(Ran { findings, ..Ran::done(note) })
    }

    fn tag(&self) -> Result<Ran> {
        let digest = self.digest()?;
        let name = self.remote.name();
        if self.remote.tagged()? == Some(digest) {
            return Ok(Ran::nothing("the tag names this release"));
        }
        let findings = self.remote.tag(digest, self.request.move_tag)?;
        let now = self.remote.tagged()?;
        if now != Some(digest) {
            let names = now.map_or_else(|| "nothing".to_owned(), |now| now.to_string());
            return Err(Problem::new(Code::TagMoved, &name)
                .detail(format!("it names {names}, although it was set to {digest} just now")));
        }
        let note = format!("{name} names {digest}");
        Ok(Ran { made: vec![name], findings, ..Ran::done(note) })
    }

    fn checkout(&self) -> Result<Ran> {
        let rev = self.request.rev.as_deref().ok_or_else(|| not_yet("the revision"))?;
        tree::checkout(&self.request.folder, rev, &self.work)
    }
}

/// A step came before the one it needs.
fn not_yet(what: &str) -> Problem {
    Problem::new(Code::Internal, what).detail("it is not there yet")
}

impl Steps for Release<'_> {
    fn order(&self) -> Vec<Step> {
        let wanted = |step: &Step| match step {
            Step::Checkout => self.request.rev.is_some(),
            Step::Report => false,
            _ => true,
        };
        Step::ALL.into_iter().filter(wanted).collect()
    }

    fn plan(&mut self, step: Step) -> Result<Planned> {
        super::plan::step(step, &self.request, &self.bundle_path(), self.remote)
    }

    fn run(&mut self, step: Step, meter: &Meter) -> Result<Ran> {
        match step {
            Step::Checkout => self.checkout(),
            Step::Check => self.check(),
            Step::Pack => self.pack(meter),
            Step::Target => self.target(),
            Step::Verify => self.verify(meter),
            Step::Sign => self.sign(),
            Step::Attest => self.attest(),
            Step::Push => self.push(meter),
            Step::Reverify => self.reverify(meter),
            Step::Tag => self.tag(),
            Step::Report => Err(not_yet("the report")),
        }
    }

    fn report(&mut self, so_far: &Course) -> Result<Ran> {
        let place = pages::Place {
            name: self.remote.name(),
            bundle: self.bundle_path(),
            who: self.who.as_ref().map(ToString::to_string),
        };
        // Without a signer nobody's signature counts on the page.
        let judge = self.own().unwrap_or_default();
        pages::write(&self.request.pages, &place, judge, self.request.adopter.clone(), so_far)
    }
}
