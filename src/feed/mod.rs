//! Fetching feeds from the network: what may be reached, how much is read, and what went wrong, as sentences for people.
//!
//! Whoever adds a feed chooses where this service connects to, and whoever runs its server chooses what comes back. Each
//! hop of a redirect is checked anew, names are resolved by a resolver of our own, and time, size and kind are bounded.

mod address;
mod guard;
mod parse;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::domain::feed::{Content, Validators};

/// The most that is read of one answer, after decompression.
const MOST_BYTES: usize = 5 * 1024 * 1024;

/// How long one fetch may take in all, with redirects.
const IN_ALL: Duration = Duration::from_secs(20);

/// How long reading what was fetched may take.
const READING: Duration = Duration::from_secs(15);

/// How often a request is passed on at most.
const REDIRECTS: usize = 5;

/// What is asked for.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5";

/// Why a feed could not be had: each a sentence that says what to do, if anything can be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not of the public internet.
    #[error("{0} is not a public address. An operator can allow it by the setting feeds.allow_private_addresses.")]
    Private(String),
    /// The address cannot be fetched from.
    #[error("The address {0} cannot be fetched from: it must begin with http:// or https://.")]
    Address(String),
    /// The name is unknown, nothing listens there, or the connection failed.
    #[error("The server {0} cannot be reached.")]
    Unreachable(String),
    /// It takes too long.
    #[error("The server did not answer in full within 20 seconds.")]
    Timeout,
    /// The answer broke off, or its compression is damaged.
    #[error("The answer broke off before its end, or is damaged.")]
    Cut,
    /// It is passed on too often.
    #[error("The address is passed on more than 5 times, perhaps in a circle.")]
    Redirects,
    /// The server is busy: not before this.
    #[error("The server asks us to come back later (HTTP {status}).")]
    Busy {
        /// The status.
        status: u16,
        /// How long to wait, where it says so.
        retry_after: Option<TimeDelta>,
    },
    /// The feed is gone for good.
    #[error(
        "The feed is gone for good, says its server (HTTP 410). It is not polled any more; remove it or find its new address."
    )]
    Gone,
    /// Any other refusal.
    #[error("The server answered with HTTP {0}.")]
    Status(u16),
    /// There is too much of it.
    #[error("The answer has more than 5 MB, too much for a feed.")]
    TooLarge,
    /// It is of another kind.
    #[error("The answer is {0}, not a feed.")]
    Kind(String),
    /// It is a web page.
    #[error("The address leads to a web page, not to a feed.{}", .0.as_deref().map(|feed| format!(" The page names this feed: {feed}")).unwrap_or_default())]
    Page(Option<String>),
    /// It is no feed, or a damaged one.
    #[error("The answer cannot be read as RSS, Atom or JSON Feed: {0}.")]
    Unreadable(String),
}

/// What came of a request that went well.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the feed holds; `None` when it is as it was.
    pub content: Option<Content>,
    /// What to recognise this content by, next time.
    pub validators: Validators,
    /// How long the server says that there is nothing newer.
    pub fresh_for: TimeDelta,
    /// Where the feed lives from now on, when it moved for good.
    pub moved_to: Option<String>,
}

/// Fetches feeds.
#[derive(Debug)]
pub struct Fetcher {
    client: OnceCell<Client>,
    user_agent: String,
    reach: address::Reach,
}

impl Fetcher {
    /// A fetcher; nothing is opened yet. `site` is where people find out who asks.
    pub fn new(allow_private: bool, site: &str) -> Self {
        let user_agent = format!("PromptWorkshop/{} (+{site})", env!("CARGO_PKG_VERSION"));
        let reach = if allow_private { address::Reach::Everything } else { address::Reach::Public };
        Self { client: OnceCell::new(), user_agent, reach }
    }

    /// Fetches a feed, if it is not as `known`.
    pub async fn fetch(&self, url: &str, known: &Validators) -> Result<Answer, Error> {
        let (found, moved_to) = timeout(IN_ALL, self.follow(url, known)).await.map_err(|_| Error::Timeout)??;
        let Found { url, headers, kind, body } = found;
        let fresh_for = max_age(&headers);
        let Some(body) = body else {
            let (old, new) = (known.clone(), validators(&headers));
            let validators =
                Validators { etag: new.etag.or(old.etag), last_modified: new.last_modified.or(old.last_modified) };
            return Ok(Answer { content: None, validators, fresh_for, moved_to });
        };
        // A feed that was made to be read slowly, or to make the reader fail, harms only this.
        let reading = tokio::task::spawn_blocking(move || parse::parse(&body, &url, &kind));
        let content = match timeout(READING, reading).await {
            Ok(Ok(content)) => content?,
            Ok(Err(_)) => return Err(Error::Unreadable("it is malformed".to_owned())),
            Err(_) => return Err(Error::Unreadable("reading it takes too long".to_owned())),
        };
        let fresh_for = fresh_for.max(content.fresh_for);
        Ok(Answer { content: Some(content), validators: validators(&headers), fresh_for, moved_to })
    }

    /// Requests an address and those that it is passed on to; also says where it leads for good.
    async fn follow(&self, url: &str, known: &Validators) -> Result<(Found, Option<String>), Error> {
        let mut url = Url::parse(url).map_err(|_| Error::Address(url.to_owned()))?;
        let mut for_good = true;
        for hop in 0..=REDIRECTS {
            let response = self.request(&url, known).await?;
            let status = response.status();
            if let Some(next) = redirect(&response, &url) {
                for_good &= matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
                url = next?;
                continue;
            }
            let moved_to = (hop > 0 && for_good).then(|| url.to_string());
            return Ok((read(response, url).await?, moved_to));
        }
        Err(Error::Redirects)
    }

    async fn request(&self, url: &Url, known: &Validators) -> Result<Response, Error> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Address(url.to_string()));
        }
        // Names are checked when they are resolved; addresses never are.
        if let Some(literal) = address::literal(url)
            && !self.reach.allows(literal)
        {
            return Err(Error::Private(literal.to_string()));
        }
        let mut request = self.client().await?.get(url.clone()).header(header::ACCEPT, ACCEPT);
        if let Some(etag) = &known.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &known.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, last_modified);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        request.send().await.map_err(|error| match address::refused(&error) {
            Some(private) => Error::Private(private),
            None if error.is_timeout() => Error::Timeout,
            None => Error::Unreachable(host),
        })
    }

    async fn client(&self) -> Result<&Client, Error> {
        let build = || async {
            Client::builder()
                .user_agent(&self.user_agent)
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would resolve names by itself, where nobody checks them.
                .no_proxy()
                .referer(false)
                .gzip(true)
                .connect_timeout(Duration::from_secs(10))
                .pool_max_idle_per_host(0)
                .dns_resolver(std::sync::Arc::new(address::Resolver(self.reach)))
                .build()
        };
        self.client.get_or_try_init(build).await.map_err(|error| {
            tracing::error!(%error, "Feeds cannot be fetched: {error}");
            Error::Unreachable("of the feed".to_owned())
        })
    }
}

/// An answer that is there in full.
struct Found {
    url: Url,
    headers: HeaderMap,
    kind: String,
    /// `None` when it is as it was.
    body: Option<Vec<u8>>,
}

/// Where an answer passes a request on to, if it does.
fn redirect(response: &Response, from: &Url) -> Option<Result<Url, Error>> {
    let status = response.status();
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().unwrap_or_default();
    let mut next = from.join(location).map_err(|_| Error::Status(status.as_u16()));
    if let Ok(next) = &mut next {
        next.set_fragment(None);
    }
    Some(next)
}

async fn read(mut response: Response, url: Url) -> Result<Found, Error> {
    let (status, headers) = (response.status(), response.headers().clone());
    let kind = text_header(&headers, header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    match status {
        StatusCode::NOT_MODIFIED => return Ok(Found { url, headers, kind, body: None }),
        StatusCode::GONE => return Err(Error::Gone),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            return Err(Error::Busy { status: status.as_u16(), retry_after: retry_after(&headers) });
        }
        status if !status.is_success() => return Err(Error::Status(status.as_u16())),
        _ => {}
    }
    if !may_be_a_feed(&kind) {
        let shown: String =
            kind.chars().filter(|c| c.is_ascii_alphanumeric() || "/+-.".contains(*c)).take(60).collect();
        return Err(Error::Kind(shown));
    }
    if response.content_length().is_some_and(|length| length > MOST_BYTES as u64) {
        return Err(Error::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Error::Cut)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Error::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Found { url, headers, kind, body: Some(body) })
}

/// Whether a kind of content may hold a feed; servers often do not say, or say that it is a text.
fn may_be_a_feed(kind: &str) -> bool {
    let (class, name) = kind.split_once('/').unwrap_or(("", kind));
    kind.is_empty()
        || class == "text"
        || ["xml", "json"].iter().any(|form| name == *form || name.ends_with(&format!("+{form}")))
}

fn text_header(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= 1_000).then(|| value.to_owned())
}

fn validators(headers: &HeaderMap) -> Validators {
    Validators { etag: text_header(headers, header::ETAG), last_modified: text_header(headers, header::LAST_MODIFIED) }
}

/// `Cache-Control: max-age`, bounded so that it can be counted with.
fn max_age(headers: &HeaderMap) -> TimeDelta {
    let control = text_header(headers, header::CACHE_CONTROL).unwrap_or_default().to_ascii_lowercase();
    let seconds = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u32>().ok());
    TimeDelta::seconds(seconds.unwrap_or(0).into())
}

/// `Retry-After`: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<TimeDelta> {
    let value = text_header(headers, header::RETRY_AFTER)?;
    match value.parse::<u32>() {
        Ok(seconds) => Some(TimeDelta::seconds(seconds.into())),
        Err(_) => Some(DateTime::parse_from_rfc2822(&value).ok()?.to_utc() - Utc::now()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[tokio::test]
    async fn a_redirect_leads_to_nothing_private() {
        let reach = address::Reach::PublicAnd(IpAddr::from(Ipv4Addr::LOCALHOST));
        let fetcher = Fetcher { client: OnceCell::new(), user_agent: "test".to_owned(), reach };
        for target in ["http://127.0.0.2/", "http://[::1]/", "http://10.0.0.1/x", "//169.254.169.254/latest/meta-data"]
        {
            let server = MockServer::start().await;
            let answer = ResponseTemplate::new(302).insert_header("location", target);
            Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
            let refused = fetcher.fetch(&server.uri(), &Validators::default()).await;
            assert!(matches!(refused, Err(Error::Private(_))), "{target}: {refused:?}");
        }
    }

    #[test]
    fn texts_of_any_kind_may_be_feeds_and_pictures_are_none() {
        for kind in [
            "",
            "text/plain",
            "text/html",
            "application/xml",
            "application/rss+xml",
            "application/feed+json",
            "application/json",
        ] {
            assert!(may_be_a_feed(kind), "{kind}");
        }
        for kind in ["image/png", "application/octet-stream", "application/pdf", "video/mp4", "xmlish"] {
            assert!(!may_be_a_feed(kind), "{kind}");
        }
    }

    #[test]
    fn waits_are_read_as_seconds_and_as_dates() {
        let with = |name, value: &str| HeaderMap::from_iter([(name, value.parse().unwrap())]);
        assert_eq!(retry_after(&with(header::RETRY_AFTER, "120")), Some(TimeDelta::seconds(120)));
        let past = retry_after(&with(header::RETRY_AFTER, "Wed, 21 Oct 2015 07:28:00 GMT")).unwrap();
        assert!(past < TimeDelta::zero());
        assert_eq!(retry_after(&with(header::RETRY_AFTER, "soon")), None);
        assert_eq!(max_age(&with(header::CACHE_CONTROL, "public, Max-Age=600, immutable")), TimeDelta::seconds(600));
        assert_eq!(max_age(&with(header::CACHE_CONTROL, "no-store")), TimeDelta::zero());
    }
}
