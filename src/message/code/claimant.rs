//! The labels of claimants: needs, the stages of a claim, consent, and why a group of facts is open or sealed.
use super::labels;

labels! {
    MatchBand {
        Possible: "Possibly the same person", "Peut-être la même personne"
            => "Somebody should look.", "Une vérification s'impose.";
        Likely: "Most probably the same person", "Très probablement la même personne";
    }

    DuplicateStatus {
        Open: "To be decided", "À décider";
        Same: "The same person", "La même personne";
        Different: "Different people", "Personnes différentes";
    }

    Access {
        Granted: "Open", "Accessible";
        SealedUntilAccepted: "Sealed until accepted", "Scellé jusqu'à l'acceptation"
            => "It may open once the referral is accepted.",
               "L'accès peut s'ouvrir une fois l'aiguillage accepté.";
        ConsentRequired: "Consent required", "Consentement requis"
            => "No consent in force covers this for your organization.",
               "Aucun consentement en vigueur ne couvre ces renseignements pour votre organisation.";
        ConsentExpired: "Consent expired", "Consentement expiré"
            => "The consent that covered this has ended. A new one can open it again.",
               "Le consentement qui couvrait ces renseignements a pris fin. Un nouveau peut les rouvrir.";
        Anonymous: "Anonymous", "Anonyme"
            => "The referral names no claimant.",
               "L'aiguillage ne désigne aucun demandeur d'asile.";
        RoleForbidden: "Not for this role", "Non permis pour ce rôle"
            => "Organizations of this role never see this, whatever the consent.",
               "Les organisations ayant ce rôle n'y ont jamais accès, peu importe le consentement.";
    }

    FieldGroup {
        Identity: "Identity", "Identité"
            => "Names, birth date and gender.", "Noms, date de naissance et genre.";
        Contact: "Contact", "Coordonnées";
        Identifiers: "Identifiers", "Identifiants"
            => "Numbers given by an authority or an agency. Only the last four characters are ever shown.",
               "Numéros attribués par une autorité ou un organisme. Seuls les quatre derniers caractères sont affichés.";
        ClaimStatus: "Claim status", "État de la demande d'asile"
            => "The stage of the claim, its dates and proof of interim federal health coverage.",
               "Étape de la demande, dates et preuve de couverture du Programme fédéral de santé intérimaire.";
        WorkAuthorization: "Work authorization", "Autorisation de travail";
        Qualifications: "Qualifications and languages", "Qualifications et langues";
        FreeText: "Free text", "Texte libre"
            => "Summaries, notes and messages.", "Résumés, notes et messages.";
    }

    NeedCategory {
        Housing: "Housing", "Logement";
        Health: "Health care", "Soins de santé";
        Food: "Food", "Alimentation";
        Income: "Income support", "Soutien du revenu";
        Legal: "Legal help", "Aide juridique";
        Language: "Language training", "Formation linguistique";
        Employment: "Employment", "Emploi";
        Training: "Training", "Formation";
        CredentialRecognition: "Recognition of qualifications", "Reconnaissance des qualifications"
            => "Having education, licences or experience from abroad recognized in Ontario.",
               "Faire reconnaître en Ontario des études, un permis d'exercice ou une expérience acquis à l'étranger.";
        EmployerConnection: "Connection with employers", "Liens avec les employeurs";
        Childcare: "Child care", "Garde d'enfants";
        Transport: "Transportation", "Transport";
        DigitalAccess: "Digital access", "Accès numérique"
            => "A device, a connection, or help to use them.",
               "Un appareil, une connexion ou de l'aide pour s'en servir.";
        Social: "Social connection", "Liens sociaux";
    }

    NeedStatus {
        Open: "Open", "À combler";
        Referred: "Referred", "Aiguillage en cours";
        Met: "Met", "Comblé";
        Unmet: "Unmet", "Non comblé"
            => "No service could meet it.", "Aucun service n'a pu le combler.";
    }

    AgeBand {
        Under12: "Under 12", "Moins de 12 ans";
        From12To15: "12 to 15", "De 12 à 15 ans";
        From16To17: "16 to 17", "De 16 à 17 ans";
        Age18: "18", "18 ans";
        From19To24: "19 to 24", "De 19 à 24 ans";
        From25To54: "25 to 54", "De 25 à 54 ans";
        From55To64: "55 to 64", "De 55 à 64 ans";
        From65: "65 and over", "65 ans et plus";
    }

    YesNoUnknown {
        Yes: "Yes", "Oui";
        No: "No", "Non";
        Unknown: "Unknown", "Inconnu";
    }

    ClaimStage {
        Acknowledged: "Claim acknowledged", "Accusé de réception délivré"
            => "The claimant holds an acknowledgement of claim; the interview on eligibility is still to come.",
               "Le demandeur d'asile détient un accusé de réception de sa demande; l'entrevue sur la recevabilité est à venir.";
        EligibilityPending: "Eligibility to be decided", "Recevabilité à déterminer"
            => "It is not decided yet whether the claim can be heard.",
               "Il n'est pas encore décidé si la demande peut être entendue.";
        ReferredToIrb: "Referred to the IRB", "Déférée à la CISR"
            => "The claim is eligible and before the Immigration and Refugee Board of Canada.",
               "La demande est recevable et se trouve devant la Commission de l'immigration et du statut de réfugié du Canada.";
        IneligiblePrra: "Not eligible, risk assessment", "Irrecevable, examen des risques avant renvoi"
            => "The claim cannot be heard by the IRB; a pre-removal risk assessment (PRRA) may be possible.",
               "La CISR ne peut pas entendre la demande; un examen des risques avant renvoi (ERAR) est parfois possible.";
        AcceptedProtected: "Accepted, protected person", "Acceptée, personne protégée";
        Rejected: "Rejected", "Rejetée"
            => "An appeal or a review may still be open.",
               "Un appel ou un contrôle judiciaire est parfois encore possible.";
        Abandoned: "Declared abandoned", "Désistement prononcé"
            => "The IRB ended the claim because a step was missed.",
               "La CISR a mis fin à la demande parce qu'une étape n'a pas été respectée.";
        Withdrawn: "Withdrawn", "Retirée"
            => "The claimant withdrew the claim.",
               "La personne a retiré sa demande.";
        Suspended: "Suspended", "Suspendue";
        Unknown: "Unknown", "Inconnue";
    }

    IdentifierKind {
        Uci: "Unique client identifier (UCI)", "Identificateur unique de client (IUC)"
            => "Given by Immigration, Refugees and Citizenship Canada; written 0000-0000 or 00-0000-0000.",
               "Attribué par Immigration, Réfugiés et Citoyenneté Canada; il s'écrit 0000-0000 ou 00-0000-0000.";
        Rpcd: "Refugee protection claimant document (RPCD)", "Document du demandeur d'asile (DDA)";
        WorkPermit: "Work permit", "Permis de travail";
        CamsCase: "CaMS case", "Dossier CaMS"
            => "A case in the case management system of Employment Ontario.",
               "Un dossier du système de gestion de cas d'Emploi Ontario.";
        AgencyId: "Agency's own number", "Numéro interne de l'organisme";
    }

    ContactKind {
        Phone: "Telephone", "Téléphone";
        Email: "Email", "Courriel";
        Messaging: "Messaging app", "Application de messagerie";
        Postal: "Postal address", "Adresse postale";
    }

    ContactPermission {
        ViaAgencyOnly: "Through the agency only", "Par l'organisme seulement"
            => "Contact goes through the organization that registered the claimant.",
               "Tout contact passe par l'organisation qui a inscrit le demandeur d'asile.";
        Any: "Direct contact allowed", "Contact direct permis"
            => "By contact points marked as safe.", "Par les moyens de contact indiqués comme sûrs.";
        Prohibited: "No contact", "Contact interdit";
    }

    Safety {
        Safe: "Safe", "Sûr";
        Unsafe: "Not safe", "Non sûr"
            => "Do not use it: somebody else may read or hear.",
               "Ne pas utiliser, car une autre personne pourrait lire ou entendre.";
        Unknown: "Unknown", "Inconnu";
    }

    RecognitionStatus {
        NotStarted: "Not started", "Non commencée";
        InAssessment: "In assessment", "En cours d'évaluation";
        Recognized: "Recognized", "Reconnue";
        Partial: "Recognized in part", "Reconnue en partie";
        Refused: "Refused", "Refusée";
    }

    ConsentStatus {
        Active: "In force", "En vigueur";
        Withdrawn: "Withdrawn", "Retiré";
        Expired: "Expired", "Expiré";
        Refused: "Refused", "Refusé";
    }

    ConsentMethod {
        Verbal: "Verbal", "Verbal";
        Written: "Written", "Écrit";
        Electronic: "Electronic", "Électronique";
    }

    ConsentGiver {
        Oneself: "The claimant", "Le demandeur d'asile";
        Guardian: "Parent or guardian", "Parent ou tuteur";
        Representative: "Representative", "Représentant"
            => "Somebody with the authority to decide for the claimant.",
               "Une personne habilitée à décider au nom du demandeur d'asile.";
    }

    InterpreterKind {
        None: "None", "Aucun";
        Professional: "Professional interpreter", "Interprète professionnel";
        Staff: "Staff member", "Membre du personnel";
        Volunteer: "Volunteer", "Bénévole";
        Family: "Family member", "Membre de la famille"
            => "A relative may keep a person from speaking freely. Use somebody else where possible.",
               "La présence d'un proche peut empêcher une personne de parler librement. Faire appel à quelqu'un d'autre si possible.";
    }

    DatePrecision {
        Day: "Exact day", "Jour exact";
        Month: "Month and year", "Mois et année";
        Year: "Year only", "Année seulement";
    }
}
