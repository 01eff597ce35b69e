# Amendments to imaplib: capabilities that the server told of by itself can be asked for with response() afterwards.

_refresh_and_forget = IMAP4._refresh_capabilities


def _refresh_capabilities(self):
    told = self.untagged_responses.get('CAPABILITY')
    _refresh_and_forget(self)
    if told and self.state == 'AUTH':
        self.untagged_responses.setdefault('CAPABILITY', told)


IMAP4._refresh_capabilities = _refresh_capabilities
