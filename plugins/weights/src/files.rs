//! Which files of the release hold weights, and what their headers say.

use std::io::{BufReader, Read as _};

use pkg_formats::{Window, gguf, safetensors};
use pkg_plugin_sdk::File;

use crate::dtype::Dtype;
use pkg_plugin_sdk::section::{Section, quoted};

/// Most memory that the headers of all files together may take, in bytes, roughly.
const MAX_HEADERS: usize = 1 << 30;
/// What one tensor takes besides its name, in bytes, roughly.
const TENSOR_COST: usize = 160;

/// A weight format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    /// safetensors.
    Safetensors,
    /// GGUF.
    Gguf,
}

/// A weight file whose header could be read.
#[derive(Debug)]
pub(crate) struct WeightFile<'a> {
    /// The file.
    pub(crate) file: &'a File,
    /// Its format.
    pub(crate) format: Format,
    /// Its tensors, in the order of the header's list.
    pub(crate) tensors: Vec<Tensor>,
    /// Metadata of a GGUF file; its own list of tensors is empty.
    pub(crate) gguf: Option<gguf::Header>,
    /// Whether tensors share bytes; values are not looked at then.
    pub(crate) overlaps: bool,
}

/// A tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tensor {
    /// Its name.
    pub(crate) name: String,
    /// Its element type.
    pub(crate) dtype: Dtype,
    /// Its shape, outermost dimension first.
    pub(crate) shape: Vec<u64>,
    /// Its first byte in the file.
    pub(crate) start: u64,
    /// Its bytes.
    pub(crate) bytes: u64,
}

impl Tensor {
    /// Number of its elements; readers of headers refuse those that overflow.
    pub(crate) fn elements(&self) -> u64 {
        self.shape.iter().fold(1, |product, length| product.saturating_mul(*length))
    }
}

impl WeightFile<'_> {
    /// Path of the file in the release.
    pub(crate) fn path(&self) -> &str {
        &self.file.path
    }

    /// Folder of the file in the release, without a slash at its end.
    pub(crate) fn folder(&self) -> &str {
        folder(&self.file.path)
    }
}

/// Folder of a path, without a slash at its end.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The weight files among the files of a release.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    /// Those whose headers were read.
    pub(crate) files: Vec<WeightFile<'a>>,
    /// Files that are weights of a known format, whether their headers could be read or not.
    pub(crate) known: usize,
    /// Files that the release calls weights, of formats that are not read here.
    pub(crate) foreign: usize,
}

/// Reads the headers of all weight files.
pub(crate) fn find<'a>(files: &'a [File], section: &mut Section) -> Found<'a> {
    let mut found = Found::default();
    let mut cost = 0_usize;
    for file in files {
        let (format, sure) = match recognise(file) {
            Ok(Some(recognised)) => recognised,
            Ok(None) => {
                found.foreign += usize::from(file.is_weights());
                continue;
            }
            Err(error) if file.is_weights() => {
                found.known += 1;
                section.error("file-unreadable", &file.path, format!("cannot be read: {error}"));
                continue;
            }
            Err(_) => continue,
        };
        if cost > MAX_HEADERS {
            found.known += 1;
            section.error(
                "too-many-tensors",
                &file.path,
                "not looked at: the headers before it take more than 1 GiB of memory",
            );
            continue;
        }
        match read(file, format) {
            Ok(weights) => {
                cost += weights.tensors.iter().map(|t| t.name.len() + TENSOR_COST).sum::<usize>();
                found.known += 1;
                found.files.push(weights);
            }
            Err(_) if !sure => {}
            Err(reason) => {
                found.known += 1;
                let code = match format {
                    Format::Safetensors => "safetensors-header",
                    Format::Gguf => "gguf-header",
                };
                section.error(code, &file.path, reason);
            }
        }
    }
    found
}

/// The format of a file, and whether it is beyond doubt; none if it is neither.
fn recognise(file: &File) -> std::io::Result<Option<(Format, bool)>> {
    let named = |suffix: &str| {
        let name = file.name();
        name.len() >= suffix.len()
            && name.as_bytes()[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes())
    };
    let mut head = Vec::new();
    file.open()?.take(9).read_to_end(&mut head)?;
    if head.starts_with(gguf::MAGIC) || named(".gguf") {
        return Ok(Some((Format::Gguf, true)));
    }
    if named(".safetensors") {
        return Ok(Some((Format::Safetensors, true)));
    }
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return Ok(None) };
    let length = u64::from_le_bytes(*length);
    let fits = (2..=safetensors::MAX_HEADER.min(file.bytes.saturating_sub(8))).contains(&length);
    let like = fits && rest == b"{";
    Ok(like.then_some((Format::Safetensors, file.is_weights())))
}

fn read(file: &File, format: Format) -> Result<WeightFile<'_>, String> {
    let weights = match format {
        Format::Safetensors => read_safetensors(file)?,
        Format::Gguf => read_gguf(file)?,
    };
    Ok(weights)
}

fn read_safetensors(file: &File) -> Result<WeightFile<'_>, String> {
    let opened = |error: std::io::Error| format!("cannot be read: {error}");
    let mut length = [0; 8];
    // A file that is too short is named by the reader of headers.
    let _ = file.open().map_err(opened)?.read_exact(&mut length);
    let header = safetensors::parse(&mut file.open().map_err(opened)?, file.bytes)?;
    let data = u64::from_le_bytes(length).saturating_add(8);
    let tensors = header.tensors.into_iter().map(|tensor| Tensor {
        dtype: Dtype::safetensors(&tensor.dtype),
        name: tensor.name,
        shape: tensor.shape,
        start: data.saturating_add(tensor.offsets.0),
        bytes: tensor.offsets.1 - tensor.offsets.0,
    });
    let tensors = tensors.collect();
    Ok(WeightFile { file, format: Format::Safetensors, tensors, gguf: None, overlaps: false })
}

/// A reader of a GGUF file that counts from the first byte of the file.
pub(crate) fn window(file: &File) -> std::io::Result<BufReader<Window<std::fs::File>>> {
    let opened = std::fs::File::open(&file.disk)?;
    Ok(BufReader::with_capacity(256 << 10, Window::new(opened, file.offset, file.bytes)?))
}

fn read_gguf(file: &File) -> Result<WeightFile<'_>, String> {
    let input = window(file).map_err(|error| format!("cannot be read: {error}"))?;
    let mut header = gguf::parse(input, file.bytes)?;
    let list = std::mem::take(&mut header.list);
    let tensors = list.into_iter().map(|tensor| Tensor {
        dtype: Dtype::gguf(&tensor.dtype),
        name: tensor.name,
        shape: tensor.shape.into_iter().rev().collect(),
        start: header.data_start.saturating_add(tensor.offset),
        bytes: tensor.bytes,
    });
    let tensors = tensors.collect();
    Ok(WeightFile { file, format: Format::Gguf, tensors, gguf: Some(header), overlaps: false })
}

/// Shape and name of a tensor, for people.
pub(crate) fn told(tensor: &Tensor) -> String {
    format!("tensor {} of shape {:?}", quoted(&tensor.name), tensor.shape)
}
