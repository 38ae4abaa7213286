//! Logs: one line an event, to stderr, without secrets or personal data.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};

/// Never logged, whatever the settings say: Stripe's crates write the paths of their calls, which name payment pages,
/// and a line for each declined card. What is worth a line is written where it is handled.
const SILENT: &str = "stripe=off";

/// Chooses what is logged: what the setting says, less what is never logged.
pub fn filter(log: &str) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(log)
        .map_err(|_| anyhow::anyhow!("SCRIP_LOG is not understood: write it as `warn,server=info`"))?;
    Ok(filter.add_directive(SILENT.parse()?))
}

/// Starts logging.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let lines = tracing_subscriber::fmt().with_env_filter(filter(&settings.log)?).with_writer(std::io::stderr);
    let started = match settings.log_format {
        // Colours are for people: in a file they would be signs that nobody can search for.
        LogFormat::Text => lines.compact().with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging can't start: {error}"))
}
