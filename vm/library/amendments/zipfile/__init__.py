# Amendments to zipfile: no folder is added to an archive that is closed or being written to; reads are bounded.

_mkdir_before = ZipFile.mkdir


def _mkdir_checked(self, zinfo_or_directory_name, mode=511):
    if not self.fp:
        raise ValueError('Attempt to write to ZIP archive that was already closed')
    if self._writing:
        raise ValueError("Can't write to ZIP archive while an open writing handle exists.")
    _mkdir_before(self, zinfo_or_directory_name, mode)


_mkdir_checked.__name__, _mkdir_checked.__doc__ = 'mkdir', _mkdir_before.__doc__
ZipFile.mkdir = _mkdir_checked


# A read gives no more than what is asked for, however much a few compressed bytes stand for: what decompresses stops at a limit and goes
# on with the next read, which then takes no more compressed bytes and does not count as the last one.

_decompressor_without_limit = _get_decompressor
_compressed_bytes = ZipExtFile._read2
_check_sum = ZipExtFile._update_crc
_decompress_all = LZMADecompressor.decompress


class _Piecewise:
    def __init__(self, decompressor):
        self._whole = decompressor
        self.limit = -1

    def __getattr__(self, name):
        return getattr(self._whole, name)

    def decompress(self, data):
        return self._whole.decompress(data, self.limit)

    def has_more(self):
        return not (self._whole.eof or self._whole.needs_input)


def _get_decompressor(compress_type):
    made = _decompressor_without_limit(compress_type)
    return _Piecewise(made) if hasattr(made, 'needs_input') else made


def _read2(self, n):
    # Programs put decompressors of their own in, too.
    if isinstance(self._decompressor, _Piecewise):
        self._decompressor.limit = max(n, self.MIN_READ_SIZE)
        if self._decompressor.has_more():
            return b''
    return _compressed_bytes(self, n)


def _update_crc(self, newdata):
    if self._left > 0 and isinstance(self._decompressor, _Piecewise) and self._decompressor.has_more():
        self._eof = False
    _check_sum(self, newdata)


def _decompress_some(self, data, max_length=-1):
    result = b''
    if self._decomp is None:
        # The properties in front, and one byte to begin with.
        data = self._unconsumed + data
        self._unconsumed = b''
        begin = 5 + int.from_bytes(data[2:4], 'little') if len(data) >= 4 else 5
        result = _decompress_all(self, data[:begin])
        data = data[begin:]
        if self._decomp is None:
            return result
    result += self._decomp.decompress(data, max_length)
    self.eof = self._decomp.eof
    return result


ZipExtFile._read2 = _read2
ZipExtFile._update_crc = _update_crc
LZMADecompressor.decompress = _decompress_some
LZMADecompressor.needs_input = property(lambda self: self._decomp is None or self._decomp.needs_input)
