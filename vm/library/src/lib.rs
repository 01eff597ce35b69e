//! The Python part of the standard library, inside the program: sources, compiled code and the few data files that modules read, by path,
//! found by binary search, nothing unpacked.
//!
//! Invariant: paths are relative to the library's folder, with `/`, and sorted; the data never changes.
#![forbid(unsafe_code)]

static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

/// A number of 16 bits that stands for the compiler that made the code: what another one made is not to be used.
pub const FINGERPRINT: &str = env!("TAIPAN_LIBRARY_FINGERPRINT");

fn word(at: usize) -> usize {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&LIBRARY[at..at + 4]);
    u32::from_le_bytes(bytes) as usize
}

/// All of it, as it lies in the program file.
pub fn whole() -> &'static [u8] {
    LIBRARY
}

/// Number of files.
pub fn len() -> usize {
    word(0)
}

/// The path of file number `index`.
pub fn path(index: usize) -> &'static str {
    let entry = 4 + 24 * index;
    let start = word(entry);
    std::str::from_utf8(&LIBRARY[start..start + word(entry + 4)])
        .expect("the build script writes UTF-8 paths")
}

fn content(index: usize) -> &'static [u8] {
    let entry = 4 + 24 * index;
    let start = word(entry + 8);
    &LIBRARY[start..start + word(entry + 12)]
}

/// The first file whose path is not below `wanted`.
fn lower_bound(wanted: &str) -> usize {
    let (mut low, mut high) = (0, len());
    while low < high {
        let middle = low.midpoint(high);
        if path(middle) < wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The content of a file.
pub fn file(wanted: &str) -> Option<&'static [u8]> {
    let index = lower_bound(wanted);
    (index < len() && path(index) == wanted).then(|| content(index))
}

/// The code unit of a file, compiled when the program was built and serialized without a file name; `None` if there is no such
/// file or it did not compile.
pub fn code(wanted: &str) -> Option<&'static [u8]> {
    let index = lower_bound(wanted);
    if index >= len() || path(index) != wanted {
        return None;
    }
    let entry = 4 + 24 * index;
    let start = word(entry + 16);
    let code = &LIBRARY[start..start + word(entry + 20)];
    (!code.is_empty()).then_some(code)
}

/// Whether there is a folder of that name (without `/` at the end); the empty one is the library itself.
pub fn has_folder(folder: &str) -> bool {
    folder.is_empty() || files_in(folder).next().is_some()
}

/// The paths of all files below a folder.
pub fn files_in(folder: &str) -> impl Iterator<Item = &'static str> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    (lower_bound(&prefix)..len()).map(path).take_while(move |p| p.starts_with(&prefix))
}

/// (name, whether it is a folder) of what is directly in a folder, sorted.
pub fn entries(folder: &str) -> Vec<(&'static str, bool)> {
    let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
    let mut found: Vec<(&'static str, bool)> = files_in(folder)
        .map(|path| match path[skip..].split_once('/') {
            Some((name, _)) => (name, true),
            None => (&path[skip..], false),
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// A module's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: String,
    pub is_package: bool,
}

/// Module `name` (without dots) in a folder.
pub fn find(folder: &str, name: &str) -> Option<Found> {
    let base = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    for (path, is_package) in [(format!("{base}/__init__.py"), true), (format!("{base}.py"), false)] {
        if file(&path).is_some() {
            return Some(Found { path, is_package });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_modules_and_packages() {
        assert!(find("", "os").is_some_and(|f| f.path == "os.py" && !f.is_package));
        assert!(find("", "json").is_some_and(|f| f.path == "json/__init__.py" && f.is_package));
        assert!(find("json", "decoder").is_some());
        assert!(find("", "no_such_module").is_none());
        assert!(has_folder("json") && !has_folder("jso"));
        assert!(file("os.py").is_some_and(|s| s.len() > 1000));
        assert!(files_in("json").count() >= 4);
        assert!(code("os.py").is_some() && code("no_such_module.py").is_none());
        assert!(entries("json").contains(&("decoder.py", false)) && entries("").contains(&("json", true)));
        assert!(
            entries("venv/scripts").contains(&("posix", true)) && code("pydoc_data/_pydoc.css").is_none()
        );
    }
}
