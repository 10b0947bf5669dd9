//! Coming in with a browser, and going.

use axum::http::{Method, header};
use axum::response::Html;
use axum::routing::get;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::browser::{Browser, Look};
use crate::support::desk::{Desk, Options};

#[tokio::test]
async fn a_link_signs_a_browser_in_where_it_leads_and_out_again() {
    let desk = Desk::start().await;
    let draft = desk.person("alice").await.draft().await;
    let code = desk.login_code("alice").await;
    let browser = Browser::start(&desk).await;

    browser.open("/settings/tokens").await;
    browser.arrives("/sign-in?next=%2Fsettings%2Ftokens").await;
    browser.see_text("Prompt Workshop has no passwords.").await;
    browser.is_accessible().await;

    let link = format!("/sign-in/{}?draft={draft}", code.expose_secret());
    browser.open(&link).await;
    browser.see_text("This link works once").await;
    browser.is_accessible().await;
    browser.click("button", "Sign in").await;
    browser.arrives(&format!("/workshop/{draft}")).await;

    let cookie = browser.cookie("workshop_session").await.expect("a cookie");
    assert_eq!((cookie.http_only, cookie.secure, cookie.path.as_deref()), (Some(true), Some(false), Some("/")));
    assert_eq!(serde_json::to_value(cookie.same_site).unwrap(), "Lax");
    assert_eq!(browser.script("return document.cookie").await, "", "no script can read it");

    browser.open("/").await;
    browser.click("button", "alice").await;
    browser.click("button", "Sign out").await;
    browser.arrives("/sign-in").await;
    browser.open(&format!("/workshop/{draft}")).await;
    browser.arrives(&format!("/sign-in?next=%2Fworkshop%2F{draft}")).await;
    browser.has_no_complaints().await;

    browser.open(&link).await;
    browser.see_text("This link does not work any more").await;
    browser.is_accessible().await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn one_comes_in_without_javascript_on_a_phone_in_the_dark() {
    let desk = Desk::start().await;
    let browser = Browser::with(&desk, Look::PHONE.dark().without_scripts()).await;
    browser.sign_in(&desk, "alice").await;
    browser.arrives("/").await;
    browser.see_text("Everything can be read without JavaScript").await;
    browser.click("button", "alice").await;
    browser.click("button", "Sign out").await;
    browser.arrives("/sign-in").await;
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn another_site_cannot_act_for_who_is_signed_in() {
    let desk = Desk::start().await;
    let browser = Browser::start(&desk).await;
    browser.sign_in(&desk, "alice").await;

    // A page at the same host, so that the browser sends the cookie along.
    let form = format!("<form method=post action='{}/sign-out'><button>Win a prize</button></form>", desk.base());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}/", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        axum::serve(listener, axum::Router::new().route("/", get(|| async { Html(form) }))).await.unwrap();
    });
    browser.open(&elsewhere).await;
    browser.click("button", "Win a prize").await;
    browser.see_text("urn:prompt-workshop:problem:other-site").await;

    browser.open("/").await;
    browser.arrives("/").await;

    let cookie = browser.cookie("workshop_session").await.expect("a cookie").value;
    let program = desk.anonymous();
    let start = |origin: &'static str| {
        let request = program.request(Method::POST, "/prompts/workshop/start");
        program.send(
            request
                .header(header::COOKIE, format!("workshop_session={cookie}"))
                .header(header::ORIGIN, origin)
                .json(&json!({})),
        )
    };
    let refused = start("https://evil.example").await.expect(403);
    assert_eq!(refused["type"], "urn:prompt-workshop:problem:other-site");
    let own = desk.base().to_owned().leak();
    start(own).await.expect(201);
    serving.abort();
    browser.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_program_that_sends_the_form_gets_a_token() {
    let desk = Desk::start().await;
    let nobody = desk.anonymous();
    let form = format!("//sign-in/{}", desk.login_code("alice").await.expose_secret());
    let token = nobody.send(nobody.request(Method::POST, &form)).await.expect(200)["token"].clone();
    let token = token.as_str().unwrap();
    assert!(token.starts_with("pw_"), "a token of the API");
    let drafts = nobody.request(Method::GET, "/prompts/workshop/drafts").bearer_auth(token);
    nobody.send(drafts).await.expect(200);
    nobody.send(nobody.request(Method::POST, &form)).await.expect(404);
    desk.close().await;
}

#[tokio::test]
async fn behind_tls_the_cookie_is_bound_to_the_host() {
    let settings = vec![("HTTP__PUBLIC_URL", "https://prompts.example".to_owned())];
    let desk = Desk::with(Options { settings, ..Options::default() }).await;
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("{}/sign-in/{}", desk.base(), desk.login_code("alice").await.expose_secret());
    let request = http.post(url).header(header::ACCEPT, "text/html").header(header::ORIGIN, "https://prompts.example");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[header::LOCATION], "/");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-workshop_session=ws_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    desk.close().await;
}
