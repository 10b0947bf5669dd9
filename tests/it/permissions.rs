//! Who may do what: every use case for every role.
//!
//! [`CASES`] has a row for each use case of the workshop that takes an `actor`; a test reads `src/workshop` and fails for
//! one that has none. To add a row for a use case of yours:
//!
//! ```ignore
//! case!("rename_suite", "YYFFNNN", |s, a| s.workshop.rename_suite(a, s.draft, "New name")),
//! ```
//!
//! The letters are what is expected for, in this order, owner, editor, commenter, viewer, somebody of the team that
//! nothing was shared with, a guest, and an administrator that nothing was shared with:
//!
//! - `Y` it is done;
//! - `F` one may see the thing, but not do this;
//! - `N` there is no such thing, as far as one is told;
//! - `A` only administrators may;
//! - `I` it makes no sense for this role, which is said (an owner who leaves);
//! - `S` one may, but the thing is in no state for it (a test without an answer that is rated).
//!
//! A [`Situation`] is made for each role: a private draft with a revision, a proposal, a test, a comment and a link; a
//! prompt with two versions that the team sees; and the actor has the role's access to both. Rows are called one after the
//! other in the same situation; where a row changes what later rows see, say `spoils` behind the name and the next row
//! gets a fresh one. What your use case needs besides, add to [`Situation::new`].

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use prompt_workshop::domain::access::Visibility;
use prompt_workshop::domain::account::Platform;
use prompt_workshop::domain::batch::Texts;
use prompt_workshop::domain::history::{Sort, Wanted};
use prompt_workshop::domain::library::{Filter, Label, Pick, PromptName};
use prompt_workshop::domain::place::Place;
use prompt_workshop::domain::sharing::{Target, Who};
use prompt_workshop::domain::suite::{NewSuite, SuiteName, SuiteQuestion};
use prompt_workshop::domain::trial::TrialRequest;
use prompt_workshop::domain::{
    Access, Actor, AnswerId, BatchId, ChatId, CommentId, DraftId, FeedId, InviteId, ProposalNumber, PushId,
    RevisionNumber, TokenId, TrialId, VersionNumber,
};
use prompt_workshop::workshop::batch::BatchRequest;
use prompt_workshop::workshop::comment::NewComment;
use prompt_workshop::workshop::draft::{Save, Start};
use prompt_workshop::workshop::feed::AddFeed;
use prompt_workshop::workshop::library::{Commit, Describe};
use prompt_workshop::workshop::message::{Choice, Message};
use prompt_workshop::workshop::place::Audience;
use prompt_workshop::workshop::session::{Ask, Begin, Say};
use prompt_workshop::workshop::{Error, Workshop};
use secrecy::ExposeSecret;

use crate::support::desk::{Desk, Options, PROMPT};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Owner,
    Editor,
    Commenter,
    Viewer,
    Teammate,
    Guest,
    Administrator,
}

/// In the order of the letters.
const ROLES: [Role; 7] =
    [Role::Owner, Role::Editor, Role::Commenter, Role::Viewer, Role::Teammate, Role::Guest, Role::Administrator];

impl Role {
    fn shared(self) -> Option<Access> {
        match self {
            Self::Editor => Some(Access::Editor),
            Self::Commenter => Some(Access::Commenter),
            Self::Viewer => Some(Access::Viewer),
            Self::Owner | Self::Teammate | Self::Guest | Self::Administrator => None,
        }
    }
}

/// What the use cases are about.
struct Situation {
    workshop: Workshop,
    actor: Actor,
    /// A number that no other situation has, for names.
    number: usize,
    draft: DraftId,
    chat: ChatId,
    message: Message,
    trial: TrialId,
    comment: CommentId,
    invite: InviteId,
    code: String,
    prompt: String,
    session: ChatId,
    batch: BatchId,
    answer: AnswerId,
    /// The owner's.
    token: TokenId,
}

impl Situation {
    async fn new(desk: &Desk, role: Role, number: usize) -> Self {
        let workshop = desk.workshop().clone();
        let owner = workshop.ensure_account(&format!("owner.{number}"), false).await.unwrap().actor();
        let name = format!("{role:?}.{number}");
        let actor = match role {
            Role::Owner => owner.clone(),
            Role::Guest => workshop.ensure_guest(&name).await.unwrap().actor(),
            role => workshop.ensure_account(&name, role == Role::Administrator).await.unwrap().actor(),
        };
        workshop.ensure_account("bystander", false).await.unwrap();
        let prompt = format!("prompt_{number}");
        for start in [Start { text: Some(PROMPT.to_owned()), ..Start::default() }, cloning(&prompt)] {
            let second = start.parent.is_some();
            let started = workshop.start_workshop(&owner, start).await.unwrap();
            if second {
                let text = Some(format!("{PROMPT}\nWrite for sailors.\n"));
                workshop.save_draft(&owner, started.draft.id, Save { text, ..Save::default() }).await.unwrap();
            }
            workshop.commit_draft(&owner, started.draft.id, commit(&prompt)).await.unwrap();
        }
        let start = Start { text: Some(PROMPT.to_owned()), ..Start::default() };
        let started = workshop.start_workshop(&owner, start).await.unwrap();
        let draft = started.draft.id;
        let trial = workshop.start_trial(&owner, draft, request()).await.unwrap().id;
        let mut conn = desk.database.connect().await;
        sqlx::query(
            "insert into proposals (draft_id, number, base_revision, text, created_at) values ($1, 1, 1, $2, now())",
        )
        .bind(draft.0)
        .bind(format!("{PROMPT}\nAnd be brief."))
        .execute(&mut conn)
        .await
        .unwrap();
        let target = Target::Draft(draft);
        let comment = workshop.write_comment(&owner, &target, remark(), None).await.unwrap().comment.id;
        let (invite, code) = workshop.create_invite(&owner, &target, Access::Viewer, None).await.unwrap();
        let answer = workshop.ask_prompt(&owner, ask(&prompt), None).await.unwrap();
        let batch = workshop.start_batch(&owner, draft, batch(), None).await.unwrap().id;
        let (session, answer) = (answer.chat.unwrap(), answer.id);
        let token = workshop.create_named_token(&owner, "Spare").await.unwrap().0.id;
        workshop.set_label(&owner, &prompt, &label("candidate"), VersionNumber(1)).await.unwrap();
        if let Some(access) = role.shared() {
            for target in [&target, &Target::Prompt(prompt.clone())] {
                workshop.share(&owner, target, &Who::Person(actor.name.clone()), access).await.unwrap();
            }
        }
        Self {
            workshop,
            actor,
            number,
            draft,
            chat: started.draft.chat,
            message: started.welcome,
            trial,
            comment,
            invite: invite.id,
            code: code.expose_secret().to_owned(),
            prompt,
            session,
            batch,
            answer,
            token,
        }
    }

    fn on_draft(&self) -> Target {
        Target::Draft(self.draft)
    }

    fn on_prompt(&self) -> Target {
        Target::Prompt(self.prompt.clone())
    }
}

fn cloning(prompt: &str) -> Start {
    Start { parent: Some(prompt.to_owned()), ..Start::default() }
}

fn commit(name: &str) -> Commit {
    Commit {
        name: PromptName::parse(name).unwrap(),
        title: "A prompt for the team".to_owned(),
        description: String::new(),
        note: String::new(),
        visibility: Visibility::Team,
        confirm: true,
    }
}

fn request() -> TrialRequest {
    TrialRequest {
        question: "How did war-risk premiums move?".to_owned(),
        topic: "Shipping".to_owned(),
        article_limit: 50,
        model: None,
        window: None,
        rating: None,
        note: String::new(),
    }
}

fn ask(prompt: &str) -> Ask {
    let question = "How did war-risk premiums move?".to_owned();
    Ask { prompt: prompt.to_owned(), pick: Pick::Newest, session: None, question, topic: None, article_limit: 50 }
}

fn label(name: &str) -> Label {
    Label::parse(name).unwrap()
}

fn session(prompt: &str) -> Begin {
    Begin { prompt: Some(prompt.to_owned()), topic: "Shipping".to_owned(), ..Begin::default() }
}

fn say() -> Say {
    Say { question: "How did war-risk premiums move?".to_owned(), model: None, article_limit: 50 }
}

fn question(question: &str) -> SuiteQuestion {
    SuiteQuestion { question: question.to_owned(), topic: "Shipping".to_owned(), article_limit: 50 }
}

fn suite(name: &str) -> NewSuite {
    let questions = vec![question("How did war-risk premiums move?"), question("Which ports reopened, and when?")];
    let name = SuiteName::parse(&name.to_lowercase()).unwrap();
    NewSuite { name, title: String::new(), description: String::new(), questions }
}

fn batch() -> BatchRequest {
    let suite = "usual_questions".to_owned();
    BatchRequest { suite, texts: Texts::default(), models: Vec::new(), article_limit: None }
}

fn feed() -> AddFeed {
    AddFeed {
        url: "https://news.example/feed.xml".to_owned(),
        topic: "Shipping".to_owned(),
        title: String::new(),
        interval_minutes: None,
    }
}

fn remark() -> NewComment {
    NewComment { text: "A remark.".to_owned(), ..NewComment::default() }
}

fn bystander() -> Who {
    Who::Person("bystander".to_owned())
}

fn place() -> Place {
    let name = |name: &str| name.to_owned();
    Place { platform: Platform::Slack, workspace: name("T1"), channel: name("C1"), thread: name("1.1") }
}

type Called<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A use case, and who may do it.
struct Case {
    name: &'static str,
    spoils: bool,
    expected: &'static str,
    call: for<'a> fn(&'a Situation, &'a Actor) -> Called<'a>,
}

/// A row: the use case's name, perhaps `spoils`, what is expected, and the call.
macro_rules! case {
    (@ $name:literal, $spoils:literal, $expected:literal, |$s:ident, $a:ident| $call:expr) => {
        Case { name: $name, spoils: $spoils, expected: $expected, call: |$s, $a| Box::pin(async move { $call.await.map(drop) }) }
    };
    ($name:literal, spoils, $expected:literal, |$s:ident, $a:ident| $call:expr) => {
        case!(@ $name, true, $expected, |$s, $a| $call)
    };
    ($name:literal, $expected:literal, |$s:ident, $a:ident| $call:expr) => {
        case!(@ $name, false, $expected, |$s, $a| $call)
    };
}

const CASES: &[Case] = &[
    // Accounts, teams, the record.
    case!("create_join_code", "YYYYYYY", |s, a| s.workshop.create_join_code(a)),
    case!("tokens", "YYYYYYY", |s, a| s.workshop.tokens(a)),
    case!("create_named_token", "YYYYYYY", |s, a| s.workshop.create_named_token(a, "Nightly report")),
    case!("revoke_token", spoils, "YNNNNNN", |s, a| s.workshop.revoke_token(a, s.token)),
    case!("browsers", "YYYYYYY", |s, a| s.workshop.browsers(a)),
    case!("sign_out_elsewhere", "YYYYYYY", |s, a| s.workshop.sign_out_elsewhere(a, "")),
    case!("openid_identities", "YYYYYYY", |s, a| s.workshop.openid_identities(a)),
    case!("teams", "YYYYYYY", |s, a| s.workshop.teams(a)),
    case!("add_team", "AAAAAAY", |s, a| s.workshop.add_team(a, "desk")),
    case!("add_to_team", "AAAAAAY", |s, a| s.workshop.add_to_team(a, "everyone", "bystander")),
    case!("remove_from_team", "AAAAAAY", |s, a| s.workshop.remove_from_team(a, "everyone", "bystander")),
    case!("activity", "AAAAAAY", |s, a| s.workshop.activity(a, None, None, 10, 0)),
    case!("activity_of", "YFFFNNY", |s, a| async { s.workshop.activity_of(a, &s.on_draft(), 10, 0).await }),
    case!("activity_of", "YFFFFNY", |s, a| async { s.workshop.activity_of(a, &s.on_prompt(), 10, 0).await }),
    case!("upsert_articles", "AAAAAAY", |s, a| s.workshop.upsert_articles(a, [])),
    // Workshops and their drafts.
    case!("start_workshop", "YYYYYYY", |s, a| s.workshop.start_workshop(a, Start::default())),
    case!("drafts", "YYYYYYY", |s, a| s.workshop.drafts(a, None, 10, 0)),
    case!("latest_draft", "YYYYYYY", |s, a| async { s.workshop.latest_draft(a, &place()).await }),
    case!("draft", "YYYYNNN", |s, a| s.workshop.draft(a, s.draft)),
    case!("draft_to_change", "YYFFNNN", |s, a| s.workshop.draft_to_change(a, s.draft, Access::Editor)),
    case!("save_draft", "YYFFNNN", |s, a| {
        s.workshop.save_draft(a, s.draft, Save { name: Some("Renamed".to_owned()), ..Save::default() })
    }),
    case!("revisions", "YYYYNNN", |s, a| s.workshop.revisions(a, s.draft)),
    case!("revision", "YYYYNNN", |s, a| s.workshop.revision(a, s.draft, RevisionNumber(1))),
    case!("latest_revisions", "YYYYNNN", |s, a| s.workshop.latest_revisions(a, s.draft, 10)),
    case!("revision_diff", "YYYYNNN", |s, a| {
        s.workshop.revision_diff(a, s.draft, RevisionNumber(1), RevisionNumber(1))
    }),
    case!("use_revision", "YYFFNNN", |s, a| s.workshop.use_revision(a, s.draft, RevisionNumber(1))),
    case!("take_notices", "YYYYYYY", |s, a| s.workshop.take_notices(a)),
    case!("delete_draft", spoils, "YFFFNNN", |s, a| s.workshop.delete_draft(a, s.draft)),
    // Where they live. The platform vouches for who is in a channel.
    case!("homes", "YYYYNNN", |s, a| s.workshop.homes(a, s.draft)),
    case!("join", spoils, "YYYYYYY", |s, a| s.workshop.join(a, s.draft)),
    case!("open_in", spoils, "YYFFNNN", |s, a| async {
        let key = format!("open:{}", s.number);
        s.workshop.open_in(a, s.draft, &place().channel_only(), Audience::Channel, "U1", &key).await
    }),
    case!("say_in", "YYYYYYY", |s, a| async {
        let key = format!("said:{}", s.number);
        s.workshop.say_in(a, &place(), serde_json::json!({ "text": "said" }), &key).await
    }),
    // Conversations and proposals.
    case!("say", "YYYFNNN", |s, a| s.workshop.say(a, s.draft, "shorter, please", None)),
    case!("say_from", "YYYFNNN", |s, a| s.workshop.say_from(a, s.draft, "shorter, please", None, None)),
    case!("choose", "YYYFNNN", |s, a| s.workshop.choose(a, s.message.id, Choice::Defaults, None)),
    case!("draft_of_chat", "YYYYNNN", |s, a| s.workshop.draft_of_chat(a, s.chat)),
    case!("messages", "YYYYNNN", |s, a| s.workshop.messages(a, s.chat)),
    case!("answer_to", "YYYYNNN", |s, a| s.workshop.answer_to(a, &s.message)),
    case!("proposals", "YYYYNNN", |s, a| s.workshop.proposals(a, s.draft)),
    case!("accept_proposal", spoils, "YYFFNNN", |s, a| {
        s.workshop.accept_proposal(a, s.draft, ProposalNumber(1), None)
    }),
    case!("reject_proposal", spoils, "YYFFNNN", |s, a| s.workshop.reject_proposal(a, s.draft, ProposalNumber(1))),
    // Tests.
    case!("start_trial", "YYYFNNN", |s, a| s.workshop.start_trial(a, s.draft, request())),
    case!("start_trial_once", "YYYFNNN", |s, a| async {
        let key = format!("trial:{}", s.number);
        s.workshop.start_trial_once(a, s.draft, request(), &key).await
    }),
    case!("check_test", "YYYFNNN", |s, a| s.workshop.check_test(a, s.draft, "Shipping")),
    case!("trial", "YYYYNNN", |s, a| s.workshop.trial(a, s.draft, s.trial)),
    case!("find_trial", "YYYYNNN", |s, a| s.workshop.find_trial(a, s.trial)),
    case!("trials", "YYYYNNN", |s, a| s.workshop.trials(a, s.draft, 10, 0)),
    case!("running_trials", "YYYYYYY", |s, a| s.workshop.running_trials(a)),
    case!("rate_trial", "SSSFNNN", |s, a| s.workshop.rate_trial(a, s.draft, s.trial, None, Some("Good."))),
    case!("rerun_trial", "YYYFNNN", |s, a| s.workshop.rerun_trial(a, s.draft, s.trial, false)),
    case!("rerun_trial_once", "YYYFNNN", |s, a| async {
        let key = format!("again:{}", s.number);
        s.workshop.rerun_trial_once(a, s.draft, s.trial, false, Some(&key)).await
    }),
    case!("cancel_trial", spoils, "YYYFNNN", |s, a| s.workshop.cancel_trial(a, s.draft, s.trial)),
    // The library.
    case!("check_commit", "YYFFNNN", |s, a| async {
        s.workshop.check_commit(a, s.draft, &PromptName::parse(&format!("second_{}", s.number)).unwrap()).await
    }),
    case!("commit_warning", "YYYYNNN", |s, a| s.workshop.commit_warning(a, s.draft)),
    case!("commit_draft", spoils, "YYFFNNN", |s, a| {
        s.workshop.commit_draft(a, s.draft, commit(&format!("second_{}", s.number)))
    }),
    case!("prompts", "YYYYYYY", |s, a| async { s.workshop.prompts(a, &Filter::default(), 10, 0).await }),
    case!("prompt", "YYYYYNY", |s, a| s.workshop.prompt(a, &s.prompt)),
    case!("clone_prompt", "YYYYYNY", |s, a| s.workshop.clone_prompt(a, &s.prompt, None, false)),
    case!("export_prompts", "YYYYYYY", |s, a| s.workshop.export_prompts(a, &[])),
    case!("import_prompts", "YYYYYYY", |s, a| s.workshop.import_prompts(a, &[])),
    case!("ask_prompt", "YYYYYNY", |s, a| s.workshop.ask_prompt(a, ask(&s.prompt), None)),
    case!("ask_prompt_in", "YYYYYNY", |s, a| s.workshop.ask_prompt_in(a, ask(&s.prompt), None, None)),
    case!("answer", "YNNNNNN", |s, a| s.workshop.answer(a, s.answer)),
    case!("clone_prompt", "YYFFFNF", |s, a| s.workshop.clone_prompt(a, &s.prompt, None, true)),
    case!("family", "YYYYYNY", |s, a| s.workshop.family(a, &s.prompt)),
    case!("describe_prompt", "YYFFFNF", |s, a| s.workshop.describe_prompt(a, &s.prompt, Describe::default())),
    case!("deprecate_prompt", "YFFFFNF", |s, a| s.workshop.deprecate_prompt(a, &s.prompt, None)),
    case!("undeprecate_prompt", "YFFFFNF", |s, a| s.workshop.undeprecate_prompt(a, &s.prompt)),
    case!("pick_prompt", "YYYYYNY", |s, a| s.workshop.pick_prompt(a, &s.prompt, &Pick::Newest)),
    case!("versions", "YYYYYNY", |s, a| s.workshop.versions(a, &s.prompt, 10, 0)),
    case!("version", "YYYYYNY", |s, a| s.workshop.version(a, &s.prompt, VersionNumber(1))),
    case!("version_diff", "YYYYYNY", |s, a| {
        s.workshop.version_diff(a, &s.prompt, VersionNumber(1), VersionNumber(2))
    }),
    case!("set_label", "YYFFFNF", |s, a| async {
        s.workshop.set_label(a, &s.prompt, &label("candidate"), VersionNumber(1)).await
    }),
    case!("set_label", "YFFFFNF", |s, a| async {
        s.workshop.set_label(a, &s.prompt, &label("production"), VersionNumber(1)).await
    }),
    case!("delete_label", spoils, "YYFFFNF", |s, a| async {
        s.workshop.delete_label(a, &s.prompt, &label("candidate")).await
    }),
    case!("revert_prompt", spoils, "YYFFFNF", |s, a| s.workshop.revert_prompt(a, &s.prompt, VersionNumber(1), None)),
    case!("export_prompt", "YYYYYNY", |s, a| s.workshop.export_prompt(a, &s.prompt, None)),
    case!("prompt_file", "YYYYYNY", |s, a| s.workshop.prompt_file(a, &s.prompt, None)),
    // No Auspex is configured, which only those hear who may push.
    case!("push_prompt", "IIFFFNF", |s, a| s.workshop.push_prompt(a, &s.prompt, &Pick::Newest, None, None)),
    case!("push", "NNNNNNN", |s, a| s.workshop.push(a, &s.prompt, PushId::new())),
    case!("pushes", "YYYYYNY", |s, a| s.workshop.pushes(a, &s.prompt, 10, 0)),
    case!("delete_prompt", spoils, "YFFFFNF", |s, a| s.workshop.delete_prompt(a, &s.prompt)),
    // Sessions are each person's own.
    case!("begin_session", "YYYYYNY", |s, a| s.workshop.begin_session(a, session(&s.prompt))),
    case!("sessions", "YYYYYYY", |s, a| s.workshop.sessions(a, 10, 0)),
    case!("find_session", "YNNNNNN", |s, a| s.workshop.find_session(a, s.session)),
    case!("session", "YNNNNNN", |s, a| s.workshop.session(a, s.session)),
    case!("ask_in_session", "YNNNNNN", |s, a| s.workshop.ask_in_session(a, s.session, say(), None)),
    case!("latest_answer", "YYYYYYY", |s, a| s.workshop.latest_answer(a)),
    case!("answer_articles", "YNNNNNN", |s, a| s.workshop.answer_articles(a, s.answer)),
    // It is not answered yet, which only who asked hears.
    case!("rate_answer", "INNNNNN", |s, a| s.workshop.rate_answer(a, s.answer, None, Some("Good."))),
    case!("delete_session", spoils, "YNNNNNN", |s, a| s.workshop.delete_session(a, s.session)),
    // Suites are seen by everybody; who made one changes it. Here that is the administrator.
    case!("create_suite", "YYYYYYY", |s, a| async {
        s.workshop.create_suite(a, suite(&format!("suite_{}_{}", a.name.split('.').next().unwrap(), s.number))).await
    }),
    case!("replace_suite", "FFFFFFY", |s, a| s.workshop.replace_suite(a, "usual_questions", suite("usual_questions"))),
    case!("add_to_suite", "FFFFFFY", |s, a| async {
        let name = SuiteName::parse("usual_questions").unwrap();
        s.workshop.add_to_suite(a, &name, question("What changed at the port of Hallam?")).await
    }),
    case!("drop_from_suite", "FFFFFFY", |s, a| s.workshop.drop_from_suite(a, "usual_questions", 1)),
    case!("delete_suite", "NNNNNNN", |s, a| s.workshop.delete_suite(a, "no_such_suite")),
    case!("start_batch", "YYYFNNN", |s, a| s.workshop.start_batch(a, s.draft, batch(), None)),
    case!("batch", "YYYYNNN", |s, a| s.workshop.batch(a, s.draft, s.batch)),
    case!("batch_within", "YYYYNNN", |s, a| s.workshop.batch_within(a, s.draft, s.batch, Duration::ZERO)),
    case!("batches", "YYYYNNN", |s, a| s.workshop.batches(a, s.draft, 10, 0)),
    case!("history", "YYYYNNN", |s, a| s.workshop.history(a, s.draft)),
    case!("tests_wanted", "YYYYNNN", |s, a| {
        let wanted = Wanted { revision: None, status: None, rated: None, sort: Sort::Newest };
        s.workshop.tests_wanted(a, s.draft, wanted, 10, 0)
    }),
    // It takes two tests, which only who may see the one hears.
    case!("compare_trials", "IIIIIII", |s, a| async { s.workshop.compare_trials(a, &[s.trial]).await }),
    case!("cancel_batch", spoils, "YYYFNNN", |s, a| s.workshop.cancel_batch(a, s.draft, s.batch)),
    case!("cancel_batch_anywhere", spoils, "YYYFNNN", |s, a| s.workshop.cancel_batch_anywhere(a, s.batch)),
    // Articles and feeds.
    case!("describe_topic", "AAAAAAY", |s, a| s.workshop.describe_topic(a, "Shipping", "Ships and ports.")),
    case!("add_feed", "AAAAAAY", |s, a| async { s.workshop.add_feed(a, &feed()).await }),
    case!("poll_feed", "AAAAAAN", |s, a| s.workshop.poll_feed(a, FeedId(99))),
    case!("remove_feed", "AAAAAAN", |s, a| s.workshop.remove_feed(a, FeedId(99))),
    // An operator's command, for an account that is named: a file that is not there.
    case!("import_auspex_prompts", "IIIIIII", |s, a| async {
        let nowhere = "no/such/file.db".to_owned().into();
        let failed = |_| Error::Invalid(Vec::new());
        s.workshop.import_auspex_prompts(a, &nowhere).await.map_err(failed)
    }),
    // Comments.
    case!("comments", "YYYYNNN", |s, a| async { s.workshop.comments(a, &s.on_draft(), 10, 0).await }),
    case!("comments", "YYYYYNY", |s, a| async { s.workshop.comments(a, &s.on_prompt(), 10, 0).await }),
    case!("write_comment", "YYYFNNN", |s, a| async {
        s.workshop.write_comment(a, &s.on_draft(), remark(), None).await
    }),
    case!("write_comment", "YYYFFNF", |s, a| async {
        s.workshop.write_comment(a, &s.on_prompt(), remark(), None).await
    }),
    case!("delete_comment", spoils, "YFFFNNN", |s, a| async {
        s.workshop.delete_comment(a, &s.on_draft(), s.comment).await
    }),
    // Sharing.
    case!("shares", "YYYYNNN", |s, a| async { s.workshop.shares(a, &s.on_draft()).await }),
    case!("shares", "YYYYYNY", |s, a| async { s.workshop.shares(a, &s.on_prompt()).await }),
    case!("share", "YFFFNNN", |s, a| async { s.workshop.share(a, &s.on_draft(), &bystander(), Access::Editor).await }),
    case!("share", "YFFFFNF", |s, a| async { s.workshop.share(a, &s.on_prompt(), &bystander(), Access::Editor).await }),
    case!("unshare", "YFFFNNN", |s, a| async { s.workshop.unshare(a, &s.on_draft(), &bystander()).await }),
    case!("unshare", "YFFFFNF", |s, a| async { s.workshop.unshare(a, &s.on_prompt(), &bystander()).await }),
    case!("set_visibility", "YFFFNNN", |s, a| async {
        s.workshop.set_visibility(a, &s.on_draft(), Visibility::Private).await
    }),
    case!("set_visibility", "YFFFFNF", |s, a| async {
        s.workshop.set_visibility(a, &s.on_prompt(), Visibility::Team).await
    }),
    case!("create_invite", "YFFFNNN", |s, a| async {
        s.workshop.create_invite(a, &s.on_draft(), Access::Viewer, None).await
    }),
    case!("invites", "YFFFNNN", |s, a| async { s.workshop.invites(a, &s.on_draft()).await }),
    case!("accept_invite", spoils, "YYYYYYY", |s, a| s.workshop.accept_invite(a, &s.code)),
    case!("revoke_invite", spoils, "YFFFNNN", |s, a| async {
        s.workshop.revoke_invite(a, &s.on_draft(), s.invite).await
    }),
    case!("transfer", spoils, "YFFFNNN", |s, a| async { s.workshop.transfer(a, &s.on_draft(), &bystander()).await }),
    case!("transfer", spoils, "YFFFFNF", |s, a| async { s.workshop.transfer(a, &s.on_prompt(), &bystander()).await }),
    case!("leave", spoils, "IYYYNNN", |s, a| async { s.workshop.leave(a, &s.on_draft()).await }),
    case!("leave", spoils, "IYYYYNY", |s, a| async { s.workshop.leave(a, &s.on_prompt()).await }),
];

/// What came of a call, as a letter.
fn letter(name: &str, done: Result<(), Error>) -> char {
    match done {
        Ok(()) => 'Y',
        Err(Error::Forbidden { .. }) => 'F',
        Err(Error::NotFound(_)) => 'N',
        Err(Error::AdminOnly) => 'A',
        Err(Error::Invalid(_)) => 'I',
        Err(Error::TrialUnfinished(_) | Error::TrialEnded(_) | Error::Decided(_) | Error::ReadOnly(_)) => 'S',
        Err(other) => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn every_use_case_lets_each_role_do_what_it_may_and_nothing_else() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let admin = desk.workshop().ensure_account("admin", true).await.unwrap().actor();
    desk.workshop().create_suite(&admin, suite("usual_questions")).await.unwrap();
    let (mut number, mut wrong) = (0, Vec::new());
    for (index, role) in ROLES.into_iter().enumerate() {
        let mut situation = Situation::new(&desk, role, number).await;
        for case in CASES {
            let heard = letter(case.name, (case.call)(&situation, &situation.actor).await);
            let expected = case.expected.chars().nth(index).unwrap();
            if heard != expected {
                wrong.push(format!("{} for {role:?}: {heard} instead of {expected}", case.name));
            }
            if case.spoils && heard == 'Y' {
                number += 1;
                situation = Situation::new(&desk, role, number).await;
            }
        }
        number += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    desk.close().await;
}

/// The names of the public use cases in a source that take an actor.
fn use_cases(source: &str) -> impl Iterator<Item = String> {
    source.split("    pub async fn ").skip(1).filter_map(|rest| {
        let (signature, _) = rest.split_once(" {\n")?;
        let name = signature.split(['(', '<']).next()?;
        signature.contains("actor: &Actor").then(|| name.to_owned())
    })
}

#[test]
fn the_table_has_every_use_case_that_somebody_does() {
    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(use_cases(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/workshop"), &mut found);
    let tested: BTreeSet<String> = CASES.iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(found, tested, "each use case that takes an actor has a row in CASES");
    assert!(CASES.iter().all(|case| case.expected.len() == ROLES.len()));
}
