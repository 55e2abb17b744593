//! What one answer tells of one claimant, and the compact form in which an answer's whole is written down at once. Pure;
//! who is told what is decided elsewhere.
use entity::{ClaimantId, ConsentId, FieldGroup, ReferralId};
use sea_orm::prelude::Uuid;

/// For which referral and under which consent a group is open; neither for the organization that registered the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Basis {
    pub referral: Option<ReferralId>,
    pub consent: Option<ConsentId>,
}

/// The groups of one claimant that an answer carries on one basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosed {
    pub claimant: ClaimantId,
    pub basis: Basis,
    /// In the order of the contract, each once.
    pub groups: Vec<FieldGroup>,
}

/// The form of the writing, so that rows under way survive a new version of the program.
const FORM: u8 = 1;

/// Writes down what an answer discloses: 19 bytes for each claimant, and 16 more for a referral and a consent each.
pub fn encode(disclosed: &[Disclosed]) -> Vec<u8> {
    let mut bytes = vec![FORM];
    for each in disclosed {
        let referral = each.basis.referral.map(|id| id.0);
        let consent = each.basis.consent.map(|id| id.0);
        bytes.extend(each.claimant.0.as_bytes());
        bytes.extend(bits(&each.groups).to_be_bytes());
        bytes.push(u8::from(referral.is_some()) | u8::from(consent.is_some()) << 1);
        for id in [referral, consent].into_iter().flatten() {
            bytes.extend(id.as_bytes());
        }
    }
    bytes
}

/// What [`encode`] wrote; none where it did not.
pub fn decode(bytes: &[u8]) -> Option<Vec<Disclosed>> {
    let mut rest = bytes.strip_prefix(&[FORM])?;
    let mut disclosed = Vec::new();
    while !rest.is_empty() {
        let claimant = ClaimantId(take_id(&mut rest)?);
        let (groups, after) = rest.split_first_chunk()?;
        let (flags, after) = after.split_first()?;
        rest = after;
        let referral = (flags & 1 != 0).then(|| take_id(&mut rest));
        let consent = (flags & 2 != 0).then(|| take_id(&mut rest));
        disclosed.push(Disclosed {
            claimant,
            basis: Basis {
                referral: present(referral)?.map(ReferralId),
                consent: present(consent)?.map(ConsentId),
            },
            groups: groups_of(u16::from_be_bytes(*groups)),
        });
    }
    Some(disclosed)
}

/// An id that should be there and is not makes the whole unreadable.
fn present(id: Option<Option<Uuid>>) -> Option<Option<Uuid>> {
    match id {
        None => Some(None),
        Some(None) => None,
        Some(Some(id)) => Some(Some(id)),
    }
}

fn take_id(rest: &mut &[u8]) -> Option<Uuid> {
    let (id, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(Uuid::from_bytes(*id))
}

fn bits(groups: &[FieldGroup]) -> u16 {
    FieldGroup::ALL
        .iter()
        .enumerate()
        .filter(|(_, group)| groups.contains(group))
        .fold(0, |bits, (place, _)| bits | 1 << place)
}

fn groups_of(bits: u16) -> Vec<FieldGroup> {
    FieldGroup::ALL
        .iter()
        .enumerate()
        .filter(|(place, _)| bits & 1 << place != 0)
        .map(|(_, group)| *group)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_id() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    prop_compose! {
        fn any_disclosed()(
            claimant in any_id(),
            referral in proptest::option::of(any_id()),
            consent in proptest::option::of(any_id()),
            groups in 0_u16..(1 << FieldGroup::ALL.len()),
        ) -> Disclosed {
            Disclosed {
                claimant: ClaimantId(claimant),
                basis: Basis { referral: referral.map(ReferralId), consent: consent.map(ConsentId) },
                groups: groups_of(groups),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(disclosed in proptest::collection::vec(any_disclosed(), 0..20)) {
            prop_assert_eq!(decode(&encode(&disclosed)), Some(disclosed));
        }

        #[test]
        fn what_was_cut_short_is_not_read(disclosed in any_disclosed(), cut in 1_usize..20) {
            let bytes = encode(&[disclosed]);
            prop_assert_eq!(decode(&bytes[..bytes.len() - cut.min(bytes.len() - 2)]), None);
        }
    }
}
