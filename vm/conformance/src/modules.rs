//! Which modules there are: `modules.txt`, a list in sections, the modules of the fast check marked with `*`.

use crate::options::Options;

const LIST: &str = include_str!("../modules.txt");

/// A test module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Without `test.`.
    pub name: String,
    /// The heading it stands under.
    pub section: String,
    /// Whether the fast check runs it.
    pub fast: bool,
}

/// All modules, in the list's order.
fn all() -> Vec<Module> {
    let mut section = String::new();
    let mut modules = Vec::new();
    for line in LIST.lines() {
        if let Some(heading) = line.strip_prefix("# ") {
            heading.clone_into(&mut section);
            continue;
        }
        for word in line.split_whitespace() {
            let name = word.trim_end_matches('*').to_owned();
            modules.push(Module { fast: word.ends_with('*'), name, section: section.clone() });
        }
    }
    modules
}

/// Those that the options ask for and that the test package has.
pub fn selected(options: &Options) -> Result<Vec<Module>, String> {
    let mut modules = all();
    if !options.modules.is_empty() {
        let known = modules;
        let of_name = |name: &String| {
            known.iter().find(|module| module.name == *name).cloned().unwrap_or(Module {
                name: name.clone(),
                section: "Others".to_owned(),
                fast: false,
            })
        };
        modules = options.modules.iter().map(of_name).collect();
    } else if options.fast || options.check.is_some() {
        modules.retain(|module| module.fast);
    }
    let package = options.tests.join("test");
    modules.retain(|module| {
        let path = package.join(module.name.replace('.', "/"));
        path.is_dir() || path.with_extension("py").is_file()
    });
    if modules.is_empty() { Err("no such module".to_owned()) } else { Ok(modules) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_once() {
        let mut names: Vec<String> = all().into_iter().map(|module| module.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(count > 150);
    }
}
