//! One question to a health URL: a GET over HTTP/1.1, at most five seconds and 64 KiB long, that follows nothing. Knows what
//! counts as an answer; shows nothing of what it says.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{reach::Refusal, url::Url, wire::Wire};
use crate::drill::health::Reach;

/// For all of it: name, connection, TLS and answer.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// So much of a body is read; what follows does not matter.
pub const BODY_BYTES: usize = 64 * 1024;

/// The service says that it is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of HTTP, 200 to 299.
    pub status: u16,
}

/// Why a check failed. Nothing that the server says is in it but a status and what is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    #[error("its name was not resolved: {0}")]
    Unresolved(String),
    #[error("its name has no address")]
    NoAddress,
    #[error("not asked: a lab asks this machine alone, and no name but localhost. Write http://127.0.0.1:PORT")]
    NameInLab,
    #[error("not asked: {address} is {why}")]
    Forbidden { address: IpAddr, why: Refusal },
    #[error("not asked: its query is not kept with the drill. Give its URL again, by --check or in the settings")]
    Forgotten,
    #[error("no connection to {address}: {why}")]
    NoConnection { address: SocketAddr, why: String },
    #[error("no TLS: {0}")]
    Insecure(String),
    #[error("no HTTP: {0}")]
    NoHttp(String),
    #[error("answered {0}, a redirect, and those are not followed: check the URL that it leads to")]
    Redirect(u16),
    #[error("answered {0}")]
    Unwell(u16),
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Late,
}

pub(super) async fn ask(url: &Url, reach: Reach, wire: &Wire) -> Result<Answer, Failure> {
    let asked = async {
        let stream = wire.open(url, reach).await?;
        if url.is_tls { speak(url, wire.secure(url, stream).await?).await } else { speak(url, stream).await }
    };
    timeout(DEADLINE, asked).await.unwrap_or(Err(Failure::Late))
}

async fn speak(url: &Url, stream: impl AsyncRead + AsyncWrite + Unpin + Send) -> Result<Answer, Failure> {
    let no_http = |error: hyper::Error| Failure::NoHttp(error.to_string());
    let request = Request::get(url.target.clone())
        .header(header::HOST, &url.host_header)
        .header(header::USER_AGENT, concat!("spotdrill/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::NoHttp(error.to_string()))?;
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(BODY_BYTES).handshake(TokioIo::new(stream)).await.map_err(no_http)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(no_http)?;
        let answer = judged(response.status())?;
        let (mut body, mut read) = (response.into_body(), 0);
        while let Some(frame) = body.frame().await {
            read += frame.map_err(no_http)?.data_ref().map_or(0, Bytes::len);
            if read >= BODY_BYTES {
                break;
            }
        }
        Ok(answer)
    };
    tokio::pin!(answer, connection);
    tokio::select! {
        biased; // what was answered counts, even if the connection has ended by then
        answer = &mut answer => answer,
        // its end is told by what waits for the answer, which has more to say of it
        _ = &mut connection => answer.await,
    }
}

fn judged(status: StatusCode) -> Result<Answer, Failure> {
    match status {
        status if status.is_success() => Ok(Answer { status: status.as_u16() }),
        status if status.is_redirection() => Err(Failure::Redirect(status.as_u16())),
        status => Err(Failure::Unwell(status.as_u16())),
    }
}
