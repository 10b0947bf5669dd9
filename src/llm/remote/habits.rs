//! What a server dislikes about our requests, learnt from its complaints.

use super::failure::Complaint;
use super::target::Target;

/// How one model wants to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Habits {
    /// Reasoning models take no temperature but their own.
    pub no_temperature: bool,
    /// Older servers refuse fields they do not know; without it they report no usage.
    pub no_stream_options: bool,
    /// The limit is named `max_completion_tokens`, not `max_tokens`.
    pub completion_tokens: bool,
    /// The answer comes in one piece.
    pub whole: bool,
}

impl Habits {
    /// What to begin with.
    pub fn expected_of(target: &Target) -> Self {
        // OpenAI's own service takes the new name for every model, its newer models only that.
        Self { completion_tokens: target.is_openai_itself(), ..Self::default() }
    }

    /// How to ask after a complaint; `None` when asking otherwise would not help.
    pub fn adapted(self, complaint: &Complaint) -> Option<Self> {
        let mut adapted = self;
        match complaint {
            Complaint::NoStream => adapted.whole = true,
            Complaint::Parameter(text) => {
                let names = |parameter: &str| text.contains(parameter);
                if !self.completion_tokens && names("max_completion_tokens") {
                    adapted.completion_tokens = true;
                } else if !self.no_stream_options && (names("stream_options") || names("include_usage")) {
                    adapted.no_stream_options = true;
                } else if names("temperature") {
                    adapted.no_temperature = true;
                }
            }
        }
        (adapted != self).then_some(adapted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dislike_is_learnt_once() {
        let complaint = |text: &str| Complaint::Parameter(text.to_owned());
        let temperature = complaint("Unsupported value: 'temperature' does not support 0.2 with this model.");
        let learnt = Habits::default().adapted(&temperature).unwrap();
        assert!(learnt.no_temperature);
        assert_eq!(learnt.adapted(&temperature), None);

        let tokens = complaint("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
        let learnt = learnt.adapted(&tokens).unwrap();
        assert!(learnt.completion_tokens && learnt.no_temperature);
        assert_eq!(learnt.adapted(&complaint("context length exceeded")), None);

        let learnt = learnt.adapted(&complaint("extra fields not permitted: stream_options")).unwrap();
        assert!(learnt.no_stream_options);
        let learnt = learnt.adapted(&Complaint::NoStream).unwrap();
        assert_eq!(learnt.adapted(&Complaint::NoStream), None);
    }
}
