//! The way to a lab of our own: a client that can go nowhere else, so that no mistake makes a rehearsal real. Knows one address.

use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use thiserror::Error;

use super::transport::is_loopback;

/// Plain HTTP without proxy or TLS, to that address alone: the lab's server is in this very process.
pub(super) fn only(url: &str) -> SharedHttpClient {
    let here = url.parse().ok().filter(is_loopback).and_then(|url: http::Uri| url.into_parts().authority);
    SharedHttpClient::new(Only { here, inner: Builder::new().build_http() })
}

#[derive(Clone, Debug)]
struct Only {
    /// None where the address is not this machine: then nothing is let out.
    here: Option<http::uri::Authority>,
    inner: SharedHttpClient,
}

#[derive(Debug, Error)]
#[error("a lab's client was sent to {0}, and goes to the lab alone")]
struct Elsewhere(String);

impl HttpClient for Only {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(OnlyThere { here: self.here.clone(), inner })
    }
}

#[derive(Debug)]
struct OnlyThere {
    here: Option<http::uri::Authority>,
    inner: SharedHttpConnector,
}

impl HttpConnector for OnlyThere {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let to: Option<http::Uri> = request.uri().parse().ok();
        let is_here = to.as_ref().is_some_and(|to| {
            to.scheme_str() == Some("http") && to.authority().is_some_and(|to| Some(to) == self.here.as_ref())
        });
        if is_here {
            return self.inner.call(request);
        }
        let elsewhere = Elsewhere(to.and_then(|to| to.host().map(str::to_owned)).unwrap_or_default());
        HttpConnectorFuture::ready(Err(ConnectorError::user(elsewhere.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{Connection, Way, connect},
        clock::Clock,
    };

    async fn called(only_to: &str, to: &str) -> String {
        let way = Way::Lab {
            url: to.to_owned(),
            region: String::from("eu-west-1"),
            access_key: String::from("key"),
            secret_key: String::from("secret"),
        };
        let http_client = Some(only(only_to));
        let connection = Connection { way, read_only: false, clock: Clock::wall(), http_client, credentials: None };
        connect(connection).await.unwrap().identity().await.unwrap_err().to_string()
    }

    /// A listener is there all the time: what is refused here could have connected.
    #[tokio::test]
    async fn nothing_but_the_lab_is_connected_to() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let lab = "http://127.0.0.1:1";
        for to in [
            format!("http://{}", other.local_addr().unwrap()),
            String::from("https://127.0.0.1:1"),
            String::from("http://127.0.0.1:1@sts.amazonaws.com"),
            String::from("http://127.0.0.1.example.com:1"),
            String::from("http://169.254.169.254"),
            String::from("https://sts.eu-west-1.amazonaws.com"),
        ] {
            let error = called(lab, &to).await;
            assert!(error.contains("goes to the lab alone"), "{to}: {error}");
        }
        let error = called("http://sts.example.com", "http://sts.example.com").await;
        assert!(error.contains("goes to the lab alone"), "{error}");
        let error = called(lab, lab).await;
        assert!(!error.contains("goes to the lab alone"), "{error}");
        other.set_nonblocking(true).unwrap();
        assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "somebody connected");
    }
}
