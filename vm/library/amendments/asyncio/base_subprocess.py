# Amendments to asyncio.base_subprocess: wait() ends with the process, not with its pipes; a process that has ended is sent no signal;
# pipes that were connected before an error are closed.

_exited = BaseSubprocessTransport._process_exited
_connect = BaseSubprocessTransport._connect_pipes
_send_signal = BaseSubprocessTransport.send_signal


def _process_exited_and_tell(self, returncode):
    _exited(self, returncode)
    for waiter in self._exit_waiters or ():
        if not waiter.done():
            waiter.set_result(returncode)


async def _wait_for_exit(self):
    """Waits for the end of the process; returns its exit status."""
    if self._returncode is None:
        waiter = self._loop.create_future()
        self._exit_waiters.append(waiter)
        try:
            return await waiter
        finally:
            if self._exit_waiters is not None and waiter in self._exit_waiters:
                self._exit_waiters.remove(waiter)
    return self._returncode


async def _connect_pipes_or_close(self, waiter):
    await _connect(self, waiter)
    if not self._pipes_connected and self._pending_calls is not None:
        for protocol in self._pipes.values():
            if protocol is not None:
                getattr(protocol, 'pipe', protocol).close()
        for pipe in (self._proc.stdin, self._proc.stdout, self._proc.stderr) if self._proc else ():
            if pipe is not None:
                pipe.close()


def _send_signal_to_living(self, signal):
    self._check_proc()
    if self._returncode is None:
        _send_signal(self, signal)


BaseSubprocessTransport._process_exited = _process_exited_and_tell
BaseSubprocessTransport._wait = _wait_for_exit
BaseSubprocessTransport._connect_pipes = _connect_pipes_or_close
BaseSubprocessTransport.send_signal = _send_signal_to_living
