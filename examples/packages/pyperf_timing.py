"""pyperf: a benchmark of two values is kept, written and compared; nothing is timed here."""

import pathlib
import tempfile

import pyperf


def main():
    runs = [pyperf.Run([1.0 + number / 10, 1.1], warmups=[(1, 2.0)], metadata={"name": "work", "loops": 1})
            for number in range(5)]
    benchmark = pyperf.Benchmark(runs)
    assert benchmark.get_nvalue() == 10 and benchmark.get_nrun() == 5
    assert abs(benchmark.mean() - 1.15) < 1e-9 and benchmark.format_value(0.0015) == "1.50 ms"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "work.json")
        benchmark.dump(str(file))
        again = pyperf.Benchmark.load(str(file))
    assert again.get_values() == benchmark.get_values() and again.get_name() == "work"
    assert pyperf.perf_counter() <= pyperf.perf_counter()
    print("pyperf:", benchmark.format_value(benchmark.mean()), "of", benchmark.get_nvalue(), "values")


main()
