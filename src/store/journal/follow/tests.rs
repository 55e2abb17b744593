use super::*;

const OURS: Uuid = Uuid::from_u128(1);
const THEIRS: Uuid = Uuid::from_u128(2);
const REFERRAL: ReferralId = ReferralId(Uuid::from_u128(3));

fn told(position: i64, audience: Uuid, subject: Uuid) -> Told {
    Told {
        position,
        subject,
        audience: [audience].into(),
    }
}

/// A board that began at 10 and has read up to 13.
fn board() -> Board {
    let mut board = Board::default();
    board.begin(10);
    let entries = vec![
        told(11, THEIRS, REFERRAL.0),
        told(12, OURS, Uuid::nil()),
        told(13, OURS, REFERRAL.0),
    ];
    board.add(entries, 13);
    board
}

fn names() -> HashSet<Uuid> {
    HashSet::from([OURS])
}

#[test]
fn each_finds_the_next_entry_under_its_own_names_after_its_own_position() {
    let board = board();
    assert_eq!(board.look(10, &names(), None), Found::At(12));
    assert_eq!(board.look(12, &names(), None), Found::At(13));
    assert_eq!(board.look(13, &names(), None), Found::Nothing(13));
    assert_eq!(board.look(99, &names(), None), Found::Nothing(99));
    assert_eq!(board.look(10, &HashSet::new(), None), Found::Nothing(13));
}

#[test]
fn whoever_follows_one_referral_finds_nothing_else() {
    let board = board();
    assert_eq!(board.look(10, &names(), Some(REFERRAL)), Found::At(13));
    let other = Some(ReferralId(Uuid::from_u128(4)));
    assert_eq!(board.look(10, &names(), other), Found::Nothing(13));
}

#[test]
fn what_is_before_the_board_is_read_from_the_database() {
    assert_eq!(board().look(9, &names(), None), Found::Behind);
    assert_eq!(Board::default().look(9, &names(), None), Found::Unread);
}

#[test]
fn a_board_keeps_so_many_and_says_from_where() {
    let mut board = Board::default();
    board.begin(0);
    let last = i64::try_from(KEPT).unwrap() + 5;
    board.add(
        (1..=last)
            .map(|position| told(position, OURS, Uuid::nil()))
            .collect(),
        last,
    );
    assert_eq!(board.entries.len(), KEPT);
    assert_eq!(board.range, Some((5, last)));
    assert_eq!(board.look(4, &names(), None), Found::Behind);
    assert_eq!(board.look(5, &names(), None), Found::At(6));
}

#[test]
fn a_group_that_does_not_know_its_names_is_always_woken() {
    let group = Group::new();
    let entries = [told(1, THEIRS, Uuid::nil())];
    assert!(group.is_concerned(&entries));
    group.set(Some(Names {
        names: Arc::new(names()),
        since: Instant::now(),
    }));
    assert!(!group.is_concerned(&entries));
    assert!(group.is_concerned(&[told(2, OURS, Uuid::nil())]));
}

#[test]
fn nothing_is_kept_when_the_last_subscriber_has_gone() {
    let mut board = board();
    let group = Arc::new(Group::new());
    board
        .groups
        .insert(OrganizationId(OURS), Arc::downgrade(&group));
    assert!(!board.is_left());
    drop(group);
    assert!(board.is_left());
    assert!(board.entries.is_empty() && !board.followed);
}
