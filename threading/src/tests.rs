//! Unit tests on real threads. Each makes its own registry, so that they run side by side.

mod locks;
mod registry;
mod sections;
mod qsbr;
mod fork;
