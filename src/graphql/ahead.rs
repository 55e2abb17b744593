//! What of referrals is read before their fields are reached: where the document is known to ask for it of every one of a
//! list, it is read for all at once, and objects can be written straight. What cannot be read here is read again by its
//! field, and fails there.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_graphql::{Context, Lookahead, Name, Value};
use entity::{ClaimantId, ReferralAction, ReferralId};

use super::{
    context::Resolver,
    journal::JournalEntry,
    page::{Connection, Page},
    referral::history_list,
};
use crate::store::{
    Session, claimant, disclosure::Opened, page::Slice, referral, sealed::Identity,
};

/// Where a field stands in the document: every field has a name of its own there, however often it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place(usize);

impl Place {
    pub(super) fn of(name: &str) -> Self {
        Self(name.as_ptr() as usize)
    }
}

/// What is asked for of referrals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    people: bool,
    identified: bool,
    actions: bool,
    /// Which part of the history, by which field.
    histories: Vec<(Place, Page)>,
}

impl Wanted {
    /// What is asked for under these fields of the one that is being resolved.
    pub(super) fn under(context: &Context<'_>, fields: &[&str]) -> Self {
        let look = fields
            .iter()
            .fold(context.look_ahead(), |look, field| look.field(field));
        let claimant = look.field("claimant");
        Self {
            people: claimant.exists() || look.field("claimantAccess").exists(),
            identified: claimant.field("identity").exists(),
            actions: look.field("availableActions").exists(),
            histories: histories(&look),
        }
    }
}

fn histories(look: &Lookahead<'_>) -> Vec<(Place, Page)> {
    let fields = look.field("history");
    let fields = fields.selection_fields();
    let asked = fields.iter().filter_map(|field| {
        let page = history_page(field.arguments().ok()?)?;
        Some((Place::of(field.name()), page))
    });
    asked.collect()
}

/// The page that the arguments of a history ask for; nothing where they are no such arguments.
fn history_page(arguments: Vec<(Name, Value)>) -> Option<Page> {
    let mut page = Page::default();
    for (name, value) in arguments {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("first", Value::Number(size)) => {
                page.first = Some(i32::try_from(size.as_i64()?).ok()?)
            }
            ("last", Value::Number(size)) => page.last = Some(i32::try_from(size.as_i64()?).ok()?),
            ("after", Value::String(cursor)) => page.after = Some(cursor),
            ("before", Value::String(cursor)) => page.before = Some(cursor),
            _ => return None,
        }
    }
    Some(page)
}

/// What one answer has read ahead: the inner nothing where the caller may see nothing.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Found>);

#[derive(Default)]
struct Found {
    claimants: HashMap<ClaimantId, Option<Arc<claimant::Seen>>>,
    identities: HashMap<ClaimantId, Option<Opened<Identity>>>,
    actions: HashMap<ReferralId, Vec<ReferralAction>>,
    histories: HashMap<(ReferralId, Place), Arc<Connection<JournalEntry>>>,
}

impl Ahead {
    /// Nothing can panic while it is held; a poisoned one would still hold whole rows.
    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is wanted of referrals.
    pub(super) async fn read(
        &self,
        session: &Session,
        wanted: &Wanted,
        referrals: &[Arc<referral::Seen>],
    ) {
        if referrals.is_empty() {
            return;
        }
        if wanted.people {
            self.read_people(session, referrals, wanted.identified)
                .await;
        }
        if wanted.actions {
            let all: Vec<referral::Seen> = referrals.iter().map(|seen| (**seen).clone()).collect();
            if let Ok(found) = Box::pin(session.available_actions(&all)).await {
                self.found().actions.extend(found);
            }
        }
        for (place, page) in &wanted.histories {
            self.read_histories(session, *place, page, referrals).await;
        }
    }

    async fn read_people(
        &self,
        session: &Session,
        referrals: &[Arc<referral::Seen>],
        identified: bool,
    ) {
        let mut wanted: Vec<ClaimantId> = {
            let found = self.found();
            let people = referrals
                .iter()
                .filter_map(|seen| seen.referral.claimant_id);
            people
                .filter(|id| !found.claimants.contains_key(id))
                .collect()
        };
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return;
        }
        let Ok(people) = Box::pin(session.people(&wanted, identified)).await else {
            return;
        };
        let mut found = self.found();
        for id in wanted {
            found.claimants.insert(id, None);
            if identified {
                found.identities.insert(id, None);
            }
        }
        let seen = people.seen.into_iter();
        found
            .claimants
            .extend(seen.map(|seen| (seen.claimant.id, Some(Arc::new(seen)))));
        let identities = people.identities.into_iter();
        found
            .identities
            .extend(identities.map(|(id, identity)| (id, Some(identity))));
    }

    async fn read_histories(
        &self,
        session: &Session,
        place: Place,
        page: &Page,
        referrals: &[Arc<referral::Seen>],
    ) {
        // Where there are cursors, the page is of the referral alone to whose history they belong.
        let mut slices: Vec<(Slice, Vec<&referral::Seen>)> = Vec::new();
        for seen in referrals {
            let list = history_list(seen.referral.id);
            let Ok(slice) = list.slice_in(session, page.clone()) else {
                continue;
            };
            match slices.iter_mut().find(|(known, _)| *known == slice) {
                Some((_, of_slice)) => of_slice.push(seen.as_ref()),
                None => slices.push((slice, vec![seen.as_ref()])),
            }
        }
        for (slice, of_slice) in slices {
            let Ok(histories) = Box::pin(session.histories_of(&of_slice, &slice)).await else {
                continue;
            };
            let mut found = self.found();
            for (id, paged) in histories {
                let list = history_list(id);
                let history = list.connection_in(session, paged, |seen| &seen.entry, JournalEntry);
                found.histories.insert((id, place), Arc::new(history));
            }
        }
    }

    pub(super) fn claimant(&self, id: ClaimantId) -> Option<Option<Arc<claimant::Seen>>> {
        self.found().claimants.get(&id).cloned()
    }

    pub(super) fn identity(&self, id: ClaimantId) -> Option<Option<Opened<Identity>>> {
        self.found().identities.get(&id).cloned()
    }

    /// What the caller may do with a referral.
    pub(super) fn actions(&self, id: ReferralId) -> Option<Vec<ReferralAction>> {
        self.found().actions.get(&id).cloned()
    }

    pub(super) fn history(
        &self,
        of: ReferralId,
        place: Place,
    ) -> Option<Arc<Connection<JournalEntry>>> {
        self.found().histories.get(&(of, place)).cloned()
    }
}

/// Reads what the fields under this one ask for of the referrals that it gives.
pub(super) async fn read_ahead(
    context: &Context<'_>,
    under: &[&str],
    referrals: &[Arc<referral::Seen>],
) {
    let wanted = Wanted::under(context, under);
    let ahead = context.loaders().ahead();
    ahead.read(context.session(), &wanted, referrals).await;
}
