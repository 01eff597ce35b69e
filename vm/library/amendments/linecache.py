# Amendments to linecache: lines of sources that lie in a zip archive, or inside the interpreter's program file, wherever the library seems to be.

import _imp

_updatecache_of_files = updatecache


def updatecache(filename, module_globals=None):
    lines = _update_from_library(filename, module_globals)
    if lines:
        return lines
    lines = _updatecache_of_files(filename, module_globals)
    if lines or filename in cache or _source_unavailable(filename):
        return lines
    return _update_from_archive(filename) or lines


updatecache.__doc__ = _updatecache_of_files.__doc__


def _update_from_library(filename, module_globals):
    """Lines of a file of the embedded library, which are those of the code that runs, whatever lies at that place."""
    path = filename
    if filename.startswith('<frozen ') and module_globals:
        path = module_globals.get('__file__')
    relative = _imp.embedded_relative(path) if isinstance(path, str) else None
    source = _imp.get_embedded_source(relative) if relative and relative.endswith('.py') else None
    if not source:
        return None
    lines = [line + '\n' for line in source.removesuffix('\n').split('\n')]
    cache[filename] = len(source), None, lines, path
    return lines


def _update_from_archive(filename):
    """Lines of a file inside the archive that is one of the file's parents, if there is such."""
    try:
        import io
        import os
        import tokenize
        import zipimport
    except ImportError:
        # The interpreter is shutting down.
        return None
    archive = os.path.dirname(filename)
    while archive and not os.path.exists(archive) and archive != os.path.dirname(archive):
        archive = os.path.dirname(archive)
    if not os.path.isfile(archive):
        return None
    try:
        data = zipimport.zipimporter(archive).get_data(filename)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        lines = list(io.TextIOWrapper(io.BytesIO(data), encoding))
    except (ImportError, OSError, SyntaxError, UnicodeDecodeError):
        return None
    if lines and not lines[-1].endswith('\n'):
        lines[-1] += '\n'
    # No time of its own: it stays until the cache is cleared.
    cache[filename] = len(data), None, lines, filename
    return lines
