//! `workshop doctor`: what is well, what is not, and what to do about it.

use std::process::ExitCode;

use crate::app::doctor::examine;
use crate::config::Config;
use crate::workshop::doctor::{Finding, State};

pub(super) async fn run(as_json: bool) -> anyhow::Result<ExitCode> {
    let findings = match Config::load() {
        Ok(config) => examine(&config).await,
        Err(wrong) => {
            let fix = "Correct it in the file that WORKSHOP_CONFIG names, or in the environment. config/default.toml \
                       explains every setting.";
            vec![Finding::problem("settings", wrong.to_string(), fix)]
        }
    };
    match as_json {
        true => println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "findings": findings }))?),
        false => findings.iter().for_each(show),
    }
    match findings.iter().any(|finding| finding.state == State::Problem) {
        true => Ok(ExitCode::FAILURE),
        false => Ok(ExitCode::SUCCESS),
    }
}

fn show(finding: &Finding) {
    let Finding { check, state, what, fix } = finding;
    let mark = match state {
        State::Ok => "✓",
        State::Warning => "!",
        State::Problem => "✗",
    };
    println!("{mark} {check}: {what}");
    if !fix.is_empty() {
        println!("    {fix}");
    }
}
