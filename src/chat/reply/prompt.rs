//! Wording about prompts of the library and their versions.

use std::fmt::Write as _;

use super::{Action, Reply};
use crate::chat::button::{Button, Press};
use crate::domain::library::{Label, Prompt, Relative, Version};
use crate::domain::prompt_file::PromptFile;
use crate::domain::push::Push;
use crate::domain::text::excerpt;
use crate::domain::{PromptId, VersionNumber};
use crate::workshop::library::Family;
use crate::workshop::version::{Picked, VersionDiff};

/// A prompt with the text that was picked.
pub fn prompt(picked: &Picked, marker: &str) -> Reply {
    let Picked { prompt, number, text } = picked;
    let owner = prompt.owner_name.as_deref().unwrap_or("Prompt Workshop");
    let mut reply = Reply {
        title: format!("{} · {} version {number}", prompt.title, prompt.name),
        text: text.trim_end().to_owned(),
        hint: format!("Ask it: {marker}ask {0} QUESTION. Start from it: {marker}clone {0}", prompt.name),
        actions: vec![Action::new("Clone", Button::new(Press::Clone, &prompt.name, 0))],
        is_document: true,
        ..Reply::default()
    };
    if !prompt.description.is_empty() {
        reply.notes.push(prompt.description.clone());
    }
    let newest =
        if *number == prompt.version { "the newest".to_owned() } else { format!("the newest is {}", prompt.version) };
    let mut about =
        format!("by {owner} · {} · version {number}, {newest} · asked {} times", prompt.visibility, prompt.uses);
    if !prompt.tags.is_empty() {
        let _ = write!(about, " · {}", prompt.tags.join(", "));
    }
    for (label, version) in &prompt.labels {
        let _ = write!(about, " · {label} is {version}");
    }
    reply.notes.push(about);
    reply.notes.extend(deprecation(prompt));
    reply
}

/// That a prompt should not be used any more, if so, and what to use instead.
pub fn deprecation(prompt: &Prompt) -> Option<String> {
    prompt.deprecated_at?;
    Some(match &prompt.successor {
        Some(successor) => format!("⚠️ It should not be used any more. Use {successor} instead."),
        None => "⚠️ It should not be used any more.".to_owned(),
    })
}

/// The versions of a prompt.
pub fn versions(name: &str, versions: &[Version], total: i64, marker: &str) -> Reply {
    let mut text = String::new();
    for version in versions {
        let day = version.created_at.format("%Y-%m-%d");
        let author = version.author.as_deref().unwrap_or("Prompt Workshop");
        let _ = write!(text, "- **{}** · {day} · {author} · {}", version.number, evidence(version));
        if !version.labels.is_empty() {
            let _ = write!(text, " · **{}**", version.labels.join(", "));
        }
        if !version.note.is_empty() {
            let _ = write!(text, "\n  {}", excerpt(&version.note.replace('\n', " "), 300));
        }
        text.push('\n');
    }
    Reply { title: format!("Versions of {name} ({total})"), text, ..Reply::default() }
        .hint(format!("What changed: {marker}prompt diff {name} 1 2. Go back: {marker}prompt revert {name} 1"))
}

fn evidence(version: &Version) -> String {
    match (version.tests, version.mean_rating) {
        (0, _) => "no tests".to_owned(),
        (1, None) => "1 test, not rated".to_owned(),
        (tests, None) => format!("{tests} tests, not rated"),
        (1, Some(mean)) => format!("1 test, {mean:.1} ★"),
        (tests, Some(mean)) => format!("{tests} tests, {mean:.1} ★"),
    }
}

/// What changed between two versions.
pub fn version_diff(name: &str, from: VersionNumber, to: VersionNumber, diff: &VersionDiff) -> Reply {
    if diff.unified.is_empty() {
        return Reply::said(format!("Versions {from} and {to} of {name} have the same text."));
    }
    Reply::said(format!("{name}, version {from} to {to}:\n\n````diff\n{}\n````", diff.unified.trim_end()))
}

/// Where a label points now.
pub fn labelled(prompt: &Prompt, label: &Label, version: VersionNumber, before: Option<VersionNumber>) -> Reply {
    let before = match before {
        Some(before) if before != version => format!(" It was {before} before."),
        Some(_) | None => String::new(),
    };
    Reply::said(format!("{label} of {} is version {version} now.{before}", prompt.name))
}

/// That an earlier text is the newest again.
pub fn reverted(prompt: &Prompt, to: VersionNumber, number: VersionNumber) -> Reply {
    Reply::said(format!(
        "Version {number} of {} has the text of version {to}. Labels stay where they were.",
        prompt.name
    ))
}

/// What is said about a prompt now.
pub fn described(prompt: &Prompt) -> Reply {
    let tags = if prompt.tags.is_empty() { String::new() } else { format!(" · {}", prompt.tags.join(", ")) };
    let about = if prompt.description.is_empty() { String::new() } else { format!("\n\n{}", prompt.description) };
    Reply::said(format!("{}: \"{}\"{tags}{about}", prompt.name, prompt.title))
}

/// That a prompt should not be used any more.
pub fn deprecated(prompt: &Prompt) -> Reply {
    let instead = prompt.successor.as_ref().map(|next| format!(" {next} is to be used instead.")).unwrap_or_default();
    Reply::said(format!("{} is deprecated.{instead} It still answers; whoever looks at it is told.", prompt.name))
}

/// That a prompt may be used again.
pub fn revived(prompt: &Prompt) -> Reply {
    Reply::said(format!("{} is not deprecated any more.", prompt.name))
}

/// Asks whether a prompt is really to be deleted.
pub fn delete_prompt(prompt: &Prompt, clones: i64, marker: &str) -> Reply {
    let clones = match clones {
        0 => String::new(),
        1 => " The draft that was cloned from it stays.".to_owned(),
        clones => format!(" The {clones} drafts that were cloned from it stay."),
    };
    Reply::said(format!(
        "{} has {} version(s) and was asked {} times. Deleting it removes their texts for good.{clones} To do it: \
         {marker}prompt delete {} yes",
        prompt.name, prompt.version, prompt.uses, prompt.name
    ))
}

/// That a prompt is gone.
pub fn prompt_deleted(name: &str) -> Reply {
    Reply::said(format!("{name} is deleted; its name is free again. What was cloned from it keeps its lineage."))
}

/// A family as a tree.
pub fn family(family: &Family) -> Reply {
    let mut text = "```\n".to_owned();
    let known = |id: PromptId| family.members.iter().any(|member| member.id == id);
    let roots = family.members.iter().filter(|member| member.parent.is_none_or(|(parent, _)| !known(parent)));
    for root in roots {
        branch(&mut text, family, root, 0);
    }
    text.push_str("```");
    let reply = Reply::said(text);
    match family.hidden {
        0 => reply,
        1 => reply.note("One more that you may not see."),
        hidden => reply.note(format!("{hidden} more that you may not see.")),
    }
}

/// How deep a tree is drawn.
const DEPTH: usize = 12;

fn branch(text: &mut String, family: &Family, member: &Relative, depth: usize) {
    let from = member.parent.map(|(_, version)| format!(" (from version {version})")).unwrap_or_default();
    let state = match (member.deleted, member.deprecated) {
        (true, _) => " · deleted",
        (false, true) => " · deprecated",
        (false, false) => "",
    };
    let _ = writeln!(text, "{}{} v{}{from}{state}", "  ".repeat(depth), member.name, member.version);
    let children = family.members.iter().filter(|child| child.parent.is_some_and(|(parent, _)| parent == member.id));
    for child in children.take_while(|_| depth < DEPTH) {
        branch(text, family, child, depth + 1);
    }
}

/// A version of a prompt as a file.
pub fn prompt_file(file: &PromptFile) -> Reply {
    let version = file.version.map(|version| format!(" version {version}")).unwrap_or_default();
    Reply {
        title: format!("{}.prompt", file.name),
        text: file.write(),
        hint: format!("workshop prompts import {}.prompt reads it again.", file.name),
        is_document: true,
        ..Reply::default()
    }
    .note(format!("{}{version}; the text begins after the second ---", file.title))
}

/// That a prompt is on its way to Auspex.
pub fn pushing(push: &Push) -> Reply {
    let Push { name, version, url, .. } = push;
    Reply::said(format!("{name} version {version} is on its way to {url}; the result comes here."))
}

/// How a push to Auspex ended.
pub fn pushed(name: &str, version: i32, url: &str, failure: Option<&str>) -> Reply {
    match failure {
        None => Reply::said(format!("📤 **{name}** version {version} is in Auspex now: {url}")),
        Some(failure) => Reply::refused(format!("**{name}** version {version} was not pushed to {url}. {failure}")),
    }
}
