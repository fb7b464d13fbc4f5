//! Work that is recorded once and repeated.

use super::api::Handle;
use super::{Context, DeviceBuffer, HostBuffer, Stream};
use crate::engine::{EngineError, Result};

/// `CU_STREAM_CAPTURE_MODE_THREAD_LOCAL`.
const THREAD_LOCAL: i32 = 1;

/// Work that was recorded: a copy from the host, kernels, and a copy back.
///
/// It keeps the buffers of the host that it copies from and to.
#[derive(Debug)]
pub struct Graph {
    context: Context,
    run: Handle,
    input: HostBuffer,
    output: HostBuffer,
}

/// What is copied around the kernels: a buffer of the host, one of the device that begins
/// with as many bytes, and how many.
pub type Transfer<'a> = (HostBuffer, &'a DeviceBuffer, usize);

impl Graph {
    /// Records a copy to the device, what `work` enqueues, and a copy from the device.
    /// Nothing of it runs.
    ///
    /// `work` must not wait for the stream, and what it enqueues must not touch memory of
    /// the host.
    pub fn record(
        stream: &Stream,
        (mut input, to, input_bytes): Transfer<'_>,
        (mut output, from, output_bytes): Transfer<'_>,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<Self> {
        let context = stream.context();
        let driver = context.driver();
        let Some(api) = &driver.inner.graphs else {
            return Err(EngineError::Failed("the driver has no graphs".to_owned()));
        };
        stream.synchronize()?;
        // SAFETY: the stream is valid, and not being captured: this function is the only
        // one that captures, and always ends it.
        let code = unsafe { (api.begin_capture)(stream.handle(), THREAD_LOCAL) };
        driver.check("cuStreamBeginCapture", code)?;
        let enqueued = input
            .enqueue_upload(stream, to, 0, input_bytes)
            .and_then(|()| work())
            .and_then(|()| output.enqueue_download(stream, from, 0, output_bytes));
        let mut graph = std::ptr::null_mut();
        // SAFETY: the capture was begun above; the driver writes one pointer.
        let code = unsafe { (api.end_capture)(stream.handle(), &raw mut graph) };
        enqueued?;
        driver.check("cuStreamEndCapture", code)?;
        let mut run = std::ptr::null_mut();
        // SAFETY: the graph is valid; the driver writes one pointer. The graph is a
        // template, and not needed once it is instantiated.
        let code = unsafe {
            let code = (api.instantiate)(&raw mut run, graph, 0);
            let _ = (api.destroy)(graph);
            code
        };
        driver.check("cuGraphInstantiate", code)?;
        Ok(Self { context: context.clone(), run, input, output })
    }

    /// What the next run copies to the device.
    pub fn input(&mut self) -> Result<&mut [u8]> {
        self.input.bytes_mut()
    }

    /// Runs it, waits for its end, and gives what it copied from the device.
    pub fn run(&mut self, stream: &Stream) -> Result<&[u8]> {
        let driver = self.context.driver();
        let Some(api) = &driver.inner.graphs else {
            return Err(EngineError::Failed("the driver has no graphs".to_owned()));
        };
        // SAFETY: the graph is valid, and so is all it uses: the buffers of the host are
        // its own, and not looked at before the stream is done.
        let code = unsafe { (api.launch)(self.run, stream.handle()) };
        driver.check("cuGraphLaunch", code)?;
        stream.synchronize()?;
        self.output.bytes()
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        if let (Ok(()), Some(api)) = (self.context.enter(), &self.context.driver().inner.graphs) {
            // SAFETY: made once, destroyed once; a run of it is always waited for.
            let _ = unsafe { (api.exec_destroy)(self.run) };
        }
    }
}
