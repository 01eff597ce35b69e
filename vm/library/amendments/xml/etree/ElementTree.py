# Amendments to xml.etree.ElementTree: a target's doctype() hears of every document type declaration, with or without an identifier. The
# parser written in C knows it anyway.

if hasattr(XMLParser, '_default'):
    _init_parser = XMLParser.__init__
    _default_with_doctype = XMLParser._default

    def _init_with_doctype(self, *, target=None, encoding=None):
        _init_parser(self, target=target, encoding=encoding)
        self.parser.StartDoctypeDeclHandler = self._start_doctype

    def _default_of_entities(self, text):
        if text[:1] == '&':
            _default_with_doctype(self, text)

    def _start_doctype(self, name, system, public, has_internal_subset):
        if hasattr(self.target, 'doctype'):
            self.target.doctype(name, public, system)
        elif hasattr(self, 'doctype'):
            warnings.warn(
                'The doctype() method of XMLParser is ignored.  Define doctype() method on the TreeBuilder target.',
                RuntimeWarning,
            )

    _init_with_doctype.__name__, _default_of_entities.__name__ = '__init__', '_default'
    XMLParser.__init__, XMLParser._default = _init_with_doctype, _default_of_entities
    XMLParser._start_doctype = _start_doctype
