//! What people say about a prompt.

use askama::Template;

use super::{About, Wanted};
use crate::domain::sharing::{Comment, Target};
use crate::domain::text::excerpt;
use crate::domain::{Access, AccountId, CommentId};
use crate::web::Web;
use crate::web::error::Problem;
use crate::web::pages::paging::{Paging, page_number};
use crate::web::pages::shown::Moment;

/// How many comments a page.
const SIZE: i64 = 50;

#[derive(Template)]
#[template(path = "prompt/comments.html", config = "src/web/askama.toml")]
pub(super) struct CommentsTab {
    api: String,
    comments: Vec<Comment>,
    me: AccountId,
    may_comment: bool,
    may_own: bool,
    paging: Paging,
}

impl CommentsTab {
    fn may_delete(&self, comment: &Comment) -> bool {
        self.may_own || comment.author == Some(self.me)
    }

    /// The beginning of the comment that another answers, if it is on this page.
    fn answered(&self, id: &CommentId) -> Option<String> {
        self.comments.iter().find(|comment| comment.id == *id).map(|comment| excerpt(&comment.text, 80))
    }
}

pub(super) async fn read(web: &Web, about: &About, wanted: &Wanted) -> Result<CommentsTab, Problem> {
    let page = page_number(wanted.page.as_deref());
    let target = Target::Prompt(about.prompt.name.clone());
    let (comments, total) = web.workshop.comments(&about.actor, &target, SIZE, (page - 1) * SIZE).await?;
    let path = format!("/library/{}", about.prompt.name);
    Ok(CommentsTab {
        api: about.api(),
        me: about.actor.account,
        may_comment: about.may(Access::Commenter),
        may_own: about.may_own(),
        paging: Paging::of(&path, &[("tab", "comments")], page, total, SIZE),
        comments,
    })
}
