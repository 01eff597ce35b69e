# Methods of str.
s = "Hello, World"
print(s.upper(), s.lower(), s.swapcase(), s.title(), s.casefold(), "abc def".capitalize())
print(s[0], s[-1], s[1:5], s[::-1], s[::2], s[7:], s[:5], s[-5:-1])
print(len(s), s.count("l"), s.find("o"), s.rfind("o"), s.find("zz"), s.index("W"))
print("World" in s, "x" not in s, s + "!", s * 2, 2 * "ab", "x" * 0, "x" * -1)
print(s.split(", "), "a b  c".split(), "a,b,c".split(",", 1), "a,b,c".rsplit(",", 1), " x ".split(" "), "".split())
print(", ".join(["a", "b", "c"]), "".join("xyz"), "-".join(("1",)), "-".join([]))
print("  pad ".strip() + "|", "  pad ".lstrip() + "|", "  pad ".rstrip() + "|", "xxaxx".strip("x"), "abcabc".lstrip("ab"))
print(s.replace("l", "L"), s.replace("l", "L", 1), "aaa".replace("", "-"), s.replace("Hello", ""))
print(s.startswith("Hell"), s.endswith("d"), s.startswith(("x", "H")), s.startswith("W", 7))
print("abc".center(9, "*"), "abc".ljust(6) + "|", "abc".rjust(6), "42".zfill(5), "-42".zfill(5))
print("a-b-c".partition("-"), "a-b-c".rpartition("-"), "abc".partition("-"), "abc".rpartition("-"))
print("line1\nline2\r\nline3".splitlines(), "a\nb\n".splitlines(True), "".splitlines())
print("abc".isalpha(), "ab1".isalnum(), "12".isdigit(), " ".isspace(), "Ab".isupper(), "ab".islower(), "Ab Cd".istitle(), "x1".isidentifier(),
      "½".isnumeric(), "²".isdigit(), "1".isdecimal(), "abc".isascii(), "a\n".isprintable())
print("tabs\tto\tspaces".expandtabs(4), "prefix-body".removeprefix("prefix-"), "body.txt".removesuffix(".txt"))
print("abc".translate({97: "A", 98: None}), "abc".translate(str.maketrans("ab", "xy", "c")), str.maketrans({"a": 1}))
print(repr("it's"), repr('"'), repr("it's \"both\""), repr("\n\t\\\x00\x7f\u00e9\u200b"), ascii("é\U0001F600"))
print("a" < "b", "a" < "B", "abc" < "abd", "" < "a", "é" > "z", "abc" == "abc", "a" != "b")
print(ord("a"), chr(97), chr(233), chr(0x1F600), ord("é"))
print("ß".upper(), "ǅ".lower(), "İ".lower() == "i̇", "ﬁ".upper(), "ΑΣ".lower())
print("encode é €".encode(), "é".encode("latin-1"), "é".encode("utf-16-le"), b"caf\xc3\xa9".decode(), b"\xe9".decode("latin-1"))
for bad in (lambda: "abc"[5], lambda: "abc"["x"], lambda: "a".index("b"), lambda: "é".encode("ascii"), lambda: b"\xff".decode(),
            lambda: "a" + 1, lambda: "".join([1]), lambda: "abc".split(""), lambda: "a".nope, lambda: "x".encode("no-such")):
    try:
        print(bad())
    except Exception as e:
        print(type(e).__name__ + ":", e)
print("\u00e9".encode("ascii", "replace"), "é".encode("ascii", "ignore"), "é".encode("ascii", "backslashreplace"), "é".encode("ascii", "xmlcharrefreplace"))
print(str(b"x"), str(None), str(1.0), str([1, "a"]), str(b"abc", "ascii"), str())
print("%s and %r" % ("a", "b"), "%d%%" % 5, "%05.1f|%-6s|%+d|%x|%o|%e" % (3.14159, "ab", 5, 255, 8, 12345.678), "%(k)s" % {"k": 1}, "%c%c" % ("a", 98), "%*d" % (5, 42))
print(sorted("banana"), list("abc"), tuple("ab"), "".join(reversed("abc")), min("hello"), max("hello"))
print([c for c in "hello" if c in "aeiou"], list(enumerate("ab")), list(zip("ab", "cd")))
t = "日本語テキスト"
print(t, len(t), t[2], t[::-1], t.find("語"), t.encode("utf-8")[:3])
print("a\u0301" == "á", len("a\u0301"), "😀😁"[1], len("😀"), "x😀y".find("y"))
print(hash("abc") == hash("ab" + "c"), "abc" is "abc", str("q") == "q")
