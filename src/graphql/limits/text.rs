//! What the limits say, in both languages side by side. Every text is fixed: nothing of the request stands in one.
use entity::Language;

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    pub en: &'static str,
    pub fr: &'static str,
}

impl Text {
    pub const fn new(en: &'static str, fr: &'static str) -> Self {
        Self { en, fr }
    }

    /// The text in one language.
    pub const fn within(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Fr => self.fr,
        }
    }
}

pub(super) const STRING_OPEN: Text =
    Text::new("A string is not closed.", "Une chaîne n'est pas fermée.");
pub(super) const NOT_PARSED: Text = Text::new(
    "The document is not valid GraphQL syntax.",
    "Le document ne respecte pas la syntaxe de GraphQL.",
);
pub(super) const FRAGMENT_CYCLE: Text = Text::new(
    "A fragment spreads itself.",
    "Un fragment s'inclut lui-même.",
);
pub(super) const VALUE_UNFIT: Text = Text::new(
    "A value does not fit the type of its argument.",
    "Une valeur ne convient pas au type de son argument.",
);
pub(super) const ONE_OF: Text = Text::new(
    "This input object takes exactly one field.",
    "Cet objet d'entrée prend exactement un champ.",
);
pub(super) const INPUT_FIELD_UNKNOWN: Text = Text::new(
    "An input object has a field that its type does not know.",
    "Un objet d'entrée a un champ que son type ne connaît pas.",
);
pub(super) const INPUT_FIELD_MISSING: Text = Text::new(
    "An input object lacks a field that its type requires.",
    "Il manque à un objet d'entrée un champ que son type exige.",
);
pub(super) const VARIABLE_UNDECLARED: Text = Text::new(
    "A variable is used that its operation does not declare.",
    "Une variable est utilisée sans que son opération la déclare.",
);
pub(super) const VARIABLE_UNFIT: Text = Text::new(
    "A variable is used where its type does not fit.",
    "Une variable est utilisée là où son type ne convient pas.",
);
pub(super) const VARIABLE_MISSING: Text = Text::new(
    "A variable that must be given is missing.",
    "Il manque une variable obligatoire.",
);
pub(super) const VARIABLE_VALUE_UNFIT: Text = Text::new(
    "The value of a variable does not fit its type.",
    "La valeur d'une variable ne convient pas à son type.",
);
pub(super) const FIELDS_CONFLICT: Text = Text::new(
    "Two different fields share a response name; give one of them another alias.",
    "Deux champs différents portent le même nom dans la réponse; donnez un autre alias à l'un d'eux.",
);
pub(super) const TYPENAME_ARGUMENTS: Text = Text::new(
    "The field __typename takes no arguments.",
    "Le champ __typename ne prend pas d'argument.",
);
pub(super) const TYPENAME_SELECTION: Text = Text::new(
    "The field __typename has no fields of its own.",
    "Le champ __typename n'a pas de champs.",
);
pub(super) const SCOPE_MISSING: Text = Text::new(
    "The token lacks a scope that this request needs.",
    "Il manque au jeton une portée que cette requête exige.",
);
pub(super) const OPERATION_UNCHOSEN: Text = Text::new(
    "The document has several operations: operationName must choose one.",
    "Le document contient plusieurs opérations : operationName doit en choisir une.",
);
pub(super) const OPERATION_UNKNOWN: Text = Text::new(
    "The document has no operation of that name.",
    "Le document ne contient aucune opération de ce nom.",
);
pub(super) const INTROSPECTION_CLOSED: Text =
    Text::new("Introspection is closed.", "L'introspection est fermée.");
pub(super) const DIRECTIVE_PLACE: Text = Text::new(
    "A directive stands where it may not.",
    "Une directive figure là où elle n'est pas permise.",
);
pub(super) const SUBSCRIPTION_ROOT: Text = Text::new(
    "A subscription has exactly one root field.",
    "Un abonnement a exactement un champ racine.",
);
