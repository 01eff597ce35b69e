x: int = 1


def first[T](items: list[T]) -> T:
    return items[0]


class Box[T](Base):
    content: T
