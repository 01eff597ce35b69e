"""Import of the library that is inside the interpreter's program file.

A path entry hook: the library's folder stands in sys.path like any other, and whatever lies below it is found in the program file, whether
the folder exists or not.
"""

import sys
import _imp
import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _bootstrap_external


class EmbeddedLoader:
    """Loads one module of the embedded library."""

    def __init__(self, name, path, relative):
        self.name = name
        self.path = path
        self._relative = relative

    def __repr__(self):
        return f'<{type(self).__name__} {self.path!r}>'

    def __eq__(self, other):
        return type(self) is type(other) and self.path == other.path

    def __hash__(self):
        return hash(self.path)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        code = _imp.get_embedded_code(self._relative, self.path)
        _bootstrap._call_with_frames_removed(exec, code, module.__dict__)

    def load_module(self, fullname):
        return _bootstrap._load_module_shim(self, fullname)

    def is_package(self, fullname):
        return self._relative.endswith('/__init__.py')

    def get_code(self, fullname):
        return _imp.get_embedded_code(self._relative, self.path)

    def get_source(self, fullname):
        return _imp.get_embedded_source(self._relative)

    def get_filename(self, fullname=None):
        return self.path

    def get_data(self, path):
        relative = _imp.embedded_relative(path)
        if relative is not None:
            data = _imp.get_embedded_data(relative)
            if data is not None:
                return data
        with open(path, 'rb') as file:
            return file.read()

    def get_resource_reader(self, fullname):
        from _embedded_resources import EmbeddedReader
        return EmbeddedReader(self._relative.rpartition('/')[0])


class EmbeddedFinder:
    """Finds modules in one folder of the embedded library."""

    def __init__(self, path):
        relative = _imp.embedded_relative(path)
        if relative is None or not _imp.is_embedded_folder(relative):
            raise ImportError('not in the embedded library', path=path)
        self.path = path
        self._relative = relative

    def __repr__(self):
        return f'{type(self).__name__}({self.path!r})'

    def find_spec(self, fullname, target=None):
        found = _imp.find_embedded(self._relative, fullname.rpartition('.')[2])
        if found is None:
            return None
        relative, file, is_package = found
        path = self.path + '/' + file
        loader = EmbeddedLoader(fullname, path, relative)
        spec = _bootstrap.ModuleSpec(fullname, loader, origin=path, is_package=is_package)
        spec._set_fileattr = True
        if is_package:
            spec.submodule_search_locations.append(path.rpartition('/')[0])
        return spec

    def invalidate_caches(self):
        pass

    def iter_modules(self, prefix=''):
        for name, is_package in _imp.list_embedded(self._relative):
            yield prefix + name, is_package


# What leaves the import machinery out, as debuggers do, goes by the name.
__name__ = 'importlib._embedded'
