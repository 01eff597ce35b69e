# Amendments to sqlite3.dump: the name of a table may have quotes in it.


def _quote_in_text(name):
    """A name in quotes, within a text in quotes."""
    return _quote_name(name).replace("'", "''")
