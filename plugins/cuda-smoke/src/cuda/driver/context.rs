//! A context, its stream, and events.

use std::rc::Rc;

use super::api::Handle;
use super::{Device, Driver};
use crate::engine::Result;

/// The primary context of a GPU; released when the last that uses it is gone.
#[derive(Debug, Clone)]
pub struct Context {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    device: Device,
    handle: Handle,
}

impl Context {
    /// Takes the primary context, and makes it that of this thread.
    pub fn new(device: &Device) -> Result<Self> {
        let driver = device.driver();
        let mut handle = std::ptr::null_mut();
        // SAFETY: the driver writes one pointer; the device is one that it gave.
        let code = unsafe { (driver.api().primary_ctx_retain)(&raw mut handle, device.id()) };
        driver.check("cuDevicePrimaryCtxRetain", code)?;
        let context = Self { inner: Rc::new(Inner { device: device.clone(), handle }) };
        context.enter()?;
        Ok(context)
    }

    /// Makes it the context of this thread.
    pub fn enter(&self) -> Result<()> {
        // SAFETY: the handle is valid as long as `self`.
        let code = unsafe { (self.driver().api().ctx_set_current)(self.inner.handle) };
        self.driver().check("cuCtxSetCurrent", code)
    }

    /// The GPU.
    pub fn device(&self) -> &Device {
        &self.inner.device
    }

    /// The driver.
    pub fn driver(&self) -> &Driver {
        self.inner.device.driver()
    }

    /// Bytes of device memory that are free, and all of them.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let (mut free, mut total) = (0_usize, 0_usize);
        // SAFETY: the driver writes two numbers.
        let code = unsafe { (self.driver().api().mem_get_info)(&raw mut free, &raw mut total) };
        self.driver().check("cuMemGetInfo", code)?;
        Ok((free as u64, total as u64))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: retained once, released once; the answer changes nothing any more.
        let _ = unsafe { (self.device.driver().api().primary_ctx_release)(self.device.id()) };
    }
}

/// Work in its order.
#[derive(Debug)]
pub struct Stream {
    context: Context,
    handle: Handle,
}

/// `CU_STREAM_NON_BLOCKING`.
const NON_BLOCKING: u32 = 1;

impl Stream {
    /// A stream of its own.
    pub fn new(context: &Context) -> Result<Self> {
        let mut handle = std::ptr::null_mut();
        // SAFETY: the driver writes one pointer; the context is that of this thread.
        let code = unsafe { (context.driver().api().stream_create)(&raw mut handle, NON_BLOCKING) };
        context.driver().check("cuStreamCreate", code)?;
        Ok(Self { context: context.clone(), handle })
    }

    /// The context it belongs to.
    pub fn context(&self) -> &Context {
        &self.context
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle
    }

    /// Waits until all its work is done; tells of an error of it.
    pub fn synchronize(&self) -> Result<()> {
        let driver = self.context.driver();
        // SAFETY: the handle is valid as long as `self`.
        let code = unsafe { (driver.api().stream_synchronize)(self.handle) };
        driver.check("cuStreamSynchronize", code)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: made once, destroyed once; the driver finishes its work first.
        let _ = unsafe { (self.context.driver().api().stream_destroy)(self.handle) };
    }
}

/// A point in the work of a stream.
#[derive(Debug)]
pub struct Event {
    context: Context,
    handle: Handle,
}

impl Event {
    /// An event that was not recorded yet; nobody waits for it.
    pub fn new(context: &Context) -> Result<Self> {
        let mut handle = std::ptr::null_mut();
        // SAFETY: the driver writes one pointer; the context is that of this thread.
        let code = unsafe { (context.driver().api().event_create)(&raw mut handle, 0) };
        context.driver().check("cuEventCreate", code)?;
        Ok(Self { context: context.clone(), handle })
    }

    /// Puts it behind the work that the stream has.
    pub fn record(&self, stream: &Stream) -> Result<()> {
        let driver = self.context.driver();
        // SAFETY: both handles are valid.
        let code = unsafe { (driver.api().event_record)(self.handle, stream.handle()) };
        driver.check("cuEventRecord", code)
    }

    /// Waits until the work before it is done.
    pub fn synchronize(&self) -> Result<()> {
        let driver = self.context.driver();
        // SAFETY: the handle is valid as long as `self`.
        let code = unsafe { (driver.api().event_synchronize)(self.handle) };
        driver.check("cuEventSynchronize", code)
    }

    /// Seconds from an earlier event to this one; both were reached.
    pub fn seconds_since(&self, earlier: &Self) -> Result<f64> {
        let driver = self.context.driver();
        let mut milliseconds = 0_f32;
        // SAFETY: both handles are valid; the driver writes one number.
        let code = unsafe {
            (driver.api().event_elapsed_time)(&raw mut milliseconds, earlier.handle, self.handle)
        };
        driver.check("cuEventElapsedTime", code)?;
        Ok(f64::from(milliseconds) / 1000.0)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: made once, destroyed once; the driver allows it before it is reached.
        let _ = unsafe { (self.context.driver().api().event_destroy)(self.handle) };
    }
}
