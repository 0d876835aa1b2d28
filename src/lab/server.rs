//! The lab over loopback HTTP, for clients outside of this process. One future drives all connections; it writes no file.
//! Knows no service.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use http::{
    HeaderMap, Request, Response, StatusCode,
    header::{HOST, ORIGIN},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Body, Lab};

/// The largest body that is read, in bytes.
const BODY: usize = 10 * 1024 * 1024;

/// How long, in our time, a client may take for a request's head or its body, or stay idle.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long, in our time, no connection is accepted after one could not be.
const BREATH: Duration = Duration::from_millis(100);

/// How many connections are open at the same time; others wait until one closes.
const CONNECTIONS: usize = 256;

/// A lab that listens on loopback.
#[derive(Debug)]
pub struct Server {
    lab: Arc<Lab>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on 127.0.0.1; port 0 is any free one.
    pub async fn bind(lab: Arc<Lab>, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { lab, listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves for as long as it is polled. No client's error ends it.
    pub async fn run(self) -> Infallible {
        let mut connections = FuturesUnordered::new();
        let driver = self.lab.drive();
        tokio::pin!(driver);
        loop {
            tokio::select! {
                never = &mut driver => match never {},
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => connections.push(connection(Arc::clone(&self.lab), stream)),
                    Err(_) => catch_breath(&mut connections).await,
                },
                Some(()) = connections.next(), if !connections.is_empty() => {}
            }
        }
    }
}

/// After a failed accept, for want of file descriptors most likely: goes on with the open connections for a moment.
async fn catch_breath(connections: &mut FuturesUnordered<impl Future<Output = ()>>) {
    let drive = async {
        while connections.next().await.is_some() {}
        pending::<()>().await;
    };
    timeout(BREATH, drive).await.unwrap_or_default();
}

async fn connection(lab: Arc<Lab>, stream: TcpStream) {
    let service = service_fn(|request| serve(&lab, request).map(Ok::<_, Infallible>));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off is no concern of the others.
    served.await.unwrap_or_default();
}

async fn serve(lab: &Arc<Lab>, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if let Err(reason) = admit(&parts.headers) {
        return plain(StatusCode::FORBIDDEN, reason);
    }
    match timeout(PATIENCE, Limited::new(body, BODY).collect()).await {
        Ok(Ok(body)) => lab.handle(Request::from_parts(parts, body.to_bytes())).await,
        Ok(Err(error)) if error.is::<LengthLimitError>() => plain(StatusCode::PAYLOAD_TOO_LARGE, "body over 10 MiB"),
        Ok(Err(_)) => plain(StatusCode::BAD_REQUEST, "the body broke off"),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    }
}

/// Refuses what a web page may have sent: a name that was bound to loopback afterwards, or another site's script.
fn admit(headers: &HeaderMap) -> Result<(), &'static str> {
    if headers.contains_key(ORIGIN) {
        return Err("requests of web pages are refused");
    }
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    if host.is_some_and(is_loopback) { Ok(()) } else { Err("the host is not a loopback address") }
}

/// Whether a `Host` is localhost or a loopback literal, with or without a port or the host prefix of Live Tail.
fn is_loopback(host: &str) -> bool {
    let host = host.strip_prefix("stream-").unwrap_or(host);
    let is_loopback = |ip: IpAddr| ip.is_loopback();
    if host.parse().is_ok_and(is_loopback) || host.parse().is_ok_and(|address: SocketAddr| is_loopback(address.ip())) {
        return true;
    }
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "0"));
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bracketed.is_some_and(|ip| ip.parse().is_ok_and(is_loopback))
        || (name.eq_ignore_ascii_case("localhost") && port.parse::<u16>().is_ok())
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let body = Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;
