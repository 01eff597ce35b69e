"""JSON out and in, by the library and by a parser written in Python."""

import json

import harness


def document(size):
    return {"title": "catalog \u00e9\u4e2d", "ok": True, "none": None, "items": [
        {"id": i, "name": f"item {i}", "price": i * 1.25, "tags": [f"t{i % 7}", "x\n\"y\""], "deep": {"a": [i, [i, {}]]}}
        for i in range(size)]}


class Parser:
    """Recursive descent over the text, one character after the other."""

    ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

    def __init__(self, text):
        self.text, self.at = text, 0

    def skip(self):
        while self.at < len(self.text) and self.text[self.at] in " \n\t\r":
            self.at += 1

    def value(self):
        self.skip()
        start = self.text[self.at]
        if start == "{":
            return dict(self.members("}", self.member))
        if start == "[":
            return list(self.members("]", self.value))
        if start == '"':
            return self.string()
        for word, value in ("true", True), ("false", False), ("null", None):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        return self.number()

    def members(self, end, read):
        self.at += 1
        self.skip()
        if self.text[self.at] == end:
            self.at += 1
            return
        while True:
            yield read()
            self.skip()
            found = self.text[self.at]
            self.at += 1
            if found == end:
                return
            if found != ",":
                raise ValueError(f"{found!r} at {self.at}")

    def member(self):
        self.skip()
        key = self.string()
        self.skip()
        if self.text[self.at] != ":":
            raise ValueError("colon expected")
        self.at += 1
        return key, self.value()

    def string(self):
        self.at += 1
        parts = []
        while (char := self.text[self.at]) != '"':
            self.at += 1
            if char == "\\":
                char = self.text[self.at]
                self.at += 1
                if char == "u":
                    char = chr(int(self.text[self.at:self.at + 4], 16))
                    self.at += 4
                else:
                    char = self.ESCAPES.get(char, char)
            parts.append(char)
        self.at += 1
        return "".join(parts)

    def number(self):
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "+-.eE0123456789":
            self.at += 1
        text = self.text[start:self.at]
        return float(text) if set(text) & set(".eE") else int(text)


def run(loops):
    data = document(60)
    text = json.dumps(data)
    same = 0
    for _ in range(loops):
        same += Parser(text).value() == data
    for _ in range(loops * 4):
        same += json.loads(json.dumps(data, indent=1)) == data
    return same, len(text)


if __name__ == "__main__":
    harness.main(run, 300)
