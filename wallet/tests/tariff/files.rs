//! Prices as files: in whole or not at all, mistakes named by their place.

use sqlx::PgPool;
use wallet::catalog::PriceFormat;
use wallet::error::{FieldError, Problem, Refusal};
use wallet::tariff::Direction;

use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn files_change_a_draft_whole_or_not_at_all(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (catalog, admin) = (wallet.catalog(), staff());
    let book = wallet.tariffs().create_draft(&admin).await.expect("a draft");
    let csv = catalog.export_prices(2, PriceFormat::Csv).await.expect("a sheet");
    let cheaper = csv.replace(",request,OpenAI,,39", ",request,OpenAI,,32");
    let imported = catalog.import_prices(&admin, 2, book.revision, PriceFormat::Csv, &cheaper).await;
    let (book, _) = imported.expect("imported");
    let diff = wallet.tariffs().diff(2).await.expect("a diff");
    assert_eq!(diff.len(), 1, "{diff:?}");
    assert_eq!((diff[0].operation.as_str(), diff[0].direction), ("gpt-5.2-pro", Direction::Drop));
    let toml = catalog.export_prices(2, PriceFormat::Toml).await.expect("a file");
    let broken = format!("{}\n[[operation]]\ncode = \"x\"\n", toml.replacen("flat = 32", "flat = 1", 1));
    let refused = catalog.import_prices(&admin, 2, book.revision, PriceFormat::Toml, &broken).await;
    assert_eq!(field(refused), ("file".into(), Problem::Malformed));
    let same = wallet.tariffs().book(2).await.expect("the draft");
    assert_eq!(same, book, "nothing of a wrong file is used");
    let imported = catalog.import_prices(&admin, 2, book.revision, PriceFormat::Toml, &toml).await;
    let (book, warnings) = imported.expect("imported");
    assert_eq!(warnings, []);
    assert_eq!(book.tariffs, same.tariffs);
    assert_eq!(wallet.tariffs().diff(2).await.expect("a diff"), diff);
}

#[sqlx::test(migrations = "../migrations")]
async fn every_error_of_a_file_is_named_by_its_place(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (catalog, admin) = (wallet.catalog(), staff());
    let book = wallet.tariffs().create_draft(&admin).await.expect("a draft");
    let csv = "operation,option,price\ngpt-5,,-1\ngpt-5.2,,NaN\ngpt-5.2-pro,,99999999999999\n\
               dall-e-3,1792x1024 × hd,\ngpt-99,,5\ndeepseek-r1,,3\ndeepseek-r1,,3\n";
    let refused = refusal(catalog.import_prices(&admin, 2, book.revision, PriceFormat::Csv, csv).await);
    let Refusal::Unprocessable { fields } = refused else { panic!("{refused:?}") };
    let told: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
    let expected = [
        ("line 2, column 8: ", "negative"),
        ("line 3, column 10: ", "not a number"),
        ("line 4, column 14: ", "too large"),
        ("line 5, column 25: ", "is empty"),
        ("line 6, column 1: ", "no operation “gpt-99”"),
        ("line 8, column 1: ", "twice"),
    ];
    for (told, (place, what)) in told.iter().zip(expected) {
        assert!(told.starts_with(place) && told.contains(what), "{told}");
    }
    assert_eq!(told.len(), expected.len(), "{told:?}");
    let facts = |field: &FieldError| field.mistake.as_ref().is_some_and(|facts| facts.to_string() == field.message);
    assert!(fields.iter().all(facts), "{fields:?}");
    let head =
        |code: &str| format!("[[operation]]\ncode = \"{code}\"\nname = \"X\"\ncategory = \"text\"\nunit = \"call\"\n");
    let toml = format!("{}flat = -1\n\n{}flat = nan\n\n{}price = 3\n", head("a"), head("b"), head("c"));
    let refused = refusal(catalog.import_prices(&admin, 2, book.revision, PriceFormat::Toml, &toml).await);
    let Refusal::Unprocessable { fields } = refused else { panic!("{refused:?}") };
    let lines: Vec<&str> = fields.iter().map(|field| field.message.split(',').next().unwrap_or_default()).collect();
    assert_eq!(lines, ["line 6", "line 13", "line 20"], "{fields:?}");
    let places: Vec<_> = fields.iter().filter_map(|field| field.mistake.as_ref().map(|told| told.line)).collect();
    assert_eq!(places, [6, 13, 20], "{fields:?}");
    assert_eq!(wallet.tariffs().book(2).await.expect("the draft"), book, "nothing changed");
}
