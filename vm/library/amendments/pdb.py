# Amendments to pdb: breakpoints can be set in modules of the library, whose files need not exist.

# `python -m pdb` comes here when the program that it debugged has taken this module's place as __main__.
if __name__ != '__main__':
    _lookup_file = Pdb.lookupmodule

    def _lookup_source(self, filename):
        found = _lookup_file(self, filename)
        if found is not None:
            return found
        path = filename if filename.endswith('.py') else filename.replace('.', os.sep) + '.py'
        for folder in sys.path:
            # If the path is absolute, that is what it stays.
            full = os.path.join(folder, path)
            if os.path.isabs(full) and linecache.getlines(full):
                return full
        return None

    _lookup_source.__name__, _lookup_source.__doc__ = 'lookupmodule', _lookup_file.__doc__
    Pdb.lookupmodule = _lookup_source
