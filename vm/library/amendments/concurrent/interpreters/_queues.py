# Amendment to concurrent.interpreters._queues: timeouts follow the clock that nobody sets.

import types as _types

time = _types.SimpleNamespace(time=time.monotonic, monotonic=time.monotonic, sleep=time.sleep)
