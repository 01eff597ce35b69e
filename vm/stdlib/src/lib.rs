//! The modules that CPython writes in C, one file each, named like the module. The table below is all that the interpreter knows of them.

// Functions and constants are called what Python calls them.
#![allow(non_snake_case, non_upper_case_globals)]

use taipan_objects::native::ModuleDef;

pub mod _abc;
pub mod _ast;
pub mod _asyncio;
pub mod _bisect;
pub mod _blake2;
pub mod _bz2;
pub mod _codecs;
pub mod _codecs_cn;
pub mod _codecs_hk;
pub mod _codecs_iso2022;
pub mod _codecs_jp;
pub mod _codecs_kr;
pub mod _codecs_tw;
pub mod _collections;
pub mod _contextvars;
pub mod _csv;
pub mod _ctypes;
pub mod _datetime;
pub mod _decimal;
pub mod _elementtree;
pub mod _event_loop;
pub mod _functools;
pub mod _hashlib;
pub mod _heapq;
pub mod _hmac;
pub mod _interpchannels;
pub mod _interpqueues;
pub mod _interpreters;
pub mod _io;
pub mod _json;
pub mod _locale;
pub mod _lsprof;
pub mod _lzma;
pub mod _md5;
pub mod _multibytecodec;
pub mod _multiprocessing;
pub mod _opcode;
pub mod _operator;
pub mod _pickle;
pub mod _posixshmem;
pub mod _posixsubprocess;
pub mod _queue;
pub mod _random;
pub mod _sha1;
pub mod _sha2;
pub mod _sha3;
pub mod _signal;
pub mod _socket;
pub mod _sqlite3;
pub mod _sre;
pub mod _ssl;
pub mod _stat;
pub mod _statistics;
pub mod _string;
pub mod _struct;
pub mod _suggestions;
pub mod _symtable;
pub mod _sysconfig;
pub mod _sysconfigdata;
pub mod _template;
#[cfg(feature = "testcapi")]
pub mod _testcapi;
#[cfg(feature = "testcapi")]
pub mod _testinternalcapi;
pub mod _thread;
pub mod _tokenize;
pub mod _tracemalloc;
pub mod _types;
pub mod _typing;
pub mod _uuid;
pub mod _weakref;
pub mod _zoneinfo;
pub mod _zstd;
pub mod array;
pub mod atexit;
pub mod binascii;
pub mod cmath;
pub mod counted;
pub mod cross_interpreter;
pub mod decompressor;
pub mod digest_object;
pub mod errno;
pub mod faulthandler;
pub mod fcntl;
pub mod file_path;
pub mod gc;
pub mod grp;
pub mod itertools;
pub mod math;
pub mod mmap;
pub mod native_class;
pub mod new_exception;
pub mod os_error;
pub mod posix;
pub mod pwd;
pub mod pyexpat;
pub mod resource;
pub mod running;
pub mod select;
pub mod sys_calls;
pub mod syslog;
pub mod taipan;
pub mod termios;
pub mod time;
pub mod unicodedata;
pub mod zlib;

/// All native modules. One line each, sorted by name.
static MODULES: &[&ModuleDef] = &[
    &_abc::MODULE,
    &_asyncio::MODULE,
    &_ast::MODULE,
    &_bisect::MODULE,
    &_blake2::MODULE,
    &_bz2::MODULE,
    &_codecs::MODULE,
    &_codecs_cn::MODULE,
    &_codecs_hk::MODULE,
    &_codecs_iso2022::MODULE,
    &_codecs_jp::MODULE,
    &_codecs_kr::MODULE,
    &_codecs_tw::MODULE,
    &_collections::MODULE,
    &_contextvars::MODULE,
    &_csv::MODULE,
    &_ctypes::MODULE,
    &_datetime::MODULE,
    &_decimal::MODULE,
    &_elementtree::MODULE,
    &_event_loop::MODULE,
    &_functools::MODULE,
    &_hashlib::MODULE,
    &_heapq::MODULE,
    &_hmac::MODULE,
    &_interpchannels::MODULE,
    &_interpqueues::MODULE,
    &_interpreters::MODULE,
    &_io::MODULE,
    &_json::MODULE,
    &_locale::MODULE,
    &_lsprof::MODULE,
    &_lzma::MODULE,
    &_md5::MODULE,
    &_multibytecodec::MODULE,
    &_multiprocessing::MODULE,
    &_opcode::MODULE,
    &_operator::MODULE,
    &_pickle::MODULE,
    &_posixshmem::MODULE,
    &_posixsubprocess::MODULE,
    &_queue::MODULE,
    &_random::MODULE,
    &_sha1::MODULE,
    &_sha2::MODULE,
    &_sha3::MODULE,
    &_signal::MODULE,
    &_socket::MODULE,
    &_sqlite3::MODULE,
    &_sre::MODULE,
    &_ssl::MODULE,
    &_stat::MODULE,
    &_statistics::MODULE,
    &_string::MODULE,
    &_struct::MODULE,
    &_suggestions::MODULE,
    &_symtable::MODULE,
    &_sysconfig::MODULE,
    &_sysconfigdata::MODULE,
    &_template::MODULE,
    #[cfg(feature = "testcapi")]
    &_testcapi::MODULE,
    #[cfg(feature = "testcapi")]
    &_testinternalcapi::MODULE,
    &_thread::MODULE,
    &_tokenize::MODULE,
    &_tracemalloc::MODULE,
    &_types::MODULE,
    &_typing::MODULE,
    &_uuid::MODULE,
    &_weakref::MODULE,
    &_zoneinfo::MODULE,
    &_zstd::MODULE,
    &array::MODULE,
    &atexit::MODULE,
    &binascii::MODULE,
    &cmath::MODULE,
    &errno::MODULE,
    &faulthandler::MODULE,
    &fcntl::MODULE,
    &gc::MODULE,
    &grp::MODULE,
    &itertools::MODULE,
    &math::MODULE,
    &mmap::MODULE,
    &posix::MODULE,
    &pwd::MODULE,
    &pyexpat::MODULE,
    &resource::MODULE,
    &select::MODULE,
    &syslog::MODULE,
    &taipan::MODULE,
    &termios::MODULE,
    &time::MODULE,
    &unicodedata::MODULE,
    &zlib::MODULE,
];

/// All native modules.
pub fn modules() -> &'static [&'static ModuleDef] {
    MODULES
}
