//! Stripe's settings: keys, by value or by file, and what is refused about them.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::secret_file;

/// Settings of Stripe; it is on where there is a secret key.
#[derive(Args, Clone, Debug, Default)]
pub struct StripeSettings {
    /// Stripe's secret key: `sk_live_…`, `sk_test_…`, or a restricted key, `rk_…`.
    #[arg(long, env = "STRIPE_SECRET_KEY", global = true, hide_env_values = true)]
    pub stripe_secret_key: Option<SecretString>,
    /// The same from a file.
    #[arg(long, env = "STRIPE_SECRET_KEY_FILE", global = true)]
    pub stripe_secret_key_file: Option<PathBuf>,
    /// Proves Stripe's events: the webhook endpoint's `whsec_…`; two with a comma between them while it is rotated.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", global = true, hide_env_values = true)]
    pub stripe_webhook_secret: Option<SecretString>,
    /// The same from a file.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET_FILE", global = true)]
    pub stripe_webhook_secret_file: Option<PathBuf>,
    /// Lets Stripe Tax add the tax of the buyer's place to what is bought.
    #[arg(long, env = "STRIPE_AUTOMATIC_TAX", global = true, value_parser = clap::builder::BoolishValueParser::new(),
        num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub stripe_automatic_tax: bool,
    /// Where Stripe is, for tests: an address of this machine, as `http://127.0.0.1:8449`.
    #[arg(long, env = "STRIPE_API_URL", global = true, value_parser = loopback)]
    pub stripe_api_url: Option<String>,
}

/// Whether keys and events move real money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMode {
    /// Test cards only.
    Test,
    /// Real money.
    Live,
}

/// The keys, read and checked.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Signs our calls.
    pub secret: SecretString,
    /// Which of Stripe's two worlds it is of.
    pub mode: KeyMode,
    /// Prove Stripe's events; none before the webhook endpoint is made.
    pub webhook: Vec<SecretString>,
}

/// The most webhook secrets at once: the old one and the new one.
const SECRETS_MAX: usize = 2;

impl StripeSettings {
    /// Reads the keys; `None` where Stripe is not set up.
    pub fn keys(&self) -> anyhow::Result<Option<Keys>> {
        let file = self.stripe_secret_key_file.as_deref();
        let Some(secret) = secret_file::read("STRIPE_SECRET_KEY", self.stripe_secret_key.as_ref(), file)? else {
            return Ok(None);
        };
        let mode = mode_of(secret.expose_secret())?;
        let file = self.stripe_webhook_secret_file.as_deref();
        let webhook = secret_file::read("STRIPE_WEBHOOK_SECRET", self.stripe_webhook_secret.as_ref(), file)?;
        let webhook = webhook.map(|secrets| split(secrets.expose_secret())).transpose()?.unwrap_or_default();
        Ok(Some(Keys { secret, mode, webhook }))
    }

    /// Refuses keys that can't take money, or take it where it is not meant; the message says what to do.
    pub fn check(&self, production: bool, any_mode: bool) -> anyhow::Result<()> {
        let Some(keys) = self.keys()? else { return Ok(()) };
        keys.check_mode(production, any_mode)?;
        if keys.webhook.is_empty() {
            bail!(
                "STRIPE_SECRET_KEY is set and STRIPE_WEBHOOK_SECRET is not: run `scrip payments setup stripe`, which \
                 makes the webhook endpoint and prints its secret (on a machine that Stripe can't reach, `stripe \
                 listen` prints one)"
            );
        }
        Ok(())
    }
}

impl Keys {
    /// Refuses test keys in production and live keys in development.
    pub fn check_mode(&self, production: bool, any_mode: bool) -> anyhow::Result<()> {
        match self.mode {
            _ if any_mode => Ok(()),
            KeyMode::Test if production => bail!(
                "STRIPE_SECRET_KEY is a test key, which takes no real money, and SCRIP_MODE is production: set a live \
                 key, or PAYMENTS_ANY_MODE=true"
            ),
            KeyMode::Live if !production => bail!(
                "STRIPE_SECRET_KEY is a live key, which takes real money, and SCRIP_MODE is not production: set a \
                 test key, or PAYMENTS_ANY_MODE=true"
            ),
            _ => Ok(()),
        }
    }
}

fn mode_of(key: &str) -> anyhow::Result<KeyMode> {
    let rest = key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_")).unwrap_or_default();
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match rest.split_once('_') {
        Some(("test", id)) if is_plain && !id.is_empty() => Ok(KeyMode::Test),
        Some(("live", id)) if is_plain && !id.is_empty() => Ok(KeyMode::Live),
        _ if key.starts_with("pk_") => {
            bail!("STRIPE_SECRET_KEY holds the publishable key (pk_…): set the secret key, sk_… or rk_…")
        }
        _ => bail!(
            "STRIPE_SECRET_KEY is no secret key of Stripe: it begins with sk_live_, sk_test_, rk_live_ or rk_test_"
        ),
    }
}

fn split(secrets: &str) -> anyhow::Result<Vec<SecretString>> {
    let secrets: Vec<&str> = secrets.split([',', '\n']).map(str::trim).filter(|text| !text.is_empty()).collect();
    if secrets.is_empty() || secrets.len() > SECRETS_MAX {
        bail!("STRIPE_WEBHOOK_SECRET takes one secret, or two with a comma between them while it is rotated");
    }
    let is_secret = |text: &str| {
        let id = text.strip_prefix("whsec_").unwrap_or_default();
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !secrets.iter().all(|text| is_secret(text)) {
        bail!("STRIPE_WEBHOOK_SECRET is no signing secret of a webhook endpoint: it begins with whsec_");
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}

/// Takes addresses of this machine only: a key must not be sent elsewhere by a slip of a setting.
fn loopback(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|_| "it must be an address such as http://127.0.0.1:8449")?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "http" || !is_loopback || !plain {
        return Err("it is for tests, and takes an address of this machine only: http://127.0.0.1:8449".to_owned());
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(key: &str, webhook: Option<&str>) -> StripeSettings {
        StripeSettings {
            stripe_secret_key: Some(SecretString::from(key)),
            stripe_webhook_secret: webhook.map(SecretString::from),
            ..StripeSettings::default()
        }
    }

    fn refused(settings: &StripeSettings, production: bool) -> String {
        settings.check(production, false).expect_err("refused").to_string()
    }

    #[test]
    fn stripe_is_off_without_a_key_and_on_with_one() {
        assert!(StripeSettings::default().keys().expect("fine").is_none());
        assert!(StripeSettings::default().check(true, false).is_ok());
        let keys = settings(" rk_live_1\n", Some("whsec_a, whsec_b")).keys().expect("fine").expect("keys");
        assert_eq!((keys.mode, keys.webhook.len(), keys.secret.expose_secret()), (KeyMode::Live, 2, "rk_live_1"));
    }

    #[test]
    fn keys_of_the_wrong_mode_are_refused_where_no_setting_allows_them() {
        let (test, live) = (settings("sk_test_1", Some("whsec_a")), settings("sk_live_1", Some("whsec_a")));
        assert!(test.check(false, false).is_ok() && live.check(true, false).is_ok());
        for (settings, production) in [(&test, true), (&live, false)] {
            assert!(refused(settings, production).contains("PAYMENTS_ANY_MODE"));
            assert!(settings.check(production, true).is_ok());
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_shown() {
        for key in ["pk_test_1", "sk_1", "sk_test_", "sk_prod_1", "whsec_a", "sk_test_1 2", ""] {
            let error = settings(key, None).keys().expect_err(key).to_string();
            assert!(error.contains("STRIPE_SECRET_KEY") && (key.is_empty() || !error.contains(&format!("{key} "))));
        }
        assert!(refused(&settings("sk_test_1", None), false).contains("scrip payments setup stripe"));
        for secret in ["sk_test_1", "whsec_", "whsec_a,whsec_b,whsec_c", ","] {
            assert!(refused(&settings("sk_test_1", Some(secret)), false).contains("STRIPE_WEBHOOK_SECRET"), "{secret}");
        }
        let shown = format!("{:?}", settings("sk_test_hunter2", Some("whsec_hunter2")));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn only_this_machine_may_stand_in_for_stripe() {
        assert_eq!(loopback("http://127.0.0.1:8449/").as_deref(), Ok("http://127.0.0.1:8449"));
        assert_eq!(loopback("http://[::1]:1").as_deref(), Ok("http://[::1]:1"));
        for wrong in
            ["http://10.0.0.1:80", "https://api.stripe.com", "http://127.0.0.1.example.com", "http://a@localhost"]
        {
            assert!(loopback(wrong).is_err(), "{wrong}");
        }
    }
}
