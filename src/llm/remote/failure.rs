//! What a failure means: every error of `genai`, of HTTP and of a provider becomes one of ours.

use std::time::Duration;

use chrono::{DateTime, Utc};
use genai::webc;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::target::Target;
use crate::llm::Error;

/// A request that failed.
#[derive(Debug)]
pub struct Failure {
    /// What the caller is told.
    pub error: Error,
    /// What asking otherwise might help against.
    pub complaint: Option<Complaint>,
}

/// What a server dislikes.
#[derive(Debug, PartialEq, Eq)]
pub enum Complaint {
    /// Something in the request; the server's words name it.
    Parameter(String),
    /// It was asked for a stream and does not stream.
    NoStream,
}

impl Failure {
    /// A failure that asking otherwise does not help against.
    pub fn of(error: Error) -> Self {
        Self { error, complaint: None }
    }

    /// A failure that asking otherwise may help against.
    pub fn because(self, complaint: Complaint) -> Self {
        Self { complaint: Some(complaint), ..self }
    }

    /// The meaning of an error of `genai`.
    ///
    /// Its own words are used only where they hold neither addresses nor what was asked and answered.
    pub fn from_genai(error: &genai::Error, target: &Target) -> Self {
        use genai::Error as E;
        match error {
            E::HttpError { status, body, headers, .. } => from_status(*status, headers, body, target),
            E::WebModelCall { webc_error, .. } | E::WebAdapterCall { webc_error, .. } => from_webc(webc_error, target),
            E::WebStream { error, .. } => from_stream(error.as_ref(), target),
            E::ChatResponse { body, .. } => Self::from_answer(body, target),
            // Half a frame is what a stream that broke off leaves behind.
            E::StreamParse { .. } => Self::of(Error::Cut),
            E::NoChatResponse { .. }
            | E::InvalidJsonResponseElement { .. }
            | E::ChatResponseGeneration { .. }
            | E::JsonValueExt(_)
            | E::SerdeJson(_) => Self::of(Error::Unavailable("it sent something that cannot be read".to_owned())),
            E::ChatReqHasNoMessages { .. } | E::LastChatMessageIsNotUser { .. } => {
                Self::of(Error::Refused("there is no message to answer".to_owned()))
            }
            E::MessageRoleNotSupported { .. }
            | E::MessageContentTypeNotSupported { .. }
            | E::JsonModeWithoutInstruction
            | E::VerbosityParsing { .. }
            | E::ReasoningParsingError { .. }
            | E::ServiceTierParsing { .. }
            | E::PromptCacheRetentionParsing { .. }
            | E::RequiresApiKey { .. }
            | E::NoAuthResolver { .. }
            | E::NoAuthData { .. }
            | E::ModelMapperFailed { .. }
            | E::Resolver { .. }
            | E::AdapterNotSupported { .. }
            | E::CacheBreakpointNoEligibleContent { .. }
            | E::AdapterKindMismatch { .. }
            | E::Internal(_)
            | E::ClientBuildFail { .. } => {
                let reason = target.quote(&error.to_string());
                Self::of(Error::Refused(format!("the request could not be put together: {reason}")))
            }
        }
    }

    /// The meaning of an error that came where text was due.
    pub fn from_answer(fault: &Value, target: &Target) -> Self {
        let inner = Some(&fault["error"]).filter(|inner| !inner.is_null()).unwrap_or(fault);
        let said = target.quote(&message(fault).unwrap_or_else(|| "it reported an error".to_owned()));
        let code = [&inner["code"], &inner["status"]].into_iter().find_map(|code| match code {
            Value::Number(code) => code.as_u64(),
            Value::String(code) => code.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        let names = ["type", "code", "status"].map(|field| inner[field].as_str().unwrap_or_default());
        let kind = names.join(" ").to_ascii_lowercase();
        let is = |words: &[&str]| words.iter().any(|word| kind.contains(word));

        let error = if is(&["insufficient_quota", "billing"]) {
            Error::Refused(said)
        } else if code == Some(429) || is(&["rate_limit", "resource_exhausted", "too_many"]) {
            Error::RateLimited { retry_after: None }
        } else if code.is_some_and(|code| (400..500).contains(&code) && code != 408)
            || is(&["invalid", "authentication", "permission", "not_found", "context_length", "content_"])
            || !fault["promptFeedback"].is_null()
        {
            Error::Refused(said)
        } else {
            Error::Unavailable(said)
        };
        Self::of(error)
    }
}

fn from_status(status: StatusCode, headers: &HeaderMap, body: &str, target: &Target) -> Failure {
    let parsed: Option<Value> = serde_json::from_str(body).ok();
    let words = match &parsed {
        Some(parsed) => message(parsed).unwrap_or_default(),
        // A page for browsers says nothing that its status does not.
        None if body.trim_start().starts_with('<') => String::new(),
        None => body.to_owned(),
    };
    let mut said = status.to_string();
    if status.is_redirection() || matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
        said.push_str(&format!(" below {}", target.address()));
    }
    let words = target.quote(&words);
    if !words.is_empty() {
        said.push_str(&format!(": {words}"));
    }
    let wait = retry_after(headers, Utc::now());
    // Out of money looks like too many requests, but no waiting helps.
    let is_broke = body.contains("insufficient_quota");
    let error = match status.as_u16() {
        429 if !is_broke => Error::RateLimited { retry_after: wait },
        // Overloaded, and it says until when.
        503 | 529 if wait.is_some() => Error::RateLimited { retry_after: wait },
        408 | 425 | 500..=599 => Error::Unavailable(said),
        _ => Error::Refused(said),
    };
    let failure = Failure::of(error);
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            failure.because(Complaint::Parameter(body.to_owned()))
        }
        _ => failure,
    }
}

fn from_webc(error: &webc::Error, target: &Target) -> Failure {
    match error {
        webc::Error::ResponseFailedStatus { status, body, headers } => from_status(*status, headers, body, target),
        webc::Error::Reqwest(error) => Failure::of(from_reqwest(error, target)),
        webc::Error::ResponseFailedNotJson { content_type, .. } => Failure::of(Error::Refused(format!(
            "{} answers with {}, not with a model's answer; is llm.base_url right?",
            target.address(),
            if content_type.is_empty() { "something unnamed".to_owned() } else { target.quote(content_type) },
        ))),
        webc::Error::ResponseFailedInvalidJson { .. } => Failure::of(Error::Cut),
        webc::Error::JsonValueExt(_) => {
            Failure::of(Error::Unavailable("it sent something that cannot be read".to_owned()))
        }
    }
}

fn from_stream(error: &(dyn std::error::Error + Send + Sync + 'static), target: &Target) -> Failure {
    if let Some(error) = error.downcast_ref::<genai::Error>() {
        Failure::from_genai(error, target)
    } else if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        Failure::of(from_reqwest(error, target))
    } else {
        // What is left is half a character at the end of the bytes.
        Failure::of(Error::Cut)
    }
}

fn from_reqwest(error: &reqwest::Error, target: &Target) -> Error {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if error.is_body() || error.is_decode() {
        Error::Cut
    } else if error.is_builder() {
        Error::Refused("the request could not be put together".to_owned())
    } else if error.is_timeout() {
        Error::Unavailable(format!("{} does not answer", target.place()))
    } else if std::error::Error::source(error).is_none() {
        // Only the outermost error holds the address as it was written, with its password.
        Error::Unavailable(target.place())
    } else {
        Error::Unavailable(format!("{}: {}", target.place(), target.quote(&cause.to_string())))
    }
}

/// The sentence in the many shapes that errors have.
fn message(body: &Value) -> Option<String> {
    const PLACES: [&str; 8] = [
        "/error/message",
        "/0/error/message",
        "/message",
        "/error",
        "/detail",
        "/detail/0/msg",
        "/promptFeedback/blockReason",
        "",
    ];
    PLACES
        .iter()
        .find_map(|place| body.pointer(place)?.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned))
}

/// How long the server wants us to wait: milliseconds, seconds, or until a date by its own clock.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |value: Option<&reqwest::header::HeaderValue>| value?.to_str().ok().map(|text| text.trim().to_owned());
    let number = |text: &str| text.parse::<f64>().ok();
    if let Some(millis) = text(headers.get("retry-after-ms")).as_deref().and_then(number) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let wait = text(headers.get(RETRY_AFTER))?;
    if let Some(seconds) = number(&wait) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let until = date(&wait)?;
    let now = text(headers.get(DATE)).as_deref().and_then(date).map_or(now, |date| date.to_utc());
    Some((until.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wait(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        retry_after(&headers, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_wait_is_read_in_every_form() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        assert_eq!(wait(&[("retry-after-ms", "250"), ("retry-after", "9")]), Some(Duration::from_millis(250)));
        assert_eq!(wait(&[("retry-after", "Thu, 01 Jan 1970 00:00:30 GMT")]), Some(Duration::from_secs(30)));
        let by_its_clock =
            [("retry-after", "Wed, 21 Oct 2015 07:28:20 GMT"), ("date", "Wed, 21 Oct 2015 07:28:00 GMT")];
        assert_eq!(wait(&by_its_clock), Some(Duration::from_secs(20)));
        assert_eq!(wait(&[("retry-after", "Wed, 31 Dec 1969 23:00:00 GMT")]), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-1", "NaN", "1e300"] {
            assert_eq!(wait(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_sentence_is_found_in_every_shape_of_error() {
        for body in [
            json!({"error": {"message": "why", "code": 1}}),
            json!([{"error": {"message": "why"}}]),
            json!({"error": "why"}),
            json!({"object": "error", "message": "why"}),
            json!({"detail": "why"}),
            json!({"detail": [{"msg": "why"}]}),
            json!("why"),
        ] {
            assert_eq!(message(&body).as_deref(), Some("why"), "{body}");
        }
        assert_eq!(message(&json!({"error": null})), None);
    }
}
