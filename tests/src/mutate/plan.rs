//! Which mutations are made: every field in every way first, then at random.

use super::material::{Case, Role};
use super::refit::refitted;
use super::spots::{self, Op, Spot};
use super::swaps::{self, Donors};
use super::{Edit, Mutation, Rng};

/// One field in one way.
#[derive(Debug, Clone)]
pub struct Field {
    case: usize,
    path: String,
    spot: Spot,
    op: Op,
}

/// What a campaign does.
#[derive(Debug)]
pub struct Plan<'a> {
    cases: &'a [Case],
    donors: Donors,
    fields: Vec<Field>,
    spots: Vec<(usize, String, Vec<Spot>)>,
    fixed: Vec<(usize, Mutation)>,
    seed: u64,
    count: usize,
}

impl<'a> Plan<'a> {
    /// A plan of `count` mutations. Two thirds go to the fields: to each in one way first,
    /// then to other ways, in an order that follows from the seed. A third is left to chance.
    pub fn new(cases: &'a [Case], seed: u64, count: usize) -> Self {
        let mut spots = Vec::new();
        for (position, case) in cases.iter().enumerate() {
            for (path, bytes) in &case.files {
                let found = spots::spots(bytes);
                if !found.is_empty() && case.role(path) != Role::Content {
                    spots.push((position, path.clone(), found));
                }
            }
        }
        let mut rng = Rng::new(seed, u64::MAX);
        let (mut once, mut rest) = (Vec::new(), Vec::new());
        for (case, path, found) in &spots {
            for spot in found {
                let mut ops = spots::ops(spot);
                let first = ops.remove(rng.below(ops.len()));
                let field = |op| Field { case: *case, path: path.clone(), spot: spot.clone(), op };
                once.push(field(first));
                rest.extend(ops.into_iter().map(field));
            }
        }
        shuffle(&mut once, &mut rng);
        shuffle(&mut rest, &mut rng);
        once.truncate(count * 2 / 3);
        rest.truncate(count * 2 / 3 - once.len());
        let fields: Vec<Field> = once.into_iter().chain(rest).collect();
        let named = |name: &str| cases.iter().position(|case| case.name == name);
        let later = named("the later of two").expect("the later release");
        let older = named("key").expect("the older release");
        let back = swaps::roll_backs(&cases[later], &cases[older]);
        let fixed = back.into_iter().map(|mutation| (later, mutation)).collect();
        Self { cases, donors: Donors::of(cases), fields, spots, fixed, seed, count }
    }

    /// How many numbers there are for [`Plan::mutation`].
    pub fn len(&self) -> usize {
        self.count.max(self.fixed.len() + self.fields.len())
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of fields, and of fields times ways, that are planned.
    pub fn fields(&self) -> (usize, usize) {
        (self.spots.iter().map(|(.., spots)| spots.len()).sum(), self.fields.len())
    }

    /// The mutation of this number and its case; the same in every run with the same
    /// material.
    pub fn mutation(&self, number: usize) -> (usize, Mutation) {
        let mut rng = Rng::new(self.seed, number as u64);
        if let Some(fixed) = self.fixed.get(number) {
            return fixed.clone();
        }
        if let Some(field) = self.fields.get(number - self.fixed.len())
            && let Some(mutation) = self.field(field, &mut rng)
        {
            return (field.case, mutation);
        }
        // What has no meaning is replaced by another, so that the count stays.
        loop {
            let case = rng.below(self.cases.len());
            if let Some((case, mutation)) = self.random(case, &mut rng) {
                return (case, mutation);
            }
        }
    }

    fn field(&self, field: &Field, rng: &mut Rng) -> Option<Mutation> {
        let case = &self.cases[field.case];
        let bytes = spots::apply(&case.files[&field.path], &field.spot, field.op, rng)?;
        let what = format!("{} {} {:?}", field.path, spots::shown(&field.spot), field.op);
        Some(refitted(field.op.kind(), what, &case.files, &[(field.path.clone(), bytes)]))
    }

    fn random(&self, position: usize, rng: &mut Rng) -> Option<(usize, Mutation)> {
        let case = &self.cases[position];
        match rng.below(10) {
            0..=3 => Some((position, bits(case, rng)?)),
            4 | 5 => Some((position, byte(case, rng)?)),
            6 | 7 => {
                let (position, path, spots) = rng.pick(&self.spots);
                let spot = rng.pick(spots).clone();
                let op = *rng.pick(&spots::ops(&spot));
                let field = Field { case: *position, path: path.clone(), spot, op };
                Some((*position, self.field(&field, rng)?))
            }
            _ => {
                let op = *rng.pick(&swaps::OPS);
                Some((position, swaps::mutate(case, &self.donors, op, rng)?))
            }
        }
    }
}

fn shuffle<T>(all: &mut [T], rng: &mut Rng) {
    for at in (1..all.len()).rev() {
        all.swap(at, rng.below(at + 1));
    }
}

/// A byte of all files of a case: the file, and the place in it.
fn place(case: &Case, rng: &mut Rng) -> (String, usize) {
    // Half of the time every byte is as likely as any other, half of the time every file: the
    // weights would otherwise be all that is looked at.
    if rng.below(2) == 0 {
        let filled: Vec<&String> =
            case.files.iter().filter(|(_, bytes)| !bytes.is_empty()).map(|(p, _)| p).collect();
        let path = (*rng.pick(&filled)).clone();
        let at = rng.below(case.files[&path].len());
        return (path, at);
    }
    let mut at = rng.below(case.files.values().map(Vec::len).sum());
    for (path, bytes) in &case.files {
        if at < bytes.len() {
            return (path.clone(), at);
        }
        at -= bytes.len();
    }
    unreachable!("the place is below the sum")
}

fn bits(case: &Case, rng: &mut Rng) -> Option<Mutation> {
    let (path, at) = place(case, rng);
    let bit = rng.below(8);
    let mut bytes = case.files[&path].clone();
    bytes[at] ^= 1 << bit;
    let what = format!("{path} byte {at} bit {bit}");
    Some(written(case, ["bit", "bit, digests made to fit"], what, path, bytes, rng))
}

fn byte(case: &Case, rng: &mut Rng) -> Option<Mutation> {
    let (path, at) = place(case, rng);
    let mut bytes = case.files[&path].clone();
    let what = match rng.below(6) {
        0 => {
            bytes[at] = *rng.pick(&[0, b' ', b'"', b'0', 0xff, b'\n', b'{']);
            "set"
        }
        1 => {
            bytes.remove(at);
            "removed"
        }
        2 => {
            bytes.insert(at, rng.below(256) as u8);
            "inserted"
        }
        3 => {
            bytes.truncate(at);
            "and all after it cut off"
        }
        4 => {
            bytes.push(*rng.pick(&[0, b' ', b'\n', b'}', b'x']));
            "appended"
        }
        _ => {
            let end = (at + 1 + rng.below(64)).min(bytes.len());
            bytes[at..end].fill(0);
            "and some after it zero"
        }
    };
    if bytes == case.files[&path] {
        return None;
    }
    let what = format!("{path} byte {at} {what}");
    Some(written(case, ["byte", "byte, digests made to fit"], what, path, bytes, rng))
}

fn written(
    case: &Case,
    kinds: [&'static str; 2],
    what: String,
    path: String,
    bytes: Vec<u8>,
    rng: &mut Rng,
) -> Mutation {
    if rng.below(2) == 0 {
        return refitted(kinds[1], what, &case.files, &[(path, bytes)]);
    }
    Mutation::new(kinds[0], what, vec![Edit::Write(path, bytes)])
}
