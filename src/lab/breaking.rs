//! How an answer breaks off on its way, where a fault says so. Knows not why, nor whose answer it is.

use std::{future::pending, io};

use futures_util::{StreamExt, stream};
use http::{HeaderValue, Response, header::CONTENT_LENGTH};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use thiserror::Error;

use super::{Body, faults::FaultKind};

/// In an answer's extensions: it is never to reach the client, whose connection is reset instead.
#[derive(Clone, Copy, Debug, Error)]
#[error("the connection is reset before the answer")]
pub(super) struct Reset;

/// The answer with its connection broken: reset, or half of the body (of a stream, the first part of it) and then either
/// the end or nothing more. The length that the header announces stays that of the whole.
pub(super) async fn broken(answer: Response<Body>, kind: FaultKind) -> Response<Body> {
    let length = answer.body().size_hint().exact();
    let (mut parts, mut body) = answer.into_parts();
    if kind == FaultKind::Reset || length == Some(0) {
        parts.extensions.insert(Reset);
        return Response::from_parts(parts, body);
    }
    let first = body.frame().await.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default();
    let cut = if length.is_some() { first.len() / 2 } else { first.len() };
    if let Some(length) = length {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let end = async move {
        // What came before is on its way by the time of the error.
        tokio::task::yield_now().await;
        if kind == FaultKind::Stall {
            pending::<()>().await;
        }
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    };
    let frames = stream::iter([Ok(Frame::data(first.slice(..cut)))]).chain(stream::once(end));
    Response::from_parts(parts, BodyExt::boxed(StreamBody::new(frames)))
}
