//! Unit tests with mock objects. One test runs at a time, in a registered thread, because stops of the world concern all.

mod collecting;
mod counting;
mod mock;
mod threads;
mod weak;
