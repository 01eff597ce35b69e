# Methods of numbers that are kept before they are called: the receiver is in the word of the method itself.
print([method() for method in [(1.5).as_integer_ratio, (7).bit_length, "a".upper, (2**70).bit_length, True.bit_count]])
for method in (float("inf").__ceil__, float("-inf").__floor__, float("nan").__trunc__, (1e308).__floor__):
    try:
        print(method() > 0, method.__self__)
    except (OverflowError, ValueError) as error:
        print(type(error).__name__, error)
print((3.25).__add__(1), list(map((2).__mul__, range(4))), (0.1).__round__(1), [*map((-0.5).__rsub__, (1, 2.5))])
