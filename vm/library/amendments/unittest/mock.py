# Amendments to unittest.mock: what stands for the code of an asynchronous mock is made when somebody asks for it; special methods are set
# without making sets of names for each mock.


def _code_of_async_mock():
    if _CODE_SIG:
        code = NonCallableMock(spec_set=_CODE_ATTRS)
        code.__dict__['_spec_class'] = CodeType
        code.__dict__['_spec_signature'] = _CODE_SIG
    else:
        code = NonCallableMock(spec_set=CodeType)
    code.co_flags = inspect.CO_COROUTINE + inspect.CO_VARARGS + inspect.CO_VARKEYWORDS
    code.co_varnames = ('args', 'kwargs')
    code.co_argcount = code.co_posonlyargcount = code.co_kwonlyargcount = 0
    return code


class _CodeOnDemand:
    """The attribute `__code__` of mocks that have not been asked for it yet."""

    def __get__(self, mock, owner=None):
        if mock is None:
            raise AttributeError(f"type object {owner.__name__!r} has no attribute '__code__'")
        return mock.__dict__.setdefault('__code__', _code_of_async_mock())


def _init_async_mock(self, /, *args, **kwargs):
    super(AsyncMockMixin, self).__init__(*args, **kwargs)
    # Past what a specification may forbid.
    own = self.__dict__
    own['_is_coroutine'] = asyncio.coroutines._is_coroutine
    own['_mock_await_count'] = 0
    own['_mock_await_args'] = None
    own['_mock_await_args_list'] = _CallList()
    own['__name__'] = 'AsyncMock'
    own['__defaults__'] = ()
    own['__kwdefaults__'] = {}
    own['__annotations__'] = None


_init_async_mock.__name__ = '__init__'
_init_async_mock.__qualname__ = 'AsyncMockMixin.__init__'
AsyncMockMixin.__init__ = _init_async_mock
AsyncMockMixin.__code__ = _CodeOnDemand()


_DEFAULT_MAGICS = tuple(map(sys.intern, _magics | _async_method_magics))


def _mock_set_magics(self):
    kind = type(self)
    own = kind.__dict__
    try:
        allowed = self.__dict__['_mock_methods']
    except KeyError:
        # Before `__init__`, or of a class that says so itself.
        allowed = getattr(kind, '_mock_methods', None)
    names = _DEFAULT_MAGICS
    if allowed is not None:
        for name in names:
            if name in own and name not in allowed:
                delattr(self, name)
        names = [name for name in names if name in allowed]
    for name in names:
        if name not in own:
            setattr(kind, name, MagicProxy(name, self))


_mock_set_magics.__qualname__ = 'MagicMixin._mock_set_magics'
MagicMixin._mock_set_magics = _mock_set_magics
