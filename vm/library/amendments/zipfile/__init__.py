# Amendments to zipfile: no folder is added to an archive that is closed or being written to.

_mkdir_before = ZipFile.mkdir


def _mkdir_checked(self, zinfo_or_directory_name, mode=511):
    if not self.fp:
        raise ValueError('Attempt to write to ZIP archive that was already closed')
    if self._writing:
        raise ValueError("Can't write to ZIP archive while an open writing handle exists.")
    _mkdir_before(self, zinfo_or_directory_name, mode)


_mkdir_checked.__name__, _mkdir_checked.__doc__ = 'mkdir', _mkdir_before.__doc__
ZipFile.mkdir = _mkdir_checked
