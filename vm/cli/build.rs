//! How the program is linked.

use std::env;
use std::fmt::Write;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // At a fixed place: the tables of native modules hold 50,000 addresses, which the loader would otherwise write into each process's own copy at every start.
        println!("cargo:rustc-link-arg-bins=-no-pie");
        if env::var("PROFILE").is_ok_and(|profile| profile == "release") && usual_linker() {
            gather_functions();
        }
    }
}

/// Whether nobody has chosen a linker, which might not know scripts like ours (LLVM's, which is Rust's, and GNU's do).
fn usual_linker() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    env::var_os("RUSTC_LINKER").is_none() && !flags.contains("link") && !flags.contains("fuse-ld=")
}

/// Lets the functions that programs execute follow each other in the text, those of every start first. Spread over all of it they would make the system
/// read four times as much into memory as they take, around each of them.
///
/// The list (`layout/collect.sh` makes it) has the names of symbols, with `*` for what depends on the build. A name that is not there any more does nothing.
fn gather_functions() {
    let list = "layout/functions.txt";
    println!("cargo:rerun-if-changed={list}");
    let (Ok(list), Some(folder)) = (std::fs::read_to_string(list), env::var_os("OUT_DIR")) else { return };
    let mut script = String::from("SECTIONS {\n  .text.gathered : {\n");
    // What every start executes of objects that are not Rust's: their functions have no sections of their own.
    script.push_str("    *crt1.o(.text)\n    *libpsm*(.text)\n    *(.text.startup .text.startup.* .text.exit .text.exit.*)\n");
    for name in list.lines() {
        // `NAME.cold*`: what the profile takes for never executed may be, seldom.
        let _ = match name.strip_suffix(".cold*") {
            Some(name) => writeln!(script, "    *(.text.split.{name}*)"),
            None => writeln!(script, "    *(.text.hot.{name} .text.{name} .text.unlikely.{name})"),
        };
    }
    // The default layout, which stays, finds the rest.
    script.push_str("  }\n} INSERT BEFORE .text;\n");
    let path = Path::new(&folder).join("gathered.ld");
    if std::fs::write(&path, script).is_ok() {
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{}", path.display());
    }
}
