# Amendments to xml.dom.minidom: white space is what XML calls so, which is less than Unicode does.

_XML_WHITESPACE = ' \t\r\n'


def _get_is_whitespace(self, _before=Text._get_isWhitespaceInElementContent):
    return not self.data.strip(_XML_WHITESPACE) and _before(self)


Text._get_isWhitespaceInElementContent = _get_is_whitespace
defproperty(Text, 'isWhitespaceInElementContent', doc=Text.isWhitespaceInElementContent.__doc__)
