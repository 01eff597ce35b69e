//! Critical sections (PEP 703): object locks that last for a native method's duration, and that a thread lets go
//! of whenever it detaches.
//!
//! Each thread keeps a stack of the sections it is in. *Held* sections are always a run at the top of that
//! stack: entering pushes a held one; detaching (or stopping) releases all of them, which *suspends* them; attaching takes the
//! top one again; ending a section takes again the one below if that is suspended. So a thread never sleeps
//! while it holds a section, and no deadlock among sections is possible. What a section guards can therefore have
//! changed after anything that may block or reach a safepoint.
//!
//! Two-object sections take the lower address first. A section on an object that the top section
//! already holds is empty: the top section protects it. The thread that has stopped the world needs no locks at all.
//!
//! A second thread may start in the middle of a section, so the lock is taken even while there is only one thread.

use std::marker::PhantomData;

use crate::object_lock::{ObjectLock, WhileParked};
use crate::stop_the_world::is_stopper;
use crate::sync::UnsafeCell;
use crate::thread_state::{self, ThreadState};

/// One section: one or two locks, lower address first, or none when its guard went out of order.
#[derive(Clone, Copy)]
struct Section {
    first: *const ObjectLock,
    second: *const ObjectLock,
}

/// A thread's sections; sections `held_from..` are held.
pub(crate) struct Sections {
    stack: Vec<Section>,
    held_from: usize,
    /// For a forked child: the lock that the thread sleeps for, and a lock that it holds meanwhile.
    acquiring: *const ObjectLock,
    partial: *const ObjectLock,
}

impl Sections {
    pub(crate) const fn new() -> Sections {
        Sections { stack: Vec::new(), held_from: 0, acquiring: std::ptr::null(), partial: std::ptr::null() }
    }

    fn top_held(&self) -> Option<Section> {
        if self.held_from < self.stack.len() { self.stack.last().copied() } else { None }
    }
}

impl Section {
    const EMPTY: Section = Section { first: std::ptr::null(), second: std::ptr::null() };

    fn locks(self) -> impl Iterator<Item = &'static ObjectLock> {
        [self.first, self.second].into_iter().filter(|lock| !lock.is_null()).map(|lock| {
            // SAFETY: the section's guard borrows its locks, and takes the section off the stack when dropped.
            unsafe { &*lock }
        })
    }

    fn covers(self, wanted: Section) -> bool {
        let has = |lock: *const ObjectLock| lock.is_null() || lock == self.first || lock == self.second;
        has(wanted.first) && has(wanted.second)
    }

    fn unlock(self) {
        for lock in self.locks() {
            lock.unlock();
        }
    }

    fn try_lock(self) -> bool {
        let mut locks = self.locks();
        let (first, second) = (locks.next(), locks.next());
        if !first.is_none_or(ObjectLock::try_lock) {
            return false;
        }
        if !second.is_none_or(ObjectLock::try_lock) {
            if let Some(first) = first {
                first.unlock();
            }
            return false;
        }
        true
    }

    /// Takes the locks, sleeping if need be. The thread holds no other section.
    fn lock(self, thread: Option<&ThreadState>) {
        let note = |partial| {
            if let Some(thread) = thread {
                access(&thread.sections, |sections| sections.partial = partial);
            }
        };
        for lock in self.locks() {
            if !lock.try_lock() {
                if std::ptr::eq(lock, self.second) {
                    note(self.first);
                }
                let _acquired = lock.lock_slow(None, false, WhileParked::SectionsAreSuspended);
                note(std::ptr::null());
            }
        }
    }
}

/// What the guard has to undo.
#[derive(Clone, Copy)]
enum Kind {
    /// The section at this index of the thread's stack.
    Pushed(&'static ThreadState, usize),
    /// Nothing: the enclosing section, or the stopped world, protects the objects.
    Empty,
    /// Locks taken by a thread without a stack.
    Unregistered(Section),
}

/// A section entered; ends when dropped. Drop guards in the reverse order of entering and do not leak them:
/// the locks stay on the thread's stack until the guard goes. `with_section` cannot be misused.
#[must_use]
pub struct CriticalSection<'a> {
    kind: Kind,
    /// Borrows the locks; stays on its thread.
    _locks: PhantomData<(&'a ObjectLock, *const ())>,
}

impl<'a> CriticalSection<'a> {
    /// Locks one object.
    #[inline]
    pub fn enter(lock: &'a ObjectLock) -> CriticalSection<'a> {
        Self::begin(Section { first: lock, second: std::ptr::null() })
    }

    /// Locks two objects, which may be the same.
    #[inline]
    pub fn enter2(one: &'a ObjectLock, other: &'a ObjectLock) -> CriticalSection<'a> {
        let (one, other): (*const ObjectLock, *const ObjectLock) = (one, other);
        Self::begin(match one.cmp(&other) {
            std::cmp::Ordering::Less => Section { first: one, second: other },
            std::cmp::Ordering::Equal => Section { first: one, second: std::ptr::null() },
            std::cmp::Ordering::Greater => Section { first: other, second: one },
        })
    }

    #[inline]
    fn begin(section: Section) -> CriticalSection<'a> {
        let kind = match thread_state::current() {
            Some(thread) if section.try_lock() => thread.push_section(section),
            thread => begin_slow(thread, section),
        };
        CriticalSection { kind, _locks: PhantomData }
    }
}

#[cold]
fn begin_slow(thread: Option<&'static ThreadState>, section: Section) -> Kind {
    if is_stopper() {
        return Kind::Empty;
    }
    let Some(thread) = thread else {
        section.lock(None);
        return Kind::Unregistered(section);
    };
    if thread.top_section().is_some_and(|top| top.covers(section)) {
        return Kind::Empty;
    }
    thread.suspend_sections();
    section.lock(Some(thread));
    thread.push_section(section)
}

impl Drop for CriticalSection<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.kind {
            Kind::Pushed(thread, index) => thread.pop_section(index),
            Kind::Empty => {}
            Kind::Unregistered(section) => section.unlock(),
        }
    }
}

/// Runs `work` in a section on one object.
#[inline]
pub fn with_section<R>(lock: &ObjectLock, work: impl FnOnce() -> R) -> R {
    let _section = CriticalSection::enter(lock);
    work()
}

/// Runs `work` in a section on two objects.
#[inline]
pub fn with_section2<R>(one: &ObjectLock, other: &ObjectLock, work: impl FnOnce() -> R) -> R {
    let _section = CriticalSection::enter2(one, other);
    work()
}

/// The owner's access to its section stack; never nested, and no lock is waited for inside.
fn access<R>(cell: &UnsafeCell<Sections>, work: impl FnOnce(&mut Sections) -> R) -> R {
    cell.with_mut(|sections| {
        // SAFETY: only the owning thread comes here, and `work` does not come here again.
        work(unsafe { &mut *sections })
    })
}

impl ThreadState {
    #[inline]
    fn push_section(&'static self, section: Section) -> Kind {
        access(&self.sections, |sections| {
            sections.stack.push(section);
            Kind::Pushed(self, sections.stack.len() - 1)
        })
    }

    fn top_section(&self) -> Option<Section> {
        access(&self.sections, |sections| sections.top_held())
    }

    #[inline]
    fn pop_section(&'static self, index: usize) {
        let below_is_suspended = access(&self.sections, |sections| {
            let held = index >= sections.held_from;
            let section = std::mem::replace(&mut sections.stack[index], Section::EMPTY);
            if index + 1 == sections.stack.len() {
                sections.stack.pop();
                while sections.stack.last().is_some_and(|top| top.first.is_null()) {
                    sections.stack.pop();
                }
            }
            sections.held_from = sections.held_from.min(sections.stack.len());
            if held {
                section.unlock();
            }
            sections.held_from == sections.stack.len() && !sections.stack.is_empty()
        });
        if below_is_suspended && self.is_attached() {
            self.resume_sections();
        }
    }

    /// Releases all held sections.
    pub(crate) fn suspend_sections(&self) {
        access(&self.sections, |sections| {
            while sections.held_from < sections.stack.len() {
                // Suspended before released, bottom first or last makes no difference.
                let index = sections.held_from;
                sections.held_from += 1;
                sections.stack[index].unlock();
            }
        });
    }

    /// Takes the top section again if it is suspended.
    pub(crate) fn resume_sections(&self) {
        let top = access(&self.sections, |sections| {
            if sections.held_from == sections.stack.len() { sections.stack.last().copied() } else { None }
        });
        if let Some(top) = top {
            top.lock(Some(self));
            access(&self.sections, |sections| sections.held_from = sections.stack.len() - 1);
        }
    }

    /// How many sections the thread is in.
    pub fn section_depth(&self) -> usize {
        access(&self.sections, |sections| sections.stack.len())
    }

    /// Notes the lock that the thread is about to sleep for, or that it sleeps no more. The first
    /// under the queue's lock, so that a fork sees it together with the mailbox.
    pub(crate) fn note_acquiring(&self, lock: *const ObjectLock) {
        access(&self.sections, |sections| sections.acquiring = lock);
    }

    /// In a forked child, for a thread that does not exist. It holds no section; but a lock may have been
    /// handed to it that it never came to use, and it may have got one of two.
    pub(crate) fn release_vanished(&'static self) {
        let (acquiring, partial) = access(&self.sections, |sections| (sections.acquiring, sections.partial));
        let handed = if self.parker().was_handed_a_lock() { acquiring } else { std::ptr::null() };
        Section { first: handed, second: partial }.unlock();
        self.forget_sections();
    }

    fn forget_sections(&self) {
        access(&self.sections, |sections| *sections = Sections::new());
    }

    /// At the thread's end: whatever a leaked guard left behind.
    pub(crate) fn drop_sections(&self) {
        self.suspend_sections();
        self.forget_sections();
    }
}
