# Amendments to stringprep: the lower case of Unicode 3.2, which has fewer pairs of letters than today's.

_map_with_todays_pairs = map_table_b3


def map_table_b3(code):
    mapped = _map_with_todays_pairs(code)
    if mapped == code or ord(code) in b3_exceptions:
        return mapped
    unassigned = any(unicodedata.category(letter) == 'Cn' for letter in code + mapped)
    return code if unassigned else mapped


map_table_b3.__doc__ = _map_with_todays_pairs.__doc__
