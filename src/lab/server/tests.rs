//! The server against raw sockets: what it refuses, and that nothing ends it.

use futures_util::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{clock::Clock, lab::scenario::Scenario};

fn lab(extra: &str) -> Arc<Lab> {
    let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 10.0);
    let text = format!("description = \"x\"\nregion = \"eu-west-1\"\n{extra}");
    Lab::open(Scenario::parse("test", &text).unwrap(), clock, 1)
}

/// Does this with a server of the lab running.
async fn served<T, C: Future<Output = T>>(lab: Arc<Lab>, clients: impl FnOnce(SocketAddr) -> C) -> T {
    let server = Server::bind(lab, 0).await.unwrap();
    let clients = clients(server.address());
    tokio::select! {
        done = clients => done,
        never = server.run() => match never {},
    }
}

/// What each of these raw requests is answered with by one and the same server.
async fn exchange<const N: usize>(requests: [Vec<u8>; N]) -> [String; N] {
    served(lab(""), async |address| {
        let mut answers = [const { String::new() }; N];
        for (request, answer) in requests.into_iter().zip(&mut answers) {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // The server may close before it has read all of an oversized body.
            let _written = stream.write_all(&request).await;
            let mut bytes = Vec::new();
            let _read = stream.read_to_end(&mut bytes).await;
            *answer = String::from_utf8_lossy(&bytes).into_owned();
        }
        answers
    })
    .await
}

/// A signed GetCallerIdentity, as far as the lab looks at signatures.
fn who(lab: &Lab) -> Vec<u8> {
    let credential = format!("Credential={}/20261122/eu-west-1/sts/aws4_request", lab.access_key());
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nauthorization: AWS4-HMAC-SHA256 {credential}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn broken(kind: &str) -> Arc<Lab> {
    lab(&format!("[[fault]]\noperation = \"sts:*\"\nkind = \"{kind}\"\ntimes = 1\n"))
}

fn get(host: &str, more: &str) -> Vec<u8> {
    format!("GET /experiments HTTP/1.1\r\nhost: {host}\r\n{more}connection: close\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn refusals_and_broken_requests_leave_it_running() {
    let long = format!("content-length: {}\r\n", BODY + 1);
    let mut large = get("localhost", &long);
    large.extend(vec![b'x'; BODY + 1]);
    let answers = exchange([
        b"\x00\xff nonsense\r\n\r\n".to_vec(),
        get("example.com", ""),
        get("localhost", "origin: https://example.com\r\n"),
        get("localhost", "content-length: nine\r\n"),
        large,
        get("127.0.0.1:4566", ""),
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
        b"GET / HTTP/1.0\r\nhost: localhost\r\n\r\n".to_vec(),
        get("localhost", &format!("x-long: {}\r\n", "x".repeat(2 * HEAD))),
        get("localhost", &"x-many: x\r\n".repeat(200)),
        b"CONNECT localhost:1 HTTP/1.1\r\nhost: localhost:1\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n\x16\x03\x01 garbage\r\n\r\n".to_vec(),
    ])
    .await;
    let status = answers.map(|answer| answer.split(' ').nth(1).unwrap_or("closed").to_owned());
    let expected = ["400", "403", "403", "400", "413", "403", "403", "403", "431", "431", "403", "403"];
    assert_eq!(status, expected);
}

#[tokio::test]
async fn an_answer_bears_the_labs_time_and_rate() {
    let [answer] = exchange([get("localhost:1", "")]).await;
    for part in [
        "x-amzn-errortype: MissingAuthenticationTokenException\r\n",
        "x-spotdrill-lab-rate: 10\r\n",
        "x-spotdrill-lab-time: 2026-11-22T12:00:0",
        "date: Sun, 22 Nov 2026 12:00:0",
        "x-amzn-requestid: ",
    ] {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_request_is_not_waited_for_forever() {
    let half = |text: &str| text.as_bytes().to_vec();
    let answers = exchange([
        half("GET / HTTP/1.1\r\nhost: local"),
        half("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\nconnection: close\r\n\r\nab"),
        half(""),
    ])
    .await;
    assert!(answers[1].starts_with("HTTP/1.1 408 "), "{answers:?}");
}

#[tokio::test]
async fn idle_connections_make_way_and_new_clients_are_answered_at_once() {
    const MORE: usize = 40;
    served(lab(""), async |address| {
        let mut idle = Vec::new();
        for _ in 0..CONNECTIONS + MORE {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        let mut late = TcpStream::connect(address).await.unwrap();
        late.write_all(&get("localhost", "")).await.unwrap();
        let mut answer = String::new();
        late.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        for (place, stream) in idle.iter_mut().take(MORE).enumerate() {
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "{place} has waited longest and is closed");
        }
        let newest = idle.last_mut().unwrap();
        newest.write_all(&get("localhost", "")).await.unwrap();
        assert!(newest.read(&mut [0]).await.unwrap() > 0, "the newest has kept its place");
    })
    .await;
}

#[tokio::test]
async fn a_reset_comes_instead_of_the_answer_once() {
    let lab = broken("reset");
    let request = who(&lab);
    served(lab, async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    })
    .await;
}

/// The announced length of an answer's body, and how much of the body is there.
fn lengths(answer: &[u8]) -> Option<(usize, usize)> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some((length.parse().unwrap(), body.len()))
}

#[tokio::test]
async fn half_an_answer_announces_the_whole() {
    let lab = broken("half");
    let request = who(&lab);
    served(lab, async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let (announced, came) = lengths(&answer).unwrap();
        assert_eq!(came, announced / 2);
    })
    .await;
}

#[tokio::test]
async fn a_stalled_answer_neither_goes_on_nor_ends() {
    let lab = broken("stall");
    let request = who(&lab);
    served(lab, async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let mut answer = Vec::new();
        while lengths(&answer).is_none_or(|(announced, came)| came < announced / 2) {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "it ended");
        }
        let mut other = TcpStream::connect(address).await.unwrap();
        other.write_all(&get("localhost", "")).await.unwrap();
        other.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(stream.read_buf(&mut answer).now_or_never().is_none());
    })
    .await;
}

#[test]
fn loopback_hosts() {
    for host in [
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost",
        "LocalHost:4566",
        "[::1]:9",
        "[::1]",
        "::1",
        "stream-127.0.0.1:9",
        "stream-localhost:9",
    ] {
        assert!(is_loopback(host), "{host}");
    }
    for host in [
        "",
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "10.0.0.1",
        "localhost:x",
        "stream-example.com",
    ] {
        assert!(!is_loopback(host), "{host}");
    }
}
