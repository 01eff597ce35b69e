# Amendments to email.contentmanager: text is sent in the character set that mail has for the one that was named.

import functools

_set_text_before = set_text_content


@functools.wraps(_set_text_before)
def set_text_content(msg, string, subtype='plain', charset='utf-8', *args, **kwargs):
    _set_text_before(msg, string, subtype, email.charset.Charset(charset).output_charset, *args, **kwargs)


raw_data_manager.add_set_handler(str, set_text_content)
