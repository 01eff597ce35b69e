"""Resources of packages of the library that is inside the interpreter's program file, for importlib.resources."""

import io
import _imp
from importlib.resources.abc import Traversable, TraversableResources


class EmbeddedPath(Traversable):
    """A file or folder of the embedded library. `at` is its path there; it need not exist."""

    def __init__(self, at):
        self._at = at

    def __repr__(self):
        return f'{type(self).__name__}({self._at!r})'

    def __str__(self):
        return f'{_imp.library_path}/{self._at}'

    def __eq__(self, other):
        return self._at == other._at if type(self) is type(other) else NotImplemented

    def __hash__(self):
        return hash(self._at)

    @property
    def name(self):
        return self._at.rpartition('/')[2]

    def is_dir(self):
        return _imp.is_embedded_folder(self._at)

    def is_file(self):
        return _imp.get_embedded_data(self._at) is not None

    def iterdir(self):
        if not self.is_dir():
            raise (NotADirectoryError if self.is_file() else FileNotFoundError)(str(self))
        for name, _ in _imp.embedded_entries(self._at):
            yield self._child(name)

    def joinpath(self, *descendants):
        path = self
        for part in '/'.join(map(str, descendants)).split('/'):
            if part == '..':
                path = type(self)(path._at.rpartition('/')[0])
            elif part not in ('', '.'):
                path = path._child(part)
        return path

    def _child(self, name):
        return type(self)(f'{self._at}/{name}' if self._at else name)

    def open(self, mode='r', *args, **kwargs):
        if mode not in ('r', 'rt', 'rb'):
            raise ValueError(f'the library is read only: invalid mode {mode!r}')
        data = _imp.get_embedded_data(self._at)
        if data is None:
            raise (IsADirectoryError if self.is_dir() else FileNotFoundError)(str(self))
        file = io.BytesIO(data)
        return file if mode == 'rb' else io.TextIOWrapper(file, *args, **kwargs)


class EmbeddedReader(TraversableResources):
    """The resources of one package."""

    def __init__(self, folder):
        self._folder = folder

    def files(self):
        return EmbeddedPath(self._folder)
