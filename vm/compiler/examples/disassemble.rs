//! Compiles a Python file and prints its bytecode.

use taipan_compiler::{Mode, Options, compile};

fn main() {
    let path = std::env::args().nth(1).expect("usage: disassemble FILE");
    let source = std::fs::read_to_string(&path).expect("a readable UTF-8 file");
    match compile(&source, &path, Mode::Exec, Options::default()) {
        Ok(code) => print!("{}", taipan_bytecode::disassemble(&code)),
        Err(error) => println!("{error}\n{:?}", error.text),
    }
}
