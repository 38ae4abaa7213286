//! What proves where an event comes from.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How a provider proves an event.
#[derive(Clone, Debug)]
pub enum Signer {
    /// Not at all.
    None,
    /// `Stripe-Signature`, by this secret.
    Stripe(String),
}

impl Signer {
    /// The headers for a body, signed at a time.
    pub fn headers(&self, body: &[u8], at: i64, badly: bool) -> Vec<(&'static str, String)> {
        match self {
            Self::None => Vec::new(),
            Self::Stripe(secret) => {
                let secret = if badly { "whsec_of_another" } else { secret };
                vec![("stripe-signature", format!("t={at},v1={}", stripe_signature(secret, body, at)))]
            }
        }
    }
}

/// HMAC-SHA256 over the time, a dot and the raw body.
fn stripe_signature(secret: &str, body: &[u8], at: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
