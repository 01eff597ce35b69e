//! Unit tests on real threads. Each makes its own registry, so that they run side by side.

mod fork;
mod locks;
mod qsbr;
mod registry;
mod sections;
