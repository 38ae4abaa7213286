//! The load: callers that note what they want before they ask, and what they were told; whatever is not answered is
//! asked again with the same key, on another node, until it is.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use http_client::{Answer, Connection, Request};
use serde_json::{Value, json};

use crate::ANSWER_LIMIT;
use crate::plan::Random;
use crate::seed::Payer;

/// How long one intent may stay without an answer.
const TIMEOUT: Duration = Duration::from_secs(45);
/// The wait before an intent is asked again.
const PAUSE: Duration = Duration::from_millis(40);

/// What was wanted and what was told, in memory for the check and in a file for people.
#[derive(Debug)]
pub struct Diary {
    file: Mutex<File>,
    told: Mutex<HashMap<String, Told>>,
}

/// What a caller was told about one intent.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whose wallet.
    pub wallet: String,
    /// The row; `None` for a refusal.
    pub seq: Option<i64>,
    /// The change of the settled balance, in credits; a string of digits as the API writes it.
    pub change: i64,
}

impl Diary {
    /// Begins a diary.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("can't write {}", path.display()))?;
        Ok(Self { file: Mutex::new(file), told: Mutex::default() })
    }

    fn note(&self, line: &Value) -> Result<()> {
        Ok(writeln!(self.file.lock().unwrap_or_else(PoisonError::into_inner), "{line}")?)
    }

    fn keep(&self, key: &str, told: Told) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), told);
    }

    /// Gives everything that was told, by key.
    pub fn told(&self) -> HashMap<String, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the callers have met so far.
#[derive(Debug, Default)]
pub struct Board {
    stopped: AtomicBool,
    answers: Mutex<HashMap<usize, u64>>,
    kinds: Mutex<HashMap<String, u64>>,
}

impl Board {
    /// Lets callers end after the intent that they are at.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Says whether callers are to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Counts the answered intents of each caller.
    pub fn answers(&self) -> HashMap<usize, u64> {
        lock(&self.answers).clone()
    }

    /// Whether every caller had an intent answered since.
    pub fn all_beyond(&self, before: &HashMap<usize, u64>) -> bool {
        let now = lock(&self.answers);
        before.iter().all(|(caller, count)| now.get(caller).is_some_and(|now| now > count))
    }

    /// Counts from now on what somebody has answered: nothing so far.
    pub fn join(&self, number: usize) {
        lock(&self.answers).insert(number, 0);
    }

    /// Notes that an intent of somebody was answered.
    pub fn answered(&self, number: usize) {
        *lock(&self.answers).entry(number).or_default() += 1;
    }

    /// Notes what somebody has met.
    pub fn met(&self, kind: &str) {
        *lock(&self.kinds).entry(kind.to_owned()).or_default() += 1;
    }

    /// Counts the answers that say that something broke inside: an outage is no such thing.
    pub fn broken(&self) -> u64 {
        lock(&self.kinds).iter().filter(|(kind, _)| kind.starts_with("500")).map(|(_, count)| count).sum()
    }

    /// Says how often what was met.
    pub fn report(&self) -> String {
        let kinds = lock(&self.kinds);
        let mut kinds: Vec<_> = kinds.iter().collect();
        kinds.sort();
        kinds.into_iter().map(|(kind, count)| format!("{count:>7}  {kind}")).collect::<Vec<_>>().join("\n")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Somebody who spends.
pub struct Caller {
    number: usize,
    payer: Payer,
    ports: Arc<Vec<u16>>,
    diary: Arc<Diary>,
    board: Arc<Board>,
    connection: Option<Connection>,
    turn: usize,
    made: u64,
    /// What was answered last: what, where, with which body and key.
    last: Option<(&'static str, String, Value, String)>,
}

impl Caller {
    /// Makes a caller; several share a wallet.
    pub fn new(number: usize, payer: Payer, ports: Arc<Vec<u16>>, diary: Arc<Diary>, board: Arc<Board>) -> Self {
        board.join(number);
        Self { number, payer, ports, diary, board, connection: None, turn: number, made: 0, last: None }
    }

    /// Spends until told to stop.
    pub async fn work(mut self, mut random: Random) -> Result<()> {
        while !self.board.is_stopped() {
            match random.below(10) {
                0 | 1 => {
                    if let Some(hold) = self.want("hold", "/holds", &hold(&mut random)).await? {
                        let (what, path, body) = match random.below(4) {
                            0 => ("release", "/service/holds", json!({ "reason": "platform_failure" })),
                            1 => ("release", "/holds", json!({ "reason": "cancelled" })),
                            _ => ("capture", "/holds", json!({})),
                        };
                        self.want(what, &format!("{path}/{hold}/{what}"), &body).await?;
                    }
                }
                2 => {
                    if let Some(charge) = self.want("charge", "/charges", &charge(&mut random)).await? {
                        let body = json!({ "reason": "it failed" });
                        self.want("credit-back", &format!("/service/charges/{charge}/credit-back"), &body).await?;
                    }
                }
                3 => self.repeat().await?,
                _ => _ = self.want("charge", "/charges", &charge(&mut random)).await?,
            }
        }
        Ok(())
    }

    /// Asks for the last thing once more, with its key, though it was answered: the answer must be the same.
    async fn repeat(&mut self) -> Result<()> {
        let Some((what, path, body, key)) = self.last.clone() else { return Ok(()) };
        let before = self.diary.told().remove(&key).context("an intent that was told")?;
        // A refusal is not kept: by now there may be credits.
        if before.seq.is_none() {
            return Ok(());
        }
        let again = self.answered(what, &path, &key, &body).await?;
        ensure!(again.seq == before.seq, "{key} was told as row {:?}, and then as {:?}", before.seq, again.seq);
        Ok(())
    }

    /// Wants something until it is answered; gives the row, or nothing where it was refused.
    async fn want(&mut self, what: &'static str, path: &str, body: &Value) -> Result<Option<i64>> {
        self.made += 1;
        let key = format!("c{}-{}", self.number, self.made);
        self.diary.note(&json!({ "intent": key, "wallet": self.payer.wallet.to_string(), "path": path }))?;
        let told = self.answered(what, path, &key, body).await?;
        let seq = told.seq;
        self.diary.note(&json!({ "told": key, "seq": seq }))?;
        self.diary.keep(&key, told);
        self.last = Some((what, path.to_owned(), body.clone(), key));
        self.board.answered(self.number);
        Ok(match what {
            "charge" | "hold" => seq,
            _ => None,
        })
    }

    /// Asks until there is an answer.
    async fn answered(&mut self, what: &'static str, path: &str, key: &str, body: &Value) -> Result<Told> {
        let asked_at = Instant::now();
        let answer = loop {
            match self.ask(path, key, body).await {
                Ok(answer) if answer.status < 500 && answer.status != 409 => break answer,
                Ok(answer) => {
                    let body = answer.json();
                    let code = body["error"]["code"].as_str().unwrap_or("?");
                    self.board.met(&format!("{} {code}", answer.status));
                }
                Err(_) => {
                    self.board.met("no answer");
                    self.connection = None;
                }
            }
            if asked_at.elapsed() > TIMEOUT {
                bail!("{key} ({path}) was not answered in {} s", TIMEOUT.as_secs());
            }
            self.turn += 1;
            self.connection = None;
            tokio::time::sleep(PAUSE).await;
        };
        let told = self.told(what, &answer).with_context(|| format!("{key}: {}", answer.json()))?;
        self.board.met(match (told.seq, answer.replayed) {
            (Some(_), false) => "201",
            (Some(_), true) => "201, a replay",
            (None, _) => "402 out_of_credits",
        });
        Ok(told)
    }

    async fn ask(&mut self, path: &str, key: &str, body: &Value) -> Result<Answer> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let port = self.ports[self.turn % self.ports.len()];
                self.connection.insert(Connection::open(port, ANSWER_LIMIT).await?)
            }
        };
        // The platform's own calls name the customer's key and show a service key.
        let mut body = body.clone();
        let is_platform = path.starts_with("/service");
        if is_platform {
            body["on_behalf_of"] = json!(self.payer.key);
        }
        let shown = if is_platform { &self.payer.service_key } else { &self.payer.key };
        let request = Request::api("POST", &format!("/api/v2{path}"), shown, key, &body.to_string());
        connection.send(&request).await
    }

    /// Reads what was told: the row, and what it changed.
    fn told(&self, what: &str, answer: &Answer) -> Result<Told> {
        let wallet = self.payer.wallet.to_string();
        if answer.status == 402 {
            return Ok(Told { wallet, seq: None, change: 0 });
        }
        ensure!(answer.status == 201, "unexpected status {}", answer.status);
        let body = answer.json();
        let number = |field: &str| body[field].as_i64().with_context(|| format!("no {field}"));
        let (seq, change) = match what {
            "charge" => (number("id")?, -number("amount")?),
            "hold" => (number("id")?, 0),
            "capture" => (number("finished_by")?, -number("captured")?),
            "release" => (number("finished_by")?, 0),
            _ => (number("seq")?, number("amount")?),
        };
        Ok(Told { wallet, seq: Some(seq), change })
    }
}

/// Something that costs nothing, little or much: what a poor wallet can pay, can pay at times, and can't.
fn charge(random: &mut Random) -> Value {
    let operation = ["newsletter_subscribe", "chat_message", "page_edit", "content_plan", "blog_post"];
    json!({ "operation": operation[random.below(5) as usize], "params": {} })
}

fn hold(random: &mut Random) -> Value {
    let operation = ["newsletter_subscribe", "chat_message", "content_plan"];
    let line = |random: &mut Random| json!({ "operation": operation[random.below(3) as usize], "params": {} });
    json!({ "lines": (0..=random.below(2)).map(|_| line(random)).collect::<Vec<_>>() })
}
