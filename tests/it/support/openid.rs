//! An OpenID Connect provider: discovery, keys, tokens and what it says of people, as the standard has them.
//!
//! A test plays the person at it: [`Provider::consents`] is what happens between the two redirects of a sign-in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What a service is known by at the provider.
pub const CLIENT: (&str, &str) = ("workshop", "a secret of the client");

/// What the provider says of somebody, and how it lies where it does.
#[derive(Debug, Clone)]
pub struct Says {
    /// Who it is.
    pub subject: String,
    /// Claims beside those that every token has.
    pub claims: Value,
    /// Another nonce than the one sent along.
    pub nonce: Option<String>,
    /// Seconds until the token expires.
    pub expires_in: i64,
    /// Whom the token is for.
    pub audience: String,
    /// Signs with a key that is not among the published ones.
    pub forged: bool,
    /// Claims that only the user info endpoint tells.
    pub further: Option<Value>,
}

impl Says {
    /// The truth about somebody.
    pub fn of(subject: &str, claims: Value) -> Self {
        Self {
            subject: subject.to_owned(),
            claims,
            nonce: None,
            expires_in: 300,
            audience: CLIENT.0.to_owned(),
            forged: false,
            further: None,
        }
    }
}

struct Code {
    says: Says,
    nonce: String,
    challenge: String,
    redirect: String,
}

#[derive(Default)]
struct Memory {
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Says>,
    /// How often the keys were changed.
    generation: u8,
    down: bool,
    made: u32,
    discovered: u32,
}

/// A provider on loopback.
#[derive(Clone)]
pub struct Provider {
    issuer: String,
    memory: Arc<Mutex<Memory>>,
}

impl Provider {
    /// Starts a provider.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { issuer, memory: Arc::default() };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(user_info))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        provider
    }

    /// The settings with which a service uses it, without `WORKSHOP_`.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("OPENID__ISSUER", self.issuer.clone()),
            ("OPENID__CLIENT_ID", CLIENT.0.to_owned()),
            ("OPENID__CLIENT_SECRET", CLIENT.1.to_owned()),
            ("OPENID__LABEL", "Example ID".to_owned()),
        ]
    }

    /// Its own name for itself.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Answers nothing but errors from now on, or no more.
    pub fn is_down(&self, down: bool) {
        self.memory.lock().unwrap().down = down;
    }

    /// Signs with a new key from now on, and publishes that alone.
    pub fn changes_keys(&self) {
        self.memory.lock().unwrap().generation += 1;
    }

    /// How often it was asked what it is.
    pub fn discovered(&self) -> u32 {
        self.memory.lock().unwrap().discovered
    }

    /// Somebody whom the service sent here agrees; where the browser is sent back to, without the host.
    pub fn consents(&self, address: &str, says: Says) -> String {
        let query: HashMap<String, String> = url::Url::parse(address).unwrap().query_pairs().into_owned().collect();
        assert!(address.starts_with(&format!("{}/authorize?", self.issuer)), "{address}");
        assert_eq!((&*query["response_type"], &*query["client_id"]), ("code", CLIENT.0));
        assert_eq!(query["scope"], "openid profile email");
        assert_eq!(query["code_challenge_method"], "S256");
        let mut memory = self.memory.lock().unwrap();
        memory.made += 1;
        let code = format!("code-{}", memory.made);
        let (nonce, challenge) = (query["nonce"].clone(), query["code_challenge"].clone());
        let redirect = query["redirect_uri"].clone();
        let path = url::Url::parse(&redirect).unwrap().path().to_owned();
        memory.codes.insert(code.clone(), Code { says, nonce, challenge, redirect });
        format!("{path}?code={code}&state={}", query["state"])
    }
}

fn key(generation: u8) -> SigningKey {
    SigningKey::from_bytes(&[generation + 1; 32])
}

fn key_name(generation: u8) -> String {
    format!("key-{generation}")
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

fn fault() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response()
}

async fn discovery(State(provider): State<Provider>) -> Response {
    let mut memory = provider.memory.lock().unwrap();
    memory.discovered += 1;
    if memory.down {
        return fault();
    }
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
    .into_response()
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let generation = provider.memory.lock().unwrap().generation;
    let x = base64url(key(generation).verifying_key().as_bytes());
    let one = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": key_name(generation), "x": x });
    Json(json!({ "keys": [one] }))
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut memory = provider.memory.lock().unwrap();
    if memory.down {
        return fault();
    }
    let refuse = || (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    assert_eq!(
        headers[header::AUTHORIZATION],
        "Basic d29ya3Nob3A6YStzZWNyZXQrb2YrdGhlK2NsaWVudA==",
        "CLIENT, as RFC 6749"
    );
    assert_eq!(form["grant_type"], "authorization_code");
    let Some(code) = memory.codes.remove(&form["code"]) else { return refuse() };
    assert_eq!(form["redirect_uri"], code.redirect);
    if base64url(&Sha256::digest(form["code_verifier"].as_bytes())) != code.challenge {
        return refuse();
    }
    let access = format!("access-{}", form["code"]);
    memory.tokens.insert(access.clone(), code.says.clone());
    let id_token = signed(&provider.issuer, &memory, &code);
    Json(json!({ "access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token }))
        .into_response()
}

fn signed(issuer: &str, memory: &Memory, code: &Code) -> String {
    let Code { says, nonce, .. } = code;
    let now = chrono::Utc::now().timestamp();
    let mut claims = json!({
        "iss": issuer,
        "sub": says.subject,
        "aud": says.audience,
        "iat": now - 400,
        "exp": now + says.expires_in,
        "nonce": says.nonce.as_ref().unwrap_or(nonce),
    });
    claims.as_object_mut().unwrap().extend(says.claims.as_object().unwrap().clone());
    let head = json!({ "alg": "EdDSA", "typ": "JWT", "kid": key_name(memory.generation) });
    let text = format!("{}.{}", base64url(head.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let signer = if says.forged { key(200) } else { key(memory.generation) };
    format!("{text}.{}", base64url(&signer.sign(text.as_bytes()).to_bytes()))
}

async fn user_info(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let memory = provider.memory.lock().unwrap();
    let bearer = headers[header::AUTHORIZATION].to_str().unwrap().trim_start_matches("Bearer ");
    let Some(says) = memory.tokens.get(bearer) else { return StatusCode::UNAUTHORIZED.into_response() };
    let mut claims = json!({ "sub": says.subject });
    if let Some(Value::Object(further)) = &says.further {
        claims.as_object_mut().unwrap().extend(further.clone());
    }
    Json(claims).into_response()
}
