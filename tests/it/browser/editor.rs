//! The Draft tab: writing, saving by itself, meeting what others write, and nothing ever lost.

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, PROMPT, Person};

/// The key that goes to the end of a line, or with Control to the end of the text.
const END: char = '\u{e010}';
/// The key that goes to the beginning of a line, or with Control to the beginning of the text.
const HOME: char = '\u{e011}';

/// Somebody at the workbench of a draft, with the editor ready.
async fn writing(desk: &Desk, name: &str, draft: i64) -> Browser {
    let browser = Browser::start(desk).await;
    browser.sign_in(desk, name).await;
    open(&browser, draft).await;
    browser
}

async fn open(browser: &Browser, draft: i64) {
    browser.open(&format!("/workshop/{draft}")).await;
    browser.see_in("#live", "Live").await;
    browser.see(".cm-content").await;
}

/// Writes at the beginning or the end of the text.
async fn write_at(browser: &Browser, place: char, text: &str) {
    browser.click_on(".cm-content").await;
    browser.press_with(Key::Control, place).await;
    browser.write(text).await;
}

/// Takes the network away from a page.
async fn go_offline(browser: &Browser) {
    browser.script("window.online = window.fetch; window.fetch = () => Promise.reject(new TypeError('offline'))").await;
}

async fn come_back(browser: &Browser) {
    browser.script("window.fetch = window.online; window.dispatchEvent(new Event('online'))").await;
}

async fn read(person: &Person, draft: i64) -> Value {
    person.get(&format!("/prompts/workshop/drafts/{draft}")).await.expect(200)
}

async fn share(person: &Person, draft: i64, with: &str, access: &str) {
    let body = json!({ "person": with, "access": access });
    person.put(&format!("/prompts/workshop/drafts/{draft}/shares"), body).await.expect(200);
}

/// What the console says, but for the refusals that a conflict consists of.
async fn has_only_conflicts(browser: &Browser) {
    let complaints = browser.complaints().await;
    let others: Vec<&String> = complaints.iter().filter(|line| !line.contains("412")).collect();
    assert!(others.is_empty(), "the console says {others:?}");
}

#[tokio::test]
async fn what_is_typed_is_saved_by_itself_and_can_be_undone() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let browser = writing(&desk, "alice", draft).await;
    browser.see_in("#draft-state", "Saved as revision 1").await;
    browser.is_accessible().await;

    write_at(&browser, END, "Be brief.").await;
    browser.see_in("#draft-state", "Saved as revision 2").await;
    assert_eq!(read(&alice, draft).await["draft_content"], format!("{PROMPT}Be brief."));
    browser.see_in("#draft-revisions", "Revision 2").await;

    browser.write(" And kind.").await;
    browser.press_with(Key::Control, 's').await;
    browser.see_in("#draft-state", "Saved as revision 3").await;
    browser.press_with(Key::Control, 'z').await;
    browser.see_in("#draft-state", "Saved as revision 4").await;
    assert_eq!(read(&alice, draft).await["draft_content"], format!("{PROMPT}Be brief."));

    browser.press_with(Key::Control, 'a').await;
    browser.press(Key::Delete).await;
    browser.see_in("#draft-state", "Not saved: a prompt needs some text.").await;
    browser.press_with(Key::Control, 'z').await;
    browser.see_in("#draft-state", "Saved as revision 4").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn changes_of_two_people_in_different_lines_are_both_kept() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    desk.person("bob").await;
    let draft = alice.draft().await;
    share(&alice, draft, "bob", "editor").await;
    let (hers, his) = (writing(&desk, "alice", draft).await, writing(&desk, "bob", draft).await);

    go_offline(&hers).await;
    write_at(&hers, END, "Cite dates.").await;
    hers.see_in("#draft-state", "Not saved: the service cannot be reached, trying again.").await;
    write_at(&his, HOME, "Dear model: ").await;
    his.see_in("#draft-state", "Saved as revision 2").await;
    come_back(&hers).await;
    hers.see_in("#draft-notice", "bob changed line 1 meanwhile: both changes are kept.").await;
    hers.see_in("#draft-state", "Saved as revision 3").await;
    assert_eq!(read(&alice, draft).await["draft_content"], format!("Dear model: {PROMPT}Cite dates."));

    his.see_in("#draft-editor", "Cite dates.").await;
    his.see_in("#draft-state", "Revision 3 by alice").await;
    his.has_no_complaints().await;
    has_only_conflicts(&hers).await;
    hers.close().await;
    his.close().await;
    desk.close().await;
}

#[tokio::test]
async fn changes_of_the_same_line_are_decided_by_a_person_and_nothing_is_lost() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    desk.person("bob").await;
    let draft = alice.draft().await;
    share(&alice, draft, "bob", "editor").await;
    let (hers, his) = (writing(&desk, "alice", draft).await, writing(&desk, "bob", draft).await);

    go_offline(&hers).await;
    write_at(&hers, HOME, "Hers. ").await;
    hers.see_in("#draft-state", "Not saved").await;
    write_at(&his, HOME, "His. ").await;
    his.see_in("#draft-state", "Saved as revision 2").await;
    come_back(&hers).await;
    hers.see_in("#draft-notice", "The same lines were changed by bob meanwhile, in revision 2.").await;
    hers.see_in(".cm-deletedChunk", "His.").await;
    hers.see_in(".cm-content", "Hers.").await;
    hers.is_accessible().await;
    assert_eq!(read(&alice, draft).await["draft_content"], format!("His. {PROMPT}"), "nothing is sent until then");

    hers.click("button", "Save merged").await;
    hers.see_in("#draft-state", "Saved as revision 3").await;
    hers.gone(".cm-deletedChunk").await;
    assert_eq!(read(&alice, draft).await["draft_content"], format!("Hers. {PROMPT}"));
    let first = alice.get(&format!("/prompts/workshop/drafts/{draft}/revisions/2")).await.expect(200);
    assert_eq!(first["draft_content"], format!("His. {PROMPT}"), "his text is a revision");

    // The other way round, change by change.
    his.reload().await;
    his.see_in("#draft-state", "Saved as revision 3").await;
    go_offline(&hers).await;
    write_at(&hers, HOME, "Again. ").await;
    hers.see_in("#draft-state", "Not saved").await;
    write_at(&his, HOME, "Once more. ").await;
    his.see_in("#draft-state", "Saved as revision 4").await;
    come_back(&hers).await;
    hers.click("button", "Take theirs here").await;
    hers.click("button", "Save merged").await;
    hers.see_in("#draft-state", "Saved as revision 4").await;
    hers.see_in(".cm-content", "Once more. Hers.").await;
    has_only_conflicts(&hers).await;
    hers.close().await;
    his.close().await;
    desk.close().await;
}

#[tokio::test]
async fn what_was_typed_without_a_network_outlives_the_page() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let browser = writing(&desk, "alice", draft).await;
    go_offline(&browser).await;
    write_at(&browser, END, "Typed in a tunnel.").await;
    browser.see_in("#draft-state", "What you typed is kept in this browser.").await;
    browser.reload().await;
    browser.see_in("#draft-notice", "Unsaved text from").await;
    browser.is_accessible().await;
    browser.click("button", "Restore it").await;
    browser.see_in("#draft-state", "Saved as revision 2").await;
    assert_eq!(read(&alice, draft).await["draft_content"], format!("{PROMPT}Typed in a tunnel."));
    browser.reload().await;
    browser.see_in("#draft-state", "Saved as revision 2").await;
    browser.gone("#draft-notice .note").await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn the_editor_is_used_and_left_with_the_keyboard() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let browser = writing(&desk, "alice", draft).await;
    browser.tab_to("Text of the draft").await;
    browser.press_with(Key::Control, END).await;
    browser.write("By keys alone.").await;
    browser.press(Key::Escape).await;
    browser.press(Key::Tab).await;
    assert_ne!(browser.focus().await, "Text of the draft", "the tab key leaves the editor");
    browser.see_in("#draft-state", "Saved as revision 2").await;
    browser.tab_to("What changed in revision 2").await;
    browser.press(Key::Enter).await;
    browser.see_in("#draft-shown .diff", "By keys alone.").await;
    browser.tab_to("Use revision 1").await;
    browser.press(Key::Enter).await;
    browser.see_in("#draft-state", "Revision 3 by alice").await;
    assert_eq!(read(&alice, draft).await["draft_content"], PROMPT);
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_draft_is_named_previewed_and_marked_as_ready() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let browser = writing(&desk, "alice", draft).await;
    write_at(&browser, END, "\n## Tone\n\nCalm.").await;
    browser.click("button", "Mark as ready").await;
    browser.see_in("#head .badge", "ready").await;
    let now = read(&alice, draft).await;
    assert_eq!(now["status"], "ready", "what is typed is saved first, so that it stays ready");
    assert_eq!(now["draft_content"], format!("{PROMPT}\n## Tone\n\nCalm."));

    browser.click("button", "Preview").await;
    browser.see_in("#draft-preview h2", "Tone").await;
    browser.is_accessible().await;
    browser.click("button", "Name and description").await;
    browser.is_accessible().await;
    browser.fill("Name", "Risks for the board").await;
    browser.fill("Description", "Read on Mondays").await;
    browser.click("button", "Save").await;
    browser.see_in("#head h1", "Risks for the board").await;
    browser.see_in("#draft-facts", "Read on Mondays").await;
    browser.click("button", "Back to draft").await;
    browser.see_in("#head .badge", "draft").await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn who_may_only_look_reads_why() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    desk.person("bob").await;
    let draft = alice.draft().await;
    share(&alice, draft, "bob", "viewer").await;
    let browser = writing(&desk, "bob", draft).await;
    browser
        .see_in("#draft-hold", "You are here as viewer, so the text can be read only. alice can make you an editor.")
        .await;
    browser.named("textbox", "Text of the draft, to read only").await;
    write_at(&browser, END, "Not mine to write.").await;
    let shown = browser.texts(".cm-content").await.concat();
    assert!(!shown.contains("Not mine to write."), "{shown}");
    browser.is_accessible().await;
    browser.has_no_complaints().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn revisions_are_read_and_compared_without_scripts() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    let draft = alice.draft().await;
    let text = PROMPT.replace("executives", "the board");
    let path = format!("/prompts/workshop/drafts/{draft}");
    alice.put(&path, json!({ "draft_content": text })).await.expect(200);
    for look in [Look::DESKTOP.without_scripts(), Look::PHONE.without_scripts().dark()] {
        let browser = Browser::with(&desk, look).await;
        browser.sign_in(&desk, "alice").await;
        browser.open(&format!("/workshop/{draft}")).await;
        browser.see_in("#draft-text", "You are a financial analyst for the board.").await;
        browser.see_in("#draft-preview", "You are a financial analyst for the board.").await;
        browser.click("link", "What changed in revision 2").await;
        browser.see_in("#draft-shown del", "executives").await;
        browser.see_in("#draft-shown ins", "the board").await;
        browser.click("link", "Revision 1").await;
        browser.see_in("#draft-shown .numbered", "for executives").await;
        assert!(!browser.is_too_wide().await, "the page is wider than the window");
        browser.close().await;
    }
    desk.close().await;
}
