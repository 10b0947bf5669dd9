//! `workshop check-config`: every setting as it is in force.

use crate::config::Config;

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    for (name, value) in config.shown() {
        println!("{name} = {value}");
    }
    println!("# Files are kept in {}.", config.directory().display());
    println!("# The settings are valid.");
    Ok(())
}
