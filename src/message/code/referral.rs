//! The labels of referrals: where one stands, why, what can be done, what became of it.
use super::labels;

labels! {
    ReferralStatus {
        Draft: "Draft", "Brouillon"
            => "Seen by the organization that writes it, and by nobody else.",
               "Visible seulement par l'organisation qui le rédige.";
        Requested: "Requested", "Demandé"
            => "Sent, and not answered yet.",
               "Envoyé, encore sans réponse.";
        Accepted: "Accepted", "Accepté"
            => "The recipient takes it on. First contact is still to come.",
               "Le destinataire s'en charge. Le premier contact est à venir.";
        Rejected: "Declined", "Refusé"
            => "The recipient cannot take it on. It can be sent again, elsewhere or later.",
               "Le destinataire ne peut pas s'en charger. L'aiguillage peut être soumis de nouveau, ailleurs ou plus tard.";
        InProgress: "In progress", "En cours"
            => "The first contact was made.",
               "Le premier contact a eu lieu.";
        OnHold: "On hold", "En suspens"
            => "Accepted, and paused for a reason, for instance on a waiting list.",
               "Accepté, puis mis en pause pour un motif indiqué, par exemple sur une liste d'attente.";
        Completed: "Completed", "Terminé"
            => "The service was given, and at least one outcome is recorded.",
               "Le service a été rendu et au moins un résultat est consigné.";
        Failed: "Ended without result", "Sans résultat"
            => "Accepted, but the need could not be met. An unresolved outcome says why.",
               "Accepté, mais le besoin n'a pas pu être comblé. Un résultat non résolu en donne la raison.";
        Cancelled: "Cancelled", "Annulé"
            => "Ended before a result: by the sender, by the recipient after acceptance, or by the system.",
               "Arrêté avant tout résultat, par l'expéditeur, par le destinataire après acceptation ou par le système.";
        EnteredInError: "Entered in error", "Saisi par erreur"
            => "It should never have been. Its content is masked; its history is kept.",
               "N'aurait pas dû exister. Son contenu est masqué et son historique est conservé.";
    }

    ReferralPhase {
        Draft: "Draft", "Brouillon";
        Waiting: "Waiting for an answer", "En attente de réponse";
        Active: "Active", "Actif"
            => "Accepted or in progress.", "Accepté ou en cours.";
        Paused: "Paused", "En pause"
            => "On hold.", "En suspens.";
        Closed: "Closed", "Fermé"
            => "Declined, completed, ended without result, cancelled or entered in error.",
               "Refusé, terminé, sans résultat, annulé ou saisi par erreur.";
    }

    ReferralPriority {
        Routine: "Routine", "Ordinaire"
            => "A first answer is due within five business days, unless set otherwise.",
               "Une première réponse est attendue dans les cinq jours ouvrables, sauf réglage différent.";
        Urgent: "Urgent", "Urgent"
            => "A first answer is due within one business day, unless set otherwise.",
               "Une première réponse est attendue dans un délai d'un jour ouvrable, sauf réglage différent.";
    }

    ReferralSubStatus {
        AwaitingReview: "Awaiting review", "En attente d'examen";
        NeedsInformation: "Needs information", "Renseignements requis"
            => "The recipient asked the sender for something.",
               "Le destinataire attend des renseignements de l'expéditeur.";
        NeedsClaimantAction: "Claimant must act", "Démarche du demandeur d'asile requise"
            => "The next step is the claimant's, for instance to bring a document.",
               "La prochaine étape revient au demandeur d'asile, par exemple apporter un document.";
        ContactAttempted: "Contact attempted", "Tentative de contact effectuée";
        AppointmentOffered: "Appointment offered", "Rendez-vous proposé";
        AppointmentConfirmed: "Appointment confirmed", "Rendez-vous confirmé";
        NoShow: "Did not attend", "Absence au rendez-vous";
        Waitlisted: "On a waiting list", "Sur une liste d'attente";
        AssessmentBooked: "Assessment booked", "Évaluation prévue";
        Enrolled: "Enrolled", "Inscription effectuée";
    }

    ReferralStatusReason {
        AtCapacity: "No room at this time", "Aucune place pour le moment";
        NotEligible: "Not eligible for the service", "Non admissible au service";
        OutOfArea: "Outside the area served", "Hors du territoire desservi";
        LanguageUnavailable: "Language not available", "Langue non offerte"
            => "Neither the service nor an interpreter is available in the language needed.",
               "Ni le service ni un interprète ne sont offerts dans la langue requise.";
        MissingDocument: "Document missing", "Document manquant";
        NoWorkAuthorization: "No work authorization", "Aucune autorisation de travail";
        Duplicate: "Duplicate", "Doublon"
            => "Another referral serves the same need.",
               "Un autre aiguillage répond au même besoin.";
        WrongService: "Wrong service", "Service inapproprié"
            => "The need is another than the one the service answers.",
               "Le besoin ne correspond pas à ce que le service offre.";
        CannotContact: "Could not be reached", "Impossible à joindre";
        ClaimantDeclined: "Claimant declined", "Refus du demandeur d'asile";
        ClaimantMoved: "Claimant moved", "Déménagement du demandeur d'asile";
        ConsentWithdrawn: "Consent withdrawn", "Consentement retiré"
            => "Recorded by the system alone.",
               "Inscrit par le système seulement.";
        ReferredElsewhere: "Referred elsewhere", "Aiguillage vers un autre service";
        ProviderClosed: "Provider closed", "Fermeture du fournisseur de services";
        ReferralExpired: "Expired without an answer", "Expiré sans réponse"
            => "Nobody answered in time. Recorded by the system alone.",
               "Personne n'a répondu à temps. Inscrit par le système seulement.";
        Other: "Other", "Autre";
    }

    DecidedBy {
        Claimant: "Claimant", "Demandeur d'asile";
        Provider: "Provider", "Fournisseur de services";
        Source: "Sending organization", "Organisation expéditrice";
        System: "System", "Système";
    }

    ReferralAction {
        Update: "Update", "Modifier";
        LinkClaimant: "Name the claimant", "Associer le demandeur d'asile"
            => "Links an anonymous referral to a registered claimant who consented.",
               "Associe un aiguillage anonyme à un demandeur d'asile inscrit qui y a consenti.";
        SetPriority: "Set the priority", "Fixer la priorité";
        Assign: "Assign", "Attribuer"
            => "To a worker of the recipient, seen inside that organization only.",
               "À un membre du personnel du destinataire, visible dans cette organisation seulement.";
        Send: "Send", "Envoyer";
        Claim: "Take on", "Prendre en charge"
            => "Takes an open referral, which has no recipient yet.",
               "Prend en charge un aiguillage ouvert, qui n'a pas encore de destinataire.";
        Reroute: "Send elsewhere", "Réacheminer"
            => "To another service; the recipient before loses access. From the ministry it is a request to the sender.",
               "Vers un autre service; l'ancien destinataire perd son accès. De la part du ministère, c'est une demande à l'expéditeur.";
        Accept: "Accept", "Accepter";
        Decline: "Decline", "Refuser";
        Cancel: "Cancel", "Annuler";
        Start: "Start", "Commencer"
            => "Records the first contact.", "Consigne le premier contact.";
        Hold: "Put on hold", "Mettre en suspens";
        Resume: "Resume", "Reprendre";
        Complete: "Complete", "Terminer"
            => "With at least one outcome.", "Avec au moins un résultat.";
        Fail: "End without result", "Clore sans résultat"
            => "With an unresolved outcome and a reason.", "Avec un résultat non résolu et un motif.";
        Void: "Mark as entered in error", "Marquer comme saisi par erreur";
        Resubmit: "Submit again", "Soumettre de nouveau"
            => "Makes a new referral that replaces this one.",
               "Crée un nouvel aiguillage qui remplace celui-ci.";
        Split: "Split", "Scinder"
            => "Makes a referral for a further need, part of this one.",
               "Crée un aiguillage pour un autre besoin, rattaché à celui-ci.";
        SetSubStatus: "Say what it waits for", "Préciser l'état d'avancement";
        RecordOutcome: "Record an outcome", "Consigner un résultat";
    }

    OutcomeKind {
        EmployedFullTime: "Employed full time", "Emploi à temps plein";
        EmployedPartTime: "Employed part time", "Emploi à temps partiel";
        TrainingEnrolled: "Enrolled in training", "Inscription à une formation";
        LanguageEnrolled: "Enrolled in language training", "Inscription à une formation linguistique";
        CredentialStarted: "Recognition of qualifications started", "Reconnaissance des qualifications entamée";
        CredentialRecognized: "Qualifications recognized", "Qualifications reconnues";
        EmployerConnected: "Connected with an employer", "Mise en relation avec un employeur";
        Housed: "Housed", "Logement obtenu";
        HealthConnected: "Connected with health care", "Accès aux soins de santé obtenu";
        InformationOnly: "Information given", "Information fournie"
            => "Information was all that was needed.", "L'information donnée suffisait.";
        UnresolvedCapacity: "Not resolved, no room", "Non résolu, aucune place"
            => "The need is still there.", "Le besoin demeure.";
        UnresolvedEligibility: "Not resolved, not eligible", "Non résolu, non-admissibilité"
            => "The need is still there.", "Le besoin demeure.";
        UnresolvedContact: "Not resolved, could not be reached", "Non résolu, personne impossible à joindre"
            => "The need is still there.", "Le besoin demeure.";
        UnresolvedOther: "Not resolved, other reason", "Non résolu, autre raison"
            => "The need is still there.", "Le besoin demeure.";
    }

    AppointmentStatus {
        Proposed: "Proposed", "Proposé"
            => "Offered to the claimant, and not confirmed yet.",
               "Offert au demandeur d'asile, encore sans confirmation.";
        Booked: "Booked", "Confirmé";
        Fulfilled: "Kept", "Honoré";
        NoShow: "Not kept", "Manqué"
            => "The claimant did not come.", "Le demandeur d'asile ne s'est pas présenté.";
        Cancelled: "Cancelled", "Annulé";
    }

    ReferralBox {
        Inbox: "Received", "Reçus";
        Outbox: "Sent", "Envoyés";
        Open: "Open to be taken on", "Ouverts à la prise en charge";
        All: "All", "Tous";
    }

    ReferralOrderField {
        CreatedAt: "Date created", "Date de création";
        UpdatedAt: "Date updated", "Date de mise à jour";
        DueAt: "Answer due", "Échéance de la réponse";
        Urgency: "Urgency", "Urgence";
    }
}
