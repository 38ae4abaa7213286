//! Sheets of prices and costs: read back as written, and refused by line and column.

use crate::money::AmountError;
use crate::tariff::editing::csv::*;
use crate::tariff::fixtures;
use crate::tariff::model::price_book::BookStatus;
use crate::tariff::rule::{Axis, Matrix};

fn tariff(operation: &str, rule: Rule) -> Tariff {
    let name = format!("The \"{operation}\", v2");
    Tariff { name, category: Category::Image, unit: "image".to_owned(), ..samples::tariff(operation, rule) }
}

fn flat(text: &str) -> Rule {
    Rule::Flat(Flat { credits: text.parse().expect("an amount") })
}

fn book() -> PriceBook {
    let axis = |param: &str, values: [&str; 2]| Axis {
        param: param.to_owned(),
        values: values.map(str::to_owned).to_vec(),
        default: None,
    };
    let matrix = Matrix {
        axes: vec![axis("size", ["s", "l"]), axis("quality", ["standard", "hd"])],
        cells: ["5", "9", "9", "13"].map(|text| text.parse().expect("an amount")).to_vec(),
    };
    let tariffs = vec![tariff("gpt-5", flat("2")), tariff("dall-e-3", Rule::Matrix(matrix))];
    PriceBook { status: BookStatus::Draft, ..samples::book(tariffs) }
}

fn errors<T: std::fmt::Debug>(result: Result<T, Vec<PlacedImportError>>) -> Vec<String> {
    result.expect_err("mistakes").iter().map(ToString::to_string).collect()
}

#[test]
fn a_csv_file_comes_back_as_the_same_prices() {
    let book = book();
    let sheet = write_prices(&book);
    assert_eq!(sheet.lines().count(), 6);
    assert_eq!(sheet.lines().nth(5), Some("dall-e-3,\"The \"\"dall-e-3\"\", v2\",image,image,,l × hd,13"));
    assert_eq!(read_prices(&sheet, &book), Ok(book.tariffs.clone()));
    let spreadsheet = format!("\u{feff}{}", sheet.replace("\n", "\r\n"));
    assert_eq!(read_prices(&spreadsheet, &book), Ok(book.tariffs));
}

#[test]
fn prices_are_changed_and_flat_operations_added() {
    let book = book();
    let sheet = "operation;option;price;name;category;unit\ngpt-5;;1,5;;;\ndall-e-3;l × hd;12;;;\nsora-2;;140;Sora 2;video;clip\n";
    let tariffs = read_prices(sheet, &book).expect("read");
    assert_eq!(tariffs[0].rule, flat("1.5"));
    assert_eq!(tariffs[1].rule.range().max, Credits::from_whole(12).expect("fits"));
    assert_eq!((tariffs[2].name.as_str(), tariffs[2].category), ("Sora 2", Category::Video));
}

#[test]
fn errors_are_named_by_line_and_column() {
    let book = book();
    let of = |sheet: &str| errors(read_prices(sheet, &book));
    assert_eq!(
        of(""),
        [
            "line 1, column 1: the sheet is empty; expected the columns operation, name, category, unit, supplier, option, price"
        ]
    );
    assert_eq!(
        of("operation,prise\ngpt-5,2"),
        [
            "line 1, column 11: unknown column “prise”; expected operation, name, category, unit, supplier, option, price",
            "line 1, column 1: the column price is missing",
        ]
    );
    assert_eq!(of("operation,price\ngpt-5"), ["line 2, column 1: 1 cells; expected 2"]);
    let wrong = "operation,option,price\ngpt-5,,-2\ndall-e-3,xl × hd,13\nsora-2,,140\ndall-e-3,\"s × hd\",nan\n\ngpt-5,,3\ndall-e-3,s × standard,9999999999";
    assert_eq!(
        of(wrong),
        [
            "line 2, column 8: -2 is negative; expected an amount that is not negative, with at most six decimals: 4 or 0.5",
            "line 3, column 10: dall-e-3 has no option “xl × hd”; expected one of “s × standard”, “s × hd”, “l × standard”, “l × hd”",
            "line 4, column 1: there is no operation “sora-2” in the price book; give its name, category and unit to add it",
            "line 5, column 19: “nan” is not a number; expected an amount that is not negative, with at most six decimals: 4 or 0.5",
            "line 7, column 1: gpt-5 with this option is listed twice",
            "line 8, column 23: 9999999999 is too large; a price is at most 1000000000",
        ]
    );
    assert_eq!(of("operation,price\n\"gpt-5,2"), ["line 2, column 1: this quote is never closed"]);
}

#[test]
fn errors_bring_their_facts() {
    let of = |rows: &str| {
        let sheet = format!("operation,name,category,unit,option,price\n{rows}");
        let errors = read_prices(&sheet, &book()).expect_err("mistakes");
        errors.into_iter().map(|error| error.mistake).collect::<Vec<_>>()
    };
    let found = |text: &str| text.to_owned();
    let categories = ["text", "image", "video", "music", "tts", "stt", "tool", "job"].map(str::to_owned).to_vec();
    assert_eq!(of("Sora,Sora,video,clip,,1"), [ImportError::NotAnOperation { found: found("Sora") }]);
    assert_eq!(of("sora,Sora,video,clip,hd,1"), [ImportError::NewHasOptions]);
    assert_eq!(of("sora,Sora,film,clip,,1"), [ImportError::NotACategory { found: found("film"), known: categories }]);
    let too_precise = ImportError::NotAnAmount { found: found("0.1234567"), why: AmountError::TooPrecise };
    assert_eq!(of("gpt-5,,,,,0.1234567"), [too_precise]);
    assert_eq!(
        of("gpt-5,,,,,-2.50"),
        [ImportError::Negative { found: Credits::from_micros(-2_500_000) }],
        "the amount, however it is written"
    );
    let many = "gpt-5,,,,,1\n".repeat(ROWS_MAX + 1);
    assert_eq!(of(&many), [ImportError::TooManyRows { found: ROWS_MAX + 1, most: ROWS_MAX }]);
}

#[test]
fn a_csv_file_of_prices_drops_no_other_word_silently() {
    let of = |row: &str| {
        let sheet = format!("operation,name,category,unit,supplier,option,price\n{row}\n");
        errors(read_prices(&sheet, &book()))
    };
    let tail = "a sheet changes prices only: change it in the editor, or leave the cell empty";
    for (row, place, told) in [
        ("gpt-5,GPT-5,,,,,2", 7, "the name of gpt-5 is “The \"gpt-5\", v2”, not “GPT-5”"),
        ("gpt-5,,text,,,,2", 8, "the category of gpt-5 is “image”, not “text”"),
        ("gpt-5,,,call,,,2", 9, "the unit of gpt-5 is “image”, not “call”"),
        ("gpt-5,,,,OpenAI,,2", 10, "the supplier of gpt-5 is “”, not “OpenAI”"),
    ] {
        assert_eq!(of(row), [format!("line 2, column {place}: {told}; {tail}")]);
    }
    let new = "sora,Sora,video,clip,,,1\nsora,Sora,video,clip,,hd,2";
    assert_eq!(of(new), ["line 3, column 23: a new operation has one price for all; add options in the editor"]);
}

#[test]
fn an_amount_that_can_be_read_in_two_ways_is_refused() {
    let of = |sheet: &str| read_prices(sheet, &book()).map(|tariffs| tariffs[0].rule.range().max.to_string());
    for sheet in ["operation;price\ngpt-5;1,000\n", "operation,price\ngpt-5,\"12,500\"\n"] {
        let found = of(sheet).expect_err("refused");
        assert!(
            matches!(found.as_slice(), [PlacedImportError { line: 2, mistake: ImportError::Ambiguous { .. }, .. }]),
            "{found:?}"
        );
    }
    for (sheet, price) in [("operation;price\ngpt-5;0,125", "0.125"), ("operation;price\ngpt-5;1000", "1000")] {
        assert_eq!(of(sheet).as_deref(), Ok(price));
    }
}

#[test]
fn a_cell_is_one_line_of_text() {
    for name in ["So\u{0}ra", "\"So\nra\"", "So\u{7}ra"] {
        let sheet = format!("operation,price,name,category,unit\nsora,1,{name},video,clip\n");
        let told =
            "line 2, column 8: this cell holds a control character, such as a line end; a cell is one line of text";
        assert_eq!(errors(read_prices(&sheet, &book())), [told]);
    }
}

#[test]
fn a_large_csv_file_of_large_grids_is_read_at_once() {
    let values = |letter: char, many: usize| (0..many).map(|place| format!("{letter}{place}")).collect();
    let axis =
        |param: &str, letter, many| Axis { param: param.to_owned(), values: values(letter, many), default: None };
    let cells = vec![Credits::ONE; 2_000];
    let grid = Matrix { axes: vec![axis("row", 'r', 100), axis("column", 'c', 20)], cells };
    let name = |place: usize| format!("grid-{place}");
    let tariffs = (0..10).map(|place| tariff(&name(place), Rule::Matrix(grid.clone()))).collect();
    let book = PriceBook { tariffs, ..book() };
    let sheet = write_prices(&book).replace(",1\n", ",2\n");
    assert_eq!(sheet.lines().count(), 20_001);
    let begun = std::time::Instant::now();
    let read = read_prices(&sheet, &book).expect("read");
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert!(read.iter().all(|tariff| tariff.rule.cells().iter().all(|cell| cell.credits.micros() == 2_000_000)));
}

#[test]
fn sourced_costs_name_what_is_wrong_by_line_and_column() {
    let today = "2026-11-21".parse().expect("a day");
    let name = book().tariffs[0].operation.clone();
    let sheet =
        format!("operation;cost;per;currency;source;review_on\n{name};12,5;1000000;USD;\"list, May\";2026-12-01\n");
    let costs = read_sourced_costs(&sheet, &book(), today, 90).expect("read");
    assert_eq!((costs[0].micros, costs[0].per, costs[0].source.as_str()), (12_500_000, 1_000_000, "list, May"));
    assert_eq!(costs[0].review_on.to_string(), "2026-12-01");
    let plain = format!("operation,cost,currency\n{name},1,USD\n");
    let costs = read_sourced_costs(&plain, &book(), today, 90).expect("read");
    assert_eq!((costs[0].per, costs[0].review_on.to_string().as_str()), (1, "2027-02-19"));
    for (row, place, words) in [
        (format!("{name},-1,1,USD,x,"), "line 2", "negative"),
        (format!("{name},NaN,1,USD,x,"), "line 2", "not a number"),
        (format!("{name},1,0,USD,x,"), "line 2", "number of units"),
        (format!("{name},1,1,DOLLAR,x,"), "line 2", "not a currency"),
        (format!("{name},1,1,USD,x,tomorrow"), "line 2", "not a day"),
        (format!("{name},1,1,USD,x,2020-01-01"), "line 2", "is in the past"),
        ("no-such,1,1,USD,x,".to_owned(), "line 2, column 1", "no operation"),
        (format!("{name},1,1,USD,x,\n{name},2,1,USD,x,"), "line 3, column 1", "twice"),
        (String::new(), "line 1", "no costs below it"),
    ] {
        let sheet = format!("operation,cost,per,currency,source,review_on\n{row}\n");
        let errors = read_sourced_costs(&sheet, &book(), today, 90).expect_err("wrong");
        let text = errors[0].to_string();
        assert!(text.starts_with(place) && text.contains(words), "{row}: {text}");
    }
}
