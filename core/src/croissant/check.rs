//! The rules, as `mlcroissant` 1.1.1 has them.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use super::Version;
use super::names::{CR, Members, Names, SC, list, references};
use super::rules::{
    DATA_TYPES, DATASET, EXTRACT, FIELD, FILE, FILE_SET, Property, RECORD_SET, Sort, TRANSFORM,
    is_date,
};

/// Pairs of sources without a join that are told of one record set.
const MAX_PAIRS: usize = 16;

/// Fields that are followed from one to the one it comes from.
const MAX_STEPS: usize = 64;

struct Checker<'a> {
    names: &'a Names,
    version: Version,
    errors: &'a mut Vec<String>,
}

/// A field, as other fields refer to it.
struct Field<'a> {
    members: Members<'a>,
    record_set: String,
    id: String,
}

/// Checks a document.
pub(super) fn check(
    document: &Value,
    names: &Names,
    root: &Members<'_>,
    version: Version,
    errors: &mut Vec<String>,
) {
    let mut checker = Checker { names, version, errors };
    checker.ids(document);
    checker.properties(root, DATASET, "the data set");
    if version == Version::V08 && root.get(SC, "name").is_none() {
        checker.error("`name` is mandatory".to_owned());
    }
    for (key, types) in
        [("creator", ["Organization", "Person"]), ("publisher", ["Organization", "Person"])]
    {
        for one in list(root.get(SC, key)) {
            let of_type = one.as_object().map(|it| names.members(it));
            let fits = of_type.is_some_and(|it| types.iter().any(|name| it.is(SC, name)));
            if !fits {
                checker.error(format!("`{key}` is neither an Organization nor a Person"));
            }
        }
    }
    let mut nodes: HashSet<String> = HashSet::new();
    let mut files: HashSet<String> = HashSet::new();
    let live = root.get(CR, "isLiveDataset").is_some_and(|it| *it != Value::Bool(false));
    let distribution: Vec<&Value> = list(root.get(SC, "distribution")).collect();
    for one in &distribution {
        if let Some(id) = checker.distribution(one, live) {
            checker.unique(&mut nodes, &id);
            files.insert(id);
        }
    }
    for one in &distribution {
        let Some(object) = one.as_object() else { continue };
        let members = names.members(object);
        let within = members.get(SC, "containedIn").or_else(|| members.get(CR, "containedIn"));
        for inner in list(within) {
            let target = checker.target_of(inner).unwrap_or_default();
            if !target.is_empty() && !files.contains(&target) {
                checker.error(format!("{target:?} is referred to, and is not there"));
            }
        }
    }
    checker.record_sets(root, &mut nodes, &files);
}

impl<'a> Checker<'a> {
    fn error(&mut self, what: String) {
        self.errors.push(what);
    }

    fn unique(&mut self, nodes: &mut HashSet<String>, id: &str) {
        if !nodes.insert(id.to_owned()) {
            self.error(format!("the id {id:?} is used twice"));
        }
    }

    /// Ids have no white space, wherever they are.
    fn ids(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, inner) in members {
                    if let (true, Some(id)) = (key == "@id", inner.as_str())
                        && id.contains(char::is_whitespace)
                    {
                        self.error(format!("the id {id:?} has white space in it"));
                    }
                    self.ids(inner);
                }
            }
            Value::Array(list) => {
                for inner in list {
                    self.ids(inner);
                }
            }
            _ => {}
        }
    }

    fn properties(&mut self, members: &Members<'_>, properties: &[Property], of: &str) {
        for (space, name, sort, many) in properties {
            let Some(value) = members.get(space, name) else { continue };
            // A list in place of one value is passed over; its first counts.
            let values: Vec<&Value> = match (value, many) {
                (Value::Array(list), false) => list.iter().take(1).collect(),
                _ => list(Some(value)).collect(),
            };
            for value in values {
                if let Err(expected) = self.fits(value, *sort) {
                    self.error(format!("`{name}` of {of} must be {expected}"));
                }
            }
        }
    }

    fn fits(&self, value: &Value, sort: Sort) -> Result<(), &'static str> {
        // Values with a type or a language carry the value itself.
        let plain = value.get("@value").unwrap_or(value);
        // A reference is its address.
        let reference = value.get("@id").and_then(Value::as_str);
        let fits = match sort {
            Sort::Text => plain.is_string() || reference.is_some(),
            Sort::Boolean => plain.is_boolean(),
            Sort::Integer => plain.is_i64() || plain.is_u64(),
            Sort::Version => plain.is_string() || plain.is_number(),
            Sort::Date => plain.as_str().is_some_and(is_date),
            Sort::Tagged => {
                plain.is_string() || (value.is_object() && self.version == Version::V11)
            }
        };
        let expected = match sort {
            Sort::Text | Sort::Tagged => "a text",
            Sort::Boolean => "true or false",
            Sort::Integer => "a whole number",
            Sort::Version => "a text or a number",
            Sort::Date => "a date by ISO 8601",
        };
        if fits { Ok(()) } else { Err(expected) }
    }

    /// A file or set of files; its id.
    fn distribution(&mut self, value: &Value, live: bool) -> Option<String> {
        let Some(object) = value.as_object() else {
            self.error("an entry of `distribution` is no object".to_owned());
            return None;
        };
        let members = self.names.members(object);
        let id = self.id_of(&members, "a file of `distribution`");
        let named = format!("{:?}", id.as_deref().unwrap_or_default());
        let is_file = members.is(CR, "FileObject") || members.is(SC, "FileObject");
        let is_set = members.is(CR, "FileSet") || members.is(SC, "FileSet");
        if !is_file && !is_set {
            self.error(format!("{named} is neither a cr:FileObject nor a cr:FileSet"));
            return id;
        }
        self.properties(&members, if is_file { FILE } else { FILE_SET }, &named);
        if members.get(SC, "encodingFormat").is_none() {
            self.error(format!("{named} has no `encodingFormat`"));
        }
        if is_set {
            if members.get(CR, "includes").is_none() {
                self.error(format!("{named} has no `includes`"));
            }
            return id;
        }
        let within = members.get(SC, "containedIn").or_else(|| members.get(CR, "containedIn"));
        if within.is_none() {
            if members.get(SC, "contentUrl").is_none() {
                self.error(format!("{named} has no `contentUrl`"));
            }
            let digests = [(SC, "sha256"), (CR, "md5"), (SC, "md5")];
            let digest = digests.iter().any(|(space, name)| members.get(space, name).is_some());
            if !live && !digest {
                self.error(format!("{named} has neither `sha256` nor `md5`"));
            }
        }
        id
    }

    fn id_of(&mut self, members: &Members<'_>, of: &str) -> Option<String> {
        let named = match self.version {
            Version::V08 => members.get(SC, "name").and_then(Value::as_str),
            _ => members.id,
        };
        if named.is_none() && self.version == Version::V08 {
            self.error(format!("{of} has no name"));
        }
        named.map(str::to_owned)
    }

    fn record_sets(
        &mut self,
        root: &Members<'a>,
        nodes: &mut HashSet<String>,
        files: &HashSet<String>,
    ) {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut sets: Vec<(String, Members<'a>)> = Vec::new();
        for value in list(root.get(CR, "recordSet")) {
            let Some(object) = value.as_object() else {
                self.error("an entry of `recordSet` is no object".to_owned());
                continue;
            };
            let members = self.names.members(object);
            let id = self.id_of(&members, "a record set").unwrap_or_default();
            if !members.is(CR, "RecordSet") {
                self.error(format!("{id:?} is no cr:RecordSet"));
            }
            self.properties(&members, RECORD_SET, &format!("{id:?}"));
            if !id.is_empty() {
                self.unique(nodes, &id);
            }
            let first = fields.len();
            for field in list(members.get(CR, "field")) {
                self.field(field, &id, &mut fields, nodes);
            }
            self.data(&members, &id, &fields[first..]);
            sets.push((id, members));
        }
        self.sources(&sets, &fields, files);
    }

    /// Where the fields of record sets come from.
    fn sources(
        &mut self,
        sets: &[(String, Members<'a>)],
        fields: &[Field<'a>],
        files: &HashSet<String>,
    ) {
        let known: HashMap<&str, &Field<'_>> =
            fields.iter().map(|field| (field.id.as_str(), field)).collect();
        let names: HashSet<&str> = sets.iter().map(|(set, _)| set.as_str()).collect();
        let exists = |id: &str| files.contains(id) || known.contains_key(id) || names.contains(id);
        let mut by_set: HashMap<&str, Vec<&Field<'_>>> = HashMap::new();
        for field in fields {
            by_set.entry(&field.record_set).or_default().push(field);
        }
        let mut errors = Vec::new();
        for (set, members) in sets {
            // Of two sets of one name, which is an error, the first has all.
            let own = by_set.remove(set.as_str()).unwrap_or_default();
            let mut sourced = false;
            let mut parents: BTreeSet<String> = BTreeSet::new();
            let mut joins: HashSet<(String, String)> = HashSet::new();
            let parent =
                |id: &str| known.get(id).map_or_else(|| id.to_owned(), |it| it.record_set.clone());
            for field in &own {
                let source = field.members.get(CR, "source").and_then(|it| self.target_of(it));
                let refers = field.members.get(CR, "references").and_then(|it| self.target_of(it));
                for target in [&source, &refers].into_iter().flatten() {
                    if !exists(target) {
                        errors.push(format!(
                            "{:?} refers to {target:?}, which is not there",
                            field.id
                        ));
                    }
                }
                if let Some(source) = source.filter(|it| exists(it)) {
                    sourced = true;
                    if let Some(refers) = &refers {
                        joins.insert((parent(&source), parent(refers)));
                        joins.insert((parent(refers), parent(&source)));
                    }
                    parents.insert(parent(&source));
                }
                if let Some(error) = self.data_type(field, &known) {
                    errors.push(error);
                }
            }
            if !sourced && members.get(CR, "data").is_none() {
                for field in &own {
                    let has = |name: &str| field.members.get(CR, name).is_some();
                    if !has("source")
                        && !has("subField")
                        && field.members.get(SC, "value").is_none()
                    {
                        errors.push(format!("{:?} has neither `source` nor `value`", field.id));
                    }
                }
            }
            // Among many there are too many pairs to tell all of them.
            let all: Vec<&String> = parents.iter().collect();
            let pairs = all.iter().enumerate().flat_map(|(index, one)| {
                all[index + 1..].iter().map(move |other| ((*one).clone(), (*other).clone()))
            });
            for (one, other) in pairs.filter(|pair| !joins.contains(pair)).take(MAX_PAIRS) {
                errors.push(format!(
                    "{set:?} takes from {one:?} and {other:?}, and no `references` joins them"
                ));
            }
        }
        self.errors.append(&mut errors);
    }

    fn field(
        &mut self,
        value: &'a Value,
        set: &str,
        fields: &mut Vec<Field<'a>>,
        nodes: &mut HashSet<String>,
    ) {
        let Some(object) = value.as_object() else {
            self.error(format!("a field of {set:?} is no object"));
            return;
        };
        let members = self.names.members(object);
        let id = match (self.version, self.id_of(&members, "a field")) {
            (Version::V08, Some(name)) => format!("{set}/{name}"),
            (_, id) => id.unwrap_or_default(),
        };
        let named = format!("{id:?}");
        if !members.is(CR, "Field") {
            self.error(format!("{named} is no cr:Field"));
        }
        self.properties(&members, FIELD, &named);
        if members.get(SC, "value").is_some() && members.get(CR, "source").is_some() {
            self.error(format!("{named} has both `source` and `value`"));
        }
        let array = members.get(CR, "isArray") == Some(&Value::Bool(true));
        if let Some(shape) = members.get(CR, "arrayShape").and_then(Value::as_str) {
            if !array {
                self.error(format!("{named} has `arrayShape` and is no array"));
            }
            if shape.split(',').any(|part| part.trim().parse::<i64>().is_err()) {
                self.error(format!("`arrayShape` of {named} is no list of numbers"));
            }
        }
        for key in ["source", "references"] {
            for source in list(members.get(CR, key)) {
                self.source(source, &named);
            }
        }
        for inner in list(members.get(CR, "subField")) {
            let mut below = Vec::new();
            self.field(inner, set, &mut below, nodes);
        }
        if !id.is_empty() {
            self.unique(nodes, &id);
        }
        fields.push(Field { members, record_set: set.to_owned(), id });
    }

    fn source(&mut self, value: &Value, of: &str) {
        let Some(object) = value.as_object() else {
            self.error(format!("`source` of {of} is no object"));
            return;
        };
        let members = self.names.members(object);
        let named = [(CR, "field"), (CR, "fileObject"), (CR, "fileSet"), (SC, "distribution")];
        let count = named.iter().filter(|(space, name)| members.get(space, name).is_some()).count();
        if count != 1 && members.id.is_none() {
            self.error(format!(
                "`source` of {of} names {count} of field, fileObject and fileSet, not one"
            ));
        }
        if let Some(extract) = members.get(CR, "extract").and_then(Value::as_object) {
            let extract = self.names.members(extract);
            self.properties(&extract, EXTRACT, "`extract`");
            let given =
                EXTRACT.iter().filter(|(space, name, ..)| extract.get(space, name).is_some());
            if given.count() != 1 {
                self.error(format!(
                    "`extract` of {of} names not exactly one of column, fileProperty and jsonPath"
                ));
            }
        }
        for transform in list(members.get(CR, "transform")) {
            self.transform(transform, of);
        }
    }

    fn transform(&mut self, value: &Value, of: &str) {
        let empty = Map::new();
        let members = self.names.members(value.as_object().unwrap_or(&empty));
        self.properties(&members, TRANSFORM, "`transform`");
        if !TRANSFORM.iter().any(|(space, name, ..)| members.get(space, name).is_some()) {
            self.error(format!("`transform` of {of} names no transformation"));
        }
    }

    /// The node that a source or a reference leads to.
    fn target_of(&self, value: &Value) -> Option<String> {
        let Some(object) = value.as_object() else { return value.as_str().map(str::to_owned) };
        let members = self.names.members(object);
        for (space, name) in [
            (CR, "field"),
            (CR, "fileObject"),
            (CR, "fileSet"),
            (CR, "recordSet"),
            (SC, "distribution"),
        ] {
            if let Some(id) = references(members.get(space, name)).first() {
                return Some((*id).to_owned());
            }
        }
        members.id.map(str::to_owned)
    }

    /// What is wrong with the data type of a field: it has one, or the field it comes
    /// from has.
    fn data_type(&self, field: &Field<'_>, known: &HashMap<&str, &Field<'_>>) -> Option<String> {
        let mut at = field;
        for _ in 0..MAX_STEPS {
            if at.members.get(CR, "subField").is_some() {
                return None;
            }
            let types = references(at.members.get(CR, "dataType"));
            let valid = types.iter().map(|name| self.names.full(name)).any(|name| {
                DATA_TYPES.iter().any(|(space, all)| {
                    name.strip_prefix(space).is_some_and(|rest| all.contains(&rest))
                })
            });
            if valid {
                return None;
            }
            let source = at.members.get(CR, "source").and_then(|it| self.target_of(it));
            match source.and_then(|id| known.get(id.as_str()).copied()) {
                Some(next) => at = next,
                None => break,
            }
        }
        Some(format!(
            "{:?} has no `dataType` that is known, and neither has what it comes from",
            field.id
        ))
    }

    /// Records in the description have the columns of the set, which are `fields`.
    fn data(&mut self, set: &Members<'_>, id: &str, fields: &[Field<'_>]) {
        let Some(data) = set.get(CR, "data") else { return };
        let expected: HashSet<&str> = fields
            .iter()
            .map(|field| match self.version {
                Version::V08 => field.id.rsplit('/').next().unwrap_or_default(),
                _ => field.id.as_str(),
            })
            .collect();
        let mut wrong = Vec::new();
        for (line, record) in list(Some(data)).enumerate() {
            let Some(record) = record.as_object() else {
                wrong.push(format!("line {line} of the data of {id:?} is no object"));
                continue;
            };
            let keys: HashSet<&str> = record.keys().map(String::as_str).collect();
            if keys != expected {
                wrong.push(format!(
                    "line {line} of the data of {id:?} has other columns than its fields"
                ));
            }
        }
        self.errors.append(&mut wrong);
    }
}
