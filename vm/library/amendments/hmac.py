# Amendments to hmac: a digest in one go makes the same demands and warns of the same as an object does.


def _compute_digest_fallback(key, msg, digest):
    if not isinstance(key, (bytes, bytearray)):
        raise TypeError(f'key: expected bytes or bytearray, but got {type(key).__name__!r}')
    made = HMAC.__new__(HMAC)
    made._init_old(key, msg, digest)
    return made.digest()
