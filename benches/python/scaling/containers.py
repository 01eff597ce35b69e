"""Lists, tuples, dicts and sets: read by all, or written by each thread."""

from runner import PRIVATE, SHARED, workload


class Value:
    pass


@workload("dict get", 8_900_000)
def dict_get():
    table = {f"key{i}": Value() for i in range(20)}

    def work(n):
        get = table.get
        for _ in range(n):
            get("key7")
    return work


@workload("dict subscript", 4_900_000)
def dict_subscript():
    table = {f"key{i}": Value() for i in range(20)}

    def work(n):
        t = table
        for _ in range(n):
            t["key3"]
            t["key9"]
    return work


@workload("dict int key", 8_300_000)
def dict_int_key():
    table = {i: Value() for i in range(64)}

    def work(n):
        t = table
        for i in range(n):
            t[i & 63]
    return work


@workload("dict iteration", 200_000)
def dict_iteration():
    table = {f"key{i}": Value() for i in range(100)}

    def work(n):
        t = table
        for _ in range(n):
            for _, _ in t.items():
                pass
    return work


@workload("dict insert and read", 2_600_000, [PRIVATE])
def dict_insert():
    def work(n):
        table = {}
        for i in range(n):
            table[i & 0xFFFF] = i
            table[i >> 1 & 0xFFFF]
    return work


@workload("dict overwrite", 12_000_000)
def dict_overwrite():
    table = {"a": 0, "b": 0}

    def work(n):
        t = table
        for i in range(n):
            t["a"] = i
    return work


@workload("dict grow and shrink", 52_000, [PRIVATE])
def dict_churn():
    names = [f"name{i}" for i in range(100)]

    def work(n):
        for _ in range(n):
            table = {}
            for name in names:
                table[name] = name
            for name in names:
                del table[name]
    return work


@workload("list index", 11_000_000)
def list_index():
    values = [Value() for _ in range(64)]

    def work(n):
        v = values
        for i in range(n):
            v[i & 63]
    return work


@workload("list iteration", 560_000)
def list_iteration():
    values = [Value() for _ in range(100)]

    def work(n):
        v = values
        for _ in range(n):
            for _ in v:
                pass
    return work


@workload("tuple iteration", 400_000)
def tuple_iteration():
    values = tuple(Value() for _ in range(100))

    def work(n):
        v = values
        for _ in range(n):
            for _ in v:
                pass
    return work


@workload("list append", 5_200_000)
def list_append():
    values = []

    def work(n):
        v = values
        for i in range(n):
            v.append(i)
            if len(v) > 100_000:
                v.clear()
    return work


@workload("list build", 680_000, [PRIVATE])
def list_build():
    def work(n):
        for _ in range(n):
            values = []
            for i in range(20):
                values.append(i)
            values[3] = values[4]
            values.pop()
    return work


@workload("list sort", 1_300, [PRIVATE])
def list_sort():
    numbers = [(i * 7919) % 10007 for i in range(5000)]

    def work(n):
        for _ in range(n):
            sorted(numbers)
    return work


@workload("tuple pack and unpack", 6_800_000, [PRIVATE])
def tuple_pack():
    def work(n):
        a, b, c = 1, 2, 3
        for i in range(n):
            t = (a, b, i)
            c, a, b = t
    return work


@workload("set membership", 8_200_000)
def set_membership():
    values = {f"item{i}" for i in range(50)}

    def work(n):
        v = values
        for _ in range(n):
            "item7" in v
            "absent" in v
    return work


@workload("constant tuple", 5_900_000, [SHARED])
def constant_tuple():
    def work(n):
        for _ in range(n):
            for _ in (1, "a", None):
                pass
    return work
