# Amendments to asyncio.streams: a callback that raises loses its connection; upgrading to TLS reaches the reader.

_connection_made = StreamReaderProtocol.connection_made
_protocol_replace_transport = StreamReaderProtocol._replace_transport


def _connection_made_guarded(self, transport):
    try:
        _connection_made(self, transport)
    except Exception as error:
        # Only the plain function that was given as client_connected_cb runs in there.
        message = 'Unhandled exception in client_connected_cb'
        self._loop.call_exception_handler({'message': message, 'exception': error, 'transport': transport})
        self._strong_reader = None
        transport.close()


def _replace_transport_of_both(self, transport):
    _protocol_replace_transport(self, transport)
    if (reader := self._stream_reader) is not None:
        reader._transport = transport


_connection_made_guarded.__name__ = 'connection_made'
_replace_transport_of_both.__name__ = '_replace_transport'
StreamReaderProtocol.connection_made = _connection_made_guarded
StreamReaderProtocol._replace_transport = _replace_transport_of_both
