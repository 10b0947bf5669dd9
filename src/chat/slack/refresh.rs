//! Brings what was posted up to date: cards, proposals that were decided, tests, home pages.

use std::time::Duration;

use super::deliver::{Trouble, worded};
use super::{Failed, Slack, api};
use crate::chat::reply::{Reply, scene};
use crate::chat::{Ended, home_page};
use crate::domain::place::Place;
use crate::workshop;
use crate::workshop::delivery::{Delivery, Refresh, Scene};

impl Slack {
    /// Brings what was posted up to date.
    pub async fn refresh(&self, refresh: &Refresh) -> Result<Ended, workshop::Error> {
        let workshop = &self.0.workshop;
        let mut edits: Vec<(Place, String, Reply)> = Vec::new();
        match refresh {
            Refresh::Card { draft } => {
                if let Some((scene, homes)) = workshop.card(*draft).await?
                    && let Some(reply) = worded(&scene)
                {
                    let cards = homes.into_iter().filter(|home| !home.card.is_empty());
                    edits.extend(cards.map(|home| (home.place, home.card, reply.clone())));
                }
            }
            Refresh::Message { message } => {
                if let Some((scene, posted)) = workshop.posted_message(*message).await?
                    && let Some(reply) = worded(&scene)
                {
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
            Refresh::Home { account } => {
                for identity in workshop.home_watchers(*account).await? {
                    let view = home_page(workshop, &identity).await?;
                    self.publish_home(&identity.workspace, &identity.user, &view).await;
                }
            }
        }
        for (place, posted, reply) in edits {
            match self.edit(&place, &posted, &reply).await {
                Ok(()) => {}
                Err(Trouble::Workshop(error)) => return Err(error),
                Err(Trouble::Slack(Failed::Api(api::Error::RateLimited { retry_after }))) => {
                    return Ok(Ended::Retry(retry_after));
                }
                Err(Trouble::Slack(Failed::Api(api::Error::Unavailable(_)))) => {
                    return Ok(Ended::Retry(Duration::from_secs(3)));
                }
                Err(Trouble::Slack(error)) => {
                    tracing::info!(%error, "A message on Slack could not be brought up to date")
                }
            }
        }
        Ok(Ended::Done)
    }
}

fn edit_of(delivery: &Delivery, reply: &Reply) -> Option<(Place, String, Reply)> {
    Some((delivery.place.clone()?, delivery.posted_as.clone()?, reply.clone()))
}
