# Amendments to plistlib: sorting comes before keys that are no strings are refused or left out, and has to get along with them.

_sorted = sorted


def sorted(items):
    return _sorted(items, key=lambda item: (True, item[0]) if isinstance(item[0], str) else (False,))


sorted.__module__ = _sorted.__module__
