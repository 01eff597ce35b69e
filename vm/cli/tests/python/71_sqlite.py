# SQLite: statements, types, transactions, functions, errors, threads.
import sqlite3
import threading

con = sqlite3.connect(":memory:")
cur = con.cursor()
cur.execute("create table t(id integer primary key, name text, weight real, data blob)")
cur.executemany("insert into t(name, weight, data) values (?, ?, ?)",
                [("a", 1.5, b"\0x"), ("é\0b", None, None), ("c", float("inf"), bytearray(b"y"))])
print(cur.rowcount, cur.lastrowid, con.in_transaction, con.total_changes)
print(cur.execute("select * from t order by id").fetchall())
print([d[0] for d in cur.description])
con.rollback()
print(con.execute("select count(*) from t").fetchone())

with con:
    con.executemany("insert into t(name) values (:n)", [{"n": str(i)} for i in range(5)])
try:
    with con:
        con.execute("insert into t(id) values (99)")
        con.execute("insert into t(id) values (99)")
except sqlite3.IntegrityError as e:
    print(e, e.sqlite_errorname, con.execute("select count(*) from t").fetchone())

for sql, args in [("select", ()), ("select * from nope", ()), ("select ?", ()), ("select ?", (object,)),
                  ("select 1; select 2", ()), ("select :x", {}), ("select ?", (1 << 70,))]:
    try:
        con.execute(sql, args)
    except Exception as e:
        print(type(e).__name__, e)


class Longest:
    def __init__(self):
        self.best = ""

    def step(self, text):
        self.best = max(self.best, text, key=len)

    def finalize(self):
        return self.best


con.create_function("twice", 1, lambda x: x * 2, deterministic=True)
con.create_aggregate("longest", 1, Longest)
con.create_collation("back", lambda a, b: (a < b) - (a > b))
print(con.execute("select twice(21), twice('ab'), longest(name) from (select 'x' name union select 'yyy')").fetchone())
print(con.execute("select name from t order by name collate back").fetchall())
con.create_function("bad", 0, lambda: 1 / 0)
try:
    con.execute("select bad()")
except sqlite3.OperationalError as e:
    print(e)

con.row_factory = sqlite3.Row
row = con.execute("select 1 as One, 'x' as two").fetchone()
print(row["one"], row[1], row.keys(), tuple(row), len(row))

sqlite3.register_adapter(complex, lambda z: f"{z.real};{z.imag}")
sqlite3.register_converter("complex", lambda b: complex(*map(float, b.split(b";"))))
typed = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
typed.execute("create table z(v complex)")
typed.execute("insert into z values (?)", (1 + 2j,))
print(typed.execute("select v from z").fetchone())
print(*typed.iterdump(), sep="\n")

copy = sqlite3.connect(":memory:")
con.backup(copy, pages=1, progress=lambda status, left, total: None)
print(copy.execute("select count(*) from t").fetchone())
con.execute("update t set data = zeroblob(8) where id = 1")
with con.blobopen("t", "data", 1) as blob:
    blob.write(b"abc")
    blob[7] = 33
    blob.seek(0)
    print(blob.read(), len(blob), blob[1:3])

shared = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
shared.execute("create table n(v)")
shared.create_function("plus", 2, lambda a, b: a + b)


def work(k):
    for i in range(100):
        shared.execute("insert into n values (plus(?, ?))", (k * 100, i))


threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(shared.execute("select count(*), sum(v), count(distinct v) from n").fetchone())


def elsewhere():
    try:
        con.execute("select 1")
    except sqlite3.ProgrammingError as e:
        print(str(e).split(".")[0])


t = threading.Thread(target=elsewhere)
t.start()
t.join()
for c in (con, typed, copy, shared):
    c.close()
try:
    con.execute("select 1")
except sqlite3.ProgrammingError as e:
    print(e)
