//! Gives each connection a place, and decides who loses one when there are no more.
//!
//! A stranger is someone who hasn't yet shown the password. Strangers share a fixed number of places. Once these are
//! taken, a new stranger replaces another: if half of them haven't finished a request, one of those; and among the
//! candidates, the oldest from the busiest address. An address that opens many connections therefore displaces its
//! own, and if all come through one proxy, a browser that loads the page still keeps its places.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Each may also have one of noVNC's files open. Together with the viewers' places, that stays below 256 open files,
/// the lowest limit that containers get.
const STRANGERS: usize = 64;
/// Each viewer needs two: the screen, with a socket to the X server, and the figures.
const VIEWERS: usize = 48;
/// How long a stranger may keep a place while others wait for one.
const GRACE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Taken {
    /// In order of arrival.
    strangers: Vec<Arc<Seat>>,
    viewers: usize,
}

struct Seat {
    address: IpAddr,
    since: Instant,
    has_asked: AtomicBool,
    has_to_leave: Notify,
}

#[derive(Clone, Default)]
pub struct Places(Arc<Mutex<Taken>>);

/// Released when dropped.
pub struct Place {
    seat: Arc<Seat>,
    places: Places,
    is_viewer: AtomicBool,
}

impl Taken {
    /// Which of the strangers loses the place.
    fn who_leaves(&self) -> usize {
        let has_asked = |seat: &Seat| seat.has_asked.load(Ordering::Relaxed);
        let asked = self.strangers.iter().filter(|seat| has_asked(seat)).count();
        let from_those_who_asked = 2 * asked > STRANGERS;
        let (at, addresses): (Vec<_>, Vec<_>) = (self.strangers.iter().enumerate())
            .filter(|(_, seat)| has_asked(seat) == from_those_who_asked)
            .map(|(at, seat)| (at, seat.address))
            .unzip();
        at[first_of_the_busiest(addresses.iter().copied())]
    }
}

impl Places {
    /// Waits for a stranger's place.
    pub async fn take(&self, address: IpAddr) -> Arc<Place> {
        loop {
            let wait = {
                let mut taken = self.taken();
                if taken.strangers.len() < STRANGERS {
                    break;
                }
                let leaving = taken.who_leaves();
                let stayed = taken.strangers[leaving].since.elapsed();
                if stayed >= GRACE {
                    taken.strangers.remove(leaving).has_to_leave.notify_one();
                    break;
                }
                GRACE - stayed
            };
            tokio::time::sleep(wait).await;
        }
        let seat = Arc::new(Seat {
            address,
            since: Instant::now(),
            has_asked: AtomicBool::new(false),
            has_to_leave: Notify::new(),
        });
        self.taken().strangers.push(seat.clone());
        Arc::new(Place { seat, places: self.clone(), is_viewer: AtomicBool::new(false) })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub fn address(&self) -> IpAddr {
        self.seat.address
    }

    /// A request on this connection is complete.
    pub fn asks(&self) {
        self.seat.has_asked.store(true, Ordering::Relaxed);
    }

    /// Returns when another stranger needs this place; never if it is a viewer's.
    pub async fn has_to_leave(&self) {
        self.seat.has_to_leave.notified().await;
    }

    /// Turns it into a viewer's place, which nobody else gets. Returns false if there are no more of those.
    pub fn make_viewers(&self) -> bool {
        let mut taken = self.places.taken();
        if self.is_viewer.load(Ordering::Relaxed) {
            return true;
        }
        if taken.viewers == VIEWERS {
            return false;
        }
        taken.viewers += 1;
        taken.strangers.retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        self.is_viewer.store(true, Ordering::Relaxed);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if self.is_viewer.load(Ordering::Relaxed) {
            taken.viewers -= 1;
        } else {
            taken.strangers.retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        }
    }
}

/// The index of the first occurrence of the most frequent of these addresses, which are in order of arrival.
fn first_of_the_busiest(addresses: impl Iterator<Item = IpAddr> + Clone) -> usize {
    let times = |address| addresses.clone().filter(|other| *other == address).count();
    let most = addresses.clone().map(times).max();
    addresses.clone().position(|address| Some(times(address)) == most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn the_busiest_address_loses_its_first() {
        let first = |lasts: &[u8]| first_of_the_busiest(lasts.iter().copied().map(address));
        assert_eq!(first(&[1]), 0);
        assert_eq!(first(&[1, 2, 3]), 0);
        assert_eq!(first(&[1, 2, 3, 2]), 1);
        assert_eq!(first(&[3, 1, 2, 1, 2, 2]), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_from_one_address_push_out_each_other_and_nobody_else() {
        let places = Places::default();
        let other = places.take(address(2)).await;
        let mut knocking = Vec::new();
        for _ in 0..3 * STRANGERS {
            knocking.push(places.take(address(1)).await);
        }
        assert_eq!(places.taken().strangers.len(), STRANGERS);
        assert!(places.taken().strangers.iter().any(|seat| Arc::ptr_eq(seat, &other.seat)));
        knocking[0].has_to_leave().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_asked_stays_while_others_from_the_same_address_only_knock() {
        let places = Places::default();
        let browser = places.take(address(1)).await;
        browser.asks();
        let mut knocking = Vec::new();
        for _ in 0..3 * STRANGERS {
            knocking.push(places.take(address(1)).await);
        }
        let is_there = |place: &Place| places.taken().strangers.iter().any(|seat| Arc::ptr_eq(seat, &place.seat));
        assert!(is_there(&browser));
        // Those who have finished a request can't keep more than half of the places.
        let mut asking = Vec::new();
        for _ in 0..STRANGERS {
            let place = places.take(address(1)).await;
            place.asks();
            asking.push(place);
        }
        assert!(!is_there(&browser));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_keeps_the_place_for_the_grace() {
        let places = Places::default();
        let mut strangers = Vec::new();
        for _ in 0..STRANGERS {
            strangers.push(places.take(address(1)).await);
        }
        let before = Instant::now();
        let _next = places.take(address(1)).await;
        assert_eq!(before.elapsed(), GRACE);
    }

    #[tokio::test]
    async fn viewers_take_no_strangers_place_and_there_is_an_end_to_them() {
        let places = Places::default();
        let mut viewers = Vec::new();
        for _ in 0..VIEWERS {
            let place = places.take(address(1)).await;
            assert!(place.make_viewers() && place.make_viewers());
            viewers.push(place);
        }
        assert_eq!(places.taken().strangers.len(), 0);
        let late = places.take(address(1)).await;
        assert!(!late.make_viewers());
        viewers.pop();
        assert!(late.make_viewers());
        drop((viewers, late));
        assert_eq!(places.taken().viewers, 0);
    }
}
