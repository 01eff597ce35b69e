_parse_date_of_digits = _parse_isoformat_date
_parse_time_of_digits = _parse_hh_mm_ss_ff


def _parse_isoformat_date(dtstr):
    # `int` takes more than digits: signs, blanks, underscores, other scripts' digits.
    # Seven characters are year and week, nothing else.
    if dtstr.strip("0123456789-W") or len(dtstr) == 7 and dtstr[4] != "W":
        raise ValueError("Invalid isoformat string")
    return _parse_date_of_digits(dtstr)


def _parse_hh_mm_ss_ff(tstr):
    if tstr.strip("0123456789:.,"):
        raise ValueError("Invalid isoformat string")
    return _parse_time_of_digits(tstr)
