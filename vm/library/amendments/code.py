def _runsource(self, source, filename="<input>", symbol="single"):
    """Compile and run some source in the interpreter; return whether more of it is needed."""
    code = more = None
    try:
        more = (code := self.compile(source, filename, symbol)) is None
    except Exception:
        # Whatever the compiler raises is shown, be it about the syntax or not.
        self.showsyntaxerror(filename, source=source)
    if code is not None:
        self.runcode(code)
    return bool(more)


_runsource.__name__ = "runsource"
_runsource.__qualname__ = "InteractiveInterpreter.runsource"
InteractiveInterpreter.runsource = _runsource
del _runsource
