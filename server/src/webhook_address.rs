//! Which addresses an endpoint may have: on the public internet, by https. Checked when it is made and each time that
//! something is sent, since a name can be pointed elsewhere in between.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use wallet::error::{FieldError, Problem};
use wallet::notify::webhook::is_public;

use crate::config::Settings;

/// The longest address.
const LENGTH_MAX: usize = 2_000;
/// How long a name may take when an endpoint is made.
const LOOKUP: Duration = Duration::from_secs(3);

/// How strict to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRules {
    /// Private networks and this machine are allowed, and http: the operator's setting `WEBHOOK_PRIVATE`.
    pub private: bool,
}

impl AddressRules {
    /// Takes the operator's setting.
    #[must_use]
    pub const fn of(settings: &Settings) -> Self {
        Self { private: settings.web.webhook_private }
    }
}

fn wrong(problem: Problem, message: &str) -> FieldError {
    FieldError::new("url", problem, message)
}

/// Reads an endpoint's address as browsers do: `0x7f.1` is 127.0.0.1 here, too.
pub fn check(text: &str, rules: AddressRules) -> Result<Url, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong(Problem::Required, "Enter the address that messages go to."));
    }
    if text.len() > LENGTH_MAX {
        return Err(wrong(Problem::TooLong, "An address has at most 2,000 characters."));
    }
    let url = Url::parse(text)
        .map_err(|_| wrong(Problem::Malformed, "Write an address such as https://example.com/webhooks."))?;
    if url.scheme() != "https" && !(rules.private && url.scheme() == "http") {
        return Err(wrong(Problem::NotAllowed, "Messages go by https only."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(Problem::NotAllowed, "An address holds no name and no password; messages are signed."));
    }
    if url.fragment().is_some() {
        return Err(wrong(Problem::NotAllowed, "Leave out the part from # on: it is never sent."));
    }
    let port = url.port_or_known_default().unwrap_or(0);
    if !rules.private && port != 443 && port < 1_024 {
        return Err(wrong(Problem::NotAllowed, "Use port 443, or one from 1024 on."));
    }
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let is_ours = match literal {
        Some(address) => !is_public(address),
        None => {
            let inner = ["localhost", "local", "internal", "lan", "home.arpa"];
            !host.contains('.') || inner.iter().any(|end| host == *end || host.ends_with(&format!(".{end}")))
        }
    };
    if is_ours && !rules.private {
        return Err(not_public());
    }
    Ok(url)
}

fn not_public() -> FieldError {
    wrong(Problem::NotAllowed, "This address is not on the public internet.")
}

/// The same, and the name must not lead to an address of ours now. One that leads nowhere yet may be made.
pub async fn check_resolved(text: &str, rules: AddressRules) -> Result<Url, FieldError> {
    let url = check(text, rules)?;
    if rules.private {
        return Ok(url);
    }
    if let Some(name) = url.domain() {
        let found = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((name, 0))).await;
        if let Ok(Ok(mut addresses)) = found
            && addresses.any(|address| !is_public(address.ip()))
        {
            return Err(not_public());
        }
    }
    Ok(url)
}

/// Finds public addresses only: whatever a name says when it is asked, nothing of ours is connected to.
#[derive(Clone, Copy, Debug)]
pub struct PublicResolver {
    /// How strict to be.
    pub rules: AddressRules,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.rules;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<_> = found.filter(|address| rules.private || is_public(address.ip())).collect();
            if addresses.is_empty() {
                return Err("the name leads to no address on the public internet".into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: AddressRules = AddressRules { private: false };

    #[test]
    fn public_addresses_pass() {
        for text in [
            "https://example.com/webhooks",
            "https://example.com:8443/a?b=c",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/x",
            " https://hooks.example.co.uk ",
        ] {
            assert!(check(text, STRICT).is_ok(), "{text}");
        }
    }

    #[test]
    fn nothing_of_ours_passes_in_any_spelling() {
        for text in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://10.1.2.3/",
            "https://0/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://db.internal/",
            "https://printer.local/",
            "https://intranet/",
            "https://１２７.0.0.1/",
            "https://[fd00::1]/",
            "https://metadata.google.internal/",
        ] {
            let error = check(text, STRICT).expect_err(text);
            assert_eq!((error.field.as_str(), error.problem), ("url", Problem::NotAllowed), "{text}");
        }
    }

    #[test]
    fn odd_addresses_are_refused_by_what_is_odd() {
        for (text, problem) in [
            ("", Problem::Required),
            ("example.com", Problem::Malformed),
            ("http://example.com/", Problem::NotAllowed),
            ("ftp://example.com/", Problem::NotAllowed),
            ("file:///etc/passwd", Problem::NotAllowed),
            ("javascript:alert(1)", Problem::NotAllowed),
            ("https://me:secret@example.com/", Problem::NotAllowed),
            ("https://example.com:22/", Problem::NotAllowed),
            ("https://example.com:25/", Problem::NotAllowed),
            ("https://example.com/#x", Problem::NotAllowed),
            ("https://", Problem::Malformed),
            ("\u{0}", Problem::Malformed),
        ] {
            assert_eq!(check(text, STRICT).expect_err(text).problem, problem, "{text}");
        }
        let long = format!("https://example.com/{}", "a".repeat(2_000));
        assert_eq!(check(&long, STRICT).expect_err("long").problem, Problem::TooLong);
    }

    #[test]
    fn an_operator_may_open_the_private_network() {
        let rules = AddressRules { private: true };
        assert!(check("http://127.0.0.1:9000/hook", rules).is_ok());
        assert!(check("http://me@127.0.0.1:9000/hook", rules).is_err(), "but nothing else");
    }

    #[tokio::test]
    async fn a_name_that_leads_to_us_is_not_connected_to() {
        let resolver = PublicResolver { rules: STRICT };
        let found = resolver.resolve("localhost".parse().expect("a name")).await;
        assert!(found.is_err());
    }
}
