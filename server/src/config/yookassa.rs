//! Settings of YooKassa: the shop and its key, what it may do, and how its receipts are written.

use std::path::PathBuf;

use anyhow::bail;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::secret_file;

/// Where API v3 is.
const API_URL: &str = "https://api.yookassa.ru/v3";

/// The settings; YooKassa takes payments where shop and key are there.
#[derive(Args, Clone, Debug)]
pub struct YooKassaSettings {
    /// The shop's number at YooKassa (shopId); with the secret key, YooKassa takes payments.
    #[arg(long, env = "YOOKASSA_SHOP_ID", global = true, value_parser = shop_id)]
    pub yookassa_shop_id: Option<String>,
    /// The same from a file.
    #[arg(long, env = "YOOKASSA_SHOP_ID_FILE", global = true, conflicts_with = "yookassa_shop_id")]
    pub yookassa_shop_id_file: Option<PathBuf>,
    /// The shop's secret key: `test_…` of a test shop, `live_…` of one that takes money.
    #[arg(long, env = "YOOKASSA_SECRET_KEY", global = true, hide_env_values = true, value_parser = not_empty)]
    pub yookassa_secret_key: Option<SecretString>,
    /// The same from a file.
    #[arg(long, env = "YOOKASSA_SECRET_KEY_FILE", global = true, conflicts_with = "yookassa_secret_key")]
    pub yookassa_secret_key_file: Option<PathBuf>,
    /// Where YooKassa's API is, for tests: an address of this machine.
    #[arg(long, env = "YOOKASSA_API_URL", global = true, value_parser = api_url)]
    pub yookassa_api_url: Option<Url>,
    /// Saves cards and wallets and charges them without their owner, which plans need; on in a test shop. A shop that
    /// takes money must be allowed it by its manager at YooKassa first.
    #[arg(long, env = "YOOKASSA_AUTOPAYMENTS", global = true, value_parser = BoolishValueParser::new(),
        num_args = 0..=1, default_missing_value = "true")]
    pub yookassa_autopayments: Option<bool>,
    /// Sends the data of a receipt (54-FZ) with each payment and refund; the VAT code must be set too.
    #[arg(long, env = "YOOKASSA_RECEIPT", global = true, value_parser = BoolishValueParser::new(),
        num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub yookassa_receipt: bool,
    /// The VAT rate on receipts, by YooKassa's code from 1 (no VAT) to 12 (22/122).
    #[arg(long, env = "YOOKASSA_VAT_CODE", global = true, value_parser = clap::value_parser!(u8).range(1..=12))]
    pub yookassa_vat_code: Option<u8>,
    /// What receipts say about when the service is rendered: credits are paid before they are spent.
    #[arg(long, env = "YOOKASSA_PAYMENT_MODE", global = true, value_enum, default_value_t)]
    pub yookassa_payment_mode: PaymentMode,
}

/// How a receipt counts a payment (tag 1214).
///
/// Credits are paid first and spent later, so that the law sees a prepayment of services that are known: that is the
/// default. Where a tax adviser takes the credits themselves for the service, it is `full_payment`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMode {
    /// All of it before the service is rendered.
    #[default]
    #[value(name = "full_prepayment")]
    FullPrepayment,
    /// A deposit, while it is not known what will be bought.
    #[value(name = "advance")]
    Advance,
    /// All of it when the service is rendered.
    #[value(name = "full_payment")]
    FullPayment,
}

/// What kind of shop a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A test shop: nobody pays.
    Test,
    /// A shop that takes money.
    Live,
}

/// Who we are at YooKassa.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The shop's number.
    pub shop: String,
    /// Its secret key.
    pub key: SecretString,
}

impl Credentials {
    /// Says what kind of shop the key belongs to.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.key.expose_secret().starts_with("test_") { Mode::Test } else { Mode::Live }
    }

    /// Refuses test keys in production and live keys in development.
    fn check_mode(&self, production: bool, any_mode: bool) -> anyhow::Result<()> {
        match self.mode() {
            _ if any_mode => Ok(()),
            Mode::Test if production => bail!(
                "YOOKASSA_SECRET_KEY is a test shop's, which takes no real money, and SCRIP_MODE is production: set a \
                 live shop's number and key, or PAYMENTS_ANY_MODE=true"
            ),
            Mode::Live if !production => bail!(
                "YOOKASSA_SECRET_KEY is a live shop's, which takes real money, and SCRIP_MODE is not production: set \
                 a test shop's number and key, or PAYMENTS_ANY_MODE=true"
            ),
            _ => Ok(()),
        }
    }
}

/// How receipts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptRules {
    /// The VAT rate's code.
    pub vat_code: u8,
    /// When the service is rendered.
    pub payment_mode: PaymentMode,
}

impl YooKassaSettings {
    /// Reads shop and key; `None` where neither is set.
    pub fn credentials(&self) -> anyhow::Result<Option<Credentials>> {
        let (shop, file) = (self.yookassa_shop_id.clone().map(SecretString::from), &self.yookassa_shop_id_file);
        let shop = secret_file::read("YOOKASSA_SHOP_ID", shop.as_ref(), file.as_deref())?;
        let (key, file) = (self.yookassa_secret_key.as_ref(), &self.yookassa_secret_key_file);
        let key = secret_file::read("YOOKASSA_SECRET_KEY", key, file.as_deref())?;
        match (shop, key) {
            (None, None) => Ok(None),
            (Some(_), None) => {
                bail!("YOOKASSA_SECRET_KEY is missing: YOOKASSA_SHOP_ID is set, and both are needed")
            }
            (None, Some(_)) => {
                bail!("YOOKASSA_SHOP_ID is missing: YOOKASSA_SECRET_KEY is set, and both are needed")
            }
            (Some(shop), Some(key)) => {
                let shop = shop_id(shop.expose_secret()).map_err(|why| anyhow::anyhow!("YOOKASSA_SHOP_ID: {why}"))?;
                let key =
                    secret_key(key.expose_secret()).map_err(|why| anyhow::anyhow!("YOOKASSA_SECRET_KEY: {why}"))?;
                Ok(Some(Credentials { shop, key }))
            }
        }
    }

    /// Refuses settings that do not go together, and keys of the other mode; the message says what to do.
    pub fn check(&self, production: bool, any_mode: bool) -> anyhow::Result<()> {
        if let Some(credentials) = self.credentials()? {
            credentials.check_mode(production, any_mode)?;
        }
        self.receipts().map(drop)
    }

    /// Gives the rules of receipts; `None` where none are sent.
    pub fn receipts(&self) -> anyhow::Result<Option<ReceiptRules>> {
        match (self.yookassa_receipt, self.yookassa_vat_code) {
            (false, _) => Ok(None),
            (true, Some(vat_code)) => Ok(Some(ReceiptRules { vat_code, payment_mode: self.yookassa_payment_mode })),
            (true, None) => bail!(
                "YOOKASSA_VAT_CODE is missing: receipts are on (YOOKASSA_RECEIPT), and each names its VAT rate; \
                 1 is a shop without VAT"
            ),
        }
    }

    /// Says whether methods are saved and charged without their owner.
    #[must_use]
    pub fn has_autopayments(&self, mode: Mode) -> bool {
        self.yookassa_autopayments.unwrap_or(mode == Mode::Test)
    }

    /// Gives the API's address without a slash at the end, and whether it is a stand-in's on this machine.
    #[must_use]
    pub fn api(&self) -> (String, bool) {
        match &self.yookassa_api_url {
            Some(url) => (url.as_str().trim_end_matches('/').to_owned(), true),
            None => (API_URL.to_owned(), false),
        }
    }
}

fn shop_id(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_number = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(text.to_owned()) } else { Err("it must be the shop's number, such as 1000500".to_owned()) }
}

/// Takes any key: what clap refuses it prints, so that its form is looked at later.
fn not_empty(text: &str) -> Result<SecretString, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(SecretString::from(text)) }
}

/// A key goes into a header, and its first letters say what kind of shop it is.
fn secret_key(text: &str) -> Result<SecretString, String> {
    let text = text.trim();
    let is_known = text.starts_with("test_") || text.starts_with("live_");
    if is_known && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(SecretString::from(text));
    }
    Err("it must be the shop's secret key, which begins with test_ or live_".to_owned())
}

/// Only this machine: the secret key goes there.
fn api_url(text: &str) -> Result<Url, String> {
    let wrong =
        || "it is for tests and must be an address of this machine, such as http://127.0.0.1:8450/v3".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_near = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback()),
        None => false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if url.scheme() == "http" && is_near && is_plain { Ok(url) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: YooKassaSettings,
    }

    fn settings(flags: &[&str]) -> Result<YooKassaSettings, String> {
        let line = Line::try_parse_from([&["scrip"], flags].concat());
        line.map(|line| line.settings).map_err(|error| error.to_string())
    }

    fn refused(flags: &[&str]) -> String {
        match settings(flags) {
            Ok(settings) => settings.check(false, false).expect_err("refused").to_string(),
            Err(error) => error,
        }
    }

    const SHOP: [&str; 2] = ["--yookassa-shop-id", "1000500"];
    const KEY: [&str; 2] = ["--yookassa-secret-key", "test_secret-of-a-shop"];

    #[test]
    fn one_of_shop_and_key_without_the_other_is_refused() {
        assert!(settings(&[]).expect("none").credentials().expect("none").is_none());
        assert!(refused(&SHOP).contains("YOOKASSA_SECRET_KEY is missing"));
        assert!(refused(&KEY).contains("YOOKASSA_SHOP_ID is missing"));
        let both = settings(&[SHOP, KEY].concat()).expect("settings");
        assert_eq!(both.credentials().expect("read").expect("there").mode(), Mode::Test);
        assert!(!format!("{both:?}").contains("secret-of-a-shop"), "no secret is printed");
    }

    #[test]
    fn test_keys_in_production_and_live_keys_elsewhere_are_refused() {
        let live = ["--yookassa-secret-key", "live_secret-of-a-shop"];
        for (key, production) in [(KEY, true), (live, false)] {
            let set = settings(&[SHOP, key].concat()).expect("settings");
            let told = set.check(production, false).expect_err("refused").to_string();
            assert!(told.contains("PAYMENTS_ANY_MODE") && !told.contains("secret-of"), "{told}");
            assert!(set.check(production, true).is_ok() && set.check(!production, false).is_ok());
        }
    }

    #[test]
    fn wrong_shops_keys_and_addresses_are_refused() {
        for (flag, value) in [
            ("--yookassa-shop-id", "shop"),
            ("--yookassa-shop-id", ""),
            ("--yookassa-secret-key", ""),
            ("--yookassa-api-url", "https://api.yookassa.ru/v3"),
            ("--yookassa-api-url", "http://127.0.0.1.evil.example/v3"),
            ("--yookassa-api-url", "http://user@127.0.0.1/v3"),
            ("--yookassa-vat-code", "13"),
            ("--yookassa-payment-mode", "credit"),
        ] {
            let told = refused(&[flag, value]);
            assert!(told.contains(flag), "{told}");
        }
        for key in ["a-secret", "test_a-secret of two words", "TEST_a-secret"] {
            let told = refused(&[&SHOP[..], &["--yookassa-secret-key", key]].concat());
            assert!(told.contains("test_ or live_") && !told.contains("a-secret"), "{told}");
        }
        for near in ["http://127.0.0.1:8450/yookassa/v3/", "http://[::1]:8450/v3", "http://localhost/v3"] {
            let (url, is_near) = settings(&["--yookassa-api-url", near]).expect("near").api();
            assert!(is_near && !url.ends_with('/'), "{url}");
        }
    }

    #[test]
    fn receipts_need_a_rate_and_autopayments_a_test_shop_or_a_word() {
        assert!(refused(&["--yookassa-receipt"]).contains("YOOKASSA_VAT_CODE is missing"));
        let with = settings(&["--yookassa-receipt", "--yookassa-vat-code", "12"]).expect("settings");
        let rules = with.receipts().expect("rules").expect("on");
        assert_eq!(rules, ReceiptRules { vat_code: 12, payment_mode: PaymentMode::FullPrepayment });
        assert!(with.has_autopayments(Mode::Test) && !with.has_autopayments(Mode::Live));
        let off = settings(&["--yookassa-autopayments", "false"]).expect("settings");
        assert!(!off.has_autopayments(Mode::Test));
    }
}
