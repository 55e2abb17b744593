//! The table against itself, the roles, and a small schema.
use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, EmptyMutation, EmptySubscription, Object,
    ObjectType, OutputType, Positioned, Schema, ServerResult, SimpleObject, Value,
    parser::types::Field, registry::Registry,
};

use super::*;

#[test]
fn every_scope_reads_back_from_its_spelling() {
    for scope in Scope::ALL {
        assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
    }
    assert_eq!(Scope::ALL.len(), 14);
    assert_eq!(Scope::parse("Claimant:read"), None);
}

#[test]
fn a_set_holds_what_was_put_in_and_nothing_else() {
    let set = ScopeSet::parse("report:read  claimant:read offline_access report:read");
    assert_eq!(set.to_string(), "claimant:read report:read");
    for scope in Scope::ALL {
        let is_in = matches!(scope, Scope::ReportRead | Scope::ClaimantRead);
        assert_eq!(set.contains(*scope), is_in, "{scope}");
    }
    assert!(ScopeSet::parse("").is_empty());
    let all: ScopeSet = Scope::ALL.iter().copied().collect();
    assert_eq!(all.iter().count(), Scope::ALL.len());
    assert_eq!(all.intersection(set), set);
}

#[test]
fn each_role_may_use_its_own_scopes() {
    let of = |role| ScopeSet::of_role(role).to_string();
    let organizations = "directory:read directory:write claimant:read claimant:write referral:read referral:write \
                         report:read feedback:read feedback:write outreach:write integration:manage audit:read";
    assert_eq!(of(Role::Provider), organizations);
    assert_eq!(of(Role::SettlementAgency), organizations);
    assert_eq!(
        of(Role::Ministry),
        "directory:read directory:write referral:oversight report:read notice:write feedback:read feedback:write \
         outreach:write integration:manage"
    );
}

#[test]
fn a_referral_is_read_with_its_scope_or_with_oversight() {
    let one = |scope| ScopeSet::from_iter([scope]);
    assert_eq!(
        missing("Query", "referrals", one(Scope::ReferralRead)),
        None
    );
    assert_eq!(
        missing("Query", "referrals", one(Scope::ReferralOversight)),
        None
    );
    assert!(missing("Query", "referrals", one(Scope::ReferralWrite)).is_some());
    // A field without a row of its own falls to its type.
    assert_eq!(
        missing("Referral", "status", one(Scope::ReferralOversight)),
        None
    );
    assert!(missing("Referral", "status", ScopeSet::EMPTY).is_some());
    assert!(missing("Referral", "claimant", one(Scope::ReferralRead)).is_some());
    assert_eq!(
        missing(
            "Referral",
            "claimant",
            ScopeSet::parse("referral:read claimant:read")
        ),
        None
    );
    assert_eq!(missing("Referral", "__typename", ScopeSet::EMPTY), None);
    assert_eq!(missing("Viewer", "role", ScopeSet::EMPTY), None);
}

#[test]
fn the_ministry_cannot_ask_for_persons() {
    // Behind a referral under oversight a claimant is null by the rule of its rows, not by a scope.
    let ministry = ScopeSet::of_role(Role::Ministry);
    for (type_name, field) in [
        ("Query", "claimant"),
        ("Query", "claimants"),
        ("Query", "disclosures"),
        ("Mutation", "claimantRegister"),
        ("Consent", "recipients"),
        ("Referral", "messages"),
    ] {
        assert!(
            missing(type_name, field, ministry).is_some(),
            "{type_name}.{field}"
        );
    }
}

#[test]
fn no_row_is_written_twice_and_every_row_can_be_met_by_somebody() {
    for (index, (type_name, field, requirement)) in TABLE.iter().enumerate() {
        let again = TABLE[..index]
            .iter()
            .any(|(t, f, _)| (t, f) == (type_name, field));
        assert!(!again, "{type_name}.{field}");
        assert!(!requirement.is_empty() && requirement.iter().all(|all| !all.is_empty()));
        for all in *requirement {
            let somebody = [Role::Provider, Role::SettlementAgency, Role::Ministry]
                .into_iter()
                .any(|role| all.iter().all(|scope| scope.usable_by(role)));
            assert!(somebody, "{type_name}.{field}: {all:?}");
        }
        assert!(
            !ANY_TOKEN.contains(&(type_name, field)),
            "{type_name}.{field}"
        );
    }
}

#[test]
fn the_row_of_a_field_implies_the_row_of_its_type() {
    for (type_name, field, requirement) in TABLE {
        let Some(of_type) = row(type_name, OBJECT) else {
            continue;
        };
        for all in *requirement {
            let enough: ScopeSet = all.iter().copied().collect();
            assert!(enough.satisfies(of_type), "{type_name}.{field}: {all:?}");
        }
    }
}

#[test]
fn a_sentence_says_what_is_needed() {
    let said = |type_name, field| sentence(type_name, field).unwrap();
    assert_eq!(
        said("Query", "claimants"),
        "Needs the scope `claimant:read`."
    );
    assert_eq!(
        said("Query", "referrals"),
        "Needs the scope `referral:read` or `referral:oversight`."
    );
    assert_eq!(
        said("Referral", "claimant"),
        "Needs the scopes `referral:read` and `claimant:read`, or `referral:oversight`."
    );
    assert_eq!(
        say(&[
            &[Scope::AuditRead, Scope::ReferralRead],
            &[Scope::ReportRead]
        ]),
        "Needs the scopes `audit:read` and `referral:read`, or `report:read`."
    );
    assert_eq!(sentence("Viewer", "role"), None);
    assert_eq!(sentence("Referral", "status"), None);
}

/// A claimant.
#[derive(SimpleObject)]
struct Claimant {
    municipality: String,
}

struct Inner;

#[Object(name = "Query")]
impl Inner {
    /// One claimant.
    async fn claimant(&self) -> Option<Claimant> {
        None
    }

    async fn referrals(&self) -> i32 {
        0
    }

    async fn codes(&self) -> i32 {
        0
    }

    async fn forgotten(&self) -> i32 {
        0
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    Inner::create_type_info(&mut registry);
    registry
}

/// The part of a schema that the table writes, read back from what is in it.
fn written(registry: &Registry, type_name: &str, field: &str) -> (Option<String>, Vec<String>) {
    let field = registry.types[type_name].field_by_name(field).unwrap();
    let directives = field
        .directive_invocations
        .iter()
        .map(|invocation| invocation.sdl());
    (field.description.clone(), directives.collect())
}

#[test]
fn the_table_is_written_into_a_schema_once_however_often_it_is_asked_to() {
    let mut registry = registry();
    register(&mut registry);
    register(&mut registry);
    assert_eq!(
        written(&registry, "Query", "claimant"),
        (
            Some("One claimant.\n\nNeeds the scope `claimant:read`.".to_owned()),
            vec![r#"@requiresScopes(scopes: [["claimant:read"]])"#.to_owned()],
        )
    );
    assert_eq!(
        written(&registry, "Query", "referrals"),
        (
            Some("Needs the scope `referral:read` or `referral:oversight`.".to_owned()),
            vec![
                r#"@requiresScopes(scopes: [["referral:read"], ["referral:oversight"]])"#
                    .to_owned()
            ],
        )
    );
    assert_eq!(written(&registry, "Query", "codes"), (None, Vec::new()));
    assert_eq!(
        written(&registry, "Claimant", "municipality"),
        (None, Vec::new())
    );
}

#[test]
fn rows_that_a_schema_lacks_and_fields_that_the_table_lacks_are_named() {
    let registry = registry();
    assert_eq!(uncovered_root_fields(&registry), ["Query.forgotten"]);
    let unknown = unknown_rows(&registry);
    assert_eq!(unknown.len(), TABLE.len() + ANY_TOKEN.len() - 4);
    assert!(unknown.contains(&"Claimant.referrals".to_owned()));
    assert!(!unknown.contains(&"Claimant.*".to_owned()));
}

/// A root type that writes the table into its schema, as the real ones do.
struct Query;

impl OutputType for Query {
    fn type_name() -> Cow<'static, str> {
        Inner::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = Inner::create_type_info(registry);
        register(registry);
        name
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        OutputType::resolve(&Inner, context, field).await
    }
}

impl ContainerType for Query {
    async fn resolve_field(&self, context: &Context<'_>) -> ServerResult<Option<Value>> {
        Inner.resolve_field(context).await
    }
}

impl ObjectType for Query {}

#[tokio::test]
async fn the_printed_schema_declares_the_directive_and_uses_it_on_types_and_fields() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let sdl = schema.sdl();
    for line in [
        "directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT",
        r#"type Claimant @requiresScopes(scopes: [["claimant:read"], ["referral:oversight"]]) {"#,
        r#"claimant: Claimant @requiresScopes(scopes: [["claimant:read"]])"#,
    ] {
        assert!(sdl.contains(line), "{line} is not in\n{sdl}");
    }
    let answer = schema.execute("{ codes claimant { municipality } }").await;
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    let misused = schema
        .execute(r#"{ codes @requiresScopes(scopes: []) }"#)
        .await;
    assert!(!misused.errors.is_empty());
}
