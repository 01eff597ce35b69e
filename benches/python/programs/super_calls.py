"""Constructors and methods that call up through super(), classes with several bases."""

import harness


class Base:
    def __init__(self, value):
        self.value = value

    def step(self, amount):
        self.value += amount
        return self.value

    @classmethod
    def make(cls, value):
        return cls(value)

    @property
    def doubled(self):
        return self.value * 2


class Limited(Base):
    def __init__(self, value, limit=1000):
        super().__init__(value)
        self.limit = limit

    def step(self, amount):
        if super().step(amount) > self.limit:
            self.value = 0
        return self.value


class Counted(Base):
    def __init__(self, value):
        super().__init__(value)
        self.steps = 0

    def step(self, amount):
        self.steps += 1
        return super().step(amount)

    @property
    def doubled(self):
        return super().doubled + self.steps


class Both(Limited, Counted):
    def step(self, amount):
        return super().step(amount) + 1

    @classmethod
    def make(cls, value):
        return super().make(value + 1)


def run(loops):
    total = 0
    for number in range(loops):
        item = Both.make(number)
        for amount in range(8):
            total += item.step(amount)
        total += item.doubled
    return total


if __name__ == "__main__":
    harness.main(run, 220_000)
