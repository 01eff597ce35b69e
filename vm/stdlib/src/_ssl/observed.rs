//! What can be seen of a connection in its records: the handshake as far as it is in the clear, for `tls-unique`, and each message that a
//! program asked to be told of.
//!
//! Invariant: records are looked at in the order in which they are taken in and given out, whole, whatever pieces they come in.

use rustls::Tls12CipherSuite;

/// Which way records go.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    In,
    Out,
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// OpenSSL's names for what is no record's content: a record's header.
const HEADER: i64 = 256;
/// The kind of a message that has no kind of its own.
const KIND_OF_CHANGE: i64 = 257;
/// A request to start anew, which belongs to no handshake.
const HELLO_REQUEST: u8 = 0;

/// A message for the program.
pub struct Message {
    pub way: Way,
    pub version: i64,
    pub content: i64,
    pub kind: i64,
    pub bytes: Vec<u8>,
}

/// One direction.
#[derive(Default)]
struct Stream {
    /// What is no whole record yet.
    rest: Vec<u8>,
    /// Handshake bytes that are no whole message yet.
    message: Vec<u8>,
    /// Nothing that follows can be read.
    sealed: bool,
}

/// The observer of one connection.
#[derive(Default)]
pub struct Observed {
    streams: [Stream; 2],
    /// The messages up to the first change of ciphers.
    transcript: Vec<u8>,
    /// Who changed ciphers first.
    first_change: Option<Way>,
    /// What nobody has been told of yet; nothing is collected unless somebody wants to be.
    messages: Vec<Message>,
    pub tells: bool,
}

impl Observed {
    pub fn take_messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }
    /// Records that pass by.
    pub fn see(&mut self, way: Way, records: &[u8]) {
        if self.first_change.is_some() && !self.tells {
            return;
        }
        let at = way as usize;
        let mut rest = std::mem::take(&mut self.streams[at].rest);
        rest.extend_from_slice(records);
        let mut records = &rest[..];
        while let Some((record, after)) = records
            .get(3..5)
            .map(|len| 5 + usize::from(u16::from_be_bytes([len[0], len[1]])))
            .and_then(|len| records.split_at_checked(len))
        {
            self.record(way, record);
            records = after;
        }
        self.streams[at].rest = records.to_vec();
    }
    fn tell(&mut self, way: Way, version: i64, content: i64, kind: u8, bytes: &[u8]) {
        if self.tells {
            let bytes = bytes.to_vec();
            self.messages.push(Message { way, version, content, kind: kind.into(), bytes });
        }
    }
    fn record(&mut self, way: Way, record: &[u8]) {
        let (header, content) = record.split_at(5);
        let version = i64::from(u16::from_be_bytes([header[1], header[2]]));
        self.tell(way, version, HEADER, header[0], header);
        if self.streams[way as usize].sealed {
            return;
        }
        match header[0] {
            CHANGE_CIPHER_SPEC => {
                self.first_change.get_or_insert(way);
                self.streams[way as usize].sealed = true;
                if self.tells {
                    let (content, bytes) = (CHANGE_CIPHER_SPEC.into(), content.to_vec());
                    self.messages.push(Message { way, version, content, kind: KIND_OF_CHANGE, bytes });
                }
            }
            ALERT => self.tell(way, version, ALERT.into(), content.get(1).copied().unwrap_or(0), content),
            HANDSHAKE => self.handshake(way, version, content),
            _ => {}
        }
    }
    fn handshake(&mut self, way: Way, version: i64, content: &[u8]) {
        let mut bytes = std::mem::take(&mut self.streams[way as usize].message);
        bytes.extend_from_slice(content);
        let mut messages = &bytes[..];
        while let Some((message, after)) = messages
            .get(1..4)
            .map(|len| 4 + usize::from(len[0]) * 0x1_0000 + usize::from(len[1]) * 0x100 + usize::from(len[2]))
            .and_then(|len| messages.split_at_checked(len))
        {
            if self.first_change.is_none() && message[0] != HELLO_REQUEST {
                self.transcript.extend_from_slice(message);
            }
            // The first message names the oldest version there is for its record.
            self.tell(way, version.max(0x303), HANDSHAKE.into(), message[0], message);
            messages = after;
        }
        self.streams[way as usize].message = messages.to_vec();
    }
    /// What is unique to a connection of TLS 1.2 (RFC 5929): the first message that ends a handshake, which is computed again here.
    pub fn unique(&self, server: bool, suite: &Tls12CipherSuite, master_secret: &[u8]) -> Option<[u8; 12]> {
        let by_server = (self.first_change? == Way::Out) == server;
        let label: &[u8] = if by_server { b"server finished" } else { b"client finished" };
        let mut unique = [0; 12];
        let transcript = suite.common.hash_provider.hash(&self.transcript);
        suite.prf_provider.for_secret(&mut unique, master_secret, label, transcript.as_ref());
        Some(unique)
    }
}
