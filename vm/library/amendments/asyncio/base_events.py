# Amendments to asyncio.base_events: a server that stops serving because it is canceled lets its clients go, too.

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
