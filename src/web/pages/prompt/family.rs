//! The family of a prompt: what was cloned from what.

use askama::Template;

use super::About;
use crate::domain::library::Relative;
use crate::domain::{PromptId, VersionNumber};
use crate::web::Web;
use crate::web::error::Problem;
use crate::web::pages::shown::counted;

#[derive(Template)]
#[template(path = "prompt/family.html", config = "src/web/askama.toml")]
pub(super) struct FamilyTab {
    roots: Vec<Member>,
    size: usize,
    hidden: usize,
}

/// A prompt with what was cloned from it.
#[derive(Template)]
#[template(path = "prompt/member.html", config = "src/web/askama.toml")]
struct Member {
    relative: Relative,
    /// The version of its parent that it began with.
    began_with: Option<VersionNumber>,
    current: bool,
    children: Vec<Member>,
}

impl askama::filters::HtmlSafe for Member {}

pub(super) async fn read(web: &Web, about: &About) -> Result<FamilyTab, Problem> {
    let family = web.workshop.family(&about.actor, &about.prompt.name).await?;
    let (size, hidden) = (family.members.len(), family.hidden);
    Ok(FamilyTab { roots: grow(&family.members, None, about.prompt.id), size, hidden })
}

/// Those cloned from `parent`, each with its own; without a parent, those whose parent is not among them.
fn grow(members: &[Relative], parent: Option<PromptId>, current: PromptId) -> Vec<Member> {
    let known = |id: PromptId| members.iter().any(|member| member.id == id);
    let of_parent = |relative: &&Relative| match (relative.parent, parent) {
        (Some((id, _)), Some(parent)) => id == parent,
        (Some((id, _)), None) => !known(id),
        (None, parent) => parent.is_none(),
    };
    let member = |relative: &Relative| Member {
        children: grow(members, Some(relative.id), current),
        began_with: relative.parent.map(|(_, version)| version),
        current: relative.id == current,
        relative: relative.clone(),
    };
    members.iter().filter(of_parent).map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_stand_below_what_they_were_cloned_from() {
        let relative = |id: i32, parent: Option<i32>| Relative {
            id: PromptId(id),
            name: format!("prompt_{id}"),
            title: format!("Prompt {id}"),
            version: VersionNumber(1),
            parent: parent.map(|parent| (PromptId(parent), VersionNumber(2))),
            deprecated: false,
            deleted: id == 1,
            uses: 0,
        };
        let members = [relative(1, None), relative(2, Some(1)), relative(3, Some(2)), relative(4, Some(9))];
        let roots = grow(&members, None, PromptId(3));
        assert_eq!(roots.iter().map(|root| root.relative.id.0).collect::<Vec<_>>(), [1, 4]);
        assert!(roots[0].children[0].children[0].current);
        let shown = FamilyTab { roots, size: 4, hidden: 2 }.to_string();
        assert!(shown.contains("aria-current"), "{shown}");
        assert!(!shown.contains("/library/prompt_1\""), "{shown}");
    }
}
