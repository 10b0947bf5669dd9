//! The bank of focuses: what an analyst looks at when a request names a subject such as risk or technology.
//!
//! To teach the templates a new one, add an entry to [`FOCUSES`]; nothing else needs to change.

use super::words;

/// One thing to look at in the articles.
#[derive(Debug, PartialEq, Eq)]
pub struct Focus {
    /// Its name within a sentence: "a focus on risk".
    pub name: &'static str,
    /// Words that ask for it, with commas between; see [`words::find_keyword`].
    pub keywords: &'static str,
    /// Who does this for a living.
    pub analyst: &'static str,
    /// What to look for.
    pub area: &'static str,
    /// How to handle what is found.
    pub rule: &'static str,
    /// The part of the answer it gets: its name and what stands there.
    pub part: (&'static str, &'static str),
    /// The columns, where that part is a table.
    pub columns: &'static str,
    /// What to look for when it matters most.
    pub stronger: &'static str,
    /// A question to try it on.
    pub question: &'static str,
}

/// The focuses a request asks for, in the order in which it names them.
pub fn of(text: &str) -> Vec<&'static Focus> {
    let normalized = words::normalized(text);
    let first = |focus: &Focus| focus.keywords.split(", ").filter_map(|k| words::find_keyword(&normalized, k)).min();
    let mut found: Vec<(usize, &'static Focus)> =
        FOCUSES.iter().filter_map(|focus| first(focus).map(|at| (at, focus))).collect();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, focus)| focus).collect()
}

/// All of them.
pub const FOCUSES: &[Focus] = &[
    Focus {
        name: "finance",
        keywords: "financ*, earning*, revenue*, profit*, fiscal, bank*, debt*, credit*, investment*, investing, \
                   stock, stocks, share price*, monetary, inflation, mergers, acquisitions, budget*, economic*, \
                   economy",
        analyst: "financial analyst",
        area: "Financial substance: revenue, earnings, margins, cash, debt, deals, guidance and prices, each with its \
               figure, currency and period.",
        rule: "Give every figure with its unit, currency and period as the article states it; do not convert, round or \
               extrapolate. When a figure has no period or comparison, say so.",
        part: (
            "Financial picture",
            "the figures that matter, what moved them, and the direction compared with the period before.",
        ),
        columns: "Item, Figure, Period, Change, Source",
        stronger: "Behind each figure, its driver: price, volume, one-off effect, policy or currency, and whether the \
                   article expects it to last.",
        question: "Which companies or markets came under financial pressure recently, and why?",
    },
    Focus {
        name: "risk",
        keywords: "risk*, threat*, exposure*, downside*, vulnerab*, early warning*, hazard*, crisis",
        analyst: "risk analyst",
        area: "Risks: what could go wrong, its cause, who is exposed, how likely and how severe it is by the articles, and \
               the early signs that it is growing or fading.",
        rule: "Rate each risk low, medium or high for likelihood and for impact, and give the evidence for the rating in \
               the same sentence. Without evidence, write \"not rated\".",
        part: (
            "Risks",
            "the most important first; for each one the cause, who is exposed, likelihood and impact (low, medium, \
             high), the time horizon and the early sign to watch.",
        ),
        columns: "Risk, Cause, Likelihood, Impact, Horizon, Source",
        stronger: "For each risk, the chain from cause to consequence, what would make it worse, and what the articles say \
                   is being done about it.",
        question: "What are the most serious risks reported in the last three months, and who is exposed?",
    },
    Focus {
        name: "timelines",
        keywords: "timeline*, time line*, chronolog*, milestone*, deadline*, time horizon*, sequence of events",
        analyst: "intelligence analyst",
        area: "Timing: when each event happened or is due, in which order, what depends on what, and which deadlines are \
               ahead.",
        rule: "Give every event the most exact date that its article states, and say when a date is only the date of \
               publication. Keep what has happened apart from what is announced or expected.",
        part: ("Timeline", "dated entries, oldest first, then what is expected next with its date or horizon."),
        columns: "Date, Event, Who, What follows, Source",
        stronger: "For each development, three horizons where the articles allow it: what happens now, what follows within \
                   the year, and what is expected later; name the event that moves it from one to the next.",
        question: "What happened over the last six months, in order, and what is expected next?",
    },
    Focus {
        name: "regulation and compliance",
        keywords: "complian*, regulat*, legal*, law, laws, legislat*, directive*, antitrust, lawsuit*, court, courts",
        analyst: "regulatory analyst",
        area: "Rules: new, changed or proposed laws and decisions, the authority, their status, who must comply, by when, \
               and the penalties.",
        rule: "Name the stage of every rule: proposed, adopted, in force or contested. Describe what the articles report; \
               give no legal advice.",
        part: (
            "Regulatory changes",
            "for each one the authority, the status, who is affected, the deadline and the consequence of ignoring it.",
        ),
        columns: "Rule, Authority, Status, Affected, Deadline, Source",
        stronger: "For each rule, what changes in practice for those affected, which open points remain, and the next \
                   formal step with its date.",
        question: "Which new rules were proposed or adopted recently, and whom do they affect?",
    },
    Focus {
        name: "policy",
        keywords: "policy, policies, politic*, government*, election*, public sector, parliament*, diplomat*",
        analyst: "policy analyst",
        area: "Policy: who decided or proposed what, with which aim and money, who supports and who opposes it, and what \
               happens next.",
        rule: "Report positions evenly and attribute each to who holds it; never take a side.",
        part: (
            "Policy and positions",
            "the decisions and proposals, the positions of those involved, and the next step.",
        ),
        columns: "Decision, Who, Aim, Position of others, Next step, Source",
        stronger: "For each decision, the interests behind the positions and what would change them, as far as the articles \
                   report it.",
        question: "Which policy decisions were taken recently, and who opposes them?",
    },
    Focus {
        name: "geopolitics",
        keywords: "geopolit*, sanction*, war, wars, conflict zone*, armed conflict*, military, tariff*, trade war*",
        analyst: "geopolitical analyst",
        area: "States and powers: moves and statements of governments and alliances, leverage, sanctions and tariffs, and \
               signs of escalation or calm.",
        rule: "Keep apart what a government says, what it does, and what others say about it.",
        part: ("Actors and moves", "who did what, towards whom, with which leverage, and how the other side answered."),
        columns: "Actor, Move, Target, Answer, Date, Source",
        stronger: "For each tension, the steps of escalation so far and the next one that the articles consider possible.",
        question: "Which tensions between states grew recently, and what do the sides say?",
    },
    Focus {
        name: "security",
        keywords: "security, cyber*, breach*, attack*, ransomware, terror*, espionage, crime*, fraud*",
        analyst: "security analyst",
        area: "Incidents: what was attacked or disrupted, by whom as far as it is confirmed, how, with what damage, and what \
               was done.",
        rule: "Attribute an attack to somebody only as firmly as the article does: confirmed, alleged or unknown.",
        part: ("Incidents and exposure", "each incident with target, method, damage, attribution and response."),
        columns: "Incident, Target, Method, Damage, Attribution, Source",
        stronger: "Across incidents, the weaknesses and methods that recur, and who else has them.",
        question: "Which security incidents were reported recently, and what damage did they do?",
    },
    Focus {
        name: "technology",
        keywords: "tech, technolog*, ai, artificial intelligence, software, digital*, semiconductor*, chip, chips, \
                   robot*, quantum, automation, machine learning",
        analyst: "technology analyst",
        area: "Technology: what is new, who builds and who uses it, how mature it is (research, pilot, in use, at scale), \
               what it replaces and what holds it back.",
        rule: "Keep demonstrated results apart from announcements, and name the maker when a claim comes from the maker.",
        part: (
            "Technology and readiness",
            "each development with its maturity (research, pilot, in use, at scale), the evidence for it and the main \
             obstacle.",
        ),
        columns: "Technology, Who, Maturity, Evidence, Obstacle, Source",
        stronger: "For each technology, the evidence of real use: customers, numbers, cost and performance, against what was \
                   promised before.",
        question: "Which technologies moved from pilot to real use recently, and what is the evidence?",
    },
    Focus {
        name: "health",
        keywords: "health*, medic*, disease*, pandemic*, epidemic*, clinical, drug*, vaccin*, hospital*, pharma*, \
                   patient*",
        analyst: "health analyst",
        area: "Health: the disease, treatment or service, the people affected with numbers, the strength of the evidence, \
               and what authorities advise.",
        rule: "Name the kind of evidence behind a medical claim: trial and its size, observation, official count or opinion. \
               Give no medical advice.",
        part: ("Health findings", "what was found or happened, in whom, how many, how sure it is and who says so."),
        columns: "Finding, People affected, Evidence, Authority, Source",
        stronger: "For each finding, what was measured against what, the size of the effect, and what remains unknown.",
        question: "Which health developments were reported recently, and how strong is the evidence?",
    },
    Focus {
        name: "supply chains",
        keywords: "supply chain*, supplier*, logistic*, shipping, procure*, shortage*, manufactur*, inventor*, \
                   freight",
        analyst: "supply chain analyst",
        area: "Supply: shortages, delays, prices, capacity and dependence on single suppliers, countries or routes, and how \
               long disruptions last.",
        rule: "For each disruption, name the place in the chain, its start and its expected end; write \"no end stated\" when \
               the articles give none.",
        part: (
            "Supply chain effects",
            "what is disrupted, where in the chain, who depends on it and what the way round is.",
        ),
        columns: "Disruption, Place, Dependent, Duration, Way round, Source",
        stronger: "For each disruption, the second-order effects: who runs short next, and by when.",
        question: "Which supply chains were disrupted recently, and for how long?",
    },
    Focus {
        name: "energy",
        keywords: "energy, oil, gas, electric*, renewable*, solar, wind power, nuclear, battery, batteries, \
                   hydrogen, grid",
        analyst: "energy analyst",
        area: "Energy: supply and demand, prices, capacity added or lost, projects with cost and date, and the policy that \
               drives them.",
        rule: "Keep capacity, production and consumption apart, and keep the units of the article.",
        part: ("Energy picture", "supply, demand, prices and projects, each with figures, places and dates."),
        columns: "Project or event, Place, Capacity or price, Date, Source",
        stronger: "For each project or price, what it depends on: permits, grid, fuel, subsidy or weather.",
        question: "What changed in energy supply and prices recently, and what drove it?",
    },
    Focus {
        name: "climate and sustainability",
        keywords: "climate, sustainab*, esg, emission*, carbon, environment*, biodiversity, pollution",
        analyst: "sustainability analyst",
        area: "Climate and environment: emissions, targets and progress, physical damage, costs, and who is responsible.",
        rule: "Keep targets apart from measured results, and give the base year of a target when the article does.",
        part: ("Climate and environment", "what was measured, promised or damaged, by whom, with figures and years."),
        columns: "Topic, Target, Result, Year, Responsible, Source",
        stronger: "For each commitment, the progress so far against it and who checks it.",
        question: "Which climate commitments were made or missed recently?",
    },
    Focus {
        name: "markets",
        keywords: "market, markets, demand, pricing, price*, consumer*",
        analyst: "market analyst",
        area: "Markets: size, demand, prices and shares, who gains and who loses, and what moves customers.",
        rule: "Name the region and segment a market figure is for; never carry it over to another.",
        part: ("Market movements", "where demand, prices or shares moved, by how much, and what moved them."),
        columns: "Market, Movement, Figure, Driver, Source",
        stronger: "For each movement, who gains and who loses from it, and whether it is seasonal, one-off or lasting.",
        question: "Which markets moved most recently, and what moved them?",
    },
    Focus {
        name: "competitors",
        keywords: "competit*, rival*, benchmark*, market entrant*, new entrant*",
        analyst: "competitive intelligence analyst",
        area: "Competitors: launches, deals, hires, prices, partnerships and failures, company by company, and what they \
               show about the strategy.",
        rule: "Treat each company alike: what it did, what it says about it, and what others say.",
        part: (
            "Competitor moves",
            "company by company: the move, its date, and what it means for others in the field.",
        ),
        columns: "Company, Move, Date, Meaning, Source",
        stronger: "For each competitor, the pattern behind its moves, and the move that would follow from it; mark that as \
                   your inference.",
        question: "What did the leading companies in this field do recently, and how do they differ?",
    },
    Focus {
        name: "sentiment and reputation",
        keywords: "sentiment*, reputation*, public opinion, perception*, brand image, narrative*, tone of \
                   coverage, media coverage",
        analyst: "media analyst",
        area: "Sentiment: how sources and the people they quote judge the subject, how strongly, and how that has changed.",
        rule: "Show sentiment by short quotations with who said it; never state a mood without one.",
        part: (
            "Sentiment",
            "positive, negative and mixed voices, with a short quotation for each and the change over time.",
        ),
        columns: "Voice, Judgement, Quotation, Date, Source",
        stronger: "Where the tone changed, the event after which it changed and the voices that changed it.",
        question: "How is the subject judged in recent coverage, and has that changed?",
    },
    Focus {
        name: "trends and signals",
        keywords: "trend*, emerging, signal*, foresight, horizon scan*, forecast*, outlook",
        analyst: "foresight analyst",
        area: "Trends and weak signals: what is growing, new or fading, what drives it, and signs that few sources report yet.",
        rule: "Call something a trend only when at least two articles of different dates or sources show it; otherwise call it \
               a signal.",
        part: ("Trends and signals", "each one with its direction, its driver, the evidence and how early it is."),
        columns: "Trend or signal, Direction, Driver, Evidence, Source",
        stronger: "For each trend, what would confirm it and what would refute it within a year.",
        question: "Which trends and weak signals show in the articles of the last three months?",
    },
    Focus {
        name: "scenarios",
        keywords: "scenario*, what if, futures, possible future*, plausible",
        analyst: "scenario analyst",
        area: "Forces and uncertainties: what is driving the subject, what is certain, and what could go either way.",
        rule: "Build scenarios only on drivers that the articles report, cite those drivers, and mark everything else as your \
               inference.",
        part: (
            "Scenarios",
            "two to four, each with its drivers, how it would unfold, the first sign of it and how well the articles \
             support it.",
        ),
        columns: "Scenario, Drivers, First sign, Support in the articles",
        stronger: "For each scenario, the decision it would force, and the latest moment for it.",
        question: "Which scenarios do current developments point to, and what would be the first sign of each?",
    },
    Focus {
        name: "opportunities",
        keywords: "opportunit*, upside*, growth, whitespace, white space",
        analyst: "strategy analyst",
        area: "Opportunities: needs that are not met, openings made by change, who could use them, and what it would take.",
        rule: "Name the evidence for an opportunity and the main obstacle in the same item.",
        part: (
            "Opportunities",
            "each with the change that opens it, who could use it, the obstacle and the time window.",
        ),
        columns: "Opportunity, Opened by, For whom, Obstacle, Source",
        stronger: "For each opportunity, who is already moving on it, and what that leaves open.",
        question: "Which opportunities do recent developments open, and for whom?",
    },
    Focus {
        name: "workforce",
        keywords: "workforce, labor*, labour*, talent, jobs, job losses, hiring, layoff*, skills, wage*, \
                   employment, trade union*",
        analyst: "labour market analyst",
        area: "Work: jobs created and cut, wages, skills wanted, disputes and agreements, with numbers, places and employers.",
        rule: "Keep announced and carried-out job changes apart.",
        part: ("Work and skills", "what changes for whom, how many, where and when."),
        columns: "Change, Employer, Number, Place, Date, Source",
        stronger: "For each change, the skills gained or lost and what employees and employers say about it.",
        question: "Where were jobs created or cut recently, and why?",
    },
    Focus {
        name: "science",
        keywords: "scien*, research finding*, researcher*, study, studies, academic*, innovation*, patent*, \
                   discover*",
        analyst: "research analyst",
        area: "Research: the question, the finding, how it was found, by whom, and what it changes if it holds.",
        rule: "Name how sure a finding is: single study, repeated, reviewed or announced only.",
        part: ("Research findings", "each with method, result, certainty and possible use."),
        columns: "Finding, Method, Certainty, Possible use, Source",
        stronger: "For each finding, what was known before and what other researchers say about it.",
        question: "Which research results were reported recently, and how sure are they?",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_focuses_in_order() {
        for (request, expected) in [
            ("executive-level financial analysis with risk focus", vec!["finance", "risk"]),
            ("AI regulation timeline", vec!["technology", "regulation and compliance", "timelines"]),
            ("make the timelines stronger", vec!["timelines"]),
            ("supply chain disruption for semiconductors", vec!["supply chains", "technology"]),
            ("humanitarian aid", vec![]),
        ] {
            let found: Vec<_> = of(request).iter().map(|focus| focus.name).collect();
            assert_eq!(found, expected, "{request}");
        }
    }

    #[test]
    fn every_focus_is_found_by_its_name_and_reads_as_a_sentence() {
        for focus in FOCUSES {
            assert!(of(focus.name).contains(&focus), "{}", focus.name);
            for text in [focus.area, focus.rule, focus.part.1, focus.stronger] {
                assert!(text.ends_with('.') && !text.contains("  "), "{text}");
            }
        }
    }
}
