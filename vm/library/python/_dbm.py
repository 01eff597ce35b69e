"""Databases of `dbm.ndbm`: a file, of which `.db` is left out of the name, with keys and values of bytes.

As the format of ndbm's files is each system's own affair, so it is here: they are what `dbm.sqlite3` makes. All threads may use a
database; its lock is held while SQLite works for one of them.
"""

import errno as _errno
import os as _os
from _thread import RLock as _RLock

# Neither SQLite nor dbm.sqlite3 is imported before there is a database: the package `dbm` imports this module at its beginning.

library = "SQLite"


class error(OSError):
    __module__ = "_dbm"


def _key(value):
    """A key that is looked for."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        raise TypeError(f"argument must be read-only bytes-like object, not {type(value).__name__}")
    raise TypeError(f"a bytes-like object is required, not '{type(value).__name__}'")


def _stored(value, what):
    """A key or value that is stored."""
    if not isinstance(value, (bytes, str)):
        raise TypeError(f"dbm mappings have bytes or string {what} only")
    return _key(value)


class dbm:
    """An open database."""

    __module__ = "_dbm"
    __slots__ = "_connection", "_writes", "_lock"

    def __new__(cls, /, *args, **kwargs):
        raise TypeError("cannot create '_dbm.dbm' instances")

    def _ask(self, statement, *values):
        """(rows, how many were changed) of a statement of SQL."""
        import sqlite3

        with self._lock:
            if self._connection is None:
                raise error("DBM object has already been closed")
            try:
                cursor = self._connection.execute(statement, values)
                return cursor.fetchall(), cursor.rowcount
            except sqlite3.Error as problem:
                raise error(str(problem)) from None

    def _find(self, key):
        from dbm.sqlite3 import LOOKUP_KEY

        rows, _ = self._ask(LOOKUP_KEY, key)
        return rows[0][0] if rows else None

    def _change(self, message, statement, *values):
        if self._connection is not None and not self._writes:
            raise error(message)
        return self._ask(statement, *values)[1]

    def close(self):
        """Close the database."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def keys(self):
        """A list of all keys."""
        from dbm.sqlite3 import ITER_KEYS

        return [key for key, in self._ask(ITER_KEYS)[0]]

    def get(self, key, default=None, /):
        """The value of a key, or the default."""
        value = self._find(_key(key))
        return default if value is None else value

    def setdefault(self, key, default=b"", /):
        """The value of a key, which is set if there is none."""
        with self._lock:
            value = self._find(_key(key))
            if value is None:
                self[key] = value = default
            return value

    def clear(self):
        """Remove all items."""
        self._change("cannot delete item from database", "DELETE FROM Dict")

    def __getitem__(self, key):
        if (value := self._find(_key(key))) is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key, value):
        from dbm.sqlite3 import STORE_KV

        self._change("cannot add item to database", STORE_KV, _stored(key, "keys"), _stored(value, "elements"))

    def __delitem__(self, key):
        from dbm.sqlite3 import DELETE_KEY

        if not self._change("cannot delete item from database", DELETE_KEY, _stored(key, "keys")):
            raise KeyError(key)

    def __contains__(self, key):
        if not isinstance(key, (bytes, str)):
            raise TypeError(f"dbm key must be bytes or string, not {type(key).__name__}")
        return self._find(_key(key)) is not None

    def __len__(self):
        from dbm.sqlite3 import GET_SIZE

        return self._ask(GET_SIZE)[0][0][0]

    def __bool__(self):
        return len(self) > 0

    __iter__ = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def open(filename, flags="r", mode=0o666, /):
    """Open a database: to read (r), to write (w), to write and made if there is none (c), made anew (n)."""
    if not isinstance(flags, str):
        raise TypeError(f"open() argument 2 must be str, not {type(flags).__name__}")
    path = _os.fsdecode(filename) + ".db"
    if "\0" in path:
        raise ValueError("embedded null byte")
    if flags not in ("r", "w", "rw", "c", "n"):
        raise error("arg 2 to open should be 'r', 'w', 'c', or 'n'")
    try:
        _prepare(path, flags, mode)
    except OSError as problem:
        raise error(problem.errno, problem.strerror, path.removesuffix(".db")) from None
    made = object.__new__(dbm)
    made._lock = _RLock()
    made._writes = flags != "r"
    made._connection = _connect(path, made._writes)
    return made


def _prepare(path, flags, mode):
    """Makes the file if it is to be made; raises an error unless there is one that may be used so."""
    access = _os.O_CLOEXEC | (_os.O_RDONLY if flags == "r" else _os.O_RDWR)
    if flags == "n":
        # What an earlier database has left unfinished is not for the new one.
        for leftover in (path + "-wal", path + "-shm"):
            try:
                _os.unlink(leftover)
            except FileNotFoundError:
                pass
    if flags in ("c", "n"):
        access |= _os.O_CREAT | (_os.O_TRUNC if flags == "n" else 0)
    file = _os.open(path, access, mode)
    try:
        start = _os.read(file, 16)
        if not start.startswith(b"SQLite format 3") and (start or flags in ("r", "w", "rw")):
            raise OSError(_errno.EINVAL, _os.strerror(_errno.EINVAL))
    finally:
        _os.close(file)


def _connect(path, writes):
    import sqlite3
    from dbm.sqlite3 import BUILD_TABLE, _normalize_uri

    connection = None
    try:
        uri = f"{_normalize_uri(path)}?mode=" + ("rw" if writes else "ro&immutable=1")
        connection = sqlite3.connect(uri, autocommit=True, uri=True, check_same_thread=False)
        if writes:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute(BUILD_TABLE)
    except sqlite3.Error as problem:
        if connection is not None:
            connection.close()
        raise error(str(problem)) from None
    return connection
