//! A service with its own Postgres and no model: how soon it is ready, and what it holds while nobody asks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::Bench;
use super::process;
use super::service::{Service, Settings};

/// How long it is left alone before it is looked at.
const REST: Duration = Duration::from_secs(10);

pub(super) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let folder = Folder::make()?;
    let settings: Settings = vec![("DATA_DIR", folder.0.display().to_string()), ("LLM__PROVIDER", "local".to_owned())];
    let first = Service::start(&settings, &["--welcome"]).await?;
    let note = "makes the database, loads the sample articles";
    bench.report.milliseconds("start to ready, first", first.ready_after).note(note);
    first.stop().await?;
    let second = Service::start(&settings, &["--welcome"]).await?;
    bench.report.milliseconds("start to ready, second", second.ready_after).aim(2_000.0);
    let cpu_before = process::cpu(second.pid())?;
    tokio::time::sleep(REST).await;
    let cpu = (process::cpu(second.pid())? - cpu_before).as_secs_f64() / REST.as_secs_f64() * 100.0;
    let resident = process::megabytes(second.pid(), "VmRSS")?;
    let mut postgres = 0.0;
    for server in process::children(second.pid())? {
        postgres += process::proportional_megabytes(server).unwrap_or(0.0);
        for backend in process::children(server)? {
            postgres += process::proportional_megabytes(backend).unwrap_or(0.0);
        }
    }
    let note = format!("its Postgres beside it {postgres:.0} MB; {cpu:.1} % of a core, both");
    bench.report.add("idle: resident memory", resident, "MB").aim(60.0).note(note);
    second.stop().await
}

/// A folder that is removed in the end, and that the database's own account may pass.
struct Folder(PathBuf);

impl Folder {
    fn make() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("workshop-bench-{}", std::process::id()));
        fs::create_dir(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o711))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}
