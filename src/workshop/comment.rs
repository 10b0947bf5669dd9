//! Comments on drafts and prompts, and whom they mention.

use serde_json::json;

use super::delivery::Note;
use super::event::{Event, notify};
use super::sharing::Found;
use super::{Error, Noun, Workshop, sharing};
use crate::domain::account::Account;
use crate::domain::sharing::{Comment, MENTIONS, Target, mentioned, parse_comment};
use crate::domain::{Access, Actor, CommentId, Invalid, TrialId};
use crate::store::activity::{self, Happened};
use crate::store::{self, Conn};

/// What somebody wants to say.
#[derive(Debug, Clone, Default)]
pub struct NewComment {
    /// 1 to 2,000 characters.
    pub text: String,
    /// The comment that it answers.
    pub reply_to: Option<CommentId>,
    /// The test of the draft that it is about.
    pub trial: Option<TrialId>,
}

/// A comment that was written.
#[derive(Debug, Clone)]
pub struct Commented {
    /// The comment.
    pub comment: Comment,
    /// The names of those whom it mentions and who may see what it is about.
    pub mentioned: Vec<String>,
    /// Those of them who are known on no chat platform, so that nothing tells them.
    pub not_reached: Vec<String>,
}

impl Workshop {
    /// A page of the comments on a thing, oldest first, and how many there are in all; the last page for a negative offset.
    pub async fn comments(
        &self,
        actor: &Actor,
        target: &Target,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<Comment>, i64), Error> {
        let mut conn = self.store.conn().await?;
        let found = self.thing_for(&mut conn, actor, target, Access::Viewer).await?;
        Ok(store::comment::list(&mut conn, found.thing, limit, offset).await?)
    }

    /// Writes a comment; it is told where the workshop lives, and whom it mentions.
    ///
    /// A comment under a `key` that the actor used before is a success that does nothing: platforms send events again.
    pub async fn write_comment(
        &self,
        actor: &Actor,
        target: &Target,
        new: NewComment,
        key: Option<&str>,
    ) -> Result<Commented, Error> {
        let text = parse_comment(&new.text)?;
        let mut tx = self.store.begin().await?;
        let found = self.thing_for(&mut tx, actor, target, Access::Commenter).await?;
        self.check_references(&mut tx, &found, &new).await?;
        let people = self.mentions(&mut tx, actor, &found, &text).await?;
        let mentioned: Vec<String> = people.iter().map(|account| account.name.clone()).collect();
        let now = self.now();
        let mut comment = Comment {
            id: CommentId::new(),
            author: Some(actor.account),
            author_name: Some(actor.name.clone()),
            text,
            reply_to: new.reply_to,
            trial: new.trial,
            created_at: now,
        };
        if !store::comment::insert(&mut tx, found.thing, &comment, key).await? {
            if let Some(key) = key
                && let Some(known) = store::comment::find_by_key(&mut tx, actor.account, key).await?
            {
                let written = store::comment::find(&mut tx, found.thing, known).await?;
                comment = written.ok_or(Error::NotFound(Noun::Comment))?;
            }
            return Ok(Commented { comment, mentioned, not_reached: Vec::new() });
        }
        let detail = json!({ "comment": comment.id, "mentioned": mentioned });
        activity::insert(
            &mut tx,
            &activity::Event::thing(Happened::Commented, actor.account, found.thing, detail),
            now,
        )
        .await?;
        let note = |mentions| Note::Commented {
            by: actor.name.clone(),
            about: found.about(),
            text: comment.text.clone(),
            mentions,
        };
        let not_reached = self.tell_people(&mut tx, found.chat, &people, note).await?;
        comments_changed(&mut tx, &found).await?;
        store::commit(tx).await?;
        Ok(Commented { comment, mentioned, not_reached })
    }

    /// Deletes a comment: its author may, and the owner of what it is about.
    pub async fn delete_comment(&self, actor: &Actor, target: &Target, id: CommentId) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let found = self.thing_for(&mut tx, actor, target, Access::Viewer).await?;
        let comment = store::comment::find(&mut tx, found.thing, id).await?.ok_or(Error::NotFound(Noun::Comment))?;
        if comment.author != Some(actor.account) && !found.access.allows(Access::Owner) {
            let (noun, needed, has) = (sharing::noun(target), Access::Owner, found.access);
            return Err(Error::Forbidden { noun, needed, has });
        }
        store::comment::delete(&mut tx, id).await?;
        let event =
            activity::Event::thing(Happened::CommentDeleted, actor.account, found.thing, json!({ "comment": id }));
        activity::insert(&mut tx, &event, self.now()).await?;
        comments_changed(&mut tx, &found).await?;
        Ok(store::commit(tx).await?)
    }

    /// What a comment refers to must belong to what it is about.
    async fn check_references(&self, conn: &mut Conn, found: &Found, new: &NewComment) -> Result<(), Error> {
        if let Some(id) = new.reply_to
            && store::comment::find(conn, found.thing, id).await?.is_none()
        {
            return Err(Invalid::new("reply_to", "is no comment on this").into());
        }
        if let Some(id) = new.trial {
            let trial = store::trial::find(conn, id).await?;
            if trial.is_none_or(|trial| Some(trial.draft) != found.thing.draft()) {
                return Err(Invalid::new("test_id", "is no test of this draft").into());
            }
        }
        Ok(())
    }

    /// The accounts that a text mentions and that may see what it is about, without its author.
    async fn mentions(&self, conn: &mut Conn, actor: &Actor, found: &Found, text: &str) -> Result<Vec<Account>, Error> {
        let mut people: Vec<Account> = Vec::new();
        for name in mentioned(text) {
            let Some(account) = store::account::find_by_name(conn, &name).await? else { continue };
            if account.id == actor.account
                || people.len() == MENTIONS
                || people.iter().any(|known| known.id == account.id)
                || store::grant::access(conn, found.thing, account.id).await?.is_none()
            {
                continue;
            }
            people.push(account);
        }
        Ok(people)
    }
}

/// Tells whoever looks at a workshop that there is something new to read about it.
async fn comments_changed(conn: &mut Conn, found: &Found) -> Result<(), Error> {
    match found.thing.draft() {
        Some(draft) => notify(conn, &Event::DraftChanged { draft }).await,
        None => Ok(()),
    }
}
