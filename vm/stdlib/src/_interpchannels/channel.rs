//! The channels of the process.
//!
//! All state is behind the table's lock, which is held for moments only; passages are dropped outside of it. An interpreter is *bound* to an end by its first
//! use of it and *released* by saying so or ending; a channel is closed when all that were bound are released, or at once by `close`. A
//! channel whose sending end is closed while items are left is *closing*: it closes with the last of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use taipan_threading::Event;
use taipan_threading::sync::atomic::{AtomicBool, Ordering};
use taipan_vm::interpreters;

use crate::_interpqueues::Unbound;
use crate::cross_interpreter::{Passage, Way};

/// What can go wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    NotFound,
    Closed,
    Empty,
    NotEmpty,
    /// The interpreter has released this end.
    Released,
}

/// What a sender may wait for.
pub struct Sent {
    /// Set when the item has left the channel.
    pub done: Event,
    received: AtomicBool,
}

impl Sent {
    pub fn was_received(&self) -> bool {
        self.received.load(Ordering::Acquire)
    }
    fn finish(&self, received: bool) {
        self.received.store(received, Ordering::Release);
        self.done.set();
    }
}

struct Item {
    /// None once its interpreter has ended.
    passage: Option<Passage>,
    from: i64,
    unbound: Unbound,
    sent: Arc<Sent>,
}

/// The interpreters that were ever bound to an end; whether they still are.
type Bound = BTreeMap<i64, bool>;

struct Channel {
    unbound: Unbound,
    way: Way,
    open: bool,
    closing: bool,
    /// Set by `close`: it is not listed any more.
    removed: bool,
    items: VecDeque<Item>,
    /// Sending end, receiving end.
    bound: [Bound; 2],
    /// Objects that name it.
    objects: usize,
}

struct Table {
    next: i64,
    channels: BTreeMap<i64, Channel>,
}

static TABLE: Mutex<Table> = Mutex::new(Table { next: 0, channels: BTreeMap::new() });

fn with<R>(id: i64, work: impl FnOnce(&mut Channel) -> Result<R, Problem>) -> Result<R, Problem> {
    TABLE.lock().channels.get_mut(&id).map_or(Err(Problem::NotFound), work)
}

/// Lets the senders of items that nobody will take go on, then drops the items.
fn discard(items: impl IntoIterator<Item = Item>) {
    for item in items {
        item.sent.finish(false);
    }
}

impl Channel {
    fn bind(&mut self, end: usize) -> Result<(), Problem> {
        let id = interpreters::current().id();
        match self.bound[end].get(&id) {
            Some(false) => Err(Problem::Released),
            Some(true) => Ok(()),
            None => {
                self.bound[end].insert(id, true);
                Ok(())
            }
        }
    }
    fn close(&mut self) -> VecDeque<Item> {
        self.open = false;
        self.closing = false;
        self.bound.iter_mut().for_each(|bound| bound.values_mut().for_each(|is| *is = false));
        std::mem::take(&mut self.items)
    }
    /// Closes the channel if nobody is bound any more.
    fn close_if_unbound(&mut self) -> VecDeque<Item> {
        let used = self.bound.iter().any(|bound| !bound.is_empty());
        let free = self.bound.iter().all(|bound| bound.values().all(|is| !is));
        if used && free && self.open { self.close() } else { VecDeque::new() }
    }
}

pub fn create(unbound: Unbound, way: Way) -> i64 {
    interpreters::on_end(interpreter_ended);
    let mut table = TABLE.lock();
    let id = table.next;
    table.next += 1;
    let channel = Channel {
        unbound,
        way,
        open: true,
        closing: false,
        removed: false,
        items: VecDeque::new(),
        bound: [Bound::new(), Bound::new()],
        objects: 0,
    };
    table.channels.insert(id, channel);
    id
}

pub fn destroy(id: i64) -> Result<(), Problem> {
    let gone = TABLE.lock().channels.remove(&id);
    let gone = gone.ok_or(Problem::NotFound)?;
    discard(gone.items);
    Ok(())
}

pub fn exists(id: i64) -> bool {
    TABLE.lock().channels.contains_key(&id)
}

/// All channels with their defaults.
pub fn all() -> Vec<(i64, Unbound, Way)> {
    let table = TABLE.lock();
    let open = table.channels.iter().filter(|(_, channel)| !channel.removed);
    open.map(|(id, channel)| (*id, channel.unbound, channel.way)).collect()
}

pub fn defaults(id: i64) -> Result<(Unbound, Way), Problem> {
    with(id, |channel| Ok((channel.unbound, channel.way)))
}

/// One more object names the channel, if it exists.
pub fn name(id: i64) {
    let _ = with(id, |channel| {
        channel.objects += 1;
        Ok(())
    });
}

/// One object less; without any the channel goes.
pub fn unname(id: i64) {
    let last = with(id, |channel| {
        channel.objects = channel.objects.saturating_sub(1);
        Ok(channel.objects == 0)
    });
    if last == Ok(true) {
        let _ = destroy(id);
    }
}

/// The interpreters bound to an end.
pub fn interpreters(id: i64, send: bool) -> Result<Vec<i64>, Problem> {
    with(id, |channel| {
        if !channel.open && (send || !channel.closing) {
            return Err(Problem::Closed);
        }
        let bound = &channel.bound[usize::from(!send)];
        Ok(bound.iter().filter(|(_, is)| **is).map(|(id, _)| *id).collect())
    })
}

pub fn send(id: i64, passage: Passage, unbound: Unbound) -> Result<Arc<Sent>, Problem> {
    let sent = Arc::new(Sent { done: Event::new(), received: AtomicBool::new(false) });
    let from = interpreters::current().id();
    let mut passage = Some(passage);
    let result = with(id, |channel| {
        if !channel.open || channel.closing {
            return Err(Problem::Closed);
        }
        channel.bind(0)?;
        let item = Item { passage: passage.take(), from, unbound, sent: sent.clone() };
        channel.items.push_back(item);
        Ok(())
    });
    drop(passage);
    result.map(|()| sent)
}

/// Takes a sent item back; false if it has left the channel.
pub fn take_back(id: i64, sent: &Arc<Sent>) -> bool {
    let item = with(id, |channel| {
        let at = channel.items.iter().position(|item| Arc::ptr_eq(&item.sent, sent));
        Ok(at.and_then(|at| channel.items.remove(at)))
    });
    matches!(item, Ok(Some(_)))
}

/// What comes out of a channel.
pub enum Received {
    Item(Passage),
    Unbound(Unbound),
}

pub fn receive(id: i64) -> Result<Received, Problem> {
    let (item, left) = with(id, |channel| {
        if !channel.open && !channel.closing {
            return Err(Problem::Closed);
        }
        channel.bind(1)?;
        let item = channel.items.pop_front();
        let left =
            if channel.closing && channel.items.is_empty() { channel.close() } else { VecDeque::new() };
        item.map(|item| (item, left)).ok_or(Problem::Empty)
    })?;
    discard(left);
    item.sent.finish(true);
    Ok(match item.passage {
        Some(passage) => Received::Item(passage),
        None => Received::Unbound(item.unbound),
    })
}

/// Closes the channel for all. `send_only`: what is in it can still be received.
pub fn close(id: i64, send_only: bool, force: bool) -> Result<(), Problem> {
    let left = with(id, |channel| {
        if !channel.open && !channel.closing || !force && send_only && channel.closing {
            return Err(Problem::Closed);
        }
        if !force && !channel.items.is_empty() {
            if !send_only {
                return Err(Problem::NotEmpty);
            }
            channel.open = false;
            channel.closing = true;
            return Ok(VecDeque::new());
        }
        channel.removed = true;
        Ok(channel.close())
    })?;
    discard(left);
    Ok(())
}

/// Releases ends for the current interpreter.
pub fn release(id: i64, send: bool, recv: bool) -> Result<(), Problem> {
    let interpreter = interpreters::current().id();
    let left = with(id, |channel| {
        if !channel.open && !channel.closing {
            return Err(Problem::Closed);
        }
        for (end, wanted) in [send, recv].into_iter().enumerate() {
            if wanted {
                channel.bound[end].insert(interpreter, false);
            }
        }
        Ok(channel.close_if_unbound())
    })?;
    discard(left);
    Ok(())
}

pub fn count(id: i64) -> Result<usize, Problem> {
    with(id, |channel| Ok(channel.items.len()))
}

/// The state of a channel.
pub struct Info {
    pub open: bool,
    pub closing: bool,
    pub closed: bool,
    /// Items; bound to, released from the sending end, the receiving end; both, released from receiving, sending, both.
    pub counts: [usize; 9],
    /// Whether the current interpreter is bound to, was bound to the sending end, the receiving end.
    pub own: [bool; 4],
}

pub fn info(id: i64) -> Result<Info, Problem> {
    let own = interpreters::current().id();
    with(id, |channel| {
        let closed = !channel.open && !channel.closing;
        let mut info =
            Info { open: channel.open, closing: channel.closing, closed, counts: [0; 9], own: [false; 4] };
        if closed {
            return Ok(info);
        }
        info.counts[0] = channel.items.len();
        let [send, recv] = &channel.bound;
        for (end, bound) in channel.bound.iter().enumerate() {
            for is in bound.values() {
                info.counts[1 + 2 * end + usize::from(!is)] += 1;
            }
            info.own[2 * end] = bound.get(&own) == Some(&true);
            info.own[2 * end + 1] = bound.get(&own) == Some(&false);
        }
        for (interpreter, sends) in send {
            let Some(receives) = recv.get(interpreter) else { continue };
            let kind = match (sends, receives) {
                (true, true) => 0,
                (true, false) => 1,
                (false, true) => 2,
                (false, false) => 3,
            };
            info.counts[5 + kind] += 1;
        }
        Ok(info)
    })
}

fn interpreter_ended(id: i64) {
    let mut gone = Vec::new();
    let mut left = Vec::new();
    let mut table = TABLE.lock();
    for channel in table.channels.values_mut() {
        for item in channel.items.iter_mut().filter(|item| item.from == id) {
            gone.extend(item.passage.take());
        }
        let items = std::mem::take(&mut channel.items);
        let (stay, go): (VecDeque<Item>, VecDeque<Item>) =
            items.into_iter().partition(|item| item.passage.is_some() || item.unbound != Unbound::Remove);
        channel.items = stay;
        left.push(go);
        for bound in &mut channel.bound {
            if let Some(is) = bound.get_mut(&id) {
                *is = false;
            }
        }
        left.push(channel.close_if_unbound());
    }
    drop(table);
    discard(left.into_iter().flatten());
    drop(gone);
}
