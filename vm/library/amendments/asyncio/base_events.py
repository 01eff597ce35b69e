# Amendments to asyncio.base_events: a server that stops serving because it is canceled lets its clients go, too; a socket for which no
# transport could be made is closed.

_serve_forever_before = Server.serve_forever


async def _serve_until_cancelled(self):
    closing = self.close

    def close():
        closing()
        self.close_clients()

    self.close = close
    try:
        await _serve_forever_before(self)
    finally:
        self.__dict__.pop('close', None)


_serve_until_cancelled.__name__ = 'serve_forever'
_serve_until_cancelled.__doc__ = _serve_forever_before.__doc__
Server.serve_forever = _serve_until_cancelled


_connect_transport = BaseEventLoop._create_connection_transport


async def _transport_or_closed_socket(self, sock, *args, **kwargs):
    descriptor = sock.fileno()
    try:
        return await _connect_transport(self, sock, *args, **kwargs)
    except BaseException:
        # A transport that there is closes its socket by itself.
        if getattr(self, '_transports', {}).get(descriptor) is None:
            sock.close()
        raise


_transport_or_closed_socket.__name__ = '_create_connection_transport'
BaseEventLoop._create_connection_transport = _transport_or_closed_socket


def _call_soon_threadsafe(self, callback, *args, context=None):
    self._check_closed()
    if self.get_debug():
        self._check_callback(callback, 'call_soon_threadsafe')
    made = events._ThreadSafeHandle(callback, args, self, context)
    if origin := made._source_traceback:
        # The calls of this method and of the constructor of the class.
        del origin[-2:]
    self._ready.append(made)
    self._write_to_self()
    return made


_call_soon_threadsafe.__doc__ = BaseEventLoop.call_soon_threadsafe.__doc__
_call_soon_threadsafe.__name__ = 'call_soon_threadsafe'
_call_soon_threadsafe.__qualname__ = 'BaseEventLoop.call_soon_threadsafe'
BaseEventLoop.call_soon_threadsafe = _call_soon_threadsafe


def _forget_cancelled(self):
    """Takes canceled timers out of the heap: all of them if they are many, those at its head otherwise."""
    timers = self._scheduled
    if len(timers) > _MIN_SCHEDULED_TIMER_HANDLES \
            and self._timer_cancelled_count / len(timers) > _MIN_CANCELLED_TIMER_HANDLES_FRACTION:
        left = []
        for timer in timers:
            if timer._cancelled:
                timer._scheduled = False
            else:
                left.append(timer)
        heapq.heapify(left)
        self._scheduled = left
        self._timer_cancelled_count = 0
        return
    while timers and timers[0]._cancelled:
        self._timer_cancelled_count -= 1
        heapq.heappop(timers)._scheduled = False


def _run_slowly(self, handle):
    """Runs a handle in debug mode, where one that takes long is told of."""
    try:
        self._current_handle = handle
        begin = self.time()
        handle._run()
        took = self.time() - begin
        if took >= self.slow_callback_duration:
            logger.warning('Executing %s took %.3f seconds', _format_handle(handle), took)
    finally:
        # A traceback may refer to this frame.
        self._current_handle = handle = None


def _run_once(self):
    """Run one full iteration of the event loop."""
    if self._scheduled:
        self._forget_cancelled()
    timeout = 0 if self._ready or self._stopping else None
    if timeout is None and self._scheduled:
        timeout = min(max(self._scheduled[0]._when - self.time(), 0), MAXIMUM_SELECT_TIMEOUT)
    self._process_events(self._selector.select(timeout))
    if self._scheduled:
        now = self.time() + self._clock_resolution
        while self._scheduled and self._scheduled[0]._when < now:
            timer = heapq.heappop(self._scheduled)
            timer._scheduled = False
            self._ready.append(timer)
        timer = None
    # What the functions schedule is for the next iteration.
    count = len(self._ready)
    if not self._debug and type(self._ready) is collections.deque:
        _event_loop.run_ready(self._ready, count)
        return
    for _ in range(count):
        handle = self._ready.popleft()
        if not handle._cancelled:
            if self._debug:
                self._run_slowly(handle)
            else:
                handle._run()
        # No traceback is to keep it.
        handle = None


import _event_loop

_run_once.__qualname__ = 'BaseEventLoop._run_once'
BaseEventLoop._forget_cancelled = _forget_cancelled
BaseEventLoop._run_slowly = _run_slowly
BaseEventLoop._run_once = _run_once
del _forget_cancelled, _run_slowly, _run_once
_event_loop.know(BaseEventLoop)
