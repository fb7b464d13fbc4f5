//! What is open about a release, by whose definition, and on which grounds.

pub mod adopter;
pub mod claims;
pub mod definitions;
pub mod inherit;
pub mod mof;
pub mod page;
pub mod report;
pub mod subject;
pub mod terms;
