# argparse, getopt, shlex, configparser, string helpers used by command-line programs.
import argparse, sys, io, shlex, getopt, configparser, contextlib
def run(p, *args):
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err): ns = p.parse_args(list(args))
        print(sorted(vars(ns).items(), key=lambda kv: kv[0]))
    except SystemExit as e: print("exit", e.code, out.getvalue(), err.getvalue(), sep="\n")
p = argparse.ArgumentParser(prog="tool", description="A tool.", epilog="The end.")
p.add_argument("input", help="input file"); p.add_argument("rest", nargs="*")
p.add_argument("-n", "--number", type=int, default=3, metavar="N", help="a number (default: %(default)s)"); p.add_argument("-v", "--verbose", action="count", default=0); p.add_argument("--flag", action="store_true"); p.add_argument("--no-x", dest="x", action="store_false"); p.add_argument("-c", "--choice", choices=["a", "b"]); p.add_argument("--list", action="append"); p.add_argument("--two", nargs=2, type=float); p.add_argument("--version", action="version", version="tool 1.0"); p.add_argument("--opt", nargs="?", const="C", default="D"); p.add_argument("--bool", action=argparse.BooleanOptionalAction)
run(p, "in"); run(p, "in", "a", "b", "-n5", "-vvv", "--flag", "--no-x", "-c", "a", "--list", "1", "--list=2", "--two", "1", "2.5", "--opt", "--bool"); run(p, "--num", "7", "x"); run(p, "x", "--", "-n"); run(p); run(p, "x", "-n", "abc"); run(p, "x", "-c", "z"); run(p, "x", "--bad"); run(p, "--version"); run(p, "-h"); run(p, "x", "--two", "1")
s = argparse.ArgumentParser(prog="git"); subs = s.add_subparsers(dest="cmd", required=True, help="commands"); a = subs.add_parser("add", help="add files"); a.add_argument("files", nargs="+"); c = subs.add_parser("commit"); g = c.add_mutually_exclusive_group(required=True); g.add_argument("-m"); g.add_argument("-F"); c.set_defaults(func="do_commit")
run(s, "add", "x", "y"); run(s, "commit", "-m", "msg"); run(s, "commit"); run(s, "commit", "-m", "a", "-F", "b"); run(s); run(s, "nope"); run(s, "add", "-h")
print(p.parse_known_args(["in", "--unknown", "5"])[1], p.format_usage()); t = argparse.ArgumentParser(prog="t", formatter_class=argparse.ArgumentDefaultsHelpFormatter, fromfile_prefix_chars="@"); grp = t.add_argument_group("group", "about it"); grp.add_argument("--val", default=5, help="value"); print(t.format_help())
def even(s):
    v = int(s)
    if v % 2: raise argparse.ArgumentTypeError(f"{v} is odd")
    return v
e = argparse.ArgumentParser(prog="e"); e.add_argument("n", type=even); run(e, "4"); run(e, "5")
print(shlex.split("a 'b c' \"d e\" f\\ g"), shlex.quote("a b"), shlex.join(["a", "b c"]), getopt.getopt(["-a", "-b", "v", "--long=x", "rest"], "ab:", ["long="]))
cp = configparser.ConfigParser(); cp.read_string("[DEFAULT]\nbase = /x\n[s]\npath = %(base)s/y\nn = 5\nflag = yes\n; comment\nmulti = a\n  b\n"); print(cp.sections(), cp["s"]["path"], cp.getint("s", "n"), cp.getboolean("s", "flag"), repr(cp["s"]["multi"]), cp.get("s", "zz", fallback="fb"), cp.has_option("s", "base"))
try: cp.get("nope", "x")
except configparser.NoSectionError as x: print(x)
