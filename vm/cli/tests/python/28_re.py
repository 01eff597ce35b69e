# Regular expressions.
import re
print(re.match(r"(\w+) (\w+)", "hello world").groups(), re.search(r"\d+", "abc123def").group(), re.search(r"\d+", "abc123def").span(), re.match("x", "y"), re.fullmatch(r"\d+", "123a"), bool(re.fullmatch(r"\d+", "123")))
print(re.findall(r"\d+", "1 22 333"), re.findall(r"(\w)(\d)", "a1 b2"), re.findall(r"x*", "axxb"), [m.group() for m in re.finditer(r"\b\w", "one two")], re.split(r"[,;]\s*", "a, b;c"), re.split(r"(-)", "a-b-c"), re.split("x*", "axbc"), re.split(r"\s+", " a b ", maxsplit=1))
print(re.sub(r"\d", "#", "a1b2"), re.sub(r"(\w+) (\w+)", r"\2 \1", "hello world"), re.sub(r"\d+", lambda m: str(int(m.group()) * 2), "1 10 100"), re.sub("a", "b", "aaa", count=2), re.subn("a", "b", "banana"), re.sub(r"(?P<n>\w)", r"<\g<n>>", "ab"), re.sub("", "-", "abc"), re.sub("x*", "-", "abxd"))
m = re.match(r"(?P<year>\d{4})-(?P<month>\d\d)(-(?P<day>\d\d))?", "2024-05"); print(m.groupdict(), m["year"], m.group(1, 2), m.group("day"), m.groups("none"), m.start("month"), m.end(), m.lastindex, m.lastgroup, m.string, m.pos, m.expand(r"\g<month>/\1"), m.re.groups, m.re.groupindex, m)
print(re.findall(r"(?i)abc", "ABC abc"), re.findall("^a", "a\na", re.M), re.findall("a.b", "a\nb", re.S), re.compile(r"""
  \d+   # digits
  \s*   # space
""", re.X).findall("12  34"), re.findall(r"\w+", "é ñ a", re.A), re.findall(r"\w+", "é ñ a"), re.escape("a.b*c"), re.findall("[^abc]", "abcd"), re.findall(r"[\d\-x]", "1-xa"), re.findall("[a-c]+", "abcabcx"))
print(re.findall(r"a{2}", "aaaa"), re.findall(r"a{1,2}?", "aaa"), re.findall(r"<.*?>", "<a><b>"), re.findall(r"<.*>", "<a><b>"), re.findall(r"(?:ab)+", "ababx"), re.findall(r"a(?=b)", "abac"), re.findall(r"a(?!b)\w", "abac"), re.findall(r"(?<=x)a", "xaya"), re.findall(r"(?<!x)a", "xaya"), re.findall(r"(a)|(b)", "ab"), re.findall(r"(.)\1", "aabbc"), re.findall(r"(?P<q>['\"]).*?(?P=q)", "'a' \"b\""), re.findall(r"a++b|a*+", "aab"), re.findall(r"(?>a+)b", "aab"), re.match(r"(a)?(?(1)b|c)", "ab").group(), re.match(r"(a)?(?(1)b|c)", "c").group())
p = re.compile(r"(\d)", re.I); print(p.pattern, p.flags == re.I | re.U, p.search("a1b2", 2).group(), p.findall("1a2", 1), p.match("x1", 1).group(), p == re.compile(r"(\d)", re.I), repr(p), re.I | re.M, p.groups)
print(re.findall(rb"\d", b"a1"), re.sub(rb"a", b"b", b"aa"), re.search(r"[\u00e0-\u00ff]", "xéy").group(), re.search("日", "今日").start(), re.findall(r"\bfoo\b", "foo foobar"), re.findall(r"\Bo", "foo o"), re.match(r"\Aab\Z", "ab").group(), re.findall(r"$", "a\nb"), re.findall(r"\.", "a.b"))
for bad in ("(", "[", "a**", "(?P<n>a)(?P<n>b)", r"\1", "(?<n", "*a", "a{2,1}", "(?z)", r"(?<=a*)b", "[z-a]", "(?P=x)"):
    try: re.compile(bad); print("ok", bad)
    except re.error as e: print(bad, "->", e)
for bad in (lambda: re.match("a", "a").group(1), lambda: re.sub("(a)", r"\2", "a"), lambda: re.match(b"a", "a"), lambda: re.compile(5), lambda: re.match("a", 5), lambda: re.match("a", "a")["x"]):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
tokens = re.compile(r"\s*(?:(?P<num>\d+\.?\d*)|(?P<name>[A-Za-z_]\w*)|(?P<op>[-+*/()]))")
def lex(s):
    pos, out = 0, []
    while pos < len(s) and (m := tokens.match(s, pos)): out.append((m.lastgroup, m.group(m.lastgroup))); pos = m.end()
    return out
print(lex("x1 + 3.14*(y - 2)"))
def evaluate(s):
    t = lex(s) + [("end", "")]; i = 0
    def expr():
        nonlocal i
        v = term()
        while t[i][1] in ("+", "-"):
            o = t[i][1]; i += 1; w = term(); v = v + w if o == "+" else v - w
        return v
    def term():
        nonlocal i
        v = atom()
        while t[i][1] in ("*", "/"):
            o = t[i][1]; i += 1; w = atom(); v = v * w if o == "*" else v / w
        return v
    def atom():
        nonlocal i
        k, s = t[i]; i += 1
        if s == "(": v = expr(); i += 1; return v
        if s == "-": return -atom()
        return float(s) if "." in s else int(s)
    return expr()
print(evaluate("2 + 3 * (4 - 1) / 2"), evaluate("-(1.5 + 2) * 2"))
text = "The year 1999, then 2004; call 555-1234 or mail a.b@c.org, x_y@z.co.uk"
print(re.findall(r"\b\d{4}\b", text), re.findall(r"[\w.]+@[\w.]+\w", text), re.sub(r"(\d{3})-(\d{4})", r"(\1) \2", text)[-40:], len(re.split(r"\W+", text)), re.search(r"(?s)(.*) then (.*);", text).group(2), re.findall(r"(?m)^\w+|\w+$", text))
print(re.match(r"(a|ab)(c|bcd)(d*)", "abcd").groups(), re.match(r"(a*)*", "aaa").groups(), re.match(r"(?:(a)|b)*", "ab").groups(), re.match("(a+)(b+)?", "aa").groups(), re.search("a|b|c|d", "xxd").group(), re.fullmatch("a|ab", "ab").group(), re.search(r"(\w+)\s+\1", "the the cat").group(1))
