//! Every setting, read once at start: by flag, else by environment, else the default written here.

pub mod secret_file;
pub mod stripe;
pub mod yookassa;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use wallet::db::ReadLimits;

pub use self::stripe::StripeSettings;
pub use self::yookassa::YooKassaSettings;
use crate::client_ip::Network;

/// How strict the process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Sandbox provider, readable mails at `/dev/mail`, cookies without `Secure`.
    Development,
    /// Refuses all of that, and a database that may lose an acknowledged commit.
    Production,
}

/// The settings of every command.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// PostgreSQL 15 or later, as `postgres://user:password@host:port/database`.
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true, value_parser = secret)]
    pub database_url: Option<SecretString>,
    /// How many connections the process keeps to the database, at most.
    #[arg(long, env = "DATABASE_POOL", global = true, default_value_t = 20, value_parser = clap::value_parser!(u32).range(4..=1000))]
    pub database_pool: u32,
    /// How many seconds to wait for a free connection before answering 503.
    #[arg(long, env = "DATABASE_TIMEOUT", global = true, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=120))]
    pub database_timeout: u64,
    /// How many connections more there are for long reads (sums, searches, files, the past), which take none of the
    /// others.
    #[arg(long, env = "READS_POOL", global = true, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub reads_pool: u32,
    /// How many long reads of one account run at the same time.
    #[arg(long, env = "READS_EACH", global = true, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub reads_each: u16,
    /// How many long reads of one account wait for their turn; further ones are answered 429.
    #[arg(long, env = "READS_QUEUE", global = true, default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub reads_queue: u16,
    /// After how many seconds a statement of a long read is given up.
    #[arg(long, env = "READS_TIMEOUT", global = true, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub reads_timeout: u64,
    /// How strict to be; development where nothing is said, and only as long as nobody but this machine gets in.
    #[arg(long, env = "SCRIP_MODE", global = true, value_enum)]
    pub mode: Option<Mode>,
    /// Shows the playground and the demo's logins, and loads the demo into an empty database.
    #[arg(long, env = "SCRIP_DEMO", global = true, value_parser = clap::builder::BoolishValueParser::new(),
        num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub demo: bool,
    /// How many days the demo has lived before now in an empty database; 0: none.
    #[arg(long, env = "SCRIP_DEMO_DAYS", global = true, default_value_t = 40, value_parser = clap::value_parser!(u16).range(0..=90))]
    pub demo_days: u16,
    /// Where the process keeps small files of its own: the mails of development, the demo's API key.
    #[arg(long, env = "SCRIP_DATA_DIR", global = true, default_value = ".dev")]
    pub data_dir: PathBuf,
    /// What to log, as `RUST_LOG` directives.
    #[arg(long, env = "SCRIP_LOG", global = true, default_value = "warn,scrip=info,server=info,wallet=info")]
    pub log: String,
    /// How to log.
    #[arg(long, env = "SCRIP_LOG_FORMAT", global = true, value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// Signs checkpoints of ledgers every hour: a secret of 32 characters or more.
    #[arg(long, env = "SCRIP_HEAD_KEY", global = true, hide_env_values = true, value_parser = secret)]
    pub head_key: Option<SecretString>,
    /// The same from a file: one secret a line, the first signs, the others are older ones that still count.
    #[arg(long, env = "SCRIP_HEAD_KEY_FILE", global = true, conflicts_with = "head_key")]
    pub head_key_file: Option<PathBuf>,
    /// Takes a payment provider's test keys in production and live keys in development, which are refused otherwise.
    #[arg(long, env = "PAYMENTS_ANY_MODE", global = true, value_parser = clap::builder::BoolishValueParser::new(),
        num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub payments_any_mode: bool,
    /// Settings of Stripe.
    #[command(flatten)]
    pub stripe: StripeSettings,
    /// Settings of YooKassa.
    #[command(flatten)]
    pub yookassa: YooKassaSettings,
    /// Settings that only the server needs.
    #[command(flatten)]
    pub web: Web,
    /// Settings of outgoing mail.
    #[command(flatten)]
    pub mail: Mail,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Settings of the web server.
#[derive(Args, Clone, Debug)]
pub struct Web {
    /// The address to listen on.
    #[arg(long, env = "HOST", global = true, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// The port to listen on.
    #[arg(long, env = "PORT", global = true, default_value_t = 3000)]
    pub port: u16,
    /// How browsers and providers reach this server, as `https://wallet.example.com`; default `http://HOST:PORT`.
    #[arg(long, env = "PUBLIC_URL", global = true, value_parser = public_url)]
    pub public_url: Option<String>,
    /// Reverse proxies in front of this server, as addresses or networks with commas between them: who comes through
    /// them is told apart by their `X-Forwarded-For`.
    #[arg(long, env = "TRUSTED_PROXIES", global = true, value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// Does not migrate the database before serving.
    #[arg(long, env = "SCRIP_NO_MIGRATE", global = true, value_parser = clap::builder::BoolishValueParser::new(),
        num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub no_migrate: bool,
    /// For how many days a session lasts after sign-in.
    #[arg(long, env = "SESSION_DAYS", global = true, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub session_days: i64,
    /// After how many seconds a request (other than a stream of events) is given up.
    #[arg(long, env = "REQUEST_TIMEOUT", global = true, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub request_timeout: u64,
    /// The largest request body, in bytes.
    #[arg(long, env = "REQUEST_BODY_MAX", global = true, default_value_t = 1_048_576, value_parser = clap::value_parser!(u64).range(1024..=67_108_864))]
    pub request_body_max: u64,
    /// Reads (GET) that one API key may make a minute.
    #[arg(long, env = "RATE_READS", global = true, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_reads: u32,
    /// Writes that one API key may make a minute.
    #[arg(long, env = "RATE_WRITES", global = true, default_value_t = 6_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_writes: u32,
    /// Reads that all keys of one account may make a minute; at least what one key may.
    #[arg(long, env = "RATE_ACCOUNT_READS", global = true, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_account_reads: u32,
    /// Writes that all keys of one account may make a minute; at least what one key may.
    #[arg(long, env = "RATE_ACCOUNT_WRITES", global = true, default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_account_writes: u32,
    /// Pages and their data that one signed-in browser may ask for a minute.
    #[arg(long, env = "RATE_SESSION_READS", global = true, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_session_reads: u32,
    /// Forms that one signed-in browser may send a minute.
    #[arg(long, env = "RATE_SESSION_WRITES", global = true, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_session_writes: u32,
    /// Pages and their data that one address may ask for a minute, signed in or not.
    #[arg(long, env = "RATE_ADDRESS_READS", global = true, default_value_t = 6_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_address_reads: u32,
    /// Forms that one address may send a minute.
    #[arg(long, env = "RATE_ADDRESS_WRITES", global = true, default_value_t = 1_200, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_address_writes: u32,
    /// Calls with a wrong key, or none, that one address may make a minute.
    #[arg(long, env = "RATE_WRONG_KEYS", global = true, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_wrong_keys: u32,
    /// How many connections may be open at once; where they are, the one that has waited longest for a request makes
    /// room.
    #[arg(long, env = "CONNECTIONS_MAX", global = true, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub connections_max: u32,
    /// How many of them one address may have (of IPv6 one /64); trusted proxies, which speak for many, have no limit.
    #[arg(long, env = "CONNECTIONS_EACH", global = true, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_each: u32,
    /// After how many seconds a connection is closed on which the head of a request has begun, or no byte has come.
    #[arg(long, env = "HEAD_TIMEOUT", global = true, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=120))]
    pub head_timeout: u64,
    /// After how many seconds a connection is closed that waits for its next request; longer than proxies keep theirs.
    #[arg(long, env = "IDLE_TIMEOUT", global = true, default_value_t = 75, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub idle_timeout: u64,
    /// How many streams of events may be open at once.
    #[arg(long, env = "STREAMS_MAX", global = true, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub streams_max: u32,
    /// For how many seconds open requests may finish after Ctrl-C or SIGTERM.
    #[arg(long, env = "SHUTDOWN_SECONDS", global = true, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub shutdown_seconds: u64,
    /// How many jobs run at once.
    #[arg(long, env = "JOBS_CONCURRENCY", global = true, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs_concurrency: u16,
    /// Lets webhooks go to a private network or this machine, and by http: where programs that listen are next door.
    #[arg(long, env = "WEBHOOK_PRIVATE", global = true, value_parser = clap::builder::BoolishValueParser::new(),
        num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub webhook_private: bool,
    /// What `/metrics` asks for, as `Authorization: Bearer …`; without it there is no such page.
    #[arg(long, env = "METRICS_TOKEN", global = true, hide_env_values = true, value_parser = secret)]
    pub metrics_token: Option<SecretString>,
    /// The same from a file.
    #[arg(long, env = "METRICS_TOKEN_FILE", global = true)]
    pub metrics_token_file: Option<PathBuf>,
    /// Signs the sandbox provider's events, as `whsec_` and base64.
    #[arg(long, env = "SANDBOX_WEBHOOK_SECRET", global = true, hide_env_values = true, value_parser = secret,
        default_value = "whsec_c2NyaXAtc2FuZGJveC1ldmVudHMtYXJlLW5vdC1tb25leQ==", hide_default_value = true)]
    pub sandbox_webhook_secret: SecretString,
}

/// Settings of outgoing mail.
#[derive(Args, Clone, Debug)]
pub struct Mail {
    /// The SMTP server, as `smtps://user:password@host:465`; without it mails land in a folder.
    #[arg(long, env = "MAIL_URL", global = true, hide_env_values = true, value_parser = secret)]
    pub mail_url: Option<SecretString>,
    /// The folder for mails when there is no SMTP server; default `mail` in the data folder.
    #[arg(long, env = "MAIL_DIR", global = true)]
    pub mail_dir: Option<PathBuf>,
    /// The sender of mails.
    #[arg(long, env = "MAIL_FROM", global = true, default_value = "Scrip <scrip@localhost>")]
    pub mail_from: String,
}

impl Settings {
    /// The address to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.web.host, self.web.port)
    }

    /// How browsers and providers reach this server, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.web.public_url.clone().unwrap_or_else(|| {
            let host = match self.web.host {
                host if host.is_unspecified() => "127.0.0.1".to_owned(),
                IpAddr::V4(host) => host.to_string(),
                IpAddr::V6(host) => format!("[{host}]"),
            };
            format!("http://{host}:{}", self.web.port)
        })
    }

    /// Whether this is production.
    #[must_use]
    pub fn production(&self) -> bool {
        self.mode == Some(Mode::Production)
    }

    /// Whether something must stand in front of this server that is not named among the trusted proxies: it ends TLS,
    /// or it alone can reach the address that is listened on.
    #[must_use]
    pub fn lacks_proxies(&self) -> bool {
        let is_tls = self.web.public_url.as_deref().is_some_and(|url| url.starts_with("https:"));
        let is_behind = is_tls || (self.production() && self.web.host.is_loopback());
        is_behind && self.web.trusted_proxies.is_empty()
    }

    /// The folder where mails land when there is no SMTP server.
    #[must_use]
    pub fn mail_dir(&self) -> PathBuf {
        self.mail.mail_dir.clone().unwrap_or_else(|| self.data_dir.join("mail"))
    }

    /// After what time a request is given up.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.web.request_timeout)
    }

    /// The largest request body, in bytes.
    #[must_use]
    pub fn request_body_max(&self) -> usize {
        usize::try_from(self.web.request_body_max).unwrap_or(usize::MAX)
    }

    /// How much long reads may take.
    #[must_use]
    pub fn read_limits(&self) -> ReadLimits {
        ReadLimits {
            connections: self.reads_pool,
            of_account: usize::from(self.reads_each),
            queue: usize::from(self.reads_queue),
            statement: Duration::from_secs(self.reads_timeout),
            ..ReadLimits::default()
        }
    }

    /// Refuses settings that do not go together; the message says what to do.
    pub fn check(&self) -> anyhow::Result<()> {
        self.stripe.check(self.production(), self.payments_any_mode)?;
        self.yookassa.check(self.production(), self.payments_any_mode)?;
        if !self.production() {
            return self.check_development();
        }
        if self.demo {
            anyhow::bail!("SCRIP_DEMO is for trying out: unset it, or set SCRIP_MODE=development");
        }
        match &self.web.public_url {
            None => anyhow::bail!("PUBLIC_URL is missing: set it to the https address that browsers use"),
            Some(url) if !url.starts_with("https://") => {
                anyhow::bail!("PUBLIC_URL must start with https:// in production, not {url}")
            }
            Some(_) => {}
        }
        if self.mail.mail_url.is_none() && self.mail.mail_dir.is_none() {
            anyhow::bail!("MAIL_URL is missing: set it to your SMTP server, as smtps://user:password@host:465");
        }
        Ok(())
    }
}

impl Settings {
    /// Refuses to be open to others by accident: development gives away credits and shows everybody's mails.
    fn check_development(&self) -> anyhow::Result<()> {
        let is_public = self.web.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
        let open = match self.mode {
            Some(_) => return Ok(()),
            None if is_public => "PUBLIC_URL is a public address".to_owned(),
            None if !self.web.host.is_loopback() => format!("HOST={} lets other machines in", self.web.host),
            None => return Ok(()),
        };
        anyhow::bail!(
            "{open}, and SCRIP_MODE is not set: set it to production, or to development where everybody may see the \
             mails and take credits for nothing"
        )
    }
}

fn secret(text: &str) -> Result<SecretString, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(SecretString::from(text)) }
}

fn public_url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|_| "it must be an address such as https://wallet.example.com")?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || !plain {
        return Err("it must be http:// or https:// and a host, without a path".to_owned());
    }
    // As browsers write it: in small letters, without the port that goes without saying.
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::public_url;

    #[test]
    fn the_public_address_is_written_as_browsers_write_it() {
        for text in ["https://Wallet.Example.com", "https://wallet.example.com:443", "HTTPS://WALLET.EXAMPLE.COM/"] {
            assert_eq!(public_url(text).as_deref(), Ok("https://wallet.example.com"), "{text}");
        }
        assert_eq!(public_url("http://127.0.0.1:3000").as_deref(), Ok("http://127.0.0.1:3000"));
        assert_eq!(public_url("http://[::1]:3000/").as_deref(), Ok("http://[::1]:3000"));
        for wrong in ["wallet.example.com", "ftp://wallet.example.com", "https://wallet.example.com/scrip"] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
