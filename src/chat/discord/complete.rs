//! What is offered while somebody types a command: drafts, prompts, topics and models.

use serde_json::{Value, json};

use super::Discord;
use super::parse::Typing;
use crate::chat::slot::{Kind, slots};
use crate::domain::draft::DraftStatus;
use crate::domain::library::Filter;
use crate::domain::text::excerpt;
use crate::workshop::Error;

/// The most that is offered, and the most characters of each (Discord).
const OFFERED: usize = 25;
const LENGTH: usize = 100;

/// How many drafts and prompts are looked through.
const LOOKED_THROUGH: i64 = 100;

impl Discord {
    /// What to offer.
    pub(super) async fn offer(&self, typing: &Typing) -> Result<Vec<Value>, Error> {
        let workshop = &self.0.workshop;
        let Some(slot) = slots(&typing.verb).iter().find(|slot| slot.name == typing.slot) else {
            return Ok(Vec::new());
        };
        let typed = typing.typed.to_lowercase();
        let fits = |text: &str| text.to_lowercase().contains(&typed);
        let name = |text: &str| excerpt(text, LENGTH);
        let mut offered: Vec<Value> = match slot.kind {
            Kind::Text(_) | Kind::Stars | Kind::Number | Kind::Choice(_) => Vec::new(),
            Kind::Draft => {
                let actor = workshop.identify_user(&typing.inbound.identity(), typing.inbound.name.as_deref()).await?;
                let status = (typing.verb == "restore").then_some(DraftStatus::Expired);
                let (drafts, _) = workshop.drafts(&actor, status, LOOKED_THROUGH, 0).await?;
                let lines =
                    drafts.iter().map(|draft| (draft.id, format!("{} · {} · {}", draft.id, draft.status, draft.name)));
                lines
                    .filter(|(_, line)| fits(line))
                    .map(|(id, line)| json!({ "name": name(&line), "value": id.0 }))
                    .collect()
            }
            Kind::Prompt => {
                let actor = workshop.identify_user(&typing.inbound.identity(), typing.inbound.name.as_deref()).await?;
                let (prompts, _) = workshop.prompts(&actor, &Filter::default(), LOOKED_THROUGH, 0).await?;
                let lines = prompts.iter().map(|prompt| (&prompt.name, format!("{} · {}", prompt.name, prompt.title)));
                lines
                    .filter(|(_, line)| fits(line))
                    .map(|(id, line)| json!({ "name": name(&line), "value": id }))
                    .collect()
            }
            Kind::Topic => {
                let topics = workshop.topics().await?;
                let topics = topics.iter().filter(|topic| fits(&topic.name));
                topics.map(|topic| json!({ "name": name(&topic.name), "value": topic.name })).collect()
            }
            Kind::Model => {
                let usual = workshop.models().default_model();
                let mut models = vec![usual];
                models.extend(workshop.models_tested_with().await?);
                models.dedup();
                let models = models.iter().filter(|model| !model.is_empty() && model.len() <= LENGTH && fits(model));
                models.map(|model| json!({ "name": model, "value": model })).collect()
            }
        };
        offered.truncate(OFFERED);
        Ok(offered)
    }
}
