//! What the HTTP front says, in both languages side by side. Every text is fixed: nothing of the request stands in one.
use crate::graphql::limits::Text;

pub(super) const NOT_ACCEPTABLE: Text = Text::new(
    "Answers are application/graphql-response+json or application/json.",
    "Les réponses sont en application/graphql-response+json ou en application/json.",
);
pub(super) const METHOD: Text = Text::new(
    "This path does not take this method.",
    "Ce chemin ne prend pas cette méthode.",
);
pub(super) const ONLY_QUERIES_BY_GET: Text = Text::new(
    "GET runs queries only; send this operation by POST.",
    "GET n'exécute que des requêtes de lecture; envoyez cette opération par POST.",
);
pub(super) const MEDIA_TYPE: Text = Text::new(
    "A body is application/json in UTF-8, without content encoding.",
    "Le corps est en application/json, en UTF-8, sans encodage de contenu.",
);
pub(super) const NOT_FOUND: Text = Text::new("There is nothing here.", "Il n'y a rien ici.");
pub(super) const BODY_LATE: Text = Text::new(
    "The body took too long to arrive.",
    "Le corps a mis trop de temps à arriver.",
);
pub(super) const BODY_BROKEN: Text = Text::new(
    "The body could not be read to its end.",
    "Le corps n'a pas pu être lu jusqu'au bout.",
);
pub(super) const BODY_EMPTY: Text = Text::new("The body is missing.", "Le corps manque.");
pub(super) const BODY_NOT_JSON: Text = Text::new(
    "The body is not a JSON object.",
    "Le corps n'est pas un objet JSON.",
);
pub(super) const PARAMETER_TWICE: Text = Text::new(
    "A parameter is given twice.",
    "Un paramètre est donné deux fois.",
);
pub(super) const QUERY_MISSING: Text = Text::new(
    "The parameter query must be a string.",
    "Le paramètre query doit être une chaîne.",
);
pub(super) const OPERATION_NAME_TYPE: Text = Text::new(
    "The parameter operationName must be a string or null.",
    "Le paramètre operationName doit être une chaîne ou null.",
);
pub(super) const VARIABLES_TYPE: Text = Text::new(
    "The parameter variables must be a JSON object or null.",
    "Le paramètre variables doit être un objet JSON ou null.",
);
pub(super) const EXTENSIONS_TYPE: Text = Text::new(
    "The parameter extensions must be a JSON object or null.",
    "Le paramètre extensions doit être un objet JSON ou null.",
);
pub(super) const PERSISTED_QUERY: Text = Text::new(
    "Persisted queries are not kept here; send the document.",
    "Les requêtes persistantes ne sont pas conservées ici; envoyez le document.",
);
pub(super) const SUBSCRIPTION: Text = Text::new(
    "Subscriptions run over WebSocket or server-sent events.",
    "Les abonnements passent par WebSocket ou par événements envoyés par le serveur.",
);
pub(super) const ONLY_EVENTS: Text = Text::new(
    "Answers here are text/event-stream.",
    "Les réponses sont ici en text/event-stream.",
);
pub(super) const HANDSHAKE: Text = Text::new(
    "This is not a WebSocket handshake that can be taken (RFC 6455, section 4).",
    "Cette poignée de main WebSocket ne peut pas être acceptée (RFC 6455, section 4).",
);
pub(super) const ORIGIN: Text = Text::new(
    "Pages of this origin may not open a WebSocket here.",
    "Les pages de cette origine ne peuvent pas ouvrir de WebSocket ici.",
);
pub(super) const FULL: Text = Text::new(
    "There are too many open connections. Try again later.",
    "Il y a trop de connexions ouvertes. Réessayez plus tard.",
);
pub(super) const NO_TOKEN: Text = Text::new(
    "This needs a bearer token.",
    "Un jeton porteur est nécessaire.",
);
pub(super) const BAD_TOKEN: Text =
    Text::new("The token is not valid.", "Le jeton n'est pas valide.");
pub(super) const BAD_ACTING_SUBJECT: Text = Text::new(
    "Acting-Subject is up to 200 printable ASCII characters, and no social insurance number.",
    "Acting-Subject compte au plus 200 caractères ASCII imprimables et n'est jamais un numéro d'assurance sociale.",
);
pub(super) const RUN_LATE: Text = Text::new(
    "The operation took too long and was stopped.",
    "L'opération a duré trop longtemps et a été arrêtée.",
);
pub(super) const INTERNAL: Text = Text::new(
    "Something went wrong on our side.",
    "Une erreur est survenue de notre côté.",
);
pub(super) const ARGUMENT_UNFIT: Text = Text::new(
    "The value of an argument does not fit its type.",
    "La valeur d'un argument ne convient pas à son type.",
);
pub(super) const INVALID: Text = Text::new(
    "The document does not fit the schema.",
    "Le document ne convient pas au schéma.",
);

/// What a message of async-graphql's validation begins with and contains, and what is said instead: its own texts repeat
/// names and values of the request. The first that fits counts.
pub(super) const VALIDATION: &[(&str, &str, Text)] = &[
    (
        "Unknown field",
        "",
        Text::new(
            "A field does not exist on its type.",
            "Un champ n'existe pas dans son type.",
        ),
    ),
    (
        "Unknown argument",
        "",
        Text::new("An argument does not exist.", "Un argument n'existe pas."),
    ),
    (
        "Unknown directive",
        "",
        Text::new("A directive does not exist.", "Une directive n'existe pas."),
    ),
    (
        "Unknown fragment",
        "",
        Text::new(
            "A fragment is not defined.",
            "Un fragment n'est pas défini.",
        ),
    ),
    (
        "Unknown type",
        "",
        Text::new("A type does not exist.", "Un type n'existe pas."),
    ),
    (
        "Invalid value for argument",
        "",
        Text::new(
            "The value of an argument does not fit its type.",
            "La valeur d'un argument ne convient pas à son type.",
        ),
    ),
    (
        "Invalid default value",
        "",
        Text::new(
            "The default of a variable does not fit its type.",
            "La valeur par défaut d'une variable ne convient pas à son type.",
        ),
    ),
    (
        "Duplicate directive",
        "",
        Text::new(
            "A directive stands twice in one place.",
            "Une directive figure deux fois au même endroit.",
        ),
    ),
    (
        "Directive ",
        "is required but not provided",
        Text::new(
            "A directive lacks an argument that it requires.",
            "Il manque à une directive un argument obligatoire.",
        ),
    ),
    (
        "Directive ",
        "may not be used on",
        Text::new(
            "A directive stands where it may not.",
            "Une directive figure là où elle n'est pas permise.",
        ),
    ),
    (
        "Fragment ",
        "non composite type",
        Text::new(
            "A fragment needs an object, interface or union type.",
            "Un fragment exige un type objet, interface ou union.",
        ),
    ),
    (
        "Fragment ",
        "cannot be spread",
        Text::new(
            "A fragment can never apply where it is spread.",
            "Un fragment ne peut jamais s'appliquer là où il est inclus.",
        ),
    ),
    (
        "Fragment ",
        "is never used",
        Text::new(
            "A fragment is never used.",
            "Un fragment n'est jamais utilisé.",
        ),
    ),
    (
        "Cannot spread fragment",
        "",
        Text::new(
            "A fragment spreads itself.",
            "Un fragment s'inclut lui-même.",
        ),
    ),
    (
        "There can only be one argument",
        "",
        Text::new(
            "An argument is given twice.",
            "Un argument est donné deux fois.",
        ),
    ),
    (
        "There can only be one variable",
        "",
        Text::new(
            "A variable is declared twice.",
            "Une variable est déclarée deux fois.",
        ),
    ),
    (
        "Variable ",
        "is not defined",
        Text::new(
            "A variable is used that its operation does not declare.",
            "Une variable est utilisée sans que son opération la déclare.",
        ),
    ),
    (
        "Variable ",
        "is not used",
        Text::new(
            "A variable is declared and never used.",
            "Une variable est déclarée et jamais utilisée.",
        ),
    ),
    (
        "Variable ",
        "used in position",
        Text::new(
            "A variable is used where its type does not fit.",
            "Une variable est utilisée là où son type ne convient pas.",
        ),
    ),
    (
        "Variable ",
        "non-input type",
        Text::new(
            "A variable is declared with an output type.",
            "Une variable est déclarée avec un type de sortie.",
        ),
    ),
    (
        "Field ",
        "is required but not provided",
        Text::new(
            "A field lacks an argument that it requires.",
            "Il manque à un champ un argument obligatoire.",
        ),
    ),
    (
        "Field ",
        "must not have a selection",
        Text::new(
            "A field has a selection although its type has no fields.",
            "Un champ a une sélection alors que son type n'a pas de champs.",
        ),
    ),
    (
        "Field ",
        "must have a selection",
        Text::new(
            "A field lacks a selection of the fields of its type.",
            "Il manque à un champ une sélection des champs de son type.",
        ),
    ),
    (
        "Fields ",
        "conflict",
        Text::new(
            "Two different fields share a response name; give one of them another alias.",
            "Deux champs différents portent le même nom dans la réponse; donnez un autre alias à l'un d'eux.",
        ),
    ),
    (
        "Schema is not configured",
        "",
        Text::new(
            "The schema has no operations of this kind.",
            "Le schéma n'a pas d'opérations de cette sorte.",
        ),
    ),
];
