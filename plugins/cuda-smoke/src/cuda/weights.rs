//! Weights on the device.

use std::time::Instant;

use pkg_plugin_sdk::File;

use super::driver::{DeviceBuffer, Event, HostBuffer};
use super::ops::Ops;
use crate::engine::{EngineError, LoadTimes, Result};
use crate::model::{self, Model, Tensor};
use crate::quant::WeightType;
use crate::source;

/// Bytes of each of the two buffers that files pass through.
const STAGE: usize = 16 << 20;
/// Tensors begin at a multiple of so many bytes: kernels read as many at once.
const ALIGNMENT: u64 = 16;
/// The driver aligns memory to so many bytes.
const BASE: u64 = 256;
/// Most rows or columns of a matrix: kernels count in 32 bits.
const MOST: usize = 1 << 30;

/// A matrix on the device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix {
    /// Where it begins; a multiple of 16.
    pub(super) address: u64,
    pub(super) kind: WeightType,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// A matrix, and what is added to its product: f32 values on the device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linear {
    pub(super) matrix: Matrix,
    pub(super) bias: Option<u64>,
}

/// The files of a model on the device, and values made of them.
#[derive(Debug)]
pub(super) struct Weights {
    /// Each file, and how far its first byte is from the beginning of its memory.
    files: Vec<(DeviceBuffer, u64)>,
    /// Tensors that were moved or widened.
    others: Vec<DeviceBuffer>,
    /// An index 0.
    zero: DeviceBuffer,
}

impl Weights {
    /// Copies each file to the device in one pass, and checks its digest on the way.
    pub(super) fn load(model: &Model, ops: &Ops, times: &mut LoadTimes) -> Result<Self> {
        let zero = DeviceBuffer::words(ops.context(), 4)?;
        zero.write(&ops.stream, 0, &[0; 16])?;
        let tensors = model.network.tensors();
        let mut stages = [Stage::new(ops)?, Stage::new(ops)?];
        let mut files = Vec::with_capacity(model.files.len());
        for (index, file) in model.files.iter().enumerate() {
            // Where data of tensors begins, memory is aligned as the driver gives it.
            let first = tensors.iter().filter(|tensor| tensor.file == index);
            let first = first.map(|tensor| tensor.offset).min().unwrap_or(0);
            let shift = (BASE - first % BASE) % BASE;
            files.push((upload(file, shift, ops, &mut stages, times)?, shift));
        }
        Ok(Self { files, others: Vec::new(), zero })
    }

    /// Where the tensor lies, once it is found to lie where it says.
    fn place(&self, tensor: &Tensor) -> Result<u64> {
        let (values, _) = tensor.kind.block();
        let wrong = |text: &str| EngineError::Failed(format!("tensor {}: {text}", tensor.name));
        if tensor.rows == 0 || tensor.columns == 0 || !tensor.columns.is_multiple_of(values) {
            return Err(wrong("its shape does not fit its type"));
        }
        if tensor.rows > MOST || tensor.columns > MOST {
            return Err(wrong("it has more rows or columns than the kernels can count"));
        }
        let bytes = (tensor.kind.row_bytes(tensor.columns) as u64).checked_mul(tensor.rows as u64);
        if bytes != Some(tensor.bytes) {
            return Err(wrong("its bytes do not fit its shape"));
        }
        let (buffer, shift) =
            self.files.get(tensor.file).ok_or_else(|| wrong("its file is not there"))?;
        let start = shift.checked_add(tensor.offset).and_then(|start| usize::try_from(start).ok());
        let length = usize::try_from(tensor.bytes).ok();
        let (Some(start), Some(length)) = (start, length) else {
            return Err(wrong("it does not lie in its file"));
        };
        buffer.part(start, length)
    }

    /// A matrix, moved if it does not begin at a multiple of 16 bytes.
    pub(super) fn matrix(&mut self, ops: &Ops, tensor: &Tensor) -> Result<Matrix> {
        let mut address = self.place(tensor)?;
        if !address.is_multiple_of(ALIGNMENT) {
            let length = usize::try_from(tensor.bytes)
                .map_err(|error| EngineError::Failed(error.to_string()))?;
            let moved = DeviceBuffer::new(ops.context(), length)?;
            moved.copy_from(&ops.stream, 0, address, length)?;
            address = moved.address();
            self.others.push(moved);
        }
        let Tensor { kind, rows, columns, .. } = *tensor;
        Ok(Matrix { address, kind, rows, columns })
    }

    /// The first row of a tensor as f32 values, which must be so many.
    pub(super) fn vector(&mut self, ops: &Ops, tensor: &Tensor, length: usize) -> Result<u64> {
        if tensor.columns != length {
            return Err(EngineError::Failed(format!(
                "tensor {} has rows of {} values, not {length}",
                tensor.name, tensor.columns
            )));
        }
        let matrix = self.matrix(ops, tensor)?;
        if matrix.kind == WeightType::F32 {
            return Ok(matrix.address);
        }
        let wide = DeviceBuffer::words(ops.context(), length)?;
        ops.embed(&matrix, self.zero.address(), wide.address(), 1, false)?;
        let address = wide.address();
        self.others.push(wide);
        Ok(address)
    }

    /// A matrix of this shape, with its bias.
    pub(super) fn linear(
        &mut self,
        ops: &Ops,
        linear: &model::Linear,
        (rows, columns): (usize, usize),
    ) -> Result<Linear> {
        let matrix = self.shaped(ops, &linear.weight, columns)?;
        if matrix.rows != rows {
            let (name, is) = (&linear.weight.name, matrix.rows);
            return Err(EngineError::Failed(format!("tensor {name} has {is} rows, not {rows}")));
        }
        let bias = linear.bias.as_ref().map(|bias| self.vector(ops, bias, rows)).transpose()?;
        Ok(Linear { matrix, bias })
    }

    /// A matrix with rows of this length.
    pub(super) fn shaped(&mut self, ops: &Ops, tensor: &Tensor, columns: usize) -> Result<Matrix> {
        if tensor.columns != columns {
            return Err(EngineError::Failed(format!(
                "tensor {} has rows of {} values, not {columns}",
                tensor.name, tensor.columns
            )));
        }
        self.matrix(ops, tensor)
    }
}

/// A buffer of the host that a file passes through, and when its copies began and ended.
#[derive(Debug)]
struct Stage {
    host: HostBuffer,
    began: Event,
    ended: Event,
    used: bool,
}

impl Stage {
    fn new(ops: &Ops) -> Result<Self> {
        let context = ops.context();
        let host = HostBuffer::new(context, STAGE)?;
        Ok(Self { host, began: Event::new(context)?, ended: Event::new(context)?, used: false })
    }

    /// Waits for its last copy; seconds that it took.
    fn finish(&mut self) -> Result<f64> {
        if !std::mem::take(&mut self.used) {
            return Ok(0.0);
        }
        self.ended.synchronize()?;
        self.ended.seconds_since(&self.began)
    }

    fn send(&mut self, ops: &Ops, chunk: &[u8], to: &DeviceBuffer, offset: usize) -> Result<()> {
        let room = self.host.bytes_mut()?.get_mut(..chunk.len());
        let room = room.ok_or_else(|| EngineError::Failed("a chunk is too long".to_owned()))?;
        room.copy_from_slice(chunk);
        self.began.record(&ops.stream)?;
        self.host.upload(&ops.stream, to, offset, chunk.len())?;
        self.ended.record(&ops.stream)?;
        self.used = true;
        Ok(())
    }
}

/// A file on the device, `shift` bytes behind the beginning of the memory.
fn upload(
    file: &File,
    shift: u64,
    ops: &Ops,
    stages: &mut [Stage; 2],
    times: &mut LoadTimes,
) -> Result<DeviceBuffer> {
    let wrong = |text: String| EngineError::Failed(format!("{}: {text}", file.path));
    let there = std::fs::metadata(&file.disk).map_err(|error| wrong(error.to_string()))?.len();
    if file.offset.checked_add(file.bytes).is_none_or(|end| end > there) {
        let (bytes, offset) = (file.bytes, file.offset);
        return Err(wrong(format!(
            "it should have {bytes} bytes from byte {offset}, but its file has {there}"
        )));
    }
    let size = file.bytes.checked_add(shift).and_then(|size| usize::try_from(size).ok());
    let size = size.ok_or_else(|| wrong("it is too long".to_owned()))?;
    let buffer = DeviceBuffer::new(ops.context(), size)?;
    let (start, mut waited, mut copy) = (Instant::now(), 0.0, 0.0);
    let mut turn = 0;
    source::stream(file, |offset, bytes| {
        let enter = Instant::now();
        let mut at = usize::try_from(offset + shift).map_err(|error| wrong(error.to_string()))?;
        for chunk in bytes.chunks(STAGE) {
            let stage = &mut stages[turn];
            turn = 1 - turn;
            copy += stage.finish()?;
            stage.send(ops, chunk, &buffer, at)?;
            at += chunk.len();
        }
        waited += enter.elapsed().as_secs_f64();
        Ok(())
    })?;
    times.read_and_hash += start.elapsed().as_secs_f64() - waited;
    for stage in stages {
        copy += stage.finish()?;
    }
    times.copy += copy;
    times.bytes += file.bytes;
    Ok(buffer)
}
