//! How the program is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // At a fixed place: the tables of native modules hold 50,000 addresses, which the loader would otherwise write into each process's own copy at every start.
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
