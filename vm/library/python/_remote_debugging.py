"""The records in which asyncio's tools show what runs in another process.

Another process's frames cannot be read here: `RemoteUnwinder` says so.
"""

from collections import namedtuple

# Whether the system lets read another process's memory, as far as it is of use.
PROCESS_VM_READV_SUPPORTED = 0


def _record(name, fields, doc):
    record = namedtuple(name, fields, module=__name__)
    record.__doc__ = doc
    return record


FrameInfo = _record("FrameInfo", "filename lineno funcname", "Information about a frame")
CoroInfo = _record("CoroInfo", "call_stack task_name", "Information about a coroutine")
TaskInfo = _record("TaskInfo", "task_id task_name coroutine_stack awaited_by", "Information about an asyncio task")
ThreadInfo = _record("ThreadInfo", "thread_id frame_info", "Information about a thread")
AwaitedInfo = _record("AwaitedInfo", "thread_id awaited_by", "Information about what a thread is awaiting")


class RemoteUnwinder:
    """RemoteUnwinder(pid): Inspect stack of a remote Python process."""

    def __init__(self, pid, *, all_threads=False, only_active_thread=False, debug=False):
        raise RuntimeError("the stacks of another process cannot be inspected by this interpreter")
