"""Gravity between five bodies: float arithmetic and list items."""

import itertools
import math

import harness

# Position, velocity and mass; arbitrary, deterministic.
BODIES = [[[math.sin(i * 1.7) * (i + 1), math.cos(i * 2.3) * (i + 1), math.sin(i * 0.9)],
           [math.cos(i * 1.1) / (i + 2), math.sin(i * 0.7) / (i + 2), 0.05 * i], 10.0 / (1 + i * i)] for i in range(5)]


def advance(pairs, bodies, steps, dt):
    for _ in range(steps):
        for (p1, v1, m1), (p2, v2, m2) in pairs:
            dx = p1[0] - p2[0]
            dy = p1[1] - p2[1]
            dz = p1[2] - p2[2]
            pull = dt * (dx * dx + dy * dy + dz * dz + 0.01) ** -1.5
            v1[0] -= dx * m2 * pull
            v1[1] -= dy * m2 * pull
            v1[2] -= dz * m2 * pull
            v2[0] += dx * m1 * pull
            v2[1] += dy * m1 * pull
            v2[2] += dz * m1 * pull
        for p, v, _ in bodies:
            p[0] += dt * v[0]
            p[1] += dt * v[1]
            p[2] += dt * v[2]


def energy(pairs, bodies):
    total = 0.0
    for (p1, _, m1), (p2, _, m2) in pairs:
        total -= m1 * m2 / math.sqrt(sum((a - b) ** 2 for a, b in zip(p1, p2)) + 0.01)
    for _, v, m in bodies:
        total += 0.5 * m * sum(c * c for c in v)
    return total


def run(loops):
    bodies = [[p[:], v[:], m] for p, v, m in BODIES]
    pairs = list(itertools.combinations(bodies, 2))
    advance(pairs, bodies, loops * 1000, 0.001)
    return f"{energy(pairs, bodies):.9f}"


if __name__ == "__main__":
    harness.main(run, 120)
