//! A call on its way: what it is for, and what AWS answers where it does not carry it out. Knows the services' wire forms.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

#[derive(Clone, Debug)]
pub(super) struct Call {
    /// By its name in a signature.
    pub(super) service: String,
    /// For people.
    pub(super) name: String,
    /// Something may be otherwise when it was carried out.
    pub(super) changes: bool,
    /// All that its answer depends on.
    pub(super) asks: String,
    /// Its answer goes on for as long as it is read.
    pub(super) streams: bool,
}

impl Call {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let header = |name| request.headers().get(name).unwrap_or_default();
        // Credential=<key>/<day>/<region>/<service>/aws4_request
        let service = header("authorization").split('/').nth(3).unwrap_or_default().to_owned();
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let target = header("x-amz-target").rsplit('.').next().unwrap_or_default();
        let (method, uri) = (request.method(), request.uri());
        let path = uri.trim_start_matches("http://127.0.0.1:1");
        let name = match (service.as_str(), action) {
            ("fis", _) => format!("{method} {path}"),
            (_, Some(action)) => action.to_owned(),
            _ => target.to_owned(),
        };
        let changes = service == "fis" && method != "GET" || matches!(target, "PutParameter" | "DeleteParameter");
        Self {
            name: format!("{service} {name}"),
            changes,
            asks: format!("{method} {uri} {target} {body}"),
            streams: target == "StartLiveTail",
            service,
        }
    }

    pub(super) fn starts(&self) -> bool {
        self.name == "fis POST /experiments"
    }

    /// Whether its answer lists what FIS has, by the time at which it was made.
    pub(super) fn lists(&self) -> Option<&'static str> {
        let path = self.name.strip_prefix("fis GET /")?;
        match path.split('?').next()? {
            "experiments" => Some("experiments"),
            "experimentTemplates" => Some("experimentTemplates"),
            _ => None,
        }
    }

    /// AWS limits its rate.
    pub(super) fn throttled(&self) -> HttpResponse {
        match self.service.as_str() {
            "ec2" => self.refused(503, "RequestLimitExceeded"),
            "fis" => self.refused(429, "ThrottlingException"),
            _ => self.refused(400, "ThrottlingException"),
        }
    }

    /// AWS itself fails.
    pub(super) fn failed(&self) -> HttpResponse {
        self.refused(500, "InternalFailure")
    }

    fn refused(&self, status: u16, code: &str) -> HttpResponse {
        let body = match self.service.as_str() {
            "ec2" => format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>simulated</Message></Error></Errors>\
                 <RequestID>simulated</RequestID></Response>"
            ),
            "sts" | "iam" | "cloudformation" => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>simulated</Message></Error>\
                 <RequestId>simulated</RequestId></ErrorResponse>"
            ),
            _ => serde_json::json!({ "__type": code, "message": "simulated" }).to_string(),
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        response.headers_mut().insert("x-amzn-errortype", code.to_owned());
        response
    }
}
