//! A channel of a chat platform with people in it, as a story needs it: the same story is told on each platform.

use serde_json::json;

use super::discord::{self, Discord};
use super::slack::{self, Slack};

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Alice,
    Bob,
}

/// A channel.
pub trait Room {
    /// A workshop's thread.
    type Thread;

    /// Somebody uses the slash command to start a workshop.
    async fn start(&self, who: Who, need: &str);
    /// The thread of the workshop whose card shows these words, once there is one.
    async fn thread(&self, card: &str) -> Self::Thread;
    /// Somebody writes in a thread.
    async fn say(&self, who: Who, thread: &Self::Thread, text: &str);
    /// The text of the latest message that has this button, once there is one.
    async fn text_with(&self, thread: &Self::Thread, button: &str) -> String;
    /// Somebody presses this button where it stands last.
    async fn press(&self, who: Who, thread: &Self::Thread, button: &str);
    /// Waits until something is said in a thread.
    async fn says(&self, thread: &Self::Thread, what: &str);
    /// Waits until somebody is told something alone.
    async fn whispers(&self, who: Who, what: &str);
    /// Somebody fills in the form that they opened.
    async fn fill(&self, who: Who, values: &[(&str, &str)]);
    /// Somebody asks a prompt in a thread.
    async fn ask(&self, who: Who, thread: &Self::Thread, prompt: &str, question: &str);
    /// How a link looks there.
    fn link(&self, title: &str, url: &str) -> String;
    /// Fails if anything was done that the platform does not like.
    fn assert_clean(&self);
}

/// A channel of Slack.
pub struct OnSlack<'a>(pub &'a Slack);

impl OnSlack<'_> {
    fn user(who: Who) -> slack::User {
        match who {
            Who::Alice => slack::ALICE,
            Who::Bob => slack::BOB,
        }
    }

    /// The latest message of a thread that has a button, once there is one.
    pub async fn with_button(&self, card: &slack::Posted, button: &str) -> slack::Posted {
        let find = |slack: &Slack| {
            let thread = slack.thread(&card.channel, &card.ts);
            thread.into_iter().rev().find(|posted| posted.buttons().iter().any(|label| label == button))
        };
        self.0.eventually(&format!("a message with the button {button:?}"), find).await
    }
}

impl Room for OnSlack<'_> {
    type Thread = slack::Posted;

    async fn start(&self, who: Who, need: &str) {
        self.0.command(Self::user(who), slack::GENERAL, &format!("new {need}")).await;
    }

    async fn thread(&self, card: &str) -> slack::Posted {
        let is_it = |posted: &slack::Posted| posted.thread_ts.is_none() && posted.all_text().contains(card);
        let find = |slack: &Slack| slack.channel_messages(slack::GENERAL).into_iter().find(is_it);
        self.0.eventually(&format!("the card of {card:?}"), find).await
    }

    async fn say(&self, who: Who, thread: &slack::Posted, text: &str) {
        self.0.message(Self::user(who), &thread.channel, Some(&thread.ts), text).await;
    }

    async fn text_with(&self, thread: &slack::Posted, button: &str) -> String {
        self.with_button(thread, button).await.all_text()
    }

    async fn press(&self, who: Who, thread: &slack::Posted, button: &str) {
        let posted = self.with_button(thread, button).await;
        self.0.action(Self::user(who), &posted, &posted.button(button)).await;
    }

    async fn says(&self, thread: &slack::Posted, what: &str) {
        let said = |slack: &Slack| {
            let mut thread = slack.thread(&thread.channel, &thread.ts).into_iter();
            thread.any(|posted| posted.all_text().contains(what) || posted.text.contains(what))
        };
        self.0.until(&format!("the thread says {what:?}"), said).await;
    }

    async fn whispers(&self, who: Who, what: &str) {
        let told = |slack: &Slack| slack.ephemerals(Self::user(who)).iter().any(|said| said.all_text().contains(what));
        self.0.until(&format!("{who:?} is told {what:?}"), told).await;
    }

    async fn fill(&self, who: Who, values: &[(&str, &str)]) {
        let user = Self::user(who);
        let view = self.0.eventually("the form", |slack| slack.view_of(user)).await;
        let mut entered = Vec::new();
        for (field, value) in values {
            let value = match *field {
                "topic" => {
                    let found = self.0.block_suggestion(user, &view, "topic", value).await.options();
                    assert_eq!(found.len(), 1, "{found:?}");
                    json!({ "text": { "type": "plain_text", "text": value }, "value": value })
                }
                _ => json!(value),
            };
            entered.push((*field, *field, value));
        }
        self.0.view_submission(user, &view, &entered).await;
    }

    async fn ask(&self, who: Who, thread: &slack::Posted, prompt: &str, question: &str) {
        self.say(who, thread, &format!("ask {prompt} {question}")).await;
    }

    fn link(&self, title: &str, url: &str) -> String {
        format!("<{url}|{title}>")
    }

    fn assert_clean(&self) {
        self.0.assert_clean();
    }
}

/// A channel of Discord.
pub struct OnDiscord<'a> {
    pub discord: &'a Discord,
    /// Whether the bot hears what is written; people press Reply where it does not.
    pub hears: bool,
}

impl OnDiscord<'_> {
    fn user(who: Who) -> discord::User {
        match who {
            Who::Alice => discord::ALICE,
            Who::Bob => discord::BOB,
        }
    }

    /// The latest message of a channel or thread that has a button, once there is one.
    pub async fn with_button(&self, thread: &str, button: &str) -> discord::Posted {
        let find = |discord: &Discord| {
            let all = discord.messages(thread).into_iter().rev();
            all.into_iter().find(|posted| posted.buttons().iter().any(|label| label == button))
        };
        self.discord.eventually(&format!("a message with the button {button:?}"), find).await
    }
}

impl Room for OnDiscord<'_> {
    type Thread = String;

    async fn start(&self, who: Who, need: &str) {
        let response = self.discord.command(Self::user(who), discord::GENERAL, "new", &[("need", json!(need))]).await;
        assert!(response.is_ephemeral() && response.text().contains("being opened"), "{response:?}");
    }

    async fn thread(&self, card: &str) -> String {
        let find = |discord: &Discord| {
            let mut cards = discord.messages(discord::GENERAL).into_iter();
            let card = cards.find(|posted| posted.all_text().contains(card))?;
            discord.thread(&card.id).map(|thread| thread.id)
        };
        self.discord.eventually(&format!("the thread of {card:?}"), find).await
    }

    async fn say(&self, who: Who, thread: &String, text: &str) {
        let user = Self::user(who);
        if self.hears {
            self.discord.message(user, thread, text).await;
            return;
        }
        let posted = self.with_button(thread, "Reply…").await;
        self.discord.press(user, &posted, "Reply…").await;
        self.fill(who, &[("text", text)]).await;
    }

    async fn text_with(&self, thread: &String, button: &str) -> String {
        self.with_button(thread, button).await.all_text()
    }

    async fn press(&self, who: Who, thread: &String, button: &str) {
        let posted = self.with_button(thread, button).await;
        self.discord.press(Self::user(who), &posted, button).await;
    }

    async fn says(&self, thread: &String, what: &str) {
        let said = |discord: &Discord| discord.messages(thread).iter().any(|posted| posted.all_text().contains(what));
        self.discord.until(&format!("the thread says {what:?}"), said).await;
    }

    async fn whispers(&self, who: Who, what: &str) {
        let told =
            |discord: &Discord| discord.ephemerals(Self::user(who)).iter().any(|said| said.all_text().contains(what));
        self.discord.until(&format!("{who:?} is told {what:?}"), told).await;
    }

    async fn fill(&self, who: Who, values: &[(&str, &str)]) {
        let user = Self::user(who);
        let modal = self.discord.eventually("the form", |discord| discord.modal_of(user)).await;
        self.discord.submit(user, &modal, values).await;
    }

    async fn ask(&self, who: Who, thread: &String, prompt: &str, question: &str) {
        let options = [("prompt", json!(prompt)), ("question", json!(question))];
        self.discord.command(Self::user(who), thread, "ask", &options).await;
    }

    fn link(&self, title: &str, url: &str) -> String {
        format!("[{title}]({url})")
    }

    fn assert_clean(&self) {
        self.discord.assert_clean();
    }
}
