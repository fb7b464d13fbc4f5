//! The kernels that are shipped: PTX, compiled by the driver where it runs.

use std::collections::BTreeMap;
use std::ffi::CString;

use pkg_plugin_sdk::Material;

use super::driver::{Argument, Context, Function, Module, Stream};
use crate::engine::{EngineError, Result};
use crate::quant::WeightType;
use crate::source;

/// The kernels, made from `kernels/kernels.cu` by `cargo xtask kernels`.
pub const PTX: &str = include_str!("../../kernels/kernels.ptx");

/// Kernels that there are for each type of weights, and what they take: see
/// [`Module::function`].
pub const PER_TYPE: [(&str, &str); 3] =
    [("embed", "pppuu"), ("gemv", "pppppuu"), ("gemm", "pppppuuu")];

/// The other kernels, and what they take.
pub const OTHERS: [(&str, &str); 10] = [
    ("rms_norm", "pppuf"),
    ("layer_norm", "ppppuf"),
    ("rope_store", "pppppppuuuu"),
    ("attention", "pppppuuuuuf"),
    ("silu_mul", "ppl"),
    ("gelu", "pl"),
    ("add_bias", "ppul"),
    ("argmax_parts", "pppu"),
    ("argmax_whole", "ppupp"),
    ("copy_probe", "ppl"),
];

/// What the kernels call a type of weights.
pub const fn suffix(kind: WeightType) -> &'static str {
    match kind {
        WeightType::F32 => "f32",
        WeightType::F16 => "f16",
        WeightType::Bf16 => "bf16",
        WeightType::Q8_0 => "q8_0",
        WeightType::Q4_0 => "q4_0",
        WeightType::Q4_1 => "q4_1",
        WeightType::Q4K => "q4_k",
        WeightType::Q6K => "q6_k",
    }
}

/// Every kernel by its name, with what it takes.
pub fn all() -> Vec<(String, &'static str)> {
    let typed = WeightType::ALL
        .into_iter()
        .flat_map(|kind| PER_TYPE.map(|(name, takes)| (format!("{name}_{}", suffix(kind)), takes)));
    typed.chain(OTHERS.map(|(name, takes)| (name.to_owned(), takes))).collect()
}

/// The kernels, ready to be launched.
#[derive(Debug)]
pub struct Kernels {
    functions: BTreeMap<String, Function>,
    // Behind the functions: they are gone first.
    _module: Module,
}

impl Kernels {
    /// Lets the driver compile them.
    pub fn load(context: &Context) -> Result<Self> {
        let ptx = CString::new(PTX).map_err(|_| failed("the kernels have a zero in them"))?;
        let module = Module::load(context, &ptx)?;
        let mut functions = BTreeMap::new();
        for (name, takes) in all() {
            let c_name = CString::new(name.as_str()).map_err(|_| failed("a name has a zero"))?;
            functions.insert(name, module.function(&c_name, takes)?);
        }
        Ok(Self { functions, _module: module })
    }

    /// Puts a launch of the kernel with this name behind the work of the stream.
    pub fn launch(
        &self,
        stream: &Stream,
        name: &str,
        blocks: [usize; 2],
        threads: u32,
        arguments: &[Argument],
    ) -> Result<()> {
        let function = self.functions.get(name);
        let function = function.ok_or_else(|| failed(&format!("there is no kernel {name}")))?;
        function.launch(stream, blocks, threads, arguments)
    }

    /// Puts a launch of a kernel of a type of weights behind the work of the stream.
    pub fn launch_of(
        &self,
        stream: &Stream,
        (name, kind): (&str, WeightType),
        blocks: [usize; 2],
        threads: u32,
        arguments: &[Argument],
    ) -> Result<()> {
        self.launch(stream, &format!("{name}_{}", suffix(kind)), blocks, threads, arguments)
    }
}

/// The kernels by their digest.
pub fn material() -> Material {
    Material { name: "kernels.ptx".to_owned(), sha256: source::sha256(PTX.as_bytes()) }
}

/// Version of the instruction set that the PTX says it is in.
pub fn instruction_set() -> Option<&'static str> {
    PTX.lines().find_map(|line| line.strip_prefix(".version ")).map(str::trim)
}

fn failed(text: &str) -> EngineError {
    EngineError::Failed(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{PTX, all, instruction_set};

    /// Kernels of the PTX, and a letter for each parameter.
    fn of_ptx() -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for part in PTX.split(".visible .entry ").skip(1) {
            let (name, rest) = part.split_once('(').unwrap();
            let (parameters, _) = rest.split_once(')').unwrap();
            let letters = parameters.lines().filter_map(|line| {
                let mut words = line.split_whitespace();
                (words.next() == Some(".param")).then(|| words.next().unwrap())
            });
            let letters = letters.map(|kind| match kind {
                ".u64" => '8',
                ".u32" => 'u',
                ".f32" => 'f',
                other => panic!("{name} takes {other}"),
            });
            found.insert(name.to_owned(), letters.collect());
        }
        found
    }

    #[test]
    fn the_ptx_has_these_kernels_and_no_others() {
        let expected: BTreeMap<String, String> =
            all().into_iter().map(|(name, takes)| (name, takes.replace(['p', 'l'], "8"))).collect();
        assert_eq!(of_ptx(), expected);
        assert_eq!(expected.len(), 34);
    }

    #[test]
    fn the_ptx_is_for_what_the_driver_is_asked_for() {
        assert_eq!(instruction_set(), Some("8.0"));
        assert!(PTX.lines().any(|line| line == ".target sm_80"));
        // No fast mathematics, which would make these approximations.
        assert!(PTX.contains("div.rn.f32") && PTX.contains("sqrt.rn.f32"));
        for fast in ["div.approx", "div.full", "sqrt.approx", "fma.rn.ftz", "add.ftz"] {
            assert!(!PTX.contains(fast), "{fast}");
        }
    }
}
