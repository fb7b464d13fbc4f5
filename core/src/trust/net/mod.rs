//! What talks to the services of a Sigstore instance. The only place in this
//! crate that opens sockets; nothing here runs unless it was asked for.

pub mod keyless;
