//! What several test modules share.

#[expect(dead_code, reason = "it offers more than the pages need so far")]
pub mod browser;
pub mod database;
pub mod desk;
#[expect(dead_code, reason = "it plays more of Discord than the stories need so far")]
pub mod discord;
pub mod follower;
pub mod model_server;
pub mod openid;
pub mod program;
pub mod room;
#[expect(dead_code, reason = "it plays more of Slack than the stories need so far")]
pub mod slack;
pub mod wait;
pub mod wires;
