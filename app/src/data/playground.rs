//! The playground of the demo: real requests against the person's own wallet, without curl. The demo acts in the
//! platform's place here, as its backend would with a service key.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::Wallet;
use wallet::catalog::CatalogView;
use wallet::error::Refusal;
use wallet::id::WalletId;
use wallet::ledger::{BalanceView, EntryKind, EntryView, HoldState};
use wallet::money::Credits;
use wallet::tariff::{Category, ParamKind, ParamSpec, PriceBook, Quote, Tariff, params_of_form};

use crate::error::AppError;

/// One kind of request to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The operation.
    pub tariff: Tariff,
    /// What stands in the form.
    pub params: BTreeMap<String, String>,
    /// What the rule takes.
    pub specs: Vec<ParamSpec>,
    /// How many calls.
    pub count: i64,
    /// The price with those params.
    pub quote: Option<Quote>,
    /// Whether the plan of this account may call it.
    pub is_allowed: bool,
    /// Makes a second submit show the same row.
    pub idempotency_key: Uuid,
}

/// Everything that the playground shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playground {
    /// One trial for every kind of operation.
    pub trials: Vec<Trial>,
    /// An operation that costs more than the wallet has: it is refused.
    pub refused: Option<Trial>,
    /// Holds that wait to be taken or given back.
    pub holds: Vec<EntryView>,
    /// The newest rows.
    pub entries: Vec<EntryView>,
    /// The day that it is for the account.
    pub today: NaiveDate,
    /// The balance.
    pub balance: BalanceView,
    /// The version of the price book.
    pub version: i32,
}

/// Gives the playground; "not found" where the demo is off.
pub async fn load_playground(asked: Option<TrialRequest>) -> Result<Playground, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    must_be_demo()?;
    let book = wallet.tariffs().active().await?;
    let balance = wallet.balance(viewer.wallet).await?;
    let entries = wallet.ledger().entries(viewer.wallet, &Default::default(), Default::default()).await?.entries;
    let catalog = wallet.catalog().view().await?;
    let cards = Cards { book: &book, catalog: &catalog, asked };
    let trials = cards.trials(viewer.plan.rank);
    let refused = cards.dearest(balance.available);
    let holds = open_holds(&wallet, viewer.wallet, &entries).await?;
    let entries = entries.into_iter().take(8).collect();
    let today = crate::current_user::today(&viewer, &wallet);
    Ok(Playground { trials, refused, holds, entries, today, balance, version: book.version })
}

/// The card that is asked for, with its options as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRequest {
    /// The operation.
    pub operation: String,
    /// Its params, as typed.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
}

/// The operations to show first, where the price book has them; else the first of their category.
const FAVOURITES: [(Category, &str); 8] = [
    (Category::Text, "gpt-5.2"),
    (Category::Image, "dall-e-3"),
    (Category::Video, "luma-ray2-flash"),
    (Category::Music, "suno-v4"),
    (Category::Tts, "elevenlabs-v2"),
    (Category::Stt, "whisper"),
    (Category::Tool, ""),
    (Category::Job, ""),
];

fn must_be_demo() -> Result<(), AppError> {
    if crate::current_user::settings()?.demo { Ok(()) } else { Err(Refusal::not_found("page").into()) }
}

/// What the cards are made of.
struct Cards<'b> {
    book: &'b PriceBook,
    catalog: &'b CatalogView,
    asked: Option<TrialRequest>,
}

impl Cards<'_> {
    /// Picks one operation for every category.
    fn trials(&self, rank: i32) -> Vec<Trial> {
        let pick = |(category, favourite): (Category, &str)| {
            let of_category = || self.book.tariffs.iter().filter(move |tariff| tariff.category == category);
            of_category().find(|tariff| tariff.operation == favourite).or_else(|| of_category().next())
        };
        FAVOURITES.into_iter().filter_map(pick).map(|tariff| self.trial(tariff, rank, 1)).collect()
    }

    /// Finds something that the wallet can't pay: the dearest operation, often enough.
    fn dearest(&self, available: Credits) -> Option<Trial> {
        let tariff = self.book.tariffs.iter().max_by_key(|tariff| tariff.rule.range().min)?;
        let price = tariff.rule.range().min.micros().max(1);
        let count = available.micros().max(0).checked_div(price)?.checked_add(1)?.min(wallet::tariff::COUNT_MAX);
        Some(self.trial(tariff, i32::MAX, count))
    }

    /// Makes the card of an operation: with the options that are asked for, else with its first ones.
    fn trial(&self, tariff: &Tariff, rank: i32, count: i64) -> Trial {
        let specs = tariff.rule.params();
        let asked = self.asked.as_ref().filter(|asked| asked.operation == tariff.operation);
        let first = |kind: &ParamKind| match kind {
            ParamKind::Choice(values) => values.first().cloned().unwrap_or_default(),
            ParamKind::Choices(values) => values.join(","),
            ParamKind::Integer { min, max, .. } => 1000.clamp(*min, *max).to_string(),
        };
        let option = |spec: &ParamSpec| {
            let asked = asked.and_then(|asked| asked.params.get(&spec.name).cloned());
            asked.or_else(|| spec.default.clone()).unwrap_or_else(|| first(&spec.kind))
        };
        let params: BTreeMap<String, String> = specs.iter().map(|spec| (spec.name.clone(), option(spec))).collect();
        let values = params_of_form(&specs, |name| params.get(name).map(String::as_str));
        let quote = self.book.quote(&tariff.operation, &values, count).ok();
        let rank_of = |plan: &str| self.catalog.plan(plan).map_or(i32::MAX, |plan| plan.rank);
        let needed = self.book.plans_needed(&tariff.operation, &values);
        let is_allowed = needed.into_iter().all(|plan| rank_of(plan) <= rank);
        let mut tariff = tariff.clone();
        // What we pay is nobody else's business.
        tariff.upstream_cost = None;
        Trial { tariff, params, specs, count, quote, is_allowed, idempotency_key: Uuid::now_v7() }
    }
}

/// Finds the holds among the newest rows that are still open.
async fn open_holds(wallet: &Wallet, id: WalletId, entries: &[EntryView]) -> Result<Vec<EntryView>, AppError> {
    let finished: Vec<i64> = entries.iter().filter_map(|row| row.refers_to).collect();
    let mut open = Vec::new();
    for row in entries.iter().filter(|row| row.kind == EntryKind::Hold && !finished.contains(&row.seq)).take(3) {
        if wallet.ledger().hold(id, row.seq).await?.state == HoldState::Open {
            open.push(row.clone());
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wallet::catalog::Preset;

    #[test]
    fn what_is_asked_for_stands_in_the_cards_of_its_operation_with_its_price() {
        let preset = Preset::by_name("neuralbox").expect("built in");
        let (book, catalog) = (preset.price_book(), preset.view);
        let hd = [("size", "1792x1024"), ("quality", "hd")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let asked = TrialRequest { operation: "dall-e-3".to_owned(), params: hd.clone().into() };
        let cards = Cards { book: &book, catalog: &catalog, asked: Some(asked) };
        let tariff = book.tariff("dall-e-3").expect("in the book");
        // Its own card, and the one that asks for more than there is.
        for count in [1, 7] {
            let card = cards.trial(tariff, i32::MAX, count);
            assert_eq!(card.params, hd.clone().into());
            let price = card.quote.map(|quote| quote.credits);
            assert_eq!((card.count, price), (count, Credits::from_whole(13 * count)));
        }
        let other = cards.trials(i32::MAX).into_iter().find(|card| card.tariff.operation == "gpt-5.2").expect("a card");
        assert_eq!(other.params, Cards { asked: None, ..cards }.trial(&other.tariff, i32::MAX, 1).params);
    }
}
