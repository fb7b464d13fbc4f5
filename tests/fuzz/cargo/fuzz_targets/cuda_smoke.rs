//! The readers of the plugin `cuda-smoke` under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pkg_cuda_smoke::{golden::Golden, plugin::CudaSmoke};
use pkg_fuzz::plugins::cuda_smoke;

fn run(data: &[u8]) {
    let _ = Golden::parse(data);
    cuda_smoke::run::<CudaSmoke>(data);
}

fuzz_target!(|data: &[u8]| {
    cuda_smoke::target(run).check(data);
});
