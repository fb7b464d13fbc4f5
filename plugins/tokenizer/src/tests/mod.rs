//! The plugin as a whole, on releases that are made here.

mod folders;
mod gguf;
mod hostile;
mod make;
mod models;
