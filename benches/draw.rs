//! How long one frame of a fleet of ten thousand instances takes: under a millisecond, wherever the cursor is.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::{Terminal, backend::TestBackend};
use spotdrill::{
    app::{App, Msg, Setting, setup::Given},
    drill::{
        fleet::{Behavior, Fleet, Group, GroupKey, GroupKind, Instance, InstanceState, Lifecycle, World},
        id::InstanceId,
    },
    text::SafeText,
    theme::Theme,
    ui::{self, Glyphs},
};

const GROUPS: usize = 20;
const EACH: usize = 500;

fn fleet() -> Fleet {
    let instance = |group: usize, number: usize| Instance {
        id: InstanceId::new(format!("i-{:017x}", group * EACH + number)),
        name: Some(SafeText::new(format!("node-{group}-{number}"))),
        instance_type: SafeText::new(format!("m{}.large", number % 3 + 4)),
        az: SafeText::new(format!("eu-west-{}a", number % 3 + 1)),
        state: InstanceState::Running,
        lifecycle: Lifecycle::Spot,
        spot_request: None,
        interruption_behavior: Some(Behavior::Terminate),
        launched_at: "2026-11-19T10:00:00Z".parse().ok(),
        protected: false,
        node: None,
    };
    let group = |group: usize| Group {
        key: GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new(format!("ng-{group:02}")), cluster: None },
        instances: (0..EACH).map(|number| instance(group, number)).collect(),
    };
    Fleet {
        region: SafeText::new("eu-west-1"),
        account: SafeText::new("123456789012"),
        world: World::Aws,
        groups: (0..GROUPS).map(group).collect(),
        complete: true,
        gap: None,
        as_of: "2026-11-22T12:00:00Z".parse().unwrap_or_default(),
    }
}

fn draw(criterion: &mut Criterion) {
    let setting = Setting {
        world: World::Aws,
        region: None,
        account: None,
        endpoint: None,
        read_only: false,
        rate: 1.0,
        role: String::from("role"),
        stack: Given::default(),
    };
    let now = "2026-11-22T12:00:00Z".parse().unwrap_or_default();
    let (mut app, _) = App::new(setting);
    app.update(Msg::FleetListed(fleet()), now);
    // unfold and mark every group from the last up, then stand in the middle
    let unfold = std::iter::repeat_n(["enter", "space", "k"], GROUPS).flatten();
    for key in ["G"].into_iter().chain(unfold).chain(["G", "pgup"]) {
        if let Ok(chord) = key.parse() {
            app.update(Msg::Key(chord), now);
        }
    }
    assert_eq!((app.browser().rows().len(), app.browser().marks().len()), (GROUPS * (EACH + 1), GROUPS * EACH));
    let (Ok(theme), Ok(mut terminal)) = (Theme::named("default"), Terminal::new(TestBackend::new(140, 40))) else {
        return;
    };
    criterion.bench_function("fleet of 10,000 at 140x40", |bencher| {
        bencher.iter(|| terminal.draw(|frame| ui::draw(black_box(&app), &theme, Glyphs::Unicode, now, frame)).is_ok());
    });
    let end: Option<_> = "G".parse().ok();
    criterion.bench_function("one key among 10,000", |bencher| {
        bencher.iter(|| end.map(|chord| app.update(Msg::Key(chord), now)));
    });
}

criterion_group!(benches, draw);
criterion_main!(benches);
