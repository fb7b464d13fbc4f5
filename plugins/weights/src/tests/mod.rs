//! The plugin as a whole, on releases that are made here.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::float_cmp)]

mod gguf;
mod hostile;
mod make;
mod models;
mod safetensors;
