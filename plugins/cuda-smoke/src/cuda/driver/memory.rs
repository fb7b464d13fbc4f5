//! Memory of the device, memory of the host that the device reaches, and copies.

use std::ffi::c_void;

use super::{Context, Event, Stream};
use crate::engine::{EngineError, Result};

/// Memory of the device. What is in it when it is new is not known.
///
/// The driver aligns its beginning to 256 bytes.
#[derive(Debug)]
pub struct DeviceBuffer {
    context: Context,
    address: u64,
    bytes: usize,
}

impl DeviceBuffer {
    /// So many bytes; at least one.
    pub fn new(context: &Context, bytes: usize) -> Result<Self> {
        let mut address = 0_u64;
        let bytes = bytes.max(1);
        // SAFETY: the driver writes one address; the context is that of this thread.
        let code = unsafe { (context.driver().api().mem_alloc)(&raw mut address, bytes) };
        context.driver().check("cuMemAlloc", code).map_err(|error| {
            let free = context.memory().map_or(0, |(free, _)| free);
            EngineError::Failed(format!(
                "{bytes} bytes of device memory are needed, {free} are free: {error}"
            ))
        })?;
        Ok(Self { context: context.clone(), address, bytes })
    }

    /// Room for so many values of four bytes.
    pub fn words(context: &Context, count: usize) -> Result<Self> {
        Self::new(context, bytes_of(count)?)
    }

    /// Its address on the device.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// Number of its bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Address of a part of it, which must lie in it.
    pub fn part(&self, offset: usize, bytes: usize) -> Result<u64> {
        if inside(offset, bytes, self.bytes) {
            return Ok(self.address + offset as u64);
        }
        Err(EngineError::Failed(format!(
            "{bytes} bytes at {offset} do not lie in device memory of {} bytes",
            self.bytes
        )))
    }

    /// Copies from the host, and waits for it.
    pub fn write(&self, stream: &Stream, offset: usize, from: &[u8]) -> Result<()> {
        let to = self.part(offset, from.len())?;
        if from.is_empty() {
            return Ok(());
        }
        let (api, source) = (self.context.driver().api(), from.as_ptr().cast::<c_void>());
        // SAFETY: both sides hold so many bytes, and the source is borrowed until the
        // stream has done the copy.
        let code = unsafe { (api.memcpy_htod_async)(to, source, from.len(), stream.handle()) };
        self.context.driver().check("cuMemcpyHtoD", code)?;
        stream.synchronize()
    }

    /// Copies to the host, and waits for it.
    pub fn read(&self, stream: &Stream, offset: usize, to: &mut [u8]) -> Result<()> {
        let from = self.part(offset, to.len())?;
        if to.is_empty() {
            return Ok(());
        }
        let (api, target) = (self.context.driver().api(), to.as_mut_ptr().cast::<c_void>());
        // SAFETY: both sides hold so many bytes, and the target is borrowed until the
        // stream has done the copy.
        let code = unsafe { (api.memcpy_dtoh_async)(target, from, to.len(), stream.handle()) };
        self.context.driver().check("cuMemcpyDtoH", code)?;
        stream.synchronize()
    }

    /// Copies from a place on the device that holds so many bytes, behind the other work of
    /// the stream.
    pub fn copy_from(&self, stream: &Stream, offset: usize, from: u64, bytes: usize) -> Result<()> {
        let to = self.part(offset, bytes)?;
        if bytes == 0 {
            return Ok(());
        }
        let api = self.context.driver().api();
        // SAFETY: addresses of the device are not of this process; the driver tells of such
        // as are none.
        let code = unsafe { (api.memcpy_dtod_async)(to, from, bytes, stream.handle()) };
        self.context.driver().check("cuMemcpyDtoD", code)
    }
}

impl Drop for DeviceBuffer {
    fn drop(&mut self) {
        // Buffers may be dropped where another context, or none, is that of the thread.
        if self.context.enter().is_ok() {
            // SAFETY: allocated once, freed once; the driver waits for work that uses it.
            let _ = unsafe { (self.context.driver().api().mem_free)(self.address) };
        }
    }
}

/// Bytes of so many values of four bytes.
pub fn bytes_of(count: usize) -> Result<usize> {
    let bytes = count.checked_mul(4).filter(|bytes| isize::try_from(*bytes).is_ok());
    bytes.ok_or_else(|| EngineError::Failed(format!("{count} values are too many")))
}

fn inside(offset: usize, bytes: usize, all: usize) -> bool {
    offset.checked_add(bytes).is_some_and(|end| end <= all)
}

/// Memory of the host that does not move: the device copies from and to it by itself.
///
/// Copies that are not waited for are followed by an event; what looks at the bytes waits
/// for it first.
#[derive(Debug)]
pub struct HostBuffer {
    context: Context,
    pointer: *mut c_void,
    bytes: usize,
    event: Event,
}

impl HostBuffer {
    /// So many bytes, all zero; at least one.
    pub fn new(context: &Context, bytes: usize) -> Result<Self> {
        let event = Event::new(context)?;
        let mut pointer = std::ptr::null_mut();
        let bytes = bytes.max(1);
        // SAFETY: the driver writes one pointer; the context is that of this thread.
        let code = unsafe { (context.driver().api().mem_host_alloc)(&raw mut pointer, bytes, 0) };
        context.driver().check("cuMemHostAlloc", code)?;
        if pointer.is_null() {
            return Err(EngineError::Failed("cuMemHostAlloc gave no memory".to_owned()));
        }
        // SAFETY: so many bytes were just allocated.
        unsafe { std::ptr::write_bytes(pointer.cast::<u8>(), 0, bytes) };
        Ok(Self { context: context.clone(), pointer, bytes, event })
    }

    /// Its bytes, once no copy uses them any more.
    pub fn bytes(&self) -> Result<&[u8]> {
        self.event.synchronize()?;
        // SAFETY: so many bytes are allocated and initialised; nothing writes them now.
        Ok(unsafe { std::slice::from_raw_parts(self.pointer.cast::<u8>(), self.bytes) })
    }

    /// Its bytes, to be changed, once no copy uses them any more.
    pub fn bytes_mut(&mut self) -> Result<&mut [u8]> {
        self.event.synchronize()?;
        // SAFETY: so many bytes are allocated and initialised; nothing uses them now.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.pointer.cast::<u8>(), self.bytes) })
    }

    /// Copies its first bytes to the device, and does not wait.
    pub fn upload(
        &mut self,
        stream: &Stream,
        to: &DeviceBuffer,
        offset: usize,
        bytes: usize,
    ) -> Result<()> {
        self.enqueue_upload(stream, to, offset, bytes)?;
        self.event.record(stream)
    }

    /// The copy alone. In a graph it happens whenever the graph runs, and running one waits
    /// for its end; elsewhere an event must follow.
    pub(super) fn enqueue_upload(
        &mut self,
        stream: &Stream,
        to: &DeviceBuffer,
        offset: usize,
        bytes: usize,
    ) -> Result<()> {
        let to = self.checked(to, offset, bytes)?;
        let api = self.context.driver().api();
        // SAFETY: both sides hold so many bytes; the buffer is not looked at before the
        // event behind the copy, or the end of the graph.
        let code = unsafe { (api.memcpy_htod_async)(to, self.pointer, bytes, stream.handle()) };
        self.context.driver().check("cuMemcpyHtoDAsync", code)
    }

    /// Copies from the device into its first bytes, and does not wait.
    pub fn download(
        &mut self,
        stream: &Stream,
        from: &DeviceBuffer,
        offset: usize,
        bytes: usize,
    ) -> Result<()> {
        self.enqueue_download(stream, from, offset, bytes)?;
        self.event.record(stream)
    }

    /// As [`Self::enqueue_upload`], the other way.
    pub(super) fn enqueue_download(
        &mut self,
        stream: &Stream,
        from: &DeviceBuffer,
        offset: usize,
        bytes: usize,
    ) -> Result<()> {
        let from = self.checked(from, offset, bytes)?;
        let api = self.context.driver().api();
        // SAFETY: as in `enqueue_upload`.
        let code = unsafe { (api.memcpy_dtoh_async)(self.pointer, from, bytes, stream.handle()) };
        self.context.driver().check("cuMemcpyDtoHAsync", code)
    }

    fn checked(&self, device: &DeviceBuffer, offset: usize, bytes: usize) -> Result<u64> {
        if !inside(0, bytes, self.bytes) || bytes == 0 {
            return Err(EngineError::Failed(format!(
                "{bytes} bytes cannot be copied by way of {}",
                self.bytes
            )));
        }
        device.part(offset, bytes)
    }
}

impl Drop for HostBuffer {
    fn drop(&mut self) {
        // The memory must not go while a copy uses it: without that certainty it stays.
        if self.context.enter().is_ok() && self.event.synchronize().is_ok() {
            // SAFETY: allocated once, freed once, and no copy uses it.
            let _ = unsafe { (self.context.driver().api().mem_free_host)(self.pointer) };
        }
    }
}
