//! Slack on this machine: the Web API, Socket Mode and signed requests, scripted by the test, everything recorded.
//!
//! ```text
//! let slack = Slack::start().await;           // give the service slack.api_url(), APP_TOKEN and BOT_TOKEN
//! slack.connected(1).await;
//! slack.command(ALICE, "C0GENERAL", "help").await;
//! let ts = slack.message(ALICE, "C0GENERAL", None, "<@U0BOT> hello").await;
//! slack.until("an answer", |slack| slack.thread("C0GENERAL", &ts).len() > 1).await;
//! slack.assert_clean();
//! ```
//!
//! A new API method is a line in `api.rs`; a new event is a function in `events.rs`.

mod api;
mod chat;
mod check;
pub mod delivery;
mod events;
mod fault;
mod files;
pub mod interactions;
pub mod posted;
mod record;
mod server;
mod socket;
pub mod state;
pub mod transport;
mod views;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get, post};
use serde_json::Value;

pub use fault::Fault;
pub use posted::Posted;
pub use state::User;

use super::wires;
use state::{Data, Token, Transport};

/// The workspace that everything happens in unless [`Slack::of_team`] says otherwise.
pub const TEAM: &str = "T0TEAM";
/// The app's own user.
pub const BOT_USER: &str = "U0BOT";
/// The app's bot, which is not its user.
pub const BOT: &str = "B0BOT";
/// The app.
pub const APP: &str = "A0APP";
/// The bot token of [`TEAM`].
pub const BOT_TOKEN: &str = "xoxb-test";
/// The token that opens sockets.
pub const APP_TOKEN: &str = "xapp-test";
/// Signs every delivery over HTTP.
pub const SIGNING_SECRET: &str = "signing-secret";
/// For the OAuth exchange.
pub const CLIENT_ID: &str = "111.222";
/// For the OAuth exchange.
pub const CLIENT_SECRET: &str = "client-secret";
/// Where the bot is a member.
pub const GENERAL: &str = "C0GENERAL";
/// Where it is not.
pub const OTHER: &str = "C0OTHER";
/// A person, with the direct messages `D0ALICE`.
pub const ALICE: User = User { id: "U0ALICE", name: "alice" };
/// Another one, with `D0BOB`.
pub const BOB: User = User { id: "U0BOB", name: "bob" };

/// The running emulator. Clones are handles to the same one; it ends with the test's runtime.
#[derive(Clone)]
pub struct Slack {
    shared: Arc<Shared>,
    team: String,
}

struct Shared {
    address: SocketAddr,
    data: Mutex<Data>,
    client: OnceLock<reqwest::Client>,
}

impl Slack {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { address, data: Mutex::new(Data::new(address)), client: OnceLock::new() };
        let slack = Self { shared: Arc::new(shared), team: TEAM.to_owned() };
        let app = Router::new()
            .route("/api/{method}", any(server::method))
            .route("/upload/{id}", post(server::upload))
            .route("/response/{id}", post(server::response_url))
            .route("/link/", get(socket::link))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(slack.clone())
            .into_make_service_with_connect_info::<wires::Wire>();
        let listener = wires::Wires { listener, address };
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        slack
    }

    /// Where the Web API is.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.shared.address)
    }

    /// A handle whose deliveries and channels belong to another workspace.
    pub fn of_team(&self, team: &str) -> Self {
        Self { shared: self.shared.clone(), team: team.to_owned() }
    }

    /// Adds a channel, or lets the bot into or out of one.
    pub fn channel(&self, id: &str, members_bot: bool) {
        self.data().add_channel(&self.team, id, members_bot);
    }

    /// Makes a person known to `users.info`; whoever does something is known anyway.
    pub fn user(&self, user: User) {
        self.data().users.insert(user.id.to_owned(), user.name.to_owned());
    }

    /// Makes a bot token valid.
    pub fn add_token(&self, token: &str, team: &str) {
        self.data().tokens.insert(token.to_owned(), Token { team: team.to_owned(), revoked: false });
    }

    /// Answers `token_revoked` to this token from now on.
    pub fn revoke(&self, token: &str) {
        self.data().tokens.get_mut(token).expect("the token was added").revoked = true;
    }

    /// Answers `oauth.v2.access` for this code with this.
    pub fn oauth(&self, code: &str, response: Value) {
        self.data().oauth.insert(code.to_owned(), response);
    }

    /// Makes `chat.startStream` answer `channel_type_not_supported`.
    pub fn refuse_streams(&self) {
        self.data().refuse_streams = true;
    }

    /// What people type before the text of [`Slack::command`]; `/workshop` at first.
    pub fn command_word(&self, word: &str) {
        self.data().command_word = word.to_owned();
    }

    /// How long a delivery waits for its ack; three seconds at first, as with Slack.
    pub fn ack_within(&self, limit: Duration) {
        self.data().ack_limit = limit;
    }

    /// Delivers signed requests to this server instead of frames to the sockets.
    pub fn deliver_over_http(&self, base: &str) {
        self.data().transport = Transport::Http(base.trim_end_matches('/').to_owned());
    }

    /// Ends [`Slack::deliver_over_http`].
    pub fn deliver_over_sockets(&self) {
        self.data().transport = Transport::Sockets;
    }

    /// Queues a fault for the next call of a method, `"*"` for any, `"upload"` and `"response_url"` for those.
    pub fn fault(&self, method: &str, fault: Fault) {
        self.fault_for(method, 1, fault);
    }

    /// Queues a fault for so many calls.
    pub fn fault_for(&self, method: &str, times: usize, fault: Fault) {
        self.data().faults.queue(method, times, fault);
    }

    /// Forgets the faults that are still queued.
    pub fn clear_faults(&self) {
        self.data().faults.clear();
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        // A failed assertion of the test says more than the poison that it leaves.
        self.shared.data.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
