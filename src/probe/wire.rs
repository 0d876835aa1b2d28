//! How a check gets to its server: a name is resolved once, every address is judged, and the connection is made to one that
//! was judged and to nothing else. Knows no proxy, for it reads no environment.

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName},
    },
};

use super::{ask::Failure, reach::judge, url::Url};
use crate::drill::health::Reach;

type Later<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;
type Resolve = Arc<dyn Fn(String, u16) -> Later<Vec<SocketAddr>> + Send + Sync>;
type Connect = Arc<dyn Fn(SocketAddr) -> Later<TcpStream> + Send + Sync>;
type Tls = Arc<OnceLock<Arc<ClientConfig>>>;

/// So many addresses of a name are tried.
const MOST_TRIED: usize = 4;
/// One that does not answer leaves time for the next.
const CONNECT: Duration = Duration::from_secs(2);

/// How names are resolved, addresses are connected to, and which certificates are trusted.
#[derive(Clone)]
pub struct Wire {
    resolve: Resolve,
    connect: Connect,
    /// Read when the first check needs it.
    tls: Tls,
}

impl Default for Wire {
    /// This machine's own ways.
    fn default() -> Self {
        Self {
            resolve: Arc::new(|host, port| Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })),
            connect: Arc::new(|address| Box::pin(TcpStream::connect(address))),
            tls: Tls::default(),
        }
    }
}

impl Wire {
    #[must_use]
    pub fn resolving<F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static>(
        self,
        resolve: impl Fn(String, u16) -> F + Send + Sync + 'static,
    ) -> Self {
        Self { resolve: Arc::new(move |host, port| Box::pin(resolve(host, port))), ..self }
    }

    #[must_use]
    pub fn connecting<F: Future<Output = io::Result<TcpStream>> + Send + 'static>(
        self,
        connect: impl Fn(SocketAddr) -> F + Send + Sync + 'static,
    ) -> Self {
        Self { connect: Arc::new(move |address| Box::pin(connect(address))), ..self }
    }

    /// Trusts what these certificates have signed and nothing else.
    #[must_use]
    pub fn trusting(self, roots: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let roots = roots.into_iter().map(CertificateDer::from);
        Self { tls: Arc::new(OnceLock::from(trust(roots))), ..self }
    }

    /// A connection to an address of the URL's host that may be reached. One address that may not spoils the name: whoever
    /// answers so is not to be trusted with the rest.
    pub(super) async fn open(&self, url: &Url, reach: Reach) -> Result<TcpStream, Failure> {
        let addresses = self.addresses(url, reach).await?;
        for address in &addresses {
            judge(address.ip(), reach).map_err(|why| Failure::Forbidden { address: address.ip(), why })?;
        }
        let mut last = Failure::NoAddress;
        for address in addresses.into_iter().take(MOST_TRIED) {
            last = match timeout(CONNECT, (self.connect)(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => Failure::NoConnection { address, why: error.to_string() },
                Err(_) => Failure::NoConnection { address, why: format!("no answer within {} s", CONNECT.as_secs()) },
            };
        }
        Err(last)
    }

    async fn addresses(&self, url: &Url, reach: Reach) -> Result<Vec<SocketAddr>, Failure> {
        let on = |address: IpAddr| SocketAddr::new(address, url.port);
        if let Ok(address) = url.host.trim_end_matches('.').parse() {
            return Ok(vec![on(address)]);
        }
        if reach == Reach::ThisMachineAlone {
            // to resolve a name is to ask another machine
            return match url.host.as_str() {
                "localhost" => Ok(vec![on(Ipv4Addr::LOCALHOST.into()), on(Ipv6Addr::LOCALHOST.into())]),
                _ => Err(Failure::NameInLab),
            };
        }
        (self.resolve)(url.host.clone(), url.port).await.map_err(|error| Failure::Unresolved(error.to_string()))
    }

    pub(super) async fn secure(&self, url: &Url, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let insecure = |error: &dyn fmt::Display| Failure::Insecure(error.to_string());
        let name = url.host.trim_end_matches('.').to_owned();
        let name = ServerName::try_from(name).map_err(|error| insecure(&error))?;
        let config = self.tls.get_or_init(|| trust(rustls_native_certs::load_native_certs().certs));
        TlsConnector::from(config.clone()).connect(name, stream).await.map_err(|error| insecure(&error))
    }
}

fn trust(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let (_, _) = roots.add_parsable_certificates(certificates); // one that cannot be read vouches for nobody
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}
