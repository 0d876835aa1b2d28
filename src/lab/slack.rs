//! Posts that leave the lab, to URLs on this machine alone, and `GET /_lab/slack`: what its own Slack was sent. Knows not who
//! posts.

use std::{io::ErrorKind, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

use super::{
    wire::time::iso_millis,
    world::{
        World,
        slack::{Answer, Post},
    },
};

/// The path at which messages are read back; no AWS client asks for it.
pub(super) const PATH: &str = "/_lab/slack";

/// How long, in our time, an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a `Retry-After` is that says nothing, in seconds, and how much of an answer is read for a reason, in bytes.
const USUAL_WAIT: i64 = 1;
const REASON: usize = 64;

/// Posts, and says what came back. Redirects are not followed, so that nothing leaves the machine.
pub(super) async fn carry(post: Post) -> (Post, Answer) {
    let answer = timeout(PATIENCE, exchange(&post)).await;
    let answer = answer.unwrap_or(Err("TimeoutError")).unwrap_or_else(Answer::none);
    (post, answer)
}

/// # Errors
/// What the function would call it: Python's name.
async fn exchange(post: &Post) -> Result<Answer, &'static str> {
    let uri: Uri = post.url.parse().map_err(|_| "InvalidURL")?;
    let authority = uri.authority().ok_or("InvalidURL")?;
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await;
    let stream = stream.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => "ConnectionRefusedError",
        _ => "OSError",
    })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| named(&error))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, authority.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(post.body.clone())))
        .map_err(|_| "InvalidURL")?;
    let answer = pin!(async {
        let response = sender.send_request(request).await.map_err(|error| named(&error))?;
        let status = response.status();
        let retry_after = wait(response.headers().get(header::RETRY_AFTER));
        let reason = if status.is_success() { None } else { reason(response.into_body(), &post.url).await };
        Ok(Answer { status: Some(status.as_u16()), retry_after, reason })
    });
    // Whatever came before the server closed the connection is there afterwards.
    match select(answer, pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, answer)) => answer.await,
    }
}

fn named(error: &hyper::Error) -> &'static str {
    if error.is_parse() {
        "BadStatusLine"
    } else if error.is_incomplete_message() || error.is_canceled() {
        "RemoteDisconnected"
    } else {
        "ConnectionResetError"
    }
}

fn wait(header: Option<&HeaderValue>) -> SignedDuration {
    let digits = header.and_then(|value| value.to_str().ok()).filter(|text| text.len() <= 5);
    let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    SignedDuration::from_secs(digits.and_then(|text| text.parse().ok()).unwrap_or(USUAL_WAIT))
}

/// A word such as `invalid_token`; nothing else, for who answers may repeat what was asked.
async fn reason(mut body: Incoming, url: &str) -> Option<String> {
    let mut text = Vec::new();
    while text.len() < REASON
        && let Some(Ok(frame)) = body.frame().await
    {
        text.extend(frame.into_data().unwrap_or_default());
    }
    text.truncate(REASON);
    let word = String::from_utf8(text).ok()?.trim().to_owned();
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (is_word && !url.contains(&word)).then_some(word)
}

/// Every message that the lab's Slack keeps, oldest first.
pub(super) fn messages(world: &World) -> Value {
    let shown = world.slack.messages.iter().map(|message| {
        json!({
            "time": iso_millis(message.time),
            "status": message.status,
            "webhook": message.webhook,
            "payload": message.payload,
        })
    });
    shown.collect()
}
