# Amendments to asyncio.unix_events: a child is reaped in the loop's thread, in the same step that makes its end known, so that no signal
# can go to a process that has got its number since.

_watch_in_loop = _PidfdChildWatcher._do_wait


def _child_ended(self, pid, returncode, transport):
    transport._process_exited(returncode)


def _wait_without_reaping(self, loop, expected_pid, callback, args):
    try:
        os.waitid(os.P_PID, expected_pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        # Somebody else has reaped it; the loop will find that out, too.
        pass
    told = False
    if not loop.is_closed():
        try:
            loop.call_soon_threadsafe(_reap_and_tell, loop, expected_pid, callback, args)
            told = True
        except RuntimeError:
            # Closed since.
            pass
    if not told:
        pid, _ = _reap(loop, expected_pid)
        logger.warning("Loop %r that handles pid %r is closed", loop, pid)
    self._threads.pop(expected_pid)


def _reap_and_tell(loop, expected_pid, callback, args):
    pid, returncode = _reap(loop, expected_pid)
    callback(pid, returncode, *args)


def _reap(loop, expected_pid):
    try:
        pid, status = os.waitpid(expected_pid, 0)
    except ChildProcessError:
        logger.warning("Unknown child process pid %d, will report returncode 255", expected_pid)
        return expected_pid, 255
    returncode = waitstatus_to_exitcode(status)
    if loop.get_debug():
        logger.debug('process %s exited with returncode %s', expected_pid, returncode)
    return pid, returncode


def _wait_and_close(self, pid, pidfd, callback, args):
    told = False

    def tell(*args):
        nonlocal told
        told = True
        callback(*args)

    try:
        _watch_in_loop(self, pid, pidfd, tell, args)
    except BaseException:
        if not told:
            os.close(pidfd)
        raise


_UnixSelectorEventLoop._child_watcher_callback = _child_ended
_PidfdChildWatcher._do_wait = _wait_and_close
_ThreadedChildWatcher._do_waitpid = _wait_without_reaping
