# Amendments to asyncio.tasks: who awaits whom is noted by all that wait and forgotten by all that stop waiting; an interrupted wait
# of as_completed() can be repeated; a shielded future's exception counts as retrieved by whoever retrieves it.

import _event_loop

_gather_all = gather
_shield_before = shield
_init_before = _AsCompletedIterator.__init__
_handle_timeout_before = _AsCompletedIterator._handle_timeout
_handle_completion_before = _AsCompletedIterator._handle_completion


def _discard_awaited_by(children, waiter):
    for child in children:
        futures.future_discard_from_awaited_by(child, waiter)


async def _wait(fs, timeout, return_when, loop):
    """Waits for a set of futures as asyncio.wait() does."""
    assert fs, 'Set of Futures is empty.'
    waiter, task = loop.create_future(), current_task()
    timer = None if timeout is None else loop.call_later(timeout, _release_waiter, waiter)
    left = len(fs)

    def completed(future):
        nonlocal left
        left -= 1
        enough = left <= 0 or return_when == FIRST_COMPLETED
        if not enough and return_when == FIRST_EXCEPTION:
            enough = not future.cancelled() and future.exception() is not None
        if enough:
            if timer is not None:
                timer.cancel()
            _release_waiter(waiter)
        futures.future_discard_from_awaited_by(future, task)

    for future in fs:
        future.add_done_callback(completed)
        futures.future_add_to_awaited_by(future, task)
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()
        for future in fs:
            future.remove_done_callback(completed)
        _discard_awaited_by(fs, task)
    done = {future for future in fs if future.done()}
    return done, {future for future in fs if future not in done}


async def _cancel_and_wait(fut):
    """Cancels a future and waits for its end."""
    waiter, task = events.get_running_loop().create_future(), current_task()
    release = functools.partial(_release_waiter, waiter)
    fut.cancel()
    fut.add_done_callback(release)
    futures.future_add_to_awaited_by(fut, task)
    try:
        # Waiting for the future itself would pass a cancellation on to it.
        await waiter
    finally:
        fut.remove_done_callback(release)
        futures.future_discard_from_awaited_by(fut, task)


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


async def _wait_for_one(self, resolve=False):
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
_AsCompletedIterator._wait_for_one = _wait_for_one
del _wait_for_one


@functools.wraps(_gather_all)
def gather(*coros_or_futures, return_exceptions=False):
    outer = _event_loop.gather(coros_or_futures, bool(return_exceptions))
    if outer is not None:
        return outer
    outer = _gather_all(*coros_or_futures, return_exceptions=return_exceptions)
    if return_exceptions or not isinstance(outer, _GatheringFuture) or outer.done():
        return outer
    waiter = current_task(outer._loop)
    if waiter is None:
        return outer
    children = outer._children

    def stop_awaiting(child):
        # The first exception has ended it all.
        if outer.done():
            _discard_awaited_by(children, waiter)

    for child in set(children):
        if not child.done():
            child.add_done_callback(stop_awaiting)
    return outer


def _pass_on(inner, outer):
    """Lets one future end as another has."""
    if inner.cancelled():
        outer.cancel()
    elif (error := inner.exception()) is not None:
        outer.set_exception(error)
    else:
        outer.set_result(inner.result())


@functools.wraps(_shield_before)
def shield(arg):
    if (inner := ensure_future(arg)).done():
        return inner
    loop = futures._get_loop(inner)
    outer, waiter = loop.create_future(), current_task(loop)

    def forget(_):
        futures.future_discard_from_awaited_by(inner, waiter)

    def inner_ended(_):
        if not outer.cancelled():
            _pass_on(inner, outer)

    def outer_ended(_):
        if not inner.done():
            inner.remove_done_callback(inner_ended)
            if waiter is not None:
                inner.remove_done_callback(forget)
                forget(inner)

    if waiter is not None:
        futures.future_add_to_awaited_by(inner, waiter)
        inner.add_done_callback(forget)
    inner.add_done_callback(inner_ended)
    outer.add_done_callback(outer_ended)
    return outer
