//! The statements of the floor. Each holds the rule of the gateway for a party: the owner, while its access lasts, and
//! nobody whom the person excludes; who the person is where a grant in force opens it.
pub const STATUSES: &str = "('REQUESTED', 'ACCEPTED', 'IN_PROGRESS')";

/// `$1` organization, `$2` now; with `page_two`, `$3` and `$4` the last row of the page before.
pub fn inbox(page_two: bool) -> String {
    let after = if page_two {
        "AND (r.created_at, r.id) < ($3, $4)"
    } else {
        ""
    };
    format!(
        "SELECT r.id, r.reference, r.status, r.priority, r.created_at, \
            c.id, c.language, c.age_band, c.interpreter_needed, g.name_en, \
            p.given_name, p.family_name, p.birth_date, \
            s.id, s.name_en, array(SELECT category FROM service_category WHERE service_id = s.id ORDER BY category), \
            so.id, so.name_en, fo.id, fo.name_en, i.referral_id, i.consent_id \
         FROM (SELECT id, reference, status, priority, created_at, claimant_id, service_id, source_id FROM referral r \
               WHERE owner_id = $1 AND owner_access = true AND status IN {STATUSES} {after} \
                 AND NOT EXISTS (SELECT 1 FROM exclusion x WHERE x.organization_id = $1 AND x.claimant_id = r.claimant_id \
                                 AND x.ended_at IS NULL) \
               ORDER BY created_at DESC, id DESC LIMIT 51) r \
         JOIN organization fo ON fo.id = r.source_id \
         LEFT JOIN service s ON s.id = r.service_id LEFT JOIN organization so ON so.id = s.organization_id \
         LEFT JOIN claimant c ON c.id = r.claimant_id LEFT JOIN region g ON g.id = c.region_id \
         LEFT JOIN LATERAL (SELECT referral_id, consent_id FROM access_grant a WHERE a.claimant_id = r.claimant_id \
               AND a.organization_id = $1 AND a.access_group = 'IDENTITY' AND a.opens_at <= $2 AND a.closes_at > $2 \
               ORDER BY opens_at DESC LIMIT 1) i ON true \
         LEFT JOIN bench.person p ON p.claimant_id = r.claimant_id AND i.referral_id IS NOT NULL \
         ORDER BY r.created_at DESC, r.id DESC"
    )
}

/// `$1` organization, `$2` now, `$3` referral.
pub const ONE: &str = "SELECT r.id, r.reference, r.status, r.priority, r.created_at, \
        c.id, c.language, c.age_band, c.interpreter_needed, g.name_en, \
        p.given_name, p.family_name, p.birth_date, \
        s.id, s.name_en, array(SELECT category FROM service_category WHERE service_id = s.id ORDER BY category), \
        so.id, so.name_en, fo.id, fo.name_en, i.referral_id, i.consent_id, \
        r.category, m.summary, r.updated_at, r.version, r.owner_since, fo.kind, t.id, t.name_en, t.kind \
    FROM referral r JOIN organization fo ON fo.id = r.source_id JOIN organization t ON t.id = r.owner_id \
    LEFT JOIN service s ON s.id = r.service_id LEFT JOIN organization so ON so.id = s.organization_id \
    LEFT JOIN claimant c ON c.id = r.claimant_id LEFT JOIN region g ON g.id = c.region_id \
    LEFT JOIN LATERAL (SELECT referral_id, consent_id FROM access_grant a WHERE a.claimant_id = r.claimant_id \
          AND a.organization_id = $1 AND a.access_group = 'IDENTITY' AND a.opens_at <= $2 AND a.closes_at > $2 \
          ORDER BY opens_at DESC LIMIT 1) i ON true \
    LEFT JOIN bench.person p ON p.claimant_id = r.claimant_id AND i.referral_id IS NOT NULL \
    LEFT JOIN bench.summary m ON m.referral_id = r.id \
    WHERE r.id = $3 AND r.owner_id = $1 AND r.owner_access = true AND r.status <> 'DRAFT' \
      AND NOT EXISTS (SELECT 1 FROM exclusion x WHERE x.organization_id = $1 AND x.claimant_id = r.claimant_id \
                      AND x.ended_at IS NULL)";

/// `$1` organization, `$2` referral. It travels with [`ONE`] on one connection.
pub const HISTORY: &str = "SELECT e.at, e.kind, e.from_status, e.to_status, e.reason, o.id, o.name_en, e.subject_version \
    FROM journal_entry e LEFT JOIN organization o ON o.id = e.organization_id \
    WHERE e.subject_id = $2 AND e.kind NOT IN ('ACCESS_ENDED', 'OVERSIGHT_READ', 'REROUTE_REQUESTED') \
      AND (e.private_to_id IS NULL OR e.private_to_id = $1) \
    ORDER BY e.subject_version DESC, e.id DESC LIMIT 20";

/// One transaction in one statement: the change under the version that was read, its entry in the journal, and whom it is
/// told. `$1` organization, `$2` now, `$3` referral, `$4` version, `$5` from, `$6` to, `$7` kind, `$8` reason, `$9` entry.
pub const WRITE: &str = "WITH u AS (UPDATE referral r SET status = $6, version = version + 1, updated_at = $2, \
        status_reason = $8::text, sub_status = CASE WHEN $8::text IS NULL THEN NULL ELSE 'WAITLISTED' END \
      WHERE id = $3 AND version = $4 AND status = $5 AND owner_id = $1 AND owner_access = true \
        AND NOT EXISTS (SELECT 1 FROM exclusion x WHERE x.organization_id = $1 AND x.claimant_id = r.claimant_id \
                        AND x.ended_at IS NULL) \
      RETURNING id, reference, status, version, updated_at, source_id, owner_id, registering_organization_id), \
    p AS (SELECT nextval('bench.position') AS position FROM u), \
    e AS (INSERT INTO bench.journal_entry (id, position, at, actor, client, organization_id, subject_type, subject_id, \
        subject_version, kind, from_status, to_status, reason, audience) \
      SELECT $9, p.position, $2, 'bench-caller', 'bench-caller', $1, 'REFERRAL', u.id, u.version, $7, $5, $6, $8, \
        to_jsonb(array[source_id, registering_organization_id, owner_id]) FROM u, p), \
    a AS (INSERT INTO bench.journal_audience (audience, position) \
      SELECT DISTINCT told, p.position FROM u, p, \
        unnest(array[u.source_id, u.registering_organization_id, u.owner_id]) told WHERE told IS NOT NULL) \
    SELECT id, reference, status, version, updated_at FROM u";

/// Rows of answers, as columns.
pub const DISCLOSE: &str = "INSERT INTO bench.disclosure_answer \
    (id, at, organization_id, client, subject, acting_subject, content) \
    SELECT id, at, organization, 'bench-caller', 'bench-caller', NULL, content \
    FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::bytea[]) AS rows (id, at, organization, content)";
