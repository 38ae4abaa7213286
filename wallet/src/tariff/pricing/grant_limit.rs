//! What grants may be limited to: what the price book knows.

use crate::error::{Problem, Refusal, Result};
use crate::ledger::GrantLimit;
use crate::tariff::model::category::Category;

use super::service::Tariffs;

impl Tariffs {
    /// Makes a limit for a grant; `None` where nothing is named.
    ///
    /// # Errors
    /// 422 with the field `operations` or `categories`, which names the first one that the price book in force does not
    /// have: such a grant could never be spent.
    pub async fn grant_limit(&self, operations: Vec<String>, categories: Vec<String>) -> Result<Option<GrantLimit>> {
        let Some(limit) = GrantLimit::new(operations, categories)? else { return Ok(None) };
        let book = self.active().await?;
        if let Some(name) = limit.operations().iter().find(|name| book.tariff(name).is_none()) {
            let message = format!("The price book has no operation {name}.");
            return Err(Refusal::unprocessable("operations", Problem::Unknown, message).into());
        }
        let codes = Category::ALL.map(Category::code);
        if let Some(name) = limit.categories().iter().find(|name| !codes.contains(&name.as_str())) {
            let message = format!("There is no category {name}; give one of {}.", codes.join(", "));
            return Err(Refusal::unprocessable("categories", Problem::Unknown, message).into());
        }
        Ok(Some(limit))
    }
}
