//! Where the program is, and the virtual environment that it was started in: `sys.prefix`, `sys.base_prefix`, `sys._base_executable`.
//!
//! A file `pyvenv.cfg` beside the program, or in the folder above, makes that folder above the environment. Its `home` is the folder of
//! the program that made it.

use std::path::{Path, PathBuf};

/// Folders and files that `sys` names.
pub struct Places {
    pub prefix: String,
    pub base_prefix: String,
    pub base_executable: String,
    /// `home` of the environment.
    pub home: Option<String>,
}

/// What `pyvenv.cfg` says.
struct Environment {
    folder: PathBuf,
    home: PathBuf,
    executable: Option<PathBuf>,
}

impl Environment {
    fn around(executable: &Path) -> Option<Environment> {
        let beside = executable.parent()?;
        let folder = beside.parent().unwrap_or(beside);
        let text =
            [beside, folder].iter().find_map(|f| std::fs::read_to_string(f.join("pyvenv.cfg")).ok())?;
        let (mut home, mut program) = (None, None);
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match key.trim().to_ascii_lowercase().as_str() {
                "home" => home = Some(PathBuf::from(value.trim())),
                "executable" => program = Some(PathBuf::from(value.trim())).filter(|p| p.is_file()),
                _ => {}
            }
        }
        Some(Environment { folder: folder.to_path_buf(), home: home?, executable: program })
    }
}

/// The folder above `bin`, or the folder itself under another name.
fn above(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if folder.file_name().is_some_and(|name| name == "bin") => parent,
        _ => folder,
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Places {
    /// The places of a program.
    pub fn of(executable: &str) -> Places {
        let program = Path::new(executable);
        if let Some(environment) = Environment::around(program) {
            let named =
                || program.file_name().map(|name| environment.home.join(name)).filter(|p| p.is_file());
            let base = environment.executable.clone().or_else(named);
            return Places {
                prefix: text(&environment.folder),
                base_prefix: text(above(&environment.home)),
                base_executable: base.map_or_else(|| executable.to_owned(), |base| text(&base)),
                home: Some(text(&environment.home)),
            };
        }
        // What belongs to the program lies beside the file itself, not beside links to it.
        let file = std::fs::canonicalize(program).unwrap_or_else(|_| program.to_path_buf());
        let prefix = file.parent().map_or_else(|| "/".to_owned(), |folder| text(above(folder)));
        Places { base_prefix: prefix.clone(), prefix, base_executable: executable.to_owned(), home: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_names_its_origin() {
        let folder = std::env::temp_dir().join(format!("taipan-places-{}", std::process::id()));
        let bin = folder.join("env/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(folder.join("env/pyvenv.cfg"), "Home = /opt/taipan/bin\nversion = 3.14.0\n").unwrap();
        let program = text(&bin.join("python"));
        let places = Places::of(&program);
        assert_eq!(places.prefix, text(&folder.join("env")));
        assert_eq!(places.base_prefix, "/opt/taipan");
        assert_eq!(places.base_executable, program);
        assert_eq!(places.home.as_deref(), Some("/opt/taipan/bin"));
        std::fs::remove_dir_all(&folder).unwrap();
        let places = Places::of("/nowhere/bin/taipan");
        assert_eq!((places.prefix.as_str(), places.base_prefix.as_str()), ("/nowhere", "/nowhere"));
        assert!(places.home.is_none());
    }
}
