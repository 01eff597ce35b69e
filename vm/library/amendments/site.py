# Amendments to site: installed packages lie in folders of the names that programs written for CPython look for.


def _get_implementation():
    return 'Python'


def _get_path(userbase):
    major, minor = sys.version_info[:2]
    thread = 't' if 't' in sys.abiflags else ''
    return f'{userbase}/lib/python{major}.{minor}{thread}/site-packages'
