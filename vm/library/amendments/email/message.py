# Amendments to email.message: what is called a multipart but has no parts has no body among them.

_find_body_of_parts = MIMEPart._find_body


def _find_body(self, part, preferencelist):
    if part.get_content_maintype() != 'multipart' or part.is_multipart():
        yield from _find_body_of_parts(self, part, preferencelist)


MIMEPart._find_body = _find_body
