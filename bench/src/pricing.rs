//! Pricing alone: no database, no network, one core.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use wallet::catalog::Preset;
use wallet::money::Credits;
use wallet::tariff::Tariff;

use crate::sample::{Cost, Sample};

/// Prices between two looks at the clock.
const ROUND: u32 = 1_000;

/// Prices a flat, a matrix, a measured and a composite operation in turn, on this thread.
pub fn measure(window: Duration) -> Result<Sample> {
    let calls = [
        call("neuralbox", "gpt-5", json!({}))?,
        call("neuralbox", "dall-e-3", json!({ "size": "1792x1024", "quality": "hd" }))?,
        call("neuralbox", "elevenlabs-v2", json!({ "characters": 1234 }))?,
        call("neuraldraft", "blog_post", json!({ "target_languages": 4 }))?,
    ];
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < window {
        let round = Instant::now();
        for (tariff, params, step) in calls.iter().cycle().take(ROUND as usize) {
            black_box(tariff.price(black_box(params), 1, *step).map_err(|refusal| anyhow::anyhow!("{refusal}"))?);
        }
        times.push(round.elapsed() / ROUND);
    }
    let rounds = f64::from(u32::try_from(times.len())?);
    let elapsed = start.elapsed();
    let mut sample = Sample::new("pricing alone, one core", 1, times, elapsed, Cost::default());
    sample.per_second = rounds * f64::from(ROUND) / elapsed.as_secs_f64();
    sample.cost.bound = "the processor".to_owned();
    Ok(sample)
}

fn call(preset: &str, operation: &str, params: Value) -> Result<(Tariff, Map<String, Value>, Credits)> {
    let preset = Preset::by_name(preset).context("no such preset")?;
    let tariff = preset.tariffs.iter().find(|tariff| tariff.operation == operation).context("no such operation")?;
    let params = params.as_object().cloned().unwrap_or_default();
    Ok((tariff.clone(), params, preset.view.settings.rounding_step))
}
