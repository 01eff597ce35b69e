# Amendments to unittest.mock: what stands for the code of an asynchronous mock is made when somebody asks for it.


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
