# Amendments to urllib.request: a password for one scheme is not sent over another; one that was given without a scheme is for all.


class _Authority(str):
    """A host and port that knows the scheme of the URI that it was taken from."""

    scheme = None

    def __eq__(self, other):
        return str.__eq__(self, other) and (not isinstance(other, _Authority) or self.scheme == other.scheme)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


_reduce_without_scheme = HTTPPasswordMgr.reduce_uri
_is_below = HTTPPasswordMgr.is_suburi


def _reduce_with_scheme(self, uri, default_port=True):
    authority, path = _reduce_without_scheme(self, uri, default_port)
    authority = _Authority(authority)
    parts = urlsplit(uri)
    if parts.netloc and parts.scheme:
        authority.scheme = parts.scheme
    return authority, path


def _is_below_in_scheme(self, base, test):
    schemes = [getattr(uri[0], 'scheme', None) for uri in (base, test)]
    if None not in schemes and schemes[0] != schemes[1]:
        return False
    return _is_below(self, (str(base[0]), base[1]), (str(test[0]), test[1]))


_reduce_with_scheme.__name__, _reduce_with_scheme.__doc__ = 'reduce_uri', _reduce_without_scheme.__doc__
_is_below_in_scheme.__name__, _is_below_in_scheme.__doc__ = 'is_suburi', _is_below.__doc__
HTTPPasswordMgr.reduce_uri = _reduce_with_scheme
HTTPPasswordMgr.is_suburi = _is_below_in_scheme
