//! Stacks as text, for when nothing else is left: no object is made, nothing is counted, and for the calling thread nothing is
//! allocated, so that a signal's handler can do it.
//!
//! Invariant: the frames read are the calling thread's, which does nothing else meanwhile, or those of threads that are stopped.

use taipan_objects::prelude::*;

use crate::thread::{self, VmThread};

/// Frames shown of a stack.
const MOST_FRAMES: usize = 100;
/// Characters shown of a name.
const MOST_CHARACTERS: usize = 500;

/// Takes what is written.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

/// A line for each frame of the calling thread, the innermost first. Async-signal-safe.
pub fn write_own(sink: Sink<'_>) {
    match thread::try_current() {
        Some(thread) => write_frames(thread, sink),
        None => sink(b"  <no Python frame>\n"),
    }
}

/// `threading.get_ident()` and the stack's text of every thread that has a stack, the calling one's last.
pub fn all() -> Vec<(u64, Vec<u8>)> {
    let own = thread::try_current().map(|thread| thread.ident.get());
    let mut stacks = taipan_threading::stop_the_world(|_| {
        let mut stacks = Vec::new();
        thread::for_each(|thread| {
            if thread.depth.get() > 0 {
                let mut text = Vec::new();
                write_frames(thread, &mut |bytes| text.extend_from_slice(bytes));
                stacks.push((thread.ident.get(), text));
            }
        });
        stacks
    });
    stacks.sort_by_key(|(ident, _)| Some(*ident) == own);
    stacks
}

fn write_frames(thread: &VmThread, sink: Sink<'_>) {
    let depth = thread.depth.get();
    if depth == 0 {
        sink(b"  <no Python frame>\n");
    }
    for index in (0..depth).rev() {
        if depth - index > MOST_FRAMES {
            sink(b"  ...\n");
            break;
        }
        // SAFETY: below `depth`; its thread is the calling one, or stopped.
        let frame = unsafe { &*thread.frame(index) };
        let code = frame.code();
        sink(b"  File \"");
        write_text(&code.filename, sink);
        sink(b"\", line ");
        match frame.shown_line() {
            0 => sink(b"???"),
            line => write_number(line, sink),
        }
        sink(b" in ");
        write_text(&code.name, sink);
        sink(b"\n");
    }
}

/// A text in ASCII, cut off where it is long.
fn write_text(text: &Obj, sink: Sink<'_>) {
    let Some(text) = text.downcast::<PyStr>() else { return sink(b"???") };
    let units = text.units();
    for index in 0..units.len().min(MOST_CHARACTERS) {
        match units.get(index).unwrap_or(0) {
            character @ 0x20..=0x7e => sink(&[character as u8]),
            character => write_escaped(character, sink),
        }
    }
    if units.len() > MOST_CHARACTERS {
        sink(b"...");
    }
}

fn write_escaped(character: u32, sink: Sink<'_>) {
    let (letter, digits) = match character {
        0..=0xff => (b'x', 2),
        0x100..=0xffff => (b'u', 4),
        _ => (b'U', 8),
    };
    sink(&[b'\\', letter]);
    write_hex(u64::from(character), digits, sink);
}

/// A number of so many hexadecimal digits. Async-signal-safe.
pub fn write_hex(number: u64, digits: u32, sink: Sink<'_>) {
    for place in (0..digits).rev() {
        sink(&[b"0123456789abcdef"[(number >> (4 * place)) as usize & 15]]);
    }
}

fn write_number(number: u32, sink: Sink<'_>) {
    let mut digits = [0; 10];
    let (mut at, mut rest) = (digits.len(), number);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    sink(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_without_allocation() {
        let mut text = Vec::new();
        let sink = &mut |bytes: &[u8]| text.extend_from_slice(bytes);
        write_number(0, sink);
        write_number(4_294_967_295, sink);
        write_hex(0xab, 4, sink);
        write_escaped(0xe9, sink);
        write_escaped(0x1f600, sink);
        assert_eq!(text, b"0429496729500ab\\xe9\\U0001f600");
    }
}
