//! Staff make codes, list their batches, and withdraw them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Promos;
use crate::error::{FieldError, Problem, Refusal, Result};
use crate::id::CodeBatchId;
use crate::identity::{self, Actor, NewAudit};
use crate::money::Credits;
use crate::promo::code::RedemptionCode;
use crate::promo::model::{CodeBatchView, MadeCodes, NewCodeBatch};
use crate::promo::repo;

/// The most codes of one batch.
pub const CODES_MAX: u32 = 10_000;
/// The most days that the credits of a code last: ten years.
const GRANT_DAYS_MAX: u16 = 3_650;
/// The most that one code brings.
const CREDITS_MAX: Credits = Credits::from_micros(1_000_000_000_000_000);
/// The most batches of one list.
const LISTED_MAX: i64 = 200;

impl Promos {
    /// Makes a batch of codes, each for one use. They are known at this moment only: what is stored is their hashes.
    ///
    /// # Errors
    /// `Invalid` or `Unprocessable` at `credits`, `count`, `per_account`, `expires`, `grant_days`, `label` or `note`.
    pub async fn make_codes(&self, by: &Actor, new: &NewCodeBatch) -> Result<MadeCodes> {
        let step = self.catalog.view().await?.settings.rounding_step;
        let now = self.db.now();
        let new = NewCodeBatch {
            label: new.label.trim().to_owned(),
            reason: identity::note(&new.reason)?.to_owned(),
            ..new.clone()
        };
        check(&new, step)?;
        if new.expires_at <= now {
            return Err(Refusal::unprocessable("expires", Problem::TooSoon, "Name a day that is to come.").into());
        }
        let codes = random_codes(new.count);
        let hashes: Vec<Vec<u8>> = codes.iter().map(|code| code.hash().to_vec()).collect();
        let id = CodeBatchId::new();
        let audit = audit(by, "codes.made", id, (Value::Null, said(&new)));
        let mut tx = self.db.begin().await?;
        repo::code::insert_batch(&mut tx, id, (&new, by.name()), &hashes, now).await?;
        self.identity.audit_in_tx(&mut tx, &audit).await?;
        tx.commit().await?;
        let codes = codes.iter().map(RedemptionCode::write).collect();
        Ok(MadeCodes { batch: self.code_batch(id).await?, codes })
    }

    /// Lists batches of codes, newest first.
    pub async fn code_batches(&self) -> Result<Vec<CodeBatchView>> {
        repo::code::batches(self.db.pool(), None, LISTED_MAX).await
    }

    /// Shows a batch of codes.
    pub async fn code_batch(&self, id: CodeBatchId) -> Result<CodeBatchView> {
        let found = repo::code::batches(self.db.pool(), Some(id), 1).await?.into_iter().next();
        Ok(found.ok_or_else(|| Refusal::not_found("batch of codes"))?)
    }

    /// Withdraws a batch of codes, or one code of it by its number: it can't be redeemed any more. What was redeemed
    /// stays. A repeat changes nothing.
    ///
    /// # Errors
    /// `NotFound` where there is no such batch or number; `CodeUsed` where the one code was redeemed.
    pub async fn withdraw_codes(
        &self,
        by: &Actor,
        id: CodeBatchId,
        number: Option<u32>,
        note: &str,
    ) -> Result<CodeBatchView> {
        let note = identity::note(note)?;
        let batch = self.code_batch(id).await?;
        let now = self.db.now();
        let mut tx = self.db.begin().await?;
        let is_withdrawn = match number {
            None => repo::code::withdraw_batch(&mut tx, id, by.name(), now).await?,
            Some(number) if (1..=batch.count).contains(&number) => {
                let number = i32::try_from(number).map_err(crate::error::Error::internal)?;
                match repo::code::withdraw_code(&mut tx, (id, number), now).await? {
                    true => true,
                    false if repo::code::is_redeemed(&mut tx, (id, number)).await? => {
                        return Err(Refusal::CodeUsed.into());
                    }
                    false => false,
                }
            }
            Some(_) => return Err(Refusal::not_found("code of this number").into()),
        };
        if is_withdrawn {
            let before = json!({ "codes": batch.count, "redeemed": batch.redeemed });
            let audit = audit(by, "codes.withdrawn", id, (before, json!({ "number": number, "note": note })));
            self.identity.audit_in_tx(&mut tx, &audit).await?;
            tx.commit().await?;
        }
        self.code_batch(id).await
    }
}

/// Makes so many codes, none twice.
fn random_codes(count: u32) -> Vec<RedemptionCode> {
    let mut seen = BTreeSet::new();
    let fresh = std::iter::repeat_with(|| RedemptionCode::of(rand::random())).filter(|code| seen.insert(code.hash()));
    fresh.take(usize::try_from(count).unwrap_or(usize::MAX)).collect()
}

fn check(new: &NewCodeBatch, step: Credits) -> Result<()> {
    let mut wrong = Vec::new();
    let mut refuse = |is_wrong: bool, field: &str, problem: Problem, message: &str| {
        if is_wrong {
            wrong.push(FieldError::new(field, problem, message));
        }
    };
    refuse(!new.credits.is_positive(), "credits", Problem::TooSmall, "Enter an amount above zero.");
    refuse(new.credits > CREDITS_MAX, "credits", Problem::TooLarge, "At most 1000000000 credits a code.");
    refuse(!new.credits.is_in_steps_of(step), "credits", Problem::TooPrecise, "Enter whole steps of the unit.");
    refuse(!(1..=CODES_MAX).contains(&new.count), "count", Problem::TooMany, "From 1 to 10000 codes.");
    let is_limit = (1..=CODES_MAX).contains(&new.per_account);
    refuse(!is_limit, "per_account", Problem::TooSmall, "From 1 to 10000 codes of an account.");
    let lasts = new.grant_days.is_none_or(|days| (1..=GRANT_DAYS_MAX).contains(&days));
    refuse(!lasts, "grant_days", Problem::TooLarge, "From 1 to 3650 days.");
    refuse(new.label.is_empty(), "label", Problem::Required, "Say what people see.");
    if let Err(problem) = identity::check_label(&new.label) {
        refuse(true, "label", problem, "A short text without links and hidden characters.");
    }
    if wrong.is_empty() { Ok(()) } else { Err(Refusal::Unprocessable { fields: wrong }.into()) }
}

fn audit(by: &Actor, action: &str, id: CodeBatchId, (before, after): (Value, Value)) -> NewAudit {
    let (actor, action, subject) = (by.clone(), action.to_owned(), format!("codes {id}"));
    NewAudit { actor, action, subject, before, after }
}

fn said(new: &NewCodeBatch) -> Value {
    json!({
        "label": new.label,
        "credits": new.credits,
        "codes": new.count,
        "per_account": new.per_account,
        "expires_at": new.expires_at,
        "grant_days": new.grant_days,
        "note": new.reason,
    })
}
