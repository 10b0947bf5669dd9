//! Two tests side by side: what differs in the prompts, the numbers, the ratings, and both answers.

use super::reply::{Reply, metrics};
use crate::domain::text::excerpt;
use crate::domain::trial::Trial;
use crate::domain::{Actor, TrialId};
use crate::workshop::comparison::{Compared, Comparison};
use crate::workshop::{Error, Workshop};

/// The most of a prompt's diff that is shown here; the whole is on each draft's history.
const DIFF: usize = 4_000;

/// Compares two tests that the actor may see, the earlier one first.
pub(super) async fn compare(workshop: &Workshop, actor: &Actor, one: TrialId, other: TrialId) -> Result<Reply, Error> {
    // Ids made later sort later.
    let Comparison { tests, common } = workshop.compare_trials(actor, &[one.min(other), one.max(other)]).await?;
    let [first, second] = tests.as_slice() else { return Ok(Reply::default()) };
    let mut text = format!("| | A | B |\n|---|---|---|\n{}", rows(&first.trial, &second.trial));
    if !second.diff.is_empty() {
        text.push_str(&format!(
            "\n\n**What changed in the prompt**\n\n````diff\n{}\n````",
            excerpt(second.diff.trim_end(), DIFF)
        ));
    }
    for (letter, Compared { trial, .. }) in [("A", first), ("B", second)] {
        let answer = trial.response.as_deref().unwrap_or("(no answer)").trim_end();
        text.push_str(&format!("\n\n**{letter}: {}**\n\n{answer}", excerpt(&trial.question, 300)));
    }
    let only = format!("{} only in A, {} only in B", first.only.len(), second.only.len());
    Ok(Reply { title: "Two tests compared".to_owned(), text, is_document: true, ..Reply::default() }
        .note(format!("{} articles in common, {only}.", common.len())))
}

fn rows(a: &Trial, b: &Trial) -> String {
    let stars = |trial: &Trial| {
        trial.mean_rating().map_or("not rated".to_owned(), |mean| format!("{mean:.1} of 5 ({})", trial.ratings.len()))
    };
    let cell = |text: String| text.replace('|', "¦").replace('\n', " ");
    let numbers = |trial: &Trial| metrics(trial);
    let rows = [
        ("Tested", a.tested(), b.tested()),
        ("Model", a.model.clone(), b.model.clone()),
        ("Question", excerpt(&a.question, 80), excerpt(&b.question, 80)),
        ("Topic", a.topic.clone(), b.topic.clone()),
        ("Run", numbers(a)[0].clone(), numbers(b)[0].clone()),
        ("Citations", numbers(a)[1].clone(), numbers(b)[1].clone()),
        ("Stars", stars(a), stars(b)),
    ];
    rows.into_iter().map(|(name, a, b)| format!("| {name} | {} | {} |\n", cell(a), cell(b))).collect()
}
