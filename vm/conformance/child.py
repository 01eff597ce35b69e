"""conformance_child.py RESULTS DONE MODULE: runs one of CPython's test modules and notes what becomes of each test.

RESULTS gets a line "status<tab>id" at each step of a test, so that the last one tells where a crash or a hang was. Ids listed in DONE are
left out: they ran before. Both interpreters get the same conditions: no resources such as a network, none of CPython's C test modules (but
for the tests of hooks), and no test that CPython marks as about itself.
"""
import importlib
import sys
import types
import unittest

# Extension modules that exist for CPython's tests only.
ONLY_FOR_TESTS = (
    "_ctypes_test", "_testbuffer", "_testcapi", "_testclinic", "_testclinic_limited", "_testimportmultiple",
    "_testinternalcapi", "_testlimitedcapi", "_testmultiphase", "_testsinglephase", "_xxtestfuzz",
)
# Test modules that import some of them at once, and have many tests that do without.
IMPORT_THEM = {
    "test_bytes", "test_class", "test_compileall", "test_free_threading", "test_import", "test_pkgutil", "test_pyclbr",
}

# Test modules of hooks and of interpreters, which are about what an extension module offers: `taipan` has it if built with the feature `testcapi`.
NEED_THEM = ("test.test_capi.test_watchers", "test.test_perfmaps", "test.test_interpreters.")


class Absent(types.ModuleType):
    """In place of such an extension module: whoever calls anything of it is skipped."""

    def __getattr__(self, name):
        # Dunder names and this one are asked for with a default.
        if name.startswith("__") or name == "get_c_recursion_remaining":
            raise AttributeError(name)
        return give_up


def give_up(*args, **kwargs):
    raise unittest.SkipTest("needs an extension module of CPython's test-suite")


class Notes(unittest.TextTestResult):
    """Writes each step down at once."""

    file = None

    def put(self, status, test):
        if isinstance(test, unittest.case._SubTest):
            test = test.test_case
        self.file.write(status + "\t" + ascii(test.id()) + "\n")
        self.file.flush()

    def startTest(self, test):
        self.put("start", test)
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.put("stop", test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.put("fail", test)


def noting(method, status):
    inner = getattr(unittest.TextTestResult, method)

    def add(self, test, *details):
        inner(self, test, *details)
        self.put(status, test)

    return add


for name, outcome in [
    ("addSuccess", "ok"), ("addExpectedFailure", "ok"), ("addUnexpectedSuccess", "fail"), ("addSkip", "skip"),
    ("addFailure", "fail"), ("addError", "error"),
]:
    setattr(Notes, name, noting(name, outcome))


def remaining(suite, done):
    """The suite without tests that ran before."""
    rest = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.BaseTestSuite):
            rest.addTest(remaining(test, done))
        elif ascii(test.id()) not in done:
            rest.addTest(test)
    return rest


class Loader(unittest.TestLoader):
    done = frozenset()

    def loadTestsFromNames(self, names, module=None):
        suite = super().loadTestsFromNames(names, module)
        return remaining(suite, self.done) if self.done else suite


def main(results, done, module):
    top = module.split(".")[1]
    for name in () if module.startswith(NEED_THEM) else ONLY_FOR_TESTS:
        sys.modules[name] = Absent(name) if top in IMPORT_THEM else None
    support = importlib.import_module("test.support")
    if top == "test_free_threading":
        support.Py_GIL_DISABLED = True  # its tests mean something with a GIL, too
    support.use_resources = {}
    support.check_impl_detail = lambda **guards: support._parse_guards(guards)[1]
    Notes.file = open(results, "w", encoding="utf-8")
    with open(done, encoding="utf-8") as file:
        Loader.done = frozenset(file.read().splitlines())
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Notes)
    unittest.main(module=None, argv=["conformance", module], testRunner=runner, testLoader=Loader())


if __name__ == "__main__":
    main(*sys.argv[1:])
