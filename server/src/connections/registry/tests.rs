//! Connections that come, wait and leave; time is what the test says.

use super::*;

const LIMITS: ConnectionLimits =
    ConnectionLimits { most: 4, of_address: 2, head_ticks: 2, idle_ticks: 5, stalled_ticks: 3, stalled_bytes: 100 };

fn address(last: u8) -> Option<IpAddr> {
    Some(IpAddr::from([192, 0, 2, last]))
}

fn ended(place: &Place) -> bool {
    place.connection.end.load(Ordering::Relaxed) == 2
}

#[test]
fn a_connection_that_says_nothing_ends_and_one_that_is_answered_stays() {
    let registry = Arc::new(Registry::new(LIMITS));
    let [silent, slow, live, idle] = [1, 2, 3, 4].map(|last| registry.enter(address(last)).expect("a place"));
    live.connection.begun();
    idle.connection.begun();
    idle.connection.answered();
    registry.tick();
    // A byte now and then is no request.
    slow.connection.heard();
    assert!([&silent, &slow, &live, &idle].into_iter().all(|place| !ended(place)));
    registry.tick();
    assert_eq!([&silent, &slow, &live, &idle].map(ended), [true, true, false, false]);
    for _ in 0..3 {
        registry.tick();
    }
    assert_eq!([&live, &idle].map(ended), [false, true]);
    for _ in 0..1_000 {
        registry.tick();
    }
    assert!(!ended(&live), "a stream lasts");
}

#[test]
fn the_head_of_a_later_request_has_the_same_time() {
    let registry = Arc::new(Registry::new(LIMITS));
    let place = registry.enter(address(1)).expect("a place");
    place.connection.begun();
    place.connection.answered();
    for _ in 0..4 {
        registry.tick();
    }
    place.connection.heard();
    registry.tick();
    place.connection.heard();
    assert!(!ended(&place));
    registry.tick();
    assert!(ended(&place));
}

#[test]
fn a_reader_that_takes_nothing_ends_and_one_that_goes_on_stays() {
    let registry = Arc::new(Registry::new(LIMITS));
    let place = registry.enter(address(1)).expect("a place");
    place.connection.begun();
    place.connection.waits(1_000);
    registry.tick();
    registry.tick();
    place.connection.takes();
    registry.tick();
    assert!(!ended(&place));
    place.connection.waits(2_000);
    for _ in 0..3 {
        registry.tick();
    }
    assert!(ended(&place));
}

#[test]
fn a_reader_that_takes_next_to_nothing_ends_and_one_that_takes_enough_stays() {
    let registry = Arc::new(Registry::new(LIMITS));
    let [dripping, slow] = [1, 2].map(|last| registry.enter(address(last)).expect("a place"));
    dripping.connection.begun();
    slow.connection.begun();
    let mut rounds = 0;
    while !ended(&dripping) {
        // Each takes something before it has taken nothing for three ticks: one a byte, the other enough.
        rounds += 1;
        dripping.connection.takes();
        dripping.connection.waits(rounds);
        slow.connection.takes();
        slow.connection.waits(rounds * 100);
        registry.tick();
        registry.tick();
        assert!(rounds < 10 && !ended(&slow), "{rounds}");
    }
    for _ in 0..100 {
        rounds += 1;
        slow.connection.takes();
        slow.connection.waits(rounds * 100);
        registry.tick();
        slow.connection.takes();
        registry.tick();
    }
    assert!(!ended(&slow));
}

#[test]
fn a_stream_with_nothing_to_say_is_not_slow() {
    let registry = Arc::new(Registry::new(LIMITS));
    let stream = registry.enter(address(1)).expect("a place");
    stream.connection.begun();
    for written in 0..100 {
        stream.connection.waits(written);
        stream.connection.takes();
        registry.tick();
    }
    assert!(!ended(&stream));
}

#[test]
fn where_all_places_are_taken_a_slow_reader_makes_room_before_who_waits() {
    let limits = ConnectionLimits { of_address: 4, idle_ticks: 1_000, stalled_ticks: 1_000, ..LIMITS };
    let registry = Arc::new(Registry::new(limits));
    let places = [1, 2, 3, 4].map(|last| registry.enter(address(last)).expect("a place"));
    places.iter().for_each(|place| place.connection.begun());
    let [stalled, dripping, idle, busy] = &places;
    idle.connection.answered();
    for written in 0..u64::from(SLOW_TICKS) {
        dripping.connection.takes();
        dripping.connection.waits(written);
        if written + u64::from(STALLED_TICKS) == u64::from(SLOW_TICKS) {
            stalled.connection.waits(7);
        }
        registry.tick();
    }
    let mut newcomers = Vec::new();
    for expected in [[false, true, false], [true, true, false], [true, true, true]] {
        let newcomer = registry.enter(address(9)).expect("a place");
        newcomer.connection.begun();
        newcomers.push(newcomer);
        assert_eq!([stalled, dripping, idle].map(ended), expected);
    }
    assert!(registry.enter(address(8)).is_none() && !ended(busy), "all are being answered");
}

#[test]
fn an_address_has_its_share_and_its_waiting_connections_make_room() {
    let registry = Arc::new(Registry::new(LIMITS));
    let enter = |last: u8| registry.enter(address(last));
    let (first, second) = (enter(1).expect("a place"), enter(1).expect("a place"));
    registry.tick();
    let third = enter(1).expect("a place: the oldest makes room");
    assert_eq!([&first, &second, &third].map(ended), [true, false, false]);
    drop(first);
    second.connection.begun();
    third.connection.begun();
    assert!(enter(1).is_none(), "both are being answered");
    let other = enter(2).expect("somebody else has a place");
    let proxies: Vec<_> = (0..3).map(|_| registry.enter(None)).collect();
    assert!(proxies.iter().all(Option::is_some), "a proxy has no share of its own");
    assert!(ended(&other), "in all there are four places");
}

#[test]
fn places_are_given_back() {
    let registry = Arc::new(Registry::new(LIMITS));
    for _ in 0..10 {
        let places = [registry.enter(address(1)), registry.enter(address(1))];
        places.iter().flatten().for_each(|place| place.connection.begun());
        assert!(registry.enter(address(1)).is_none());
    }
    assert_eq!(registry.count(), 0);
    assert!(registry.lock().of_addresses.is_empty());
}

#[test]
fn one_subscriber_is_one_address() {
    let text = |text: &str| network(text.parse().expect("an address")).to_string();
    assert_eq!(text("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(text("::ffff:192.0.2.1"), "192.0.2.1");
}
