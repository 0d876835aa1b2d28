//! HTTP servers on loopback, written by hand so that they can do what no server should.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use spotdrill::{clock::Clock, run::crew::spawn};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::oneshot,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// Who vouches for `shop.test`, in tests alone.
pub(super) const CA: &[u8] = include_bytes!("tls/ca.der");

pub(super) struct Served {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    sent: Option<oneshot::Receiver<usize>>,
    task: JoinHandle<()>,
}

impl Served {
    /// Answers each request so and closes.
    pub(super) async fn with(answer: &str) -> Self {
        Self::in_turn(&[answer]).await
    }

    /// Answers one request after the other so, and from then on like the last.
    pub(super) async fn in_turn(answers: &[&str]) -> Self {
        let answers: Vec<_> = answers.iter().map(ToString::to_string).collect();
        let (listener, address) = listen().await;
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let hears = heard.clone();
        let task = spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let head = request(&mut stream).await;
                hears.lock().unwrap().push(head);
                let answer = &answers[number.min(answers.len() - 1)];
                let _ = stream.write_all(answer.as_bytes()).await; // it may have gone
            }
        });
        Self { address, heard, sent: None, task }
    }

    /// The same behind TLS, as `shop.test`.
    pub(super) async fn tls(answer: &'static str) -> Self {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(include_bytes!("tls/shop.test.key.der").as_slice()));
        let certificate = include_bytes!("tls/shop.test.der").to_vec().into();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let (acceptor, (listener, address)) = (TlsAcceptor::from(Arc::new(config)), listen().await);
        let task = spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                request(&mut stream).await;
                let _ = stream.write_all(answer.as_bytes()).await; // it may have gone
            }
        });
        Self { address, heard: Arc::default(), sent: None, task }
    }

    /// Sends the head, and then the same again and again until nobody takes it.
    pub(super) async fn endless(head: &str, more: &[u8]) -> Self {
        let (head, more) = (head.to_owned(), more.to_vec());
        let (listener, address) = listen().await;
        let (tell, sent) = oneshot::channel();
        let task = spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            request(&mut stream).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut count = head.len();
            while stream.write_all(&more).await.is_ok() {
                count += more.len();
            }
            tell.send(count).unwrap();
        });
        Self { address, heard: Arc::default(), sent: Some(sent), task }
    }

    /// Sends the head, and then a drop each second. From the request on time stands still and only jumps.
    pub(super) async fn slow(head: &str, drip: &str, clock: Clock) -> Self {
        let (head, drip) = (head.to_owned(), drip.to_owned());
        let (listener, address) = listen().await;
        let task = spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            request(&mut stream).await;
            tokio::time::pause();
            stream.write_all(head.as_bytes()).await.unwrap();
            loop {
                clock.sleep(Duration::from_secs(1)).await;
                if stream.write_all(drip.as_bytes()).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        });
        Self { address, heard: Arc::default(), sent: None, task }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests so far.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// How many bytes an endless answer came to.
    pub(super) async fn sent(mut self) -> usize {
        self.sent.take().unwrap().await.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

const TLS_HANDSHAKE: u8 = 0x16;

/// Reads a request up to the end of its head, or of what came, or up to what is no HTTP.
async fn request(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(TLS_HANDSHAKE) | Err(_) => break,
            Ok(byte) => head.push(byte),
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}
