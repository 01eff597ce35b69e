# Amendments to _pydecimal: whether a number has more digits than a precision allows is seen from its size, without a power of ten as large as that precision.

# The binary logarithm of ten lies between these.
_LOG_10_BASE_2_LO = _math.log2(10)
_LOG_10_BASE_2_HI = _math.nextafter(_LOG_10_BASE_2_LO, 4)


def _fits_by_size(number, digits):
    """Whether `number` is less than 10 ** `digits`; None if its number of bits does not say."""
    bits = number.bit_length()
    if bits < digits * _LOG_10_BASE_2_LO:
        return True
    if bits >= 1 + digits * _LOG_10_BASE_2_HI:
        return False
    return None


def _is_less_than_pow10a_use_str(q, a):
    """Whether `q` is less than 10 ** `a`, and its text if that had to be made."""
    fits = _fits_by_size(q, a)
    if fits is not None:
        return fits, None
    text = str(q)
    return len(text) <= a, text


def _is_less_than_pow10a(q, a):
    """Whether `q` is less than 10 ** `a`, however many digits a text may have."""
    fits = _fits_by_size(q, a)
    # The power is about as large as the number here.
    return q < 10 ** a if fits is None else fits
