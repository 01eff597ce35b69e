"""hypothesis: properties that hold, and the smallest example of one that does not."""

from hypothesis import example, find, given, settings
from hypothesis import strategies as st


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.integers()))
@example([])
def sorting_is_idempotent(numbers):
    assert sorted(sorted(numbers)) == sorted(numbers)


@settings(max_examples=200, deadline=None, database=None)
@given(st.text())
def text_survives_utf8(text):
    assert text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass") == text


@settings(max_examples=200, deadline=None, database=None)
@given(st.integers(min_value=1))
def no_number_is_great(number):
    assert number < 1000


def main():
    sorting_is_idempotent()
    text_survives_utf8()
    try:
        no_number_is_great()
    except AssertionError:
        found = True
    assert found
    smallest = find(st.lists(st.integers(0, 100)), lambda numbers: sum(numbers) >= 150, settings=settings(database=None))
    assert sum(smallest) == 150 and len(smallest) == 2, smallest
    print("hypothesis:", sorted(smallest))


main()
