//! The table of scopes: type, field, what is needed (outer list any of, inner list all of). It is data; what is done
//! with it stands in the modules beside it.
use super::{Requirement, Scope, Scope::*};

/// The name under which a whole type stands in the table.
pub const OBJECT: &str = "*";

const REFERRAL: Requirement = &[&[ReferralRead], &[ReferralOversight]];
const REFERRAL_WRITE: Requirement = &[&[ReferralWrite]];
/// What the ministry may do to a referral as well.
const REFERRAL_STEER: Requirement = &[&[ReferralWrite], &[ReferralOversight]];
/// The parts of a referral that are between its parties.
const REFERRAL_INSIDE: Requirement = &[&[ReferralRead]];
/// The claimant behind a referral. Under oversight the answer is null with its reason, whatever the referral.
const REFERRAL_CLAIMANT: Requirement = &[&[ReferralRead, ClaimantRead], &[ReferralOversight]];
/// It tells what follows from sealed facts of a claimant.
const REFERRAL_PREVIEW: Requirement = &[&[ReferralRead, ClaimantRead]];
const CLAIMANT: Requirement = &[&[ClaimantRead], &[ReferralOversight]];
const CLAIMANT_READ: Requirement = &[&[ClaimantRead]];
const CLAIMANT_WRITE: Requirement = &[&[ClaimantWrite]];
const DIRECTORY_READ: Requirement = &[&[DirectoryRead]];
const DIRECTORY_WRITE: Requirement = &[&[DirectoryWrite]];
const REPORT_READ: Requirement = &[&[ReportRead]];
const NOTICE_WRITE: Requirement = &[&[NoticeWrite]];
const FEEDBACK_READ: Requirement = &[&[FeedbackRead]];
const FEEDBACK_WRITE: Requirement = &[&[FeedbackWrite]];
/// A payload returns what was just sent.
const FEEDBACK: Requirement = &[&[FeedbackRead], &[FeedbackWrite]];
const OUTREACH: Requirement = &[&[OutreachWrite]];
const AUDIT_READ: Requirement = &[&[AuditRead]];

/// Every field, and every type, that needs more than a valid token.
pub const TABLE: &[(&str, &str, &[&[Scope]])] = &[
    ("Query", "organization", DIRECTORY_READ),
    ("Query", "organizations", DIRECTORY_READ),
    ("Query", "service", DIRECTORY_READ),
    ("Query", "services", DIRECTORY_READ),
    ("Query", "regions", DIRECTORY_READ),
    ("Query", "catchments", DIRECTORY_READ),
    ("Query", "claimant", CLAIMANT_READ),
    ("Query", "claimants", CLAIMANT_READ),
    ("Query", "duplicateCandidates", CLAIMANT_READ),
    ("Query", "referral", REFERRAL),
    ("Query", "referrals", REFERRAL),
    ("Query", "inboxSummary", REFERRAL_INSIDE),
    ("Query", "changes", REFERRAL),
    ("Query", "referralPreview", REFERRAL_PREVIEW),
    ("Query", "disclosures", AUDIT_READ),
    ("Query", "auditCheckpoint", AUDIT_READ),
    ("Query", "referralReport", REPORT_READ),
    ("Query", "timelinessReport", REPORT_READ),
    ("Query", "capacityReport", REPORT_READ),
    ("Query", "arrivalReport", REPORT_READ),
    ("Query", "feedbackReport", REPORT_READ),
    ("Query", "feedback", FEEDBACK_READ),
    ("Query", "outreach", OUTREACH),
    ("Mutation", "claimantRegister", CLAIMANT_WRITE),
    ("Mutation", "claimantUpdate", CLAIMANT_WRITE),
    ("Mutation", "claimantTransfer", CLAIMANT_WRITE),
    ("Mutation", "claimantErase", CLAIMANT_WRITE),
    ("Mutation", "claimantHold", CLAIMANT_WRITE),
    ("Mutation", "claimantMatch", CLAIMANT_WRITE),
    ("Mutation", "duplicateDecide", CLAIMANT_WRITE),
    ("Mutation", "duplicateReverse", CLAIMANT_WRITE),
    ("Mutation", "needRecord", CLAIMANT_WRITE),
    ("Mutation", "qualificationSave", CLAIMANT_WRITE),
    ("Mutation", "languageAbilitySave", CLAIMANT_WRITE),
    ("Mutation", "householdLeave", CLAIMANT_WRITE),
    ("Mutation", "consentRecord", CLAIMANT_WRITE),
    ("Mutation", "consentWithdraw", CLAIMANT_WRITE),
    ("Mutation", "exclusionRecord", CLAIMANT_WRITE),
    ("Mutation", "exclusionEnd", CLAIMANT_WRITE),
    ("Mutation", "referralCreate", REFERRAL_WRITE),
    ("Mutation", "referralUpdate", REFERRAL_WRITE),
    ("Mutation", "referralLinkClaimant", REFERRAL_WRITE),
    ("Mutation", "referralSend", REFERRAL_WRITE),
    ("Mutation", "referralClaim", REFERRAL_WRITE),
    ("Mutation", "referralReroute", REFERRAL_STEER),
    ("Mutation", "referralSetPriority", REFERRAL_STEER),
    ("Mutation", "referralAssign", REFERRAL_WRITE),
    ("Mutation", "referralSetSubStatus", REFERRAL_WRITE),
    ("Mutation", "referralAccept", REFERRAL_WRITE),
    ("Mutation", "referralDecline", REFERRAL_WRITE),
    ("Mutation", "referralCancel", REFERRAL_WRITE),
    ("Mutation", "referralStart", REFERRAL_WRITE),
    ("Mutation", "referralHold", REFERRAL_WRITE),
    ("Mutation", "referralResume", REFERRAL_WRITE),
    ("Mutation", "referralComplete", REFERRAL_WRITE),
    ("Mutation", "referralFail", REFERRAL_WRITE),
    ("Mutation", "referralVoid", REFERRAL_WRITE),
    ("Mutation", "referralResubmit", REFERRAL_WRITE),
    ("Mutation", "referralSplit", REFERRAL_WRITE),
    ("Mutation", "referralBulkAct", REFERRAL_WRITE),
    ("Mutation", "outcomeRecord", REFERRAL_WRITE),
    ("Mutation", "messageSend", REFERRAL_WRITE),
    ("Mutation", "appointmentSave", REFERRAL_WRITE),
    ("Mutation", "serviceSave", DIRECTORY_WRITE),
    ("Mutation", "capacitySave", DIRECTORY_WRITE),
    ("Mutation", "eligibilityRuleSave", DIRECTORY_WRITE),
    ("Mutation", "noticePublish", NOTICE_WRITE),
    ("Mutation", "feedbackSubmit", FEEDBACK_WRITE),
    ("Mutation", "feedbackTriage", FEEDBACK_WRITE),
    ("Mutation", "feedbackReply", FEEDBACK_WRITE),
    ("Mutation", "outreachRecord", OUTREACH),
    ("Mutation", "outreachRespond", OUTREACH),
    ("Subscription", "changes", REFERRAL),
    ("Organization", "services", DIRECTORY_READ),
    ("Claimant", OBJECT, CLAIMANT),
    ("Claimant", "referrals", REFERRAL_CLAIMANT),
    ("ClaimantMatch", OBJECT, CLAIMANT_READ),
    ("DuplicateCandidate", OBJECT, CLAIMANT_READ),
    ("Consent", OBJECT, CLAIMANT_READ),
    ("Exclusion", OBJECT, CLAIMANT_READ),
    (
        "Need",
        OBJECT,
        &[&[ClaimantRead], &[ReferralRead], &[ReferralOversight]],
    ),
    ("Referral", OBJECT, REFERRAL),
    ("Referral", "claimant", REFERRAL_CLAIMANT),
    ("Referral", "alsoFor", REFERRAL_CLAIMANT),
    ("Referral", "need", REFERRAL),
    ("Referral", "outcomes", REFERRAL),
    ("Referral", "messages", REFERRAL_INSIDE),
    ("Referral", "appointments", REFERRAL_INSIDE),
    ("Outcome", OBJECT, REFERRAL),
    ("Outcome", "claimant", REFERRAL_CLAIMANT),
    ("Message", OBJECT, REFERRAL_INSIDE),
    ("Appointment", OBJECT, REFERRAL_INSIDE),
    ("JournalEntry", OBJECT, REFERRAL),
    ("ReferralPreview", OBJECT, REFERRAL_PREVIEW),
    ("EligibilityResult", OBJECT, REFERRAL_PREVIEW),
    ("EligibilityReason", OBJECT, REFERRAL_PREVIEW),
    ("AuditCheckpoint", OBJECT, AUDIT_READ),
    ("Disclosure", OBJECT, AUDIT_READ),
    ("Disclosure", "referral", &[&[AuditRead, ReferralRead]]),
    ("Disclosure", "consent", &[&[AuditRead, ClaimantRead]]),
    ("Notice", "receipts", NOTICE_WRITE),
    ("Feedback", OBJECT, FEEDBACK),
    ("Outreach", OBJECT, OUTREACH),
];

/// The fields of the root types for which any valid token will do, named so that none is forgotten by accident.
/// `node` and `nodes` reach types that have rows of their own.
pub const ANY_TOKEN: &[(&str, &str)] = &[
    ("Query", "node"),
    ("Query", "nodes"),
    ("Query", "viewer"),
    ("Query", "notices"),
    ("Query", "codes"),
    ("Mutation", "noticeAcknowledge"),
];
