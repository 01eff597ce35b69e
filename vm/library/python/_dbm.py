"""Databases of `dbm.ndbm`: a file, of which `.db` is left out of the name, with keys and values of bytes.

As the format of ndbm's files is each system's own affair, so it is here: they are what `dbm.sqlite3` makes.
"""

import errno as _errno
import os as _os
from dbm import sqlite3 as _sqlite3

library = "SQLite"


class error(OSError):
    __module__ = "_dbm"


def _bytes(value, what):
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, (bytes, bytearray)):
        raise TypeError(f"dbm {what} must be bytes or string, not {type(value).__name__}")
    return bytes(value)


class dbm:
    """An open database."""

    __module__ = "_dbm"
    __slots__ = "_database", "_writes"

    def __new__(cls, /, *args, **kwargs):
        raise TypeError("cannot create '_dbm.dbm' instances")

    def _open_one(self):
        if self._database is None:
            raise error("DBM object has already been closed")
        return self._database

    def _to_write(self, message):
        database = self._open_one()
        if not self._writes:
            raise error(message)
        return database

    def close(self):
        """Close the database."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def keys(self):
        """A list of all keys."""
        return self._open_one().keys()

    def get(self, key, default=None, /):
        """The value of a key, or the default."""
        return self._open_one().get(_bytes(key, "key"), default)

    def setdefault(self, key, default=b"", /):
        """The value of a key, which is set if there is none."""
        database, key = self._open_one(), _bytes(key, "key")
        if (value := database.get(key)) is None:
            self[key] = default
            value = _bytes(default, "value")
        return value

    def clear(self):
        """Remove all items."""
        database = self._to_write("cannot clear: the database is read only")
        for key in database.keys():
            del database[key]

    def __getitem__(self, key):
        if (value := self._open_one().get(name := _bytes(key, "key"))) is None:
            raise KeyError(name)
        return value

    def __setitem__(self, key, value):
        key, value = _bytes(key, "mappings have"), _bytes(value, "mappings have")
        self._to_write("cannot add item to database")[key] = value

    def __delitem__(self, key):
        key = _bytes(key, "key")
        database = self._to_write("cannot delete item from database")
        if database.get(key) is None:
            raise KeyError(key)
        del database[key]

    def __contains__(self, key):
        return self._open_one().get(_bytes(key, "key")) is not None

    def __len__(self):
        return len(self._open_one())

    def __bool__(self):
        return len(self) > 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def open(filename, flags="r", mode=0o666, /):
    """Open a database: to read (r), to write (w), to write and made if there is none (c), made anew (n)."""
    if not isinstance(flags, str):
        raise TypeError(f"open() argument 2 must be str, not {type(flags).__name__}")
    if flags not in ("r", "w", "rw", "c", "n"):
        raise error("arg 2 to open should be 'r', 'w', 'c', or 'n'")
    path = _os.fsdecode(filename) + ".db"
    if flags in ("r", "w", "rw"):
        _check(path, _os.O_RDONLY if flags == "r" else _os.O_RDWR)
        flags = flags[-1]
    made = object.__new__(dbm)
    made._writes = flags != "r"
    try:
        made._database = _sqlite3.open(path, flags, mode)
    except _sqlite3.error as problem:
        raise error(str(problem)) from None
    return made


def _check(path, flags):
    """Raises an error unless there is a database that may be used so."""
    try:
        file = _os.open(path, flags | _os.O_CLOEXEC)
        try:
            if not _os.read(file, 16).startswith(b"SQLite format 3"):
                raise OSError(_errno.EINVAL, _os.strerror(_errno.EINVAL))
        finally:
            _os.close(file)
    except OSError as problem:
        raise error(problem.errno, problem.strerror, path.removesuffix(".db")) from None
