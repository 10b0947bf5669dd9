//! What only Slack has: the app's home page, the assistant's pane, links of ours that are shown with what they lead to.

use serde_json::{Value, json};

use super::parse::{Event, Happening, audience};
use super::render::{self, context};
use super::{Slack, markup};
use crate::chat::home_page;
use crate::chat::port::Port as _;
use crate::chat::reply::{self, Reply, scene};
use crate::domain::account::{Identity, Platform};
use crate::domain::{DraftId, text::excerpt};
use crate::workshop::{self, Error};

impl Slack {
    /// Handles something that only Slack has.
    pub async fn happened(&self, happening: &Happening) -> Result<(), workshop::Error> {
        let Happening { workspace, what, .. } = happening;
        match what {
            Event::HomeOpened { user } => {
                let identity = self.identity(workspace, user);
                self.workshop().identify_user(&identity, None).await?;
                self.workshop().home_opened(&identity).await?;
                let page = home_page(self.workshop(), &identity).await?;
                self.show_home(workspace, user, &page).await;
            }
            Event::AssistantOpened { channel, thread } => self.greet(workspace, channel, thread).await,
            Event::LinkShared { user, channel, ts, urls } => {
                let mut unfurls = serde_json::Map::new();
                for url in urls {
                    if let Some(shown) = self.unfurl(workspace, user, url).await? {
                        unfurls.insert(url.clone(), shown);
                    }
                }
                if !unfurls.is_empty() {
                    let body = json!({ "channel": channel, "ts": ts, "unfurls": unfurls });
                    self.try_to(workspace, "chat.unfurl", &body).await;
                }
            }
            Event::Gone => self.workshop().forget_installation(Platform::Slack, workspace).await?,
        }
        Ok(())
    }

    fn identity(&self, workspace: &str, user: &str) -> Identity {
        Identity { platform: Platform::Slack, workspace: workspace.to_owned(), user: user.to_owned() }
    }

    /// Does something that nobody misses for long when it fails.
    async fn try_to(&self, workspace: &str, method: &'static str, body: &Value) {
        if let Err(error) = self.call(workspace, method, body).await {
            tracing::info!(method, %error, "Slack did not take something that can be done without");
        }
    }

    /// Publishes somebody's home page.
    pub(super) async fn show_home(&self, workspace: &str, user: &str, page: &Reply) {
        let mut blocks = vec![json!({ "type": "header", "text": render::plain_text(&page.title, 150) })];
        blocks.extend(
            markup::sections(&page.text, 2_900)
                .into_iter()
                .map(|text| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })),
        );
        let buttons: Vec<Value> = page.actions.iter().map(render::button).collect();
        blocks.push(json!({ "type": "actions", "elements": buttons }));
        blocks.extend(page.items.iter().take(40).flat_map(render::item));
        blocks.truncate(100);
        let body = json!({ "user_id": user, "view": { "type": "home", "blocks": blocks } });
        self.try_to(workspace, "views.publish", &body).await;
    }

    /// What the assistant's pane offers to begin with.
    async fn greet(&self, workspace: &str, channel: &str, thread: &str) {
        let prompts: Vec<Value> =
            reply::EXAMPLES.iter().map(|(title, message)| json!({ "title": title, "message": message })).collect();
        let body = json!({
            "channel_id": channel,
            "thread_ts": thread,
            "title": "What do you need a prompt for?",
            "prompts": prompts,
        });
        self.try_to(workspace, "assistant.threads.setSuggestedPrompts", &body).await;
    }

    /// Names a thread of the assistant's pane after the workshop that lives in it.
    pub(super) async fn name_thread(&self, workspace: &str, channel: &str, thread: &str, title: &str) {
        let body = json!({ "channel_id": channel, "thread_ts": thread, "title": excerpt(title, 100) });
        self.try_to(workspace, "assistant.threads.setTitle", &body).await;
    }

    /// What a link of ours leads to, for somebody who may see it; `None` for others, who learn nothing.
    async fn unfurl(&self, workspace: &str, user: &str, url: &str) -> Result<Option<Value>, workshop::Error> {
        let Some(id) = self.draft_of(url) else { return Ok(None) };
        let actor = self.workshop().identify_user(&self.identity(workspace, user), None).await?;
        let (draft, homes) = match self.workshop().draft(&actor, id).await {
            Ok(draft) => (draft, self.workshop().homes(&actor, id).await?),
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let owner = self.workshop().card(id).await?.and_then(|(scene, _)| match scene {
            workshop::delivery::Scene::Card { owner, .. } => Some(owner),
            _ => None,
        });
        let card = scene::card(&draft, &owner.unwrap_or_default(), None);
        let (trials, _) = self.workshop().trials(&actor, id, 20, 0).await?;
        let score = trials.iter().find_map(|trial| trial.mean_rating());
        let score = score.map_or("not rated yet".to_owned(), |mean| format!("last rated {mean:.1} of 5"));
        let lives =
            homes.iter().filter(|home| audience(&home.place.channel) == workshop::place::Audience::Channel).count();
        let title = json!({ "type": "section", "text": render::plain_text(&draft.name, 150) });
        let lines: Vec<&str> = card.notes.iter().map(String::as_str).collect();
        let threads = format!("{score} · {lives} channel thread(s)");
        Ok(Some(json!({ "blocks": [title, context(&[lines.as_slice(), &[threads.as_str()]].concat())] })))
    }

    /// The draft that a link leads to, if it is one of ours.
    fn draft_of(&self, url: &str) -> Option<DraftId> {
        let ours = url::Url::parse(&self.workshop().settings().public_url).ok()?;
        let url = url::Url::parse(url).ok()?;
        if url.origin() != ours.origin() {
            return None;
        }
        let path = url.path().strip_prefix(ours.path().trim_end_matches('/'))?;
        path.strip_prefix("/workshop/")?.trim_end_matches('/').parse().ok()
    }
}
