//! Reads sources separated by NUL from a file, prints the error of each, or `ok`, one a line.

use taipan_compiler::{Mode, Options, compile};

fn main() {
    let path = std::env::args().nth(1).expect("usage: errors FILE");
    let sources = std::fs::read_to_string(&path).expect("a readable UTF-8 file");
    for source in sources.split('\0') {
        let result = std::panic::catch_unwind(|| compile(source, "t", Mode::Exec, Options::default()));
        let Ok(result) = result else {
            println!("PANIC\t{}\t0\t0\t0\t0", source.lines().next().unwrap_or(""));
            continue;
        };
        match result {
            Ok(_) => println!("ok"),
            Err(e) => println!(
                "{:?}\t{}\t{}\t{}\t{}\t{}",
                e.kind,
                e.message.replace('\n', "\\n"),
                e.line,
                e.offset,
                e.end_line,
                e.end_offset
            ),
        }
    }
}
