//! Signing in through an OpenID Connect provider: the authorization code flow with PKCE (OpenID Connect Core 1.0).
//!
//! What a sign-in needs when the browser comes back is sealed into a cookie of that browser, so that any copy of the
//! service can finish it. What a provider says counts only once its signature, its audience, its time and our nonce in it
//! were checked. People see a sentence; why it failed is logged, without names.

mod http;
mod seal;
mod settings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdToken, CoreProviderMetadata,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse,
    SubjectIdentifier, TokenResponse as _,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use self::http::{Failed, Http};
use self::seal::{Purpose, Seal};
pub use self::settings::Settings;
use crate::domain::account::{Introduced, OpenIdUser};
use crate::domain::{AccountId, Invalid};

/// How long a sign-in may take, and a wish to join counts, in seconds.
pub const LIFE: i64 = 600;

/// How long what a provider says of itself is kept.
const KNOWN_FOR: Duration = Duration::from_secs(3600);

/// The longest path that is gone on to.
const PATH_BYTES: usize = 1_000;

/// Why nobody was signed in, as a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The provider does not answer, or not as it should: try again.
    #[error("{0} cannot be reached at the moment, so you are not signed in. Try again shortly, or use another way.")]
    Unavailable(String),
    /// The browser did not begin this, or long ago.
    #[error("This sign-in was not begun in this browser, or took too long. Begin it again.")]
    NotBegun,
    /// The person or the provider refused.
    #[error("{0} did not sign you in: you or it said no. Begin again if that was a mistake.")]
    Refused(String),
    /// What the provider said cannot be believed.
    #[error(
        "The answer of {0} did not pass our checks, so you are not signed in. Begin again; if it stays so, tell the operator."
    )]
    Unbelievable(String),
    /// The mail address is of none of the domains that may come in, or the provider does not vouch for it.
    #[error(
        "Your account at {0} has no confirmed mail address of a domain that may come in here. Use another account, or ask the operator."
    )]
    NotAllowed(String),
}

/// A sign-in that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub address: String,
    /// What the browser keeps until it is back.
    pub cookie: String,
}

/// What the browser brings back, as the provider put it into the address.
#[derive(Debug, Default, Deserialize)]
pub struct Brought {
    /// What we sent along.
    #[serde(default)]
    pub state: String,
    /// What the provider gives an identity for.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// Which provider it is (RFC 9207).
    pub iss: Option<String>,
}

/// A sign-in that went well.
#[derive(Debug)]
pub struct Finished {
    /// Who it is.
    pub introduced: Introduced,
    /// The account that they wish to be reached as.
    pub join: Option<AccountId>,
    /// The page to go to.
    pub next: String,
}

/// What is sealed while a person is at the provider.
#[derive(Serialize, Deserialize)]
struct Pending {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    join: Option<AccountId>,
    begun: i64,
}

/// A wish to join, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Wish {
    account: AccountId,
    made: i64,
}

/// A client that knows where to send people and where to ask.
type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// A provider.
pub struct OpenId {
    settings: Settings,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    http: Http,
    seal: Seal,
    known: Mutex<Option<(Arc<CoreProviderMetadata>, Instant)>>,
}

impl OpenId {
    /// The provider of the settings; `None` when they name none. Nothing is connected yet.
    pub fn new(settings: &Settings, public_url: &str) -> Result<Option<Self>, Invalid> {
        settings.check()?;
        if settings.issuer.is_empty() {
            return Ok(None);
        }
        let wrong = |field, reason: &str| Invalid::new(field, reason);
        let http = Http::new(&settings.provider()?)?;
        let issuer =
            IssuerUrl::new(settings.issuer.clone()).map_err(|_| wrong("openid.issuer", "must be an address"))?;
        let redirect = RedirectUrl::new(format!("{public_url}/sign-in/openid/callback"))
            .map_err(|_| wrong("http.public_url", "must be an address for people to come back to"))?;
        let seal = Seal::new(&settings.client_secret).ok_or_else(|| wrong("openid.client_secret", "cannot be used"))?;
        Ok(Some(Self { settings: settings.clone(), issuer, redirect, http, seal, known: Mutex::default() }))
    }

    /// What the provider is called for people.
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// A wish of an account to be reached through the provider, for a link on a page of its own.
    pub fn wish(&self, account: AccountId) -> Option<String> {
        self.seal.close(Purpose::Join, &Wish { account, made: now() })
    }

    /// Whether an account made the wish, not long ago.
    pub fn wished(&self, wish: &str, account: AccountId) -> bool {
        let wish: Option<Wish> = self.seal.open(Purpose::Join, wish);
        wish.is_some_and(|wish| wish.account == account && in_time(wish.made, now()))
    }

    /// Begins a sign-in that goes on to a page of ours, perhaps one that joins an account.
    pub async fn begin(&self, next: &str, join: Option<AccountId>) -> Result<Begun, Error> {
        let client = self.client(&*self.provider(KNOWN_FOR).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).add_scopes(scopes);
        let (address, state, nonce) = request.set_pkce_challenge(challenge).url();
        let pending = Pending {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            next: if next.len() > PATH_BYTES { "/".to_owned() } else { next.to_owned() },
            join,
            begun: now(),
        };
        let cookie =
            self.seal.close(Purpose::SignIn, &pending).ok_or_else(|| self.unbelievable("it was not sealed"))?;
        Ok(Begun { address: address.into(), cookie })
    }

    /// Finishes a sign-in: with the cookie that the browser kept, and what it brought back.
    pub async fn finish(&self, cookie: &str, brought: Brought) -> Result<Finished, Error> {
        let pending: Pending = self.seal.open(Purpose::SignIn, cookie).ok_or(Error::NotBegun)?;
        let same =
            aws_lc_rs::constant_time::verify_slices_are_equal(pending.state.as_bytes(), brought.state.as_bytes());
        if same.is_err() || !in_time(pending.begun, now()) {
            return Err(Error::NotBegun);
        }
        if brought.iss.is_some_and(|iss| iss != self.settings.issuer) {
            return Err(self.unbelievable("another provider answered"));
        }
        let (None, Some(code)) = (&brought.error, brought.code) else {
            return Err(Error::Refused(self.settings.label.clone()));
        };
        let introduced = self.introduced(code, pending.verifier, &Nonce::new(pending.nonce)).await?;
        Ok(Finished { introduced, join: pending.join, next: pending.next })
    }

    /// Who the provider says it is, checked.
    async fn introduced(&self, code: String, verifier: String, nonce: &Nonce) -> Result<Introduced, Error> {
        let client = self.client(&*self.provider(KNOWN_FOR).await?);
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|_| self.unbelievable("it names no token endpoint"))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let token = request.request_async(&self.http).await.map_err(|error| self.not_exchanged(&error))?;
        let id_token = token.id_token().ok_or_else(|| self.unbelievable("it sent no identity"))?;
        let mut said = match self.said(&client, id_token, nonce) {
            // Providers change their keys.
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let client = self.client(&*self.provider(Duration::ZERO).await?);
                self.said(&client, id_token, nonce)
            }
            said => said,
        }
        .map_err(|error| self.unbelievable(&error.to_string()))?;
        if said.email.is_none() {
            self.ask_further(&client, token.access_token().clone(), &mut said).await;
        }
        self.allow(&said)?;
        Ok(said.introduced())
    }

    /// What a token says, if it can be believed.
    fn said(&self, client: &Client, token: &CoreIdToken, nonce: &Nonce) -> Result<Said, ClaimsVerificationError> {
        let verifier = client.id_token_verifier();
        let claims = token.claims(&verifier, nonce)?;
        Ok(Said {
            user: OpenIdUser { issuer: self.settings.issuer.clone(), subject: claims.subject().to_string() },
            username: claims.preferred_username().map(|name| name.to_string()),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
            email: claims.email().map(|email| email.to_string()),
            verified: claims.email_verified() == Some(true),
        })
    }

    /// Asks the provider for what its token left out, where it offers that. Some put only the subject into the token.
    async fn ask_further(&self, client: &Client, token: AccessToken, said: &mut Said) {
        let subject = SubjectIdentifier::new(said.user.subject.clone());
        let Ok(request) = client.user_info(token, Some(subject)) else { return };
        let claims: CoreUserInfoClaims = match request.request_async(&self.http).await {
            Ok(claims) => claims,
            Err(error) => {
                let error = &error as &(dyn std::error::Error + 'static);
                tracing::warn!(error, "The OpenID Connect provider says no more than its token");
                return;
            }
        };
        said.email = claims.email().map(|email| email.to_string());
        said.verified = claims.email_verified() == Some(true);
        said.username = said.username.take().or_else(|| claims.preferred_username().map(|name| name.to_string()));
        let name = || claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        said.name = said.name.take().or_else(name);
    }

    /// Refuses whom the settings do not let in.
    fn allow(&self, said: &Said) -> Result<(), Error> {
        let allowed = &self.settings.allowed_domains;
        let email = said.email.as_deref().filter(|_| said.verified).unwrap_or_default();
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        let fits = |domain: &str| allowed.iter().any(|one| one.eq_ignore_ascii_case(domain));
        match allowed.is_empty() || domain.is_some_and(fits) {
            true => Ok(()),
            false => Err(Error::NotAllowed(self.settings.label.clone())),
        }
    }

    /// What the provider says of itself, not older than this.
    async fn provider(&self, fresh: Duration) -> Result<Arc<CoreProviderMetadata>, Error> {
        let mut known = self.known.lock().await;
        if let Some((metadata, since)) = &*known
            && since.elapsed() < fresh
        {
            return Ok(metadata.clone());
        }
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Some((metadata.clone(), Instant::now()));
                Ok(metadata)
            }
            Err(error) => {
                let error = &error as &(dyn std::error::Error + 'static);
                tracing::warn!(error, "The OpenID Connect provider does not say how to sign in there");
                Err(Error::Unavailable(self.settings.label.clone()))
            }
        }
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        let secret = ClientSecret::new(self.settings.client_secret.expose_secret().to_owned());
        let id = ClientId::new(self.settings.client_id.clone());
        let methods = metadata.token_endpoint_auth_methods_supported().cloned().unwrap_or_default();
        let in_body = methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic);
        let client = CoreClient::from_provider_metadata(metadata.clone(), id, Some(secret));
        let client = client.set_redirect_uri(self.redirect.clone());
        client.set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    fn not_exchanged(&self, error: &RequestTokenError<Failed, Refusal>) -> Error {
        match error {
            RequestTokenError::Request(failed) => {
                let error = failed as &(dyn std::error::Error + 'static);
                tracing::warn!(error, "The OpenID Connect provider did not exchange a code");
                Error::Unavailable(self.settings.label.clone())
            }
            RequestTokenError::ServerResponse(refusal) => {
                self.unbelievable(&format!("it refused the code: {}", refusal.error().as_ref()))
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => self.unbelievable("its tokens are malformed"),
        }
    }

    fn unbelievable(&self, why: &str) -> Error {
        tracing::warn!(why, "The OpenID Connect provider's answer was refused");
        Error::Unbelievable(self.settings.label.clone())
    }
}

/// How a provider refuses to exchange a code.
type Refusal = StandardErrorResponse<CoreErrorResponseType>;

/// What a provider says of somebody.
struct Said {
    user: OpenIdUser,
    username: Option<String>,
    name: Option<String>,
    email: Option<String>,
    verified: bool,
}

impl Said {
    fn introduced(self) -> Introduced {
        let Self { user, username, name, email, .. } = self;
        let local = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
        let short = username.as_deref().or(email.as_deref()).map(local).filter(|short| !short.is_empty());
        let label = email.or(username).or_else(|| name.clone()).unwrap_or_default();
        Introduced { user, name: short.or(name).unwrap_or_default(), label }
    }
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

fn in_time(begun: i64, now: i64) -> bool {
    (0..=LIFE).contains(&(now - begun))
}
