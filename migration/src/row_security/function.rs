//! What policies ask by a function.

/// Who asks, as the settings of the transaction tell it.
///
/// What a policy asks of a table whose own policy would hide the answer is asked by a function that works for the
/// gateway. In PL/pgSQL a connection plans what it asks once; in SQL it would at every question. Those that begin with
/// `excluding` tell once for a statement which rows speak of somebody who excludes the viewer, in whatever time: where many
/// rows are looked at, a policy looks them up in a hash, and asks the others, which answer yes or no, of the few that are
/// there.
pub(super) const FUNCTIONS: [&str; 13] = [
    "viewer() RETURNS text LANGUAGE sql STABLE AS \
     $$ SELECT current_setting('claimant_gateway.viewer', true) $$",
    "viewer_deals() RETURNS boolean LANGUAGE sql STABLE AS \
     $$ SELECT viewer() IN ('provider', 'settlement agency') $$",
    "viewer_organization() RETURNS uuid LANGUAGE sql STABLE AS \
     $$ SELECT nullif(current_setting('claimant_gateway.organization', true), '')::uuid $$",
    "viewer_kind() RETURNS text LANGUAGE sql STABLE AS \
     $$ SELECT current_setting('claimant_gateway.kind', true) $$",
    "viewer_region() RETURNS uuid LANGUAGE sql STABLE AS \
     $$ SELECT nullif(current_setting('claimant_gateway.region', true), '')::uuid $$",
    "viewer_now() RETURNS timestamptz LANGUAGE sql STABLE AS \
     $$ SELECT nullif(current_setting('claimant_gateway.now', true), '')::timestamptz $$",
    "consent_registered_by(consent_id uuid, organization_id uuid) RETURNS boolean \
     LANGUAGE plpgsql STABLE SET claimant_gateway.viewer = 'work' AS \
     $$ BEGIN RETURN EXISTS (SELECT FROM consent JOIN claimant ON claimant.id = consent.claimant_id \
        WHERE consent.id = $1 AND claimant.registering_organization_id = $2); END $$",
    "consent_told(consent_id uuid) RETURNS boolean \
     LANGUAGE plpgsql STABLE SET claimant_gateway.viewer = 'work' AS \
     $$ BEGIN RETURN EXISTS (SELECT FROM consent JOIN access_grant ON access_grant.claimant_id = consent.claimant_id \
        WHERE consent.id = $1 AND NOT consent.refused AND consent.withdrawn_at IS NULL \
        AND access_grant.organization_id = viewer_organization() AND access_grant.access_group = 'PRESENCE' \
        AND access_grant.opens_at <= viewer_now() AND access_grant.closes_at > viewer_now()); END $$",
    "excluding() RETURNS SETOF uuid \
     LANGUAGE plpgsql STABLE SET claimant_gateway.viewer = 'work' AS \
     $$ BEGIN RETURN QUERY SELECT exclusion.claimant_id FROM exclusion \
        WHERE exclusion.organization_id = viewer_organization() AND exclusion.ended_at IS NULL; END $$",
    "excluding_positions() RETURNS SETOF bigint \
     LANGUAGE plpgsql STABLE SET claimant_gateway.viewer = 'work' AS \
     $$ DECLARE people uuid[] := ARRAY(SELECT excluding()); \
        subjects uuid[] := people \
            || ARRAY(SELECT referral.id FROM referral WHERE referral.claimant_id = ANY(people)) \
            || ARRAY(SELECT consent.id FROM consent WHERE consent.claimant_id = ANY(people)) \
            || ARRAY(SELECT need.id FROM need WHERE need.claimant_id = ANY(people)); \
        BEGIN RETURN QUERY SELECT journal_entry.position FROM journal_entry \
        WHERE journal_entry.subject_id = ANY(subjects) AND journal_entry.position IS NOT NULL; END $$",
    "excluded_at(claimant_id uuid, told_at timestamptz) RETURNS boolean \
     LANGUAGE plpgsql STABLE SET claimant_gateway.viewer = 'work' AS \
     $$ BEGIN RETURN EXISTS (SELECT FROM exclusion WHERE exclusion.claimant_id = $1 \
        AND exclusion.recorded_at <= $2 \
        AND exclusion.organization_id = viewer_organization() AND exclusion.ended_at IS NULL); END $$",
    "excluded_from(subject_id uuid, told_at timestamptz) RETURNS boolean \
     LANGUAGE plpgsql STABLE SET claimant_gateway.viewer = 'work' AS \
     $$ BEGIN RETURN excluded_at($1, $2) \
        OR EXISTS (SELECT FROM referral WHERE referral.id = $1 \
            AND (referral.linked_at IS NULL OR referral.linked_at <= $2) AND excluded_at(referral.claimant_id, $2)) \
        OR EXISTS (SELECT FROM consent WHERE consent.id = $1 AND excluded_at(consent.claimant_id, $2)) \
        OR EXISTS (SELECT FROM need WHERE need.id = $1 AND excluded_at(need.claimant_id, $2)); END $$",
    "told_of_excluding(told_at bigint, told uuid) RETURNS boolean \
     LANGUAGE plpgsql STABLE SET claimant_gateway.viewer = 'work' AS \
     $$ BEGIN RETURN EXISTS (SELECT FROM journal_entry WHERE journal_entry.position = $1 \
        AND NOT (journal_entry.kind = 'ACCESS_ENDED' AND $2 = viewer_organization()) \
        AND excluded_from(journal_entry.subject_id, journal_entry.at)); END $$",
];
