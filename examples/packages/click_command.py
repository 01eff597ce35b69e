"""click: a group of commands, run by its own test runner."""

import click
from click.testing import CliRunner


@click.group()
def calculator():
    """Calculates."""


@calculator.command()
@click.argument("numbers", nargs=-1, type=int, required=True)
@click.option("--times", default=1, show_default=True, help="Multiplies the sum.")
def total(numbers, times):
    """Adds NUMBERS."""
    click.echo(click.style(f"total {sum(numbers) * times}", fg="green"))


def main():
    runner = CliRunner()
    done = runner.invoke(calculator, ["total", "1", "2", "39", "--times", "2"])
    assert (done.exit_code, done.output) == (0, "total 84\n"), done.output
    wrong = runner.invoke(calculator, ["total", "one"])
    assert wrong.exit_code == 2 and "'one' is not a valid integer" in wrong.output, wrong.output
    shown = runner.invoke(calculator, ["total", "--help"]).output
    assert "Adds NUMBERS." in shown and "[default: 1]" in shown, shown
    print("click:", done.output, end="")


main()
