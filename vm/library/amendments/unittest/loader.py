# Amendments to unittest.loader: abstract test cases are bases of others and hold no tests of their own.


def _is_abstract(test_case):
    import inspect

    return inspect.isabstract(test_case)
