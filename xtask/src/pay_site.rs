//! A site that takes money, by the stand-ins of Stripe and YooKassa, on a database of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::doubles::Doubles;
use crate::e2e::{self, Site};
use crate::postgres::Cluster;
use crate::{requests, run, setup, shell};

/// Its database.
const DATABASE: &str = "scrip_pay";
/// The shop's number at YooKassa.
const SHOP: &str = "1000500";

/// The site and the stand-ins, both ended when dropped.
pub(crate) struct PaySite {
    // Ended before the stand-ins: what it still does as it ends is answered.
    site: Site,
    doubles: Doubles,
    secrets: Secrets,
    /// The program of the stand-ins, for specs that break something in stand-ins of their own.
    program: PathBuf,
    /// What the stand-ins log.
    own_log: PathBuf,
    /// The folder of logs of what specs start.
    logs: PathBuf,
    database: String,
}

/// Keys that are nobody's: wherever one is found, it has leaked.
struct Secrets {
    stripe: String,
    webhook: String,
    yookassa: String,
}

impl Secrets {
    fn new() -> Result<Self> {
        Ok(Self {
            stripe: format!("sk_test_{}", shell::random()?),
            webhook: format!("whsec_{}", shell::random()?),
            yookassa: format!("test_{}", shell::random()?),
        })
    }
}

impl PaySite {
    /// Writes the SQL that makes its database in the cluster.
    pub(crate) fn database(folder: &Path) -> Result<PathBuf> {
        let file = folder.join("pay-database.sql");
        std::fs::write(&file, format!("CREATE DATABASE {DATABASE}"))?;
        Ok(file)
    }

    /// Starts the stand-ins, which write down what they are asked, and the site.
    pub(crate) fn start(scrip: &Path, folder: &Path, cluster: &Cluster, requests: &Path) -> Result<Self> {
        let (folder, logs) = (folder.join("pay"), folder.join("spec-logs"));
        for folder in [&folder, &logs] {
            setup::remove(folder)?;
            std::fs::create_dir_all(folder)?;
        }
        let program = folder.join("doubles");
        run::keep_copy(&shell::target().join("debug/doubles"), &program)?;
        let (port, secrets) = (shell::free_port()?, Secrets::new()?);
        let mut doubles = shell::command(&program);
        doubles.env(requests::VARIABLE, requests);
        doubles.args(["--port", "0", "--stripe-secret", &secrets.webhook]);
        doubles.args(["--stripe-webhook", &format!("http://127.0.0.1:{port}/webhooks/stripe")]);
        doubles.args(["--yookassa-webhook", &format!("http://127.0.0.1:{port}/webhooks/yookassa")]);
        let doubles = Doubles::start(&mut doubles, &folder)?;
        let yookassa = format!("{}/yookassa/v3", doubles.url);
        let settings = [
            ("STRIPE_SECRET_KEY", secrets.stripe.as_str()),
            ("STRIPE_WEBHOOK_SECRET", &secrets.webhook),
            ("STRIPE_API_URL", &doubles.url),
            ("YOOKASSA_SHOP_ID", SHOP),
            ("YOOKASSA_SECRET_KEY", &secrets.yookassa),
            ("YOOKASSA_API_URL", &yookassa),
        ];
        let database = cluster.url_of(DATABASE);
        let site = Site::start_at(port, scrip, &folder, &database, &settings)?;
        let own_log = folder.join("doubles.log");
        Ok(Self { site, doubles, secrets, program, own_log, logs, database })
    }

    /// What the specs are told.
    pub(crate) fn settings(&self) -> [(&'static str, String); 7] {
        [
            ("PAY_URL", self.site.url()),
            ("DOUBLES_URL", self.doubles.url.clone()),
            ("DOUBLES_BIN", self.program.display().to_string()),
            ("SPEC_LOGS", self.logs.display().to_string()),
            ("PAY_STRIPE_KEY", self.secrets.stripe.clone()),
            ("PAY_STRIPE_SECRET", self.secrets.webhook.clone()),
            ("PAY_YOOKASSA_KEY", self.secrets.yookassa.clone()),
        ]
    }

    /// Stops both.
    pub(crate) fn stop(self) -> Stopped {
        let doubles = self.doubles;
        let log = self.site.stop();
        drop(doubles);
        Stopped { log, own_log: self.own_log, logs: self.logs, secrets: self.secrets, database: self.database }
    }
}

/// What is left of a site.
pub(crate) struct Stopped {
    log: PathBuf,
    own_log: PathBuf,
    logs: PathBuf,
    secrets: Secrets,
    database: String,
}

impl Stopped {
    /// Prints the last errors.
    pub(crate) fn show_errors(&self) -> Result<()> {
        self.logs()?.iter().try_for_each(|log| e2e::show_errors(log))
    }

    /// Fails where a server panicked, where a log tells a secret, and where the books are wrong.
    pub(crate) fn check(&self, scrip: &Path) -> Result<()> {
        for log in self.logs()? {
            e2e::no_panic(&log)?;
            let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
            if let Some((secret, line)) = told(&text, &self.secrets) {
                bail!("a log tells {secret}, see {}:\n{line}", log.display());
            }
        }
        let mut verify = shell::command(scrip);
        verify.arg("verify").env("DATABASE_URL", &self.database).env("SCRIP_MODE", "development");
        shell::quietly(&mut verify).context("the books of the site that takes money are wrong")
    }

    /// The logs of the site, of the stand-ins, and of what specs started.
    fn logs(&self) -> Result<Vec<PathBuf>> {
        Ok([vec![self.log.clone(), self.own_log.clone()], shell::files(&self.logs)?].concat())
    }
}

/// Finds what no log may tell: keys, and addresses at which a buyer pays.
fn told<'a>(log: &'a str, secrets: &Secrets) -> Option<(&'static str, &'a str)> {
    let hidden = [
        ("Stripe's key", secrets.stripe.as_str()),
        ("the secret of Stripe's events", &secrets.webhook),
        ("YooKassa's key", &secrets.yookassa),
        ("the address of a page of Stripe's", "/stripe/checkout/"),
        ("the address of a page of YooKassa's", "/yookassa/pages/"),
    ];
    log.lines().find_map(|line| {
        let (what, _) = hidden.iter().find(|(_, secret)| line.contains(secret))?;
        Some((*what, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_a_log() {
        let secrets = Secrets { stripe: "sk_test_1".into(), webhook: "whsec_1".into(), yookassa: "test_2".into() };
        assert_eq!(told("INFO ready\nINFO paid payment=1", &secrets), None);
        assert_eq!(told("INFO ready\nWARN key=sk_test_1", &secrets), Some(("Stripe's key", "WARN key=sk_test_1")));
        let page = "WARN url=http://127.0.0.1:1/yookassa/pages/payments/1";
        assert_eq!(told(page, &secrets), Some(("the address of a page of YooKassa's", page)));
    }
}
