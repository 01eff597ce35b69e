"""pytest: a suite with fixtures, parameters, a failure and its rewritten assertion."""

import contextlib
import io
import pathlib
import tempfile

import pytest

SUITE = """
import pytest

@pytest.fixture(scope="module")
def numbers():
    yield [1, 2, 3]

@pytest.mark.parametrize("number", range(5))
def test_square(number):
    assert number * number >= number

def test_raises(numbers):
    with pytest.raises(IndexError, match="out of range"):
        numbers[3]

def test_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "name").write_text("text")
    assert open("name").read() == "text"

@pytest.mark.skip(reason="shown as such")
def test_skipped():
    raise AssertionError

def test_fails(numbers):
    assert sum(numbers) == 7
"""


def main():
    with tempfile.TemporaryDirectory() as folder:
        suite = pathlib.Path(folder, "test_suite.py")
        suite.write_text(SUITE)
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = pytest.main(["-p", "no:cacheprovider", "-q", "--rootdir", folder, str(suite)])
    text = output.getvalue()
    assert code == pytest.ExitCode.TESTS_FAILED, text
    assert "assert 6 == 7" in text and "where 6 = sum([1, 2, 3])" in text, text
    assert "1 failed, 7 passed, 1 skipped" in text, text
    print("pytest: 1 failed, 7 passed, 1 skipped, as the suite says")


main()
