# Amendments to asyncio.sslproto: a peer that does not read any more cannot delay the end of a connection beyond the time for shutting down.

_shutdown_completed = SSLProtocol._on_shutdown_complete


def _close_in_time(self, shutdown_exc):
    if shutdown_exc:
        _shutdown_completed(self, shutdown_exc)
        return
    if self._shutdown_timeout_handle is None:
        self._shutdown_timeout_handle = self._loop.call_later(self._ssl_shutdown_timeout, self._check_shutdown_timeout)
    # Sends what waits first; losing the connection ends the time.
    self._loop.call_soon(self._transport.close)


SSLProtocol._on_shutdown_complete = _close_in_time
