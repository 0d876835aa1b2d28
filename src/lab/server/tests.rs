//! The server against raw sockets: what it refuses, and that nothing ends it.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{clock::Clock, lab::scenario::Scenario};

/// What each of these raw requests is answered with by one and the same server.
async fn exchange<const N: usize>(requests: [Vec<u8>; N]) -> [String; N] {
    let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 10.0);
    let lab = Lab::open(Scenario::named("tiny").unwrap(), clock, 1);
    let server = Server::bind(lab, 0).await.unwrap();
    let address = server.address();
    let clients = async {
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
    };
    tokio::select! {
        answers = clients => answers,
        never = server.run() => match never {},
    }
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
    ])
    .await;
    let status = answers.map(|answer| answer.split(' ').nth(1).unwrap_or("closed").to_owned());
    assert_eq!(status, ["400", "403", "403", "400", "413", "403"]);
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
