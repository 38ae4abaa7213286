//! The price book, as its editor sees it.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use wallet::catalog::{OperationForm, RULE_KINDS, rule_example};
use wallet::tariff::{
    BookStatus, BookSummary, DraftEdit, MarginRow, PriceBook, PriceChange, RuleFields, RunState, Simulation,
    SimulationRun, Tariff, Tariffs,
};

use crate::context::FormOutcome;
use crate::error::AppError;

/// One operation in the editor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditorRow {
    /// As the shown version has it; `None` where the version removes it.
    pub shown: Option<Tariff>,
    /// As the book that it is compared with has it.
    pub now: Option<Tariff>,
    /// What changes, if anything does.
    pub change: Option<PriceChange>,
    /// The shown price beside what it costs us.
    pub margin: Option<MarginRow>,
}

/// One version in the editor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditorPage {
    /// The versions, newest first.
    pub versions: Vec<BookSummary>,
    /// The version shown, without its tariffs: they are in the rows.
    pub book: PriceBook,
    /// The version in force.
    pub active: Option<i32>,
    /// Every operation of the shown version and of the one in force.
    pub rows: Vec<EditorRow>,
    /// The first instant at which a rise may take effect.
    pub first_rise: DateTime<Utc>,
    /// The days of notice.
    pub notice_days: u16,
    /// How many days a simulation rates again.
    pub simulation_days: u16,
    /// The newest edits of a draft, newest first.
    pub edits: Vec<DraftEdit>,
    /// The simulation of the version.
    pub simulation: SimulationState,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
    /// The day when the page was drawn.
    pub today: NaiveDate,
}

impl EditorPage {
    /// Gives the first whole day on which a rise may begin.
    #[must_use]
    pub fn first_day(&self) -> NaiveDate {
        let day = self.first_rise.date_naive();
        if self.first_rise.time() == NaiveTime::MIN { day } else { day.succ_opt().unwrap_or(day) }
    }
}

/// The simulation of one version: on its way, over, or not asked for yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulationState {
    /// The version.
    pub version: i32,
    /// The version's revision now.
    pub revision: i64,
    /// The last one that was asked for.
    pub run: Option<SimulationRun>,
    /// What the last one that came to a good end found.
    pub found: Option<Simulation>,
}

impl SimulationState {
    /// Says whether one is on its way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.state == RunState::Running)
    }
}

/// Gives one version; the draft where there is one, else the one in force, where none is named.
pub async fn load_price_book(version: Option<i32>) -> Result<EditorPage, AppError> {
    let (_, wallet) = crate::current_user::staff()?;
    let tariffs = wallet.tariffs();
    let versions = tariffs.versions().await?;
    let active = tariffs.active().await.ok();
    let version = version.or_else(|| preferred(&versions));
    let version = version.ok_or_else(|| wallet::error::Refusal::not_found("price book"))?;
    let mut book = tariffs.book(version).await?;
    let revision = book.revision;
    let changes = tariffs.diff(version).await?;
    let margins = wallet.catalog().margins_of(&book).await?;
    let rows = rows(&book, active.as_deref(), changes, margins);
    book.tariffs.clear();
    let settings = &wallet.catalog().view().await?.settings;
    Ok(EditorPage {
        versions,
        book,
        active: active.map(|active| active.version),
        rows,
        first_rise: tariffs.first_rise().await?,
        notice_days: settings.notice_days,
        simulation_days: settings.rehearsal_days,
        edits: tariffs.edits(version).await?,
        simulation: simulation(tariffs, version, revision).await?,
        outcome: crate::context::form_outcome().unwrap_or_default(),
        today: wallet.clock().now().date_naive(),
    })
}

/// One operation of a draft, to add or to change whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationPage {
    /// The version.
    pub version: i32,
    /// The revision that an edit answers to.
    pub revision: i64,
    /// Whether the version can be edited.
    pub is_draft: bool,
    /// Whether the draft has the operation already.
    pub is_known: bool,
    /// What is in the fields.
    pub form: OperationForm,
    /// The plans, code and name, from the lowest on.
    pub plans: Vec<(String, String)>,
    /// The operations that a sum may add up, by code.
    pub operations: Vec<String>,
    /// The newest edits of the draft, newest first.
    pub edits: Vec<DraftEdit>,
    /// What became of the form, where the page answers it.
    pub outcome: FormOutcome,
}

/// Gives the form of an operation: one that the version has, by code, or a new one with a rule to start from.
pub async fn load_operation(
    version: i32,
    code: Option<String>,
    rule: Option<String>,
) -> Result<OperationPage, AppError> {
    let (_, wallet) = crate::current_user::staff()?;
    let book = wallet.tariffs().book(version).await?;
    let outcome = crate::context::form_outcome().unwrap_or_default();
    let is_again = outcome.value("kind").is_some();
    let known = match &code {
        Some(code) if !is_again => Some(book.tariff_or_refuse(code)?),
        _ => None,
    };
    let form = if is_again { typed(&outcome) } else { fresh(known, rule.as_deref()) };
    let plans = wallet.catalog().view().await?.plan_names();
    Ok(OperationPage {
        version,
        revision: shown_revision(&outcome, book.revision),
        is_draft: book.status == wallet::tariff::BookStatus::Draft,
        is_known: known.is_some() || outcome.value("replaces").as_deref() == Some("yes"),
        operations: book
            .tariffs
            .iter()
            .map(|tariff| tariff.operation.clone())
            .filter(|code| *code != form.operation)
            .collect(),
        form,
        plans,
        edits: wallet.tariffs().edits(version).await?,
        outcome,
    })
}

/// The revision that a form answers to: the one that it was typed for, until somebody is told that there is a newer one.
fn shown_revision(outcome: &FormOutcome, now: i64) -> i64 {
    let is_told = outcome.notice.as_deref() == Some("version_conflict");
    let typed_for = outcome.value("revision").and_then(|revision| revision.parse().ok());
    typed_for.filter(|_| !is_told).unwrap_or(now)
}

/// The simulation of a version that is at a revision.
async fn simulation(tariffs: &Tariffs, version: i32, revision: i64) -> Result<SimulationState, AppError> {
    // In this order: one that ends in between is shown as running once more, never as over without its figures.
    let run = tariffs.simulation_run(version).await?;
    let found = tariffs.simulation(version).await?;
    Ok(SimulationState { version, revision, run, found })
}

/// What was typed into the form of an operation.
fn typed(outcome: &FormOutcome) -> OperationForm {
    let take = |name: &str| outcome.values.get(name).cloned().unwrap_or_default();
    OperationForm {
        operation: take("operation"),
        name: take("name"),
        category: take("category"),
        unit: take("unit"),
        supplier: take("supplier"),
        minimum_plan: take("minimum_plan"),
        gates: take("gates"),
        kind: take("kind"),
        rule: take("rule"),
        fields: (take("as") == "sheet").then(|| RuleFields::typed(&take("kind"), &outcome.values)),
    }
}

/// The form of an operation as it is, or with another rule to start from.
fn fresh(known: Option<&Tariff>, rule: Option<&str>) -> OperationForm {
    let form = known.map(OperationForm::from).unwrap_or_default();
    let wanted = rule.filter(|rule| RULE_KINDS.contains(rule) && *rule != form.kind);
    let form = match wanted.or_else(|| known.is_none().then_some("flat")) {
        Some(kind) => OperationForm { kind: kind.to_owned(), rule: rule_example(kind).to_owned(), ..form },
        None => form,
    };
    // What is in a price book, and what is an example, can be read.
    form.clone().into_fields().unwrap_or(form)
}

/// The draft where there is one, else the book in force.
fn preferred(versions: &[BookSummary]) -> Option<i32> {
    let with = |status: BookStatus| versions.iter().find(|book| book.status == status);
    [BookStatus::Draft, BookStatus::Active, BookStatus::Scheduled]
        .into_iter()
        .find_map(with)
        .or_else(|| versions.first())
        .map(|book| book.version)
}

/// Puts the shown version beside the one in force; removed operations come last.
fn rows(
    book: &PriceBook,
    active: Option<&PriceBook>,
    changes: Vec<PriceChange>,
    margins: Vec<MarginRow>,
) -> Vec<EditorRow> {
    let is_open = matches!(book.status, BookStatus::Draft | BookStatus::Scheduled);
    let before = active.filter(|_| is_open);
    let change = |operation: &str| changes.iter().find(|change| change.operation == operation).cloned();
    let mut rows: Vec<EditorRow> = book
        .tariffs
        .iter()
        .zip(margins)
        .map(|(tariff, margin)| EditorRow {
            shown: Some(tariff.clone()),
            now: before.and_then(|before| before.tariff(&tariff.operation)).cloned(),
            change: change(&tariff.operation).filter(|_| is_open),
            margin: Some(margin),
        })
        .collect();
    let removed = before.into_iter().flat_map(|before| &before.tariffs);
    let removed = removed.filter(|tariff| book.tariff(&tariff.operation).is_none());
    rows.extend(removed.map(|tariff| EditorRow {
        shown: None,
        now: Some(tariff.clone()),
        change: change(&tariff.operation),
        margin: None,
    }));
    rows
}
