"""rich: a table, markup, highlighted source and a traceback on a terminal of a given width."""

import io

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table


def main():
    out = io.StringIO()
    console = Console(file=out, width=40, force_terminal=True, color_system="256")
    table = Table(title="Rivers")
    table.add_column("Name")
    table.add_column("Length", justify="right")
    table.add_row("Elbe", "1094")
    table.add_row("[bold]Rhine[/]", "1233")
    console.print(table)
    console.print(Syntax("def f(x):\n    return x + 1", "python"))
    try:
        1 / 0
    except ZeroDivisionError:
        console.print_exception()
    text = out.getvalue()
    plain = Console(file=io.StringIO(), width=40, record=True)
    plain.print(table)
    shown = plain.export_text()
    assert "│ Elbe  │   1094 │" in shown and "│ Rhine │   1233 │" in shown, shown
    assert "\x1b[1mRhine" in text and "ZeroDivisionError" in text and "\x1b[38;5;" in text, text
    print("rich:")
    print(shown, end="")


main()
