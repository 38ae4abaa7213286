use serde_json::{Map, Value, json};

use super::*;
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
            if range.min == range.max { format!("{} {}", tariff.operation, range.min) } else {
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
        .map(|plan| format!("{} {}+{} {}", plan.code, plan.monthly_credits, plan.one_time_credits, plan.prices[0].money))
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
