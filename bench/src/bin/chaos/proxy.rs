//! A wire to PostgreSQL that can be cut: at the moment that matters, a commit whose answer never comes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Where a connection of a ledger's writer breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the next statement reaches PostgreSQL: it has not happened.
    Request,
    /// Before the next answer comes back. A batch from memory is one statement: it has happened.
    Answer,
    /// Before the answer to the next `COMMIT` comes back: it has happened.
    Commit,
}

/// The proxy in front of PostgreSQL.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    shears: Arc<Shears>,
}

#[derive(Debug, Default)]
struct Shears {
    armed: Mutex<Option<Cut>>,
    cuts: AtomicU64,
    cut: Notify,
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

impl Proxy {
    /// Listens on a free port of this machine.
    pub async fn start(database_url: &str) -> Result<Self> {
        let target = port_of(database_url)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let shears = Arc::new(Shears::default());
        let shared = Arc::clone(&shears);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shears = Arc::clone(&shared);
                tokio::spawn(async move {
                    // PostgreSQL that is away: whoever connects is hung up on.
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await {
                        join(client, server, &shears).await;
                    }
                });
            }
        });
        Ok(Self { port, shears })
    }

    /// Writes an address with this proxy in place of PostgreSQL.
    pub fn url(&self, database_url: &str) -> Result<String> {
        let port = port_of(database_url)?;
        Ok(database_url.replacen(&format!(":{port}/"), &format!(":{}/", self.port), 1))
    }

    /// Cuts the next connection that comes to the moment.
    pub fn arm(&self, cut: Cut) {
        *self.shears.lock() = Some(cut);
    }

    /// Cuts no more.
    pub fn disarm(&self) {
        *self.shears.lock() = None;
    }

    /// Waits for the cut.
    pub async fn is_cut(&self) {
        self.shears.cut.notified().await;
    }

    /// Counts the cuts so far.
    pub fn cuts(&self) -> u64 {
        self.shears.cuts.load(Ordering::Relaxed)
    }
}

impl Shears {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Cut>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether these bytes are where the connection breaks.
    fn cuts(&self, way: Way, bytes: &[u8]) -> bool {
        let mut armed = self.lock();
        let now = match *armed {
            Some(Cut::Request) => way == Way::ToServer,
            Some(Cut::Answer) => way == Way::ToClient,
            Some(Cut::Commit) => way == Way::ToClient && holds(bytes, b"COMMIT\0"),
            None => false,
        };
        if now {
            *armed = None;
            self.cuts.fetch_add(1, Ordering::Relaxed);
            self.cut.notify_one();
        }
        now
    }
}

/// Carries bytes both ways until one side hangs up or the wire is cut; then both sides find it closed.
async fn join(client: TcpStream, server: TcpStream, shears: &Shears) {
    let _slower_then = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let Ok(is_writer) = greet(&mut from_client, &mut to_client, &mut from_server, &mut to_server).await else { return };
    let up = carry(Way::ToServer, &mut from_client, &mut to_server, is_writer.then_some(shears));
    let down = carry(Way::ToClient, &mut from_server, &mut to_client, is_writer.then_some(shears));
    tokio::select! { () = up => {}, () = down => {} }
}

/// Passes the greeting on, and says whether this is a ledger's writer: only those are cut.
async fn greet(
    from_client: &mut OwnedReadHalf,
    to_client: &mut OwnedWriteHalf,
    from_server: &mut OwnedReadHalf,
    to_server: &mut OwnedWriteHalf,
) -> Result<bool> {
    let mut buffer = vec![0; 4096];
    loop {
        let read = from_client.read(&mut buffer).await?;
        anyhow::ensure!(read > 0, "nobody there");
        to_server.write_all(&buffer[..read]).await?;
        // Eight bytes ask for encryption; PostgreSQL answers with one letter, and the greeting follows.
        if read > 8 {
            return Ok(holds(&buffer[..read], b"force_generic_plan"));
        }
        let read = from_server.read(&mut buffer[..1]).await?;
        anyhow::ensure!(read > 0, "PostgreSQL hung up");
        to_client.write_all(&buffer[..read]).await?;
    }
}

async fn carry(way: Way, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, shears: Option<&Shears>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let bytes = &buffer[..read];
        if shears.is_some_and(|shears| shears.cuts(way, bytes)) || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn port_of(database_url: &str) -> Result<u16> {
    let place = database_url.rsplit_once('@').and_then(|(_, place)| place.split(['/', '?']).next());
    let port = place.and_then(|place| place.rsplit_once(':')).and_then(|(_, port)| port.parse().ok());
    port.context("DATABASE_URL names no port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_port_and_the_moment() {
        assert_eq!(port_of("postgres://u:p@127.0.0.1:5432/scrip").unwrap(), 5432);
        assert!(port_of("postgres://u:p@127.0.0.1/scrip").is_err());
        let shears = Shears::default();
        *shears.lock() = Some(Cut::Commit);
        assert!(!shears.cuts(Way::ToServer, b"COMMIT\0") && !shears.cuts(Way::ToClient, b"SELECT 1\0"));
        assert!(shears.cuts(Way::ToClient, b"C\0\0\0\x0bCOMMIT\0Z\0\0\0\x05I"));
        assert!(!shears.cuts(Way::ToClient, b"COMMIT\0"), "once");
    }
}
