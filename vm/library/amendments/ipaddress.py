# Amendments to ipaddress: the exploded form of an address or an interface keeps the scope.

_explode_unscoped = _BaseV6._explode_shorthand_ip_string


def _explode_with_scope(self):
    scope = getattr(self, '_scope_id', None)
    if not scope:
        return _explode_unscoped(self)
    digits = f'{self._ip:032x}'
    groups = ':'.join(digits[start:start + 4] for start in range(0, 32, 4))
    suffix = f'/{self._prefixlen}' if isinstance(self, IPv6Interface) else ''
    return f'{groups}%{scope}{suffix}'


_BaseV6._explode_shorthand_ip_string = _explode_with_scope
