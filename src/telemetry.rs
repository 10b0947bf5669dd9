//! Logs and metrics.

use std::io::IsTerminal;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// `[log]`: what is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The form of a line.
    pub format: LogFormat,
    /// What is logged, as `tracing` filters are written.
    pub filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logs or metrics could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is none.
    #[error("the setting log.filter is wrong: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something in this process logs already.
    #[error("logging could not be started: {0}")]
    Logging(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The buckets of histograms are wrong.
    #[error("metrics could not be started: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Sends logs of this process to standard error.
pub fn start_logging(settings: &Settings) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().try_init(),
    }
    .map_err(Error::Logging)
}

/// Collects metrics in this process; what it returns renders them for Prometheus.
pub fn start_metrics() -> Result<PrometheusHandle, Error> {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
        ])?
        .build_recorder();
    let handle = recorder.handle();
    // A second service in one process (in tests) keeps its own handle; the first collects.
    let _ = metrics::set_global_recorder(recorder);
    Ok(handle)
}

/// How often old measurements are folded together, so that memory stays flat.
pub const UPKEEP: Duration = Duration::from_secs(10);
