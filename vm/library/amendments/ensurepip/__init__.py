# Amendments to ensurepip: the wheel is a resource, which need not be a file; one that is made of it has the wheel's name.

import contextlib


@contextlib.contextmanager
def _bundled_wheel():
    with resources.as_file(resources.files('ensurepip').joinpath('_bundled')) as folder:
        yield folder / f'pip-{_PIP_VERSION}-py3-none-any.whl'


def _get_pip_whl_path_ctx():
    return _find_wheel_pkg_dir_pip() or _bundled_wheel()
