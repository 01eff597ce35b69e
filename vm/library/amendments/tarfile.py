# Amendments to tarfile: nothing is created outside of the destination on the way to a member, no link stands in for the destination, no
# hard link repeats a symbolic one elsewhere, nor does a copy that stands in for it if the filter drops it there; a name is looked for as it is given first.

_filtered_attributes = _get_filtered_attrs
_link_with_filter = TarFile.makelink_with_filter
_getmember_stripped = TarFile.getmember


def _get_filtered_attrs(member, dest_path, for_data=True):
    changed = _filtered_attributes(member, dest_path, for_data)
    name = changed.get('name', member.name)
    if '..' in name.replace(os.sep, '/').split('/'):
        straight = os.path.normpath(name)
        if straight != name:
            name = changed['name'] = straight
    if (member.islnk() or member.issym()) and os.path.normpath(name) == os.curdir:
        raise OutsideDestinationError(member, os.path.realpath(os.path.join(dest_path, name)))
    return changed


def _link_to_file(self, tarinfo, targetpath, filter_function, extraction_root):
    if tarinfo.islnk() and os.path.exists(tarinfo._link_target):
        tarinfo._link_target = os.path.realpath(tarinfo._link_target)
    if filter_function is None:
        return _link_with_filter(self, tarinfo, targetpath, filter_function, extraction_root)
    dropped = False

    def unless_dropped(member, path):
        # Asked about the copy under the link's name first, then about the original.
        nonlocal dropped
        changed = filter_function(member, path)
        dropped = dropped or changed is None
        return None if dropped else changed

    return _link_with_filter(self, tarinfo, targetpath, unless_dropped, extraction_root)


def _getmember_as_given(self, name):
    return self._getmember(name) or _getmember_stripped(self, name)


_getmember_as_given.__name__, _getmember_as_given.__doc__ = 'getmember', _getmember_stripped.__doc__
TarFile.makelink_with_filter = _link_to_file
TarFile.getmember = _getmember_as_given
