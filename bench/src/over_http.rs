//! Charges and quotes over HTTP.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;

use crate::http::{Ask, Server};
use crate::report::Report;
use crate::resource_usage::ResourceUsage;
use crate::sample::milliseconds;
use crate::seed::{self, Payer};
use crate::{Plan, Yardsticks};

/// Charges over HTTP.
pub async fn over_http(
    plan: &Plan,
    url: &str,
    hot: &Payer,
    spread: &[Payer],
    usage: &ResourceUsage,
    yardsticks: &Yardsticks,
    report: &mut Report,
) -> Result<()> {
    let server = Server::start(&plan.server, url, &plan.folder).await?;
    let price = json!({ "operation": seed::OPERATION, "params": seed::params() }).to_string();
    let charge = Ask { body: price, ..Ask::post("/api/v2/charges", 201) };
    let one = Arc::new(vec![hot.key.clone()]);
    let all: Arc<Vec<String>> = Arc::new(spread.iter().map(|payer| payer.key.clone()).collect());
    let name = "POST /api/v2/charges, one hot wallet, 64 connections";
    let hot = report.add(server.load(name, 64, &one, &charge, plan.window, usage).await?);
    let name = "POST /api/v2/charges, many wallets, 256 connections";
    let many = report.add(server.load(name, 256, &all, &charge, plan.window, usage).await?);
    let params = json!({ "params": seed::params() }).to_string();
    let quote = Ask { body: params, ..Ask::post("/api/v2/models/dall-e-3/calculate-price", 200) };
    let name = "POST …/calculate-price, many wallets, 64 connections";
    let quotes = report.add(server.load(name, 64, &all, &quote, plan.window, usage).await?);
    let sixteen = yardsticks.sixteen.as_ref();
    report.ratio("POST /charges, one hot wallet, 64 connections / TPC-B at 16", &hot, sixteen, 4.0, 8.0);
    report.ratio(
        &format!("POST /charges, {} wallets, 256 connections / TPC-B at 16", spread.len()),
        &many,
        sixteen,
        3.0,
        7.0,
    );
    if let Some(sixteen) = sixteen {
        let p99 = hot.p99.as_secs_f64() / sixteen.mean.as_secs_f64();
        report.at_most("p99 of HTTP at 64 connections / TPC-B's average at 16", p99, 3.0, 1.1);
    }
    report.at_most("p99 of a quote over HTTP at 64 connections, ms", milliseconds(quotes.p99), 10.0, 5.0);
    Ok(())
}
