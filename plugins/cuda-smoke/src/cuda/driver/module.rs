//! Kernels, and how they are launched.

use std::ffi::{CStr, c_int, c_void};

use pkg_plugin_sdk::SkipReason;

use super::api::Handle;
use super::{Context, Stream, length};
use crate::engine::{EngineError, Result};

/// `CU_JIT_ERROR_LOG_BUFFER` and `CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES`.
const ERROR_LOG: c_int = 5;
const ERROR_LOG_BYTES: c_int = 6;
/// `CUDA_ERROR_UNSUPPORTED_PTX_VERSION`.
const UNSUPPORTED_PTX: i32 = 222;
/// Bytes kept of what the driver says about kernels that it refuses.
const LOG: usize = 4096;

/// Kernels that the driver compiled.
#[derive(Debug)]
pub struct Module {
    context: Context,
    handle: Handle,
}

impl Module {
    /// Lets the driver compile PTX.
    pub fn load(context: &Context, ptx: &CStr) -> Result<Self> {
        let mut handle = std::ptr::null_mut();
        let mut log = vec![0_u8; LOG];
        let mut options = [ERROR_LOG, ERROR_LOG_BYTES];
        // One byte less than there is: the text always ends.
        let size = std::ptr::without_provenance_mut::<c_void>(LOG - 1);
        let mut values = [log.as_mut_ptr().cast::<c_void>(), size];
        // SAFETY: the PTX ends in a zero; the log may be written up to its size, which the
        // second value says by its bits, as the interface asks.
        let code = unsafe {
            (context.driver().api().module_load)(
                &raw mut handle,
                ptx.as_ptr().cast::<c_void>(),
                2,
                options.as_mut_ptr(),
                values.as_mut_ptr(),
            )
        };
        if code == 0 {
            return Ok(Self { context: context.clone(), handle });
        }
        let said = CStr::from_bytes_until_nul(&log).unwrap_or_default().to_string_lossy();
        let text =
            format!("the driver refuses the kernels: {}: {said}", context.driver().named(code));
        Err(match code {
            UNSUPPORTED_PTX => EngineError::Skip(SkipReason::DriverTooOld, text),
            _ => EngineError::Failed(text),
        })
    }

    /// The kernel with this name, and what it takes: a letter for each argument, `p` for an
    /// address, `u` for a whole number of 32 bits, `l` for one of 64, `f` for an f32.
    pub fn function(&self, name: &CStr, takes: &'static str) -> Result<Function> {
        let mut handle = std::ptr::null_mut();
        let driver = self.context.driver();
        // SAFETY: the module is loaded; the name ends in a zero.
        let code = unsafe {
            (driver.api().module_get_function)(&raw mut handle, self.handle, name.as_ptr())
        };
        driver.check("cuModuleGetFunction", code)?;
        Ok(Function { handle, takes, name: name.to_string_lossy().into_owned() })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: loaded once, unloaded once; functions of it are not used any more,
            // for who keeps them keeps the module.
            let _ = unsafe { (self.context.driver().api().module_unload)(self.handle) };
        }
    }
}

/// A kernel. Valid as long as its [`Module`].
#[derive(Debug)]
pub struct Function {
    handle: Handle,
    name: String,
    takes: &'static str,
}

/// An argument of a kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Argument {
    /// An address on the device, or 0.
    Address(u64),
    /// A whole number of 32 bits.
    Number(u32),
    /// A whole number of 64 bits.
    Long(u64),
    /// An f32.
    Float(f32),
}

impl Argument {
    /// Its letter, and its bits in a word that begins with them.
    fn parts(self) -> (u8, [u8; 8]) {
        let short = |bytes: [u8; 4]| {
            let mut word = [0; 8];
            word[..4].copy_from_slice(&bytes);
            word
        };
        match self {
            Self::Address(value) => (b'p', value.to_ne_bytes()),
            Self::Long(value) => (b'l', value.to_ne_bytes()),
            Self::Number(value) => (b'u', short(value.to_ne_bytes())),
            Self::Float(value) => (b'f', short(value.to_ne_bytes())),
        }
    }
}

/// A word as aligned as any argument must be.
#[repr(align(8))]
#[derive(Clone, Copy)]
struct Word([u8; 8]);

impl Function {
    /// Puts a launch behind the work of the stream: so many blocks in two directions, and
    /// threads of a block.
    pub fn launch(
        &self,
        stream: &Stream,
        blocks: [usize; 2],
        threads: u32,
        arguments: &[Argument],
    ) -> Result<()> {
        let letters = arguments.iter().map(|argument| argument.parts().0);
        if !letters.eq(self.takes.bytes()) {
            let text = format!("{} takes {}, and was given others", self.name, self.takes);
            return Err(EngineError::Failed(text));
        }
        let (across, down) = (length(blocks[0])?, length(blocks[1])?);
        if across == 0 || down == 0 {
            return Ok(());
        }
        let mut words: Vec<Word> =
            arguments.iter().map(|argument| Word(argument.parts().1)).collect();
        let mut pointers: Vec<*mut c_void> =
            words.iter_mut().map(|word| (&raw mut word.0).cast::<c_void>()).collect();
        let driver = stream.context().driver();
        // SAFETY: there is a pointer for each argument that the kernel takes, to as many
        // bytes as it has; the driver copies them during the call.
        let code = unsafe {
            (driver.api().launch_kernel)(
                self.handle,
                across,
                down,
                1,
                threads,
                1,
                1,
                0,
                stream.handle(),
                pointers.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        };
        driver.check(&format!("cuLaunchKernel of {}", self.name), code)
    }
}
