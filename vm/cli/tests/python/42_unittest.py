# unittest and doctest run and report.
import unittest, io, re, doctest
from unittest import mock
class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.log = []
    def setUp(self): self.x = 1; self.addCleanup(self.log.append, "cleanup")
    def tearDown(self): self.log.append("down")
    def test_equal(self): self.assertEqual(self.x, 1); self.assertIn(1, [1]); self.assertIsNone(None); self.assertAlmostEqual(0.1 + 0.2, 0.3); self.assertIsInstance(1, int); self.assertGreater(2, 1); self.assertRegex("abc", "b"); self.assertCountEqual([1, 2], [2, 1]); self.assertDictEqual({}, {})
    def test_raises(self):
        with self.assertRaises(ZeroDivisionError) as c: 1 / 0
        self.assertEqual(str(c.exception), "division by zero"); self.assertRaisesRegex(ValueError, "invalid", int, "x")
    def test_fail(self): self.assertEqual([1, 2, 3], [1, 2, 4])
    def test_error(self): {}["missing"]
    @unittest.skip("not now")
    def test_skip(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.assertTrue(False)
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    def test_text(self): self.assertMultiLineEqual("a\nb\n", "a\nc\n")
out = io.StringIO(); r = unittest.TextTestRunner(out, verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(T))
print(re.sub(r"in [\d.]+s", "in TIME", re.sub(r'File ".*?", line \d+', "File", out.getvalue())))
print(r.testsRun, len(r.failures), len(r.errors), len(r.skipped), len(r.expectedFailures), r.wasSuccessful(), T.log.count("down"))
m = mock.Mock(return_value=5, **{"a.b.return_value": 7}); print(m(1, k=2), m.a.b(), m.call_args, m.called, m.call_count, m.mock_calls); m.assert_called_once_with(1, k=2)
try: m.assert_called_with(3)
except AssertionError as e: print(e)
m.side_effect = [1, ValueError("se")]; print(m())
try: m()
except ValueError as e: print(e)
mm = mock.MagicMock(); mm.__len__.return_value = 3; print(len(mm), mm["k"] is mm["z"], bool(mm), int(mm), isinstance(mock.Mock(spec=int), int))
with mock.patch("os.getcwd", return_value="/patched") as p: import os; print(os.getcwd(), p.called)
print(os.getcwd() != "/patched")
class D: v = 1
with mock.patch.object(D, "v", 2): print(D.v)
with mock.patch.dict(dd := {"a": 1}, {"b": 2}): print(dd)
print(dd, D.v, mock.sentinel.x, mock.call(1, a=2), mock.ANY == 5)
def sq(x):
    """Square.

    >>> sq(3)
    9
    >>> sq("a")
    Traceback (most recent call last):
    TypeError: can't multiply sequence by non-int of type 'str'
    """
    return x * x
print(doctest.testmod())
