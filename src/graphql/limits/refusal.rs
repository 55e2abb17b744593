//! What is said when a request is refused before it runs: stable codes and fixed texts. Nothing here repeats what the
//! caller wrote; a location says where to look instead.
use async_graphql::{ErrorExtensionValues, Pos, ServerError, Value};
use entity::Language;

use super::text::Text;

/// The stable codes of `errors[].extensions.code`. They never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Unauthenticated,
    Forbidden,
    BadUserInput,
    BadCursor,
    GraphqlParseFailed,
    GraphqlValidationFailed,
    OperationResolutionFailure,
    PersistedQueryNotFound,
    LimitExceeded,
    RateLimited,
    Timeout,
    Internal,
}

impl Code {
    /// Every code, for those who look one up by its text.
    pub const ALL: [Self; 12] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::BadUserInput,
        Self::BadCursor,
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::OperationResolutionFailure,
        Self::PersistedQueryNotFound,
        Self::LimitExceeded,
        Self::RateLimited,
        Self::Timeout,
        Self::Internal,
    ];

    /// The code as clients read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::BadCursor => "BAD_CURSOR",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::OperationResolutionFailure => "OPERATION_RESOLUTION_FAILURE",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
        }
    }

    /// The code with this text.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// The limits a request can run into, as `extensions.limit` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Body,
    Batch,
    Characters,
    Tokens,
    Nesting,
    VariablesNesting,
    Operations,
    Fragments,
    Variables,
    Directives,
    DirectivesPerField,
    Depth,
    Cost,
    Aliases,
    RootFields,
    InputList,
    Page,
    Selections,
    Comparisons,
    Subscriptions,
    AtOnce,
}

impl Limit {
    /// The name in `extensions.limit`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Batch => "batch",
            Self::Characters => "characters",
            Self::Tokens => "tokens",
            Self::Nesting => "nesting",
            Self::VariablesNesting => "variablesNesting",
            Self::Operations => "operations",
            Self::Fragments => "fragments",
            Self::Variables => "variables",
            Self::Directives => "directives",
            Self::DirectivesPerField => "directivesPerField",
            Self::Depth => "depth",
            Self::Cost => "cost",
            Self::Aliases => "aliases",
            Self::RootFields => "rootFields",
            Self::InputList => "inputList",
            Self::Page => "page",
            Self::Selections => "selections",
            Self::Comparisons => "comparisons",
            Self::Subscriptions => "subscriptions",
            Self::AtOnce => "atOnce",
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table of texts")]
    const fn message(self) -> Text {
        match self {
            Self::Body => Text::new(
                "The body has too many bytes.",
                "Le corps compte trop d'octets.",
            ),
            Self::Batch => Text::new(
                "A request carries one operation; batches are refused.",
                "Une requête porte une seule opération; les lots sont refusés.",
            ),
            Self::Characters => Text::new(
                "The document has too many characters.",
                "Le document compte trop de caractères.",
            ),
            Self::Tokens => Text::new(
                "The document has too many tokens.",
                "Le document compte trop d'éléments lexicaux.",
            ),
            Self::Nesting => Text::new(
                "The document nests its brackets too deep.",
                "Le document imbrique trop profondément ses parenthèses.",
            ),
            Self::VariablesNesting => Text::new(
                "The variables are nested too deep.",
                "Les variables sont imbriquées trop profondément.",
            ),
            Self::Operations => Text::new(
                "The document has too many operations.",
                "Le document compte trop d'opérations.",
            ),
            Self::Fragments => Text::new(
                "The document has too many fragments.",
                "Le document compte trop de fragments.",
            ),
            Self::Variables => Text::new(
                "An operation declares too many variables.",
                "Une opération déclare trop de variables.",
            ),
            Self::Directives => Text::new(
                "The document has too many directives.",
                "Le document compte trop de directives.",
            ),
            Self::DirectivesPerField => Text::new(
                "There are too many directives in one place.",
                "Il y a trop de directives au même endroit.",
            ),
            Self::Depth => Text::new(
                "The operation nests its fields too deep.",
                "L'opération imbrique trop profondément ses champs.",
            ),
            Self::Cost => Text::new(
                "The operation asks for too many objects.",
                "L'opération demande trop d'objets.",
            ),
            Self::Aliases => Text::new(
                "The operation has too many aliases.",
                "L'opération compte trop d'alias.",
            ),
            Self::RootFields => Text::new(
                "The operation has too many root fields.",
                "L'opération compte trop de champs racines.",
            ),
            Self::InputList => Text::new(
                "A list in the input has too many items.",
                "Une liste en entrée compte trop d'éléments.",
            ),
            Self::Page => Text::new("A page is too large.", "Une page est trop grande."),
            Self::Selections => Text::new(
                "The operation selects too much once its fragments are written out.",
                "L'opération sélectionne trop de champs une fois ses fragments développés.",
            ),
            Self::Comparisons => Text::new(
                "The operation repeats its response names too often to be compared.",
                "L'opération répète trop souvent ses noms de réponse pour être comparée.",
            ),
            Self::Subscriptions => Text::new(
                "There are too many subscriptions on this socket.",
                "Il y a trop d'abonnements sur cette connexion.",
            ),
            Self::AtOnce => Text::new(
                "Too many operations run on this socket at once.",
                "Trop d'opérations s'exécutent à la fois sur cette connexion.",
            ),
        }
    }
}

/// One refusal, as it will stand in `errors`.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub code: Code,
    pub message: Text,
    pub locations: Vec<Pos>,
    /// What stands in `extensions` beside the code.
    pub extensions: Vec<(&'static str, Value)>,
}

impl Refusal {
    pub const fn new(code: Code, message: Text) -> Self {
        Self {
            code,
            message,
            locations: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// Says where in the document to look.
    #[must_use]
    pub fn at(mut self, position: Pos) -> Self {
        self.locations.push(position);
        self
    }

    /// Adds a member to `extensions`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.extensions.push((name, value.into()));
        self
    }

    /// A limit that was passed, with its value and the request's.
    pub fn limit(limit: Limit, value: u64, actual: u64) -> Self {
        Self::new(Code::LimitExceeded, limit.message())
            .with("limit", limit.name())
            .with("value", value)
            .with("actual", actual)
    }

    /// Refuses when `actual` is above `value`.
    pub fn unless_within(limit: Limit, value: usize, actual: usize) -> Result<(), Self> {
        if actual > value {
            return Err(Self::limit(limit, value as u64, actual as u64));
        }
        Ok(())
    }

    /// The refusal as an error of GraphQL, in the caller's language.
    pub fn into_error(self, language: Language) -> ServerError {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code.as_str());
        for (name, value) in self.extensions {
            extensions.set(name, value);
        }
        let mut error = ServerError::new(self.message.within(language), None);
        error.locations = self.locations;
        error.extensions = Some(extensions);
        error
    }
}
