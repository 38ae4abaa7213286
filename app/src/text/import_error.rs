//! Mistakes in a file of prices or costs in the reader's words.

use wallet::error::{Mistake, SheetError};
use wallet::money::AmountError;

use crate::i18n::*;
use crate::text::amount::{count_text, credits_text, reading_text};

/// Says what is wrong in a file, and where. What stands in the file is told as it stands there.
#[must_use]
pub fn mistake_text(locale: Locale, error: &SheetError) -> String {
    let words = words(locale, &error.mistake);
    td_string!(locale, mistake.place, line = error.line, column = error.column, words = words)
}

fn words(locale: Locale, mistake: &Mistake) -> String {
    match mistake.clone() {
        Mistake::Empty { columns } => td_string!(locale, mistake.empty, columns = columns.join(", ")),
        Mistake::UnknownColumn { name, columns } => {
            td_string!(locale, mistake.unknown_column, name = name, columns = columns.join(", "))
        }
        Mistake::MissingColumn { name } => td_string!(locale, mistake.missing_column, name = name),
        Mistake::Cells { found, expected } => {
            td_string!(locale, mistake.cells, count = whole(found), expected = expected)
        }
        Mistake::TooManyRows { found, most } => {
            let (found, most) = (whole(found), count_text(locale, whole(most)));
            td_string!(locale, mistake.too_many_rows, count = found, found = count_text(locale, found), most = most)
        }
        Mistake::UnclosedQuote => td_string!(locale, mistake.unclosed_quote).to_owned(),
        Mistake::ControlCharacter => td_string!(locale, mistake.control_character).to_owned(),
        Mistake::Twice { operation } => td_string!(locale, mistake.twice, operation = operation),
        Mistake::OptionTwice { operation } => td_string!(locale, mistake.option_twice, operation = operation),
        Mistake::NoPrice => td_string!(locale, mistake.no_price, expected = an_amount(locale)),
        Mistake::NotAnAmount { found, why } => not_an_amount(locale, found, why),
        Mistake::Ambiguous { found, readings } => {
            let decimal = reading_text(locale, &readings.decimal);
            td_string!(locale, mistake.ambiguous, found = found, grouped = readings.grouped, decimal = decimal)
        }
        Mistake::Negative { found } => {
            td_string!(locale, mistake.negative, found = found.to_string(), expected = an_amount(locale))
        }
        Mistake::TooLarge { found, max } => {
            td_string!(locale, mistake.too_large, found = found.to_string(), max = credits_text(locale, max))
        }
        Mistake::NoOption { operation, known, .. } if known.iter().all(String::is_empty) => {
            td_string!(locale, mistake.no_options, operation = operation)
        }
        Mistake::NoOption { operation, option, known } => {
            let quoted = |text: String| td_string!(locale, mistake.quoted, text = text);
            let known = known.into_iter().map(quoted).collect::<Vec<_>>().join(", ");
            td_string!(locale, mistake.no_option, operation = operation, option = option, known = known)
        }
        Mistake::NotAnOperation { found } => td_string!(locale, mistake.not_an_operation, found = found),
        Mistake::NoOperation { operation } => td_string!(locale, mistake.no_operation, operation = operation),
        Mistake::NoOperationToAdd { operation } => {
            td_string!(locale, mistake.no_operation_to_add, operation = operation)
        }
        Mistake::OnlyPrices { operation, column, found, known } => {
            td_string!(
                locale,
                mistake.only_prices,
                operation = operation,
                column = column,
                found = found,
                known = known
            )
        }
        Mistake::NotText => td_string!(locale, mistake.not_text).to_owned(),
        Mistake::NewHasOptions => td_string!(locale, mistake.new_has_options).to_owned(),
        Mistake::NotACategory { found, mut known } => {
            let last = known.pop().unwrap_or_default();
            td_string!(locale, mistake.not_a_category, found = found, rest = known.join(", "), last = last)
        }
        Mistake::NotACurrency { found } => td_string!(locale, mistake.not_a_currency, found = found),
        Mistake::NotADay { found } => td_string!(locale, mistake.not_a_day, found = found),
        Mistake::DayOver { found, today } => {
            td_string!(locale, mistake.day_over, found = found, today = today.to_string())
        }
        Mistake::NoCosts => td_string!(locale, mistake.no_costs).to_owned(),
        Mistake::NotUnits { found, max } => {
            td_string!(locale, mistake.not_units, found = found, max = count_text(locale, max))
        }
        Mistake::SourceTooLong { max } => td_string!(locale, mistake.source_too_long, count = whole(max)),
        Mistake::Other(sentence) => sentence,
    }
}

fn not_an_amount(locale: Locale, found: String, why: AmountError) -> String {
    let expected = an_amount(locale);
    match why {
        AmountError::NotANumber => td_string!(locale, mistake.not_a_number, found = found, expected = expected),
        AmountError::TooPrecise => td_string!(locale, mistake.too_precise, found = found, expected = expected),
        AmountError::TooLarge => td_string!(locale, mistake.out_of_range, found = found, expected = expected),
    }
}

fn an_amount(locale: Locale) -> String {
    td_string!(locale, mistake.an_amount).to_owned()
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use wallet::money::Readings;

    use super::*;

    /// What a file says here, or must say in every language.
    const OF_FILES: [&str; 11] =
        ["FOUND", "ONE", "TWO", "THREE", "name", "category", "unit", "USD", "a–z", "CSV", "UTF"];

    /// One mistake of each kind.
    fn each() -> Vec<Mistake> {
        let found = || "FOUND".to_owned();
        let words = || vec!["ONE".to_owned(), "TWO".to_owned(), "THREE".to_owned()];
        let credits = |text: &str| text.parse().expect("an amount");
        let amount = |why| Mistake::NotAnAmount { found: found(), why };
        vec![
            Mistake::Empty { columns: words() },
            Mistake::UnknownColumn { name: found(), columns: words() },
            Mistake::MissingColumn { name: found() },
            Mistake::Cells { found: 3, expected: 2 },
            Mistake::TooManyRows { found: 20_001, most: 20_000 },
            Mistake::UnclosedQuote,
            Mistake::ControlCharacter,
            Mistake::Twice { operation: found() },
            Mistake::OptionTwice { operation: found() },
            Mistake::NoPrice,
            amount(AmountError::NotANumber),
            amount(AmountError::TooPrecise),
            amount(AmountError::TooLarge),
            Mistake::Ambiguous {
                found: found(),
                readings: Readings { grouped: "1000".to_owned(), decimal: "1.00".to_owned() },
            },
            Mistake::Negative { found: credits("-2.5") },
            Mistake::TooLarge { found: credits("9999999999"), max: credits("1000000000") },
            Mistake::NoOption { operation: found(), option: "ONE × TWO".to_owned(), known: words() },
            Mistake::NotAnOperation { found: found() },
            Mistake::NoOperation { operation: found() },
            Mistake::NoOperationToAdd { operation: found() },
            Mistake::OnlyPrices { operation: found(), column: "unit".to_owned(), found: found(), known: found() },
            Mistake::NotText,
            Mistake::NewHasOptions,
            Mistake::NotACategory { found: found(), known: words() },
            Mistake::NotACurrency { found: found() },
            Mistake::NotADay { found: found() },
            Mistake::DayOver { found: found(), today: "2026-11-21".parse().expect("a day") },
            Mistake::NoCosts,
            Mistake::NotUnits { found: found(), max: 1_000_000_000 },
            Mistake::SourceTooLong { max: 200 },
        ]
    }

    fn text(locale: Locale, mistake: Mistake) -> String {
        mistake_text(locale, &SheetError { line: 3, column: 10, mistake })
    }

    #[test]
    fn each_mistake_has_russian_words() {
        for mistake in each() {
            let told = text(Locale::ru, mistake);
            let words = told.strip_prefix("строка 3, столбец 10: ").expect("the place");
            assert!(words.contains(|letter: char| matches!(letter, 'а'..='я' | 'ё')), "{told}");
            let own = OF_FILES.iter().fold(words.to_owned(), |rest, word| rest.replace(word, ""));
            assert!(!own.contains(|letter: char| letter.is_ascii_alphabetic()), "{told}");
            assert!(!own.contains(['“', '”', '"']), "{told}");
        }
    }

    #[test]
    fn english_pages_say_what_callers_of_the_api_read() {
        for mistake in each() {
            let error = SheetError { line: 3, column: 10, mistake };
            // Only the thousands of a page are grouped.
            let plain = |text: String| text.replace(',', "");
            assert_eq!(plain(mistake_text(Locale::en, &error)), plain(error.to_string()));
        }
    }

    #[test]
    fn numbers_bring_the_right_russian_form() {
        let cells = |found| text(Locale::ru, Mistake::Cells { found, expected: 7 });
        assert_eq!(cells(1), "строка 3, столбец 10: в строке 1 ячейка, а нужно 7");
        assert_eq!(cells(3), "строка 3, столбец 10: в строке 3 ячейки, а нужно 7");
        assert_eq!(cells(11), "строка 3, столбец 10: в строке 11 ячеек, а нужно 7");
        let rows = |found| text(Locale::ru, Mistake::TooManyRows { found, most: 20_000 });
        assert_eq!(rows(20_002), "строка 3, столбец 10: в таблице 20\u{a0}002 строки, а можно не больше 20\u{a0}000");
        assert_eq!(text(Locale::en, Mistake::Cells { found: 1, expected: 7 }), "line 3, column 10: 1 cell; expected 7");
    }

    #[test]
    fn an_operation_with_one_price_has_no_options_to_list() {
        let mistake = |known: &str| Mistake::NoOption {
            operation: "gpt-5".to_owned(),
            option: "hd".to_owned(),
            known: vec![known.to_owned()],
        };
        assert_eq!(
            text(Locale::ru, mistake("")),
            "строка 3, столбец 10: у операции gpt-5 одна цена; оставьте option пустым"
        );
        assert_eq!(
            text(Locale::ru, mistake("s × hd")),
            "строка 3, столбец 10: у операции gpt-5 нет варианта «hd»; есть «s × hd»"
        );
    }

    #[test]
    fn a_mistake_in_toml_keeps_its_sentence() {
        let mistake = || Mistake::Other("missing field `price`".to_owned());
        assert_eq!(text(Locale::ru, mistake()), "строка 3, столбец 10: missing field `price`");
    }
}
