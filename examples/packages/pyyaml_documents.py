"""pyyaml, without its extension: documents with anchors, types and tags, there and back."""

import datetime

import yaml

TEXT = """
defaults: &defaults
  adapter: sqlite
  retries: 3
test:
  <<: *defaults
  name: "caf\\u00e9"
  since: 2024-02-29
  ratio: 1.5e+3
  tags: [one, two, null, true]
text: |
  two
  lines
"""


class Point(yaml.YAMLObject):
    yaml_tag = "!point"
    yaml_loader = yaml.SafeLoader
    yaml_dumper = yaml.SafeDumper

    def __init__(self, x, y):
        self.x, self.y = x, y


def main():
    data = yaml.safe_load(TEXT)
    assert data["test"] == {
        "adapter": "sqlite", "retries": 3, "name": "café", "since": datetime.date(2024, 2, 29), "ratio": 1500.0,
        "tags": ["one", "two", None, True]}
    assert data["text"] == "two\nlines\n"
    assert yaml.safe_load(yaml.safe_dump(data, allow_unicode=True)) == data
    point = yaml.safe_load(yaml.safe_dump(Point(1, [2])))
    assert (point.x, point.y) == (1, [2])
    try:
        yaml.safe_load("a: [1\nb: 2")
    except yaml.YAMLError as error:
        place = error.problem_mark.line
    assert list(yaml.safe_load_all("1\n---\n2\n")) == [1, 2]
    print("pyyaml:", sorted(data["test"]), "error in line", place)


main()
