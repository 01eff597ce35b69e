"""The deterministic profiler with little overhead: the interface of `profile`, on the interpreter's own `_lsprof`."""

__all__ = ["run", "runctx", "Profile"]

import _lsprof
import profile as _pyprofile


def run(statement, filename=None, sort=-1):
    return _pyprofile._Utils(Profile).run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    return _pyprofile._Utils(Profile).runctx(statement, globals, locals, filename, sort)


run.__doc__ = _pyprofile.run.__doc__
runctx.__doc__ = _pyprofile.runctx.__doc__


class Profile(_lsprof.Profiler):
    """Profile(timer=None, timeunit=None, subcalls=True, builtins=True)

    Collects counts and times of calls. A timer is a function without arguments; if it returns integers, timeunit says how many
    seconds one of them is.
    """

    def print_stats(self, sort=-1):
        import pstats
        keys = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()

    def dump_stats(self, file):
        import marshal
        self.create_stats()
        with open(file, 'wb') as stream:
            marshal.dump(self.stats, stream)

    def create_stats(self):
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        # What pstats wants: {function: (primitive calls, calls, own time, time, {caller: the same})}.
        callers = {}
        self.stats = stats = {}
        entries = self.getstats()
        for entry in entries:
            by_caller = callers[id(entry.code)] = {}
            primitive = entry.callcount - entry.reccallcount
            stats[label(entry.code)] = (primitive, entry.callcount, entry.inlinetime, entry.totaltime, by_caller)
        for entry in entries:
            caller = label(entry.code)
            for callee in entry.calls or ():
                by_caller = callers.get(id(callee.code))
                if by_caller is None:
                    continue
                # Here pstats expects all calls first.
                numbers = (callee.callcount, callee.callcount - callee.reccallcount, callee.inlinetime, callee.totaltime)
                if caller in by_caller:
                    numbers = tuple(a + b for a, b in zip(numbers, by_caller[caller]))
                by_caller[caller] = numbers

    def run(self, cmd):
        import __main__
        return self.runctx(cmd, __main__.__dict__, __main__.__dict__)

    def runctx(self, cmd, globals, locals):
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kw):
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *exc_info):
        self.disable()


def label(code):
    if isinstance(code, str):
        # A native function.
        return ('~', 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


def main():
    import os
    import sys
    import runpy
    import pstats
    from optparse import OptionParser

    parser = OptionParser(usage="cProfile.py [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ...")
    parser.allow_interspersed_args = False
    parser.add_option('-o', '--outfile', dest="outfile", help="Save stats to <outfile>", default=None)
    parser.add_option('-s', '--sort', dest="sort", help="Sort order when printing to stdout, based on pstats.Stats class",
                      default=2, choices=sorted(pstats.Stats.sort_arg_dict_default))
    parser.add_option('-m', dest="module", action="store_true", help="Profile a library module", default=False)

    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)

    options, args = parser.parse_args()
    sys.argv[:] = args

    # The script may change the directory.
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)

    if not args:
        parser.print_usage()
        return parser

    if options.module:
        code = "run_module(modname, run_name='__main__')"
        names = {'run_module': runpy.run_module, 'modname': args[0]}
    else:
        import io
        import types
        script = args[0]
        sys.path.insert(0, os.path.dirname(script))
        with io.open_code(script) as stream:
            code = compile(stream.read(), script, 'exec')
        # The script is the main module: for itself, for pickle, and for processes that it starts.
        module = types.ModuleType('__main__')
        names = module.__dict__
        names.update(__file__=script, __package__=None, __cached__=None, __builtins__=__builtins__)
        sys.modules['__main__'] = module

    try:
        runctx(code, names, None, options.outfile, options.sort)
    except BrokenPipeError as error:
        # Nothing more can be written.
        sys.stdout = None
        sys.exit(error.errno)
    return parser


if __name__ == '__main__':
    main()
