# Amendments to multiprocessing.context: the fork server, which needs temporary files, is the default only where they can be written. That
# is found out when the default is first asked for.

import functools


def _can_write_temporary_files():
    import tempfile

    from . import util

    try:
        with tempfile.NamedTemporaryFile(dir=util._get_base_temp_dir(tempfile)):
            return True
    except OSError:
        return False


def _choose_default_context(self):
    method = 'spawn'
    if sys.platform not in ('win32', 'darwin') and reduction.HAVE_SEND_HANDLE and _can_write_temporary_files():
        method = 'forkserver'
    return _concrete_contexts[method]


del _default_context._default_context
DefaultContext._default_context = functools.cached_property(_choose_default_context)
DefaultContext._default_context.__set_name__(DefaultContext, '_default_context')
