//! What a refusal says, in both languages side by side. The codes are stable; no text repeats what the caller sent.
use entity::{Access, Language};

use crate::{
    error::{BadInput, Caution, Problem},
    message::code::Labelled,
};

impl Problem {
    /// The code of the problem; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::StaleVersion => "STALE_VERSION",
            Self::ActionNotAllowed { .. } => "ACTION_NOT_ALLOWED",
            Self::ClaimTooLate => "CLAIM_TOO_LATE",
            Self::ReasonRequired => "REASON_REQUIRED",
            Self::ReasonNotAllowed => "REASON_NOT_ALLOWED",
            Self::SubStatusNotAllowed => "SUB_STATUS_NOT_ALLOWED",
            Self::OutcomeRequired => "OUTCOME_REQUIRED",
            Self::OutcomeNotAllowed => "OUTCOME_NOT_ALLOWED",
            Self::UnresolvedOutcomeRequired => "UNRESOLVED_OUTCOME_REQUIRED",
            Self::OpenChildren => "OPEN_CHILDREN",
            Self::AlreadyReplaced => "ALREADY_REPLACED",
            Self::NotAnonymous => "NOT_ANONYMOUS",
            Self::FactsRequired => "FACTS_REQUIRED",
            Self::ConsentRequired {
                access: Access::ConsentExpired,
            } => "CONSENT_EXPIRED",
            Self::ConsentRequired { .. } => "CONSENT_REQUIRED",
            Self::ConsentOwnRequired => "CONSENT_OWN_REQUIRED",
            Self::ConsentWidensSelf => "CONSENT_WIDENS_SELF",
            Self::AuthorityRequired => "AUTHORITY_REQUIRED",
            Self::NothingConsented => "NOTHING_CONSENTED",
            Self::AlreadyWithdrawn => "ALREADY_WITHDRAWN",
            Self::AlreadyExcluded => "ALREADY_EXCLUDED",
            Self::AlreadyEnded => "ALREADY_ENDED",
            Self::AlreadyMerged => "ALREADY_MERGED",
            Self::NotDecided => "NOT_DECIDED",
            Self::AlreadyInHousehold => "ALREADY_IN_HOUSEHOLD",
            Self::NotInHousehold => "NOT_IN_HOUSEHOLD",
            Self::Excluded => "ORGANIZATION_EXCLUDED",
            Self::ServiceNotActive => "SERVICE_NOT_ACTIVE",
            Self::SealedFact => "SEALED_FACT",
            Self::ServiceRequired => "SERVICE_REQUIRED",
            Self::RecipientFixed => "RECIPIENT_FIXED",
            Self::RecipientIsSelf => "RECIPIENT_IS_SELF",
            Self::Duplicate => "DUPLICATE",
            Self::SummaryIdentifies => "SUMMARY_IDENTIFIES",
            Self::TextIdentifies => "TEXT_IDENTIFIES",
            Self::PlaceConfidential => "PLACE_CONFIDENTIAL",
            Self::AppointmentNotAllowed => "APPOINTMENT_NOT_ALLOWED",
            Self::AppointmentFixed => "APPOINTMENT_FIXED",
            Self::EndOutOfRange => "END_OUT_OF_RANGE",
            Self::TooFarAhead { .. } => "TOO_FAR_AHEAD",
            Self::SinNotStored => "SIN_NOT_STORED",
            Self::Required => "REQUIRED",
            Self::Invalid => "INVALID",
            Self::TooLong { .. } => "TOO_LONG",
            Self::TooMany { .. } => "TOO_MANY",
            Self::OutOfRange { .. } => "OUT_OF_RANGE",
            Self::InFuture => "IN_FUTURE",
            Self::InPast => "IN_PAST",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::IdempotencyInProgress => "IDEMPOTENCY_IN_PROGRESS",
            Self::ClaimantErased => "CLAIMANT_ERASED",
            Self::RoleNotAllowed => "ROLE_NOT_ALLOWED",
            Self::NotInBulk => "NOT_IN_BULK",
            Self::Repeated => "REPEATED",
        }
    }

    /// What to tell the caller.
    #[expect(
        clippy::too_many_lines,
        reason = "a table: each problem in both languages"
    )]
    pub fn text(self, language: Language) -> String {
        let (english, french): (&str, &str) = match self {
            Self::NotFound => (
                "There is no such thing, or you may not see it.",
                "Cet élément n'existe pas, ou vous ne pouvez pas le voir.",
            ),
            Self::StaleVersion => (
                "It was changed since you read it. Read it again; nothing was changed now.",
                "L'élément a été modifié depuis votre lecture. Relisez-le; rien n'a été modifié.",
            ),
            Self::ActionNotAllowed { status } => {
                return match language {
                    Language::En => format!(
                        "This cannot be done to a referral that is “{}”, or not by your organization.",
                        status.label(language)
                    ),
                    Language::Fr => format!(
                        "Cette action n'est pas permise pour un aiguillage à l'état « {} », ou pas par votre organisation.",
                        status.label(language)
                    ),
                };
            }
            Self::ClaimTooLate => (
                "This referral can no longer be claimed.",
                "Cet aiguillage ne peut plus être pris en charge.",
            ),
            Self::ReasonRequired => ("A reason is needed.", "Un motif est requis."),
            Self::ReasonNotAllowed => (
                "This reason does not go with this action.",
                "Ce motif ne convient pas à cette action.",
            ),
            Self::SubStatusNotAllowed => (
                "This sub-status does not go with the state of the referral.",
                "Ce sous-état ne convient pas à l'état de l'aiguillage.",
            ),
            Self::OutcomeRequired => (
                "At least one outcome is needed.",
                "Au moins un résultat est requis.",
            ),
            Self::OutcomeNotAllowed => (
                "This outcome does not go with this action.",
                "Ce résultat ne convient pas à cette action.",
            ),
            Self::UnresolvedOutcomeRequired => (
                "An outcome that says why the need stays unresolved is required.",
                "Un résultat indiquant pourquoi le besoin demeure non résolu est requis.",
            ),
            Self::OpenChildren => (
                "A referral split from this one is still open.",
                "Un aiguillage issu de celui-ci est encore ouvert.",
            ),
            Self::AlreadyReplaced => (
                "This referral was already sent again.",
                "Cet aiguillage a déjà été soumis de nouveau.",
            ),
            Self::NotAnonymous => (
                "This referral already names its claimant.",
                "Cet aiguillage désigne déjà le demandeur d'asile.",
            ),
            Self::FactsRequired => (
                "A referral without a claimant needs a region, a language, whether an interpreter is needed, an age band and the size of the party before it is sent.",
                "Un aiguillage sans demandeur d'asile doit indiquer, avant l'envoi, la région, la langue, le besoin d'un interprète, la tranche d'âge et le nombre de personnes.",
            ),
            Self::ConsentRequired {
                access: Access::ConsentExpired,
            } => (
                "The consent for this has expired.",
                "Le consentement requis est expiré.",
            ),
            Self::ConsentRequired { .. } => (
                "The claimant's consent does not cover this.",
                "Le consentement du demandeur d'asile ne couvre pas cette action.",
            ),
            Self::ConsentOwnRequired => (
                "From this age only the person's own consent counts.",
                "À partir de cet âge, seul le consentement de la personne elle-même est valable.",
            ),
            Self::ConsentWidensSelf => (
                "Your organization cannot record a consent that opens more to itself.",
                "Votre organisation ne peut pas consigner un consentement qui lui donne un accès plus large.",
            ),
            Self::AuthorityRequired => (
                "Say by what authority a representative gives consent.",
                "Indiquez en vertu de quelle autorité le représentant consent.",
            ),
            Self::NothingConsented => (
                "Name at least one purpose, and a recipient, a kind of recipient or any party.",
                "Indiquez au moins une fin, ainsi qu'un destinataire, un type de destinataire ou toute partie.",
            ),
            Self::AlreadyWithdrawn => (
                "This consent was already withdrawn.",
                "Ce consentement a déjà été retiré.",
            ),
            Self::AlreadyExcluded => (
                "This organization is already excluded.",
                "Cette organisation est déjà exclue.",
            ),
            Self::AlreadyEnded => (
                "This exclusion has already ended.",
                "Cette exclusion a déjà pris fin.",
            ),
            Self::AlreadyMerged => (
                "One of the two is already merged with another claimant. Reverse that decision first, or decide on the one that stands for both.",
                "L'une des deux fiches est déjà fusionnée avec une autre. Annulez d'abord cette décision, ou décidez de la fiche qui représente les deux.",
            ),
            Self::NotDecided => (
                "Nothing was decided that could be reversed.",
                "Aucune décision à annuler n'a été prise.",
            ),
            Self::AlreadyInHousehold => (
                "Both already belong to households; one of them has to leave first.",
                "Les deux personnes font déjà partie d'un ménage; l'une d'elles doit d'abord le quitter.",
            ),
            Self::NotInHousehold => (
                "This person belongs to no household.",
                "Cette personne ne fait partie d'aucun ménage.",
            ),
            Self::Excluded => (
                "The claimant never wants to be known to this organization.",
                "Le demandeur d'asile ne veut jamais être connu de cette organisation.",
            ),
            Self::ServiceNotActive => {
                ("This service is not active.", "Ce service n'est pas actif.")
            }
            Self::SealedFact => (
                "Only the ministry writes rules about this fact. It is sealed: a rule of your own would be a question about a person.",
                "Seul le ministère établit des règles sur ce fait. Il est protégé : une règle de votre part serait une question sur une personne.",
            ),
            Self::ServiceRequired => (
                "Name one of your own active services that meets this need.",
                "Indiquez un de vos services actifs qui répond à ce besoin.",
            ),
            Self::RecipientFixed => (
                "The recipient of a referral does not change once it is sent; reroute it.",
                "Le destinataire ne change pas après l'envoi; réacheminez l'aiguillage.",
            ),
            Self::RecipientIsSelf => (
                "Another organization registered this person: yours cannot refer the person to itself.",
                "Cette personne a été inscrite par une autre organisation : la vôtre ne peut pas l'aiguiller vers elle-même.",
            ),
            Self::Duplicate => (
                "Your organization already has an open referral of this person for this need. Acknowledge the duplicate to send it all the same.",
                "Votre organisation a déjà un aiguillage ouvert pour cette personne et ce besoin. Confirmez le doublon pour l'envoyer quand même.",
            ),
            Self::SummaryIdentifies => (
                "The summary names the claimant, or tells a contact, birth date or identifier. Leave those out: they open by consent.",
                "Le résumé révèle le nom, les coordonnées, la date de naissance ou un identifiant du demandeur d'asile. Retirez-les : ils s'ouvrent par consentement.",
            ),
            Self::TextIdentifies => (
                "This text names the claimant, or tells a contact, birth date or identifier. Leave those out: they open by consent.",
                "Ce texte révèle le nom, les coordonnées, la date de naissance ou un identifiant du demandeur d'asile. Retirez-les : ils s'ouvrent par consentement.",
            ),
            Self::PlaceConfidential => (
                "This would tell where a confidential location is, or where a protected person lives. Leave it out.",
                "Ceci révélerait l'adresse d'un lieu confidentiel ou l'endroit où vit une personne protégée. Retirez-le.",
            ),
            Self::AppointmentNotAllowed => (
                "An appointment cannot come to this from where it stands, or not by your organization.",
                "Le rendez-vous ne peut pas passer à cet état à partir de son état actuel, ou pas par votre organisation.",
            ),
            Self::AppointmentFixed => (
                "Your organization cannot change this part of the appointment, or not any more.",
                "Votre organisation ne peut pas, ou ne peut plus, modifier cette partie du rendez-vous.",
            ),
            Self::EndOutOfRange => (
                "An appointment ends after it starts, and within 24 hours.",
                "Un rendez-vous se termine après son début, dans les 24 heures.",
            ),
            Self::TooFarAhead { days } => {
                return match language {
                    Language::En => format!("This is more than {days} days ahead."),
                    Language::Fr => format!("Cette date est dans plus de {days} jours."),
                };
            }
            Self::SinNotStored => (
                "This looks like a social insurance number. It is never stored here; leave it out.",
                "Ceci ressemble à un numéro d'assurance sociale. Il n'est jamais conservé ici; retirez-le.",
            ),
            Self::Required => ("This is needed.", "Ce champ est requis."),
            Self::Invalid => ("This value is not valid.", "Cette valeur n'est pas valide."),
            Self::TooLong { limit } => {
                return match language {
                    Language::En => format!("This is longer than {limit} characters."),
                    Language::Fr => format!("Ce texte dépasse {limit} caractères."),
                };
            }
            Self::TooMany { limit } => {
                return match language {
                    Language::En => format!("At most {limit} are allowed."),
                    Language::Fr => format!("Au plus {limit} éléments sont permis."),
                };
            }
            Self::OutOfRange { from, to } => {
                return match language {
                    Language::En => format!("This must be between {from} and {to}."),
                    Language::Fr => {
                        format!("Cette valeur doit être comprise entre {from} et {to}.")
                    }
                };
            }
            Self::InFuture => (
                "This cannot lie in the future.",
                "Cette date ne peut pas être dans le futur.",
            ),
            Self::InPast => (
                "This cannot lie in the past.",
                "Cette date ne peut pas être dans le passé.",
            ),
            Self::IdempotencyKeyReused => (
                "This idempotency key was used for something else.",
                "Cette clé d'idempotence a déjà servi à autre chose.",
            ),
            Self::IdempotencyInProgress => (
                "The first request with this key is still running. Try again shortly.",
                "La première requête portant cette clé est encore en cours. Réessayez sous peu.",
            ),
            Self::ClaimantErased => (
                "This person was erased. Nothing can be recorded any more.",
                "Les renseignements sur cette personne ont été effacés. Plus rien ne peut être consigné.",
            ),
            Self::RoleNotAllowed => (
                "Your organization's role does not allow this.",
                "Le rôle de votre organisation ne permet pas cette action.",
            ),
            Self::NotInBulk => (
                "This is done to one referral at a time. Many at once can be claimed, accepted, declined and assigned.",
                "Cette action vise un seul aiguillage à la fois. On peut prendre en charge, accepter, refuser et attribuer plusieurs aiguillages à la fois.",
            ),
            Self::Repeated => (
                "This referral stands in the list already, further up.",
                "Cet aiguillage figure déjà plus haut dans la liste.",
            ),
        };
        match language {
            Language::En => english,
            Language::Fr => french,
        }
        .to_owned()
    }
}

impl BadInput {
    /// What to tell the caller.
    pub const fn text(self, language: Language) -> &'static str {
        let (english, french) = match self {
            Self::PageSize => (
                "`first` and `last` must be between 1 and 100.",
                "`first` et `last` doivent être compris entre 1 et 100.",
            ),
            Self::PageDirection => (
                "Give `first` with `after`, or `last` with `before`, not both.",
                "Indiquez `first` avec `after`, ou `last` avec `before`, mais pas les deux.",
            ),
            Self::IdOrReference => (
                "Give exactly one of `id` and `reference`.",
                "Indiquez exactement un de `id` et `reference`.",
            ),
            Self::TooManyIds => (
                "At most 100 ids are allowed.",
                "Au plus 100 identifiants sont permis.",
            ),
            Self::Dimensions => (
                "Group by one to four dimensions, each once.",
                "Regroupez selon une à quatre dimensions, chacune une seule fois.",
            ),
            Self::DimensionNotCounted => (
                "This report does not count by one of these dimensions.",
                "Ce rapport ne compte pas selon l'une de ces dimensions.",
            ),
            Self::Period => (
                "The period must begin before it ends and last at most ten years.",
                "La période doit commencer avant de se terminer et durer au plus dix ans.",
            ),
            Self::ClaimantOrFacts => (
                "Give `claimantId` or `facts`, not both.",
                "Indiquez `claimantId` ou `facts`, mais pas les deux.",
            ),
            Self::NothingToPreview => (
                "There is no such claimant, service or region, or you may not see it.",
                "Ce demandeur d'asile, ce service ou cette région n'existe pas, ou vous ne pouvez pas le voir.",
            ),
            Self::FeedSize => (
                "`first` must be between 1 and 500.",
                "`first` doit être compris entre 1 et 500.",
            ),
            Self::SearchText => (
                "A text to look for has at most 200 characters.",
                "Un texte à chercher compte au plus 200 caractères.",
            ),
        };
        match language {
            Language::En => english,
            Language::Fr => french,
        }
    }
}

impl Caution {
    /// The code of the caution; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InterpreterIsFamily => "INTERPRETER_IS_FAMILY",
        }
    }

    /// What to tell the caller.
    pub const fn text(self, language: Language) -> &'static str {
        let (english, french) = match self {
            Self::InterpreterIsFamily => (
                "A relative interpreted: the person may not have spoken freely. Ask again with another interpreter where possible.",
                "Un proche a servi d'interprète : la personne n'a peut-être pas parlé librement. Si possible, demandez de nouveau avec un autre interprète.",
            ),
        };
        match language {
            Language::En => english,
            Language::Fr => french,
        }
    }
}
