# Amendments to warnings: recording goes before a showwarning() that was replaced earlier; the importer of the built-in library is as
# internal as the rest of the import system.

_show_by_function = _showwarnmsg
_enter_before = catch_warnings.__enter__


def _enter(self):
    log = _enter_before(self)
    if log is not None and _use_context:
        self._module._get_context()._replaced = self._module.showwarning
    return log


def _showwarnmsg(msg):
    context = _wm._get_context() if _use_context else None
    log = getattr(context, 'log', None)
    if log is not None and getattr(context, '_replaced', None) is getattr(_wm, 'showwarning', None):
        log.append(msg)
    else:
        _show_by_function(msg)


_copy_before = _Context.copy


def _copy(self):
    context = _copy_before(self)
    context._replaced = getattr(self, '_replaced', None)
    return context


_copy.__name__, _copy.__qualname__ = 'copy', _copy_before.__qualname__
_Context.copy = _copy
_enter.__name__, _enter.__qualname__ = '__enter__', _enter_before.__qualname__
_showwarnmsg.__doc__ = _show_by_function.__doc__
catch_warnings.__enter__ = _enter

_is_internal_to_importlib = _is_internal_filename


def _is_internal_filename(filename):
    return filename == '<frozen _embedded>' or _is_internal_to_importlib(filename)
