//! The lab as the HTTP client of an SDK, without any socket: for tests, where time is paused. Knows no service.

use std::{fmt, io, sync::Arc};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

use super::{Lab, breaking::Reset};

/// An HTTP client for `http_client(…)` of any SDK's configuration; where its endpoint is does not matter.
pub fn client(lab: &Arc<Lab>) -> SharedHttpClient {
    SharedHttpClient::new(InProcess(Arc::clone(lab)))
}

#[derive(Clone)]
struct InProcess(Arc<Lab>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let lab = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { exchange(&lab, request).await })
    }
}

async fn exchange(lab: &Arc<Lab>, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user = |error| ConnectorError::user(error);
    let (parts, body) = request.try_into_http1x().map_err(|error| user(error.into()))?.into_parts();
    let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
    let response = lab.handle(http::Request::from_parts(parts, body)).await;
    if response.extensions().get::<Reset>().is_some() {
        return Err(ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into()));
    }
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x)).map_err(|error| user(error.into()))
}
