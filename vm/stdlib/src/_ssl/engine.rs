//! A TLS connection without its transport: bytes of records in and out, plain bytes out and in.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::server::{Accepted, Acceptor};
use rustls::{ClientConnection, Connection, Error, HandshakeKind, ServerConfig};

use super::observed::{Observed, Way};

/// Where a connection is.
pub enum Stage {
    /// A server's, before the client said what it wants.
    Accepting(Acceptor),
    /// A server's, while it is decided how to answer.
    Choosing,
    Open(Box<Connection>),
    Failed,
}

/// A connection.
pub struct Engine {
    pub stage: Stage,
    /// Records to be sent that come from no connection: an alert.
    alert: Vec<u8>,
    /// Records that were fed and not taken yet: there was no room for what is in them.
    unread: Vec<u8>,
    /// Reading found that the transport had ended without a word.
    pub cut: bool,
    /// The transport has ended.
    pub ended: bool,
    pub said_goodbye: bool,
    pub peer_said_goodbye: bool,
    /// Something was given out.
    pub has_begun: bool,
    pub observed: Observed,
}

/// What reading plain bytes gave.
pub enum Plain {
    Bytes(usize),
    /// The peer closed the connection properly.
    Closed,
    /// More records are needed.
    Nothing,
    /// The transport ended without a word.
    Cut,
}

impl Engine {
    pub fn client(connection: ClientConnection) -> Engine {
        Engine::new(Stage::Open(Box::new(Connection::Client(connection))))
    }
    pub fn server() -> Engine {
        Engine::new(Stage::Accepting(Acceptor::default()))
    }
    fn new(stage: Stage) -> Engine {
        Engine {
            stage,
            alert: Vec::new(),
            unread: Vec::new(),
            cut: false,
            ended: false,
            said_goodbye: false,
            peer_said_goodbye: false,
            has_begun: false,
            observed: Observed::default(),
        }
    }
    pub fn connection(&self) -> Option<&Connection> {
        match &self.stage {
            Stage::Open(connection) => Some(connection),
            _ => None,
        }
    }
    /// Takes records in; none: the transport has ended.
    pub fn feed(&mut self, records: &[u8]) -> Result<(), Error> {
        if records.is_empty() {
            self.ended = true;
        }
        self.observed.see(Way::In, records);
        self.unread.extend_from_slice(records);
        self.pump()
    }
    /// Hands records on, as many as there is room for.
    fn pump(&mut self) -> Result<(), Error> {
        while !self.unread.is_empty() {
            let mut rest = &self.unread[..];
            let taken = match &mut self.stage {
                Stage::Accepting(acceptor) => acceptor.read_tls(&mut rest).unwrap_or(0),
                Stage::Open(connection) => {
                    let taken = connection.read_tls(&mut rest).unwrap_or(0);
                    let state = connection.process_new_packets()?;
                    self.peer_said_goodbye |= state.peer_has_closed();
                    taken
                }
                Stage::Choosing | Stage::Failed => 0,
            };
            if taken == 0 {
                break;
            }
            self.unread.drain(..taken);
            if matches!(self.stage, Stage::Accepting(_)) {
                break;
            }
        }
        Ok(())
    }
    pub fn continue_reading(&mut self) -> Result<(), Error> {
        self.pump()
    }
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }
    /// What the client wants, as soon as it is known.
    pub fn accepted(&mut self) -> Result<Option<Accepted>, Error> {
        let Stage::Accepting(acceptor) = &mut self.stage else { return Ok(None) };
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                self.stage = Stage::Choosing;
                Ok(Some(accepted))
            }
            Ok(None) => Ok(None),
            Err((error, mut alert)) => {
                self.stage = Stage::Failed;
                let _ = alert.write(&mut self.alert);
                Err(error)
            }
        }
    }
    /// Answers the client.
    pub fn answer(&mut self, accepted: Accepted, config: Arc<ServerConfig>) -> Result<(), Error> {
        match accepted.into_connection(config) {
            Ok(mut connection) => {
                connection.set_buffer_limit(None);
                self.stage = Stage::Open(Box::new(Connection::Server(connection)));
                Ok(())
            }
            Err((error, mut alert)) => {
                self.stage = Stage::Failed;
                let _ = alert.write(&mut self.alert);
                Err(error)
            }
        }
    }
    /// Refuses the client with an alert.
    pub fn refuse(&mut self, alert: u8) {
        self.stage = Stage::Failed;
        self.alert = vec![21, 3, 3, 0, 2, 2, alert];
    }
    /// Records to be sent.
    pub fn take_records(&mut self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.append(&mut self.alert);
        if let Stage::Open(connection) = &mut self.stage {
            while connection.wants_write() && connection.write_tls(out).is_ok_and(|n| n > 0) {}
        }
        self.has_begun |= out.len() > begin;
        self.observed.see(Way::Out, &out[begin..]);
    }
    /// Whether the peer remembered an earlier connection.
    pub fn is_resumed(&self) -> bool {
        self.connection().and_then(|c| c.handshake_kind()) == Some(HandshakeKind::Resumed)
    }
    pub fn is_handshaking(&self) -> bool {
        match &self.stage {
            Stage::Open(connection) => connection.is_handshaking(),
            _ => true,
        }
    }
    pub fn read(&mut self, room: &mut [u8]) -> Result<Plain, Error> {
        loop {
            let Stage::Open(connection) = &mut self.stage else {
                self.cut |= self.ended;
                return Ok(if self.ended { Plain::Cut } else { Plain::Nothing });
            };
            match connection.reader().read(room) {
                Ok(0) => return Ok(Plain::Closed),
                Ok(count) => return Ok(Plain::Bytes(count)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return Ok(Plain::Cut),
            }
            let before = self.unread.len();
            self.pump()?;
            if self.unread.len() == before {
                self.cut |= self.ended;
                return Ok(if self.ended { Plain::Cut } else { Plain::Nothing });
            }
        }
    }
    /// Plain bytes that can be read at once.
    pub fn pending(&mut self) -> usize {
        match &mut self.stage {
            Stage::Open(connection) => {
                connection.process_new_packets().map_or(0, |state| state.plaintext_bytes_to_read())
            }
            _ => 0,
        }
    }
    pub fn write(&mut self, data: &[u8]) {
        if let Stage::Open(connection) = &mut self.stage {
            // There is no limit to what waits.
            let _ = connection.writer().write_all(data);
        }
    }
    pub fn say_goodbye(&mut self) {
        if let Stage::Open(connection) = &mut self.stage
            && !std::mem::replace(&mut self.said_goodbye, true)
        {
            connection.send_close_notify();
        }
    }
}
