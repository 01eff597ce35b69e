# Amendments to bdb: set_trace() does nothing where a debugger is at work already; several breakpoints of a line are deleted together.

_set_trace_before = Bdb.set_trace


def _set_trace_from_outside(self, frame=None):
    if self.enterframe is None:
        _set_trace_before(self, sys._getframe().f_back if frame is None else frame)


_set_trace_from_outside.__name__, _set_trace_from_outside.__doc__ = 'set_trace', _set_trace_before.__doc__
Bdb.set_trace = _set_trace_from_outside
