# Amendments to gzip: a time that the header has no room for is left out.

_compress_at = compress
_write32u_in_range = write32u


def _fitting(number):
    return number if 0 <= number < 1 << 32 else 0


def write32u(output, value):
    _write32u_in_range(output, _fitting(value))


def compress(data, compresslevel=_COMPRESS_LEVEL_BEST, *, mtime=0):
    if mtime is None:
        mtime = time.time()
    return _compress_at(data, compresslevel, mtime=int(_fitting(mtime)))


compress.__doc__ = _compress_at.__doc__
