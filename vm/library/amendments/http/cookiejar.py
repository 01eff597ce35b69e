# Amendments to http.cookiejar: cookies of negative versions, to which no rules apply, are refused; the first line of a file in any case.

NETSCAPE_MAGIC_RGX = re.compile(NETSCAPE_MAGIC_RGX.pattern, re.IGNORECASE | re.ASCII)

_set_ok_version = DefaultCookiePolicy.set_ok_version
_return_ok_version = DefaultCookiePolicy.return_ok_version


def _set_unless_negative(self, cookie, request):
    if cookie.version is not None and cookie.version < 0:
        _debug("   negative version (%s=%s)", cookie.name, cookie.value)
        return False
    return _set_ok_version(self, cookie, request)


def _return_unless_negative(self, cookie, request):
    if cookie.version is not None and cookie.version < 0:
        _debug("   negative version")
        return False
    return _return_ok_version(self, cookie, request)


DefaultCookiePolicy.set_ok_version = _set_unless_negative
DefaultCookiePolicy.return_ok_version = _return_unless_negative

_cookie_of_any_version = CookieJar._cookie_from_cookie_tuple


def _cookie_from_cookie_tuple(self, tup, request):
    cookie = _cookie_of_any_version(self, tup, request)
    return None if cookie and cookie.version is not None and cookie.version < 0 else cookie


CookieJar._cookie_from_cookie_tuple = _cookie_from_cookie_tuple
