//! The instruction table. Everything about an opcode that is not its handler is stated here once;
//! `Op`, the disassembler and `dis` metadata derive from it.
//!
//! `for_each_op!(callback)` expands to `callback! { Variant "NAME" (A B C) "semantics"; ... }`, where an entry of the
//! specialised section has `of Generic` in front of its semantics: it is a rewriting of that instruction
//! with the same operands, which the interpreter installs in place and the compiler never emits.
//!
//! Operand kinds: `W` register written, `R` read, `M` read and written (mutated object stays in place), `X` consumed (left empty),
//! `T` read or, with the `TAKE` bit, consumed; `N` name index, `K` constant index, `U` unsigned
//! number, `I` signed 16-bit immediate, `J` (on `b`, with `O` on `c`) the 32-bit jump target, `V` (likewise) a 32-bit number;
//! `O` unused.
//!
//! In the semantics `rA` is the register named by operand `a`, and so on. Unless said otherwise an
//! instruction may raise whatever the operation raises in Python, and then has written no register.

/// Applies a macro to the whole table.
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident) => {
        $callback! {
    // --- moving values -----------------------------------------------------------------------
    Nop "NOP" (O O O) "Nothing.";
    ExtendedArg "EXTENDED_ARG" (U U U) "Prefix: a, b, c are the high 16 bits of the operands of the next instruction.";
    LoadConst "LOAD_CONST" (W K O) "rA = consts[b].";
    LoadInt "LOAD_SMALL_INT" (W V O) "rA = the int b|c<<16, as an i32.";
    Copy "COPY" (W R O) "rA = rB, both own it (rB may be a cell register: the cell itself is copied). An empty rB empties rA.";
    Move "MOVE" (W X O) "rA = rB, rB is left empty.";
    Lend "LEND" (W R O) "rA = rB for a callee or argument register rA: rB is not written before the call consumes rA, so rA need not own the value.";
    Drop "DROP" (X O O) "Drops rA and leaves it empty. Never raises (an error in a finalizer is unraisable).";
    CheckLocal "CHECK_LOCAL" (R N O) "If rA is empty, raises UnboundLocalError `cannot access local variable 'names[b]' where it is not associated with a value`.";

    // --- variables ---------------------------------------------------------------------------
    LoadGlobal "LOAD_GLOBAL" (W N O) "rA = globals[names[b]], else builtins; NameError `name 'x' is not defined`.";
    StoreGlobal "STORE_GLOBAL" (T N O) "globals[names[b]] = rA.";
    DeleteGlobal "DELETE_GLOBAL" (O N O) "del globals[names[b]]; NameError `name 'x' is not defined`.";
    LoadName "LOAD_NAME" (W N O) "rA = namespace[names[b]], else globals, else builtins; NameError. The namespace is the frame's locals mapping (module, class body, exec).";
    StoreName "STORE_NAME" (T N O) "namespace[names[b]] = rA.";
    DeleteName "DELETE_NAME" (O N O) "del namespace[names[b]]; NameError `name 'x' is not defined`.";
    NewCell "NEW_CELL" (W O O) "rA = a new empty cell.";
    MakeCell "MAKE_CELL" (W X O) "rA = a new cell with the value of rB (a parameter, or empty); rB is left empty.";
    CopyFreeVars "COPY_FREE_VARS" (W U O) "Copies the b cells of the running function's closure into rA, rA+1, ...";
    LoadDeref "LOAD_DEREF" (W R O) "rA = contents of the cell rB; if empty, UnboundLocalError (own cell) or NameError `cannot access free variable 'x' where it is not associated with a value in enclosing scope`.";
    StoreDeref "STORE_DEREF" (R T O) "Contents of the cell rA = rB.";
    DeleteDeref "DELETE_DEREF" (R O O) "Empties the cell rA; if empty already, the error of LOAD_DEREF.";
    LoadLocals "LOAD_LOCALS" (W O O) "rA = the frame's namespace mapping; SystemError if it has none.";
    LoadFromDictOrDeref "LOAD_FROM_DICT_OR_DEREF" (W R R) "rA = mapping rB[name of the cell rC], or if that raises KeyError the contents of the cell rC, as LOAD_DEREF.";
    LoadFromDictOrGlobals "LOAD_FROM_DICT_OR_GLOBALS" (W R N) "rA = mapping rB[names[c]], or on KeyError as LOAD_GLOBAL.";
    LoadBuildClass "LOAD_BUILD_CLASS" (W O O) "rA = builtins.__build_class__.";
    LoadCommonConstant "LOAD_COMMON_CONSTANT" (W U O) "rA = the object CommonConstant(b).";

    // --- arithmetic: rA = rB op rC -------------------------------------------------------------
    Add "ADD" (W R R) "rA = rB + rC.";
    Sub "SUB" (W R R) "rA = rB - rC.";
    Mul "MUL" (W R R) "rA = rB * rC.";
    TrueDiv "TRUEDIV" (W R R) "rA = rB / rC.";
    FloorDiv "FLOORDIV" (W R R) "rA = rB // rC.";
    Mod "MOD" (W R R) "rA = rB % rC.";
    Pow "POW" (W R R) "rA = rB ** rC.";
    LShift "LSHIFT" (W R R) "rA = rB << rC.";
    RShift "RSHIFT" (W R R) "rA = rB >> rC.";
    And "AND" (W R R) "rA = rB & rC.";
    Or "OR" (W R R) "rA = rB | rC.";
    Xor "XOR" (W R R) "rA = rB ^ rC.";
    MatMul "MATMUL" (W R R) "rA = rB @ rC.";
    InplaceAdd "INPLACE_ADD" (W R R) "rA = rB += rC: __iadd__ if there is one, else as ADD. Usually a == b. rB is read, so a unique str/list in rB may be extended in place only if a == b.";
    InplaceSub "INPLACE_SUB" (W R R) "rA = rB -= rC.";
    InplaceMul "INPLACE_MUL" (W R R) "rA = rB *= rC.";
    InplaceTrueDiv "INPLACE_TRUEDIV" (W R R) "rA = rB /= rC.";
    InplaceFloorDiv "INPLACE_FLOORDIV" (W R R) "rA = rB //= rC.";
    InplaceMod "INPLACE_MOD" (W R R) "rA = rB %= rC.";
    InplacePow "INPLACE_POW" (W R R) "rA = rB **= rC.";
    InplaceLShift "INPLACE_LSHIFT" (W R R) "rA = rB <<= rC.";
    InplaceRShift "INPLACE_RSHIFT" (W R R) "rA = rB >>= rC.";
    InplaceAnd "INPLACE_AND" (W R R) "rA = rB &= rC.";
    InplaceOr "INPLACE_OR" (W R R) "rA = rB |= rC.";
    InplaceXor "INPLACE_XOR" (W R R) "rA = rB ^= rC.";
    InplaceMatMul "INPLACE_MATMUL" (W R R) "rA = rB @= rC.";
    AddImm "ADD_IMM" (W R I) "rA = rB + int(c).";
    SubImm "SUB_IMM" (W R I) "rA = rB - int(c).";
    MulImm "MUL_IMM" (W R I) "rA = rB * int(c).";
    FloorDivImm "FLOORDIV_IMM" (W R I) "rA = rB // int(c).";
    ModImm "MOD_IMM" (W R I) "rA = rB % int(c).";
    PowImm "POW_IMM" (W R I) "rA = rB ** int(c).";
    LShiftImm "LSHIFT_IMM" (W R I) "rA = rB << int(c).";
    RShiftImm "RSHIFT_IMM" (W R I) "rA = rB >> int(c).";
    AndImm "AND_IMM" (W R I) "rA = rB & int(c).";
    InplaceAddImm "INPLACE_ADD_IMM" (W R I) "rA = rB += int(c).";
    InplaceSubImm "INPLACE_SUB_IMM" (W R I) "rA = rB -= int(c).";
    Neg "NEG" (W R O) "rA = -rB.";
    Pos "POS" (W R O) "rA = +rB.";
    Invert "INVERT" (W R O) "rA = ~rB.";
    Not "NOT" (W R O) "rA = not rB.";
    ToBool "TO_BOOL" (W R O) "rA = bool(rB), by truth testing.";

    // --- comparison ----------------------------------------------------------------------------
    Lt "LT" (W R R) "rA = rB < rC (the rich comparison's result, any object).";
    Le "LE" (W R R) "rA = rB <= rC.";
    Eq "EQ" (W R R) "rA = rB == rC.";
    Ne "NE" (W R R) "rA = rB != rC.";
    Gt "GT" (W R R) "rA = rB > rC.";
    Ge "GE" (W R R) "rA = rB >= rC.";
    Is "IS" (W R R) "rA = rB is rC.";
    IsNot "IS_NOT" (W R R) "rA = rB is not rC.";
    In "IN" (W R R) "rA = rB in rC (rC is the container).";
    NotIn "NOT_IN" (W R R) "rA = rB not in rC.";

    // --- control ---------------------------------------------------------------------------------
    Jump "JUMP_FORWARD" (O J O) "Continues at the target, which is forward.";
    JumpBackward "JUMP_BACKWARD" (O J O) "Polls the thread's poll word, then continues at the target, which is backward. The only backward jump.";
    JumpIfFalse "JUMP_IF_FALSE" (R J O) "Jumps if rA is false.";
    JumpIfTrue "JUMP_IF_TRUE" (R J O) "Jumps if rA is true.";
    PopJumpIfFalse "POP_JUMP_IF_FALSE" (X J O) "Tests rA, drops it, jumps if it was false.";
    PopJumpIfTrue "POP_JUMP_IF_TRUE" (X J O) "Tests rA, drops it, jumps if it was true.";
    JumpIfNone "JUMP_IF_NONE" (R J O) "Jumps if rA is None.";
    JumpIfNotNone "JUMP_IF_NOT_NONE" (R J O) "Jumps if rA is not None.";
    PopJumpIfNone "POP_JUMP_IF_NONE" (X J O) "Drops rA, jumps if it was None.";
    PopJumpIfNotNone "POP_JUMP_IF_NOT_NONE" (X J O) "Drops rA, jumps if it was not None.";
    BranchLt "BRANCH_LT" (R R U) "Truth of rA < rB; c = BranchFlags: jumps to the pseudo word TARGET at pc+1 if the truth equals the flag JUMP_IF_TRUE, else continues at pc+2. DROP_A/DROP_B: drop that register after comparing (either way; may be skipped for immediates).";
    BranchLe "BRANCH_LE" (R R U) "As BRANCH_LT, rA <= rB.";
    BranchEq "BRANCH_EQ" (R R U) "As BRANCH_LT, rA == rB.";
    BranchNe "BRANCH_NE" (R R U) "As BRANCH_LT, rA != rB.";
    BranchGt "BRANCH_GT" (R R U) "As BRANCH_LT, rA > rB.";
    BranchGe "BRANCH_GE" (R R U) "As BRANCH_LT, rA >= rB.";
    BranchIs "BRANCH_IS" (R R U) "As BRANCH_LT, rA is rB.";
    BranchIn "BRANCH_IN" (R R U) "As BRANCH_LT, rA in rB.";
    BranchLtImm "BRANCH_LT_IMM" (R I U) "As BRANCH_LT with the int b on the right. MIRRORED: the source says b > rA, which objects are asked and errors named by.";
    BranchLeImm "BRANCH_LE_IMM" (R I U) "As BRANCH_LE with the int b on the right.";
    BranchEqImm "BRANCH_EQ_IMM" (R I U) "As BRANCH_EQ with the int b on the right.";
    BranchNeImm "BRANCH_NE_IMM" (R I U) "As BRANCH_NE with the int b on the right.";
    BranchGtImm "BRANCH_GT_IMM" (R I U) "As BRANCH_GT with the int b on the right.";
    BranchGeImm "BRANCH_GE_IMM" (R I U) "As BRANCH_GE with the int b on the right.";
    Target "TARGET" (O J O) "Pseudo word of the BRANCH instructions: the jump target (always forward).";

    // --- iteration -------------------------------------------------------------------------------
    GetIter "GET_ITER" (W R O) "rA = iter(rB).";
    ForIter "FOR_ITER" (R J O) "Next item of iterator rA. Pseudo word FOR_TARGET at pc+1 names the register that gets it; continues at pc+2. When exhausted (StopIteration is swallowed), drops rA and jumps to the target; the FOR_TARGET register is not touched.";
    ForTarget "FOR_TARGET" (W O O) "Pseudo word of FOR_ITER: its destination register.";
    UnpackSequence "UNPACK_SEQUENCE" (W T U) "rA, rA+1, ... = exactly c items of rB; TypeError `cannot unpack non-iterable X object`, ValueError `not enough values to unpack (expected c, got n)` or `too many values to unpack (expected c, got n)`. All or nothing is written.";
    UnpackEx "UNPACK_EX" (W T U) "c = before | after << 8: rA.. = the first `before` items of rB, then a list of the rest, then the last `after` items; ValueError `not enough values to unpack (expected at least n, got m)`.";

    // --- attributes and items ---------------------------------------------------------------------
    LoadAttr "LOAD_ATTR" (W R N) "rA = getattr(rB, names[c]).";
    StoreAttr "STORE_ATTR" (R T N) "setattr(rA, names[c], rB).";
    DeleteAttr "DELETE_ATTR" (R N O) "delattr(rA, names[b]).";
    LoadMethod "LOAD_METHOD" (W R N) "For a call: rA = function and rA+1 = rB (self; may be lent if rB is a local) if names[c] is a plain method found on the type and not shadowed; else rA = getattr(rB, names[c]) and rA+1 empty. b may equal a or a+1.";
    LoadSuperAttr "LOAD_SUPER_ATTR" (U M N) "rB = super, rB+1 = class, rB+2 = self, a = SuperFlags: if rB is the builtin super, rB = super(rB+1, rB+2).names[c] without making the super object; else rB = getattr(rB(), names[c]), or with EXPLICIT getattr(rB(rB+1, rB+2), names[c]). rB+1 and rB+2 are left empty; with METHOD the pair for CALL_METHOD is left in rB, rB+1 as LOAD_METHOD does.";
    LoadSpecial "LOAD_SPECIAL" (W R U) "rA, rA+1 as LOAD_METHOD, for the special method Special(c) looked up on type(rB); TypeError `'X' object does not support the context manager protocol (missed __exit__ method)` and its like.";
    Subscr "SUBSCR" (W R R) "rA = rB[rC].";
    SubscrImm "SUBSCR_IMM" (W R I) "rA = rB[int(c)].";
    StoreSubscr "STORE_SUBSCR" (R R T) "rA[rB] = rC.";
    DeleteSubscr "DELETE_SUBSCR" (R R O) "del rA[rB].";
    BinarySlice "BINARY_SLICE" (W R X) "rA = rB[rC : rC+1], the two consumed.";
    StoreSlice "STORE_SLICE" (R X T) "rA[rB : rB+1] = rC, the two bounds consumed.";

    // --- containers and text ------------------------------------------------------------------------
    BuildTuple "BUILD_TUPLE" (W X U) "rA = tuple of the c registers from rB, consumed.";
    BuildList "BUILD_LIST" (W X U) "rA = list of the c registers from rB, consumed.";
    BuildSet "BUILD_SET" (W X U) "rA = set of the c registers from rB, consumed.";
    BuildMap "BUILD_MAP" (W X U) "rA = dict of c pairs (key, value) from rB, 2c registers consumed.";
    BuildSlice "BUILD_SLICE" (W X U) "rA = slice of the c (2 or 3) registers from rB, consumed.";
    BuildString "BUILD_STRING" (W X U) "rA = concatenation of the c str registers from rB, consumed.";
    ListAppend "LIST_APPEND" (M T O) "list rA gets rB appended.";
    Unknown "<127>" (U O O) "SystemError `unknown opcode a`: a number that means nothing, in code that a program made. As in CPython 127 is such a number for ever.";
    SetAdd "SET_ADD" (M T O) "set rA gets rB.";
    MapAdd "MAP_ADD" (M T T) "dict rA[rB] = rC.";
    ListExtend "LIST_EXTEND" (M R O) "list rA gets the items of iterable rB; TypeError `Value after * must be an iterable, not X` if it has no __iter__/__getitem__.";
    SetUpdate "SET_UPDATE" (M R O) "set rA gets the items of iterable rB.";
    DictUpdate "DICT_UPDATE" (M R O) "dict rA is updated from mapping rB; TypeError `'X' object is not a mapping`.";
    DictMerge "DICT_MERGE" (M R R) "As DICT_UPDATE for `f(**rB)`: TypeError on a duplicate key; rC is the callable, for the message. If rA is empty, rB alone is wanted, and rA may become rB itself.";
    ListToTuple "LIST_TO_TUPLE" (W R O) "rA = tuple(list rB).";
    BuildTupleSpread "BUILD_TUPLE_SPREAD" (W X U) "rA = tuple of the c registers from rB and of the items of the iterable rB+c, all consumed; TypeError as LIST_EXTEND.";
    FormatSimple "FORMAT_SIMPLE" (W R U) "rA = format(convert(rB), ''), Conversion(c) first.";
    FormatWithSpec "FORMAT_WITH_SPEC" (W R R) "rA = format(rB, rC).";
    ConvertValue "CONVERT_VALUE" (W R U) "rA = str/repr/ascii of rB by Conversion(c).";
    BuildInterpolation "BUILD_INTERPOLATION" (W X U) "t-string: rB = value, rB+1 = expression text, and rB+2 = format spec if c & 4 (else ''), all consumed; conversion c & 3. rA = Interpolation.";
    BuildTemplate "BUILD_TEMPLATE" (W R R) "rA = Template(strings tuple rB, interpolations tuple rC).";

    // --- calls -------------------------------------------------------------------------------------
    Call "CALL" (X U W) "Calls rA with the b arguments from rA+2; result in rC. rA+1 is scratch (drop what is there).";
    CallMethod "CALL_METHOD" (X U W) "As CALL, but rA+1 is self, to be passed in front of the b arguments, or empty.";
    CallKw "CALL_KW" (X U W) "As CALL; the last arguments are named by the tuple constant of pseudo word KW_NAMES at pc+1. Continues at pc+2.";
    CallMethodKw "CALL_METHOD_KW" (X U W) "CALL_METHOD with KW_NAMES at pc+1.";
    CallEx "CALL_EX" (X O W) "Calls rA with positional arguments from rA+2 (a tuple or any iterable) and, unless rA+3 is empty, keyword arguments from the mapping rA+3; result in rC. rA+1 is scratch. Both are consumed.";
    KwNames "KW_NAMES" (U V O) "Pseudo word: arg32 = index of a tuple constant. For MATCH_CLASS a = number of positional patterns.";
    ReturnValue "RETURN_VALUE" (X O O) "Returns rA (the frame dies, so it can be moved out).";
    ReturnConst "RETURN_CONST" (K O O) "Returns consts[a].";
    MakeFunction "MAKE_FUNCTION" (W K O) "rA = function of the code consts[b] with the frame's globals.";
    SetFunctionAttribute "SET_FUNCTION_ATTRIBUTE" (M T U) "Sets FunctionAttribute(c) of function rA to rB.";

    // --- exceptions ----------------------------------------------------------------------------------
    Raise "RAISE" (T O O) "raise rA (a class is called without arguments); __context__ is the handled exception.";
    RaiseFrom "RAISE_FROM" (T T O) "raise rA from rB.";
    RaiseCurrent "RAISE_CURRENT" (O O O) "Bare raise: the handled exception again; RuntimeError `No active exception to reraise`.";
    Reraise "RERAISE" (X O O) "Raises exception rA again as it is: no new context, no new traceback entry for this frame.";
    PushExcInfo "PUSH_EXC_INFO" (W W O) "Handler entry: rA = the handled exception so far (None if none), the raised exception becomes the handled one, and rB = it. Never raises.";
    PopExcept "POP_EXCEPT" (X O O) "The handled exception becomes rA again (None: none).";
    CheckExcMatch "CHECK_EXC_MATCH" (W R R) "rA = whether exception rB matches rC, a class or tuple of classes; TypeError `catching classes that do not inherit from BaseException is not allowed`.";
    CheckEgMatch "CHECK_EG_MATCH" (W R R) "except*: splits exception rB by type rC: rA = the matching part as a group, or None, and rA+1 = the rest, or None. A naked exception that matches is wrapped in an ExceptionGroup. If rA is not None it becomes the handled exception. TypeError as CHECK_EXC_MATCH, or for group classes.";
    SetExcInfo "SET_EXC_INFO" (R O O) "The handled exception becomes rA (not None); used between except* clauses.";
    WithExceptStart "WITH_EXCEPT_START" (W R R) "Prepares a call of an exit method: rA, rA+1 = copies of rB, rB+1 (function, self or empty), rA+2.. = type, value, traceback of exception rC. CALL_METHOD follows.";

    // --- generators and coroutines --------------------------------------------------------------------
    ReturnGenerator "RETURN_GENERATOR" (O O O) "Instruction 0 of generator code: moves the frame into a new generator/coroutine/async generator, which is returned to the caller. The first resumption continues at 1, its sent value ignored.";
    YieldValue "YIELD_VALUE" (W T O) "Suspends, yielding rB; when resumed by send(v), rA = v; throw() raises here.";
    GetYieldFromIter "GET_YIELD_FROM_ITER" (W R O) "rA = rB if it is a generator (or a coroutine, if this code may await; else TypeError `cannot 'yield from' a coroutine object in a non-coroutine generator`), else iter(rB). rA+1 = None.";
    GetAwaitable "GET_AWAITABLE" (W R U) "rA = the iterator of awaitable rB; TypeError `'X' object can't be awaited`, RuntimeError for a coroutine that is awaited already; c: 1 `... that does not implement __await__: X` for __aenter__, 2 for __aexit__. rA+1 = None.";
    YieldFrom "YIELD_FROM" (X W O) "Sends rA+1 to iterator rA. If it yields v: suspends at this instruction, yielding v unwrapped; when resumed by send(s), rA+1 = s and the instruction is executed again; throw()/close() are delegated to rA, and its yielding, returning or raising then counts as this instruction's. If it returns v: drops rA, empties rA+1, rB = v, continues. (gi_yieldfrom, cr_await: rA of a frame suspended here.)";
    GetAIter "GET_AITER" (W R O) "rA = type(rB).__aiter__(rB); TypeError `'async for' requires an object with __aiter__ method, got X`, or if the result has no __anext__.";
    GetANext "GET_ANEXT" (W R O) "rA = awaitable iterator of type(rB).__anext__(rB), rA+1 = None.";
    EndAsyncFor "END_ASYNC_FOR" (X O O) "Handler entry: if the raised exception is StopAsyncIteration, it is dropped, rA (the asynchronous iterator) is dropped, and execution continues; else propagation goes on from here.";
    AsyncGenWrap "ASYNC_GEN_WRAP" (W R O) "rA = rB wrapped as a value yielded by an async generator.";

    // --- patterns ------------------------------------------------------------------------------------
    MatchSequence "MATCH_SEQUENCE" (W R O) "rA = whether rB is a sequence for patterns (Py_TPFLAGS_SEQUENCE).";
    MatchMapping "MATCH_MAPPING" (W R O) "rA = whether rB is a mapping for patterns (Py_TPFLAGS_MAPPING).";
    MatchKeys "MATCH_KEYS" (W R R) "rA = tuple of the values of mapping rB at the keys of tuple rC, or None if one is missing (uses .get with a sentinel); ValueError on duplicate keys.";
    MatchClass "MATCH_CLASS" (W R R) "rA = tuple of attributes of subject rB as class pattern of class rC: pseudo word KW_NAMES at pc+1 gives the number of positional patterns in a and the tuple of keyword names; None if it does not match. TypeError `called match pattern must be a class` etc. Continues at pc+2.";
    GetLen "GET_LEN" (W R O) "rA = len(rB).";

    // --- imports and rare things -----------------------------------------------------------------------
    ImportName "IMPORT_NAME" (W N K) "rA = __import__(names[b], globals, locals, fromlist, level), consts[c] = (level, fromlist or None), or None for (0, None).";
    ImportFrom "IMPORT_FROM" (W R N) "rA = attribute names[c] of module rB, else sys.modules['rB.__name__.name'], else ImportError `cannot import name 'x' from 'm' (path)`.";
    ImportStar "IMPORT_STAR" (R O O) "Copies the public names of module rA into the namespace.";
    SetupAnnotations "SETUP_ANNOTATIONS" (O O O) "Makes `__annotations__` a dict in the namespace unless it is there.";
    CallIntrinsic1 "CALL_INTRINSIC_1" (W R U) "rA = Intrinsic1(c) of rB.";
    CallIntrinsic2 "CALL_INTRINSIC_2" (W X U) "rA = Intrinsic2(c) of rB and rB+1, both consumed.";
    IsBuiltin "IS_BUILTIN" (W R U) "rA = whether rB is the built-in callable Consumer(c), and nobody watches the thread. For the method Consumer::Join rB+1 has to be a str.";
    Fold "FOLD" (M T U) "The state in rA and rA+1 takes in rB, for Consumer(c): sum, min or max.";
    FoldEnd "FOLD_END" (M U O) "rA = what the state in rA and rA+1 has come to, for Consumer(b); ValueError `min() iterable argument is empty`.";
    StopToError "STOP_TO_ERROR" (M K U) "The exception rA left a loop in place of the generator of code consts[b]; what consumes it is in rC. Its traceback becomes that of the generator; if it is a StopIteration, rA = the RuntimeError that it becomes in a generator.";
    Extension "EXTENSION" (M N U) "rA = the extension instruction names[b] of the c registers from rA, consumed.";

    // --- never executed ------------------------------------------------------------------------------
    Resume "RESUME" (O O O) "The entry of a call, in the line of its `def`: what Python code sees in front of instruction 0 (`co_code`, `f_lasti`). As NOP.";

    // --- specialised: installed by the interpreter ---------------------------------------------------
        }
    };
}

/// What an operand of an instruction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandKind {
    /// Unused.
    O,
    /// Register written.
    W,
    /// Register read.
    R,
    /// Register whose object is mutated.
    M,
    /// Register consumed: left empty.
    X,
    /// Register read, or consumed with the `TAKE` bit.
    T,
    /// Name index.
    N,
    /// Constant index.
    K,
    /// Unsigned number.
    U,
    /// Signed 16-bit immediate.
    I,
    /// Jump target in `b` and `c`.
    J,
    /// 32-bit number in `b` and `c`.
    V,
}

/// An opcode's row in the table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    pub op: Op,
    pub name: &'static str,
    pub operands: [OperandKind; 3],
    /// The generic instruction this one specialises.
    pub generic: Option<Op>,
    pub semantics: &'static str,
}

macro_rules! define_ops {
    ($($variant:ident $name:literal ($a:ident $b:ident $c:ident) $(of $generic:ident)? $doc:literal;)*) => {
        /// The opcodes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Op {
            $(#[doc = $doc] $variant,)*
        }

        impl Op {
            /// All opcodes with their properties, in numeric order.
            pub const TABLE: &'static [OpInfo] = &[$(OpInfo {
                op: Op::$variant,
                name: $name,
                operands: [OperandKind::$a, OperandKind::$b, OperandKind::$c],
                generic: define_ops!(@generic $($generic)?),
                semantics: $doc,
            },)*];

            /// The opcode of a number.
            #[inline]
            pub fn from_u16(number: u16) -> Option<Op> {
                Self::TABLE.get(number as usize).map(|info| info.op)
            }
        }
    };
    (@generic) => { None };
    (@generic $generic:ident) => { Some(Op::$generic) };
}

for_each_op!(define_ops);

const _: () = assert!(Op::Unknown as u16 == 127);

impl Op {
    /// Number of opcodes.
    pub const COUNT: usize = Self::TABLE.len();

    /// The row of the table.
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &Self::TABLE[self as usize]
    }

    /// CPython-style name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The generic form of a specialised opcode, or the opcode itself.
    pub fn generic(self) -> Op {
        self.info().generic.unwrap_or(self)
    }

    /// Whether it prepares a frame, at the beginning of code.
    pub fn prepares(self) -> bool {
        matches!(self, Op::ReturnGenerator | Op::NewCell | Op::MakeCell | Op::CopyFreeVars)
    }

    /// Words of a conditional jump, that is from it to the instruction behind it; `None` for others.
    pub fn branch_length(self) -> Option<usize> {
        let op = self.generic();
        let jumps = op.info().operands[1] == OperandKind::J
            && !matches!(op, Op::Jump | Op::JumpBackward | Op::Target);
        let compares =
            op.has_pseudo_word() && (Op::BranchLt as u16..=Op::BranchGeImm as u16).contains(&(op as u16));
        (jumps || compares).then(|| 1 + op.has_pseudo_word() as usize)
    }

    /// Whether the next word belongs to this instruction.
    pub fn has_pseudo_word(self) -> bool {
        matches!(
            self.generic(),
            Op::CallKw
                | Op::CallMethodKw
                | Op::MatchClass
                | Op::ForIter
                | Op::BranchLt
                | Op::BranchLe
                | Op::BranchEq
                | Op::BranchNe
                | Op::BranchGt
                | Op::BranchGe
                | Op::BranchIs
                | Op::BranchIn
                | Op::BranchLtImm
                | Op::BranchLeImm
                | Op::BranchEqImm
                | Op::BranchNeImm
                | Op::BranchGtImm
                | Op::BranchGeImm
        )
    }
}

/// Bits of operand `c` of the `BRANCH` instructions.
pub struct BranchFlags;

impl BranchFlags {
    /// Jump if the comparison is true; without it, if it is false.
    pub const JUMP_IF_TRUE: u16 = 1;
    /// Drop `rA` after comparing.
    pub const DROP_A: u16 = 2;
    /// Drop `rB` after comparing.
    pub const DROP_B: u16 = 4;
    /// With an int in the instruction: the source has it on the left, `rA` on the right, and the mirrored operator.
    pub const MIRRORED: u16 = 8;
}

/// Operand `a` of `LOAD_SUPER_ATTR`.
pub struct SuperFlags;

impl SuperFlags {
    /// A pair for `CALL_METHOD` is left.
    pub const METHOD: u16 = 1;
    /// `super` has its two arguments.
    pub const EXPLICIT: u16 = 2;

    /// Both flags.
    pub const fn of(explicit: bool, method: bool) -> u16 {
        (method as u16) | (explicit as u16) << 1
    }
}

macro_rules! number_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $n:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum $name { $($(#[$vmeta])* $variant = $n,)* }

        impl $name {
            /// The variant of an operand.
            pub fn from_u16(number: u16) -> Option<Self> {
                match number { $($n => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

number_enum! {
    /// Special methods of `LOAD_SPECIAL`.
    Special {
        Enter = 0,
        Exit = 1,
        AEnter = 2,
        AExit = 3,
    }
}

number_enum! {
    /// Objects of `LOAD_COMMON_CONSTANT`.
    CommonConstant {
        AssertionError = 0,
        NotImplementedError = 1,
        Tuple = 2,
        All = 3,
        Any = 4,
        List = 5,
        Set = 6,
    }
}

number_enum! {
    /// Conversions of f-strings and t-strings: `!s`, `!r`, `!a`.
    Conversion {
        None = 0,
        Str = 1,
        Repr = 2,
        Ascii = 3,
    }
}

number_enum! {
    /// What `SET_FUNCTION_ATTRIBUTE` sets.
    FunctionAttribute {
        /// Tuple of positional defaults.
        Defaults = 1,
        /// Dict of keyword-only defaults.
        KwDefaults = 2,
        /// Dict of (stringified) annotations.
        Annotations = 4,
        /// Tuple of cells.
        Closure = 8,
        /// `__annotate__` function.
        Annotate = 16,
    }
}

number_enum! {
    /// Built-in callables that consume a generator expression at once.
    Consumer {
        Any = 0,
        All = 1,
        Sum = 2,
        Min = 3,
        Max = 4,
        Sorted = 5,
        List = 6,
        Set = 7,
        Dict = 8,
        Tuple = 9,
        /// `str.join`.
        Join = 10,
    }
}

impl Consumer {
    /// How many there are.
    pub const COUNT: usize = Self::NAMES.len();
    const NAMES: [&str; 11] =
        ["any", "all", "sum", "min", "max", "sorted", "list", "set", "dict", "tuple", "join"];

    /// What Python calls it.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
    /// The function or class of that name; the method is none.
    pub fn of_name(name: &str) -> Option<Consumer> {
        let number = Self::NAMES.iter().position(|known| *known == name)?;
        Consumer::from_u16(number as u16).filter(|consumer| *consumer != Consumer::Join)
    }
}

number_enum! {
    /// Functions of `CALL_INTRINSIC_1`.
    Intrinsic1 {
        /// `sys.displayhook(value)`; result None.
        Print = 1,
        /// `TypeVar(name)` with inferred variance, owner module from the frame.
        TypeVar = 2,
        /// `ParamSpec(name)`.
        ParamSpec = 3,
        /// `TypeVarTuple(name)`.
        TypeVarTuple = 4,
        /// `Generic[params...]` of a tuple of type parameters (TypeVarTuples unpacked).
        SubscriptGeneric = 5,
        /// `TypeAliasType` of the tuple (name, type params tuple or None, function computing the value).
        TypeAlias = 6,
    }
}

number_enum! {
    /// Functions of `CALL_INTRINSIC_2`, of (first, second).
    Intrinsic2 {
        /// except*: (original exception, list of exceptions raised or None) -> exception to raise, or None.
        PrepReraiseStar = 1,
        /// (name, function computing the bound) -> TypeVar.
        TypeVarWithBound = 2,
        /// (name, function computing the constraints tuple) -> TypeVar.
        TypeVarWithConstraints = 3,
        /// (function, tuple of type parameters) -> the function, `__type_params__` set.
        SetFunctionTypeParams = 4,
        /// (type parameter, function computing the default) -> the type parameter.
        SetTypeParamDefault = 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_numeric_order() {
        for (i, info) in Op::TABLE.iter().enumerate() {
            assert_eq!(info.op as usize, i);
            assert_eq!(Op::from_u16(i as u16), Some(info.op));
            if let Some(generic) = info.generic {
                assert_eq!(generic.info().operands, info.operands, "{}", info.name);
            }
        }
    }
}
