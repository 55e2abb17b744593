//! The words of the demo data, in both languages: plainly synthetic, and in summaries nothing of a person.
use entity::{NeedCategory, OrganizationKind};

/// A kind of organization: English and French name, the beginning of its code, and how many there are.
pub(super) struct Kind {
    pub(super) kind: OrganizationKind,
    pub(super) english: &'static str,
    pub(super) french: &'static str,
    pub(super) code: &'static str,
    pub(super) count: usize,
}

const fn kind(
    kind: OrganizationKind,
    english: &'static str,
    french: &'static str,
    code: &'static str,
    count: usize,
) -> Kind {
    Kind {
        kind,
        english,
        french,
        code,
        count,
    }
}

/// Sixty organizations, of every kind. Each catchment has a service system manager.
pub(super) const KINDS: [Kind; 10] = [
    kind(
        OrganizationKind::SettlementAgency,
        "Settlement Agency",
        "Organisme d'établissement",
        "agency",
        14,
    ),
    kind(
        OrganizationKind::EmploymentService,
        "Employment Service",
        "Service d'emploi",
        "provider",
        12,
    ),
    kind(
        OrganizationKind::ServiceSystemManager,
        "Service System Manager",
        "Gestionnaire de système de services",
        "manager",
        15,
    ),
    kind(
        OrganizationKind::Housing,
        "Housing Service",
        "Service de logement",
        "housing",
        5,
    ),
    kind(
        OrganizationKind::Health,
        "Health Centre",
        "Centre de santé",
        "health",
        4,
    ),
    kind(
        OrganizationKind::LanguageTraining,
        "Language School",
        "École de langues",
        "language",
        3,
    ),
    kind(
        OrganizationKind::CredentialAssessment,
        "Credential Assessment",
        "Évaluation des diplômes",
        "credential",
        2,
    ),
    kind(
        OrganizationKind::EmployerNetwork,
        "Employer Network",
        "Réseau d'employeurs",
        "employer",
        2,
    ),
    kind(
        OrganizationKind::Legal,
        "Legal Clinic",
        "Clinique juridique",
        "legal",
        2,
    ),
    kind(
        OrganizationKind::Ministry,
        "Ministry",
        "Ministère",
        "ministry",
        1,
    ),
];

/// The needs that organizations of a kind serve.
pub(super) const fn served_by(kind: OrganizationKind) -> &'static [NeedCategory] {
    use NeedCategory as Need;
    match kind {
        OrganizationKind::SettlementAgency => &[
            Need::Social,
            Need::Food,
            Need::Income,
            Need::Childcare,
            Need::Transport,
            Need::Language,
            Need::DigitalAccess,
        ],
        OrganizationKind::EmploymentService => &[
            Need::Employment,
            Need::Training,
            Need::EmployerConnection,
            Need::DigitalAccess,
        ],
        OrganizationKind::ServiceSystemManager => &[
            Need::Employment,
            Need::Training,
            Need::Transport,
            Need::CredentialRecognition,
            Need::Legal,
        ],
        OrganizationKind::Housing => &[Need::Housing, Need::Food],
        OrganizationKind::Health => &[Need::Health, Need::Social],
        OrganizationKind::LanguageTraining => &[Need::Language, Need::Childcare],
        OrganizationKind::CredentialAssessment => &[Need::CredentialRecognition],
        OrganizationKind::EmployerNetwork => &[Need::EmployerConnection, Need::Employment],
        OrganizationKind::Legal => &[Need::Legal, Need::Income],
        OrganizationKind::Ministry => &[],
    }
}

/// What a service for a need is called: English and French.
pub(super) const fn service_name(category: NeedCategory) -> (&'static str, &'static str) {
    match category {
        NeedCategory::Housing => ("Housing help", "Aide au logement"),
        NeedCategory::Health => ("Primary health care", "Soins de santé primaires"),
        NeedCategory::Food => ("Food support", "Aide alimentaire"),
        NeedCategory::Income => ("Income support advice", "Conseils sur l'aide au revenu"),
        NeedCategory::Legal => ("Legal information", "Information juridique"),
        NeedCategory::Language => ("Language classes", "Cours de langue"),
        NeedCategory::Employment => ("Job search support", "Aide à la recherche d'emploi"),
        NeedCategory::Training => ("Skills training", "Formation professionnelle"),
        NeedCategory::CredentialRecognition => (
            "Recognition of qualifications",
            "Reconnaissance des qualifications",
        ),
        NeedCategory::EmployerConnection => {
            ("Meetings with employers", "Rencontres avec des employeurs")
        }
        NeedCategory::Childcare => ("Childcare search", "Recherche de services de garde"),
        NeedCategory::Transport => ("Transit help", "Aide au transport"),
        NeedCategory::DigitalAccess => ("Digital access", "Accès au numérique"),
        NeedCategory::Social => ("Community connections", "Liens communautaires"),
    }
}

/// Summaries of a referral for a need: two in English, two in French.
#[expect(clippy::too_many_lines, reason = "a table is read as a whole")]
pub(super) const fn summaries(category: NeedCategory) -> [&'static str; 4] {
    match category {
        NeedCategory::Housing => [
            "Needs a place to stay from next week.",
            "Shelter stay ends this month; looks for a room near transit.",
            "Cherche un logement dès la semaine prochaine.",
            "Le séjour en refuge prend fin ce mois-ci; cherche une chambre près du transport.",
        ],
        NeedCategory::Health => [
            "Looks for a family doctor who takes new patients.",
            "Needs a first health check-up.",
            "Cherche un médecin de famille qui accepte de nouveaux patients.",
            "A besoin d'un premier bilan de santé.",
        ],
        NeedCategory::Food => [
            "Needs food support this week.",
            "Asks for a food bank with weekend hours.",
            "A besoin d'une aide alimentaire cette semaine.",
            "Demande une banque alimentaire ouverte la fin de semaine.",
        ],
        NeedCategory::Income => [
            "Wants help with an application for income support.",
            "Questions about income support after a move.",
            "Souhaite de l'aide pour une demande d'aide au revenu.",
            "Questions sur l'aide au revenu après un déménagement.",
        ],
        NeedCategory::Legal => [
            "Needs legal information before a hearing.",
            "Asks for help with a form.",
            "A besoin d'information juridique avant une audience.",
            "Demande de l'aide pour remplir un formulaire.",
        ],
        NeedCategory::Language => [
            "Ready to start evening language classes.",
            "Wants a language assessment first.",
            "Peut commencer des cours de langue le soir.",
            "Souhaite d'abord une évaluation linguistique.",
        ],
        NeedCategory::Employment => [
            "Looks for part-time work, mornings preferred.",
            "Wants help with a résumé and interviews.",
            "Cherche un emploi à temps partiel, le matin de préférence.",
            "Souhaite de l'aide pour un CV et des entrevues.",
        ],
        NeedCategory::Training => [
            "Interested in short training with a placement.",
            "Wants to upgrade skills before applying for work.",
            "S'intéresse à une courte formation avec stage.",
            "Veut perfectionner ses compétences avant de postuler.",
        ],
        NeedCategory::CredentialRecognition => [
            "Wants a diploma from abroad assessed.",
            "Asks which regulator to write to.",
            "Souhaite faire évaluer un diplôme étranger.",
            "Demande à quel organisme de réglementation écrire.",
        ],
        NeedCategory::EmployerConnection => [
            "Would like to meet employers of the field.",
            "Open to a mentoring session.",
            "Aimerait rencontrer des employeurs du domaine.",
            "Ouvert à une séance de mentorat.",
        ],
        NeedCategory::Childcare => [
            "Needs childcare to attend classes.",
            "Looks for before- and after-school care.",
            "A besoin d'un service de garde pour suivre des cours.",
            "Cherche une garde avant et après l'école.",
        ],
        NeedCategory::Transport => [
            "Needs transit fare for appointments.",
            "No transit near home; asks for options.",
            "A besoin de titres de transport pour des rendez-vous.",
            "Pas de transport près du domicile; demande des options.",
        ],
        NeedCategory::DigitalAccess => [
            "Needs a device for online classes.",
            "Wants basic computer training.",
            "A besoin d'un appareil pour des cours en ligne.",
            "Souhaite une formation informatique de base.",
        ],
        NeedCategory::Social => [
            "Would like to join a community group.",
            "Asks for activities in the neighbourhood.",
            "Aimerait se joindre à un groupe communautaire.",
            "Demande des activités dans le quartier.",
        ],
    }
}

/// Notes that a transition may carry.
pub(super) const NOTES: [&str; 6] = [
    "Called back the same day.",
    "Please see the sub-status.",
    "Booked for next week.",
    "Rappel le jour même.",
    "Rendez-vous pris pour la semaine prochaine.",
    "Voir le sous-statut.",
];

/// Notes of an outcome.
pub(super) const OUTCOME_NOTES: [&str; 4] = [
    "Went well; a check in some weeks is planned.",
    "Told about other services as well.",
    "Tout s'est bien passé; un suivi est prévu.",
    "Information donnée sur d'autres services aussi.",
];

/// Given names that nobody takes for a person's.
pub(super) const GIVEN_NAMES: [&str; 12] = [
    "Testa",
    "Exemple",
    "Demoya",
    "Fictif",
    "Sampla",
    "Essai",
    "Modela",
    "Proba",
    "Dummia",
    "Maquette",
    "Placeholder",
    "Gabarit",
];

pub(super) const FAMILY_NAMES: [&str; 4] = ["Specimen", "Échantillon", "Mockup", "Fictive"];

/// Languages in which organizations serve beside English and French, and which claimants speak. ISO 639-3.
pub(super) const LANGUAGES: [&str; 14] = [
    "spa", "ara", "tir", "som", "urd", "hin", "pan", "tur", "ukr", "fas", "swa", "hat", "yor",
    "por",
];

/// The workers of every organization, and the software that all of them use.
pub(super) const WORKERS: [&str; 5] = [
    "demo-worker",
    "demo-worker-2",
    "demo-worker-3",
    "demo-worker-4",
    "demo-worker-5",
];
pub(super) const CLIENT: &str = "demo-case-management";
/// Who acts when a timer does.
pub(super) const SYSTEM: &str = "system";
