//! Two tests side by side: what differs in the prompts, the numbers, the ratings, and both answers.

use super::reply::{Reply, metrics};
use crate::domain::Actor;
use crate::domain::text::excerpt;
use crate::domain::trial::Trial;
use crate::workshop::{Error, Workshop};

/// The most of a prompt's diff that is shown here; the whole is on each draft's history.
const DIFF: usize = 4_000;

/// Compares two tests that the actor may see.
pub(super) async fn compare(workshop: &Workshop, actor: &Actor, one: &Trial, other: &Trial) -> Result<Reply, Error> {
    let (first, second) = if one.created_at <= other.created_at { (one, other) } else { (other, one) };
    let mut text = format!("| | A | B |\n|---|---|---|\n{}", rows(first, second));
    if first.draft == second.draft && first.revision != second.revision {
        let (diff, _) = workshop.revision_diff(actor, first.draft, first.revision, second.revision).await?;
        text.push_str(&format!(
            "\n\n**What changed in the prompt**\n\n````diff\n{}\n````",
            excerpt(diff.trim_end(), DIFF)
        ));
    }
    let common = {
        let (a, b) = (workshop.trial_articles(first).await?, workshop.trial_articles(second).await?);
        a.iter().filter(|article| b.iter().any(|other| other.id == article.id)).count()
    };
    for (letter, trial) in [("A", first), ("B", second)] {
        let answer = trial.response.as_deref().unwrap_or("(no answer)").trim_end();
        text.push_str(&format!("\n\n**{letter}: {}**\n\n{answer}", excerpt(&trial.question, 300)));
    }
    Ok(Reply { title: "Two tests compared".to_owned(), text, is_document: true, ..Reply::default() }
        .note(format!("{common} articles in common.")))
}

fn rows(a: &Trial, b: &Trial) -> String {
    let stars = |trial: &Trial| {
        trial.mean_rating().map_or("not rated".to_owned(), |mean| format!("{mean:.1} of 5 ({})", trial.ratings.len()))
    };
    let cell = |text: String| text.replace('|', "¦").replace('\n', " ");
    let numbers = |trial: &Trial| metrics(trial);
    let rows = [
        ("Revision", a.revision.to_string(), b.revision.to_string()),
        ("Question", excerpt(&a.question, 80), excerpt(&b.question, 80)),
        ("Topic", a.topic.clone(), b.topic.clone()),
        ("Run", numbers(a)[0].clone(), numbers(b)[0].clone()),
        ("Citations", numbers(a)[1].clone(), numbers(b)[1].clone()),
        ("Stars", stars(a), stars(b)),
    ];
    rows.into_iter().map(|(name, a, b)| format!("| {name} | {} | {} |\n", cell(a), cell(b))).collect()
}
