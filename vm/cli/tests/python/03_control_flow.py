# if, while, for, break, continue, else, and nesting of them all.
def classify(n):
    if n < 0:
        return "negative"
    elif n == 0:
        return "zero"
    elif n < 10:
        return "small"
    else:
        return "large"

for n in (-5, 0, 3, 50):
    print(n, classify(n))

i = 0
while i < 5:
    i += 1
    if i == 2:
        continue
    if i == 4:
        break
    print("while", i)
else:
    print("not reached")

i = 3
while i:
    i -= 1
else:
    print("while-else", i)

for i in range(3):
    print("for", i)
else:
    print("for-else")

for i in range(10):
    for j in range(10):
        if j == 2:
            break
        if i % 2:
            continue
        print(i, j, end="; ")
    if i == 4:
        break
else:
    print("never")
print()

print(list(range(5)), list(range(2, 8, 2)), list(range(5, 0, -1)), list(range(0)))
print("yes" if 1 else "no", "yes" if 0 else "no")
print(1 and 2, 0 and 2, 1 or 2, 0 or 2, not 1, not 0, None or "default", "" or [] or 0)

def short_circuit():
    log = []
    def t(x): log.append(x); return True
    def f(x): log.append(x); return False
    t(1) and f(2) and t(3)
    f(4) or t(5) or t(6)
    if t(7) and (f(8) or t(9)):
        log.append("in")
    r = 1 if f(10) else 2 if f(11) else 3
    return log, r

print(short_circuit())

def primes(limit):
    found = []
    for n in range(2, limit):
        for p in found:
            if n % p == 0:
                break
        else:
            found.append(n)
    return found

print(primes(60))

def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps

print([collatz(n) for n in range(1, 20)])
pass
for c in "abc": print(c, end=" ")
print()
for a, (b, c) in [(1, (2, 3)), (4, (5, 6))]:
    print(a, b, c)
for key in {"x": 1, "y": 2}:
    print(key)
del i
try:
    print(i)
except NameError as e:
    print(e)
assert True
try:
    assert 1 == 2, "sums"
except AssertionError as e:
    print("AssertionError", e)
if (n := 10) > 5:
    print("walrus", n)
while (n := n - 3) > 0:
    print(n, end=" ")
print()
