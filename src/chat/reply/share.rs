//! Wording about who may do what, links, comments, and the record.

use std::fmt::Write as _;

use super::Reply;
use crate::domain::access::Visibility;
use crate::domain::sharing::{Comment, Invite, Shares, Target};
use crate::domain::text::excerpt;
use crate::workshop::activity::{Happened, Recorded};
use crate::workshop::comment::Commented;
use crate::workshop::invite::Opened;
use crate::workshop::sharing::Change;

/// Who may do what with a thing.
pub fn shares(shares: &Shares, target: &Target) -> Reply {
    let mut text = match &shares.owner {
        Some(owner) => format!("- **{owner}** owns it"),
        None => "- It ships with Prompt Workshop; nobody owns it".to_owned(),
    };
    for grant in &shares.grants {
        let _ = write!(text, "\n- {}: {}", grant.holder, grant.access);
    }
    Reply { title: format!("Who may do what with {target}"), text, ..Reply::default() }.note(format!(
        "{} · you: {}",
        seen_by(shares),
        shares.yours
    ))
}

fn seen_by(shares: &Shares) -> String {
    match shares.visibility {
        Visibility::Private => "private: only these see it".to_owned(),
        Visibility::Team => format!("team: everyone of {} sees it too", shares.team),
        Visibility::Public => "public: everybody sees it".to_owned(),
    }
}

/// What somebody changed about who may do what, for everybody.
pub fn sharing(by: &str, change: &Change, about: &str) -> String {
    match change {
        Change::Shared { with, access } => format!("🤝 {by} shared {about} with {with} as {access}."),
        Change::Removed { from } => format!("{by} took {from}'s access to {about} away."),
        Change::Left => format!("{by} left {about}."),
        Change::Transferred { to } => format!("🤝 {by} made {to} the owner of {about}."),
        Change::Visible { to } => format!("{by} made {about} {to}."),
        Change::CameIn { access } => format!("{by} came to {about} by a link, as {access}."),
    }
}

/// That somebody gave up what they could do.
pub fn left(target: &Target) -> Reply {
    Reply::said(format!("You left {target}. Its owner can share it with you again."))
}

/// A link that lets people in.
pub fn invite(invite: &Invite, url: &str, target: &Target, marker: &str) -> Reply {
    let until = invite.expires_at.format("%Y-%m-%d");
    Reply::said(format!(
        "Whoever has this link comes to {target} as {}: <{url}>\n\nIt works until {until}, for as many people as you give it to. \
         They open it, or say `{marker}share accept LINK`. `{marker}share unlink` ends it.",
        invite.access
    ))
    .private()
}

/// That links work no more.
pub fn unlinked(links: usize, target: &Target) -> Reply {
    Reply::said(match links {
        0 => format!("There is no link to {target}."),
        1 => format!("The link to {target} works no more. Who came in by it stays."),
        links => format!("The {links} links to {target} work no more. Who came in by them stays."),
    })
}

/// What a link has opened.
pub fn came_in(opened: &Opened, marker: &str) -> Reply {
    let (name, access) = (&opened.name, opened.access);
    Reply::said(match &opened.target {
        Target::Draft(id) => {
            format!("You are in: draft {id} \"{name}\", as {access}. Say `{marker}open {id}` to go on with it.")
        }
        Target::Prompt(_) => {
            format!("You are in: the prompt {name}, as {access}. Say `{marker}prompt show {name}` to read it.")
        }
    })
}

/// The latest comments on a thing.
pub fn comments(comments: &[Comment], total: i64, target: &Target) -> Reply {
    if comments.is_empty() {
        return Reply::said(format!("Nobody has commented on {target} yet."));
    }
    let mut lines = Vec::new();
    for comment in comments {
        let author = comment.author_name.as_deref().unwrap_or("somebody who is gone");
        let at = comment.created_at.format("%Y-%m-%d %H:%M");
        lines.push(format!("- **{author}**, {at}: {}", excerpt(&comment.text.replace('\n', " "), 300)));
    }
    let reply = Reply { title: format!("Comments on {target}"), text: lines.join("\n"), ..Reply::default() };
    match total - comments.len() as i64 {
        0 => reply,
        earlier => reply.note(format!("{earlier} earlier ones are not shown.")),
    }
}

/// That a comment was written, and whom it reached.
pub fn commented(commented: &Commented) -> Reply {
    let told: Vec<&str> =
        commented.mentioned.iter().filter(|name| !commented.not_reached.contains(name)).map(String::as_str).collect();
    let reply = match told.is_empty() {
        true => Reply::said("Your comment is kept."),
        false => Reply::said(format!("Your comment is kept; {} will hear of it.", told.join(", "))),
    };
    match commented.not_reached.is_empty() {
        true => reply,
        false => reply.note(format!(
            "{} cannot be told: no chat platform knows them. They see it when they look.",
            commented.not_reached.join(", ")
        )),
    }
}

/// Who did what with a thing, the latest first.
pub fn activity(recorded: &[Recorded], total: i64, target: &Target) -> Reply {
    let lines: Vec<String> = recorded.iter().map(line).collect();
    let reply = Reply { title: format!("What happened to {target}"), text: lines.join("\n"), ..Reply::default() };
    match total - recorded.len() as i64 {
        0 => reply,
        earlier => reply.note(format!("{earlier} earlier events are not shown.")),
    }
}

fn line(recorded: &Recorded) -> String {
    let at = recorded.at.format("%Y-%m-%d %H:%M");
    let who = recorded.person.as_deref().unwrap_or("Prompt Workshop");
    let word = |name: &str| recorded.detail.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    let with = [word("person"), word("team")].concat();
    let did = match recorded.kind {
        Happened::Shared => format!("shared it with {with} as {}", word("access")),
        Happened::Unshared => format!("took {with}'s access away"),
        Happened::Left => "left it".to_owned(),
        Happened::Transferred => format!("made {with} the owner"),
        Happened::VisibilityChanged => format!("made it {}", word("visibility")),
        Happened::InviteMade => format!("made a link ({})", word("access")),
        Happened::InviteAccepted => format!("came in by a link ({})", word("access")),
        Happened::ProposalDecided => format!("decided on a proposal: {}", word("decision").replace('_', " ")),
        kind => kind.as_str().replace('_', " "),
    };
    format!("- {at} · **{who}** · {did}")
}
