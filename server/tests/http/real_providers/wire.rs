//! A wire to the database and to the stand-ins that breaks at one packet, and with it the node behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use wallet::Wallet;
use wallet::clock::Clock;

use super::till::open;

/// The packets that still pass; all of them while it is not armed.
#[derive(Clone, Debug)]
struct Fuse {
    left: Arc<AtomicI64>,
    broken: CancellationToken,
}

impl Fuse {
    fn new() -> Self {
        Self { left: Arc::new(AtomicI64::new(i64::MAX)), broken: CancellationToken::new() }
    }

    /// Counts a packet; `false` where the wire breaks before it arrives.
    fn passes(&self) -> bool {
        let passes = self.left.fetch_sub(1, Ordering::SeqCst) > 1 && !self.broken.is_cancelled();
        if !passes {
            self.broken.cancel();
        }
        passes
    }

    /// Leads to an address; gives the port of this end.
    async fn lead_to(&self, target: String) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let fuse = self.clone();
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = fuse.broken.run_until_cancelled(listener.accept()).await {
                let (fuse, target) = (fuse.clone(), target.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(target).await else { return };
                    drop((client.set_nodelay(true), server.set_nodelay(true)));
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::select! {
                        () = fuse.carry(from_client, to_server) => {}
                        () = fuse.carry(from_server, to_client) => {}
                        () = fuse.broken.cancelled() => {}
                    }
                });
            }
        });
        port
    }

    async fn carry(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut packet = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut packet).await {
            if !self.passes() || to.write_all(&packet[..length]).await.is_err() {
                return;
            }
        }
    }
}

/// Runs some work on a node of its own, in a runtime of its own, whose wires break at the nth packet: then all of the
/// node ends where it waits, as if its process had been killed. `true` where the work came to its end before.
pub async fn dies_at<F, W>(packet: i64, (pool, doubles, clock): (&PgPool, &str, &Clock), work: F) -> bool
where
    F: FnOnce(Wallet) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let fuse = Fuse::new();
    let options = pool.connect_options();
    let database = fuse.lead_to(format!("{}:{}", options.get_host(), options.get_port())).await;
    let options = options.as_ref().clone().host("127.0.0.1").port(database).application_name(NODE);
    let stand_ins = fuse.lead_to(doubles.trim_start_matches("http://").to_owned()).await;
    let (url, clock, armed) = (format!("http://127.0.0.1:{stand_ins}"), clock.clone(), fuse.clone());
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build().expect("a runtime");
    let node = runtime.spawn(async move {
        let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(5));
        let wallet = open(pool.connect_with(options).await.expect("connected"), &url, clock);
        wallet.catalog().view().await.expect("a catalog");
        armed.left.store(packet, Ordering::SeqCst);
        work(wallet).await;
    });
    let is_done = tokio::select! {
        biased;
        () = fuse.broken.cancelled() => false,
        done = node => {
            done.expect("the node");
            true
        }
    };
    runtime.shutdown_background();
    // What was on its way ends with it; what its last statements did is seen from then on.
    fuse.broken.cancel();
    let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(left).bind(NODE).fetch_one(pool).await.expect("counted") > 0 {}
    is_done
}

/// What the database calls the sessions of a node that dies.
const NODE: &str = "a node that dies";
