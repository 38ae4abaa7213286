//! Words of the price list: categories, units, options.

use wallet::metered::symbol;
use wallet::money::{Credits, Money};
use wallet::tariff::Rule;
use wallet::tariff::{Category, Tariff};

use crate::i18n::*;
use crate::text::amount::{count_text, exact_text, money_text};

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

/// Says what one price is for: `per image`; what has no word here stands as the book writes it.
pub fn unit_words(locale: Locale, unit: &str) -> String {
    let words = match unit {
        "request" => td_string!(locale, prices.per_request),
        "image" => td_string!(locale, prices.per_image),
        "clip" => td_string!(locale, prices.per_clip),
        "track" => td_string!(locale, prices.per_track),
        "run" => td_string!(locale, prices.per_run),
        "minute" => td_string!(locale, prices.per_minute),
        "second" => td_string!(locale, prices.per_second),
        "message" => td_string!(locale, prices.per_message),
        "edit" => td_string!(locale, prices.per_edit),
        "post" => td_string!(locale, prices.per_post),
        "language" => td_string!(locale, prices.per_language),
        "plan" => td_string!(locale, prices.per_plan),
        "website" => td_string!(locale, prices.per_website),
        "submit" => td_string!(locale, prices.per_submit),
        "call" => td_string!(locale, prices.per_call),
        "job" => td_string!(locale, prices.per_job),
        "page" => td_string!(locale, prices.per_page),
        other => return per_many(locale, other),
    };
    words.to_owned()
}

/// Says what a price is for where it is for many: `per 1,000,000 characters`.
fn per_many(locale: Locale, unit: &str) -> String {
    let counted = unit.split_once(' ').and_then(|(count, what)| Some((count.parse::<i64>().ok()?, what)));
    let unit = match counted {
        Some((count, what)) => format!("{} {}", count_text(locale, count), counted_words(locale, what)),
        None => unit.to_owned(),
    };
    td_string!(locale, prices.per_other, unit = unit)
}

/// Names what a quantity counts, as it stands after a large number; what has no word here stands as the book writes it.
pub fn counted_words(locale: Locale, what: &str) -> String {
    let words = match what {
        "characters" => td_string!(locale, prices.characters),
        "tokens" => td_string!(locale, prices.tokens),
        "seconds" => td_string!(locale, prices.seconds),
        "minutes" => td_string!(locale, prices.minutes),
        "input_tokens" => td_string!(locale, prices.input_tokens),
        "output_tokens" => td_string!(locale, prices.output_tokens),
        "languages" | "target_languages" => td_string!(locale, prices.languages),
        "GB" => td_string!(locale, prices.gigabytes),
        other => return option_words(other),
    };
    words.to_owned()
}

/// Puts a unit's symbol beside a figure: `18.4 GB`; what is counted by the piece stands alone: `7`.
#[must_use]
pub fn with_symbol(locale: Locale, figure: String, unit: &str) -> String {
    match symbol(unit) {
        Some(symbol) => format!("{figure}\u{a0}{}", counted_words(locale, symbol)),
        None => figure,
    }
}

/// Writes the label of a formula's line in the reader's language, as far as the wallet wrote it: `per 1000 characters`,
/// `Minimum`. A label of the price book stands as it is.
pub fn label_words(locale: Locale, label: &str) -> String {
    if label == "Minimum" {
        return td_string!(locale, prices.minimum).to_owned();
    }
    if label == "Carried over from the month before" {
        return td_string!(locale, metered.carried).to_owned();
    }
    if label == "Carried over to the next month" {
        return td_string!(locale, metered.carried_on).to_owned();
    }
    if label == "Rounded up to a whole one" {
        return td_string!(locale, prices.rounded_whole).to_owned();
    }
    if let Some(Ok(step)) = label.strip_prefix("Rounded up to ").map(str::parse) {
        return td_string!(locale, prices.rounded, step = exact_text(locale, step));
    }
    let Some(rest) = label.strip_prefix("per ") else { return label.to_owned() };
    let (quantity, rest) = rest.split_once(", ").map_or((rest, None), |(quantity, rest)| (quantity, Some(rest)));
    let per = match quantity {
        "character" => td_string!(locale, prices.per_character).to_owned(),
        "token" => td_string!(locale, prices.per_token).to_owned(),
        "target_language" => td_string!(locale, prices.per_language).to_owned(),
        other => unit_words(locale, other),
    };
    let from = |rest: &str| match rest.strip_prefix("from ").and_then(|first| first.parse::<i64>().ok()) {
        Some(first) => td_string!(locale, prices.from_unit, first = count_text(locale, first)),
        None => rest.to_owned(),
    };
    rest.map_or_else(|| per.clone(), |rest| format!("{per}, {}", from(rest)))
}

/// Writes the quantity of a formula's line: `2,000 characters`, `3 × 120 seconds`, `4`.
pub fn quantity_words(locale: Locale, quantity: &str) -> String {
    let (times, measured) = quantity.split_once(" × ").map_or((None, quantity), |(times, rest)| (Some(times), rest));
    let decimal =
        |text: &str| text.parse::<Credits>().map_or_else(|_| text.to_owned(), |text| exact_text(locale, text));
    let number = |text: &str| text.parse::<i64>().map_or_else(|_| decimal(text), |number| count_text(locale, number));
    let measured = match measured.split_once(' ') {
        Some((count, what)) if count.parse::<Credits>().is_ok() => {
            format!("{} {}", number(count), counted_words(locale, what))
        }
        _ => number(measured),
    };
    times.map_or_else(|| measured.clone(), |times| format!("{} × {measured}", number(times)))
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
    fn units_and_labels_are_in_the_readers_language() {
        let cases = [
            ("1000000 characters", "per 1,000,000 characters", "за 1\u{a0}000\u{a0}000 знаков"),
            ("1000000 tokens", "per 1,000,000 tokens", "за 1\u{a0}000\u{a0}000 токенов"),
            ("message", "per message", "за сообщение"),
            ("website", "per website", "за сайт"),
            ("stone", "per stone", "за stone"),
        ];
        for (unit, en, ru) in cases {
            assert_eq!((unit_words(Locale::en, unit), unit_words(Locale::ru, unit)), (en.to_owned(), ru.to_owned()));
        }
        let cases = [
            ("Minimum", "Minimum", "Минимум"),
            ("Rounded up to a whole one", "Rounded up to a whole one", "Округление до целого"),
            ("Rounded up to 0.01", "Rounded up to 0.01", "Округление до 0,01"),
            ("per 1000 characters", "per 1,000 characters", "за 1\u{a0}000 знаков"),
            ("per 60 seconds", "per 60 seconds", "за 60 секунд"),
            ("per character", "per character", "за знак"),
            (
                "per 1000 characters, from 10001",
                "per 1,000 characters, from 10,001",
                "за 1\u{a0}000 знаков, с 10\u{a0}001-го",
            ),
            ("Translation", "Translation", "Translation"),
            ("Carried over to the next month", "Carried over to the next month", "Перенесено на следующий месяц"),
            ("1792x1024, hd", "1792x1024, hd", "1792x1024, hd"),
        ];
        for (label, en, ru) in cases {
            assert_eq!(
                (label_words(Locale::en, label), label_words(Locale::ru, label)),
                (en.to_owned(), ru.to_owned())
            );
        }
        assert_eq!(quantity_words(Locale::ru, "3 × 2000 characters"), "3 × 2\u{a0}000 знаков");
        assert_eq!(quantity_words(Locale::en, "1000"), "1,000");
        assert_eq!(quantity_words(Locale::en, "8.4 GB"), "8.4 GB");
        assert_eq!(quantity_words(Locale::ru, "1008.4 GB"), "1\u{a0}008,4 ГБ");
        assert_eq!(quantity_words(Locale::ru, "0.5"), "0,5");
    }

    #[test]
    fn every_unit_and_label_of_the_presets_has_russian_words() {
        use wallet::catalog::Preset;
        let is_russian = |text: &str| !text.contains(|letter: char| letter.is_ascii_alphabetic());
        for name in Preset::NAMES {
            for tariff in Preset::by_name(name).expect("built in").tariffs {
                assert!(is_russian(&unit_words(Locale::ru, &tariff.unit)), "{name}: {}", tariff.unit);
                for (param, _) in tariff.rule.quantities() {
                    let what = param.rsplit('.').next().unwrap_or_default();
                    assert!(is_russian(&counted_words(Locale::ru, what)), "{name}: {param}");
                }
            }
        }
    }

    #[test]
    fn round_prices_lose_their_zeros() {
        let roubles = |minor| Money::from_minor(minor, Currency::RUB);
        assert_eq!(price_text(Locale::en, roubles(499_000)), "₽4,990");
        assert_eq!(price_text(Locale::ru, roubles(499_000)), "4\u{a0}990\u{a0}₽");
        assert_eq!(price_text(Locale::en, roubles(499_050)), "₽4,990.50");
    }
}
