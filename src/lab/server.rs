//! The lab over loopback HTTP, for clients outside of this process. One future drives all connections; it writes no file.
//! Knows no service.

mod waiting;

use std::{
    convert::Infallible,
    error::Error,
    future::pending,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use http::{
    Request, Response, StatusCode,
    header::{HOST, ORIGIN},
    request::Parts,
    uri::Authority,
};
use http_body::Body as _;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

use super::{Body, Lab, breaking::Reset};
use waiting::{Guest, Waiting};

/// The largest body that is read, in bytes: no operation that the lab plays takes more than Lambda's Invoke, 6 MB.
const BODY: usize = 6 * 1024 * 1024;

const TOO_LARGE: &str = "the body is over 6 MiB";

/// A body of at most so many bytes is read at once, whatever else is being read.
const SMALL_BODY: u64 = 64 * 1024;

/// How many larger ones are read at the same time; others wait for their turn.
const LARGE_BODIES: usize = 16;

/// The longest request head, in bytes.
const HEAD: usize = 64 * 1024;

/// How long, in our time, a client may take for a request's head or its body, or stay idle.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long, in our time, no connection is accepted after one could not be.
const BREATH: Duration = Duration::from_millis(100);

/// How many connections are open at the same time. For another one the longest idle is closed; it waits if none is idle.
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

    /// Serves for as long as it is polled. No client's error ends it, and idle connections make way for new ones.
    pub async fn run(self) -> Infallible {
        let lab = Arc::clone(&self.lab);
        let driver = lab.drive();
        tokio::pin!(driver);
        let house = House { lab: self.lab, waiting: Waiting::default(), large: Arc::new(Semaphore::new(LARGE_BODIES)) };
        let waiting = house.waiting.clone();
        let mut connections = FuturesUnordered::new();
        loop {
            let full = connections.len() >= CONNECTIONS;
            tokio::select! {
                biased;
                never = &mut driver => match never {},
                Some(()) = connections.next(), if !connections.is_empty() => {}
                accepted = self.listener.accept(), if !full || !waiting.is_empty() => match accepted {
                    Ok((stream, _)) => {
                        if full {
                            waiting.dismiss_one();
                        }
                        connections.push(connection(house.clone(), stream));
                    }
                    // For want of file descriptors, most likely: an idle connection has one to give.
                    Err(_) if waiting.dismiss_one() => {}
                    Err(_) => catch_breath(&mut connections).await,
                },
                () = waiting.joined(), if full => {}
            }
        }
    }
}

/// What all connections share.
#[derive(Clone)]
struct House {
    lab: Arc<Lab>,
    waiting: Waiting,
    large: Arc<Semaphore>,
}

/// After a failed accept: goes on with the open connections for a moment.
async fn catch_breath(connections: &mut FuturesUnordered<impl Future<Output = ()>>) {
    let drive = async {
        while connections.next().await.is_some() {}
        pending::<()>().await;
    };
    timeout(BREATH, drive).await.unwrap_or_default();
}

async fn connection(house: House, stream: TcpStream) {
    stream.set_nodelay(true).unwrap_or_default(); // without it answers are only slower
    let guest = house.waiting.guest();
    let service = service_fn(|request| serve(&house, &guest, request));
    let mut served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = guest.dismissed() => return,
    };
    // A client that breaks off is no concern of the others.
    let is_reset = |error: &hyper::Error| error.source().is_some_and(<dyn Error>::is::<Reset>);
    if ended.is_err_and(|error| is_reset(&error)) {
        // Closing is then a reset, as far as the system goes along.
        served.into_parts().io.into_inner().set_zero_linger().unwrap_or_default();
    }
}

async fn serve(house: &House, guest: &Arc<Guest>, request: Request<Incoming>) -> Result<Response<Body>, Reset> {
    let (parts, body) = request.into_parts();
    if let Err(reason) = admit(&parts) {
        return Ok(plain(StatusCode::FORBIDDEN, reason));
    }
    if body.size_hint().lower() > BODY as u64 {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE));
    }
    let refusal = match timeout(PATIENCE, read(house, body)).await {
        Ok(Ok(body)) => return answer(house, guest, Request::from_parts(parts, body)).await,
        Ok(Err(error)) if error.is::<LengthLimitError>() => plain(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
        Ok(Err(_)) => plain(StatusCode::BAD_REQUEST, "the body broke off"),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
    Ok(refusal)
}

/// The whole body; large ones are read a few at a time, for they are kept in memory.
async fn read(house: &House, body: Incoming) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    let is_small = body.size_hint().upper().is_some_and(|length| length <= SMALL_BODY);
    let _turn = if is_small { None } else { Some(house.large.acquire().await?) };
    Ok(Limited::new(body, BODY).collect().await?.to_bytes())
}

/// The connection is busy until the answer's body is written.
async fn answer(house: &House, guest: &Arc<Guest>, request: Request<Bytes>) -> Result<Response<Body>, Reset> {
    let busy = Arc::clone(guest).busy();
    let answer = house.lab.handle(request).await;
    if answer.extensions().get::<Reset>().is_some() {
        return Err(Reset);
    }
    if answer.body().size_hint().exact().is_some() {
        return Ok(answer);
    }
    // Only a stream goes on for longer than it takes to hand it over.
    let keep = move |frame| {
        let _busy = &busy;
        frame
    };
    Ok(answer.map(|body| body.map_frame(keep).boxed()))
}

/// Refuses what a web page may have sent: a name that was bound to loopback afterwards, or another site's script.
fn admit(parts: &Parts) -> Result<(), &'static str> {
    if parts.headers.contains_key(ORIGIN) {
        return Err("requests of web pages are refused");
    }
    if !parts.headers.contains_key(HOST) {
        return Err("the header Host is missing: it must be a loopback address");
    }
    let named = parts.headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
    // An absolute URI outranks the header.
    let all_loopback = named.chain(parts.uri.authority().map(Authority::as_str)).all(is_loopback);
    if all_loopback { Ok(()) } else { Err("the host is not a loopback address") }
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
