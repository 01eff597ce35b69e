_repr_of_others = type_repr


def type_repr(value):
    """Convert a Python value to a format suitable for use with the STRING format."""
    if isinstance(value, types.BuiltinFunctionType) and value.__module__ is None:
        # A method of a built-in class names no module; its class does.
        owner = value.__self__
        if not isinstance(owner, type):
            owner = type(owner)
        prefix = "" if owner.__module__ in (None, "builtins") else owner.__module__ + "."
        return prefix + value.__qualname__
    return _repr_of_others(value)
