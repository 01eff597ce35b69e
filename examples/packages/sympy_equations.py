"""sympy, mpmath: equations, integrals, matrices, digits."""

import sympy
from sympy.abc import x, y


def main():
    assert sympy.solve(x**2 - 5 * x + 6, x) == [2, 3]
    assert sympy.solve([x + y - 3, x - y - 1], [x, y]) == {x: 2, y: 1}
    assert sympy.integrate(sympy.exp(-x**2), (x, -sympy.oo, sympy.oo)) == sympy.sqrt(sympy.pi)
    assert sympy.simplify(sympy.diff(sympy.sin(x) * sympy.exp(x), x) - sympy.exp(x) * (sympy.sin(x) + sympy.cos(x))) == 0
    assert sympy.factor(x**4 - 1) == (x - 1) * (x + 1) * (x**2 + 1)
    matrix = sympy.Matrix([[2, 1], [1, 2]])
    assert matrix.eigenvals() == {1: 1, 3: 1} and matrix.inv() * matrix == sympy.eye(2)
    assert sympy.series(sympy.cos(x), x, 0, 6).removeO() == 1 - x**2 / 2 + x**4 / 24
    digits = str(sympy.N(sympy.pi, 60))
    assert digits == "3.14159265358979323846264338327950288419716939937510582097494", digits
    assert sympy.factorint(2**67 - 1) == {193707721: 1, 761838257287: 1}
    print("sympy: pi =", digits)


main()
