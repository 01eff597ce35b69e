def _renamed(code, former, name):
    """The code, and those in it, under the name of the file that it is loaded from."""
    if code.co_filename != former:
        return code
    constants = tuple([_renamed(constant, former, name) if isinstance(constant, _code_type) else constant
                       for constant in code.co_consts])
    return code.replace(co_filename=name, co_consts=constants)


def _compile_bytecode(data, name=None, bytecode_path=None, source_path=None):
    """The code object in the bytes of a cached file."""
    code = marshal.loads(data)
    if not isinstance(code, _code_type):
        raise ImportError(f"Non-code object in {bytecode_path!r}", name=name, path=bytecode_path)
    _bootstrap._verbose_message("code object from {!r}", bytecode_path)
    if source_path is not None:
        code = _renamed(code, code.co_filename, source_path)
    return code
