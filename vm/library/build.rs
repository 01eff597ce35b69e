//! Compiles the Python sources of the library and packs them, sources and code units, into one file.
//!
//! | bytes | content |
//! | --- | --- |
//! | 4 | number of entries |
//! | 24 each, sorted by path | start and length of the path, of the content and of the code (little endian, from the start of the file) |
//! | rest | paths, contents, code units as `taipan_bytecode::serialize` writes them |
//!
//! A file of `amendments` is put behind the library's file of the same path: it is executed in the module's namespace, after the module.
//!
//! `RESTORED` says which words of the library are put back as CPython has them.
//!
//! A file without code (length 0) is one that does not compile as UTF-8 text: whoever imports it gets the error then. Or it is one of
//! `DATA`, which modules of the library read as resources.

use std::path::{Path, PathBuf};

/// Folders that need a window system, or that hold other programs' data.
const LEFT_OUT: &[&str] = &["idlelib", "turtledemo", "__pycache__"];

/// Where files other than Python sources are taken, too.
const DATA: &[&str] = &["ensurepip/_bundled/", "pydoc_data/", "venv/scripts/"];

/// What names another interpreter: the folders of installed packages lie where programs written for CPython look for them. And
/// single words that CPython's later releases have corrected within a long function, or that take a resource for a file. File, words, words instead.
const RESTORED: &[(&str, &str, &str)] = &[
    (
        "_py_abc.py",
        "subclass = instance.__class__",
        "subclass = getattr(instance, '__class__', type(instance))",
    ),
    (
        "traceback.py",
        "msg = self.msg or \"<no detail available>\"",
        "msg = self.msg if self.msg is NotImplemented else self.msg or \"<no detail available>\"",
    ),
    ("unittest/mock.py", "def _exit_side_effect(exctype, excinst, exctb):", "def _exit_side_effect(*args):"),
    ("_pyrepl/console.py", "except (SyntaxError, OverflowError, ValueError):", "except Exception:"),
    ("_pyrepl/console.py", "except (OverflowError, ValueError):", "except Exception:"),
    ("_pyrepl/simple_interact.py", "except (OverflowError, SyntaxError, ValueError):", "except Exception:"),
    ("_pyrepl/simple_interact.py", "getattr(sys, \"ps1\", \">>> \")", "_prompt(\"ps1\", \">>> \")"),
    ("_pyrepl/simple_interact.py", "getattr(sys, \"ps2\", \"... \")", "_prompt(\"ps2\", \"... \")"),
    (
        "_pyrepl/readline.py",
        "        result = reader.readline(startup_hook=self.startup_hook)",
        "        with _history_kept(reader):\n            result = reader.readline(startup_hook=self.startup_hook)",
    ),
    (
        "_pyrepl/utils.py",
        "TI(T.OP, string=\"(\" | \"*\" | \"[\" | \"{\" | \"~\" | \"...\")\n        ):\n            return True\n        case (",
        "TI(T.OP, string=\"(\" | \"*\" | \"[\" | \"{\" | \"~\" | \"...\" | \"-\" | \"+\")\n        ):\n            return True\n        case (",
    ),
    (
        "_pyrepl/_module_completer.py",
        "isinstance(module_info.module_finder, FileFinder)\n                and module_info.module_finder.path",
        "getattr(module_info.module_finder, 'path', None)",
    ),
    ("_pydecimal.py", "if q < 10**context.prec:", "if _is_less_than_pow10a_use_str(q, context.prec)[0]:"),
    ("_pydecimal.py", "if q >= 10**context.prec:", "if not _is_less_than_pow10a(q, context.prec):"),
    // A frame of the traceback is not to keep the future that keeps the exception.
    (
        "asyncio/base_events.py",
        "            transport.close()\n            raise\n",
        "            transport.close()\n            waiter = None\n            raise\n",
    ),
    (
        "asyncio/base_events.py",
        "            resume_cb.cancel()\n",
        "            resume_cb.cancel()\n            waiter = None\n",
    ),
    ("asyncio/tools.py", "_format_stack_entry(x).split(\" \")[0]", "x.funcname"),
    (
        "asyncio/tools.py",
        "        if elem.lineno == 0 and elem.filename == \"\":",
        "        if elem.lineno is None and elem.filename not in (\"\", \"~\"):\n            return f\"{elem.funcname} {elem.filename}\"\n        if not elem.lineno and (elem.lineno is None or elem.filename == \"\"):",
    ),
    (
        "doctest.py",
        "        self.seek(size)\n",
        "        if size is not None:\n            self.seek(size)\n",
    ),
    (
        "doctest.py",
        "        except TypeError:\n            source_lines = None",
        "        except (TypeError, OSError):\n            source_lines = None",
    ),
    (
        "multiprocessing/util.py",
        "sun_path_len = len(base_tempdir) + 14 + 14",
        "sun_path_len = len(base_tempdir) + 14 + 18",
    ),
    ("multiprocessing/util.py", "len(base_system_tempdir) + 14 + 14", "len(base_system_tempdir) + 14 + 18"),
    ("multiprocessing/managers.py", "segment_names=[]):", "segment_names=None):"),
    (
        "multiprocessing/managers.py",
        "self.segment_names = segment_names\n",
        "self.segment_names = [] if segment_names is None else segment_names\n",
    ),
    (
        "unittest/loader.py",
        "if testCaseClass in (case.TestCase, case.FunctionTestCase):",
        "if testCaseClass in (case.TestCase, case.FunctionTestCase) or _is_abstract(testCaseClass):",
    ),
    (
        "unittest/loader.py",
        "                and obj not in (case.TestCase, case.FunctionTestCase)\n            ):",
        "                and obj not in (case.TestCase, case.FunctionTestCase)\n                and not _is_abstract(obj)\n            ):",
    ),
    (
        "unittest/loader.py",
        "            inst = parent(name)\n",
        "            if _is_abstract(parent):\n                raise TypeError(\"Cannot instantiate abstract test case %s\" % parent.__name__)\n            inst = parent(name)\n",
    ),
    ("_pyio.py", "n = min(n, size)\n", "n = min(n, size - len(res))\n"),
    ("bdb.py", "            for bp in blist:\n", "            for bp in tuple(blist):\n"),
    (
        "bdb.py",
        "self._set_stopinfo(frame, frame, lineno)",
        "self._set_stopinfo(frame, frame, lineno, cmdframe=frame, cmdlineno=frame.f_lineno)",
    ),
    ("email/_header_value_parser.py", "if part.token_type in ('ptext', 'vtext'):", "if _is_text(part):"),
    (
        "gettext.py",
        "result = '%s%d' % (result, value)\n",
        "result = '%s%d' % (result, value)\n    result = f'({result})' if result.startswith('not ') else result\n",
    ),
    ("http/cookiejar.py", "if expires == \"\":", "if expires in (\"\", \"0\"):"),
    (
        "mailbox.py",
        "vis_generator.flatten(message.get_visible())\n",
        "vis_generator.flatten(message.get_visible())\n                vis_buffer.seek(0)\n",
    ),
    (
        "nturl2path.py",
        "urllib.parse.unquote(url.replace('/', '\\\\'))",
        "urllib.parse.unquote(url.replace('/', '\\\\'), errors='surrogateescape')",
    ),
    ("nturl2path.py", "quote(drive, safe='/:')", "quote(drive, safe='/:', errors='surrogateescape')"),
    ("nturl2path.py", "urllib.parse.quote(tail)", "urllib.parse.quote(tail, errors='surrogateescape')"),
    (
        "pdb.py",
        "except SyntaxError:\n                    continue",
        "except Exception:\n                    continue",
    ),
    (
        "pdb.py",
        "except SyntaxError as exc:\n            return _rstr",
        "except Exception as exc:\n            return _rstr",
    ),
    (
        "pydoc.py",
        "os.path.samefile(script_dir, stdlib_dir)",
        "os.path.realpath(script_dir) == os.path.realpath(stdlib_dir)",
    ),
    (
        "pydoc.py",
        "url = urllib.parse.quote(path)",
        "from urllib.request import pathname2url; url = pathname2url(path)",
    ),
    (
        "pydoc.py",
        "open(name + '.html', 'w', encoding='utf-8')",
        "open(name + '.html', 'w', encoding='utf-8', errors='backslashreplace')",
    ),
    (
        "pydoc.py",
        "self.path, content_type).encode('utf-8')",
        "self.path, content_type).encode('utf-8', 'backslashreplace')",
    ),
    (
        "pydoc.py",
        "with open(css_path) as fp:\n            return ''.join(fp.readlines())",
        "return pkgutil.get_data(*url.split('/')).decode('utf-8')",
    ),
    (
        "xmlrpc/server.py",
        "        css_path = os.path.join(path_here, \"..\", \"pydoc_data\", \"_pydoc.css\")\n        with open(css_path, mode=\"rb\") as fp:\n            return fp.read()",
        "        return pydoc.pkgutil.get_data(\"pydoc_data\", \"_pydoc.css\")",
    ),
    ("netrc.py", "        token = \"\"\n        fiter", "        token = None\n        fiter"),
    (
        "netrc.py",
        "                continue\n            if ch == '\"':",
        "                continue\n            token = \"\"\n            if ch == '\"':",
    ),
    ("netrc.py", "if not tt:", "if tt is None:"),
    ("netrc.py", "elif tt[0] == '#':", "elif tt[:1] == '#':"),
    ("netrc.py", "if tt.startswith('#'):", "if tt and tt[0] == '#':"),
    ("netrc.py", "tt in {'', 'machine',", "tt in {None, 'machine',"),
    ("netrc.py", "login = lexer.get_token()", "login = lexer.get_token() or ''"),
    ("netrc.py", "account = lexer.get_token()", "account = lexer.get_token() or ''"),
    ("netrc.py", "password = lexer.get_token()", "password = lexer.get_token() or ''"),
    (
        "tarfile.py",
        "            next.offset = self.offset\n\n            if \"size\"",
        "            header, next.offset = next.offset, self.offset\n\n            if \"size\"",
    ),
    ("tarfile.py", "offset = next.offset_data\n", "offset = header + BLOCKSIZE\n"),
    (
        "tarfile.py",
        "next._block(next.size)",
        "next._block(int(size) if (size := pax_headers['size']).isdecimal() else 0)",
    ),
    (
        "logging/config.py",
        "server = self.rcvr(port=self.port, handler=self.hdlr,\n                               ready=self.ready,\n                               verify=self.verify)",
        "server = _serve(self)",
    ),
    (
        "sqlite3/dump.py",
        "q = \"SELECT 'INSERT INTO {0} VALUES('{1}')' FROM {0};\".format(\n            table_name_ident,\n",
        "q = \"SELECT 'INSERT INTO {2} VALUES('{1}')' FROM {0};\".format(\n            table_name_ident,\n",
    ),
    (
        "sqlite3/dump.py",
        "_quote_name(col)) for col in column_names\n            )\n",
        "_quote_name(col)) for col in column_names\n            ),\n            _quote_in_text(table_name),\n",
    ),
    (
        "tabnanny.py",
        "errprint(\"Usage:\", sys.argv[0], \"[-v] file_or_directory ...\")",
        "errprint(\"Usage:\", sys.executable, \"-m tabnanny [-v] file_or_directory ...\")",
    ),
    (
        "tarfile.py",
        "struct.pack(\"<L\", int(time.time()))",
        "struct.pack(\"<L\", int(now) if 0 <= (now := time.time()) < 1 << 32 else 0)",
    ),
    (
        "xml/dom/expatbuilder.py",
        "child.nodeType == TEXT_NODE and not child.data.strip():",
        "child.nodeType == TEXT_NODE and not child.data.strip(' \\t\\r\\n'):",
    ),
    ("xml/etree/ElementPath.py", "list(parent.findall(elem.tag))", "_children_of(context, parent, elem.tag)"),
    ("xml/etree/ElementTree.py", "elem.text.strip()", "elem.text.strip(' \\t\\r\\n')"),
    ("xml/etree/ElementTree.py", "child.tail.strip()", "child.tail.strip(' \\t\\r\\n')"),
    (
        "xml/etree/ElementTree.py",
        "            data = data.strip()",
        "            data = data.strip(' \\t\\r\\n')",
    ),
    ("zipapp.py", "isinstance(new_archive, str)", "isinstance(new_archive, (str, os.PathLike))"),
    (
        "zipimport.py",
        "                    name = name.decode()\n",
        "                    name = _decode_name(name, archive)\n",
    ),
    ("zoneinfo/_zoneinfo.py", "d >= 59", "d >= 60"),
    ("zoneinfo/_zoneinfo.py", "tti_prev = self._ttinfos[-1]", "tti_prev = self._tti_before"),
    ("site.py", "return 'RustPython'", "return 'Python'"),
    ("site.py", "/lib/rustpython{", "/lib/python{"),
    ("sysconfig/__init__.py", "return 'RustPython'", "return 'Python'"),
];

/// Compiles to nothing.
const NOT_TEXT: &[u8] = &[0xff];

fn main() {
    let library = Path::new(rustpython_pylib::LIB_PATH);
    let own = Path::new("python");
    let mut files = Vec::new();
    collect(library, library, &mut files);
    collect(own, own, &mut files);
    // A source of our own stands in for the library's of the same name.
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            std::mem::swap(later, first);
        }
        same
    });
    let read =
        |name: &str, path: &Path| std::fs::read(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut contents: Vec<Vec<u8>> = files.iter().map(|(name, path)| read(name, path)).collect();
    for (name, words, instead) in RESTORED {
        let index =
            files.iter().position(|(file, _)| file == name).expect("the library has what is restored");
        let text = std::str::from_utf8(&contents[index]).expect("sources are UTF-8");
        assert!(text.contains(words), "{name} does not say {words:?} any more");
        contents[index] = text.replace(words, instead).into_bytes();
    }
    let mut amendments = Vec::new();
    collect(Path::new("amendments"), Path::new("amendments"), &mut amendments);
    for (name, path) in amendments {
        let amended = files.iter().position(|(file, _)| *file == name);
        let amended = amended.unwrap_or_else(|| panic!("the library has no {name} to amend"));
        contents[amended].extend_from_slice(b"\n\n");
        contents[amended].extend_from_slice(&read(&name, &path));
    }
    let mut table = Vec::new();
    let mut data = Vec::new();
    let sources: Vec<&[u8]> = files
        .iter()
        .zip(&contents)
        .map(|((name, _), content)| if name.ends_with(".py") { content.as_slice() } else { NOT_TEXT })
        .collect();
    let codes = compile_all(&sources);
    let base = 4 + 24 * files.len();
    // All paths first, then all code, then the sources, so that who searches touches little memory and who imports no source.
    let mut place = |parts: &mut dyn Iterator<Item = &[u8]>| -> Vec<(usize, usize)> {
        let put = |part: &[u8]| {
            let start = base + data.len();
            data.extend_from_slice(part);
            (start, part.len())
        };
        parts.map(put).collect()
    };
    let paths = place(&mut files.iter().map(|(name, _)| name.as_bytes()));
    let code = place(&mut codes.iter().map(|code| &**code));
    let sources = place(&mut contents.iter().map(|content| &**content));
    let mut word =
        |n: usize| table.extend_from_slice(&u32::try_from(n).expect("a library below 4 GB").to_le_bytes());
    word(files.len());
    for ((path, source), code) in paths.into_iter().zip(sources).zip(code) {
        for (start, len) in [path, source, code] {
            word(start);
            word(len);
        }
    }
    table.extend_from_slice(&data);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("library.bin"), table).expect("a writable OUT_DIR");
    println!("cargo:rustc-env=TAIPAN_LIBRARY_FINGERPRINT={}", fingerprint(&codes));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=python");
    println!("cargo:rerun-if-changed=amendments");
    println!("cargo:rerun-if-changed={}", library.display());
}

/// The code units of all sources, in their order. They name no file: who loads them says where they are.
fn compile_all(sources: &[&[u8]]) -> Vec<Vec<u8>> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let mut codes = vec![Vec::new(); sources.len()];
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                let share = sources.iter().enumerate().skip(worker).step_by(workers);
                scope.spawn(move || share.map(|(index, source)| (index, compile(source))).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().expect("the compiler does not panic")).collect::<Vec<_>>()
    });
    for (index, code) in done {
        codes[index] = code;
    }
    codes
}

/// A number that changes with what the compiler makes of the library, or how a code unit is written (FNV-1a, folded to 16 bits).
fn fingerprint(codes: &[Vec<u8>]) -> u16 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in codes.iter().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    }
    (hash ^ hash >> 16 ^ hash >> 32 ^ hash >> 48) as u16
}

fn compile(source: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(source) else { return Vec::new() };
    let unit = taipan_compiler::compile(text, "", taipan_compiler::Mode::Exec, Default::default());
    unit.map_or_else(|_| Vec::new(), |unit| taipan_bytecode::serialize(&unit))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !LEFT_OUT.contains(&name) {
                collect(root, &path, files);
            }
            continue;
        }
        let relative =
            path.strip_prefix(root).expect("inside of the root").to_string_lossy().replace('\\', "/");
        if relative.ends_with(".py") || DATA.iter().any(|folder| relative.starts_with(folder)) {
            files.push((relative, path));
        }
    }
}
