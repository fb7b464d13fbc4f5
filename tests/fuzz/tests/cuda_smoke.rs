//! The readers of the plugin `cuda-smoke`, on stable Rust.

use pkg_cuda_smoke::golden::Golden;
use pkg_cuda_smoke::plugin::CudaSmoke;
use pkg_fuzz::{driver, plugins::cuda_smoke};

fn run(data: &[u8]) {
    if let Ok(golden) = Golden::parse(data) {
        let text = golden.text().expect("what was read can be written");
        let again = Golden::parse(text.as_bytes());
        assert_eq!(again.as_ref(), Ok(&golden), "what was written is read as the same");
    }
    cuda_smoke::run::<CudaSmoke>(data);
}

#[test]
fn every_input_is_an_answer() {
    driver::drive("cuda_smoke", &[cuda_smoke::target(run)]);
}
