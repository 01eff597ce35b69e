# Amendments to concurrent.interpreters._queues: timeouts follow the clock that nobody sets.


def _until_possible(action, exception, timeout, delay):
    # Repeats what fails for now. Time is looked at behind each try, so that there is one in any case.
    if timeout is not None:
        timeout = int(timeout)
        if timeout < 0:
            raise ValueError('timeout value must be non-negative')
        end = time.monotonic() + timeout
    while True:
        try:
            return action()
        except exception:
            if timeout is not None and time.monotonic() >= end:
                raise
        time.sleep(delay)


def _put(self, obj, block=True, timeout=None, *, unbounditems=None, _delay=0.01):
    if not block:
        return self.put_nowait(obj, unbounditems=unbounditems)
    _until_possible(lambda: self.put_nowait(obj, unbounditems=unbounditems), QueueFull, timeout, _delay)


def _get(self, block=True, timeout=None, *, _delay=0.01):
    if not block:
        return self.get_nowait()
    return _until_possible(self.get_nowait, QueueEmpty, timeout, _delay)


for _new, _old in (_put, Queue.put), (_get, Queue.get):
    _new.__name__, _new.__qualname__, _new.__doc__ = _old.__name__, _old.__qualname__, _old.__doc__
    setattr(Queue, _old.__name__, _new)
del _new, _old
