//! The labels of the directory: roles, organizations, services, programs and room.
use super::labels;

labels! {
    Language {
        En: "English", "Anglais";
        Fr: "French", "Français";
    }

    Role {
        Provider: "Provider", "Fournisseur de services";
        SettlementAgency: "Settlement agency", "Organisme d'établissement";
        Ministry: "Ministry", "Ministère";
    }

    OrganizationKind {
        SettlementAgency: "Settlement agency", "Organisme d'établissement";
        EmploymentService: "Employment service provider", "Fournisseur de services d'emploi";
        ServiceSystemManager: "Service system manager", "Gestionnaire de système de services"
            => "Plans and manages the Employment Ontario services of a catchment.",
               "Planifie et gère les services d'Emploi Ontario d'une région désignée.";
        Housing: "Housing and shelter", "Logement et hébergement";
        Health: "Health care", "Soins de santé";
        LanguageTraining: "Language training", "Formation linguistique";
        CredentialAssessment: "Assessment of qualifications", "Évaluation des qualifications"
            => "Assesses or recognizes education, licences and experience from abroad.",
               "Évalue ou reconnaît les études, les permis d'exercice et l'expérience acquis à l'étranger.";
        EmployerNetwork: "Employer network", "Réseau d'employeurs";
        Legal: "Legal services", "Services juridiques";
        Ministry: "Ministry", "Ministère";
    }

    ServiceStatus {
        Active: "Active", "Actif";
        Inactive: "Inactive", "Inactif"
            => "Not offered now.", "Non offert actuellement.";
        Defunct: "Ended", "Définitivement fermé"
            => "No longer offered, for good.", "N'est plus offert, de façon définitive.";
        TemporarilyClosed: "Temporarily closed", "Fermé temporairement";
    }

    CapacityStatus {
        Capacity: "Has room", "Places disponibles";
        NoCapacity: "Full", "Complet";
        Waitlist: "Waiting list", "Liste d'attente";
        AdditionalAssessmentRequired: "Assessment needed first", "Évaluation préalable requise"
            => "Whether there is room depends on an assessment of the person's situation.",
               "La disponibilité dépend d'une évaluation de la situation de la personne.";
    }

    EligibilityFact {
        Stage: "Stage of the claim", "Étape de la demande d'asile";
        WorkAuthorization: "Work authorization", "Autorisation de travailler";
        SocialInsurance: "Social insurance number", "Numéro d'assurance sociale"
            => "Whether there is one that has not expired; the number itself is never kept.",
               "S'il en existe un qui n'est pas expiré; le numéro lui-même n'est jamais conservé.";
        Age: "Age", "Âge";
        LanguageLevel: "Language level", "Niveau de langue";
        AgeBand: "Age band", "Tranche d'âge";
        Region: "Region", "Région";
        Language: "Language", "Langue";
    }

    Program {
        Ies: "Integrated Employment Services", "Services d'emploi intégrés";
        Bjo: "Better Jobs Ontario", "Meilleurs emplois Ontario";
        Lbs: "Literacy and Basic Skills", "Alphabétisation et formation de base";
        Obtp: "Ontario Bridge Training Program", "Programme ontarien de formation relais";
        Sao: "SkillsAdvance Ontario", "SkillsAdvance Ontario";
        Apprenticeship: "Apprenticeship", "Apprentissage";
        Nsp: "Newcomer Settlement Program", "Programme d'aide à l'établissement des nouveaux arrivants";
        EslFsl: "English or French as a second language", "Anglais ou français langue seconde";
        Other: "Other", "Autre";
    }

    DeliveryMode {
        InPerson: "In person", "En personne";
        Remote: "Remote", "À distance";
        Hybrid: "In person and remote", "En personne et à distance";
    }
}
