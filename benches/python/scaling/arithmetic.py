"""Numbers: nothing is shared but code."""

from runner import PRIVATE, workload


@workload("float loop", 7_100_000, [PRIVATE])
def float_loop():
    def work(n):
        x, step = 0.0, 0.5
        for _ in range(n):
            x = x * 0.999 + step
        return x
    return work


@workload("int loop", 4_400_000, [PRIVATE])
def int_loop():
    def work(n):
        total = 0
        for i in range(n):
            total += i * i % 7
        return total
    return work


@workload("big int", 290_000, [PRIVATE])
def big_int():
    def work(n):
        x, modulus = 3, 2**521 - 1
        for _ in range(n):
            x = (x * x + 1) % modulus
        return x
    return work


@workload("fib", 2_600, [PRIVATE])
def fib():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    def work(n):
        for _ in range(n):
            fib(15)
    return work
