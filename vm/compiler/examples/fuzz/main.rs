//! Feeds mutated sources to the compiler: `fuzz [SEED [COUNT [FILE...]]]`. Whatever a source says, compiling must end with a
//! code unit or an error; a panic is reported with the source that makes it. Also reported are sources
//! that the parser refuses although the diagnosis finds nothing wrong.
//!
//! `fuzz --run TAIPAN FOLDER [SEED [COUNT]]` runs generated programs, each in a process of its own, and mutated ones as far as they
//! compile. Programs that crash the interpreter or make it panic are kept in FOLDER.

mod child;
mod generate;
mod nest;

use std::panic::{AssertUnwindSafe, catch_unwind};

use taipan_compiler::{Mode, Options, compile, diagnose, parse};

/// What sources are made of.
const SNIPPETS: &[&str] = &[
    "def f(a, /, b: int = 2, *c, d=4, **e) -> str:\n    global g\n    return lambda *x: (yield)\n",
    "class C[T: int = str, *Ts, **P](B, metaclass=M):\n    x: T = 1\n    def __m(self): return super().m, __class__\n",
    "async def f():\n    async with a as b, c: await d\n    return [x async for x in y if x]\n",
    "try:\n    pass\nexcept* (A, B) as e:\n    raise E from e\nelse:\n    del a[1:2], b.c\nfinally:\n    return\n",
    "match x, *y:\n    case [1, 'a', *_] | {'k': -1+2j, **r} if (z := 1):\n        pass\n    case A.B(c, d=e) as f:\n        pass\n",
    "for (i, *j), k[0] in a, b:\n    while not x: break\nelse:\n    continue\n",
    "x = f'{a!r:>{w}}{b=}' rf'\\d{{}}' t'{c}' b'\\x00' '\\N{BULLET}' \"\"\"\n\"\"\"\n",
    "type A[T] = [T for _ in {1: 2, **c}]; assert x, y\n",
    "from .a import (b as c, d); import e.f as g\n",
    "a += b if c else d or not e and f < g is not h in i | j ^ k & l << m + n * -o ** p\n",
    "f(*a, b=1, **c)[1:2, ..., ::3] = {x: y for x, y in z} = {*s, 0x1f, 1_0.5e-3j}\n",
    "if x:\n\tpass\nelif y:\n        z\n",
];

const TOKENS: &[&str] = &[
    "(", ")", "[", "]", "{", "}", ",", ":", ";", "=", "==", ":=", "->", "*", "**", ".", "...", "@", "!",
    "\\", "\\\n", "\n", "\n  ", "\t", "'", "\"\"\"", "f'", "f'{", "t\"{", "}", "lambda", "yield", "await",
    "async", "not", "if", "else", "for", "in", "with", "as", "match", "case", "type", "_", "global",
    "nonlocal", "return", "del", "import", "from", "class", "def", "except", "finally", "None", "0777",
    "1__0", "1e", "\u{e9}", "\u{20ac}", "\u{a0}", "$", "?", "\r", "\x0c",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// A source cut into words, blanks and signs.
fn cut(source: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c == ' ' {
            2
        } else {
            0
        }
    };
    let mut before = 0;
    for c in source.chars() {
        let this = kind(c);
        match parts.last_mut() {
            Some(part) if this != 0 && this == before => part.push(c),
            _ => parts.push(c.to_string()),
        }
        before = this;
    }
    parts
}

fn mutated(random: &mut Random, texts: &[String]) -> String {
    let mut parts = cut(&texts[random.below(texts.len())]);
    if random.below(4) == 0 {
        parts.extend(cut(&texts[random.below(texts.len())]));
    }
    if parts.len() > 400 {
        let start = random.below(parts.len() - 400);
        parts = parts[start..start + 400].to_vec();
    }
    for _ in 0..=random.below(5) {
        let (at, other) = (random.below(parts.len()), random.below(parts.len()));
        let token = TOKENS[random.below(TOKENS.len())].to_owned();
        match random.below(6) {
            _ if parts.is_empty() => parts.push(token),
            0 => drop(parts.remove(at)),
            1 => parts.insert(at, token),
            2 => parts[at] = token,
            3 => parts.swap(at, other),
            4 => parts.truncate(at),
            _ => {
                let repeated = parts[at].repeat(1 + random.below(300));
                parts[at] = repeated;
            }
        }
    }
    parts.concat()
}

/// Runs programs; how many of them were more than the interpreter could take.
fn run_programs(mut arguments: impl Iterator<Item = String>) -> std::io::Result<u32> {
    let interpreter = std::path::absolute(arguments.next().unwrap_or_default())?;
    let folder = std::path::absolute(arguments.next().unwrap_or_else(|| "fuzz".to_owned()))?;
    std::fs::create_dir_all(&folder)?;
    let mut number = |default: u64| arguments.next().and_then(|a| a.parse().ok()).unwrap_or(default);
    let (seed, count) = (number(1), number(1000));
    println!("seed {seed}, {count} programs");
    let texts: Vec<String> = SNIPPETS.iter().map(|s| (*s).to_owned()).collect();
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut bad, mut slow) = (0, 0);
    for index in 0..count {
        let source = if random.below(8) == 0 {
            let source = mutated(&mut random, &texts);
            if compile(&source, "<fuzz>", Mode::Exec, Options::default()).is_err() {
                continue;
            }
            source
        } else {
            let statements = 5 + random.below(60);
            generate::program(&mut random, statements)
        };
        let (end, errors) = child::run(&interpreter, &folder, &source, std::time::Duration::from_secs(8))?;
        match end {
            child::End::Ended => {}
            child::End::TimedOut => {
                slow += 1;
                std::fs::write(folder.join(format!("slow-{seed}-{index}.py")), &source)?;
            }
            child::End::Crashed | child::End::Panicked => {
                bad += 1;
                println!("{end:?}, seed {seed}, program {index}: {}", errors.trim());
                std::fs::write(folder.join(format!("bad-{seed}-{index}.py")), &source)?;
            }
        }
    }
    println!("{bad} crashes and panics, {slow} not in time");
    Ok(bad)
}

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("--run").is_some() {
        match run_programs(arguments) {
            Ok(bad) => std::process::exit(i32::from(bad > 0)),
            Err(error) => {
                eprintln!("fuzz: {error}");
                std::process::exit(2);
            }
        }
    }
    let mut number = |default: u64| arguments.next().and_then(|a| a.parse().ok()).unwrap_or(default);
    let (seed, count) = (number(1), number(10_000));
    let mut texts: Vec<String> = SNIPPETS.iter().map(|s| (*s).to_owned()).collect();
    texts.extend(arguments.filter_map(|file| std::fs::read_to_string(file).ok()));
    println!("seed {seed}, {count} sources");
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bad = 0;
    for index in 0..count {
        let source = mutated(&mut random, &texts);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for mode in [Mode::Exec, Mode::Eval, Mode::Single] {
                let options = Options { allow_incomplete_input: index % 2 == 0, ..Options::default() };
                let _ = compile(&source, "<fuzz>", mode, options);
            }
            parse(&source, Mode::Exec, Options::default()).is_err() && diagnose(&source).is_none()
        }));
        match outcome {
            Ok(false) => {}
            Ok(true) => println!("only refused by the parser: {source:?}"),
            Err(_) => {
                bad += 1;
                println!("panic, seed {seed}, source {index}: {source:?}");
            }
        }
    }
    println!("{bad} panics");
    std::process::exit(i32::from(bad > 0));
}
