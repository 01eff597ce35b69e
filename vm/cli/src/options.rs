//! The command line, as CPython reads it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// `-c command`
    Command(OsString),
    /// `-m module`
    Module(String),
    /// A file or folder.
    Script(OsString),
    /// Standard input: no argument, or `-`.
    Stdin,
}

/// A command line taken apart.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub optimize: u8,
    pub unbuffered: bool,
    pub verbose: u32,
    pub inspect: bool,
    pub interactive: bool,
    pub quiet: bool,
    pub debug: u32,
    pub ignore_environment: bool,
    pub isolated: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub safe_path: bool,
    pub bytes_warning: u32,
    pub dont_write_bytecode: bool,
    pub skip_first_line: bool,
    /// `-R`: whatever PYTHONHASHSEED says.
    pub random_hashes: bool,
    /// `-W` arguments in order.
    pub warnings: Vec<String>,
    /// `-X` arguments in order.
    pub xoptions: Vec<String>,
    /// `--stdlib DIR`.
    pub stdlib: Option<OsString>,
    pub program: Option<Program>,
    /// `sys.argv`.
    pub argv: Vec<OsString>,
}

/// What the command line asks for.
pub enum Request {
    Run(Box<Options>),
    /// Print on standard output and leave with status 0.
    Print(String),
    /// Print on standard error and leave with this status.
    Fail(String, i32),
}

const USAGE: &str = "[option] ... [-c cmd | -m mod | file | -] [arg] ...";

/// The text of `-h`.
pub fn help(program: &str) -> String {
    format!(
        "usage: {program} {USAGE}
Options (and corresponding environment variables):
-b     : issue warnings about converting bytes/bytearray to str and comparing
         bytes/bytearray with str or bytes with int; also PYTHONBYTESWARNING=x
         (-bb: issue errors)
-B     : don't write .pyc files on import; also PYTHONDONTWRITEBYTECODE=x
-c cmd : program passed in as string (terminates option list)
-d     : accepted and ignored
-E     : ignore PYTHON* environment variables (such as PYTHONPATH)
-h     : print this help message and exit (also -? or --help)
-i     : inspect interactively after running script; also PYTHONINSPECT=x
-I     : isolate Taipan from the user's environment (implies -E, -P and -s)
-m mod : run library module as a script (terminates option list)
-O     : remove assert and __debug__-dependent statements; also PYTHONOPTIMIZE=x
-OO    : do -O changes and also discard docstrings
-P     : don't prepend a potentially unsafe path to sys.path; also PYTHONSAFEPATH
-q     : don't print version and copyright messages on interactive startup
-R     : use a random seed for hashes even if PYTHONHASHSEED is set
-s     : don't add user site directory to sys.path; also PYTHONNOUSERSITE=x
-S     : don't imply 'import site' on initialization
-u     : force the stdout and stderr streams to be unbuffered; also PYTHONUNBUFFERED=x
-v     : verbose (trace import statements); also PYTHONVERBOSE=x
-V     : print the Taipan version number and exit (also --version)
-W arg : warning control; arg is action:message:category:module:lineno
         also PYTHONWARNINGS=arg
-x     : skip first line of source
-X opt : set implementation-specific option
--stdlib DIR : take the standard library from DIR; also TAIPAN_HOME
file   : program read from script file
-      : program read from stdin (default; interactive mode if a tty)
arg ...: arguments passed to program in sys.argv[1:]
"
    )
}

fn text(argument: &OsString) -> String {
    argument.to_string_lossy().into_owned()
}

/// Reads a command line; `arguments[0]` is the program.
pub fn parse(arguments: &[OsString], version: &str) -> Request {
    let program_name = arguments.first().map_or("taipan".into(), text);
    let mut options = Options::default();
    let fail = |message: String| {
        Request::Fail(
            format!("{message}\nusage: {program_name} {USAGE}\nTry `taipan -h' for more information.\n"),
            2,
        )
    };
    let mut i = 1;
    while i < arguments.len() {
        let argument = text(&arguments[i]);
        if argument == "-" || !argument.starts_with('-') {
            break;
        }
        match argument.as_str() {
            "--help" => return Request::Print(help(&program_name)),
            "--version" => return Request::Print(format!("{version}\n")),
            "--stdlib" => {
                i += 1;
                match arguments.get(i) {
                    Some(folder) => options.stdlib = Some(folder.clone()),
                    None => return fail("Argument expected for the --stdlib option".into()),
                }
                i += 1;
                continue;
            }
            "--" => {
                i += 1;
                break;
            }
            long if long.starts_with("--") => return fail(format!("unknown option {long}")),
            _ => {}
        }
        let letters: Vec<char> = argument[1..].chars().collect();
        let mut at = 0;
        while at < letters.len() {
            let letter = letters[at];
            at += 1;
            match letter {
                'b' => options.bytes_warning += 1,
                'B' => options.dont_write_bytecode = true,
                'd' => options.debug += 1,
                'E' => options.ignore_environment = true,
                'h' | '?' => return Request::Print(help(&program_name)),
                'i' => {
                    options.inspect = true;
                    options.interactive = true;
                }
                'I' => {
                    options.isolated = true;
                    options.ignore_environment = true;
                    options.no_user_site = true;
                    options.safe_path = true;
                }
                'O' => options.optimize += 1,
                'P' => options.safe_path = true,
                'q' => options.quiet = true,
                'R' => options.random_hashes = true,
                's' => options.no_user_site = true,
                'S' => options.no_site = true,
                'u' => options.unbuffered = true,
                'v' => options.verbose += 1,
                'V' => return Request::Print(format!("{version}\n")),
                'x' => options.skip_first_line = true,
                'c' | 'm' | 'W' | 'X' => {
                    let rest: String = letters[at..].iter().collect();
                    at = letters.len();
                    let raw = if rest.is_empty() {
                        i += 1;
                        match arguments.get(i) {
                            Some(value) => value.clone(),
                            None => return fail(format!("Argument expected for the -{letter} option")),
                        }
                    } else {
                        // The letters before are of one byte each.
                        let before = 1 + letters.iter().position(|l| *l == letter).unwrap_or(0);
                        OsString::from_vec(arguments[i].as_bytes()[before + 1..].to_vec())
                    };
                    let value = text(&raw);
                    match letter {
                        'W' => options.warnings.push(value),
                        'X' => options.xoptions.push(value),
                        _ => {
                            options.argv.push(OsString::from(format!("-{letter}")));
                            options.argv.extend(arguments[i + 1..].iter().cloned());
                            options.program = Some(if letter == 'c' {
                                Program::Command(raw)
                            } else {
                                Program::Module(value)
                            });
                            return Request::Run(Box::new(options));
                        }
                    }
                }
                other => return fail(format!("Unknown option: -{other}")),
            }
        }
        i += 1;
    }
    match arguments.get(i) {
        Some(argument) if argument == "-" => {
            options.program = Some(Program::Stdin);
            options.argv = arguments[i..].to_vec();
        }
        Some(script) => {
            options.program = Some(Program::Script(script.clone()));
            options.argv = arguments[i..].to_vec();
        }
        None => {
            options.program = Some(Program::Stdin);
            options.argv = vec![OsString::new()];
        }
    }
    Request::Run(Box::new(options))
}
