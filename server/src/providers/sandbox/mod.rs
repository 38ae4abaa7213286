//! The sandbox: a provider that takes no money. Its own card page, books and events, as separate from the rest of
//! Scrip as a real provider's; refused in production.

mod card;
mod event;
pub mod html;
pub mod message;
mod pages;
mod provider;

pub use event::SandboxEvent;
pub use pages::router;
pub use provider::Sandbox;

/// The name under which its payments are stored.
pub const NAME: &str = "sandbox";

/// The last digits of the card whose answer gets lost.
pub const LOSES_ANSWER: &str = "0341";
/// For how long an answer that got lost stays lost, in seconds.
const LOST_SECONDS: i64 = 4;

/// Writes a card for people.
fn method(last: &str) -> String {
    format!("Visa •• {last}")
}
