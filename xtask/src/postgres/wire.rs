//! The part of PostgreSQL's protocol that setting up needs: log in by password, run a simple query, read its answer.
//!
//! A driver would double what has to be built before anything can start.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Protocol 3.0.
const VERSION: i32 = 196_608;
/// How long a statement may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// SQLSTATE of "the database system is starting up" and "… is shutting down".
const CANNOT_CONNECT_NOW: &str = "57P03";

/// Why something failed.
#[derive(Debug)]
pub enum Failure {
    /// The server is there, but still starting or already stopping.
    NotReady,
    /// No answer, or one that is not PostgreSQL's.
    Connection(std::io::Error),
    /// What the server said.
    Refused(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotReady => write!(f, "PostgreSQL is starting or stopping"),
            Self::Connection(error) => write!(f, "no connection to PostgreSQL: {error}"),
            Self::Refused(message) => write!(f, "PostgreSQL: {message}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Connection(error)
    }
}

/// A connection.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
}

impl Session {
    /// Logs in to a database on this machine.
    pub fn open(port: u16, user: &str, password: &str, database: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut session = Self { stream };
        let mut hello = VERSION.to_be_bytes().to_vec();
        for text in ["user", user, "database", database] {
            hello.extend(text.bytes().chain([0]));
        }
        hello.push(0);
        session.send(None, &hello)?;
        loop {
            match session.receive()? {
                (b'R', body) if body == [0, 0, 0, 0] => {}
                (b'R', body) if body == [0, 0, 0, 3] => {
                    session.send(Some(b'p'), &[password.as_bytes(), &[0]].concat())?;
                }
                (b'R', _) => return Err(Failure::Refused("it wants a way to log in that is not spoken here".into())),
                (b'E', body) => return Err(refusal(&body)),
                (b'Z', _) => return Ok(session),
                _ => {}
            }
        }
    }

    /// Runs SQL, which may be several statements.
    pub fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        self.query(sql).map(drop)
    }

    /// Runs SQL and returns the first value of its answer, or nothing when that is NULL or missing.
    pub fn value(&mut self, sql: &str) -> Result<String, Failure> {
        Ok(self.query(sql)?.unwrap_or_default())
    }

    fn query(&mut self, sql: &str) -> Result<Option<String>, Failure> {
        self.send(Some(b'Q'), &[sql.as_bytes(), &[0]].concat())?;
        let mut first = None;
        let mut failure = None;
        loop {
            match self.receive()? {
                (b'D', body) if first.is_none() => first = first_column(&body),
                (b'E', body) => failure = Some(refusal(&body)),
                (b'Z', _) => return failure.map_or(Ok(first), Err),
                _ => {}
            }
        }
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), Failure> {
        let length = i32::try_from(body.len() + 4).map_err(|_| Failure::Refused("the statement is too long".into()))?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend(length.to_be_bytes());
        message.extend(body);
        Ok(self.stream.write_all(&message)?)
    }

    fn receive(&mut self) -> Result<(u8, Vec<u8>), Failure> {
        let mut head = [0_u8; 5];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0_u8; length.saturating_sub(4)];
        self.stream.read_exact(&mut body)?;
        Ok((head[0], body))
    }
}

/// The first column of a row; its length is −1 for NULL.
fn first_column(row: &[u8]) -> Option<String> {
    let length = i32::from_be_bytes(row.get(2..6)?.try_into().ok()?);
    let value = row.get(6..6 + usize::try_from(length).ok()?)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// What an error message says: fields by a letter each, ended by a zero.
fn refusal(body: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(body);
    let field =
        |letter: char| text.split('\0').find_map(|field| field.strip_prefix(letter)).unwrap_or_default().to_owned();
    if field('C') == CANNOT_CONNECT_NOW { Failure::NotReady } else { Failure::Refused(field('M')) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_first_column_of_a_row() {
        assert_eq!(first_column(&[0, 1, 0, 0, 0, 2, b'4', b'2']), Some("42".to_owned()));
        assert_eq!(first_column(&[0, 1, 255, 255, 255, 255]), None);
        assert_eq!(first_column(&[0, 0]), None);
        assert_eq!(first_column(&[0, 1, 0, 0, 0, 9, b'4']), None);
    }

    #[test]
    fn tells_a_server_that_starts_from_one_that_refuses() {
        let starting = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0";
        assert!(matches!(refusal(starting), Failure::NotReady));
        let refused = b"SFATAL\0C28P01\0Mpassword authentication failed\0\0";
        assert!(matches!(refusal(refused), Failure::Refused(message) if message == "password authentication failed"));
    }
}
