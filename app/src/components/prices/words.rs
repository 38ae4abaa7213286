//! Words of the price list: categories, units, options.

use wallet::money::Money;
use wallet::tariff::rule::Rule;
use wallet::tariff::{Category, Tariff};

use crate::components::amount::money_text;
use crate::i18n::*;

/// Names a category.
pub fn category_name(locale: Locale, category: Category) -> &'static str {
    match category {
        Category::Text => td_string!(locale, prices.cat_text),
        Category::Image => td_string!(locale, prices.cat_image),
        Category::Video => td_string!(locale, prices.cat_video),
        Category::Music => td_string!(locale, prices.cat_music),
        Category::Tts => td_string!(locale, prices.cat_tts),
        Category::Stt => td_string!(locale, prices.cat_stt),
        Category::Tool => td_string!(locale, prices.cat_tool),
        Category::Job => td_string!(locale, prices.cat_job),
    }
}

/// Says what one price is for: `per image`; units that have no word here stand as the book writes them.
pub fn unit_words(locale: Locale, unit: &str) -> String {
    let words = match unit {
        "request" => td_string!(locale, prices.per_request),
        "image" => td_string!(locale, prices.per_image),
        "clip" => td_string!(locale, prices.per_clip),
        "track" => td_string!(locale, prices.per_track),
        "run" => td_string!(locale, prices.per_run),
        "minute" => td_string!(locale, prices.per_minute),
        "1000 characters" => td_string!(locale, prices.per_1000_characters),
        other => return td_string!(locale, prices.per_other, unit = other.to_owned()),
    };
    words.to_owned()
}

/// Says what a price depends on: `by size × quality`.
pub fn depends_words(locale: Locale, tariff: &Tariff) -> Option<String> {
    if !matches!(tariff.rule, Rule::Matrix(_) | Rule::Range(_) | Rule::Composite(_)) {
        return None;
    }
    let params = tariff.rule.params();
    let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
    (!names.is_empty()).then(|| td_string!(locale, prices.by_options, options = names.join(" × ")))
}

/// Writes an option as people do: `1792 × 1024`, `hd`.
pub fn option_words(option: &str) -> String {
    match option.split_once('x') {
        Some((width, height)) if is_number(width) && is_number(height) => format!("{width} × {height}"),
        _ => option.replace('_', " "),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes a price without decimals that are all zero: `₽890`, `$0.05`.
pub fn price_text(locale: Locale, money: Money) -> String {
    let text = money_text(locale, money);
    let zeros = match locale {
        Locale::en => ".00",
        Locale::ru => ",00",
    };
    let is_round = money.currency().exponent() == 2 && money.minor() % 100 == 0;
    if is_round { text.replacen(zeros, "", 1) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wallet::money::Currency;

    #[test]
    fn options_read_as_people_write_them() {
        assert_eq!(option_words("1792x1024"), "1792 × 1024");
        assert_eq!(option_words("hd"), "hd");
        assert_eq!(option_words("extra"), "extra");
        assert_eq!(option_words("very_high"), "very high");
    }

    #[test]
    fn round_prices_lose_their_zeros() {
        let roubles = |minor| Money::from_minor(minor, Currency::RUB);
        assert_eq!(price_text(Locale::en, roubles(499_000)), "₽4,990");
        assert_eq!(price_text(Locale::ru, roubles(499_000)), "4\u{a0}990\u{a0}₽");
        assert_eq!(price_text(Locale::en, roubles(499_050)), "₽4,990.50");
    }
}
