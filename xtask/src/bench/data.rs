//! The data of the bench, and the plain loop that packing is compared with.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Seek as _, Write as _};
use std::path::Path;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

/// The reference of pack: read a folder, hash it, write it.
pub fn copy_hash(from: &Path, to: &Path) -> Result<()> {
    let mut buffer = vec![0; 1 << 20];
    for entry in walkdir::WalkDir::new(from).sort_by_file_name() {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(target)?;
            continue;
        }
        let (mut source, mut sink) = (File::open(entry.path())?, File::create(target)?);
        let mut hasher = Sha256::new();
        loop {
            let got = source.read(&mut buffer)?;
            if got == 0 {
                break;
            }
            hasher.update(&buffer[..got]);
            sink.write_all(&buffer[..got])?;
        }
        std::hint::black_box(hasher.finalize());
    }
    Ok(())
}

/// Bytes that look like bf16 weights, the same on every machine.
struct Noise(u64);

impl Noise {
    fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            // xorshift64*, Vigna 2016.
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let word = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
            for byte in chunk.iter_mut().skip(1).step_by(2) {
                *byte = 0x3c | (*byte & 0x83);
            }
        }
    }
}

fn write_weights(path: &Path, bytes: u64, seed: u64) -> Result<()> {
    let bytes = bytes / 2 * 2;
    let elements = bytes / 2;
    let mut header = format!(
        "{{\"w\":{{\"dtype\":\"BF16\",\"shape\":[{elements}],\"data_offsets\":[0,{bytes}]}}}}"
    );
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let total = 8 + header.len() as u64 + bytes;
    if fs::metadata(path).is_ok_and(|meta| meta.len() == total) {
        return Ok(());
    }
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    write_noise(&mut file, bytes, seed)?;
    Ok(file.flush()?)
}

fn scaled(bytes: f64, size: f64) -> u64 {
    (bytes * size) as u64
}

pub fn make_release(folder: &Path, size: f64) -> Result<()> {
    fs::create_dir_all(folder.join("code"))?;
    fs::create_dir_all(folder.join("docs"))?;
    write_weights(&folder.join("a.safetensors"), scaled(1.6e9, size), 1)?;
    write_weights(&folder.join("b.safetensors"), scaled(1.6e9, size), 2)?;
    write_weights(&folder.join("c.safetensors"), scaled(1.1e9, size), 3)?;
    let mut noise = Noise(4);
    let mut letters = vec![0; 8_000];
    for index in 0..2_000 {
        noise.fill(&mut letters);
        let text: Vec<u8> =
            letters.iter().map(|byte| b"abcdefghijklmno \n"[usize::from(*byte % 17)]).collect();
        let name =
            if index % 2 == 0 { format!("code/f{index}.py") } else { format!("docs/f{index}.md") };
        fs::write(folder.join(name), text)?;
    }
    fs::write(folder.join("README.md"), "# Bench\n")?;
    let spec = "[release]\nname = \"bench\"\nversion = \"1\"\nlicence = \"MIT\"\n\n\
                [[component]]\nkind = \"model-parameters-final\"\npaths = [\"*.safetensors\"]\n\n\
                [[component]]\nkind = \"training-code\"\npaths = [\"code/**\"]\n\n\
                [[component]]\nkind = \"technical-report\"\npaths = [\"docs/**\"]\n\n\
                [[component]]\nkind = \"model-card\"\npaths = [\"README.md\"]\n";
    Ok(fs::write(folder.join("pkg.toml"), spec)?)
}

/// A release of one weight file, which `name` names.
pub fn make_single(folder: &Path, name: &str, bytes: f64, size: f64) -> Result<()> {
    fs::create_dir_all(folder)?;
    write_weights(&folder.join("model.safetensors"), scaled(bytes, size), 5)?;
    let spec = format!(
        "[release]\nname = \"{name}\"\nversion = \"1\"\nlicence = \"MIT\"\n\n\
         [[component]]\nkind = \"model-parameters-final\"\npaths = [\"*.safetensors\"]\n"
    );
    Ok(fs::write(folder.join("pkg.toml"), spec)?)
}

/// A model of `blocks` equal blocks of `bytes` bytes.
pub fn make_blocks(folder: &Path, blocks: u64, bytes: u64) -> Result<()> {
    fs::create_dir_all(folder)?;
    let elements = bytes / 2;
    let tensors: Vec<String> = (0..blocks)
        .map(|block| {
            let (start, end) = (block * bytes, (block + 1) * bytes);
            format!(
                "\"model.layers.{block}.mlp.weight\":{{\"dtype\":\"BF16\",\"shape\":[{elements}],\
                 \"data_offsets\":[{start},{end}]}}"
            )
        })
        .collect();
    let mut header = format!("{{{}}}", tensors.join(","));
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut file =
        BufWriter::with_capacity(1 << 20, File::create(folder.join("model.safetensors"))?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for block in 0..blocks {
        write_noise(&mut file, bytes, 100 + block)?;
    }
    file.flush()?;
    let spec = "[release]\nname = \"blocks\"\nversion = \"1\"\nlicence = \"MIT\"\n\n\
                [[component]]\nkind = \"model-parameters-final\"\npaths = [\"*.safetensors\"]\n";
    Ok(fs::write(folder.join("pkg.toml"), spec)?)
}

/// Gives some blocks of such a model other content.
pub fn change_blocks(folder: &Path, blocks: &[u64], bytes: u64) -> Result<()> {
    let path = folder.join("model.safetensors");
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let data = 8 + u64::from_le_bytes(length);
    for block in blocks {
        file.seek(std::io::SeekFrom::Start(data + block * bytes))?;
        write_noise(&mut file, bytes, 1000 + block)?;
    }
    Ok(())
}

fn write_noise(file: &mut impl std::io::Write, bytes: u64, seed: u64) -> Result<()> {
    let (mut noise, mut buffer, mut left) = (Noise(seed), vec![0; 1 << 20], bytes);
    while left > 0 {
        let part = usize::try_from(left)?.min(buffer.len());
        noise.fill(&mut buffer[..part]);
        file.write_all(&buffer[..part])?;
        left -= part as u64;
    }
    Ok(())
}

/// Names a file of [`make_many`]: a thousand in each folder.
fn one_of_many(index: usize) -> String {
    format!("d{:03}/f{index:06}.txt", index / 1000)
}

/// A folder of `count` files of `bytes` bytes each, none like another.
pub fn make_many(folder: &Path, count: usize, bytes: usize) -> Result<()> {
    // All of them were written when the last one is there.
    let last = folder.join(one_of_many(count.saturating_sub(1)));
    if fs::metadata(&last).is_ok_and(|meta| meta.len() == bytes as u64)
        && !folder.join(one_of_many(count)).exists()
    {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let (mut noise, mut content) = (Noise(7), vec![0; bytes]);
    for index in 0..count {
        let path = folder.join(one_of_many(index));
        if let Some(parent) = path.parent().filter(|_| index % 1000 == 0) {
            fs::create_dir_all(parent)?;
        }
        noise.fill(&mut content);
        fs::write(path, &content)?;
    }
    Ok(())
}
