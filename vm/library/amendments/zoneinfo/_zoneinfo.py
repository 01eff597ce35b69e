# Amendments to zoneinfo: rules behind the transitions are of the form that POSIX gives them, or no rules at all.

_parse_leniently = _parse_tz_str
_name = r'(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)'
_time = r'[+-]?\d{1,3}(?::\d{2}(?::\d{2})?)?'
_date = rf'(?:M\d{{1,2}}\.\d\.\d|J?\d{{1,3}})(?:/{_time})?'
_whole = re.compile(rf'{_name}{_time}(?:{_name}(?:{_time})?(?:,{_date},{_date})?)?', re.ASCII)


def _parse_tz_str(tz_str):
    if not _whole.fullmatch(tz_str):
        raise ValueError(f'{tz_str} is not a valid TZ string')
    return _parse_leniently(tz_str)
