# Amendments to sysconfig: installed packages lie in folders of the names that programs written for CPython look for.


def _get_implementation():
    return 'Python'
