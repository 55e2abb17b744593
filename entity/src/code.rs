//! The codes of the domain: enumerations kept as text, with the one spelling that the database, the API and
//! configuration share. Their labels in both languages live with the gateway, not here.
use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A text that is no value of its enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text that is no value of its enumeration")
    }
}

impl std::error::Error for UnknownCode {}

/// Declares an enumeration once for the database, the API and serde, each value under one spelling.
macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident { $($variant:ident = $text:tt,)+ })+) => {$(
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            DeriveValueType, Serialize, Deserialize, async_graphql::Enum,
        )]
        #[sea_orm(value_type = "String")]
        pub enum $name {
            $(#[graphql(name = $text)] #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The one spelling of this value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownCode;

            fn from_str(text: &str) -> Result<Self, UnknownCode> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(UnknownCode) }
            }
        }
    )+};
}

codes! {
    /// The two official languages in which the gateway speaks.
    Language {
        En = "EN",
        Fr = "FR",
    }

    /// What an organization may do here. It is read from the organization's own row, never from a token.
    Role {
        Provider = "PROVIDER",
        SettlementAgency = "SETTLEMENT_AGENCY",
        Ministry = "MINISTRY",
    }

    /// Why a sealed group is open, or why it is not.
    Access {
        Granted = "GRANTED",
        SealedUntilAccepted = "SEALED_UNTIL_ACCEPTED",
        ConsentRequired = "CONSENT_REQUIRED",
        ConsentExpired = "CONSENT_EXPIRED",
        Anonymous = "ANONYMOUS",
        RoleForbidden = "ROLE_FORBIDDEN",
    }

    /// A group of facts about a claimant that consent opens or leaves sealed.
    FieldGroup {
        Identity = "IDENTITY",
        Contact = "CONTACT",
        Identifiers = "IDENTIFIERS",
        ClaimStatus = "CLAIM_STATUS",
        WorkAuthorization = "WORK_AUTHORIZATION",
        Qualifications = "QUALIFICATIONS",
        FreeText = "FREE_TEXT",
    }

    /// What a claimant needs. Housing and health come first.
    NeedCategory {
        Housing = "HOUSING",
        Health = "HEALTH",
        Food = "FOOD",
        Income = "INCOME",
        Legal = "LEGAL",
        Language = "LANGUAGE",
        Employment = "EMPLOYMENT",
        Training = "TRAINING",
        CredentialRecognition = "CREDENTIAL_RECOGNITION",
        EmployerConnection = "EMPLOYER_CONNECTION",
        Childcare = "CHILDCARE",
        Transport = "TRANSPORT",
        DigitalAccess = "DIGITAL_ACCESS",
        Social = "SOCIAL",
    }

    /// What a rule of eligibility asks about. The first five stand in sealed groups of a claimant, the others in the open
    /// part.
    EligibilityFact {
        Stage = "STAGE",
        WorkAuthorization = "WORK_AUTHORIZATION",
        SocialInsurance = "SOCIAL_INSURANCE",
        Age = "AGE",
        LanguageLevel = "LANGUAGE_LEVEL",
        AgeBand = "AGE_BAND",
        Region = "REGION",
        Language = "LANGUAGE",
    }

    /// Where a need stands.
    NeedStatus {
        Open = "OPEN",
        Referred = "REFERRED",
        Met = "MET",
        Unmet = "UNMET",
    }

    /// What an organization is for. The kind gives the role.
    OrganizationKind {
        SettlementAgency = "SETTLEMENT_AGENCY",
        EmploymentService = "EMPLOYMENT_SERVICE",
        ServiceSystemManager = "SERVICE_SYSTEM_MANAGER",
        Housing = "HOUSING",
        Health = "HEALTH",
        LanguageTraining = "LANGUAGE_TRAINING",
        CredentialAssessment = "CREDENTIAL_ASSESSMENT",
        EmployerNetwork = "EMPLOYER_NETWORK",
        Legal = "LEGAL",
        Ministry = "MINISTRY",
    }

    /// Whether a service is offered now.
    ServiceStatus {
        Active = "ACTIVE",
        Inactive = "INACTIVE",
        Defunct = "DEFUNCT",
        TemporarilyClosed = "TEMPORARILY_CLOSED",
    }

    /// Whether a service can take one more person.
    CapacityStatus {
        Capacity = "CAPACITY",
        NoCapacity = "NO_CAPACITY",
        Waitlist = "WAITLIST",
        AdditionalAssessmentRequired = "ADDITIONAL_ASSESSMENT_REQUIRED",
    }

    /// An age in the bands of intake forms; an exact birth date is sealed.
    AgeBand {
        Under12 = "UNDER_12",
        From12To15 = "FROM_12_TO_15",
        From16To17 = "FROM_16_TO_17",
        Age18 = "AGE_18",
        From19To24 = "FROM_19_TO_24",
        From25To54 = "FROM_25_TO_54",
        From55To64 = "FROM_55_TO_64",
        From65 = "FROM_65",
    }

    /// A fact that may not be known.
    YesNoUnknown {
        Yes = "YES",
        No = "NO",
        Unknown = "UNKNOWN",
    }

    /// Where a claim for refugee protection stands.
    ClaimStage {
        Acknowledged = "ACKNOWLEDGED",
        EligibilityPending = "ELIGIBILITY_PENDING",
        ReferredToIrb = "REFERRED_TO_IRB",
        IneligiblePrra = "INELIGIBLE_PRRA",
        AcceptedProtected = "ACCEPTED_PROTECTED",
        Rejected = "REJECTED",
        Abandoned = "ABANDONED",
        Withdrawn = "WITHDRAWN",
        Suspended = "SUSPENDED",
        Unknown = "UNKNOWN",
    }

    /// The kind of an identifier that an authority or an agency gave to a claimant.
    IdentifierKind {
        Uci = "UCI",
        Rpcd = "RPCD",
        WorkPermit = "WORK_PERMIT",
        CamsCase = "CAMS_CASE",
        AgencyId = "AGENCY_ID",
    }

    /// How a contact point is reached.
    ContactKind {
        Phone = "PHONE",
        Email = "EMAIL",
        Messaging = "MESSAGING",
        Postal = "POSTAL",
    }

    /// Whether other organizations may contact the claimant directly.
    ContactPermission {
        ViaAgencyOnly = "VIA_AGENCY_ONLY",
        Any = "ANY",
        Prohibited = "PROHIBITED",
    }

    /// Whether it is safe to use a contact point.
    Safety {
        Safe = "SAFE",
        Unsafe = "UNSAFE",
        Unknown = "UNKNOWN",
    }

    /// How far the recognition of a qualification has come in Ontario.
    RecognitionStatus {
        NotStarted = "NOT_STARTED",
        InAssessment = "IN_ASSESSMENT",
        Recognized = "RECOGNIZED",
        Partial = "PARTIAL",
        Refused = "REFUSED",
    }

    /// Whether a consent is in force.
    ConsentStatus {
        Active = "ACTIVE",
        Withdrawn = "WITHDRAWN",
        Expired = "EXPIRED",
        Refused = "REFUSED",
    }

    /// How a consent was given.
    ConsentMethod {
        Verbal = "VERBAL",
        Written = "WRITTEN",
        Electronic = "ELECTRONIC",
    }

    /// Who gave a consent.
    ConsentGiver {
        Oneself = "SELF",
        Guardian = "GUARDIAN",
        Representative = "REPRESENTATIVE",
    }

    /// Who interpreted when a consent was given.
    InterpreterKind {
        None = "NONE",
        Professional = "PROFESSIONAL",
        Staff = "STAFF",
        Volunteer = "VOLUNTEER",
        Family = "FAMILY",
    }

    /// The state of a referral: the ten states of the HL7 Gravity SDOH referral Task.
    ReferralStatus {
        Draft = "DRAFT",
        Requested = "REQUESTED",
        Accepted = "ACCEPTED",
        Rejected = "REJECTED",
        InProgress = "IN_PROGRESS",
        OnHold = "ON_HOLD",
        Completed = "COMPLETED",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
        EnteredInError = "ENTERED_IN_ERROR",
    }

    /// The states of a referral in five groups, for tabs and charts.
    ReferralPhase {
        Draft = "DRAFT",
        Waiting = "WAITING",
        Active = "ACTIVE",
        Paused = "PAUSED",
        Closed = "CLOSED",
    }

    /// How soon a first answer is due: one business day (URGENT) or five (ROUTINE), unless configured otherwise.
    ReferralPriority {
        Routine = "ROUTINE",
        Urgent = "URGENT",
    }

    /// What a referral waits for within its state.
    ReferralSubStatus {
        AwaitingReview = "AWAITING_REVIEW",
        NeedsInformation = "NEEDS_INFORMATION",
        NeedsClaimantAction = "NEEDS_CLAIMANT_ACTION",
        ContactAttempted = "CONTACT_ATTEMPTED",
        AppointmentOffered = "APPOINTMENT_OFFERED",
        AppointmentConfirmed = "APPOINTMENT_CONFIRMED",
        NoShow = "NO_SHOW",
        Waitlisted = "WAITLISTED",
        AssessmentBooked = "ASSESSMENT_BOOKED",
        Enrolled = "ENROLLED",
    }

    /// Why a referral came to its state.
    ReferralStatusReason {
        AtCapacity = "AT_CAPACITY",
        NotEligible = "NOT_ELIGIBLE",
        OutOfArea = "OUT_OF_AREA",
        LanguageUnavailable = "LANGUAGE_UNAVAILABLE",
        MissingDocument = "MISSING_DOCUMENT",
        NoWorkAuthorization = "NO_WORK_AUTHORIZATION",
        Duplicate = "DUPLICATE",
        WrongService = "WRONG_SERVICE",
        CannotContact = "CANNOT_CONTACT",
        ClaimantDeclined = "CLAIMANT_DECLINED",
        ClaimantMoved = "CLAIMANT_MOVED",
        ConsentWithdrawn = "CONSENT_WITHDRAWN",
        ReferredElsewhere = "REFERRED_ELSEWHERE",
        ProviderClosed = "PROVIDER_CLOSED",
        ReferralExpired = "REFERRAL_EXPIRED",
        Other = "OTHER",
    }

    /// Who decided that a referral ends.
    DecidedBy {
        Claimant = "CLAIMANT",
        Provider = "PROVIDER",
        Source = "SOURCE",
        System = "SYSTEM",
    }

    /// What can be done with a referral.
    ReferralAction {
        Update = "UPDATE",
        LinkClaimant = "LINK_CLAIMANT",
        SetPriority = "SET_PRIORITY",
        Assign = "ASSIGN",
        Send = "SEND",
        Claim = "CLAIM",
        Reroute = "REROUTE",
        Accept = "ACCEPT",
        Decline = "DECLINE",
        Cancel = "CANCEL",
        Start = "START",
        Hold = "HOLD",
        Resume = "RESUME",
        Complete = "COMPLETE",
        Fail = "FAIL",
        Void = "VOID",
        Resubmit = "RESUBMIT",
        Split = "SPLIT",
        SetSubStatus = "SET_SUB_STATUS",
        RecordOutcome = "RECORD_OUTCOME",
    }

    /// What became of a referral.
    OutcomeKind {
        EmployedFullTime = "EMPLOYED_FULL_TIME",
        EmployedPartTime = "EMPLOYED_PART_TIME",
        TrainingEnrolled = "TRAINING_ENROLLED",
        LanguageEnrolled = "LANGUAGE_ENROLLED",
        CredentialStarted = "CREDENTIAL_STARTED",
        CredentialRecognized = "CREDENTIAL_RECOGNIZED",
        EmployerConnected = "EMPLOYER_CONNECTED",
        Housed = "HOUSED",
        HealthConnected = "HEALTH_CONNECTED",
        InformationOnly = "INFORMATION_ONLY",
        UnresolvedCapacity = "UNRESOLVED_CAPACITY",
        UnresolvedEligibility = "UNRESOLVED_ELIGIBILITY",
        UnresolvedContact = "UNRESOLVED_CONTACT",
        UnresolvedOther = "UNRESOLVED_OTHER",
    }

    /// Where an appointment stands.
    AppointmentStatus {
        Proposed = "PROPOSED",
        Booked = "BOOKED",
        Fulfilled = "FULFILLED",
        NoShow = "NO_SHOW",
        Cancelled = "CANCELLED",
    }

    /// Ascending or descending.
    OrderDirection {
        Asc = "ASC",
        Desc = "DESC",
    }

    /// What a list of referrals is ordered by. URGENCY, ascending: what waits for an answer, urgent before routine; then
    /// what is worked on or on hold, urgent before routine; then the rest; among equals by dueAt, the earliest first and
    /// those without one last.
    ReferralOrderField {
        CreatedAt = "CREATED_AT",
        UpdatedAt = "UPDATED_AT",
        DueAt = "DUE_AT",
        Urgency = "URGENCY",
    }

    /// Which referrals: INBOX, those the caller's organization owns; OUTBOX, those it sent; OPEN, those it could claim; ALL, whatever it may see.
    ReferralBox {
        Inbox = "INBOX",
        Outbox = "OUTBOX",
        Open = "OPEN",
        All = "ALL",
    }

    /// What feedback from the front line is about.
    FeedbackTopic {
        Barrier = "BARRIER",
        Idea = "IDEA",
        Practice = "PRACTICE",
        Capacity = "CAPACITY",
        TrainingNeed = "TRAINING_NEED",
        Policy = "POLICY",
    }

    /// A set of codes whose labels can be asked for.
    CodeSet {
        NeedCategory = "NEED_CATEGORY",
        OrganizationKind = "ORGANIZATION_KIND",
        ReferralStatus = "REFERRAL_STATUS",
        ReferralPhase = "REFERRAL_PHASE",
        ReferralSubStatus = "REFERRAL_SUB_STATUS",
        ReferralStatusReason = "REFERRAL_STATUS_REASON",
        OutcomeKind = "OUTCOME_KIND",
        ClaimStage = "CLAIM_STAGE",
        ServiceStatus = "SERVICE_STATUS",
        CapacityStatus = "CAPACITY_STATUS",
        AgeBand = "AGE_BAND",
        FeedbackTopic = "FEEDBACK_TOPIC",
        Access = "ACCESS",
    }

    /// How much of a birth date is known.
    DatePrecision {
        Day = "DAY",
        Month = "MONTH",
        Year = "YEAR",
    }

    /// How sure it is that two descriptions are of one person.
    MatchBand {
        Possible = "POSSIBLE",
        Likely = "LIKELY",
    }

    /// What was decided of two claimants who may be one person.
    DuplicateStatus {
        Open = "OPEN",
        Same = "SAME",
        Different = "DIFFERENT",
    }

    /// What an organization decides of two claimants who may be one person.
    DuplicateDecision {
        Same = "SAME",
        Different = "DIFFERENT",
    }

    /// What the rows of a report are counted by.
    ReportDimension {
        Status = "STATUS",
        Category = "CATEGORY",
        Region = "REGION",
        Catchment = "CATCHMENT",
        Month = "MONTH",
        Week = "WEEK",
        Priority = "PRIORITY",
        SourceKind = "SOURCE_KIND",
        OwnerKind = "OWNER_KIND",
        Outcome = "OUTCOME",
        Reason = "REASON",
        Language = "LANGUAGE",
    }

    /// What a report counts.
    ReportMeasure {
        Referrals = "REFERRALS",
        Claimants = "CLAIMANTS",
        Needs = "NEEDS",
    }

    /// The Ontario program under which a service is delivered.
    Program {
        Ies = "IES",
        Bjo = "BJO",
        Lbs = "LBS",
        Obtp = "OBTP",
        Sao = "SAO",
        Apprenticeship = "APPRENTICESHIP",
        Nsp = "NSP",
        EslFsl = "ESL_FSL",
        Other = "OTHER",
    }

    /// How a service reaches people.
    DeliveryMode {
        InPerson = "IN_PERSON",
        Remote = "REMOTE",
        Hybrid = "HYBRID",
    }

    /// What a grant opens: a sealed group, or one of the steps before it.
    AccessGroup {
        Presence = "PRESENCE",
        OpenPart = "OPEN_PART",
        Needs = "NEEDS",
        Identity = "IDENTITY",
        Contact = "CONTACT",
        ClaimStatus = "CLAIM_STATUS",
        WorkAuthorizationState = "WORK_AUTHORIZATION_STATE",
        WorkAuthorization = "WORK_AUTHORIZATION",
        LanguageLevels = "LANGUAGE_LEVELS",
        Qualifications = "QUALIFICATIONS",
    }

    /// What stands in the audit chain.
    AuditStream {
        Journal = "JOURNAL",
        Disclosure = "DISCLOSURE",
    }

    /// What a journal entry is about.
    SubjectType {
        Claimant = "CLAIMANT",
        Consent = "CONSENT",
        Disclosure = "DISCLOSURE",
        DuplicateCandidate = "DUPLICATE_CANDIDATE",
        Need = "NEED",
        Organization = "ORGANIZATION",
        Referral = "REFERRAL",
        Service = "SERVICE",
    }

    /// What happened.
    JournalKind {
        AccessEnded = "ACCESS_ENDED",
        AppointmentBooked = "APPOINTMENT_BOOKED",
        AppointmentCancelled = "APPOINTMENT_CANCELLED",
        AppointmentChanged = "APPOINTMENT_CHANGED",
        AppointmentFulfilled = "APPOINTMENT_FULFILLED",
        AppointmentNoShow = "APPOINTMENT_NO_SHOW",
        AppointmentProposed = "APPOINTMENT_PROPOSED",
        CapacityChanged = "CAPACITY_CHANGED",
        ClaimantErased = "CLAIMANT_ERASED",
        ClaimantErasureRequested = "CLAIMANT_ERASURE_REQUESTED",
        ClaimantHeld = "CLAIMANT_HELD",
        ClaimantHoldLifted = "CLAIMANT_HOLD_LIFTED",
        ClaimantRegistered = "CLAIMANT_REGISTERED",
        ClaimantSought = "CLAIMANT_SOUGHT",
        ClaimantTransferred = "CLAIMANT_TRANSFERRED",
        ClaimantUpdated = "CLAIMANT_UPDATED",
        ConsentRecorded = "CONSENT_RECORDED",
        ConsentWithdrawn = "CONSENT_WITHDRAWN",
        DirectoryImported = "DIRECTORY_IMPORTED",
        DisclosureRemoved = "DISCLOSURE_REMOVED",
        DuplicateDecidedDifferent = "DUPLICATE_DECIDED_DIFFERENT",
        DuplicateDecidedSame = "DUPLICATE_DECIDED_SAME",
        DuplicateFound = "DUPLICATE_FOUND",
        DuplicateReversed = "DUPLICATE_REVERSED",
        EligibilityRuleSaved = "ELIGIBILITY_RULE_SAVED",
        ExclusionEnded = "EXCLUSION_ENDED",
        ExclusionRecorded = "EXCLUSION_RECORDED",
        FollowUpDue = "FOLLOW_UP_DUE",
        GrantsRepaired = "GRANTS_REPAIRED",
        HouseholdJoined = "HOUSEHOLD_JOINED",
        HouseholdLeft = "HOUSEHOLD_LEFT",
        LanguageAbilitySaved = "LANGUAGE_ABILITY_SAVED",
        MatchRequested = "MATCH_REQUESTED",
        MessageSent = "MESSAGE_SENT",
        NeedDue = "NEED_DUE",
        NeedRecorded = "NEED_RECORDED",
        OrganizationDisabled = "ORGANIZATION_DISABLED",
        OutcomeRecorded = "OUTCOME_RECORDED",
        OversightRead = "OVERSIGHT_READ",
        QualificationSaved = "QUALIFICATION_SAVED",
        ReferralAccepted = "REFERRAL_ACCEPTED",
        ReferralAssigned = "REFERRAL_ASSIGNED",
        ReferralCancelled = "REFERRAL_CANCELLED",
        ReferralClaimed = "REFERRAL_CLAIMED",
        ReferralCompleted = "REFERRAL_COMPLETED",
        ReferralCreated = "REFERRAL_CREATED",
        ReferralDeclined = "REFERRAL_DECLINED",
        ReferralDiscarded = "REFERRAL_DISCARDED",
        ReferralFailed = "REFERRAL_FAILED",
        ReferralHeld = "REFERRAL_HELD",
        ReferralLinked = "REFERRAL_LINKED",
        ReferralOverdue = "REFERRAL_OVERDUE",
        ReferralPriorityChanged = "REFERRAL_PRIORITY_CHANGED",
        ReferralReplaced = "REFERRAL_REPLACED",
        ReferralRerouted = "REFERRAL_REROUTED",
        ReferralResumed = "REFERRAL_RESUMED",
        ReferralSent = "REFERRAL_SENT",
        ReferralSourceChanged = "REFERRAL_SOURCE_CHANGED",
        ReferralSplit = "REFERRAL_SPLIT",
        ReferralStarted = "REFERRAL_STARTED",
        ReferralSubStatusChanged = "REFERRAL_SUB_STATUS_CHANGED",
        ReferralUpdated = "REFERRAL_UPDATED",
        ReferralVoided = "REFERRAL_VOIDED",
        RerouteRequested = "REROUTE_REQUESTED",
        ReviewDue = "REVIEW_DUE",
        ServiceChanged = "SERVICE_CHANGED",
    }
}
