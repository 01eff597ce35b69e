# Amendments to asyncio.events: handles are native; one that another thread may cancel while it runs has a lock.

_handle_info = Handle._repr_info


def _handle_failed(handle, error):
    """Tells a handle's loop of an exception that its function has raised."""
    loop, origin = handle._loop, handle._source_traceback
    source = format_helpers._format_callback_source(handle._callback, handle._args, debug=loop.get_debug())
    context = {'message': f'Exception in callback {source}', 'exception': error, 'handle': handle}
    if origin:
        context['source_traceback'] = origin
    loop.call_exception_handler(context)


import functools

from _event_loop import Handle, TimerHandle


class _ThreadSafeHandle(Handle):
    """A handle of call_soon_threadsafe(): once cancel() has returned, the function is not running, unless it is what called cancel()."""

    __slots__ = '_lock',

    def __init__(self, *args, **kwargs):
        self._lock = threading.RLock()
        super().__init__(*args, **kwargs)

    def _run(self):
        with self._lock:
            # The loop has looked without the lock.
            return None if self._cancelled else super()._run()


def _with_lock(method):
    @functools.wraps(method)
    def locked(self):
        with self._lock:
            return method(self)

    return locked


for _name in 'cancel', 'cancelled', 'get_context':
    setattr(_ThreadSafeHandle, _name, _with_lock(getattr(Handle, _name)))
del _name
