# At exit: what was put into builtins and into modules is finalized while printing still works.

import builtins
import os


class Told:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print('end of', self.name, flush=True)


builtins.addition = Told('an addition to builtins')
builtins._ = Told('the last result')
os.addition = Told('an addition to os')
builtins.len = lambda *args: 42
print(len(()))
