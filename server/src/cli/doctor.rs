//! `scrip doctor`: looks at everything that a deployment rests on, and says what to mend.

use std::process::ExitCode;
use std::time::Instant;

use wallet::clock::Clock;
use wallet::payment::Examined;
use wallet::{Options, Wallet};

use crate::client_ip;
use crate::config::Settings;
use crate::mail::Mailer;
use crate::{assets, checkpoints, database, providers};

/// The most that this machine's clock may differ from the database's before it is worth a word, in seconds.
const SKEW_MAX: i64 = 5;

/// What was found.
#[derive(Default)]
struct Findings {
    problems: u32,
}

impl Findings {
    fn fine(&self, what: &str, text: &str) {
        println!("ok       {what:<10} {text}");
    }

    fn note(&self, what: &str, text: &str) {
        println!("note     {what:<10} {text}");
    }

    fn problem(&mut self, what: &str, text: &str) {
        self.problems = self.problems.saturating_add(1);
        println!("problem  {what:<10} {text}");
    }
}

/// Looks; exit code 1 where something must be mended.
pub async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    match settings.check() {
        Ok(()) => findings.fine("settings", if settings.production() { "production" } else { "development" }),
        Err(error) => findings.problem("settings", &error.to_string()),
    }
    if settings.lacks_proxies() {
        findings.problem("proxies", client_ip::NO_PROXIES);
    } else if settings.web.trusted_proxies.is_empty() {
        findings.note("proxies", "none is trusted: visitors are told apart by the address that they connect from");
    } else {
        findings.fine("proxies", "visitors are told apart by X-Forwarded-For");
    }
    database(settings, &mut findings).await;
    match Mailer::new(settings) {
        Err(error) => findings.problem("mail", &error.to_string()),
        Ok(_) if settings.mail.mail_url.is_some() => findings.fine("mail", "SMTP"),
        Ok(_) => findings.note("mail", &format!("mails land in {}", settings.mail_dir().display())),
    }
    match checkpoints::keys(settings) {
        Err(error) => findings.problem("heads", &error.to_string()),
        Ok(keys) if keys.is_empty() => findings.note("heads", "no checkpoints of ledgers are made: set SCRIP_HEAD_KEY"),
        Ok(_) => {
            let folder = settings.data_dir.join("heads");
            findings.fine("heads", &format!("signed every hour into {}", folder.display()));
        }
    }
    if assets::exists("pkg/account.wasm") {
        findings.fine("assets", &format!("version {}", assets::version()));
    } else {
        findings.problem("assets", "this binary holds no site: build it with `cargo xtask site`, then the server");
    }
    payments(settings, &mut findings).await;
    Ok(if findings.problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lets each provider that takes real money look at its key, its webhook and its clock.
async fn payments(settings: &Settings, findings: &mut Findings) {
    let providers = match providers::real(settings, &Clock::system()) {
        Ok(providers) => providers,
        Err(error) => return findings.problem("payments", &error.to_string()),
    };
    match (providers.is_empty(), settings.production()) {
        (true, true) => findings.problem(
            "payments",
            "no provider takes money, so that nobody can buy: docs/PAYMENTS.md says how to set one up",
        ),
        (true, false) => findings.note("payments", "the sandbox takes no money"),
        (false, _) => {}
    }
    for provider in providers {
        for Examined { what, text, is_problem } in provider.examine().await {
            let text = format!("{what}: {text}");
            if is_problem {
                findings.problem(provider.name(), &text);
            } else {
                findings.fine(provider.name(), &text);
            }
        }
    }
}

async fn database(settings: &Settings, findings: &mut Findings) {
    // Whatever is wrong with durability is told here, in any mode.
    let relaxed = Settings { mode: Some(crate::config::Mode::Development), ..settings.clone() };
    let pool = match database::connect(&relaxed).await {
        Ok(pool) => pool,
        Err(error) => return findings.problem("database", &error.to_string()),
    };
    let asked = Instant::now();
    match database::facts(&pool).await {
        Ok(facts) => {
            let millis = asked.elapsed().as_millis() / 5;
            findings.fine("database", &format!("PostgreSQL {}, {millis} ms a round trip", facts.version));
            match facts.not_durable.as_slice() {
                [] => findings.fine("durability", "acknowledged commits survive a crash"),
                settings => findings.problem("durability", &format!("commits may be lost: {}", settings.join(", "))),
            }
        }
        Err(error) => findings.problem("database", &error.to_string()),
    }
    match database::migrated(&pool).await {
        Ok(()) => findings.fine("schema", "at this version"),
        Err(error) => return findings.problem("schema", &error.to_string()),
    }
    let wallet = Wallet::new(pool, Options::default());
    if wallet::db::observe_clock(wallet.pool(), wallet.clock()).await.is_ok() {
        let skew = wallet.clock().now().signed_duration_since(chrono::Utc::now()).num_seconds();
        if skew.abs() <= SKEW_MAX {
            findings.fine("clock", "agrees with the database's");
        } else {
            findings
                .note("clock", &format!("the database's clock (with the demo's offset) is {skew} s ahead; it decides"));
        }
    }
    match wallet.demo_traces().await {
        Ok(traces) if traces.is_empty() => findings.fine("demo", "there is none in the database"),
        Ok(traces) if settings.production() => findings.problem(
            "demo",
            &format!(
                "the database holds a demo ({}): set DATABASE_URL to a database without one; `scrip serve` refuses this",
                traces.join(", ")
            ),
        ),
        Ok(traces) => findings.note("demo", &format!("in the database: {}", traces.join(", "))),
        Err(error) => findings.problem("demo", &error.to_string()),
    }
    match wallet.catalog().view().await {
        Ok(view) => findings.fine("catalog", &view.settings.name.clone()),
        Err(_) => findings.problem("catalog", "it is empty: run `scrip preset load neuralbox`, or another preset"),
    }
    match wallet.invoices().seller().await {
        Ok(Some(seller)) => findings.fine("seller", &seller.party.name),
        Ok(None) => findings.note(
            "seller",
            "nobody has said who sells: receipts name the platform alone, and no invoices are issued \
             (scrip invoice seller)",
        ),
        Err(error) => findings.problem("seller", &error.to_string()),
    }
    wallet.shutdown().await;
}
