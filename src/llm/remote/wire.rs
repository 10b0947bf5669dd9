//! Watches the raw frames of a stream for what `genai` does not tell reliably: that the answer came to its end,
//! that an error came instead of text, and who wrote it.

use std::sync::{Mutex, PoisonError};

use genai::chat::{ChatFrameSink, FrameCtx, RawFrameRef};
use serde_json::Value;

/// Sits on one stream.
#[derive(Debug, Default)]
pub struct Wire(Mutex<Seen>);

/// What went by.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// The end marker came: everything that belongs to the answer was sent.
    pub ended: bool,
    /// Why the model stopped, in the provider's words.
    pub stop: Option<String>,
    /// The model as it names itself.
    pub model: Option<String>,
    /// The error that came in place of text.
    pub fault: Option<Value>,
    /// Pieces of the body with something in them that a stream consists of.
    frames: usize,
    /// Pieces of the body without.
    bare: usize,
}

impl Wire {
    /// What went by until now.
    pub fn seen(&self) -> Seen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ChatFrameSink for Wire {
    fn on_frame(&self, _: &FrameCtx, frame: RawFrameRef<'_>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if frame.event.is_none() && frame.data.is_empty() {
            seen.bare += 1;
            return;
        }
        seen.frames += 1;
        if frame.data.trim() == "[DONE]" {
            seen.ended = true;
        } else if let Some(data) = frame.json() {
            seen.read(frame.event, &data);
        } else if frame.event == Some("error") {
            seen.fault = Some(Value::String(frame.data.to_owned()));
        }
    }
}

impl Seen {
    /// Takes note of one frame, or of a whole answer, of any of the providers: their fields do not collide.
    pub fn read(&mut self, event: Option<&str>, data: &Value) {
        let text = |paths: &[&str]| {
            let found = paths.iter().find_map(|path| data.pointer(path)?.as_str().filter(|text| !text.is_empty()));
            found.map(str::to_owned)
        };
        if self.model.is_none() {
            self.model = text(&["/model", "/message/model", "/modelVersion"]);
        }
        // OpenAI and Gemini mark the end by giving the reason for it, the others in a field or frame of its own.
        if let Some(reason) = text(&["/choices/0/finish_reason", "/candidates/0/finishReason"]) {
            self.stop = Some(reason);
            self.ended = true;
        } else if let Some(reason) = text(&["/delta/stop_reason", "/done_reason", "/stop_reason"]) {
            self.stop = Some(reason);
        }
        let kind = event.or_else(|| data["type"].as_str());
        if kind == Some("message_stop") || data["done"] == true {
            self.ended = true;
        }
        let is_fault = kind == Some("error")
            || data["object"] == "error"
            || !data["error"].is_null()
            || !data["promptFeedback"]["blockReason"].is_null();
        if is_fault && self.fault.is_none() {
            self.fault = Some(data.clone());
        }
    }

    /// Whether the server answered with something that is no stream at all.
    pub fn is_no_stream(&self) -> bool {
        self.frames == 0 && self.bare > 0
    }
}

/// Whether the model stopped because something broke, in the provider's words.
pub fn is_breakdown(reason: &str) -> bool {
    ["error", "failed", "cancelled", "abort", "aborted", "insufficient_system_resource"]
        .iter()
        .any(|word| reason.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(frames: &[Value]) -> Seen {
        let mut seen = Seen::default();
        for frame in frames {
            seen.read(None, frame);
        }
        seen
    }

    #[test]
    fn text_alone_is_no_end() {
        let seen = after(&[
            json!({"model": "m", "choices": [{"delta": {"content": "a"}, "finish_reason": null}]}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
            json!({"candidates": [{"content": {"parts": [{"text": "a"}]}}]}),
            json!({"message": {"content": "a"}, "done": false}),
            json!({"choices": [], "error": null}),
        ]);
        assert!(!seen.ended && seen.fault.is_none());
        assert_eq!(seen.model.as_deref(), Some("m"));
    }

    #[test]
    fn every_provider_has_its_end_marker() {
        for frame in [
            json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
            json!({"type": "message_stop"}),
            json!({"candidates": [{"finishReason": "STOP"}], "modelVersion": "g"}),
            json!({"message": {"content": ""}, "done": true, "done_reason": "stop"}),
        ] {
            assert!(after(std::slice::from_ref(&frame)).ended, "{frame}");
        }
    }

    #[test]
    fn an_error_is_seen_in_every_shape() {
        for frame in [
            json!({"error": {"message": "overloaded"}}),
            json!({"error": "runner stopped"}),
            json!({"object": "error", "message": "m"}),
            json!({"type": "error", "error": {"type": "overloaded_error"}}),
            json!({"promptFeedback": {"blockReason": "SAFETY"}}),
        ] {
            assert!(after(std::slice::from_ref(&frame)).fault.is_some(), "{frame}");
        }
    }
}
