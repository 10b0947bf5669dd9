//! One's API tokens, and the ways in which one is signed in.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::frame::{Frame, Section};
use super::shown::Moment;
use super::{Page, html};
use crate::domain::Actor;
use crate::domain::account::OpenIdIdentity;
use crate::web::auth::Visitor;
use crate::web::{Web, cookie};
use crate::workshop::Error;
use crate::workshop::token::Token;

/// A token that was made just now.
struct Made {
    name: String,
    secret: String,
}

/// A token in the list.
struct Listed {
    token: Token,
    made: Moment,
    used: Option<Moment>,
}

/// A browser in the list.
struct SignedIn {
    here: bool,
    since: Moment,
    used: Moment,
}

#[derive(Template)]
#[template(path = "tokens.html", config = "src/web/askama.toml")]
struct Tokens {
    frame: Frame,
    made: Option<Made>,
    /// What was written for a name, and why it is none.
    refused: Option<(String, String)>,
    tokens: Vec<Listed>,
    browsers: Vec<SignedIn>,
    elsewhere: bool,
    identities: Vec<OpenIdIdentity>,
    /// What the provider is called, and the link that joins one's account there.
    openid: Option<(String, String)>,
    api: String,
}

async fn page(web: &Web, actor: &Actor, headers: &HeaderMap) -> Result<Tokens, Error> {
    let cookie = cookie::read(headers).unwrap_or_default();
    let tokens = web.workshop.tokens(actor).await?.into_iter();
    let tokens =
        tokens.map(|token| Listed { made: Moment::at(token.created_at), used: token.used_at.map(Moment::at), token });
    let browsers = web.workshop.browsers(actor).await?;
    let browsers: Vec<SignedIn> = browsers
        .iter()
        .map(|one| SignedIn { here: one.has(cookie), since: Moment::at(one.since), used: Moment::at(one.used_at) })
        .collect();
    let wish = web.openid.as_ref().and_then(|openid| Some((openid.label().to_owned(), openid.wish(actor.account)?)));
    Ok(Tokens {
        frame: Frame::of(actor, Section::Elsewhere, "API tokens and sign-in"),
        made: None,
        refused: None,
        tokens: tokens.collect(),
        elsewhere: browsers.iter().any(|browser| !browser.here),
        browsers,
        identities: web.workshop.openid_identities(actor).await?,
        openid: wish.map(|(label, wish)| (label, format!("/sign-in/openid?join={wish}"))),
        api: format!("{}{}", web.workshop.settings().public_url, crate::web::api::ROOT),
    })
}

/// Shows the tokens that work and the browsers that are signed in.
pub(super) async fn show(State(web): State<Web>, Visitor(actor): Visitor, headers: HeaderMap) -> Page {
    html(&page(&web, &actor, &headers).await?)
}

/// What to call a new token.
#[derive(Debug, Deserialize)]
pub(super) struct NewToken {
    #[serde(default)]
    name: String,
}

/// Makes a token, and shows it this once.
pub(super) async fn create(
    State(web): State<Web>,
    Visitor(actor): Visitor,
    headers: HeaderMap,
    Form(NewToken { name }): Form<NewToken>,
) -> Page {
    let made: Result<(Token, SecretString), Error> = web.workshop.create_named_token(&actor, &name).await;
    let (made, refused, status) = match made {
        Ok((token, secret)) => {
            let made = Made { name: token.name, secret: secret.expose_secret().to_owned() };
            (Some(made), None, StatusCode::CREATED)
        }
        Err(Error::Invalid(why)) => {
            let reasons: Vec<String> = why.into_iter().map(|one| format!("The name {}.", one.reason)).collect();
            (None, Some((name, reasons.join(" "))), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => return Err(error.into()),
    };
    let page: Response = html(&Tokens { made, refused, ..page(&web, &actor, &headers).await? })?;
    Ok((status, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], page).into_response())
}

/// Signs out of every other browser.
pub(super) async fn sign_out_elsewhere(State(web): State<Web>, Visitor(actor): Visitor, headers: HeaderMap) -> Page {
    let cookie = cookie::read(&headers).unwrap_or_default();
    web.workshop.sign_out_elsewhere(&actor, cookie).await?;
    Ok(Redirect::to("/settings/tokens").into_response())
}
