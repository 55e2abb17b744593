//! What is asked for: every list that the API offers, in every order, under the filters that narrow it, and the requests of
//! the workloads.
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    Provider,
    Agency,
    Ministry,
}

/// Rows that requests name, by public id, and two busy organizations with their codes.
pub struct Known {
    pub provider: (Uuid, String),
    pub agency: (Uuid, String),
    pub referral: String,
    pub reference: String,
    pub claimant: String,
    pub own_claimant: String,
    pub region: String,
    pub catchment: String,
    pub service: String,
    /// To hold: its public id and version.
    pub movable: (String, i32),
}

/// One request.
pub struct Asked {
    pub name: &'static str,
    pub by: By,
    pub query: String,
    pub variables: Value,
    /// Whether it is meant to look at everything: a report over all rows awaits a rollup.
    pub scans: bool,
    /// Whether it can be asked once only.
    pub writes: bool,
}

impl Asked {
    fn new(name: &'static str, by: By, query: impl Into<String>) -> Self {
        Self {
            name,
            by,
            query: query.into(),
            variables: json!({}),
            scans: false,
            writes: false,
        }
    }
}

const NODE: &str = "id status priority createdAt \
    claimant { id language region { name } identity { givenName familyName } } \
    service { name categories organization { name } } source { name }";

pub fn all(known: &Known) -> Vec<Asked> {
    let mut all = boxes();
    all.extend(filters(known));
    all.extend(people(known));
    all.extend(nested());
    all.extend(directory(known));
    all.extend(journal(known));
    all.extend(writes(known));
    all
}

/// All boxes in all orders, and their second pages from the end.
fn boxes() -> Vec<Asked> {
    let mut all = Vec::new();
    for (name, which, by) in [
        ("inbox", "INBOX", By::Provider),
        ("outbox", "OUTBOX", By::Agency),
        ("open", "OPEN", By::Provider),
        ("all of a provider", "ALL", By::Provider),
        ("all of an agency", "ALL", By::Agency),
        ("all of the ministry", "ALL", By::Ministry),
    ] {
        let node = if by == By::Ministry {
            "id status createdAt source { name }"
        } else {
            NODE
        };
        for field in ["CREATED_AT", "UPDATED_AT", "DUE_AT", "URGENCY"] {
            for (direction, page) in [("ASC", "first"), ("DESC", "first"), ("DESC", "last")] {
                all.push(Asked::new(
                    name,
                    by,
                    format!(
                        "{{ referrals(box: {which}, orderBy: {{field: {field}, direction: {direction}}}, {page}: 50) \
                         {{ edges {{ cursor node {{ {node} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
                    ),
                ));
            }
        }
    }
    all
}

fn filters(known: &Known) -> Vec<Asked> {
    let (region, catchment, service) = (&known.region, &known.catchment, &known.service);
    let inbox = [
        (
            "inbox by status",
            "status: [REQUESTED, ACCEPTED, IN_PROGRESS]".to_owned(),
        ),
        ("inbox by one status", "status: [REQUESTED]".to_owned()),
        ("inbox by sub-status", "subStatus: [WAITLISTED]".to_owned()),
        ("inbox by priority", "priority: URGENT".to_owned()),
        ("inbox by category", "category: [HOUSING]".to_owned()),
        ("inbox by region", format!("regionId: \"{region}\"")),
        (
            "inbox by catchment",
            format!("catchmentId: \"{catchment}\""),
        ),
        ("inbox by service", format!("serviceId: \"{service}\"")),
        ("inbox by assignee", "assignee: \"bench-worker\"".to_owned()),
        (
            "inbox unassigned",
            "unassigned: true, status: [REQUESTED]".to_owned(),
        ),
        ("inbox overdue", "overdue: true".to_owned()),
        ("inbox follow-up", "followUpDue: true".to_owned()),
        (
            "inbox updated",
            "updatedSince: \"2026-10-30T00:00:00Z\"".to_owned(),
        ),
    ];
    let mut all: Vec<Asked> = inbox
        .into_iter()
        .map(|(name, filter)| {
            let query = format!(
                "{{ referrals(box: INBOX, filter: {{{filter}}}, first: 50) {{ edges {{ node {{ {NODE} }} }} }} }}"
            );
            Asked::new(name, By::Provider, query)
        })
        .collect();
    for (name, which, by) in [
        ("outbox by status", "OUTBOX", By::Agency),
        ("all by status", "ALL", By::Agency),
    ] {
        let query = format!(
            "{{ referrals(box: {which}, filter: {{status: [REQUESTED]}}, first: 50) {{ edges {{ node {{ id }} }} }} }}"
        );
        all.push(Asked::new(name, by, query));
    }
    all.push(Asked::new(
        "inbox summary",
        By::Provider,
        "{ inboxSummary { waiting overdue mine unassigned waitlisted followUpDue } }",
    ));
    all
}

fn people(known: &Known) -> Vec<Asked> {
    let (claimant, own, region) = (&known.claimant, &known.own_claimant, &known.region);
    let lists = [
        ("claimants", String::new()),
        (
            "claimants by name",
            "filter: {text: \"Specimen\"}, ".to_owned(),
        ),
        (
            "claimants by region",
            format!("filter: {{regionId: \"{region}\"}}, "),
        ),
        (
            "claimants by language",
            "filter: {language: \"tir\"}, ".to_owned(),
        ),
        (
            "claimants by need",
            "filter: {needCategory: HOUSING, needStatus: OPEN}, ".to_owned(),
        ),
        (
            "claimants updated",
            "filter: {updatedSince: \"2026-10-30T00:00:00Z\"}, ".to_owned(),
        ),
    ];
    let mut all: Vec<Asked> = Vec::new();
    for by in [By::Agency, By::Provider] {
        all.extend(lists.iter().map(|(name, filter)| {
            let query = format!(
                "{{ claimants({filter}first: 50) {{ edges {{ node {{ id identity {{ fullName }} needs {{ category status }} }} }} }} }}"
            );
            Asked::new(name, by, query)
        }));
    }
    all.push(Asked::new(
        "one claimant of the agency",
        By::Agency,
        format!(
            "{{ claimant(id: \"{own}\") {{ id identity {{ fullName }} contact {{ permission }} identifiers {{ kind }} \
             claimStatus {{ stage }} consents {{ id }} exclusions {{ id }} needs {{ id }} household {{ id }} \
             qualifications {{ title }} languageAbilities {{ language }} \
             referrals(first: 50) {{ edges {{ node {{ id status history(first: 20) {{ edges {{ node {{ kind }} }} }} }} }} }} }} }}"
        ),
    ));
    all.push(Asked::new(
        "one claimant of a party",
        By::Provider,
        format!(
            "{{ claimant(id: \"{claimant}\") {{ id identity {{ fullName }} contact {{ permission }} \
             workAuthorization {{ state }} consents {{ id }} needs {{ id }} \
             referrals(first: 50) {{ edges {{ node {{ id }} }} }} }} }}"
        ),
    ));
    all.push(Asked::new(
        "duplicates",
        By::Agency,
        "{ duplicateCandidates(status: OPEN, first: 50) { edges { node { id } } } }",
    ));
    all
}

/// Lists in lists.
fn nested() -> Vec<Asked> {
    let lists = [
        (
            "histories of an inbox",
            By::Provider,
            "{ referrals(box: INBOX, first: 50) { edges { node { id history(last: 5) { edges { node { kind } } } } } } }",
        ),
        (
            "messages of an inbox",
            By::Provider,
            "{ referrals(box: INBOX, first: 50) { edges { node { id messages(last: 3) { edges { node { id } } } } } } }",
        ),
        (
            "referrals of claimants",
            By::Agency,
            "{ claimants(first: 50) { edges { node { id referrals(first: 3) { edges { node { id \
             history(last: 3) { edges { node { kind } } } } } } } } } }",
        ),
        (
            "referrals of claimants, from the end",
            By::Provider,
            "{ claimants(last: 50) { edges { node { id referrals(last: 3) { edges { node { id } } } } } } }",
        ),
    ];
    let asked = |(name, by, query)| Asked::new(name, by, query);
    lists.into_iter().map(asked).collect()
}

fn directory(known: &Known) -> Vec<Asked> {
    let (region, catchment) = (&known.region, &known.catchment);
    let organizations = [
        ("organizations", String::new()),
        (
            "organizations by kind",
            "filter: {kind: [HOUSING]}, ".to_owned(),
        ),
        (
            "organizations by role",
            "filter: {role: PROVIDER}, ".to_owned(),
        ),
        (
            "organizations by text",
            "filter: {text: \"synthetic\"}, ".to_owned(),
        ),
        (
            "organizations by region",
            format!("filter: {{regionId: \"{region}\"}}, "),
        ),
    ];
    let services = [
        ("services", String::new()),
        (
            "services by category",
            "filter: {category: [HOUSING]}, ".to_owned(),
        ),
        (
            "services by region",
            format!("filter: {{regionId: \"{region}\"}}, "),
        ),
        (
            "services by catchment",
            format!("filter: {{catchmentId: \"{catchment}\"}}, "),
        ),
        (
            "services by language",
            "filter: {language: \"fra\", hasCapacity: true}, ".to_owned(),
        ),
        (
            "services by text",
            "filter: {text: \"synthetic\"}, ".to_owned(),
        ),
    ];
    let organizations = organizations.into_iter().map(|(name, filter)| {
        let query = format!(
            "{{ organizations({filter}first: 50) {{ edges {{ node {{ id name region {{ name }} \
             services(first: 10) {{ edges {{ node {{ id }} }} }} }} }} }} }}"
        );
        Asked::new(name, By::Provider, query)
    });
    let services = services.into_iter().map(|(name, filter)| {
        let query = format!(
            "{{ services({filter}first: 50) {{ edges {{ node {{ id name categories languages capacity {{ status }} \
             organization {{ name }} }} }} }} }}"
        );
        Asked::new(name, By::Provider, query)
    });
    let mut all: Vec<Asked> = organizations.chain(services).collect();
    all.push(Asked::new(
        "regions",
        By::Provider,
        "{ regions { id name } catchments { id name } }",
    ));
    all
}

fn journal(known: &Known) -> Vec<Asked> {
    let (referral, reference, own) = (&known.referral, &known.reference, &known.own_claimant);
    let report = |name, by| {
        let query = "query($input: ReferralReportInput!) { referralReport(input: $input) { total rows { count } } }";
        Asked {
            variables: json!({ "input": {
                "period": { "from": "2025-01-01", "to": "2027-01-01" },
                "groupBy": ["STATUS", "MONTH", "REGION"],
            } }),
            scans: true,
            ..Asked::new(name, by, query)
        }
    };
    vec![
        Asked::new(
            "one referral (W2)",
            By::Provider,
            format!(
                "{{ referral(id: \"{referral}\") {{ {NODE} category summary owner {{ name kind }} availableActions \
                 outcomes {{ kind }} alsoFor {{ id }} need {{ id }} \
                 history(last: 20) {{ edges {{ node {{ at kind reason note organization {{ name }} }} }} }} }} }}"
            ),
        ),
        Asked::new(
            "one referral by reference",
            By::Provider,
            format!("{{ referral(reference: \"{reference}\") {{ id }} }}"),
        ),
        Asked::new(
            "changes",
            By::Provider,
            "{ changes(first: 100) { edges { node { cursor kind subject { id } organization { name } } } } }",
        ),
        Asked::new(
            "changes of an agency",
            By::Agency,
            "{ changes(first: 100) { edges { node { cursor kind subjectId } } } }",
        ),
        Asked::new(
            "disclosures",
            By::Agency,
            "{ disclosures(first: 50) { edges { node { id at } } } }",
        ),
        Asked::new(
            "disclosures from the end",
            By::Provider,
            "{ disclosures(last: 50) { edges { node { id at } } } }",
        ),
        Asked::new(
            "disclosures of a claimant",
            By::Agency,
            format!(
                "{{ disclosures(claimantId: \"{own}\", first: 50) {{ edges {{ node {{ id at }} }} }} }}"
            ),
        ),
        Asked::new(
            "audit checkpoint",
            By::Agency,
            "{ auditCheckpoint { position } }",
        ),
        report("report of the ministry (W4)", By::Ministry),
        report("report of a provider", By::Provider),
    ]
}

fn writes(known: &Known) -> Vec<Asked> {
    let (id, version) = &known.movable;
    let answer = "{ referral { id version } userErrors { code } }";
    [
        (
            "hold (W3)",
            format!(
                "mutation {{ referralHold(input: {{id: \"{id}\", expectedVersion: {version}, reason: AT_CAPACITY}}) {answer} }}"
            ),
        ),
        (
            "resume (W3)",
            format!(
                "mutation {{ referralResume(input: {{id: \"{id}\", expectedVersion: {}}}) {answer} }}",
                version + 1
            ),
        ),
    ]
    .into_iter()
    .map(|(name, query)| Asked {
        writes: true,
        ..Asked::new(name, By::Provider, query)
    })
    .collect()
}
