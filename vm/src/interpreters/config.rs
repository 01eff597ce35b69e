//! What an interpreter may do: fixed when it is made.

/// Which lock an interpreter asks for. There is none; the answer is kept for who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gil {
    Default,
    Shared,
    Own,
}

/// The configuration of an interpreter (`_interpreters.new_config`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterpreterConfig {
    pub use_main_obmalloc: bool,
    pub allow_fork: bool,
    pub allow_exec: bool,
    pub allow_threads: bool,
    pub allow_daemon_threads: bool,
    pub check_multi_interp_extensions: bool,
    pub gil: Gil,
}

impl InterpreterConfig {
    /// The main interpreter's.
    pub const MAIN: InterpreterConfig =
        InterpreterConfig { gil: Gil::Own, check_multi_interp_extensions: false, ..Self::LEGACY };
    /// Shares what can be shared, may do everything.
    pub const LEGACY: InterpreterConfig = InterpreterConfig {
        use_main_obmalloc: true,
        allow_fork: true,
        allow_exec: true,
        allow_threads: true,
        allow_daemon_threads: true,
        check_multi_interp_extensions: true,
        gil: Gil::Shared,
    };
    /// May not replace or copy the process, nor leave threads behind.
    pub const ISOLATED: InterpreterConfig = InterpreterConfig {
        use_main_obmalloc: false,
        allow_fork: false,
        allow_exec: false,
        allow_threads: true,
        allow_daemon_threads: false,
        check_multi_interp_extensions: true,
        gil: Gil::Own,
    };
    /// Nothing is allowed.
    pub const EMPTY: InterpreterConfig = InterpreterConfig {
        use_main_obmalloc: false,
        allow_fork: false,
        allow_exec: false,
        allow_threads: false,
        allow_daemon_threads: false,
        check_multi_interp_extensions: false,
        gil: Gil::Default,
    };
}
