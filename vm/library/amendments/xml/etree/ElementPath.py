# Amendments to xml.etree.ElementPath: where an element is among those of its tag takes one look at each parent, not one at each element.


def _children_of(context, parent, tag):
    known = vars(context).setdefault('_children', {})
    key = parent, tag
    if key not in known:
        known[key] = list(parent.findall(tag))
    return known[key]
