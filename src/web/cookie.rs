//! The cookie of a browser that is signed in, and requests that other sites make with it.
//!
//! The cookie is `HttpOnly` and `SameSite=Lax`; where people come over TLS it is `Secure` and bound to the host. A
//! request that changes something and rests on the cookie must say that it comes from our own pages: browsers send
//! `Origin` with each (Fetch standard, section 3.2), and programs use tokens.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};

use super::Web;
use super::error::Problem;

/// What a cookie is called.
pub(super) struct Name {
    /// Without TLS.
    plain: &'static str,
    /// Behind TLS: browsers keep such a cookie to this host and to TLS.
    bound: &'static str,
}

/// The cookie of a browser that is signed in.
const SESSION: Name = Name { plain: "workshop_session", bound: "__Host-workshop_session" };
/// The cookie of a browser that is at an OpenID Connect provider.
pub(super) const AT_PROVIDER: Name = Name { plain: "workshop_openid", bound: "__Host-workshop_openid" };

/// How long a browser keeps the cookie, in seconds: 400 days, the most it takes. The session behind it ends sooner.
const LIFE: u64 = 400 * 24 * 3600;

/// The secret in the cookie.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    find(headers, &SESSION)
}

/// What is in a cookie.
pub(super) fn find<'a>(headers: &'a HeaderMap, wanted: &Name) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted.bound || *name == wanted.plain).map(|(_, value)| value)
}

/// The header that signs a browser in.
pub(super) fn keep(web: &Web, secret: &SecretString) -> (HeaderName, HeaderValue) {
    set(web, &SESSION, secret.expose_secret(), LIFE)
}

/// The header that signs a browser out.
pub(super) fn remove(web: &Web) -> (HeaderName, HeaderValue) {
    set(web, &SESSION, "", 0)
}

/// The header that has a browser keep something for so many seconds; none removes it.
pub(super) fn set(web: &Web, name: &Name, value: &str, seconds: u64) -> (HeaderName, HeaderValue) {
    let over_tls = web.workshop.settings().public_url.starts_with("https:");
    let (name, secure) = if over_tls { (name.bound, "; Secure") } else { (name.plain, "") };
    let line = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (header::SET_COOKIE, value)
}

/// Refuses what another site has a signed-in browser do.
pub(super) async fn refuse_other_sites(State(web): State<Web>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let changes = !request.method().is_safe() && !headers.contains_key(header::AUTHORIZATION);
    if changes && !is_ours(headers, &web.workshop.settings().public_url) {
        return Problem::other_site().into_response();
    }
    next.run(request).await
}

/// Whether a request comes from a page of ours, or rests on no cookie and comes from no page at all.
fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), host) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && (authority == host || origin.eq_ignore_ascii_case(public_url))
        }
        (None, _) => read(headers).is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_our_own_pages_change_things_with_a_cookie() {
        let cookie = ("cookie", "a=b; workshop_session=ws_1");
        let host = ("host", "workshop.example:8484");
        let ours = |more: &[(&'static str, &'static str)]| {
            is_ours(&headers(&[&[host, cookie], more].concat()), "https://prompts.example")
        };
        assert!(ours(&[("origin", "http://workshop.example:8484")]));
        assert!(ours(&[("origin", "https://prompts.example")]));
        assert!(!ours(&[("origin", "https://evil.example")]));
        assert!(!ours(&[("origin", "https://workshop.example:8484.evil.example")]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[]));
        assert!(is_ours(&headers(&[host]), ""));
        assert!(!is_ours(&headers(&[host, ("origin", "https://evil.example")]), ""));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(read(&headers(&[("cookie", "x=1; __Host-workshop_session=ws_2; y=3")])), Some("ws_2"));
        assert_eq!(read(&headers(&[("cookie", "other_workshop_session=ws_2")])), None);
    }
}
