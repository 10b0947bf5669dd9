//! Sets of choices that are stored and sent as words.

/// A word that is not among the choices of its set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is none of {allowed}")]
pub struct UnknownChoice {
    /// What was given.
    pub word: String,
    /// What may be given, separated by commas.
    pub allowed: String,
}

/// Defines an enum whose variants are stored, sent and read as the words given.
#[macro_export]
macro_rules! choice {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every choice, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for it, in the database and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::choice::UnknownChoice;
            fn from_str(raw: &str) -> Result<Self, Self::Err> {
                match raw {
                    $($word => Ok(Self::$variant),)+
                    other => Err($crate::domain::choice::UnknownChoice {
                        word: other.chars().take(60).collect(),
                        allowed: [$($word),+].join(", "),
                    }),
                }
            }
        }
    };
}
