# Amendments to asyncio.base_events: a server that stops serving because it is canceled lets its clients go, too; a socket for which no
# transport could be made is closed.

_serve_forever_before = Server.serve_forever


async def _serve_until_cancelled(self):
    closing = self.close

    def close():
        closing()
        self.close_clients()

    self.close = close
    try:
        await _serve_forever_before(self)
    finally:
        self.__dict__.pop('close', None)


_serve_until_cancelled.__name__ = 'serve_forever'
_serve_until_cancelled.__doc__ = _serve_forever_before.__doc__
Server.serve_forever = _serve_until_cancelled


_connect_transport = BaseEventLoop._create_connection_transport


async def _transport_or_closed_socket(self, sock, *args, **kwargs):
    descriptor = sock.fileno()
    try:
        return await _connect_transport(self, sock, *args, **kwargs)
    except BaseException:
        # A transport that there is closes its socket by itself.
        if getattr(self, '_transports', {}).get(descriptor) is None:
            sock.close()
        raise


_transport_or_closed_socket.__name__ = '_create_connection_transport'
BaseEventLoop._create_connection_transport = _transport_or_closed_socket
