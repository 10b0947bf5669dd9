//! `workshop expire --now`: looks after drafts that nobody uses.

use crate::config::Config;

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let app = super::open(config).await?;
    let done = app.workshop().expire_drafts().await?;
    println!("Reminded {}, expired {}, purged {}.", done.reminded, done.expired, done.purged);
    app.close().await;
    Ok(())
}
