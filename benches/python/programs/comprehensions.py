"""Widgets put into a tray: list, dict and set comprehensions and generator expressions over dataclasses."""

from dataclasses import dataclass

import harness


@dataclass
class Widget:
    number: int
    owner: int
    group: str
    related: list
    hidden: bool = False


class Tray:
    def __init__(self, widgets, keep):
        self.by_number = {widget.number: widget for widget in widgets}
        self.kept = [widget for widget in widgets if not widget.hidden and keep(widget)]
        groups = {widget.group for widget in self.kept}
        self.by_group = {group: [widget for widget in self.kept if widget.group == group] for group in groups}
        self.order = [(len(self.by_group[group]), group) for group in sorted(groups)]

    def has_relatives(self, widget):
        return any(self.by_number[number] in self.kept for number in widget.related if number in self.by_number)

    def sorted_kept(self):
        return sorted(self.kept, key=lambda widget: (not self.has_relatives(widget), widget.group, -widget.number))


def run(loops):
    widgets = [Widget(i, i % 5, "abcd"[i * 7 % 4], [(i * k) % 30 for k in (2, 3, 5)], i % 6 == 5) for i in range(30)]
    total = 0
    for turn in range(loops):
        tray = Tray(widgets, lambda widget: widget.owner != turn % 5)
        total += sum(i * widget.number for i, widget in enumerate(tray.sorted_kept()))
        total += sum(count for count, _ in tray.order)
    return total


if __name__ == "__main__":
    harness.main(run, 12_000)
