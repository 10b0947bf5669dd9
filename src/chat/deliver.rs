//! Posts what is to be told, once, on whatever platform.

use std::time::Duration;

use serde_json::Value;

use super::Ended;
use super::port::{BETWEEN, Failed, Port, Posted};
use super::refresh::refresh;
use super::reply::{self, Reply, batch, scene};
use crate::domain::DeliveryId;
use crate::domain::place::Place;
use crate::workshop::delivery::{Claim, Delivery, DeliveryKind, Refresh, Scene, is_to_come};
use crate::workshop::{Error, Workshop};

/// How long a delivery is ours, in seconds; posting one message takes less, and each message renews it.
pub(super) const CLAIM: f64 = 20.0;

/// How long to wait for whoever else is at it.
const TAKEN: Duration = Duration::from_secs(1);

/// How long to wait for a workspace whose token does not work: somebody may mend that.
const UNAUTHORIZED: Duration = Duration::from_secs(300);

/// Takes a delivery over, or says what to do because that cannot be done.
pub(super) async fn claim(workshop: &Workshop, id: DeliveryId) -> Result<Result<Delivery, Ended>, Error> {
    Ok(match workshop.claim_delivery(id, CLAIM).await? {
        Claim::Over => Err(Ended::Done),
        Claim::Taken => Err(Ended::Retry(TAKEN)),
        Claim::Yours(delivery) => Ok(*delivery),
    })
}

/// Makes a delivery that is ours.
pub(super) async fn deliver_claimed<P: Port>(port: &P, delivery: Delivery, attempt: u32) -> Result<Ended, Error> {
    let workshop = port.workshop();
    let scene = workshop.scene(&delivery).await?;
    if is_to_come(&delivery, scene.as_ref()) {
        workshop.release_delivery(delivery.id).await?;
        return Ok(Ended::Done);
    }
    let (Some(place), Some(scene)) = (delivery.place.clone(), scene) else {
        workshop.delivery_finished(delivery.id).await?;
        return Ok(Ended::Done);
    };
    let Some(reply) = shown(&delivery, &scene).map(|reply| port.adapt(&scene, reply)) else {
        workshop.delivery_finished(delivery.id).await?;
        return Ok(Ended::Done);
    };
    let done = match &delivery.posted_as {
        // An answer was shown in one message while it was written, and may need more.
        Some(posted) if delivery.kind == DeliveryKind::Message && !posted.contains(BETWEEN) => {
            port.complete(&delivery, &place, posted, &reply).await
        }
        Some(posted) => port.edit(&place, posted, &reply).await,
        None if !delivery.recipient.is_empty() => whisper(port, &delivery, &place, &reply).await,
        None => post(port, &delivery, &place, &scene, &reply).await,
    };
    match done {
        Ok(()) => delivered(port, &delivery, &scene).await,
        Err(Failed::Workshop(error)) => Err(error),
        Err(failed) => troubled(port, &delivery, &place, failed, attempt).await,
    }
}

async fn post<P: Port>(
    port: &P,
    delivery: &Delivery,
    place: &Place,
    scene: &Scene,
    reply: &Reply,
) -> Result<(), Failed> {
    let workshop = port.workshop();
    workshop.delivery_attempted(delivery.id).await?;
    let posted = port.post(delivery, place, scene, reply).await?;
    note(workshop, delivery, scene, &posted).await?;
    port.after(&posted, scene).await
}

async fn note(workshop: &Workshop, delivery: &Delivery, scene: &Scene, posted: &Posted) -> Result<(), Error> {
    match scene {
        Scene::Card { draft, .. } => workshop.card_posted(delivery, &posted.place, draft.id, posted.first()).await,
        Scene::Message { .. }
        | Scene::Trial(..)
        | Scene::Batch(..)
        | Scene::Answer(..)
        | Scene::Note(_)
        | Scene::Told(_) => workshop.delivery_posted(delivery.id, &posted.ids, &posted.place.channel).await,
    }
}

async fn whisper<P: Port>(port: &P, delivery: &Delivery, place: &Place, reply: &Reply) -> Result<(), Failed> {
    port.workshop().delivery_attempted(delivery.id).await?;
    port.whisper(delivery, place, reply).await
}

/// What follows from a delivery that was made.
async fn delivered<P: Port>(port: &P, delivery: &Delivery, scene: &Scene) -> Result<Ended, Error> {
    port.workshop().delivery_finished(delivery.id).await?;
    match (delivery.kind, scene) {
        // It may have moved on while its progress was being posted, and has ended when its result was.
        (DeliveryKind::Progress | DeliveryKind::TrialFinished, Scene::Trial(trial, _)) => {
            refresh(port, &Refresh::Trial { trial: trial.id }).await
        }
        (DeliveryKind::Batch | DeliveryKind::BatchFinished, Scene::Batch(report, _)) => {
            refresh(port, &Refresh::Batch { batch: report.batch.id }).await
        }
        _ => Ok(Ended::Done),
    }
}

/// What to do about a delivery that the platform did not take.
async fn troubled<P: Port>(
    port: &P,
    delivery: &Delivery,
    place: &Place,
    failed: Failed,
    attempt: u32,
) -> Result<Ended, Error> {
    let workshop = port.workshop();
    let platform = P::PLATFORM;
    let later = match &failed {
        Failed::RateLimited { retry_after } => Some(*retry_after),
        Failed::Unavailable(_) => Some(Duration::from_secs(1 << attempt.clamp(0, 5))),
        Failed::Unauthorized(_) => Some(UNAUTHORIZED),
        Failed::Closed(_) | Failed::Refused(_) | Failed::Workshop(_) => None,
    };
    if let Some(later) = later {
        tracing::warn!(delivery.id = %delivery.id, error = %failed, "A message to {platform} waits");
        workshop.release_delivery(delivery.id).await?;
        return Ok(Ended::Retry(later));
    }
    if matches!(failed, Failed::Closed(_))
        && let Some(user) = person_to_tell(workshop, delivery, place).await?
        && let Ok(there) = port.direct(place, &user).await
        && there.channel != place.channel
    {
        tracing::info!(delivery.id = %delivery.id, error = %failed, "A place on {platform} is closed to us");
        workshop.delivery_failed(delivery.id, "the channel is closed to the app").await?;
        let why = serde_json::to_value(reply::closed_channel(place)).unwrap_or_default();
        workshop.redirect(delivery, &there, why).await?;
        return Ok(Ended::Done);
    }
    tracing::error!(delivery.id = %delivery.id, error = %failed, "A message to {platform} cannot be delivered: {failed}");
    workshop.delivery_failed(delivery.id, "the platform refuses it").await?;
    Ok(Ended::Done)
}

/// Who is told directly what a channel does not take: who opened the workshop, else its owner.
async fn person_to_tell(workshop: &Workshop, delivery: &Delivery, place: &Place) -> Result<Option<String>, Error> {
    match workshop.scene(delivery).await? {
        Some(Scene::Card { user, .. }) if !user.is_empty() => Ok(Some(user)),
        None => Ok(None),
        Some(_) => workshop.owner_in(delivery, place).await,
    }
}

/// What a delivery shows; `None` when there is nothing to show any more.
fn shown(delivery: &Delivery, scene: &Scene) -> Option<Reply> {
    match (delivery.kind, scene) {
        // The result tells it better, and comes at once.
        (DeliveryKind::Progress, Scene::Trial(trial, _)) if trial.status.is_final() => None,
        (DeliveryKind::Progress, Scene::Trial(trial, _)) => Some(scene::progress(trial)),
        (DeliveryKind::Batch, Scene::Batch(report, _)) if report.batch.status.is_final() => None,
        (DeliveryKind::Batch, Scene::Batch(report, _)) => Some(batch::progress(&report.batch)),
        (DeliveryKind::RatingReminder, Scene::Trial(trial, _)) => {
            trial.ratings.iter().all(|rating| rating.account != trial.account).then(|| scene::rating_reminder(trial))
        }
        (_, Scene::Note(note)) => {
            Some(scene::note(note, || delivery.body.get("draft").and_then(Value::as_i64).map(|id| id as i32)))
        }
        (_, scene) => Some(worded(scene)),
    }
}

/// What a scene shows as it stands.
pub(super) fn worded(scene: &Scene) -> Reply {
    match scene {
        Scene::Card { draft, owner, need, .. } => scene::card(draft, owner, need.as_deref()),
        Scene::Message { message, author, draft, proposal } => {
            scene::message(message, author, draft, proposal.as_deref())
        }
        Scene::Trial(trial, draft) => scene::result(trial, draft),
        Scene::Batch(report, _) => batch::table(report),
        Scene::Answer(answer, asker) => reply::answer_to(answer, asker),
        Scene::Told(told) => scene::notice(told),
        Scene::Note(note) => scene::note(note, || None),
    }
}
