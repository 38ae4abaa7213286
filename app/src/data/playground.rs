//! The playground of the demo: real requests against the person's own wallet, without curl. The demo acts in the
//! platform's place here, as its backend would with a service key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::ledger::{BalanceView, EntryView};
use wallet::money::Credits;
use wallet::tariff::{ParamSpec, Quote, Tariff};

use crate::error::AppError;

/// One kind of request to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The operation with its rule: the browser prices with the same code as the server.
    pub tariff: Tariff,
    /// The params that the form begins with.
    pub params: BTreeMap<String, String>,
    /// What the rule takes.
    pub specs: Vec<ParamSpec>,
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
    /// The balance.
    pub balance: BalanceView,
    /// The price book's rounding step.
    pub step: Credits,
    /// The version of the price book.
    pub version: i32,
}

/// Gives the playground; "not found" where the demo is off.
pub async fn load_playground(asked: Option<TrialRequest>) -> Result<Playground, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    ssr::must_be_demo()?;
    let book = wallet.tariffs().active().await?;
    let balance = wallet.balance(viewer.wallet).await?;
    let entries = wallet.ledger().entries(viewer.wallet, &Default::default(), Default::default()).await?.entries;
    let catalog = wallet.catalog().view().await?;
    let mut trials = ssr::trials(&book, &catalog, viewer.plan.rank);
    if let Some(asked) = asked {
        ssr::ask(&book, &catalog, viewer.plan.rank, &asked, &mut trials);
    }
    let refused = ssr::dearest(&book, &catalog, balance.available);
    let holds = ssr::open_holds(&wallet, viewer.wallet, &entries).await?;
    let entries = entries.into_iter().take(8).collect();
    Ok(Playground { trials, refused, holds, entries, balance, step: book.rounding_step, version: book.version })
}

/// The card that is asked for, with its options as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRequest {
    /// The operation.
    pub operation: String,
    /// Its params, as typed.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// How many calls.
    #[serde(default)]
    pub count: Option<i64>,
}

mod ssr {
    use std::collections::BTreeMap;

    use uuid::Uuid;
    use wallet::Wallet;
    use wallet::catalog::CatalogView;
    use wallet::error::Refusal;
    use wallet::id::WalletId;
    use wallet::ledger::{EntryKind, EntryView, HoldState};
    use wallet::money::Credits;
    use wallet::tariff::{Category, ParamKind, PriceBook, Tariff, params_of_form};

    use super::{Trial, TrialRequest};
    use crate::error::AppError;

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

    pub fn must_be_demo() -> Result<(), AppError> {
        if crate::current_user::settings()?.demo { Ok(()) } else { Err(Refusal::not_found("page").into()) }
    }

    /// Picks one operation for every category.
    pub fn trials(book: &PriceBook, catalog: &CatalogView, rank: i32) -> Vec<Trial> {
        let pick = |(category, favourite): (Category, &str)| {
            let of_category = || book.tariffs.iter().filter(move |tariff| tariff.category == category);
            of_category().find(|tariff| tariff.operation == favourite).or_else(|| of_category().next())
        };
        FAVOURITES.into_iter().filter_map(pick).map(|tariff| trial(book, catalog, tariff, rank, 1)).collect()
    }

    /// Finds something that the wallet can't pay: the dearest operation, often enough.
    pub fn dearest(book: &PriceBook, catalog: &CatalogView, available: Credits) -> Option<Trial> {
        let tariff = book.tariffs.iter().max_by_key(|tariff| tariff.rule.range().min)?;
        let price = tariff.rule.range().min.micros().max(1);
        let count = available.micros().max(0).checked_div(price)?.checked_add(1)?.min(wallet::tariff::COUNT_MAX);
        Some(trial(book, catalog, tariff, i32::MAX, count))
    }

    /// Shows what the address asks for in its card.
    pub fn ask(book: &PriceBook, catalog: &CatalogView, rank: i32, asked: &TrialRequest, trials: &mut [Trial]) {
        let Some(trial) = trials.iter_mut().find(|trial| trial.tariff.operation == asked.operation) else { return };
        let values = params_of_form(&trial.specs, |name| asked.params.get(name).map(String::as_str));
        trial.quote = book.quote(&asked.operation, &values, asked.count.unwrap_or(1)).ok();
        trial.is_allowed = is_allowed(book, catalog, &asked.operation, &values, rank);
        for (name, value) in &mut trial.params {
            if let Some(typed) = asked.params.get(name) {
                value.clone_from(typed);
            }
        }
    }

    fn is_allowed(
        book: &PriceBook,
        catalog: &CatalogView,
        operation: &str,
        values: &serde_json::Map<String, serde_json::Value>,
        rank: i32,
    ) -> bool {
        let rank_of = |plan: &str| catalog.plan(plan).map_or(i32::MAX, |plan| plan.rank);
        book.plans_needed(operation, values).into_iter().all(|plan| rank_of(plan) <= rank)
    }

    fn trial(book: &PriceBook, catalog: &CatalogView, tariff: &Tariff, rank: i32, count: i64) -> Trial {
        let specs = tariff.rule.params();
        let first = |kind: &ParamKind| match kind {
            ParamKind::Choice(values) => values.first().cloned().unwrap_or_default(),
            ParamKind::Choices(values) => values.join(","),
            ParamKind::Integer { min, max, .. } => 1000.clamp(*min, *max).to_string(),
        };
        let params: BTreeMap<String, String> = specs
            .iter()
            .map(|spec| (spec.name.clone(), spec.default.clone().unwrap_or_else(|| first(&spec.kind))))
            .collect();
        let values = params_of_form(&specs, |name| params.get(name).map(String::as_str));
        let quote = book.quote(&tariff.operation, &values, count).ok();
        let is_allowed = is_allowed(book, catalog, &tariff.operation, &values, rank);
        let mut tariff = tariff.clone();
        // What we pay is nobody else's business.
        tariff.upstream_cost = None;
        Trial { tariff, params, specs, quote, is_allowed, idempotency_key: Uuid::now_v7() }
    }

    /// Finds the holds among the newest rows that are still open.
    pub async fn open_holds(wallet: &Wallet, id: WalletId, entries: &[EntryView]) -> Result<Vec<EntryView>, AppError> {
        let finished: Vec<i64> = entries.iter().filter_map(|row| row.refers_to).collect();
        let mut open = Vec::new();
        for row in entries.iter().filter(|row| row.kind == EntryKind::Hold && !finished.contains(&row.seq)).take(3) {
            if wallet.ledger().hold(id, row.seq).await?.state == HoldState::Open {
                open.push(row.clone());
            }
        }
        Ok(open)
    }
}
