//! Compiles sources separated by NUL bytes from the standard input and prints what is wrong with each as one line, in
//! Python's notation: to be compared with what another compiler says.

use std::io::Read;

use taipan_compiler::{Mode, Options, compile, diagnose};

fn main() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).expect("text");
    for source in input.split('\0') {
        match compile(source, "<string>", Mode::Exec, Options::default()) {
            Ok(_) => match diagnose(source) {
                None => println!("'ok'"),
                Some(info) => println!("['diagnosis only', {:?}]", info.message),
            },
            Err(e) => println!(
                "[{:?}, {:?}, {}, {}, {}, {}, {}]",
                format!("{:?}", e.kind),
                e.message,
                e.line,
                e.offset,
                e.text.map_or("None".to_owned(), |text| format!("{text:?}")),
                e.end_line,
                e.end_offset
            ),
        }
    }
}
