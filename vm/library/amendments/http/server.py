# Amendments to http.server: a request line that cannot be understood is answered with a status line.

_parse_before = BaseHTTPRequestHandler.parse_request
_send_error_before = BaseHTTPRequestHandler.send_error


def _parse_request(self):
    self._at_request_line = True
    try:
        return _parse_before(self)
    finally:
        self._at_request_line = False


def _send_error(self, code, message=None, explain=None):
    if getattr(self, '_at_request_line', False) and self.request_version == self.default_request_version:
        # It said nothing about its version that would be known.
        self.request_version = ''
    _send_error_before(self, code, message, explain)


_parse_request.__name__, _parse_request.__doc__ = 'parse_request', _parse_before.__doc__
_send_error.__name__, _send_error.__doc__ = 'send_error', _send_error_before.__doc__
BaseHTTPRequestHandler.parse_request = _parse_request
BaseHTTPRequestHandler.send_error = _send_error
