//! Signing in through an OpenID Connect provider.

use axum::http::header;
use reqwest::redirect::Policy;
use serde_json::json;

use crate::support::desk::{Desk, Options};
use crate::support::openid::{Provider, Says};

/// A browser: it keeps cookies and shows where it is sent.
struct Visitor {
    base: String,
    http: reqwest::Client,
    cookies: Vec<(String, String)>,
}

/// What a page answered.
struct Shown {
    status: u16,
    location: String,
    text: String,
}

impl Visitor {
    fn at(desk: &Desk) -> Self {
        prompt_workshop::llm::remote::install_tls();
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { base: desk.base().to_owned(), http, cookies: Vec::new() }
    }

    async fn get(&mut self, path: &str) -> Shown {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Shown {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header(header::COOKIE, cookies.join("; ")).send().await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            assert!(set.contains("; HttpOnly; SameSite=Lax"), "{set}");
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !set.contains("Max-Age=0;") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        Shown { status: response.status().as_u16(), location, text: response.text().await.unwrap() }
    }

    fn has(&self, cookie: &str) -> bool {
        self.cookies.iter().any(|(name, _)| name == cookie)
    }

    /// Goes to the provider, agrees, and comes back.
    async fn signs_in(&mut self, provider: &Provider, from: &str, says: Says) -> Shown {
        let sent = self.get(from).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        let back = provider.consents(&sent.location, says);
        self.get(&back).await
    }

    /// Signs in by a one-time link.
    async fn uses_link(&mut self, desk: &Desk, name: &str) {
        let account = desk.workshop().ensure_account(name, false).await.unwrap();
        let code = desk.workshop().create_login_code(account.id).await.unwrap();
        let url = format!("{}/sign-in/{}", self.base, secrecy::ExposeSecret::expose_secret(&code));
        let request = self.http.post(url).header(header::ACCEPT, "text/html").header(header::ORIGIN, self.base.clone());
        assert_eq!(self.send(request).await.status, 303);
    }

    /// The name in the bar.
    async fn name(&mut self) -> String {
        let home = self.get("/").await.text;
        let name = home.split("<summary>").nth(1).and_then(|rest| rest.split("</summary>").next());
        name.unwrap_or_default().to_owned()
    }
}

async fn desk(provider: &Provider, more: &[(&'static str, &str)]) -> Desk {
    let mut settings = provider.settings();
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Desk::with(Options { settings, no_workers: true, ..Options::default() }).await
}

fn alice() -> Says {
    Says::of("sub-1", json!({ "email": "Alice.Ames@example.org", "email_verified": true }))
}

async fn accounts(desk: &Desk) -> Vec<String> {
    desk.workshop().accounts().await.unwrap().into_iter().map(|account| account.name).collect()
}

#[tokio::test]
async fn the_first_sign_in_makes_an_account_and_the_second_finds_it() {
    let provider = Provider::start().await;
    let desk = desk(&provider, &[]).await;
    let mut browser = Visitor::at(&desk);
    let page = browser.get("/sign-in?next=%2Flibrary%3Fq%3D1").await;
    assert!(page.text.contains("Sign in with Example ID"), "{}", page.text);
    assert!(page.text.contains("/sign-in/openid?next=%2Flibrary%3Fq%3D1"), "{}", page.text);

    let back = browser.signs_in(&provider, "/sign-in/openid?next=%2Flibrary%3Fq%3D1", alice()).await;
    assert_eq!((back.status, back.location.as_str()), (303, "/library?q=1"), "{}", back.text);
    assert!(browser.has("workshop_session") && !browser.has("workshop_openid"));
    assert_eq!(browser.name().await, "alice.ames");

    let mut other = Visitor::at(&desk);
    let renamed = Says::of("sub-1", json!({ "email": "alice.brown@example.org", "preferred_username": "abrown" }));
    let back = other.signs_in(&provider, "/sign-in/openid?next=//evil.example", renamed).await;
    assert_eq!((back.status, back.location.as_str()), (303, "/"), "{}", back.text);
    assert_eq!(other.name().await, "alice.ames", "it is the subject that counts");
    let settings = other.get("/settings/tokens").await.text;
    assert!(settings.contains("alice.brown@example.org"), "{settings}");
    assert_eq!(provider.discovered(), 1, "what the provider says of itself is kept");

    let namesake = Says::of("sub-2", json!({ "preferred_username": "alice.ames@elsewhere.example" }));
    let mut third = Visitor::at(&desk);
    assert_eq!(third.signs_in(&provider, "/sign-in/openid", namesake).await.status, 303);
    assert_eq!(accounts(&desk).await, ["alice.ames", "alice.ames.2"], "nobody gets another's account by a name");
    desk.close().await;
}

#[tokio::test]
async fn a_token_that_tells_little_is_completed_by_the_provider() {
    let provider = Provider::start().await;
    let desk = desk(&provider, &[("OPENID__ALLOWED_DOMAINS", "[\"example.org\"]")]).await;
    let further = Some(json!({ "email": "carol@example.org", "email_verified": true }));
    let mut browser = Visitor::at(&desk);
    let says = Says { further, ..Says::of("sub-3", json!({})) };
    assert_eq!(browser.signs_in(&provider, "/sign-in/openid", says).await.status, 303);
    assert_eq!(browser.name().await, "carol");
    desk.close().await;
}

#[tokio::test]
async fn what_did_not_begin_in_this_browser_signs_nobody_in() {
    let provider = Provider::start().await;
    let desk = desk(&provider, &[]).await;
    let mut browser = Visitor::at(&desk);
    let sent = browser.get("/sign-in/openid").await;
    let back = provider.consents(&sent.location, alice());

    let mut other = Visitor::at(&desk);
    for (visitor, path) in [(&mut other, back.clone()), (&mut browser, format!("{back}x"))] {
        let shown = visitor.get(&path).await;
        assert_eq!(shown.status, 400);
        assert!(shown.text.contains("was not begun in this browser, or took too long"), "{}", shown.text);
        assert!(!visitor.has("workshop_session"));
    }
    // The cookie went with the failure: what was begun cannot be finished any more.
    assert_eq!(browser.get(&back).await.status, 400);
    let mut forger = Visitor::at(&desk);
    forger.cookies.push(("workshop_openid".to_owned(), "00".repeat(200)));
    assert_eq!(forger.get(&back).await.status, 400);
    assert!(accounts(&desk).await.is_empty());
    desk.close().await;
}

#[tokio::test]
async fn an_answer_that_does_not_pass_the_checks_signs_nobody_in() {
    let provider = Provider::start().await;
    let desk = desk(&provider, &[]).await;
    let lies = [
        Says { nonce: Some("another".to_owned()), ..alice() },
        Says { forged: true, ..alice() },
        Says { expires_in: -5, ..alice() },
        Says { audience: "another service".to_owned(), ..alice() },
    ];
    for lie in lies {
        let mut browser = Visitor::at(&desk);
        let shown = browser.signs_in(&provider, "/sign-in/openid", lie.clone()).await;
        assert_eq!(shown.status, 403, "{lie:?}");
        assert!(shown.text.contains("The answer of Example ID did not pass our checks"), "{}", shown.text);
        assert!(!shown.text.contains("nonce") && !shown.text.contains("sub-1"), "{}", shown.text);
        assert!(browser.cookies.is_empty(), "{lie:?}");
    }
    let mut browser = Visitor::at(&desk);
    let sent = browser.get("/sign-in/openid").await;
    let back = provider.consents(&sent.location, alice());
    let said_no = format!("{}&error=access_denied", back.replace("code=", "nothing="));
    let shown = browser.get(&said_no).await;
    assert_eq!(shown.status, 403);
    assert!(shown.text.contains("Example ID did not sign you in"), "{}", shown.text);
    assert!(accounts(&desk).await.is_empty());
    desk.close().await;
}

#[tokio::test]
async fn a_provider_that_is_down_is_named_and_one_with_new_keys_is_asked_again() {
    let provider = Provider::start().await;
    let desk = desk(&provider, &[]).await;
    provider.is_down(true);
    let mut browser = Visitor::at(&desk);
    let shown = browser.get("/sign-in/openid").await;
    assert_eq!(shown.status, 502);
    assert!(shown.text.contains("Example ID cannot be reached at the moment"), "{}", shown.text);
    assert!(!shown.text.contains("out of order") && !shown.text.contains(provider.issuer()), "{}", shown.text);
    provider.is_down(false);
    assert_eq!(browser.signs_in(&provider, "/sign-in/openid", alice()).await.status, 303);

    provider.changes_keys();
    assert_eq!(browser.signs_in(&provider, "/sign-in/openid", alice()).await.status, 303);

    let sent = browser.get("/sign-in/openid").await;
    let back = provider.consents(&sent.location, alice());
    provider.is_down(true);
    let shown = browser.get(&back).await;
    assert_eq!(shown.status, 502);
    assert!(!shown.text.contains("out of order"), "{}", shown.text);
    desk.close().await;
}

#[tokio::test]
async fn only_confirmed_addresses_of_the_allowed_domains_come_in() {
    let provider = Provider::start().await;
    let desk = desk(&provider, &[("OPENID__ALLOWED_DOMAINS", "[\"example.org\"]")]).await;
    let refused = [
        json!({ "email": "eve@evil.example", "email_verified": true }),
        json!({ "email": "eve@example.org", "email_verified": false }),
        json!({ "email": "eve@sub.example.org", "email_verified": true }),
        json!({ "email": "eve@example.org" }),
        json!({ "preferred_username": "eve@example.org" }),
    ];
    for claims in refused {
        let mut browser = Visitor::at(&desk);
        let shown = browser.signs_in(&provider, "/sign-in/openid", Says::of("sub-4", claims.clone())).await;
        assert_eq!(shown.status, 403, "{claims}");
        assert!(shown.text.contains("no confirmed mail address of a domain"), "{}", shown.text);
        assert!(!browser.has("workshop_session"));
    }
    let mut browser = Visitor::at(&desk);
    assert_eq!(browser.signs_in(&provider, "/sign-in/openid", alice()).await.status, 303);
    assert_eq!(accounts(&desk).await, ["alice.ames"]);
    desk.close().await;
}

#[tokio::test]
async fn who_is_signed_in_connects_an_account_and_what_it_made_comes_along() {
    let provider = Provider::start().await;
    let desk = desk(&provider, &[]).await;
    let connect = |page: &str| {
        let link = page.split("href=\"/sign-in/openid?join=").nth(1).expect("a link that connects");
        format!("/sign-in/openid?join={}", link.split('"').next().unwrap())
    };
    // An account that was made by the provider, with a workshop.
    let mut early = Visitor::at(&desk);
    early.signs_in(&provider, "/sign-in/openid", alice()).await;
    let start = early.http.post(format!("{}/workshop", early.base)).header(header::ORIGIN, early.base.clone());
    let start = start.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let started = early.send(start.body("requirements=A+briefing+on+ports")).await;
    assert_eq!(started.status, 303, "{}", started.text);

    let mut browser = Visitor::at(&desk);
    browser.uses_link(&desk, "alice").await;
    let page = browser.get("/settings/tokens").await.text;
    let back = browser.signs_in(&provider, &connect(&page), alice()).await;
    assert_eq!((back.status, back.location.as_str()), (303, "/settings/tokens"), "{}", back.text);
    assert_eq!(browser.name().await, "alice");
    assert_eq!(accounts(&desk).await, ["alice"], "the account that nobody can reach any more is one with hers");
    assert_eq!(browser.get(&started.location).await.status, 200);
    assert_eq!(early.name().await, "alice", "a browser that was signed in as it stays so");

    // The link is the account's own: others cannot use it to be joined to it, nor it to theirs.
    let mut mallory = Visitor::at(&desk);
    mallory.uses_link(&desk, "mallory").await;
    assert_eq!(mallory.get(&connect(&page)).await.status, 400);
    assert_eq!(Visitor::at(&desk).get(&connect(&page)).await.status, 400);
    let sent = browser.get(&connect(&page)).await;
    let back = provider.consents(&sent.location, Says::of("sub-9", json!({ "email": "a@example.org" })));
    browser.uses_link(&desk, "mallory").await;
    assert_eq!(browser.get(&back).await.status, 400, "somebody else is signed in by now");
    desk.close().await;
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let desk = Desk::with(Options { no_workers: true, ..Options::default() }).await;
    let mut browser = Visitor::at(&desk);
    assert_eq!(browser.get("/sign-in/openid").await.status, 404);
    assert_eq!(browser.get("/sign-in/openid/callback?state=x").await.status, 404);
    assert!(!browser.get("/sign-in").await.text.contains("openid"));
    desk.close().await;
}
