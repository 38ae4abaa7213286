use serde_json::{Map, Value, json};

use super::*;
use crate::catalog::Interval;
use crate::money::Currency;
use crate::tariff::{BookStatus, LineRequest, PriceBook, Quote};

/// Reads a built-in preset, with its warnings.
fn preset(name: &str) -> (Preset, Vec<Warning>) {
    let source = Preset::source_of(name).expect("a built-in name");
    Preset::parse(source).unwrap_or_else(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{name}: {}", lines.join("\n"))
    })
}

fn book(name: &str) -> PriceBook {
    let preset = preset(name).0;
    PriceBook {
        version: 1,
        status: BookStatus::Active,
        effective_at: None,
        retired_at: None,
        revision: 1,
        rounding_step: preset.view.settings.rounding_step,
        based_on: None,
        created_by: String::new(),
        created_at: chrono::DateTime::UNIX_EPOCH,
        tariffs: preset.tariffs,
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => panic!("an object"),
    }
}

fn quote(book: &PriceBook, operation: &str, params: Value) -> Quote {
    book.quote(operation, &map(params), 1).unwrap_or_else(|refusal| panic!("{operation}: {refusal}"))
}

fn credits(book: &PriceBook, operation: &str, params: Value) -> String {
    quote(book, operation, params).credits.to_string()
}

#[test]
fn neuralbox_has_every_number_of_its_source() {
    let (preset, warnings) = preset("neuralbox");
    let texts: Vec<&str> = warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(texts, ["the operation luma-ray2-flash is here twice with the same price; one row is kept"]);
    let line = preset.source.lines().nth(warnings[0].line - 1);
    assert_eq!(line, Some("code = \"luma-ray2-flash\""), "the warning names the second row's line");
    // 12 text, 12 image, 8 video, 2 music, 6 TTS, 3 STT, 7 tools: the document's tables without the doubled row.
    assert_eq!(preset.tariffs.len(), 50);
    let shown: Vec<String> = preset
        .tariffs
        .iter()
        .map(|tariff| {
            let range = tariff.rule.range();
            if range.min == range.max {
                format!("{} {}", tariff.operation, range.min)
            } else {
                format!("{} {}–{}", tariff.operation, range.min, range.max)
            }
        })
        .collect();
    let expected = "gpt-5-nano 1, claude-haiku-4.5 1, gemini-2.5-flash 1, deepseek-v3 1, grok-4-fast 1, gpt-5 2, \
        deepseek-r1 1, gpt-5.2 4, claude-sonnet-4.5 4, gemini-3-pro 3, claude-opus-4.5 6, gpt-5.2-pro 39, \
        photon-flash 1, dall-e-3 5–13, gpt-image-1.5 1–21, flux-1.1-pro 7, flux-kontext-pro 7, sd-3.5-large 12, \
        midjourney-v6 14, midjourney-turbo 28, recraft-v3 7, photon-1 3, nano-banana-pro 7, nano-banana-pro-2k 27, \
        luma-ray2-flash 42, kling-v2.1 44, kling-v2.1-pro 88, minimax-video 88, luma-ray2 125, luma-ray2-1080p 151, \
        mj-video-480p 84, mj-video-720p 269, musicgen 9, elevenlabs-music 58, minimax-tts 1, openai-tts 3, \
        openai-tts-hd 6, gpt-4o-mini-tts 3, elevenlabs-flash 18, elevenlabs-v2 35, whisper 2, gpt-4o-transcribe 2, \
        elevenlabs-scribe 2, upscale 1, face-swap 1, remove-bg 1, style-transfer 1, colorize 1, inpaint 3, text-ocr 1";
    assert_eq!(shown.join(", "), expected);
    let plans: Vec<String> = preset
        .view
        .plans
        .iter()
        .map(|plan| {
            format!("{} {}+{} {}", plan.code, plan.monthly_credits, plan.one_time_credits, plan.prices[0].money)
        })
        .collect();
    assert_eq!(
        plans.join(", "),
        "starter 0+50 0.00 RUB, basic 300+0 890.00 RUB, pro 700+0 1690.00 RUB, vip 1500+0 2990.00 RUB, \
         elite 3000+0 4990.00 RUB"
    );
    let packages: Vec<String> = preset
        .view
        .packages
        .iter()
        .map(|package| format!("{} {} {}", package.name, package.credits, package.prices[0]))
        .collect();
    assert_eq!(
        packages.join(", "),
        "Start 50 249.00 RUB, Light 100 449.00 RUB, Standard 200 799.00 RUB, Advanced 500 1790.00 RUB, \
         Pro Pack 1000 3290.00 RUB, Business 2000 5990.00 RUB, Premium 5000 13990.00 RUB, Ultra 10000 24990.00 RUB"
    );
}

#[test]
fn neuralbox_prices_a_call_as_its_document_does() {
    let book = book("neuralbox");
    let quote = quote(&book, "dall-e-3", json!({ "size": "1792x1024", "quality": "hd" }));
    let answer = (quote.credits, quote.min, quote.max, quote.pricing_type.as_str());
    assert_eq!(answer, ("13".parse().unwrap(), "5".parse().unwrap(), "13".parse().unwrap(), "matrix"));
    assert_eq!(quote.lines.len(), 1);
    assert_eq!((quote.lines[0].label.as_str(), quote.lines[0].quantity.as_str()), ("1792x1024, hd", "1"));
    assert_eq!(credits(&book, "elevenlabs-v2", json!({})), "35");
    assert_eq!(credits(&book, "elevenlabs-v2", json!({ "characters": 2000 })), "70");
    assert_eq!(credits(&book, "whisper", json!({ "seconds": 61 })), "3", "rounded once, up");
    let batch = book.quote_batch(&[
        LineRequest { operation: "gpt-5".into(), params: Map::new(), count: 3 },
        LineRequest { operation: "dall-e-3".into(), params: Map::new(), count: 2 },
    ]);
    assert_eq!(batch.map(|batch| batch.total.to_string()), Ok("16".to_owned()));
}

#[test]
fn packages_get_cheaper_with_their_size() {
    let view = preset("neuralbox").0.view;
    let rates: Vec<_> = view.packages.iter().filter_map(|package| package.rate(Currency::RUB)).collect();
    assert_eq!(rates.len(), 8);
    assert!(rates.windows(2).all(|pair| pair[1].compare(pair[0]) == Some(std::cmp::Ordering::Less)));
    assert_eq!(view.package_discount_percent(&view.packages[7], Currency::RUB), Some(50));
}

#[test]
fn every_preset_reads_back_from_what_it_writes() {
    for name in Preset::NAMES {
        let (read, _) = preset(name);
        assert_eq!(read.name, name);
        let written = read.write();
        let (again, warnings) = Preset::parse(&written).unwrap_or_else(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{name}: {}\n{written}", lines.join("\n"))
        });
        assert_eq!(warnings, [], "{name}");
        assert_eq!((&again.view, &again.tariffs), (&read.view, &read.tariffs), "{name}");
        assert_eq!(again.write(), written, "{name}");
    }
}

#[test]
fn settings_are_the_table_of_the_design() {
    let row = |pick: fn(&CatalogView) -> String| -> Vec<String> {
        Preset::NAMES.iter().map(|name| pick(&preset(name).0.view)).collect()
    };
    assert_eq!(row(|view| view.settings.unit.code.clone()), ["credits", "tokens", "credits", "credits", "credits"]);
    assert_eq!(row(|view| view.settings.rounding_step.to_string()), ["1", "1", "0.000001", "0.01", "1"]);
    assert_eq!(row(|view| view.settings.key_prefix.clone()), ["nl", "nb", "ax", "nd", "mc"]);
    assert_eq!(row(|view| view.settings.webhook_retry_fee.to_string()), ["0", "0", "0", "0.02", "0"]);
    assert_eq!(
        row(|view| format!("{:?}", view.settings.inactivity_months)),
        ["Some(12)", "None", "None", "None", "None"]
    );
    let expiry = row(|view| format!("{:?} {:?}", view.settings.allowance_expiry, view.settings.top_up_expiry));
    assert_eq!(
        expiry,
        ["Never Never", "PeriodEnd Never", "Never Never", "PeriodEnd NeverWhileActive", "Months(2) Months(2)"]
    );
    let auto = row(|view| {
        let auto = view.settings.auto_top_up;
        format!("{:?} {}", auto.mode, auto.amount.map(|money| money.to_string()).unwrap_or_default())
    });
    assert_eq!(auto, ["Off ", "Off ", "Off ", "OptIn ", "On 10.00 USD"]);
    let top_up = row(|view| format!("{} {}", view.packages.len(), view.settings.top_up.free_amount.is_some()));
    assert_eq!(top_up, ["0 true", "8 false", "0 true", "3 false", "0 true"]);
    let notice = row(|view| format!("{} {} %", view.settings.notice_days, view.settings.low_alert_percent));
    assert_eq!(notice, vec!["30 20 %"; 5]);
}

#[test]
fn neural_draft_prices_its_own_examples() {
    let book = book("neuraldraft");
    assert_eq!(credits(&book, "blog_post", json!({ "target_languages": 4 })), "88");
    assert_eq!(credits(&book, "blog_post", json!({ "target_languages": ["de", "fr", "es", "it"] })), "88");
    let post = quote(&book, "social_post", json!({ "media_type": "image" }));
    assert_eq!(post.credits.to_string(), "37");
    let lines: Vec<String> = post.lines.iter().map(|line| format!("{} {}", line.label, line.credits)).collect();
    assert_eq!(lines, ["Post text 5", "Image for the post 32"]);
    assert_eq!((post.min.to_string(), post.max.to_string()), ("5".to_owned(), "45".to_owned()));
    assert_eq!(credits(&book, "social_post", json!({ "media_type": "video" })), "45");
    assert_eq!(credits(&book, "social_post", json!({})), "5");
    let line = |operation: &str| LineRequest { operation: operation.into(), params: Map::new(), count: 1 };
    let landing = book.quote_batch(&[line("image"), line("website")]).map(|batch| batch.total.to_string());
    assert_eq!(landing, Ok("272".to_owned()));
    assert_eq!(credits(&book, "video_clip", json!({})), "40");
    assert_eq!(credits(&book, "video_clip", json!({ "tier": "premium" })), "300");
    assert_eq!(credits(&book, "newsletter_subscribe", json!({})), "0");
    let video = book.tariff("video_clip").expect("in the book");
    assert_eq!(video.plans_needed(&map(json!({ "tier": "premium" }))), ["build"]);
    assert!(video.plans_needed(&Map::new()).is_empty());
}

#[test]
fn neural_drafts_250_credits_buy_what_its_list_says() {
    let book = book("neuraldraft");
    for (operation, times) in
        [("chat_message", 250), ("social_post", 50), ("image", 7), ("blog_post", 4), ("video_clip", 6), ("website", 1)]
    {
        let price = quote(&book, operation, json!({})).credits.micros();
        assert_eq!(250_000_000 / price, times, "{operation}");
    }
}

#[test]
fn neural_drafts_discounts_are_computed() {
    let view = preset("neuraldraft").0.view;
    let discounts: Vec<Option<i64>> =
        view.plans.iter().map(|plan| view.discount_percent(plan, Interval::Month, Currency::USD)).collect();
    assert_eq!(discounts, [None, Some(0), Some(5), Some(20), None]);
    let rates: Vec<Option<String>> =
        view.packages.iter().map(|package| package.rate(Currency::USD).map(|rate| rate.decimal(6))).collect();
    assert_eq!(rates, vec![Some("0.005".to_owned()); 3]);
}

#[test]
fn one_credit_of_aixplain_does_what_it_says() {
    let book = book("aixplain");
    // 50 pages of 2000 characters, 40 minutes, 16K tokens, 30 pages.
    assert_eq!(credits(&book, "azure-translate", json!({ "characters": 50 * 2_000 })), "1");
    assert_eq!(credits(&book, "aws-transcribe", json!({ "seconds": 40 * 60 })), "0.96");
    assert_eq!(credits(&book, "gpt-4", json!({ "tokens": 16_000 })), "0.96");
    assert_eq!(credits(&book, "google-tts", json!({ "characters": 30 * 2_000 })), "0.96");
    assert_eq!(credits(&book, "azure-translate", json!({ "characters": 1 })), "0.00001");
    assert_eq!(credits(&book, "aws-transcribe", json!({ "seconds": 1 })), "0.0004");
    let params = json!({ "transcribe.seconds": 60, "translate.characters": 1_000, "speak.characters": 1_000 });
    let pipeline = quote(&book, "speech-translation", params);
    assert_eq!(pipeline.credits.to_string(), "0.05", "0.024 + 0.01 + 0.016");
    assert_eq!(pipeline.lines.len(), 3);
    let params = json!({ "models": ["azure-translate", "google-tts"], "characters": 1_000_000 });
    assert_eq!(credits(&book, "benchmark", params), "26", "10 + 16");
}

#[test]
fn neuralinka_stays_within_its_ranges() {
    let book = book("neuralinka");
    assert_eq!(credits(&book, "gpt-4", json!({ "complexity": "simple" })), "1");
    assert_eq!(credits(&book, "gpt-4", json!({ "complexity": "simple", "language": "rare" })), "2", "1.5, rounded up");
    assert_eq!(credits(&book, "gpt-4", json!({ "complexity": "complex", "load": "high" })), "3", "within 1–3");
    assert_eq!(credits(&book, "whisper", json!({ "seconds": 90 })), "2");
    assert_eq!(credits(&book, "elevenlabs", json!({ "characters": 1_000 })), "1");
    assert_eq!(credits(&book, "elevenlabs", json!({ "characters": 3_000, "voice": "premium", "load": "high" })), "6");
    let shown: Vec<String> = book
        .tariffs
        .iter()
        .map(|tariff| tariff.rule.range())
        .map(|range| format!("{}–{}", range.min, range.max))
        .collect();
    assert_eq!(shown, ["1–3", "1–3", "2–5", "2–5", "1–1", "1–1", "1–2", "1–2"]);
}

/// Changes NeuralBox's file in one place and gives what is wrong with it.
fn wrong(from: &str, to: &str) -> Vec<String> {
    let source = Preset::source_of("neuralbox").expect("built in");
    assert!(source.contains(from), "{from:?} is in the file");
    let errors = Preset::parse(&source.replacen(from, to, 1)).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn mistakes_are_named_by_line_and_column() {
    let cases = [
        ("flat = 39", "flat = -39", "column 8: -39 is negative; an amount is 0 or more"),
        ("flat = 39", "flat = 0.5", "column 8: 0.5 is a bare decimal; write it in quotes"),
        ("flat = 39", "flat = nan", "column 8: NaN is a bare decimal"),
        ("flat = 39", "flat = \"9223372036855\"", "column 8: “9223372036855” is too large"),
        ("flat = 39", "flat = 1000000001", "column 8: gpt-5.2-pro.rule.credits: A price can be at most 1000000000"),
        ("flat = 39", "flatt = 39", "column 1: unknown field `flatt`"),
        ("flat = 39", "", "column 8: the operation gpt-5.2-pro has no price; give one of flat, per_unit"),
        ("flat = 39", "flat = 39\nflat = 40", "column 1: duplicate key"),
        ("flat = 39", "flat = 39\nminimum_plan = \"gold\"", "column 16: there is no plan “gold” in this file"),
        (
            "5, 9,    # 1024x1024",
            "5,    # 1024x1024",
            "dall-e-3.rule.cells: Every cell needs a price: 6 cells, 5 prices",
        ),
        ("category = \"music\"", "category = \"noise\"", "column 12: unknown variant `noise`"),
        ("credits = 10000", "credits = 0", "column 11: a package holds more than 0 credits"),
        ("price = { RUB = 24990 }", "price = { USD = 300 }", "column 11: USD is not one of the catalog's currencies"),
        ("price = { RUB = 24990 }", "price = { XYZ = 300 }", "column 11: “XYZ” is not a currency"),
        ("price = { RUB = 24990 }", "price = { RUB = \"1.005\" }", "column 17: too many decimals; RUB has at most 2"),
        ("rank = 4", "rank = 3", "column 8: a rank is 0 or more, and every plan has its own"),
        ("RUB = 0 }", "RUB = 10 }", "column 8: one of the plans must cost nothing"),
        (
            "top_up_expiry = \"never\"",
            "top_up_expiry = \"period_end\"",
            "column 17: bought credits belong to no billing period",
        ),
        ("code = \"gpt-5\"", "code = \"gpt 5\"", "column 8: gpt 5.operation: An operation is 1–64 of a–z"),
    ];
    for (from, to, expected) in cases {
        let errors = wrong(from, to);
        assert!(errors.iter().any(|error| error.contains(expected)), "{to:?}: {errors:?}");
        let line = Preset::source_of("neuralbox").unwrap_or("").split(from).next().unwrap_or("").lines().count();
        let near = |error: &String| {
            let found = error.strip_prefix("line ").and_then(|rest| rest.split(',').next()?.parse::<usize>().ok());
            found.is_some_and(|found| found.abs_diff(line) <= 8)
        };
        assert!(errors.iter().all(near), "{to:?}: line {line}: {errors:?}");
    }
}

#[test]
fn the_doubled_row_with_another_price_is_refused() {
    let source = Preset::source_of("neuralbox").expect("built in");
    let second = source.rfind("flat = 42").expect("the doubled row");
    let (before, after) = source.split_at(second);
    let errors =
        Preset::parse(&format!("{before}{}", after.replacen("flat = 42", "flat = 43", 1))).err().unwrap_or_default();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("luma-ray2-flash is here twice with different prices"), "{}", errors[0]);
}
