//! Posts that leave the lab, to URLs on this machine alone, and `GET /_lab/slack`: what its own Slack was sent. Knows not who
//! posts.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Method, Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
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

const NOTHING: Answer = Answer { status: None, retry_after: None };

/// Posts, and says what came back. Redirects are not followed, so that nothing leaves the machine.
pub(super) async fn carry(post: Post) -> (Post, Answer) {
    let answer = timeout(PATIENCE, exchange(&post)).await.ok().flatten().unwrap_or(NOTHING);
    (post, answer)
}

async fn exchange(post: &Post) -> Option<Answer> {
    let uri: Uri = post.url.parse().ok()?;
    let authority = uri.authority()?;
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, authority.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(post.body.clone())))
        .ok()?;
    let response = pin!(sender.send_request(request));
    // Whatever came before the server closed the connection is there afterwards.
    let response = match select(response, pin!(connection)).await {
        Either::Left((response, _)) => response,
        Either::Right((_, response)) => response.await,
    };
    let response = response.ok()?;
    let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Some(Answer { status: Some(response.status().as_u16()), retry_after: seconds.map(SignedDuration::from_secs) })
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
