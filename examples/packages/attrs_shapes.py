"""attrs: classes with validators, converters, ordering and frozen instances."""

import attrs


@attrs.frozen(order=True)
class Rectangle:
    width: float = attrs.field(converter=float, validator=attrs.validators.gt(0))
    height: float = attrs.field(converter=float, validator=attrs.validators.gt(0))
    name: str = attrs.field(default="", order=False)

    @property
    def area(self):
        return self.width * self.height


def refused(*arguments):
    try:
        Rectangle(*arguments)
    except ValueError:
        return True
    return False


def main():
    shapes = [Rectangle(3, "4"), Rectangle(1, 2, "small"), Rectangle("2.5", 2)]
    assert [s.area for s in sorted(shapes)] == [2.0, 5.0, 12.0]
    assert attrs.asdict(shapes[1]) == {"width": 1.0, "height": 2.0, "name": "small"}
    assert attrs.evolve(shapes[1], width=5) == Rectangle(5, 2, "small")
    assert refused(0, 1) and refused("x", 1)
    try:
        shapes[0].width = 1
    except attrs.exceptions.FrozenInstanceError:
        frozen = True
    assert frozen
    print("attrs:", shapes[0])


main()
