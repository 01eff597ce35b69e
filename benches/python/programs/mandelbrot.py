"""The Mandelbrot set with complex numbers and with floats."""

import harness


def with_floats(size, limit):
    inside = 0
    for row in range(size):
        ci = 2.0 * row / size - 1.0
        for column in range(size):
            cr = 3.0 * column / size - 2.0
            zr = zi = 0.0
            for _ in range(limit):
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                if zr * zr + zi * zi > 4.0:
                    break
            else:
                inside += 1
    return inside


def with_complex(size, limit):
    inside = 0
    for row in range(size):
        for column in range(size):
            z, c = 0j, complex(3.0 * column / size - 2.0, 2.0 * row / size - 1.0)
            for _ in range(limit):
                z = z * z + c
                if abs(z) > 2.0:
                    break
            else:
                inside += 1
    return inside


def run(loops):
    return with_floats(16 * loops, 60), with_complex(8 * loops, 60)


if __name__ == "__main__":
    harness.main(run, 30)
