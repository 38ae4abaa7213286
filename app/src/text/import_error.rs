//! Import errors, what is wrong in a file of prices or costs, in the reader's language.

use wallet::error::{ImportError, PlacedImportError};
use wallet::money::AmountError;

use crate::i18n::*;
use crate::text::amount::{count_text, credits_text, reading_text};

/// Says what is wrong in a file, and where. What stands in the file is told as it stands there.
#[must_use]
pub fn import_error_text(locale: Locale, error: &PlacedImportError) -> String {
    let words = words(locale, &error.mistake);
    td_string!(locale, mistake.place, line = error.line, column = error.column, words = words)
}

fn words(locale: Locale, mistake: &ImportError) -> String {
    match mistake.clone() {
        ImportError::Empty { columns } => td_string!(locale, mistake.empty, columns = columns.join(", ")),
        ImportError::UnknownColumn { name, columns } => {
            td_string!(locale, mistake.unknown_column, name = name, columns = columns.join(", "))
        }
        ImportError::MissingColumn { name } => td_string!(locale, mistake.missing_column, name = name),
        ImportError::Cells { found, expected } => {
            td_string!(locale, mistake.cells, count = whole(found), expected = expected)
        }
        ImportError::TooManyRows { found, most } => {
            let (found, most) = (whole(found), count_text(locale, whole(most)));
            td_string!(locale, mistake.too_many_rows, count = found, found = count_text(locale, found), most = most)
        }
        ImportError::UnclosedQuote => td_string!(locale, mistake.unclosed_quote).to_owned(),
        ImportError::ControlCharacter => td_string!(locale, mistake.control_character).to_owned(),
        ImportError::Twice { operation } => td_string!(locale, mistake.twice, operation = operation),
        ImportError::OptionTwice { operation } => td_string!(locale, mistake.option_twice, operation = operation),
        ImportError::NoPrice => td_string!(locale, mistake.no_price, expected = an_amount(locale)),
        ImportError::NotAnAmount { found, why } => not_an_amount(locale, found, why),
        ImportError::Ambiguous { found, readings } => {
            let decimal = reading_text(locale, &readings.decimal);
            td_string!(locale, mistake.ambiguous, found = found, grouped = readings.grouped, decimal = decimal)
        }
        ImportError::Negative { found } => {
            td_string!(locale, mistake.negative, found = found.to_string(), expected = an_amount(locale))
        }
        ImportError::TooLarge { found, max } => {
            td_string!(locale, mistake.too_large, found = found.to_string(), max = credits_text(locale, max))
        }
        ImportError::NoOption { operation, known, .. } if known.iter().all(String::is_empty) => {
            td_string!(locale, mistake.no_options, operation = operation)
        }
        ImportError::NoOption { operation, option, known } => {
            let quoted = |text: String| td_string!(locale, mistake.quoted, text = text);
            let known = known.into_iter().map(quoted).collect::<Vec<_>>().join(", ");
            td_string!(locale, mistake.no_option, operation = operation, option = option, known = known)
        }
        ImportError::NotAnOperation { found } => td_string!(locale, mistake.not_an_operation, found = found),
        ImportError::NoOperation { operation } => td_string!(locale, mistake.no_operation, operation = operation),
        ImportError::NoOperationToAdd { operation } => {
            td_string!(locale, mistake.no_operation_to_add, operation = operation)
        }
        ImportError::OnlyPrices { operation, column, found, known } => {
            td_string!(
                locale,
                mistake.only_prices,
                operation = operation,
                column = column,
                found = found,
                known = known
            )
        }
        ImportError::NotText => td_string!(locale, mistake.not_text).to_owned(),
        ImportError::NewHasOptions => td_string!(locale, mistake.new_has_options).to_owned(),
        ImportError::NotACategory { found, mut known } => {
            let last = known.pop().unwrap_or_default();
            td_string!(locale, mistake.not_a_category, found = found, rest = known.join(", "), last = last)
        }
        ImportError::NotACurrency { found } => td_string!(locale, mistake.not_a_currency, found = found),
        ImportError::NotADay { found } => td_string!(locale, mistake.not_a_day, found = found),
        ImportError::DayOver { found, today } => {
            td_string!(locale, mistake.day_over, found = found, today = today.to_string())
        }
        ImportError::NoCosts => td_string!(locale, mistake.no_costs).to_owned(),
        ImportError::NotUnits { found, max } => {
            td_string!(locale, mistake.not_units, found = found, max = count_text(locale, max))
        }
        ImportError::SourceTooLong { max } => td_string!(locale, mistake.source_too_long, count = whole(max)),
        ImportError::Other(sentence) => sentence,
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
    fn each() -> Vec<ImportError> {
        let found = || "FOUND".to_owned();
        let words = || vec!["ONE".to_owned(), "TWO".to_owned(), "THREE".to_owned()];
        let credits = |text: &str| text.parse().expect("an amount");
        let amount = |why| ImportError::NotAnAmount { found: found(), why };
        vec![
            ImportError::Empty { columns: words() },
            ImportError::UnknownColumn { name: found(), columns: words() },
            ImportError::MissingColumn { name: found() },
            ImportError::Cells { found: 3, expected: 2 },
            ImportError::TooManyRows { found: 20_001, most: 20_000 },
            ImportError::UnclosedQuote,
            ImportError::ControlCharacter,
            ImportError::Twice { operation: found() },
            ImportError::OptionTwice { operation: found() },
            ImportError::NoPrice,
            amount(AmountError::NotANumber),
            amount(AmountError::TooPrecise),
            amount(AmountError::TooLarge),
            ImportError::Ambiguous {
                found: found(),
                readings: Readings { grouped: "1000".to_owned(), decimal: "1.00".to_owned() },
            },
            ImportError::Negative { found: credits("-2.5") },
            ImportError::TooLarge { found: credits("9999999999"), max: credits("1000000000") },
            ImportError::NoOption { operation: found(), option: "ONE × TWO".to_owned(), known: words() },
            ImportError::NotAnOperation { found: found() },
            ImportError::NoOperation { operation: found() },
            ImportError::NoOperationToAdd { operation: found() },
            ImportError::OnlyPrices { operation: found(), column: "unit".to_owned(), found: found(), known: found() },
            ImportError::NotText,
            ImportError::NewHasOptions,
            ImportError::NotACategory { found: found(), known: words() },
            ImportError::NotACurrency { found: found() },
            ImportError::NotADay { found: found() },
            ImportError::DayOver { found: found(), today: "2026-11-21".parse().expect("a day") },
            ImportError::NoCosts,
            ImportError::NotUnits { found: found(), max: 1_000_000_000 },
            ImportError::SourceTooLong { max: 200 },
        ]
    }

    fn text(locale: Locale, mistake: ImportError) -> String {
        import_error_text(locale, &PlacedImportError { line: 3, column: 10, mistake })
    }

    #[test]
    fn each_import_error_has_russian_words() {
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
            let error = PlacedImportError { line: 3, column: 10, mistake };
            // Only the thousands of a page are grouped.
            let plain = |text: String| text.replace(',', "");
            assert_eq!(plain(import_error_text(Locale::en, &error)), plain(error.to_string()));
        }
    }

    #[test]
    fn numbers_bring_the_right_russian_form() {
        let cells = |found| text(Locale::ru, ImportError::Cells { found, expected: 7 });
        assert_eq!(cells(1), "строка 3, столбец 10: в строке 1 ячейка, а нужно 7");
        assert_eq!(cells(3), "строка 3, столбец 10: в строке 3 ячейки, а нужно 7");
        assert_eq!(cells(11), "строка 3, столбец 10: в строке 11 ячеек, а нужно 7");
        let rows = |found| text(Locale::ru, ImportError::TooManyRows { found, most: 20_000 });
        assert_eq!(rows(20_002), "строка 3, столбец 10: в таблице 20\u{a0}002 строки, а можно не больше 20\u{a0}000");
        assert_eq!(
            text(Locale::en, ImportError::Cells { found: 1, expected: 7 }),
            "line 3, column 10: 1 cell; expected 7"
        );
    }

    #[test]
    fn an_operation_with_one_price_has_no_options_to_list() {
        let mistake = |known: &str| ImportError::NoOption {
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
    fn an_error_in_toml_keeps_its_sentence() {
        let mistake = || ImportError::Other("missing field `price`".to_owned());
        assert_eq!(text(Locale::ru, mistake()), "строка 3, столбец 10: missing field `price`");
    }
}
