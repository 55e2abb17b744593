//! How an object of each type is reached from what a viewpoint is about.
use serde_json::Value;

/// The way to the objects of one type; `it` names them, and `%` stands for what is selected of them. The variables are
/// the ids of the viewpoint's claimant, need, consent, referral and outcome, and of the provider's service.
pub struct Path {
    pub of: &'static str,
    query: &'static str,
}

const fn path(of: &'static str, query: &'static str) -> Path {
    Path { of, query }
}

macro_rules! of_claimant {
    ($of:literal, $way:literal) => {
        path(
            $of,
            concat!("node(id: $claimant) { ... on Claimant { ", $way, " } }"),
        )
    };
}

macro_rules! of_referral {
    ($of:literal, $way:literal) => {
        path(
            $of,
            concat!("node(id: $referral) { ... on Referral { ", $way, " } }"),
        )
    };
}

macro_rules! preview {
    ($of:literal, $field:literal, $way:literal) => {
        path(
            $of,
            concat!(
                $field,
                "(input: { claimantId: $claimant, category: EMPLOYMENT, serviceId: $service, acknowledgeDuplicate: true }) { ",
                $way,
                " }"
            ),
        )
    };
}

/// Every type that tells a fact.
pub const PATHS: &[Path] = &[
    path("Viewer", "it: viewer { % }"),
    path("Code", "it: codes(set: CLAIM_STAGE) { % }"),
    path("Region", "it: regions { % }"),
    path("RegionOffice", "regions { it: office { % } }"),
    path("Catchment", "it: catchments { % }"),
    of_referral!("Organization", "it: source { % }"),
    of_referral!("Service", "it: service { % }"),
    of_referral!("ServiceCapacity", "service { it: capacity { % } }"),
    of_referral!("EligibilityRule", "service { it: eligibilityRules { % } }"),
    path(
        "Claimant",
        "it: node(id: $claimant) { ... on Claimant { % } }",
    ),
    of_claimant!("ClaimantIdentity", "it: identity { % }"),
    of_claimant!("ClaimantContact", "it: contact { % }"),
    of_claimant!("ContactPoint", "contact { it: points { % } }"),
    of_claimant!("ClaimantIdentifier", "it: identifiers { % }"),
    of_claimant!("ClaimStatus", "it: claimStatus { % }"),
    of_claimant!("WorkAuthorization", "it: workAuthorization { % }"),
    of_claimant!("Qualification", "it: qualifications { % }"),
    of_claimant!("LanguageAbility", "it: languageAbilities { % }"),
    of_claimant!("Exclusion", "it: exclusions { % }"),
    path(
        "Disclosure",
        "disclosures(claimantId: $claimant, first: 5) { edges { it: node { % } } }",
    ),
    path(
        "DuplicateCandidate",
        "duplicateCandidates(status: SAME, first: 5) { edges { it: node { % } } }",
    ),
    path(
        "ClaimantMatch",
        "mutation { claimantMatch(input: { identity: { givenName: \"GivenAccepted\", familyName: \"FamilyAccepted\" } }) { it: matches { % } } }",
    ),
    path("InboxSummary", "it: inboxSummary { % }"),
    path("AuditCheckpoint", "it: auditCheckpoint { % }"),
    path("Need", "it: node(id: $need) { ... on Need { % } }"),
    path("Consent", "it: node(id: $consent) { ... on Consent { % } }"),
    path(
        "Referral",
        "it: node(id: $referral) { ... on Referral { % } }",
    ),
    path("Outcome", "it: node(id: $outcome) { ... on Outcome { % } }"),
    of_referral!("Message", "messages(first: 5) { edges { it: node { % } } }"),
    of_referral!("Appointment", "it: appointments { % }"),
    of_referral!(
        "JournalEntry",
        "history(first: 20) { edges { it: node { % } } }"
    ),
    preview!("ReferralPreview", "it: referralPreview", "%"),
    preview!(
        "EligibilityResult",
        "referralPreview",
        "it: eligibility { % }"
    ),
    preview!(
        "EligibilityReason",
        "referralPreview",
        "eligibility { it: failed { % } }"
    ),
    path(
        "ReferralReport",
        "it: referralReport(input: { period: { from: \"2026-06-01\", to: \"2026-12-31\" }, groupBy: [CATEGORY] }) { % }",
    ),
    path(
        "ReferralReportRow",
        "referralReport(input: { period: { from: \"2026-06-01\", to: \"2026-12-31\" }, groupBy: [CATEGORY] }) { it: rows { % } }",
    ),
    path(
        "ReportKey",
        "referralReport(input: { period: { from: \"2026-06-01\", to: \"2026-12-31\" }, groupBy: [CATEGORY] }) { rows { it: keys { % } } }",
    ),
];

impl Path {
    /// The query for these selections.
    pub fn query(&self, selections: &str) -> String {
        let body = self.query.replace('%', selections);
        if body.starts_with("mutation") {
            return body;
        }
        let used: Vec<String> = [
            "claimant", "need", "consent", "referral", "outcome", "service",
        ]
        .into_iter()
        .filter(|name| body.contains(&format!("${name}")))
        .map(|name| format!("${name}: ID!"))
        .collect();
        if used.is_empty() {
            format!("{{ {body} }}")
        } else {
            format!("query({}) {{ {body} }}", used.join(", "))
        }
    }

    /// Whether its objects are of a claimant or a referral, and not of the directory or of numbers.
    pub fn is_about_a_person(&self) -> bool {
        ["$", "duplicateCandidates", "claimantMatch"]
            .iter()
            .any(|about| self.query.contains(about))
    }
}

/// Collects the objects named `it`, wherever they stand.
pub fn objects<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| objects(value, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "it" {
                    of_it(value, found);
                } else {
                    objects(value, found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn of_it<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    if let Some(values) = value.as_array() {
        values.iter().for_each(|value| of_it(value, found));
    } else if value.as_object().is_some_and(|fields| !fields.is_empty()) {
        found.push(value);
    }
}
