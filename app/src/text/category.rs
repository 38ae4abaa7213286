//! Names of categories in a ledger and a price book, and what credits are limited to.

use wallet::ledger::GrantLimit;
use wallet::tariff::Category;

use crate::i18n::*;

/// Names a category.
#[must_use]
pub fn category_name(locale: Locale, category: Category) -> &'static str {
    match category {
        Category::Text => td_string!(locale, ledger.category_text),
        Category::Image => td_string!(locale, ledger.category_image),
        Category::Video => td_string!(locale, ledger.category_video),
        Category::Music => td_string!(locale, ledger.category_music),
        Category::Tts => td_string!(locale, ledger.category_tts),
        Category::Stt => td_string!(locale, ledger.category_stt),
        Category::Tool => td_string!(locale, ledger.category_tool),
        Category::Job => td_string!(locale, ledger.category_job),
    }
}

/// Says what credits pay for: `only for: Image, flux-pro`.
#[must_use]
pub fn limit_text(locale: Locale, limit: &GrantLimit) -> String {
    let category =
        |code: &String| code.parse().map_or_else(|_| code.clone(), |known| category_name(locale, known).into());
    let categories = limit.categories().iter().map(category);
    let list = categories.chain(limit.operations().iter().cloned()).collect::<Vec<String>>().join(", ");
    td_string!(locale, wallet.batch_only, list = list)
}
