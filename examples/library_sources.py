"""Where the standard library's sources are, for the programs beside this module that read files."""

import importlib.machinery
import os
import pkgutil
import tempfile


def library_directory(stack):
    """The standard library's folder; a copy of its sources, as long as `stack` is open, where the interpreter keeps them inside itself."""
    directory = os.path.dirname(getattr(os, "__file__", "") or "")
    if os.path.isdir(directory):
        return directory
    copy = stack.enter_context(tempfile.TemporaryDirectory())
    copy_sources(directory, copy)
    return copy


def copy_sources(directory, copy):
    for _, name, is_package in pkgutil.iter_modules([directory]):
        spec = importlib.machinery.PathFinder.find_spec(name, [directory])
        if is_package:
            os.mkdir(os.path.join(copy, name))
            copy_sources(os.path.join(directory, name), os.path.join(copy, name))
            name = os.path.join(name, "__init__")
        with open(os.path.join(copy, name + ".py"), "w", encoding="utf-8", newline="") as file:
            file.write(spec.loader.get_source(spec.name))
