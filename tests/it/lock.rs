//! One operator per group: races of several in one account under paused time, with time between what each reads and what
//! it writes; stale locks, lost answers, and drills that come second.

mod account;
mod program;
mod start;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use futures_util::future::join_all;
use spotdrill::{
    aws::{Aws, Connection, Way, connect, lock::NotTaken},
    clock::Clock,
    drill::{
        fleet::{GroupKey, GroupKind},
        id::DrillId,
        lock::{Lock, State},
    },
    lab::{Lab, in_process, scenario::Scenario},
    text::SafeText,
};

use crate::figure::figure;

/// An account, and operators in it who are slow: each request and each answer takes up to two seconds, by a seed.
struct Account {
    lab: Arc<Lab>,
    clock: Clock,
}

impl Account {
    fn of(scenario: Scenario) -> Self {
        let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
        Self { lab: Lab::open(scenario, clock.clone(), 1), clock }
    }

    fn tiny() -> Self {
        Self::of(Scenario::named("tiny").unwrap())
    }

    async fn operator(&self, number: u64) -> Operator {
        let way = Way::Lab {
            url: String::from("http://127.0.0.1:1"),
            region: self.lab.region(),
            access_key: self.lab.access_key().to_owned(),
            secret_key: self.lab.secret().to_owned(),
        };
        let random = Arc::new(Mutex::new(fastrand::Rng::with_seed(number)));
        let slow =
            SharedHttpClient::new(Slow { inner: in_process::client(&self.lab), random, clock: self.clock.clone() });
        let connection = Connection {
            way,
            read_only: false,
            accounts: Vec::new(),
            clock: self.clock.clone(),
            http_client: Some(slow),
            credentials: None,
        };
        Operator { aws: connect(connection).await.unwrap(), number }
    }
}

struct Operator {
    aws: Aws,
    number: u64,
}

impl Operator {
    /// A lock of this operator's for a drill of that name, which may be taken over at once.
    fn lock(&self, drill: &str) -> Lock {
        Lock {
            drill: DrillId::new(format!("{drill}-{}", self.number)).unwrap(),
            group: SafeText::new("web"),
            arn: SafeText::new("arn:aws:iam::000000000000:user/ana"),
            user: SafeText::new(format!("user{}", self.number)),
            host: SafeText::new("bastion"),
            at: self.aws.clock.now(),
            lasts: 0,
            version: SafeText::new("0"),
        }
    }

    async fn take(&self, group: &GroupKey, drill: &str, over: &[DrillId]) -> Result<Option<DrillId>, NotTaken> {
        self.aws.take_lock(group, &self.lock(drill), over).await
    }

    /// What the lock says that counts.
    async fn reads(&self, group: &GroupKey) -> Option<(State, DrillId)> {
        self.aws.lock(group).await.unwrap().map(|read| (read.entry.state, read.entry.lock.drill))
    }
}

fn group(name: &str) -> GroupKey {
    GroupKey { kind: GroupKind::AutoScalingGroup, name: SafeText::new(name), cluster: None }
}

/// The winners of a race of these operators for one group, by their numbers; those who come second read who has won, or
/// who holds it still.
async fn race(
    operators: &[Operator],
    group: &GroupKey,
    drill: &str,
    holder: Option<&DrillId>,
    over: &[DrillId],
) -> Vec<u64> {
    let ended = join_all(operators.iter().map(|operator| operator.take(group, drill, over))).await;
    let winners: Vec<_> =
        operators.iter().zip(&ended).filter(|(_, end)| end.is_ok()).map(|(it, _)| it.number).collect();
    let wins = winners.first().map(|winner| DrillId::new(format!("{drill}-{winner}")).unwrap());
    for end in ended.iter().filter_map(|end| end.as_ref().err()) {
        let NotTaken::Held(standing) = end else { panic!("{drill}: {end}") };
        assert_eq!(Some(&standing.lock.drill), wins.as_ref().or(holder), "{drill}");
    }
    let held = wins.as_ref().or(holder).map(|drill| (State::Held, drill.clone()));
    assert_eq!(operators[0].reads(group).await, held, "{drill}: everybody reads the winner");
    winners
}

/// A group is raced for three times: when nobody ever held it, when a drill that was left holds it whose id all give, and
/// when it is free again.
#[tokio::test(start_paused = true)]
async fn of_all_who_race_for_a_group_exactly_one_wins() {
    const RACES: usize = 1000;
    let account = Account::tiny();
    let operators = join_all((0..5).map(|number| account.operator(number))).await;
    let (mut run, mut alone, mut won_by) = (0, 0, [0; 5]);
    let mut holder: Option<DrillId> = None;
    for number in 0..RACES {
        let racing = &operators[..if number % 10 == 0 { 5 } else { 2 }];
        let (group, drill) = (group(&format!("group-{}", number / 3)), format!("race{number}"));
        let over: Vec<_> = match (number % 3, holder.take()) {
            (1, Some(left)) => vec![left],
            (2, Some(left)) => {
                assert!(operators[0].aws.free_lock(&group, &left).await.unwrap());
                Vec::new()
            }
            _ => Vec::new(),
        };
        let winners = race(racing, &group, &drill, over.first(), &over).await;
        run += 1;
        if let [winner] = winners[..] {
            alone += 1;
            won_by[usize::try_from(winner).unwrap()] += 1;
            holder = Some(DrillId::new(format!("{drill}-{winner}")).unwrap());
        }
    }
    figure("lock races", format_args!("{run} run, {alone} with one winner"));
    assert_eq!((run, alone), (RACES, RACES));
    assert!(won_by[0] > RACES / 4 && won_by[1] > RACES / 4, "it is no race if the same always wins: {won_by:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stale_lock_whose_id_nobody_gives_is_won_by_nobody() {
    let account = Account::tiny();
    let operators = join_all((0..3).map(|number| account.operator(number))).await;
    let (group, left) = (group("web"), operators[0].lock("left").drill);
    operators[0].take(&group, "left", &[]).await.unwrap();
    for number in 0..20 {
        let over = [DrillId::new("another").unwrap()];
        assert!(race(&operators, &group, &format!("race{number}"), Some(&left), &over).await.is_empty());
    }
}

/// Between two drills of a group nobody waits, and the lock's versions pile up: those that came second, too.
#[tokio::test(start_paused = true)]
async fn a_group_is_drilled_by_one_after_another() {
    let account = Account::tiny();
    let operators = join_all((0..3).map(|number| account.operator(number))).await;
    let group = group("web");
    for turn in 0..60 {
        let drill = format!("turn{turn}");
        let ended = join_all(operators.iter().map(|operator| operator.take(&group, &drill, &[]))).await;
        let won: Vec<_> = (0..3).filter(|&one| ended[one].is_ok()).collect();
        let [winner] = won[..] else { panic!("{turn}: {won:?}") };
        let loser = &operators[(winner + 1) % 3];
        assert!(
            !loser.aws.free_lock(&group, &loser.lock(&drill).drill).await.unwrap(),
            "it is not the loser's to free"
        );
        let drill = operators[winner].lock(&drill).drill;
        assert!(operators[winner].aws.free_lock(&group, &drill).await.unwrap(), "{turn}");
        assert!(!operators[winner].aws.free_lock(&group, &drill).await.unwrap(), "{turn}: once is enough");
        assert_eq!(operators[0].reads(&group).await, Some((State::Free, drill)));
    }
}

/// Who frees a lock that is taken over meanwhile frees nobody else's.
#[tokio::test(start_paused = true)]
async fn a_late_holder_does_not_free_its_successors_lock() {
    let account = Account::tiny();
    let (late, next) = (account.operator(0).await, account.operator(1).await);
    for number in 0..50 {
        let group = group(&format!("late-{number}"));
        late.take(&group, "late", &[]).await.unwrap();
        let drill = late.lock("late").drill;
        let (freed, taken) =
            tokio::join!(late.aws.free_lock(&group, &drill), next.take(&group, "next", std::slice::from_ref(&drill)));
        assert_eq!(
            next.reads(&group).await,
            Some((State::Held, DrillId::new("next-1").unwrap())),
            "{number}: {freed:?} {taken:?}"
        );
        assert!(taken.is_ok());
    }
}

/// Whatever comes in between, a lock that was taken is not removed, and one that is being removed is not taken.
#[tokio::test(start_paused = true)]
async fn who_takes_a_lock_and_who_removes_it_never_both_succeed() {
    let account = Account::tiny();
    let (tidy, next) = (account.operator(0).await, account.operator(1).await);
    let mut seen = [0; 2];
    for number in 0..100 {
        let group = group(&format!("tidy-{number}"));
        tidy.take(&group, "over", &[]).await.unwrap();
        tidy.aws.free_lock(&group, &tidy.lock("over").drill).await.unwrap();
        let read = tidy.aws.lock(&group).await.unwrap().unwrap();
        let (removed, taken) = tokio::join!(tidy.aws.remove_lock(&read), next.take(&group, "next", &[]));
        let after = next.reads(&group).await;
        match (removed.unwrap().is_none(), &taken) {
            (_, Ok(_)) => assert_eq!(after, Some((State::Held, DrillId::new("next-1").unwrap())), "{number}"),
            (true, Err(NotTaken::Removing { .. })) => assert_eq!(after, None, "{number}"),
            other => panic!("{number}: {other:?}"),
        }
        seen[usize::from(taken.is_ok())] += 1;
    }
    assert!(seen[0] > 10 && seen[1] > 10, "it is no race if the same always wins: {seen:?}");
}

#[derive(Clone)]
struct Slow {
    inner: SharedHttpClient,
    random: Arc<Mutex<fastrand::Rng>>,
    clock: Clock,
}

impl Slow {
    fn delay(&self) -> Duration {
        Duration::from_millis(self.random.lock().unwrap().u64(0..2000))
    }
}

impl fmt::Debug for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slow")
    }
}

impl HttpClient for Slow {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Slowly { slow: self.clone(), inner: self.inner.http_connector(settings, components) })
    }
}

#[derive(Debug)]
struct Slowly {
    slow: Slow,
    inner: SharedHttpConnector,
}

impl HttpConnector for Slowly {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (before, after, inner) = (self.slow.delay(), self.slow.delay(), self.inner.clone());
        let clock = self.slow.clock.clone();
        HttpConnectorFuture::new(async move {
            clock.sleep(before).await;
            let answer = inner.call(request).await;
            clock.sleep(after).await;
            answer
        })
    }
}
