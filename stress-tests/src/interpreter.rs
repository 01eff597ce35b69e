//! Where the interpreters are: the `taipan` of this build, and others by name.
//!
//! `cargo run -p` builds only the package it runs, so the `taipan` beside the running executable may be old or
//! missing: [`taipan`] has Cargo build it first, in the same profile and target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The `taipan` beside the running executable, built on the way when Cargo runs us.
/// `features` are Cargo features of the program's package, comma-separated; none if empty.
pub fn taipan(features: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("cannot find my own executable: {error}"))?;
    let folder = own.parent().ok_or("my own executable has no folder")?;
    let path = folder.join(format!("taipan{}", std::env::consts::EXE_SUFFIX));
    if let Some(cargo) = std::env::var_os("CARGO") {
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "taipan-cli", "--profile", profile, "--manifest-path"]);
        build.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
        if let Some(target) = folder.parent() {
            build.arg("--target-dir").arg(target);
        }
        if !features.is_empty() {
            build.args(["--features", features]);
        }
        let status = build.status().map_err(|error| format!("cannot run cargo: {error}"))?;
        if !status.success() {
            return Err(format!("building taipan failed: {status}"));
        }
    }
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("{} does not exist: build it, or name another interpreter", path.display()))
}

/// An interpreter by path, or by name as found in `PATH`, `$TAIPAN_PEERS/bin` or the peers' default folder.
pub fn by_name(name: &str) -> Result<PathBuf, String> {
    if name.contains(std::path::MAIN_SEPARATOR) {
        let path = PathBuf::from(name);
        return std::path::absolute(&path)
            .ok()
            .filter(|_| path.is_file())
            .ok_or(format!("{name} does not exist"));
    }
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    folders.extend(std::env::var_os("TAIPAN_PEERS").map(|folder| PathBuf::from(folder).join("bin")));
    folders.extend(std::env::home_dir().map(|home| home.join(".cache/taipan-peers/bin")));
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file()).ok_or(format!(
        "no interpreter called {name} in PATH, $TAIPAN_PEERS/bin or ~/.cache/taipan-peers/bin"
    ))
}
