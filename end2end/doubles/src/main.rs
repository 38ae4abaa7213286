//! `doubles --port P`: serves the stand-ins and prints their address.

use std::io::Write;

use anyhow::{Context, Result, bail};
use doubles::{Options, listen, serve};

const HELP: &str = "\
Stand-ins of Stripe and YooKassa for tests, on loopback only.
  --port PORT              0, which is meant when none is given, takes any free port; the address is printed
  --requests FILE          write each request as a line of JSON
  --stripe-webhook URL     where Stripe's events go besides the endpoints made by the API
  --stripe-secret SECRET   what signs them: whsec_...
  --yookassa-webhook URL   where YooKassa's notifications go";

#[tokio::main]
async fn main() -> Result<()> {
    let Some(options) = options(std::env::args().skip(1))? else {
        println!("{HELP}");
        return Ok(());
    };
    let listener = listen(options.port).await.with_context(|| format!("port {} is taken", options.port))?;
    println!("http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    serve(listener, &options).await
}

/// The options, or none when help is asked for.
fn options(mut args: impl Iterator<Item = String>) -> Result<Option<Options>> {
    let mut options = Options::default();
    while let Some(name) = args.next() {
        if matches!(name.as_str(), "--help" | "-h") {
            return Ok(None);
        }
        let value = args.next().with_context(|| format!("{name} needs a value\n{HELP}"))?;
        match name.as_str() {
            "--port" => options.port = value.parse().with_context(|| format!("not a port: {value}"))?,
            "--requests" => options.requests = Some(value.into()),
            "--stripe-webhook" => options.stripe_webhook = Some(value),
            "--stripe-secret" => options.stripe_secret = Some(value),
            "--yookassa-webhook" => options.yookassa_webhook = Some(value),
            other => bail!("no such option: {other}\n{HELP}"),
        }
    }
    if options.stripe_webhook.is_some() && options.stripe_secret.is_none() {
        bail!("--stripe-webhook needs --stripe-secret: events are signed");
    }
    Ok(Some(options))
}
