# Amendment to asyncio.taskgroups: a child that an eager task factory has brought to its end without an exception leaves the group nothing to do.

_create_task_before = TaskGroup.create_task


def _create_task(self, coro, **kwargs):
    """Create a new task in this group and return it.

    Similar to `asyncio.create_task`.
    """
    if not self._entered or self._aborting or self._exiting and not self._tasks:
        # Refused there.
        return _create_task_before(self, coro, **kwargs)
    task = self._loop.create_task(coro, **kwargs)
    try:
        # What failed or was cancelled is dealt with when this task waits for it, not before.
        if self._aborting or not task.done() or task.cancelled() or task.exception() is not None:
            futures.future_add_to_awaited_by(task, self._parent_task)
            self._tasks.add(task)
            task.add_done_callback(self._on_task_done)
        return task
    finally:
        # A traceback may refer to this frame, and the task to the traceback.
        del task


_create_task.__name__ = 'create_task'
_create_task.__qualname__ = 'TaskGroup.create_task'
TaskGroup.create_task = _create_task
