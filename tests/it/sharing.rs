//! Sharing as people use it: by person, team and link; leaving, transfer, removal; comments; guests; the record.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::desk::{Desk, Options, Person, Via};
use crate::support::{discord, slack};

fn draft_path(draft: i64, rest: &str) -> String {
    format!("/prompts/workshop/drafts/{draft}{rest}")
}

/// A prompt of somebody's that the team does not see.
async fn private_prompt(owner: &Person, name: &str) {
    let draft = owner.draft().await;
    let commit = json!({ "name": name, "title": "A private prompt", "visibility": "private", "confirm": true });
    owner.post(&draft_path(draft, "/commit"), commit).await.expect(201);
}

#[tokio::test]
async fn a_draft_is_shared_with_a_person_and_taken_away_again() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let draft = alice.draft().await;
    let shares = draft_path(draft, "/shares");
    bob.get(&draft_path(draft, "")).await.expect(404);
    alice.put(&shares, json!({ "person": "bob", "access": "viewer" })).await.expect(200);
    assert_eq!(bob.get(&shares).await.expect(200)["your_access"], "viewer");
    assert_eq!(bob.get("/prompts/workshop/drafts").await.expect(200)["total"], 1);
    bob.put(&draft_path(draft, ""), json!({ "draft_name": "Mine now" })).await.expect(403);
    // Nobody raises their own access, editors included.
    bob.put(&shares, json!({ "person": "bob", "access": "editor" })).await.expect(403);
    for _ in 0..2 {
        let shared = alice.put(&shares, json!({ "person": "bob", "access": "editor" })).await.expect(200);
        assert_eq!(
            shared["shares"],
            json!([{ "kind": "person", "name": "bob", "access": "editor", "since": shared["shares"][0]["since"] }])
        );
    }
    bob.put(&draft_path(draft, ""), json!({ "draft_name": "Ours now" })).await.expect(200);
    bob.put(&shares, json!({ "person": "bob", "access": "viewer" })).await.expect(403);
    alice.put(&shares, json!({ "person": "bob", "access": "owner" })).await.expect(422);
    alice.put(&shares, json!({ "person": "alice", "access": "viewer" })).await.expect(422);
    alice.put(&shares, json!({ "person": "nobody", "access": "viewer" })).await.expect(404);
    alice.put(&shares, json!({ "access": "viewer" })).await.expect(422);
    alice.delete(&format!("{shares}/person/bob")).await.expect(200);
    alice.delete(&format!("{shares}/person/bob")).await.expect(200);
    bob.get(&draft_path(draft, "")).await.expect(404);
    desk.close().await;
}

#[tokio::test]
async fn a_prompt_is_shared_with_a_team_for_as_long_as_one_belongs_to_it() {
    let desk = Desk::start().await;
    let (alice, bob, carol) = (desk.person("alice").await, desk.person("bob").await, desk.person("carol").await);
    let admin = desk.admin().await;
    private_prompt(&alice, "desk_brief").await;
    admin.post("/teams", json!({ "name": "News Desk" })).await.expect(422);
    admin.post("/teams", json!({ "name": "news-desk" })).await.expect(200);
    admin.put("/teams/news-desk/members/bob", json!({})).await.expect(200);
    let shared = alice.put("/prompts/desk_brief/shares", json!({ "team": "news-desk", "access": "editor" })).await;
    assert_eq!(shared.expect(200)["shares"][0]["name"], "news-desk");
    assert_eq!(bob.get("/prompts/desk_brief/shares").await.expect(200)["your_access"], "editor");
    assert!(bob.get("/prompts").await.expect(200).to_string().contains("desk_brief"));
    carol.get("/prompts/desk_brief").await.expect(404);
    assert!(!carol.get("/prompts").await.expect(200).to_string().contains("desk_brief"));
    // The higher of two is what counts.
    alice.put("/prompts/desk_brief/shares", json!({ "person": "bob", "access": "viewer" })).await.expect(200);
    assert_eq!(bob.get("/prompts/desk_brief/shares").await.expect(200)["your_access"], "editor");
    admin.delete("/teams/news-desk/members/bob").await.expect(200);
    assert_eq!(bob.get("/prompts/desk_brief/shares").await.expect(200)["your_access"], "viewer");
    alice.delete("/prompts/desk_brief/shares/person/bob").await.expect(200);
    bob.get("/prompts/desk_brief").await.expect(404);
    alice.delete("/prompts/desk_brief/shares/team/news-desk").await.expect(200);
    desk.close().await;
}

#[tokio::test]
async fn a_link_lets_people_in_until_it_expires_or_is_revoked() {
    let desk = Desk::start().await;
    let (alice, bob, carol) = (desk.person("alice").await, desk.person("bob").await, desk.person("carol").await);
    let draft = alice.draft().await;
    let invites = draft_path(draft, "/invites");
    alice.post(&invites, json!({ "access": "owner" })).await.expect(422);
    alice.post(&invites, json!({ "access": "viewer", "expires_in_days": 365 })).await.expect(422);
    let invite = alice.post(&invites, json!({ "access": "commenter" })).await.expect(201);
    let (link, code) = (invite["link"].as_str().unwrap(), invite["code"].as_str().unwrap());
    assert!(link.ends_with(&format!("/invite/{code}")), "{link}");
    let listed = alice.get(&invites).await.expect(200);
    assert!(!listed.to_string().contains(code), "the code is shown once");
    // The page says how to come in, and not to what.
    let page = desk.anonymous().get(&format!("//invite/{code}")).await.expect(200);
    assert!(page.as_str().unwrap().contains(&format!("share accept {code}")), "{page}");
    // The link works for as many as have it, and as often as they like; it takes nothing away.
    let accept = json!({ "code": link });
    let opened = bob.post("/invites/accept", accept.clone()).await.expect(200);
    assert_eq!((&opened["draft_id"], &opened["your_access"]), (&json!(draft), &json!("commenter")));
    alice.put(&draft_path(draft, "/shares"), json!({ "person": "bob", "access": "editor" })).await.expect(200);
    assert_eq!(bob.post("/invites/accept", accept.clone()).await.expect(200)["your_access"], "editor");
    assert_eq!(alice.post("/invites/accept", accept.clone()).await.expect(200)["your_access"], "owner");
    assert_eq!(alice.get(&invites).await.expect(200)["invites"][0]["uses"], 1);
    // Who was removed stays outside.
    alice.delete(&draft_path(draft, "/shares/person/bob")).await.expect(200);
    bob.post("/invites/accept", accept.clone()).await.expect(404);
    let id = invite["invite_id"].as_str().unwrap();
    bob.delete(&format!("{invites}/{id}")).await.expect(404);
    for _ in 0..2 {
        alice.delete(&format!("{invites}/{id}")).await.expect(200);
    }
    carol.post("/invites/accept", accept).await.expect(404);
    desk.anonymous().get(&format!("//invite/{code}")).await.expect(404);
    let second = alice.post(&invites, json!({ "access": "viewer", "expires_in_days": 2 })).await.expect(201);
    desk.clock.advance(TimeDelta::days(2));
    carol.post("/invites/accept", json!({ "code": second["code"] })).await.expect(404);
    assert_eq!(alice.get(&invites).await.expect(200)["total"], 0);
    desk.close().await;
}

#[tokio::test]
async fn an_owner_transfers_before_leaving() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let draft = alice.draft().await;
    let leave = draft_path(draft, "/leave");
    alice.post(&leave, json!({})).await.expect(422);
    bob.post(&draft_path(draft, "/transfer"), json!({ "to": "bob" })).await.expect(404);
    let transferred = alice.post(&draft_path(draft, "/transfer"), json!({ "to": "bob" })).await.expect(200);
    assert_eq!((&transferred["owner"], &transferred["your_access"]), (&json!("bob"), &json!("editor")));
    alice.post(&draft_path(draft, "/transfer"), json!({ "to": "alice" })).await.expect(403);
    alice.delete(&draft_path(draft, "")).await.expect(403);
    alice.post(&leave, json!({})).await.expect(200);
    alice.get(&draft_path(draft, "")).await.expect(404);
    // What was given up can be given again.
    bob.put(&draft_path(draft, "/shares"), json!({ "person": "alice", "access": "viewer" })).await.expect(200);
    alice.get(&draft_path(draft, "")).await.expect(200);
    private_prompt(&bob, "handed_over").await;
    bob.post("/prompts/handed_over/transfer", json!({ "to": "alice" })).await.expect(200);
    assert_eq!(alice.get("/prompts/handed_over").await.expect(200)["owner"], "alice");
    desk.close().await;
}

#[tokio::test]
async fn a_guest_sees_what_is_public_or_shared_and_nothing_else() {
    let desk = Desk::start().await;
    let alice = desk.person("alice").await;
    desk.workshop().ensure_guest("gina").await.unwrap();
    let guest = desk.person("gina").await;
    let draft = alice.draft().await;
    let commit = json!({ "name": "team_brief", "title": "For the team", "confirm": true });
    alice.post(&draft_path(draft, "/commit"), commit).await.expect(201);
    guest.get("/prompts/team_brief").await.expect(404);
    guest.post("/prompts/team_brief/clone", json!({})).await.expect(404);
    assert_eq!(guest.get("/prompts").await.expect(200)["total"], 1, "the one that ships with the service");
    assert_eq!(guest.get("/teams").await.expect(200)["total"], 0);
    let open = alice.draft().await;
    alice.put(&draft_path(open, "/visibility"), json!({ "visibility": "team" })).await.expect(200);
    guest.get(&draft_path(open, "")).await.expect(404);
    let bob = desk.person("bob").await;
    assert_eq!(bob.get(&draft_path(open, "/shares")).await.expect(200)["your_access"], "viewer");
    alice.put(&draft_path(open, "/visibility"), json!({ "visibility": "public" })).await.expect(200);
    guest.get(&draft_path(open, "")).await.expect(200);
    guest.post(&draft_path(open, "/comments"), json!({ "text": "Hello." })).await.expect(403);
    alice.put("/prompts/team_brief/shares", json!({ "person": "gina", "access": "viewer" })).await.expect(200);
    let clone = guest.post("/prompts/team_brief/clone", json!({})).await.expect(201);
    // What a guest commits is theirs alone, unless they say that everybody may see it.
    let commit = json!({ "name": "guest_brief", "title": "A guest's own", "confirm": true });
    guest.post(&draft_path(clone["draft_id"].as_i64().unwrap(), "/commit"), commit).await.expect(201);
    assert_eq!(guest.get("/prompts/guest_brief").await.expect(200)["visibility"], "private");
    alice.get("/prompts/guest_brief").await.expect(404);
    guest.put("/prompts/guest_brief/visibility", json!({ "visibility": "team" })).await.expect(422);
    guest.put("/prompts/guest_brief/shares", json!({ "team": "everyone", "access": "viewer" })).await.expect(404);
    desk.close().await;
}

#[tokio::test]
async fn comments_belong_to_what_they_are_about() {
    let desk = Desk::start().await;
    let (alice, bob) = (desk.person("alice").await, desk.person("bob").await);
    let (draft, other) = (alice.draft().await, alice.draft().await);
    let comments = draft_path(draft, "/comments");
    alice.post(&comments, json!({ "text": "  " })).await.expect(422);
    alice.post(&comments, json!({ "text": "x".repeat(2_001) })).await.expect(422);
    alice.put(&draft_path(draft, "/shares"), json!({ "person": "bob", "access": "commenter" })).await.expect(200);
    desk.person("carol").await;
    // Carol may not see the draft, so that she is not told of it.
    let said = json!({ "text": "@bob what do you think? And @carol, @alice, @nobody?" });
    let written = alice.post(&comments, said).await.expect(201);
    assert_eq!((&written["mentioned"], &written["not_reached"]), (&json!(["bob"]), &json!(["bob"])));
    let answer = json!({ "text": "Good.", "reply_to": written["comment_id"] });
    alice.post(&draft_path(other, "/comments"), answer.clone()).await.expect(422);
    let answered = bob.post(&comments, answer).await.expect(201);
    assert_eq!(answered["reply_to"], written["comment_id"]);
    let listed = alice.get(&comments).await.expect(200);
    let texts: Vec<&Value> = listed["comments"].as_array().unwrap().iter().map(|one| &one["author"]).collect();
    assert_eq!(texts, ["alice", "bob"]);
    bob.delete(&format!("{comments}/{}", written["comment_id"].as_str().unwrap())).await.expect(403);
    alice.delete(&format!("{comments}/{}", answered["comment_id"].as_str().unwrap())).await.expect(200);
    assert_eq!(bob.get(&comments).await.expect(200)["total"], 1);
    desk.close().await;
}

#[tokio::test]
async fn owners_and_administrators_read_who_did_what() {
    let desk = Desk::start().await;
    let (alice, bob, admin) = (desk.person("alice").await, desk.person("bob").await, desk.admin().await);
    let draft = alice.draft().await;
    alice.put(&draft_path(draft, ""), json!({ "draft_name": "A secret name" })).await.expect(200);
    alice.put(&draft_path(draft, "/shares"), json!({ "person": "bob", "access": "editor" })).await.expect(200);
    bob.post(&draft_path(draft, "/comments"), json!({ "text": "A secret remark." })).await.expect(201);
    alice.put(&draft_path(draft, "/visibility"), json!({ "visibility": "team" })).await.expect(200);
    let path = draft_path(draft, "/activity");
    bob.get(&path).await.expect(403);
    for reader in [&alice, &admin] {
        let record = reader.get(&path).await.expect(200);
        let kinds: Vec<&str> =
            record["activity"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["visibility_changed", "commented", "shared", "draft_changed", "workshop_started"]);
        assert_eq!(record["activity"][2]["detail"], json!({ "person": "bob", "access": "editor" }));
        assert!(!record.to_string().contains("secret"), "the record holds no texts: {record}");
    }
    alice.get("/activity").await.expect(403);
    let all = admin.get("/activity?person=bob&kind=commented").await.expect(200);
    assert_eq!((&all["total"], &all["activity"][0]["person"]), (&json!(1), &json!("bob")));
    // A deleted draft leaves its record.
    alice.delete(&draft_path(draft, "")).await.expect(200);
    let all = admin.get("/activity?kind=draft_deleted").await.expect(200);
    assert_eq!(all["activity"][0]["draft_id"], draft);
    desk.close().await;
}

/// How many messages of a thread on Slack mention somebody so that they are pinged.
fn pings_on_slack(slack: &slack::Slack, card: &slack::Posted, user: slack::User) -> usize {
    let mention = format!("<@{}>", user.id);
    slack.thread(&card.channel, &card.ts).iter().filter(|said| said.all_text().contains(&mention)).count()
}

/// Somebody as they are known from a chat platform, with a token for the API.
async fn known(desk: &Desk, name: &str) -> Person {
    let accounts = desk.workshop().accounts().await.unwrap();
    let account = accounts.into_iter().find(|account| account.name == name).unwrap();
    Person::at(desk.base().to_owned(), desk.workshop().create_token(account.id).await.unwrap())
}

#[tokio::test]
async fn on_slack_a_mention_invites_and_a_removal_holds() {
    let (desk, slack) = crate::slack::with(Via::Http, Options::default()).await;
    let (alice, bob) = (slack::ALICE, slack::BOB);
    let whispers = |who: slack::User, what: &'static str| {
        let slack = slack.clone();
        async move {
            slack
                .until(&format!("{} is told {what:?}", who.name), |slack| {
                    slack.ephemerals(who).iter().any(|said| said.all_text().contains(what))
                })
                .await;
        }
    };
    slack.command(alice, slack::GENERAL, "new I need a weekly shipping briefing").await;
    let card = crate::slack::card(&slack, slack::GENERAL, "weekly shipping briefing").await;
    crate::slack::says(&slack, &card, "?").await;
    // Bob has no account yet; being mentioned makes him one.
    slack.command(alice, slack::GENERAL, &format!("share add <@{}|bob> editor", bob.id)).await;
    crate::slack::says(&slack, &card, "alice shared draft 1").await;
    whispers(alice, "bob: editor").await;
    assert_eq!(pings_on_slack(&slack, &card, bob), 1, "{:?}", slack.thread(&card.channel, &card.ts));
    known(&desk, "bob").await.get("/prompts/workshop/drafts/1/shares").await.expect(200);
    // A comment pings whom it mentions, once, and nobody else.
    let comment = format!("comment look, <@{}|bob>: <!channel> *now* & @here", bob.id);
    slack.command(alice, slack::GENERAL, &comment).await;
    crate::slack::says(&slack, &card, "alice commented on draft 1").await;
    whispers(alice, "bob will hear of it").await;
    assert_eq!(pings_on_slack(&slack, &card, bob), 2);
    for said in slack.thread(&card.channel, &card.ts) {
        let text = said.all_text();
        assert!(!text.contains("<!channel>") && !text.contains("<!here>"), "{text}");
    }
    // What was taken away does not come back by writing in the thread.
    slack.command(alice, slack::GENERAL, &format!("share remove <@{}|bob>", bob.id)).await;
    crate::slack::says(&slack, &card, "alice took bob's access").await;
    slack.message(bob, slack::GENERAL, Some(&card.ts), "make it shorter, please").await;
    whispers(bob, "There is no such draft").await;
    known(&desk, "bob").await.get("/prompts/workshop/drafts/1").await.expect(404);
    desk.close().await;
}

#[tokio::test]
async fn on_slack_a_link_is_for_one_person_s_eyes_and_lets_another_in() {
    let (desk, slack) = crate::slack::with(Via::Http, Options::default()).await;
    let (alice, bob) = (slack::ALICE, slack::BOB);
    slack.message(alice, "D0ALICE", None, "I need a weekly shipping briefing").await;
    // The card is posted below her own words.
    let said = crate::slack::card(&slack, "D0ALICE", "weekly shipping briefing").await;
    crate::slack::says(&slack, &said, "Draft 1").await;
    slack.command(alice, slack::GENERAL, "share link commenter 1").await;
    let told = slack
        .eventually("the link", |slack| {
            slack.ephemerals(alice).into_iter().find(|said| said.all_text().contains("/invite/"))
        })
        .await;
    let text = told.all_text();
    let (_, rest) = text.split_once("/invite/").unwrap();
    let code: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    slack.command(bob, slack::GENERAL, &format!("share accept {code}")).await;
    slack
        .until("he is in", |slack| slack.ephemerals(bob).iter().any(|said| said.all_text().contains("You are in")))
        .await;
    let shares = known(&desk, "bob").await.get("/prompts/workshop/drafts/1/shares").await.expect(200);
    assert_eq!(shares["your_access"], "commenter");
    slack.command(bob, slack::GENERAL, "share leave 1").await;
    slack.until("he left", |slack| slack.ephemerals(bob).iter().any(|said| said.all_text().contains("You left"))).await;
    known(&desk, "bob").await.get("/prompts/workshop/drafts/1").await.expect(404);
    desk.close().await;
}

#[tokio::test]
async fn on_discord_a_comment_pings_whom_it_mentions_and_nobody_else() {
    let (desk, discord) = crate::discord::with(Via::Socket, Options::default()).await;
    let (alice, bob) = (discord::ALICE, discord::BOB);
    crate::discord::start(&discord, discord::GENERAL, "I need a weekly shipping briefing").await;
    let thread = discord.eventually("its thread", |discord| discord.threads(discord::GENERAL).pop()).await.id;
    crate::discord::says(&discord, &thread, "?").await;
    let who = [("who", json!(format!("<@{}>", bob.id))), ("access", json!("commenter"))];
    discord.command(alice, &thread, "share add", &who).await;
    crate::discord::says(&discord, &thread, "alice shared draft 1").await;
    let mine = crate::discord::alice(&desk).await;
    let shares = mine.get("/prompts/workshop/drafts/1/shares").await.expect(200);
    let name = shares["shares"][0]["name"].as_str().unwrap().to_owned();
    // From the API too, a name that may see it pings where the workshop lives.
    let said = json!({ "text": format!("@{name}: @everyone should see <@{}> and this", alice.id) });
    mine.post("/prompts/workshop/drafts/1/comments", said).await.expect(201);
    crate::discord::says(&discord, &thread, "should see").await;
    let pinged: Vec<Vec<String>> = discord
        .messages(&thread)
        .into_iter()
        .filter(|said| said.author == "bot" && !said.mentions.is_empty())
        .map(|said| said.mentions)
        .collect();
    assert_eq!(pinged, [[bob.id.to_owned()], [bob.id.to_owned()]]);
    discord.command(bob, &thread, "comment", &[]).await;
    crate::discord::whispered(&discord, bob, "should see").await;
    discord.assert_clean();
    desk.close().await;
}
