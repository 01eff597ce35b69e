# Amendments to _pyrepl.simple_interact: a prompt is any object, and one that has no text is no reason to end.


def _prompt(name, default):
    try:
        return str(getattr(sys, name, default))
    except Exception:
        return default
