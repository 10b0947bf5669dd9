//! Discord on this machine: REST, the gateway and signed interactions, scripted by the test, everything recorded.
//!
//! ```text
//! let discord = Discord::start().await;       // give the service discord.api_url(), TOKEN, discord.public_key()
//! discord.connected(1).await;
//! discord.command(ALICE, GENERAL, "test", &[("question", json!("Where is my parcel?"))]).await;
//! let answer = discord.eventually("an answer", |discord| discord.messages(GENERAL).pop()).await;
//! discord.press(ALICE, &answer, "Edit").await;
//! discord.submit(ALICE, &discord.modal_of(ALICE).unwrap(), &[("prompt", "Be brief.")]).await;
//! discord.assert_clean();
//! ```
//!
//! Calls and faults have keys: the method and `gateway`, `users`, `applications`, `dms`, `channels`, `typing`,
//! `messages`, `threads`, `commands`, `callback`, `webhook` or `attachments`, as in `POST messages`.
//!
//! A new route is a line in `routes.rs`; something new that people do is a function in `people.rs` or `press.rs`.

mod body;
mod callbacks;
mod check;
mod check_interactive;
mod commands;
mod fault;
mod gateway;
pub mod interactions;
mod messages;
mod people;
pub mod posted;
mod press;
mod record;
mod routes;
mod server;
mod signed;
mod sockets;
pub mod state;
mod threads;
mod webhooks;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};

pub use fault::Fault;
pub use posted::Posted;
pub use state::{Permissions, User};

use super::wires;
use state::{Channel, Data};

/// The bot's token.
pub const TOKEN: &str = "MTAw.test.token";
/// The application.
pub const APPLICATION: &str = "1000";
/// The bot's own user.
pub const BOT_USER: &str = "1001";
/// The guild that is there from the beginning.
pub const GUILD: &str = "2000";
/// A text channel where the bot may do everything.
pub const GENERAL: &str = "2001";
/// A forum.
pub const FORUM: &str = "2002";
/// A text channel that the bot may not even read.
pub const OTHER: &str = "2003";
/// A person, with the direct messages `4001`.
pub const ALICE: User = User { id: "3001", name: "alice" };
/// Another one, with `4002`.
pub const BOB: User = User { id: "3002", name: "bob" };

/// The running emulator. Clones are handles to the same one; it ends with the test's runtime.
#[derive(Clone)]
pub struct Discord {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    data: Mutex<Data>,
    client: OnceLock<reqwest::Client>,
}

impl Discord {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { address, data: Mutex::new(Data::new(address)), client: OnceLock::new() };
        let discord = Self { shared: Arc::new(shared) };
        let app = Router::new()
            .route("/api/v10/{*path}", any(server::call))
            .route("/attachments/{id}/{name}", get(server::attachment))
            .route("/gateway", get(sockets::link))
            .route("/gateway/", get(sockets::link))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(discord.clone())
            .into_make_service_with_connect_info::<wires::Wire>();
        let listener = wires::Wires { listener, address };
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        discord
    }

    /// REST is below `/api/v10` of it, the gateway at `/gateway`.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// What verifies signed interactions, in hex.
    pub fn public_key(&self) -> String {
        signed::hex(signed::key(true).verifying_key().as_bytes())
    }

    /// Sends interactions as signed requests to this server instead of over the gateway.
    pub fn deliver_over_http(&self, base: &str) {
        self.data().http = Some(base.trim_end_matches('/').to_owned());
    }

    /// Ends [`Discord::deliver_over_http`].
    pub fn deliver_over_gateway(&self) {
        self.data().http = None;
    }

    /// Grants or withdraws the privileged intent; it is granted at first.
    pub fn message_content(&self, granted: bool) {
        self.data().message_content = granted;
    }

    /// What the bot may do in a channel and its threads.
    pub fn permissions(&self, channel: &str, permissions: Permissions) {
        self.data().channels.get_mut(channel).expect("the channel exists").permissions = permissions;
    }

    /// Lets a person refuse direct messages.
    pub fn dm_closed(&self, user: User) {
        self.data().closed_dms.insert(user.id.to_owned());
    }

    /// The direct messages with a person.
    pub fn dm(&self, user: User) -> String {
        self.data().dm(user.id)
    }

    /// Adds a guild, and lets the bot's sessions know.
    pub fn guild(&self, id: &str) {
        let data = &mut *self.data();
        data.guilds.push(id.to_owned());
        data.dispatch("GUILD_CREATE", &data.guild_wire(id), Some(id));
    }

    /// Adds a channel: 0 is a text channel, 15 a forum.
    pub fn channel(&self, guild: &str, id: &str, kind: u64) {
        let channel = Channel::of_guild(guild, id, &format!("channel-{id}"), kind, Permissions::ALL);
        self.data().channels.insert(id.to_owned(), channel);
    }

    /// How long an interaction waits for its first response; three seconds at first, as with Discord.
    pub fn answer_within(&self, limit: Duration) {
        self.data().limit = limit;
    }

    /// Moves the clock by which tokens and nonces age.
    pub fn advance(&self, by: Duration) {
        self.data().ahead += by;
    }

    /// Queues a fault for the next call with this key, `"*"` for any.
    pub fn fault(&self, key: &str, fault: Fault) {
        self.fault_for(key, 1, fault);
    }

    /// Queues a fault for so many calls.
    pub fn fault_for(&self, key: &str, times: usize, fault: Fault) {
        self.data().faults.queue(key, times, fault);
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
