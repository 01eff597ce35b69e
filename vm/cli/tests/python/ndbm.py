# A database of dbm.ndbm: whichever of the modules comes first, from several threads, and what it says of wrong keys.
import _dbm
import dbm.ndbm
import os
import tempfile
import threading


def attempt(action):
    try:
        return action()
    except (KeyError, TypeError, ValueError, OSError) as error:
        return repr(error)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "data")
    print(attempt(lambda: dbm.ndbm.open("no\0name", "c")), dbm.ndbm.open is _dbm.open)
    try:
        dbm.ndbm.open(os.path.join(folder, "absent", "data"), "c")
    except dbm.ndbm.error as error:
        print(type(error), error.errno)
    with dbm.ndbm.open(path, "c") as database:
        def fill(start):
            for number in range(start, start + 50):
                database[f"key {number}"] = str(number)

        threads = [threading.Thread(target=fill, args=(start,)) for start in range(0, 200, 50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(len(database), len(database.keys()), database["key 123"], bool(database))
        for key in (5, None, bytearray(b"a"), "absent"):
            print(attempt(lambda: database[key]), attempt(lambda: database.__delitem__(key)), attempt(lambda: key in database))
        print(attempt(lambda: database.__setitem__("key", 5)), database.setdefault("new", "text"), database["new"])
    print(attempt(lambda: len(database)), dbm.whichdb(path))
    with dbm.ndbm.open(path) as database:
        print(database.get("new"), attempt(lambda: database.__setitem__("a", "b")))
    with dbm.ndbm.open(path, "n") as database:
        print(database.keys())
