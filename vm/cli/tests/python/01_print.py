# The very first steps: constants, print and its keywords.
print("hello")
print()
print(1)
print(1, 2, 3)
print("a", 1, 2.5, None, True, False, ...)
print("a", "b", sep="-")
print("a", "b", end="!\n")
print(1, 2, 3, sep=", ", end=".\n")
print("one\ttab", 'single "quoted"', "it's")
print("""three
lines
here""")
print("joined " "at compile " 'time')
print(-5, +5, ~5, not 5)
print(10 ** 3, 7 // 2, 7 % 2, 7 / 2)
print(1_000_000, 0xFF, 0o17, 0b101)
print(1.5, 1e10, 1e100, 1.0, 0.1 + 0.2, -0.0)
print(3j, 1 + 2j)
print(b"bytes", b"\x00\xff")
print(r"raw \n string")
print([1, 2, 3], (1,), (1, 2), {"a": 1}, {1})
print([], (), {}, [[]], ([],))
print(str(12) + "!", repr("x"), len("four"))
print(NotImplemented, Ellipsis)
print("unicode: \u00e9 \N{BULLET} \U0001F600")
x = 3
print(x)
x = y = 4
print(x, y)
x, y = y + 1, x
print(x, y)
x += 10
print(x)
print(type(x), type("s"), type(1.0), type(None), type([]), type({}))
