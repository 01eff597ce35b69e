# Amendments to xml.sax.saxutils: the names of namespaces are quoted like other values.

import itertools


def _start_element_quoted(self, name, qname, attrs):
    self._finish_pending_start_element()
    declared = ((f'xmlns:{prefix}' if prefix else 'xmlns', uri) for prefix, uri in self._undeclared_ns_maps)
    given = ((self._qname(attribute), value) for attribute, value in attrs.items())
    self._write('<' + self._qname(name))
    for attribute, value in itertools.chain(declared, given):
        self._write(f' {attribute}={quoteattr(value)}')
    self._undeclared_ns_maps = []
    if self._short_empty_elements:
        self._pending_start_element = True
    else:
        self._write('>')



_start_element_quoted.__name__ = 'startElementNS'
XMLGenerator.startElementNS = _start_element_quoted
