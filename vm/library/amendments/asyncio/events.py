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


from _event_loop import Handle, TimerHandle


class _ThreadSafeHandle(Handle):
    """A handle of call_soon_threadsafe(): once cancel() has returned, the function is not running, unless it is what called cancel()."""

    __slots__ = ('_lock',)

    def __init__(self, callback, args, loop, context=None):
        super().__init__(callback, args, loop, context)
        self._lock = threading.RLock()

    def cancel(self):
        with self._lock:
            return super().cancel()

    def cancelled(self):
        with self._lock:
            return super().cancelled()

    def get_context(self):
        with self._lock:
            return super().get_context()

    def _run(self):
        with self._lock:
            # The loop has looked without the lock.
            if not self._cancelled:
                return super()._run()
