def _runsource(self, source, filename="<input>", symbol="single"):
    """Compile and run some source in the interpreter; return whether more of it is needed."""
    try:
        code = self.compile(source, filename, symbol)
    except Exception:
        # Whatever the compiler raises is shown, be it about the syntax or not.
        self.showsyntaxerror(filename, source=source)
        return False
    if code is None:
        return True
    self.runcode(code)
    return False


_runsource.__name__ = "runsource"
_runsource.__qualname__ = "InteractiveInterpreter.runsource"
InteractiveInterpreter.runsource = _runsource
del _runsource
