use serde_json::{Map, Value, json};

use super::*;
use crate::catalog::Interval;
use crate::money::{Credits, Currency};
use crate::tariff::{Buy, LineRequest, PriceBook, Quote, Sum, SumPart};

mod import_errors;

/// Reads a built-in preset, with its warnings.
fn preset(name: &str) -> (Preset, Vec<Warning>) {
    let source = Preset::source_of(name).expect("a built-in name");
    Preset::parse(source).unwrap_or_else(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{name}: {}", lines.join("\n"))
    })
}

fn book(name: &str) -> PriceBook {
    preset(name).0.price_book()
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
    assert_eq!(texts, ["the operation luma-ray2-flash is listed twice with the same price; one row is kept"]);
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
    assert!(rates.windows(2).all(|pair| pair[1].discount_percent(pair[0]) > Some(0)));
    assert_eq!(rates[7].discount_percent(rates[0]), Some(50));
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
    let currencies = row(|view| view.settings.currencies.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    assert_eq!(currencies, ["RUB USD", "RUB", "USD", "USD", "USD"]);
    let dates = row(|view| format!("{:?}", view.settings.billing_dates));
    let (anniversary, calendar) = ("Some(Anniversary)", "Some(CalendarMonth)");
    assert_eq!(dates, ["None", anniversary, "None", anniversary, calendar]);
    let intervals =
        row(|view| view.settings.intervals.iter().map(|interval| interval.code()).collect::<Vec<_>>().join(" "));
    assert_eq!(intervals, ["", "month", "", "month", "month year"]);
    let failure = row(|view| format!("{:?}", view.settings.customer_failure));
    assert_eq!(failure, ["Free", "Free", "Free", "ChargedOnce", "Free"]);
    let credit_back = row(|view| view.settings.customer_credit_back.to_string());
    assert_eq!(credit_back, vec!["false"; 5], "a cost is the platform's to take back");
    let order = row(|view| serde_json::to_string(&view.settings.burn_order).expect("plain data"));
    let classes = r#"{"classes":["allowance","promo","top_up"]}"#;
    assert_eq!(order, [classes, classes, classes, classes, r#""oldest_first""#]);
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
    assert_eq!(book.plans_needed("video_clip", &map(json!({ "tier": "premium" }))), ["build"]);
    assert!(book.plans_needed("video_clip", &Map::new()).is_empty());
}

#[test]
fn a_sum_needs_the_plans_of_the_parts_that_it_takes() {
    let mut book = book("neuraldraft");
    let part = |key: &str, operation: &str| SumPart {
        key: key.to_owned(),
        operation: operation.to_owned(),
        rule: Box::new(book.tariff(operation).expect("in the book").rule.clone()),
    };
    let (clip, image) = (part("clip", "video_clip"), part("picture", "image"));
    let sum = Sum { parts: vec![clip, image], shared: Vec::new(), select: Some("parts".to_owned()) };
    let campaign = |rule: Sum| Tariff {
        operation: "campaign".to_owned(),
        name: "Campaign".to_owned(),
        rule: Rule::Sum(rule),
        ..book.tariff("image").expect("in the book").clone()
    };
    let shared = Sum { shared: vec!["tier".to_owned()], select: None, ..sum.clone() };
    let (chosen, shared) = (campaign(sum), Tariff { operation: "shared".to_owned(), ..campaign(shared) });
    book.tariffs.extend([chosen, shared]);
    assert_eq!(book.problems(), []);
    let needed = |operation: &str, params: Value| book.plans_needed(operation, &map(params)).join(" ");
    assert_eq!(needed("campaign", json!({ "clip.tier": "premium" })), "build");
    assert_eq!(needed("campaign", json!({ "clip.tier": "premium", "parts": ["picture"] })), "", "it takes no clip");
    assert_eq!(needed("campaign", json!({ "clip.tier": "premium", "parts": ["clip"] })), "build");
    assert_eq!(needed("campaign", json!({})), "", "a clip is of the budget tier by default");
    assert_eq!(needed("shared", json!({ "tier": "premium" })), "build");
    let picture = book.tariffs.iter_mut().find(|tariff| tariff.operation == "image").expect("in the book");
    picture.minimum_plan = Some("scale".to_owned());
    let needed = |params: Value| book.plans_needed("campaign", &map(params)).join(" ");
    assert_eq!(needed(json!({ "clip.tier": "premium" })), "build scale");
    assert_eq!(needed(json!({ "parts": ["clip"] })), "");
}

/// What an amount buys, as the price page counts it: `62,500 characters Google Text-to-Speech`.
fn bought(name: &str, amount: &str) -> Vec<String> {
    let shown = |buy: Buy| {
        let counted = buy.counted.map(|counted| format!(" {counted}")).unwrap_or_default();
        if buy.least == buy.most {
            format!("{}{counted} {}", buy.most, buy.operation)
        } else {
            format!("{}–{}{counted} {}", buy.least, buy.most, buy.operation)
        }
    };
    book(name).affordable(amount.parse().expect("an amount"), 10).into_iter().map(shown).collect()
}

#[test]
fn neural_drafts_250_credits_buy_what_its_list_says() {
    let bought = bought("neuraldraft", "250");
    // ~250 chat messages, ~50 text-only social posts, ~7 images, 4 blog posts, ~6 budget clips, 1 website.
    for listed in ["250 chat_message", "5–50 social_post", "7 image", "4 blog_post", "0–6 video_clip", "1 website"]
    {
        assert!(bought.iter().any(|row| row == listed), "{listed}: {bought:?}");
    }
    assert!(bought.iter().all(|row| !row.contains("contact_form")), "what is free is not counted");
}

#[test]
fn one_credit_of_aixplain_buys_all_four_lines_of_its_list() {
    // Its pages have 2000 characters: 50 of them translated, 30 spoken; "up to 40 mins", "up to +16K tokens".
    let expected =
        ["41 aws-transcribe", "100000 characters azure-translate", "62500 characters google-tts", "16666 tokens gpt-4"];
    assert_eq!(bought("aixplain", "1"), expected);
    assert_eq!(
        bought("aixplain", "0.0003"),
        ["30 characters azure-translate", "18 characters google-tts", "5 tokens gpt-4"]
    );
}

#[test]
fn an_amount_buys_something_of_every_category() {
    let rows = book("neuralbox").affordable("1000".parse().expect("an amount"), 10);
    let of = |operation: &str| rows.iter().find(|buy| buy.operation == operation).map(|buy| (buy.least, buy.most));
    assert_eq!(rows.len(), 10);
    assert_eq!(
        (of("gpt-5-nano"), of("photon-flash"), of("whisper")),
        (Some((1_000, 1_000)), Some((1_000, 1_000)), Some((500, 500)))
    );
    assert_eq!(book("neuralbox").affordable(Credits::ZERO, 10), []);
    // A charge is rounded up to whole credits, so half a credit more buys nothing more.
    assert_eq!(bought("neuralinka", "2.5"), bought("neuralinka", "2"));
    assert!(
        bought("neuralinka", "2").contains(&"0–1 gpt-4".replace("gpt-4", "dall-e")),
        "{:?}",
        bought("neuralinka", "2")
    );
}

#[test]
fn every_rule_has_an_example_that_can_be_priced() {
    for name in Preset::NAMES {
        let book = book(name);
        for tariff in &book.tariffs {
            let priced = book.quote(&tariff.operation, &tariff.rule.example(), 1);
            assert!(priced.is_ok(), "{name} {}: {priced:?}", tariff.operation);
        }
    }
    let transcribe = book("aixplain").tariff("speech-translation").expect("in the book").rule.example();
    assert_eq!(
        Value::Object(transcribe),
        json!({
            "transcribe.seconds": 60, "translate.characters": 1_000_000, "speak.characters": 1_000_000,
        })
    );
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
