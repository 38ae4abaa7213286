//! Pricing alone: no database, no network, one core; measured by criterion.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use criterion::Criterion;
use serde_json::{Map, Value, json};
use wallet::catalog::Preset;
use wallet::money::Credits;
use wallet::tariff::Tariff;

use crate::sample::{Cost, Sample};

/// What is measured, and the name of criterion's folder for it.
const NAME: &str = "pricing alone, one core";
/// How long the processor runs before it counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// Prices a flat, a matrix, a measured and a composite operation in turn, on this thread. Criterion's own files, with
/// a comparison to the run before, stay in the folder.
pub fn measure(window: Duration, folder: &Path) -> Result<Sample> {
    let calls = [
        call("neuralbox", "gpt-5", json!({}))?,
        call("neuralbox", "dall-e-3", json!({ "size": "1792x1024", "quality": "hd" }))?,
        call("neuralbox", "elevenlabs-v2", json!({ "characters": 1234 }))?,
        call("neuraldraft", "blog_post", json!({ "target_languages": 4 }))?,
    ];
    for (tariff, params, step) in &calls {
        tariff.price(params, 1, *step).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    }
    let folder = folder.join("criterion");
    let mut criterion =
        Criterion::default().without_plots().output_directory(&folder).warm_up_time(WARM_UP).measurement_time(window);
    criterion.bench_function(NAME, |bencher| {
        bencher.iter(|| {
            for (tariff, params, step) in &calls {
                let _ = black_box(tariff.price(black_box(params), 1, *step));
            }
        });
    });
    sample(&folder.join(NAME).join("new/sample.json"), calls.len())
}

/// Reads what criterion measured: how often it ran all calls, and how many nanoseconds that took, batch by batch.
fn sample(file: &Path, calls: usize) -> Result<Sample> {
    let text = std::fs::read_to_string(file).with_context(|| format!("criterion left no {}", file.display()))?;
    let measured: Value = serde_json::from_str(&text)?;
    let numbers = |name: &str| -> Result<Vec<f64>> {
        let list = measured.get(name).and_then(Value::as_array).with_context(|| format!("no {name} in {text}"))?;
        Ok(list.iter().filter_map(Value::as_f64).collect())
    };
    let (rounds, nanoseconds) = (numbers("iters")?, numbers("times")?);
    let prices = |rounds: f64| rounds * calls as f64;
    let times =
        rounds.iter().zip(&nanoseconds).map(|(rounds, took)| Duration::from_secs_f64(took / prices(*rounds) / 1e9));
    let (all, took) = (prices(rounds.iter().sum()), nanoseconds.iter().sum::<f64>() / 1e9);
    let mut sample = Sample::new(NAME, 1, times.collect(), Duration::from_secs_f64(took), Cost::default());
    sample.per_second = all / took;
    sample.cost.bound = "the processor".to_owned();
    Ok(sample)
}

fn call(preset: &str, operation: &str, params: Value) -> Result<(Tariff, Map<String, Value>, Credits)> {
    let preset = Preset::by_name(preset).context("no such preset")?;
    let tariff = preset.tariffs.iter().find(|tariff| tariff.operation == operation).context("no such operation")?;
    let params = params.as_object().cloned().unwrap_or_default();
    Ok((tariff.clone(), params, preset.view.settings.rounding_step))
}
