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


# A read gives no more than what is asked for, however much a few compressed bytes stand for.

_read1_of_stored_and_deflated = ZipExtFile._read1
_decompress_all = LZMADecompressor.decompress


def _read1(self, n):
    # Programs put decompressors of their own in, too.
    if self._compress_type in (ZIP_STORED, ZIP_DEFLATED) or not hasattr(self._decompressor, 'needs_input'):
        return _read1_of_stored_and_deflated(self, n)
    if self._eof or n <= 0:
        return b''
    decompressor = self._decompressor
    data = self._read2(n) if decompressor.needs_input else b''
    data = decompressor.decompress(data, max(n, self.MIN_READ_SIZE))
    self._eof = decompressor.eof or self._compress_left <= 0 and decompressor.needs_input
    data = data[:self._left]
    self._left -= len(data)
    if self._left <= 0:
        self._eof = True
    self._update_crc(data)
    return data


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


ZipExtFile._read1 = _read1
LZMADecompressor.decompress = _decompress_some
LZMADecompressor.needs_input = property(lambda self: self._decomp is None or self._decomp.needs_input)
