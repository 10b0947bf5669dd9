//! `views.*`, and what an app may answer to a submission.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::posted::{View, identified};
use super::state::{Answer, Data, Refusal, list, some_text, text};

/// How long a trigger opens a view.
const TRIGGER_LIFE: Duration = Duration::from_secs(3);

impl Data {
    pub(super) fn open_view(&mut self, team: &str, args: &Value, called: Instant) -> Answer {
        self.check_view("views.open", &args["view"], "modal")?;
        let (user, _) = self.take_trigger(args, called)?;
        for view in &mut self.views {
            view.open &= view.opened_by != user;
        }
        let view = self.add_view(&args["view"], &user, None);
        Ok(json!({"view": view.wire(team, json!({}))}))
    }

    pub(super) fn push_view(&mut self, team: &str, args: &Value, called: Instant) -> Answer {
        self.check_view("views.push", &args["view"], "modal")?;
        let (user, from) = self.take_trigger(args, called)?;
        let Some(below) = from else {
            self.violation("views.push: the trigger is not from a modal".to_owned());
            return Err("invalid_trigger_id".into());
        };
        let view = self.push(&args["view"], &user, &below)?;
        Ok(json!({"view": view.wire(team, json!({}))}))
    }

    pub(super) fn update_view(&mut self, team: &str, args: &Value) -> Answer {
        self.check_view("views.update", &args["view"], "modal")?;
        let external = some_text(args, "external_id");
        let wanted = |view: &&View| match &external {
            Some(id) => view.raw["external_id"] == *id,
            None => view.id == text(args, "view_id"),
        };
        let view = self.views.iter().rev().find(wanted).filter(|view| view.open).cloned();
        let view = view.ok_or("not_found")?;
        if some_text(args, "hash").is_some_and(|hash| hash != view.hash) {
            return Err("hash_conflict".into());
        }
        let view = self.replace_view(&view.id, &args["view"]);
        Ok(json!({"view": view.wire(team, json!({}))}))
    }

    pub(super) fn publish_view(&mut self, team: &str, args: &Value) -> Answer {
        self.check_view("views.publish", &args["view"], "home")?;
        let user = text(args, "user_id").to_owned();
        if !self.users.contains_key(&user) {
            return Err("user_not_found".into());
        }
        let before = self.homes.get(&user);
        if some_text(args, "hash").is_some_and(|hash| before.is_none_or(|home| home.hash != hash)) {
            return Err("hash_conflict".into());
        }
        let (id, updates) = before.map_or((None, 0), |home| (Some(home.id.clone()), home.updates + 1));
        let fresh = self.build_view(&args["view"], &user, None);
        let id = id.unwrap_or(fresh.id);
        let home = View { root: id.clone(), id, updates, ..fresh };
        self.homes.insert(user, home.clone());
        Ok(json!({"view": home.wire(team, json!({}))}))
    }

    /// Does what the app answered to a submission; none means that the view closes.
    pub(super) fn after_submission(&mut self, view_id: &str, answer: Option<&Value>) {
        let Some(view) = self.views.iter().find(|view| view.id == view_id).cloned() else { return };
        let action = answer.map_or("", |answer| text(answer, "response_action"));
        let body = answer.map_or(&Value::Null, |answer| &answer["view"]);
        match action {
            "" => self.close_view(view_id),
            "clear" => self.views.iter_mut().for_each(|other| other.open &= other.root != view.root),
            "errors" => self.check_errors(&view, &answer.unwrap()["errors"]),
            "update" | "push" => {
                self.check_mentions("view_submission", body);
                if self.check_view("view_submission", body, "modal").is_err() {
                    return;
                }
                if action == "update" {
                    self.replace_view(view_id, body);
                } else if self.push(body, &view.opened_by, view_id).is_err() {
                    self.violation("view_submission: more than three views".to_owned());
                }
            }
            other => self.violation(format!("view_submission: response_action {other:?}")),
        }
    }

    pub(super) fn close_view(&mut self, id: &str) {
        self.views.iter_mut().filter(|view| view.id == id).for_each(|view| view.open = false);
    }

    /// An error that belongs to no input is not shown, and the person is stuck.
    fn check_errors(&mut self, view: &View, errors: &Value) {
        let Some(errors) = errors.as_object().filter(|errors| !errors.is_empty()) else {
            self.violation("view_submission: errors without any".to_owned());
            return;
        };
        for (block_id, error) in errors {
            let input = view.blocks.iter().find(|block| block["block_id"] == *block_id && block["type"] == "input");
            if input.is_none() || error.as_str().is_none_or(str::is_empty) {
                self.violation(format!("view_submission: error {error} for {block_id:?}, which is no input"));
            }
        }
    }

    fn take_trigger(&mut self, args: &Value, called: Instant) -> Result<(String, Option<String>), Refusal> {
        let Some(trigger) = self.triggers.get_mut(text(args, "trigger_id")) else {
            return Err("invalid_trigger_id".into());
        };
        if called - trigger.issued > TRIGGER_LIFE {
            return Err("expired_trigger_id".into());
        }
        if std::mem::replace(&mut trigger.used, true) {
            return Err("exchanged_trigger_id".into());
        }
        Ok((trigger.user.clone(), trigger.view.clone()))
    }

    fn push(&mut self, body: &Value, user: &str, below: &str) -> Result<View, Refusal> {
        let root = self.views.iter().find(|view| view.id == below).map(|view| view.root.clone()).ok_or("not_found")?;
        if self.views.iter().filter(|view| view.open && view.root == root).count() >= 3 {
            return Err("push_limit_reached".into());
        }
        Ok(self.add_view(body, user, Some((below, &root))))
    }

    fn add_view(&mut self, body: &Value, user: &str, below: Option<(&str, &str)>) -> View {
        let view = self.build_view(body, user, below);
        self.views.push(view.clone());
        view
    }

    fn replace_view(&mut self, id: &str, body: &Value) -> View {
        let fresh = self.build_view(body, "", None);
        let view = self.views.iter_mut().find(|view| view.id == id).unwrap();
        let (opened_by, previous, root) = (view.opened_by.clone(), view.previous.clone(), view.root.clone());
        *view = View { id: id.to_owned(), opened_by, previous, root, updates: view.updates + 1, ..fresh };
        view.clone()
    }

    fn build_view(&mut self, body: &Value, user: &str, below: Option<(&str, &str)>) -> View {
        let id = format!("V0{}", self.serial());
        View {
            hash: format!("{}.hash", self.serial()),
            callback_id: text(body, "callback_id").to_owned(),
            private_metadata: text(body, "private_metadata").to_owned(),
            blocks: identified(list(body, "blocks")),
            raw: body.clone(),
            opened_by: user.to_owned(),
            open: true,
            previous: below.map(|(below, _)| below.to_owned()),
            root: below.map_or(id.clone(), |(_, root)| root.to_owned()),
            updates: 0,
            id,
        }
    }
}
