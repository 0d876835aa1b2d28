//! Health checks against servers that are well, unwell and hostile, and against names and addresses that are meant to lead
//! astray. Every connection is counted.

mod program;
mod served;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use spotdrill::{
    clock::Clock,
    drill::{
        fact::{Fact, What},
        health::{Health, Reach},
        id::CheckUrl,
    },
    probe::{Prober, Watching, url::parse_all, wire::Wire},
};
use tokio::net::TcpStream;

use crate::figure::figure;
use served::{CA, Served};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The addresses that were connected to.
#[derive(Clone, Default)]
struct Connects(Arc<Mutex<Vec<SocketAddr>>>);

impl Connects {
    /// Notes each connection; what was to go anywhere goes to that server, or is refused without one.
    fn on(&self, wire: Wire, server: Option<SocketAddr>) -> Wire {
        let noted = self.clone();
        wire.connecting(move |address| {
            noted.0.lock().unwrap().push(address);
            async move {
                match server {
                    Some(server) => TcpStream::connect(server).await,
                    None => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
                }
            }
        })
    }

    fn made(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

fn clock() -> Clock {
    Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0)
}

fn prober(url: &str, reach: Reach, wire: Wire) -> Prober {
    Prober::new(parse_all([url]).unwrap(), reach, wire)
}

/// Asks one URL once, and gives what was told of it.
async fn look(url: &str, reach: Reach, wire: Wire) -> What {
    let [fact] = <[Fact; 1]>::try_from(prober(url, reach, wire).look_once(&clock()).await).unwrap();
    fact.what
}

/// Why it failed.
async fn why(url: &str, reach: Reach, wire: Wire) -> String {
    match look(url, reach, wire).await {
        What::ProbeFailed { why, .. } => why.to_string(),
        other => panic!("{url} is well: {other:?}"),
    }
}

/// A name that resolves to these addresses.
fn resolving(addresses: &[&str]) -> Wire {
    let addresses: Vec<SocketAddr> =
        addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 443)).collect();
    Wire::default().resolving(move |_, _| {
        let addresses = addresses.clone();
        async move { Ok(addresses) }
    })
}

#[tokio::test]
async fn a_service_that_answers_is_well_and_is_asked_politely() {
    let served = Served::with(OK).await;
    let what = look(&format!("{}/health?token=T", served.url()), Reach::ThisMachineToo, Wire::default()).await;
    let What::ProbeAnswered { check, status: 200, .. } = what else { panic!("{what:?}") };
    assert_eq!(check.to_string(), format!("{}/health", served.url()));
    let request = served.heard();
    let version = env!("CARGO_PKG_VERSION");
    let host = served.url().replace("http://", "");
    let wanted = format!(
        "GET /health?token=T HTTP/1.1\r\nhost: {host}\r\nuser-agent: spotdrill/{version}\r\naccept: */*\r\nconnection: \
         close\r\n\r\n"
    );
    assert_eq!(request, [wanted]);
}

#[tokio::test]
async fn whatever_is_not_2xx_fails_and_no_redirect_is_followed() {
    for (status, wanted) in [
        ("500 Internal Server Error", "answered 500"),
        ("404 Not Found", "answered 404"),
        ("304 Not Modified", "answered 304, a redirect"),
        ("302 Found", "answered 302, a redirect, and those are not followed"),
        ("307 Temporary Redirect", "answered 307, a redirect"),
    ] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"
        );
        let served = Served::with(&answer).await;
        let connects = Connects::default();
        let wire = connects.on(Wire::default(), Some(served.address()));
        let why = why(&served.url(), Reach::ThisMachineToo, wire).await;
        assert!(why.starts_with(wanted) && !why.contains("169.254"), "{why}");
        assert_eq!(connects.made(), [served.address().to_string()], "{status}");
    }
}

#[tokio::test]
async fn what_is_no_http_fails() {
    for answer in ["", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "\0\0\0\0\r\n\r\n"]
    {
        let served = Served::with(answer).await;
        let why = why(&served.url(), Reach::ThisMachineToo, Wire::default()).await;
        assert!(why.starts_with("no HTTP: "), "{answer:?}: {why}");
        assert!(!why.contains("SSH"), "nothing of what a server says is told: {why}");
    }
}

#[tokio::test]
async fn nobody_at_home_is_told_with_the_address() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let why = why(&format!("http://{address}/"), Reach::ThisMachineToo, Wire::default()).await;
    assert!(why.starts_with(&format!("no connection to {address}: Connection refused")), "{why}");
}

#[tokio::test]
async fn a_name_that_is_not_resolved_fails() {
    let wire = Wire::default().resolving(|_, _| async { Err(io::Error::other("no such name")) });
    assert_eq!(why("https://shop.test/", Reach::Network, wire).await, "its name was not resolved: no such name");
    assert_eq!(why("https://shop.test/", Reach::Network, resolving(&[])).await, "its name has no address");
}

#[tokio::test]
async fn of_ten_gigabytes_a_little_is_read_and_that_is_an_answer() {
    let served =
        Served::endless("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", &vec![b'x'; 64 * 1024]).await;
    let what = look(&served.url(), Reach::ThisMachineToo, Wire::default()).await;
    assert!(matches!(what, What::ProbeAnswered { status: 200, .. }), "{what:?}");
    let sent = served.sent().await;
    assert!(sent < 64 * 1024 * 1024, "{sent} bytes were taken before the connection was closed");
}

#[tokio::test]
async fn a_head_without_an_end_is_given_up() {
    let served =
        Served::endless("HTTP/1.1 200 OK\r\n", "X-More: and more, and more, and more\r\n".repeat(100).as_bytes()).await;
    let why = why(&served.url(), Reach::ThisMachineToo, Wire::default()).await;
    assert!(why.starts_with("no HTTP: "), "{why}");
    assert!(served.sent().await < 64 * 1024 * 1024);
}

/// Time stands still once the server has the request, so the wait costs none.
#[tokio::test]
async fn five_seconds_are_all_there_is_however_slowly_it_comes() {
    for (head, drip) in [
        ("", ""),
        ("", "H"),
        ("HTTP/1.1 200 OK\r\nX-Slow: ", "x"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "x"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let served = Served::slow(head, drip, clock()).await;
        let began = tokio::time::Instant::now();
        let why = why(&served.url(), Reach::ThisMachineToo, Wire::default()).await;
        let took = began.elapsed().as_secs_f64();
        assert_eq!(why, "no answer within 5 s", "{head:?} {drip:?}");
        assert!((4.9..6.0).contains(&took), "{took}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_for_that_name() {
    let served = Served::tls(OK).await;
    let at = |name: &'static str, roots: Vec<Vec<u8>>| {
        let wire = Connects::default().on(resolving(&["10.0.0.1"]), Some(served.address())).trusting(roots);
        async move { look(&format!("https://{name}/"), Reach::Network, wire).await }
    };
    let trusted = at("shop.test", vec![CA.to_vec()]).await;
    assert!(matches!(trusted, What::ProbeAnswered { status: 200, .. }), "{trusted:?}");
    for (name, roots) in [("shop.test", vec![]), ("other.test", vec![CA.to_vec()]), ("10.0.0.1", vec![CA.to_vec()])] {
        let What::ProbeFailed { why, .. } = at(name, roots).await else { panic!("{name} is well") };
        assert!(why.starts_with("no TLS: invalid peer certificate"), "{why}");
    }
    let plain = Served::with(OK).await;
    let url = plain.url().replace("http:", "https:");
    assert!(why(&url, Reach::ThisMachineToo, Wire::default()).await.starts_with("no TLS: "));
}

/// Every way that is known to write, or to lead to, an address where a machine is handed its credentials, or itself.
const HOSTILE: [&str; 44] = [
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.170.23/v1/credentials",
    "http://169.254.0.1/",
    "http://169.254.169.254./",
    "http://169.254.169.254:80/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0xA9.0xFE.0xA9.0xFE/",
    "http://0251.0376.0251.0376/",
    "http://025177524776/",
    "http://169.254.43518/",
    "http://169.16689662/",
    "http://0x0a9.254.0251.254/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fd00:0ec2:0:0:0:0:0:23]/",
    "http://[fe80::a9fe:a9fe]/",
    "http://[febf::1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[0:0:0:0:0:FFFF:A9FE:A9FE]/",
    "http://[::169.254.169.254]/",
    "http://[::ffff:0:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:a9fe:a9fe::]/",
    "http://[2001:0:808:808::5601:5601]/",
    "http://[2a00::5efe:a9fe:a9fe]/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://255.255.255.255/",
    "http://224.0.0.251/",
    "http://[ff02::fb]/",
    "https://localhost/",
];

/// Names that an attacker answers for: what they resolve to.
const RESOLVED: [&[&str]; 9] = [
    &["169.254.169.254"],
    &["10.0.0.1", "169.254.169.254"],
    &["169.254.169.254", "10.0.0.1"],
    &["fd00:ec2::254"],
    &["10.0.0.1", "fd00:ec2::254"],
    &["fe80::1"],
    &["::ffff:169.254.169.254"],
    &["127.0.0.1"],
    &["::1", "10.0.0.1"],
];

#[tokio::test]
async fn no_url_and_no_name_leads_to_where_credentials_are_handed_out() {
    let connects = Connects::default();
    let mut reasons = Vec::new();
    for url in HOSTILE {
        // the system's own resolver, which reads the odd spellings; no server is asked for what is a number
        let wire = connects.on(Wire::default(), None);
        reasons.push((url.to_owned(), why(url, Reach::Network, wire).await));
    }
    for addresses in RESOLVED {
        let wire = connects.on(resolving(addresses), None);
        reasons.push((format!("{addresses:?}"), why("https://shop.test/", Reach::Network, wire).await));
    }
    for (asked, why) in &reasons {
        assert!(why.starts_with("not asked: ") || why.starts_with("its name was not resolved: "), "{asked}: {why}");
    }
    let refused = reasons.iter().filter(|(_, why)| why.starts_with("not asked: ")).count();
    assert!(refused > HOSTILE.len(), "the resolver reads the odd spellings, or this test shows nothing: {reasons:?}");
    figure("hostile URLs", format_args!("{}, {} forbidden connects", reasons.len(), connects.made().len()));
    assert_eq!(connects.made(), [""; 0]);
    // and the same count sees a connection where there is one
    let why = why("https://shop.test/", Reach::Network, connects.on(resolving(&["10.0.0.1", "10.0.0.2"]), None)).await;
    assert!(why.starts_with("no connection to 10.0.0.2:443: "), "{why}");
    assert_eq!(connects.made(), ["10.0.0.1:443", "10.0.0.2:443"]);
}

/// A name server that says something harmless when it is asked first, and something else from then on.
#[tokio::test]
async fn a_name_is_resolved_once_a_look_and_the_connection_goes_to_what_was_judged() {
    let (asked, connects) = (Arc::new(Mutex::new(0)), Connects::default());
    let count = asked.clone();
    let wire = Wire::default().resolving(move |_, port| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let address = if *count == 1 { "10.0.0.1" } else { "169.254.169.254" };
        async move { Ok(vec![SocketAddr::new(address.parse().unwrap(), port)]) }
    });
    let served = Served::with(OK).await;
    let prober = prober("http://shop.test:8080/", Reach::Network, connects.on(wire, Some(served.address())));
    let mut watching = Watching::new(prober.clone(), prober.checks().remove(0), clock());
    let first = watching.look().await;
    assert_eq!((first.asked.failed, *asked.lock().unwrap()), (None, 1));
    let second = watching.look().await;
    assert_eq!(
        second.asked.failed.unwrap().as_str().split(',').next(),
        Some("not asked: 169.254.169.254 is a link-local address")
    );
    assert_eq!(*asked.lock().unwrap(), 2);
    assert_eq!(connects.made(), ["10.0.0.1:8080"]);
}

#[tokio::test]
async fn a_lab_asks_this_machine_alone_and_no_name_server() {
    let connects = Connects::default();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let wire = || {
        let asked = asked.clone();
        let wire = Wire::default().resolving(move |host, _| {
            asked.lock().unwrap().push(host);
            async { Ok(vec![SocketAddr::from(([127, 0, 0, 1], 80))]) }
        });
        connects.on(wire, None)
    };
    for url in [
        "https://shop.example.com/",
        "http://2130706433/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[::]/",
    ] {
        assert!(why(url, Reach::ThisMachineAlone, wire()).await.starts_with("not asked: "), "{url}");
    }
    assert_eq!(connects.made(), [""; 0]);
    for url in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/"] {
        assert!(why(url, Reach::ThisMachineAlone, wire()).await.starts_with("no connection to "), "{url}");
    }
    assert_eq!(connects.made(), ["127.0.0.1:1", "[::1]:1", "127.0.0.1:1", "[::1]:1"]);
    assert_eq!(*asked.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn only_what_changes_is_a_fact_and_the_facts_are_the_health() {
    let served = Served::in_turn(&[OK, OK, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", "", OK, OK]).await;
    let prober = prober(&served.url(), Reach::ThisMachineToo, Wire::default());
    let checks = prober.checks();
    let mut health = Health::of(&checks);
    let mut watching = Watching::new(prober, checks[0].clone(), clock());
    let (mut told, mut failed) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let look = watching.look().await;
        failed.push(look.asked.failed.is_some());
        assert!(look.next <= std::time::Duration::from_secs(5) && look.next >= std::time::Duration::from_secs(1));
        if let Some(fact) = look.fact {
            health.record(&fact);
            told.push(fact.what);
        }
    }
    assert_eq!(failed, [false, false, true, true, false, false]);
    let [What::ProbeAnswered { .. }, What::ProbeFailed { why, .. }, What::ProbeRecovered { status: 200, .. }] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(why.as_str(), "answered 503");
    assert_eq!((health.unsteady(), health.failures().len()), (Vec::new(), 1));
}

#[tokio::test]
async fn a_query_that_was_not_kept_has_to_be_given_again() {
    let served = Served::with(OK).await;
    let with_query = prober(&format!("{}/health?token=T", served.url()), Reach::ThisMachineToo, Wire::default());
    let check = with_query.checks().remove(0);
    assert!(check.has_query && !check.url.as_str().contains("token"), "{check:?}");
    let look = |prober: Prober| {
        let mut watching = Watching::new(prober, check.clone(), clock());
        async move { watching.look().await.asked.failed }
    };
    let why = look(Prober::default()).await.unwrap();
    assert!(why.starts_with("not asked: its query is not kept"), "{why}");
    assert_eq!(served.heard(), [""; 0]);
    assert_eq!(look(with_query).await, None);
    let without =
        prober(&format!("{}/health", served.url()), Reach::ThisMachineToo, Wire::default()).checks().remove(0);
    let mut watching = Watching::new(Prober::default(), without.clone(), clock());
    assert_eq!(watching.look().await.asked.failed, None, "one without a query is known by what was written down");
    assert_eq!(without.url, CheckUrl::new(format!("{}/health", served.url())));
}
