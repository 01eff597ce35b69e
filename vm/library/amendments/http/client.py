# Amendments to http.client: a server cannot keep a client busy with interim responses or trailers without end; values of a tunnel's
# headers may be other objects than strings.

# Named as programs and tests that change it know it.
_MAXINTERIMRESPONSES = 100

_begin_unlimited = HTTPResponse.begin
_read_any_status = HTTPResponse._read_status
_set_tunnel_as_given = HTTPConnection.set_tunnel


def _begin(self):
    self._interim_responses = 0
    return _begin_unlimited(self)


def _read_status(self):
    version, status, reason = _read_any_status(self)
    if status == CONTINUE:
        self._interim_responses = getattr(self, '_interim_responses', 0) + 1
        if self._interim_responses > _MAXINTERIMRESPONSES:
            raise HTTPException(f'got more than {_MAXINTERIMRESPONSES} interim responses')
    return version, status, reason


def _read_and_discard_trailer(self):
    trailers = 0
    while (line := self.fp.readline(_MAXLINE + 1)) not in (b'\r\n', b'\n', b''):
        if len(line) > _MAXLINE:
            raise LineTooLong('trailer line')
        trailers += 1
        if trailers > _MAXHEADERS:
            raise HTTPException(f'got more than {_MAXHEADERS} trailers')


def _set_tunnel(self, host, port=None, headers=None):
    if headers:
        headers = {name: value if isinstance(value, str) else str(value) for name, value in headers.items()}
    return _set_tunnel_as_given(self, host, port, headers)


for _method, _former in ((_begin, _begin_unlimited), (_read_status, _read_any_status),
                         (_set_tunnel, _set_tunnel_as_given)):
    _method.__name__, _method.__qualname__ = _former.__name__, _former.__qualname__
    _method.__doc__ = _former.__doc__
del _method, _former
HTTPResponse.begin = _begin
HTTPResponse._read_status = _read_status
HTTPResponse._read_and_discard_trailer = _read_and_discard_trailer
HTTPConnection.set_tunnel = _set_tunnel
