# Amendments to email._header_value_parser: special characters in a part of an address make it an encoded word, however deep they are.


def _is_text(part, types=('ptext', 'vtext')):
    """Whether a part is text itself; or, if it consists of parts, has visible text below."""
    if part.token_type in types:
        return True
    return not isinstance(part, Terminal) and any(_is_text(inner, ('vtext',)) for inner in part)
