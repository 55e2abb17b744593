//! The labels of reports and of feedback from the front line.
use super::labels;

labels! {
    ReportDimension {
        Status: "Status", "État";
        Category: "Need", "Besoin";
        Region: "Region", "Région";
        Catchment: "Catchment", "Région désignée"
            => "An area of Integrated Employment Services.", "Un territoire des Services d'emploi intégrés.";
        Month: "Month", "Mois";
        Week: "Week", "Semaine";
        Priority: "Priority", "Priorité";
        SourceKind: "Kind of sender", "Type d'expéditeur";
        OwnerKind: "Kind of recipient", "Type de destinataire";
        Outcome: "Outcome", "Résultat";
        Reason: "Reason", "Motif";
        Language: "Language", "Langue";
    }

    ReportMeasure {
        Referrals: "Referrals", "Aiguillages";
        Claimants: "Claimants", "Demandeurs d'asile";
        Needs: "Needs", "Besoins";
    }

    FeedbackTopic {
        Barrier: "Barrier", "Obstacle"
            => "Something that keeps claimants from a service.",
               "Ce qui empêche des demandeurs d'asile d'obtenir un service.";
        Idea: "Idea", "Idée";
        Practice: "Promising practice", "Pratique prometteuse"
            => "Something that works and that others could take up.",
               "Ce qui fonctionne et que d'autres pourraient reprendre.";
        Capacity: "Capacity", "Capacité d'accueil";
        TrainingNeed: "Training need", "Besoin de formation"
            => "What staff would have to learn.", "Ce que le personnel aurait besoin d'apprendre.";
        Policy: "Policy", "Politique"
            => "A rule or a program that should be looked at again.",
               "Une règle ou un programme qui mérite d'être revu.";
    }
}
