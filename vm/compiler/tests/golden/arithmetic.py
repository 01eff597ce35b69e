def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def loop(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    while 0 <= total < 10 or n:
        a, total = total, n
    return total


def points(p, q):
    return p.x * q.x + p.y * q.y
