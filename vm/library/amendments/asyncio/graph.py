# Amendments to asyncio.graph: a coroutine that has ended has no frame; a plain generator is no end of the chain of calls.

_build_before = _build_graph_for_future
_capture_before = capture_call_graph


def _build_graph_for_future(future, *, limit=None):
    graph = _build_before(future, limit=limit)
    present = tuple(entry for entry in graph.call_stack if entry.frame is not None)
    return dataclasses.replace(graph, call_stack=present)


def _is_suspending(frame):
    return isinstance(frame.f_generator, (types.CoroutineType, types.AsyncGeneratorType))


def capture_call_graph(future=None, /, *, depth=1, limit=None):
    loop = events._get_running_loop()
    current = None if loop is None else tasks.current_task(loop=loop)
    if loop is None or future is not None and future is not current:
        # Not the task that is running: its frames are reached through its coroutine.
        return _capture_before(future, depth=depth + 1, limit=limit)
    if current is None:
        return None
    if not isinstance(current, futures.Future):
        return _capture_before(current, depth=depth + 1, limit=limit)
    frames = []
    frame = sys._getframe(depth) if limit != 0 else None
    while frame is not None:
        frames.append(FrameCallGraphEntry(frame))
        caller = frame.f_back
        if _is_suspending(frame) and caller is not None and not _is_suspending(caller) and caller.f_generator is None:
            # What runs the task's outermost coroutine.
            break
        frame = caller
    del frame
    if limit is not None and limit > 0:
        frames = frames[-limit:]
    elif limit is not None and limit < 0:
        frames = frames[:-limit]
    awaited_by = tuple(_build_graph_for_future(parent, limit=limit) for parent in current._asyncio_awaited_by or ())
    return FutureCallGraph(current, tuple(frames), awaited_by)


capture_call_graph.__doc__ = _capture_before.__doc__
