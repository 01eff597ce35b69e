def shape(s):
    match s:
        case [x, y] | {"x": x, "y": y}:
            return x, y
        case Point(x=0, y=[first, *_]) if first:
            return first
        case None:
            return f"{s!r:>10}"
