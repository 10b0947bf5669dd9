//! Brings what was posted up to date: cards, proposals that were decided, tests, home pages.

use std::time::Duration;

use super::deliver::worded;
use super::port::{Failed, Port};
use super::reply::{Reply, batch, scene};
use super::{Ended, home_page};
use crate::domain::place::Place;
use crate::workshop::Error;
use crate::workshop::delivery::{Delivery, Refresh, Scene};

/// How long to wait for a platform that does not answer.
const SILENT: Duration = Duration::from_secs(3);

/// Brings what was posted on one platform up to date.
pub(super) async fn refresh<P: Port>(port: &P, refresh: &Refresh) -> Result<Ended, Error> {
    let workshop = port.workshop();
    let mut edits: Vec<(Place, String, Reply)> = Vec::new();
    match refresh {
        Refresh::Card { draft } => {
            if let Some((scene, homes)) = workshop.card(*draft).await? {
                let reply = port.adapt(&scene, worded(&scene));
                let cards = homes.into_iter().filter(|home| !home.card.is_empty());
                edits.extend(cards.map(|home| (home.place, home.card, reply.clone())));
            }
        }
        Refresh::Message { message } => {
            if let Some((scene, posted)) = workshop.posted_message(*message).await? {
                let reply = port.adapt(&scene, worded(&scene));
                edits.extend(posted.iter().filter_map(|delivery| edit_of(delivery, &reply)));
            }
        }
        Refresh::Trial { trial } => {
            if let Some((Scene::Trial(trial, draft), progress, results)) = workshop.posted_trial(*trial).await? {
                let (on_its_way, ended) = (scene::progress(&trial), scene::result(&trial, &draft));
                edits.extend(progress.iter().filter_map(|delivery| edit_of(delivery, &on_its_way)));
                edits.extend(results.iter().filter_map(|delivery| edit_of(delivery, &ended)));
            }
        }
        Refresh::Answer { answer } => {
            if let Some((scene, posted)) = workshop.posted_answer(*answer).await? {
                let reply = port.adapt(&scene, worded(&scene));
                edits.extend(posted.iter().filter_map(|delivery| edit_of(delivery, &reply)));
            }
        }
        Refresh::Batch { batch } => {
            if let Some((Scene::Batch(report, _), progress, results)) = workshop.posted_batch(*batch).await? {
                let (on_its_way, ended) = (batch::progress(&report.batch), batch::table(&report));
                edits.extend(progress.iter().filter_map(|delivery| edit_of(delivery, &on_its_way)));
                edits.extend(results.iter().filter_map(|delivery| edit_of(delivery, &ended)));
            }
        }
        Refresh::Home { account } => {
            for identity in workshop.home_watchers(*account).await? {
                if identity.platform == P::PLATFORM {
                    let page = home_page(workshop, &identity).await?;
                    port.publish_home(&identity, &page).await;
                }
            }
        }
    }
    for (place, posted, reply) in edits.into_iter().filter(|(place, ..)| place.platform == P::PLATFORM) {
        match port.edit(&place, &posted, &reply).await {
            Ok(()) => {}
            Err(Failed::Workshop(error)) => return Err(error),
            Err(Failed::RateLimited { retry_after }) => return Ok(Ended::Retry(retry_after)),
            Err(Failed::Unavailable(_)) => return Ok(Ended::Retry(SILENT)),
            Err(error) => {
                tracing::info!(%error, "A message on {} could not be brought up to date", P::PLATFORM);
            }
        }
    }
    Ok(Ended::Done)
}

fn edit_of(delivery: &Delivery, reply: &Reply) -> Option<(Place, String, Reply)> {
    Some((delivery.place.clone()?, delivery.posted_as.clone()?, reply.clone()))
}
