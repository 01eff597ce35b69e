# XML: events and their positions, entities, namespaces, errors, and the modules on top.
import io
from xml.dom import minidom, pulldom
from xml.etree import ElementTree as ET
from xml.parsers import expat
import xml.sax


def events(data, *, separator=None, handlers=None, chunk=None):
    seen = []
    parser = expat.ParserCreate(namespace_separator=separator)
    for name in handlers or [
        "StartElementHandler", "EndElementHandler", "CharacterDataHandler", "CommentHandler",
        "ProcessingInstructionHandler", "StartCdataSectionHandler", "EndCdataSectionHandler",
        "StartNamespaceDeclHandler", "EndNamespaceDeclHandler", "XmlDeclHandler",
        "StartDoctypeDeclHandler", "EndDoctypeDeclHandler", "EntityDeclHandler", "ElementDeclHandler",
        "AttlistDeclHandler",
    ]:
        def handler(*args, name=name):
            at = (parser.CurrentByteIndex, parser.CurrentLineNumber, parser.CurrentColumnNumber)
            seen.append((name.removesuffix("Handler"), args, at))
        setattr(parser, name, handler)
    parser.SetReparseDeferralEnabled(False)
    pieces = [data] if chunk is None else [data[i:i + chunk] for i in range(0, len(data), chunk)]
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return seen


document = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE box [
<!ENTITY who "a <b>bold</b> w&#246;rd">
<!ELEMENT box (item?, (b | c)*, rest+)>
<!ATTLIST box kind (big|small) "big" id ID #IMPLIED>
]>
<box xmlns:p="urn:p" xmlns="urn:d" p:x=" 1&#10;2 ">
  <!-- note --><?go fast?>&who;<![CDATA[<raw>]]>
  <p:item/>tail
</box>
""".encode()
for event in events(document, separator=" "):
    print(*event)
whole = events(document)
print(all(
    "".join(a[0] for n, a, _ in events(document, chunk=c) if n == "CharacterData")
    == "".join(a[0] for n, a, _ in whole if n == "CharacterData")
    for c in (1, 2, 3, 7, 50)
))

for broken in [b"", b"<a>", b"<a></b>", b"<a b='1' b='2'/>", b"<a>&x;</a>", b"<a/><b/>", b"<a>\x01</a>",
               b"<a x=<>", b"<p:a/>", b"<a>&#0;</a>", b"<a><![CDATA[x", b"<a", b"<?xml version='1.0' encoding='nope'?><a/>"]:
    parser = expat.ParserCreate(namespace_separator=" ")
    try:
        parser.Parse(broken, True)
        print(broken, "fine")
    except (expat.ExpatError, LookupError) as e:
        print(broken, e, getattr(e, "code", None))

laughs = "<!DOCTYPE a [<!ENTITY e0 'ha'>" + "".join(
    f"<!ENTITY e{i + 1} '{f'&e{i};' * 10}'>" for i in range(9)) + "]><a>&e9;</a>"
try:
    expat.ParserCreate().Parse(laughs, True)
except expat.ExpatError as e:
    print(e.code, str(e).split(":")[0])

root = ET.fromstring("<r><a n='1'>x</a><a n='2'>y<b/>z</a></r>")
print([(e.tag, e.attrib, e.text, e.tail) for e in root.iter()], root.find("a[@n='2']").text)
ET.indent(root)
print(ET.tostring(root, encoding="unicode"))
print(minidom.parseString("<r>a<!--c--><b q='&lt;'/></r>").toxml())
print([(kind, node.nodeName) for kind, node in pulldom.parseString("<r><s>t</s></r>")])


class Counter(xml.sax.ContentHandler):
    def __init__(self):
        super().__init__()
        self.names = []

    def startElement(self, name, attrs):
        self.names.append((name, dict(attrs)))


counter = Counter()
xml.sax.parse(io.BytesIO(b"<r><s a='1'/><s/></r>"), counter)
print(counter.names)
