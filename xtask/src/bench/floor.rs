//! What opening and reading files costs, whatever is done with them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};

/// The reference of what is done with many files: find them, open each, read it to its
/// declared size, on as many threads as there are cores.
pub fn read_files(folder: &Path) -> Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    let threads = std::thread::available_parallelism()?.get();
    let next = AtomicUsize::new(0);
    let work = || -> Result<u64> {
        let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0_u64);
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut file = File::open(path).with_context(|| path.display().to_string())?;
            let mut left = file.metadata()?.len();
            while left > 0 {
                let got = file.read(&mut buffer)?;
                anyhow::ensure!(got > 0, "{} became shorter", path.display());
                left = left.saturating_sub(got as u64);
                bytes += got as u64;
            }
        }
        Ok(bytes)
    };
    let bytes = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter()
            .map(|one| one.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
            .sum::<Result<u64>>()
    })?;
    println!("{bytes}");
    Ok(())
}
