//! Stubs: machine code that calls what it is told to, with a frame of its own on the machine stack.
//!
//! All stubs are the same; they differ in their addresses, by which `perf` tells them apart. They lie in pages that are filled, then made
//! executable and never written again.

use std::ffi::c_void;
use std::io;

use parking_lot::Mutex;

/// Whether there are stubs for this machine.
pub const SUPPORTED: bool =
    cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));

/// Bytes from one stub to the next.
pub const SIZE: usize = 32;
const PAGES: usize = 64 << 10;

/// `extern "C" fn(argument, function)`: calls `function(argument)`, with a frame pointer.
#[cfg(target_arch = "aarch64")]
pub const CODE: [u8; 20] = [
    0xfd, 0x7b, 0xbf, 0xa9, // stp x29, x30, [sp, #-16]!
    0xfd, 0x03, 0x00, 0x91, // mov x29, sp
    0x20, 0x00, 0x3f, 0xd6, // blr x1
    0xfd, 0x7b, 0xc1, 0xa8, // ldp x29, x30, [sp], #16
    0xc0, 0x03, 0x5f, 0xd6, // ret
];
/// `extern "C" fn(argument, function)`: calls `function(argument)`, with a frame pointer.
#[cfg(not(target_arch = "aarch64"))]
pub const CODE: [u8; 12] = [
    0xf3, 0x0f, 0x1e, 0xfa, // endbr64
    0x55, // push rbp
    0x48, 0x89, 0xe5, // mov rbp, rsp
    0xff, 0xd6, // call rsi
    0x5d, // pop rbp
    0xc3, // ret
];

const _: () = assert!(CODE.len() <= SIZE);

/// Addresses of stubs that nobody has yet: the next one, and the end.
static FREE: Mutex<(usize, usize)> = Mutex::new((0, 0));

/// The address of a new stub.
pub fn new() -> io::Result<usize> {
    let mut free = FREE.lock();
    if free.0 == free.1 {
        let start = make()?;
        *free = (start, start + PAGES);
    }
    let stub = free.0;
    free.0 += SIZE;
    Ok(stub)
}

fn make() -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let writable = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: new memory at an address of the system's choice.
    let pages = unsafe { libc::mmap(std::ptr::null_mut(), PAGES, writable, flags, -1, 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just mapped, writable, nobody else's; the address stays mapped for good.
    let bytes = unsafe { std::slice::from_raw_parts_mut(pages.cast::<u8>(), PAGES) };
    for stub in bytes.chunks_exact_mut(SIZE) {
        stub[..CODE.len()].copy_from_slice(&CODE);
    }
    // SAFETY: the same pages.
    if unsafe { libc::mprotect(pages, PAGES, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    #[cfg(target_arch = "aarch64")]
    {
        unsafe extern "C" {
            fn __clear_cache(start: *mut c_void, end: *mut c_void);
        }
        // SAFETY: the pages' bounds.
        unsafe { __clear_cache(pages, pages.byte_add(PAGES)) };
    }
    Ok(pages.expose_provenance())
}

/// Calls `work` through a stub. A panic in it ends the process: it cannot pass the stub.
pub fn call<R>(stub: usize, work: impl FnOnce() -> R) -> R {
    struct Call<F, R> {
        work: Option<F>,
        result: Option<R>,
    }
    extern "C" fn enter<F: FnOnce() -> R, R>(argument: *mut c_void) {
        // SAFETY: `call` passes its own struct, which outlives the call.
        let call = unsafe { &mut *argument.cast::<Call<F, R>>() };
        call.result = call.work.take().map(|work| work());
    }
    fn entry<F: FnOnce() -> R, R>(_: &F) -> extern "C" fn(*mut c_void) {
        enter::<F, R>
    }
    type Stub = extern "C" fn(*mut c_void, extern "C" fn(*mut c_void));
    let enter = entry::<_, R>(&work);
    let mut call = Call { work: Some(work), result: None };
    // SAFETY: `stub` came from `new`: code of this signature, executable for good.
    let stub: Stub = unsafe { std::mem::transmute(std::ptr::with_exposed_provenance::<c_void>(stub)) };
    stub((&raw mut call).cast(), enter);
    match call.result {
        Some(result) => result,
        None => unreachable!("the stub calls what it is given"),
    }
}
