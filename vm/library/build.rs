//! Packs the Python sources of the library into one file: a table sorted by path, the paths, the contents.
//!
//! | bytes | content |
//! | --- | --- |
//! | 4 | number of entries |
//! | 16 each | start and length of the path, start and length of the content (little endian, from the start of the file) |
//! | rest | paths and contents |

use std::path::{Path, PathBuf};

/// Folders that need a window system, or that hold other programs' data.
const LEFT_OUT: &[&str] = &["idlelib", "turtledemo", "__pycache__"];

fn main() {
    let library = Path::new(rustpython_pylib::LIB_PATH);
    let own = Path::new("python");
    let mut files = Vec::new();
    collect(library, library, &mut files);
    collect(own, own, &mut files);
    files.sort();
    let contents: Vec<Vec<u8>> = files
        .iter()
        .map(|(name, path)| std::fs::read(path).unwrap_or_else(|error| panic!("{name}: {error}")))
        .collect();
    let mut table = Vec::new();
    let mut data = Vec::new();
    let base = 4 + 16 * files.len();
    let mut word =
        |n: usize| table.extend_from_slice(&u32::try_from(n).expect("a library below 4 GB").to_le_bytes());
    word(files.len());
    for ((name, _), content) in files.iter().zip(&contents) {
        word(base + data.len());
        word(name.len());
        data.extend_from_slice(name.as_bytes());
        word(base + data.len());
        word(content.len());
        data.extend_from_slice(content);
    }
    table.extend_from_slice(&data);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("library.bin"), table).expect("a writable OUT_DIR");
    println!("cargo:rustc-env=TAIPAN_LIBRARY={}", library.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=python");
    println!("cargo:rerun-if-changed={}", library.display());
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !LEFT_OUT.contains(&name) {
                collect(root, &path, files);
            }
        } else if path.extension().is_some_and(|e| e == "py") {
            let relative =
                path.strip_prefix(root).expect("inside of the root").to_string_lossy().replace('\\', "/");
            files.push((relative, path));
        }
    }
}
