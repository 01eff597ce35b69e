# Amendments to asyncio.tasks: who awaits whom is noted by all that wait and forgotten by all that stop waiting; an interrupted wait
# of as_completed() can be repeated; a shielded future's exception counts as retrieved by whoever retrieves it.

_wait_for_set = _wait
_cancel_and_await = _cancel_and_wait
_gather_all = gather
_shield_from = shield
_init_before = _AsCompletedIterator.__init__
_handle_timeout_before = _AsCompletedIterator._handle_timeout
_handle_completion_before = _AsCompletedIterator._handle_completion


def _discard_awaited_by(children, waiter):
    for child in children:
        futures.future_discard_from_awaited_by(child, waiter)


async def _wait(fs, timeout, return_when, loop):
    """Waits for a set of futures as asyncio.wait() does."""
    try:
        return await _wait_for_set(fs, timeout, return_when, loop)
    finally:
        _discard_awaited_by(fs, current_task())


async def _cancel_and_wait(fut):
    """Cancels a future and waits for its end."""
    waiter = current_task()
    futures.future_add_to_awaited_by(fut, waiter)
    try:
        await _cancel_and_await(fut)
    finally:
        futures.future_discard_from_awaited_by(fut, waiter)


def _init_awaiting(self, aws, timeout):
    _init_before(self, aws, timeout)
    self._cur_task = current_task()
    for future in self._todo:
        futures.future_add_to_awaited_by(future, self._cur_task)


def _handle_timeout_of_all(self):
    _discard_awaited_by(self._todo, self._cur_task)
    _handle_timeout_before(self)


def _handle_completion_of_one(self, f):
    futures.future_discard_from_awaited_by(f, self._cur_task)
    _handle_completion_before(self, f)


async def _wait_for_next(self, resolve=False):
    try:
        future = await self._done.get()
    except BaseException:
        # Nothing was taken.
        self._todo_left += 1
        raise
    if future is None:
        raise exceptions.TimeoutError
    return future.result() if resolve else future


_AsCompletedIterator.__init__ = _init_awaiting
_AsCompletedIterator._handle_timeout = _handle_timeout_of_all
_AsCompletedIterator._handle_completion = _handle_completion_of_one
_AsCompletedIterator._wait_for_one = _wait_for_next


@functools.wraps(_gather_all)
def gather(*coros_or_futures, return_exceptions=False):
    outer = _gather_all(*coros_or_futures, return_exceptions=return_exceptions)
    if isinstance(outer, _GatheringFuture) and not outer.done():
        waiter = current_task(outer._loop)
        if waiter is not None:
            outer.add_done_callback(lambda outer: _discard_awaited_by(outer._children, waiter))
    return outer


def _log_on_exception(fut):
    # The future itself tells of an exception that nobody retrieves.
    pass


@functools.wraps(_shield_from)
def shield(arg):
    inner = ensure_future(arg)
    outer = _shield_from(inner)
    if outer is inner:
        return outer
    waiter = current_task(outer._loop)

    def _let_go(outer):
        if not inner.done():
            inner.remove_done_callback(_log_on_exception)
            if waiter is not None:
                futures.future_discard_from_awaited_by(inner, waiter)

    outer.add_done_callback(_let_go)
    return outer
