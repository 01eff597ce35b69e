# Amendments to zipfile._path: the root of an archive is shown as the archive; one that is in no file has a name of its own.


def _shown(self):
    archive = ':zipfile:' if self.root.filename is None else self.root.filename
    return posixpath.join(archive, self.at) if self.at else archive


_shown.__name__, _shown.__qualname__ = '__str__', 'Path.__str__'
Path.__str__ = _shown
