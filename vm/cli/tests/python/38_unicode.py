# Unicode: properties, normalization, case, codecs, identifiers, surrogates.
import unicodedata as u, codecs, sys
for c in "aÀ1½٣ \t€😀ßǅ中\u0301\u200d\ue000":
    print(f"U+{ord(c):04X}", u.name(c, "-"), u.category(c), u.bidirectional(c), u.combining(c), u.east_asian_width(c), u.mirrored(c), u.decimal(c, "-"), u.digit(c, "-"), u.numeric(c, "-"), u.decomposition(c), c.isalpha(), c.isnumeric(), c.isdigit(), c.isprintable(), c.isidentifier(), c.isupper(), c.istitle(), c.isspace())
print(u.lookup("SNOWMAN"), u.normalize("NFC", "e\u0301") == "é", len(u.normalize("NFD", "é")), u.normalize("NFKC", "ﬁ①"), u.is_normalized("NFC", "é"), u.normalize("NFKD", "²"), "\N{GREEK SMALL LETTER ALPHA}")
try: u.lookup("NO SUCH NAME")
except KeyError as e: print(e)
print("straße".upper(), "ΌΣΟΣ".lower(), "ΣΑΣ".lower(), "ŉ".upper(), "ﬃ".title(), "İ".lower().encode(), "ǆ".title(), "Ω".casefold(), "ẞ".casefold(), "Straße".casefold() == "STRASSE".casefold(), "ıI".swapcase())
größe = 1; été = größe + 1; 变量 = "v"; print(été, 变量, "größe" in globals(), "ﬁeld".isidentifier())
ﬁeld = 5; print(field)
class Ä: ö = 7
print(Ä.ö, Ä.__name__, vars(Ä)["ö"])
for enc in ("utf-8", "utf-16", "utf-16-be", "utf-32-le", "latin-1", "cp1252", "ascii", "utf-7", "utf-8-sig", "cp437", "iso8859-15", "koi8-r", "shift_jis", "gb18030", "big5", "euc-kr"):
    try: b = "aé€".encode(enc); print(enc, b, b.decode(enc) == "aé€")
    except UnicodeEncodeError as e: print(enc, e)
for data, enc in ((b"\xff\xfea\x00", "utf-16"), (b"\xc3", "utf-8"), (b"\xe2\x82", "utf-8"), (b"\xed\xa0\x80", "utf-8"), (b"\xf5\x80", "utf-8"), (b"\xc0\x80", "utf-8"), (b"a\x80b", "ascii"), (b"\x00", "utf-16"), (b"\x81", "cp1252")):
    for errors in ("strict", "replace", "ignore", "backslashreplace"):
        try: print(ascii(data.decode(enc, errors)), end=" ")
        except UnicodeDecodeError as e: print(e, end=" ")
    print()
print(ascii("\ud800"), len("\ud83d\ude00"), "\ud83d\ude00" == "😀", "\ud800".isprintable(), "a\ud800".encode("utf-8", "surrogatepass"), ascii(b"\xed\xa0\x80".decode("utf-8", "surrogatepass")))
for bad in (lambda: "\ud800".encode(), lambda: "é".encode("ascii"), lambda: "x€".encode("latin-1"), lambda: chr(0x110000), lambda: "\ud800".encode("utf-16")):
    try: print(bad())
    except (UnicodeError, ValueError) as e: print(type(e).__name__, e)
for errors in ("ignore", "replace", "xmlcharrefreplace", "backslashreplace", "namereplace"): print("aé€😀".encode("ascii", errors))
codecs.register_error("mine", lambda e: ("<" + str(e.start) + ">", e.end)); print("aéb".encode("ascii", "mine"), b"a\xffb".decode("ascii", "mine"), codecs.lookup("UTF8").name, codecs.encode("abc", "rot13"), codecs.encode(b"a", "hex"), codecs.decode("6162", "hex"), codecs.getincrementaldecoder("utf-8")().decode(b"\xc3"), codecs.BOM_UTF8)
d = codecs.getincrementaldecoder("utf-8")(); print([d.decode(bytes([x])) for x in "é€😀".encode()])
s = "a" + "é" * 3 + "😀"; print(s[1:4], s[-1], s.index("😀"), s.replace("é", "e"), s.count("é"), s.split("éé"), s.ljust(8, "☃"), s.zfill(7), s < "b", sorted("éeÉEzZ"), max(s), s.translate({233: "E", 0x1F600: None}), s * 2, s[::-1], "é" in s, s.find("é", 2), s.partition("é"), s.startswith("aé"), "☃".join("abc"), f"{'é':>3}|{'😀':^5}|", "%5s|" % "é", repr("\x80\xad\u2028\uffff\U0010ffff"))
print("a\u2028b\x85c\x1cd".splitlines(), "\u3000x\u00a0".strip(), "a\u2003b".split(), "１２".isdigit(), int("１２"), float("٣.٥"), "x".center(4, "é"), str(b"\xc3\xa9", "utf-8"), sys.maxunicode, "%c" % 0x1F600, "\x41\u0042\U00000043\103\N{LATIN CAPITAL LETTER D}")
