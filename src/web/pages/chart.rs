//! A chart of a draft's texts: what people thought of each, and how much of its evidence holds. Drawn as SVG here.

use askama::Template;

use crate::domain::history::Tested;

const BAR: u32 = 44;
const STEP: u32 = 72;
const HEIGHT: u32 = 120;
const LEFT: u32 = 28;
const TOP: u32 = 12;
/// The latest texts that are drawn.
const MOST: usize = 24;

/// The chart, ready to be put into a page.
#[derive(Template)]
#[template(path = "parts/chart.html", config = "src/web/askama.toml")]
pub(super) struct Chart {
    width: u32,
    bars: Vec<Bar>,
    /// The line of valid citations, as points.
    line: String,
    /// The same in words.
    words: String,
}

impl askama::filters::HtmlSafe for Chart {}

/// What was tested, as a bar of stars and a point of valid citations.
struct Bar {
    x: u32,
    y: u32,
    height: u32,
    middle: u32,
    label: String,
    value: String,
    point: Option<u32>,
    told: String,
}

impl Chart {
    /// Draws the latest texts of a history.
    pub(super) fn of(history: &[Tested]) -> Self {
        let latest = &history[history.len().saturating_sub(MOST)..];
        let bars: Vec<Bar> = latest.iter().zip(0..).map(|(tested, index)| bar(tested, index)).collect();
        let points = bars.iter().filter_map(|bar| bar.point.map(|y| format!("{},{y}", bar.middle)));
        Self {
            width: LEFT + STEP * latest.len() as u32 + 8,
            line: points.collect::<Vec<_>>().join(" "),
            words: bars.iter().map(|bar| bar.told.as_str()).collect::<Vec<_>>().join("; "),
            bars,
        }
    }
}

fn bar(tested: &Tested, index: u32) -> Bar {
    let share = |part: f64| (part.clamp(0.0, 1.0) * f64::from(HEIGHT)).round() as u32;
    let height = tested.mean_rating.map(|mean| share(mean / 5.0)).unwrap_or_default();
    let x = LEFT + STEP * index + (STEP - BAR) / 2;
    let stars = tested.mean_rating.map(|mean| format!("{mean:.1} ★")).unwrap_or_default();
    let rated = if stars.is_empty() { "not rated".to_owned() } else { format!("{stars} of 5") };
    let validity = tested.citation_validity.map(|part| format!(", {:.0}% of citations valid", part * 100.0));
    let tests = if tested.tests == 1 { "test" } else { "tests" };
    Bar {
        x,
        y: TOP + HEIGHT - height,
        height,
        middle: x + BAR / 2,
        told: format!("{}: {} {tests}, {rated}{}", tested.label(), tested.tests, validity.unwrap_or_default()),
        label: tested.label(),
        value: stars,
        point: tested.citation_validity.map(|part| TOP + HEIGHT - share(part)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RevisionNumber;

    fn tested(revision: i32, mean_rating: Option<f64>, citation_validity: Option<f64>) -> Tested {
        Tested {
            revision: Some(RevisionNumber(revision)),
            version: None,
            tests: 2,
            answered: 2,
            ratings: 1,
            mean_rating,
            citation_validity,
            mean_seconds: None,
        }
    }

    #[test]
    fn bars_are_as_high_as_the_stars_and_the_line_as_the_share_of_valid_citations() {
        let chart = Chart::of(&[tested(1, Some(2.5), Some(1.0)), tested(2, None, Some(0.5))]);
        assert_eq!((chart.bars[0].height, chart.bars[1].height), (HEIGHT / 2, 0));
        assert_eq!(chart.line, format!("64,{TOP} 136,{}", TOP + HEIGHT / 2));
        assert_eq!(
            chart.words,
            "rev 1: 2 tests, 2.5 ★ of 5, 100% of citations valid; rev 2: 2 tests, not rated, 50% of citations valid"
        );
    }
}
