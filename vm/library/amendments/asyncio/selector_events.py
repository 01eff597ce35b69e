# Amendments to asyncio.selector_events: what is empty is not written, a canceled accept takes no connection.

_writelines = _SelectorSocketTransport.writelines
_accept = BaseSelectorEventLoop._sock_accept
_socket_connection_lost = _SelectorSocketTransport._call_connection_lost


def _writelines_that_hold_something(self, list_of_data):
    _writelines(self, [data for data in list_of_data if data])


def _accept_if_wanted(self, fut, sock):
    if not fut.done():
        _accept(self, fut, sock)


def _connection_lost_once(self, exc):
    if self._sock is None:
        # It has been told: by a protocol that closes while it is told that it may write again.
        return
    try:
        _socket_connection_lost(self, exc)
    finally:
        self._read_ready_cb = None


_writelines_that_hold_something.__name__ = 'writelines'
_SelectorSocketTransport.writelines = _writelines_that_hold_something
_SelectorSocketTransport._call_connection_lost = _connection_lost_once
BaseSelectorEventLoop._sock_accept = _accept_if_wanted
