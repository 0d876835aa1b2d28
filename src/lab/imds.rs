//! Instance metadata, versions 1 and 2, of each instance at `/imds/<instance id>/latest/…`, so that a node's agent can be
//! pointed at it. No credentials, user data or tags: 404, as on an instance without them. Knows no AWS API.

use aws_smithy_types::base64;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    service::Raw,
    wire::time::iso_seconds,
    world::{
        World,
        instance::{Instance, InstanceState},
    },
};

/// What stands before an instance's id; no AWS client asks for such a path.
pub(super) const PREFIX: &str = "/imds/";

const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";

/// The longest life of a token, in seconds.
const LONGEST: i64 = 21_600;

/// The answer to a request for an instance's metadata; none to any other.
pub(super) fn answer(world: &World, request: &Request<Bytes>) -> Option<Raw> {
    let rest = request.uri().path().strip_prefix(PREFIX)?;
    let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.strip_prefix("latest").map(|path| path.trim_matches('/'));
    let on = |instance: &&Instance| !matches!(instance.state, InstanceState::Terminated | InstanceState::Stopped);
    let Some((instance, path)) = world.instances.get(id).filter(on).zip(path) else { return Some(not_found()) };
    let (now, headers) = (world.now(), request.headers());
    if path == "api/token" {
        return Some(if request.method() == Method::PUT { new_token(id, now, headers) } else { not_allowed() });
    }
    if headers.get(TOKEN).is_some_and(|token| !is_valid(token.as_bytes(), id, now)) {
        return Some(page(StatusCode::UNAUTHORIZED, "401 - Unauthorized"));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Some(not_allowed());
    }
    Some(found(&leaves(world, instance), path).map_or_else(not_found, |text| plain(StatusCode::OK, text)))
}

/// A token says whose it is and until when, in milliseconds of the lab's time.
fn new_token(id: &str, now: Timestamp, headers: &HeaderMap) -> Raw {
    if headers.contains_key("x-forwarded-for") {
        return page(StatusCode::FORBIDDEN, "403 - Forbidden");
    }
    let seconds = headers.get(TTL).and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(seconds) = seconds.filter(|seconds: &i64| (1..=LONGEST).contains(seconds)) else {
        return page(StatusCode::BAD_REQUEST, "400 - Bad Request");
    };
    let until = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let mut raw = plain(StatusCode::OK, base64::encode(format!("{id} {}", until.as_millisecond())));
    raw.headers.push((TTL, seconds.to_string()));
    raw
}

fn is_valid(token: &[u8], id: &str, now: Timestamp) -> bool {
    let text = std::str::from_utf8(token).ok().and_then(|token| String::from_utf8(base64::decode(token).ok()?).ok());
    let until = text.as_deref().and_then(|text| text.strip_prefix(id)?.trim_start().parse().ok());
    until.is_some_and(|until: i64| now.as_millisecond() < until)
}

/// Everything that there is, by its path.
fn leaves(world: &World, instance: &Instance) -> Vec<(&'static str, String)> {
    let (id, region, ip) = (instance.id.clone(), world.scenario.region.clone(), instance.private_ip.to_string());
    let host = format!("ip-{}.{region}.compute.internal", ip.replace('.', "-"));
    let document = json!({
        "accountId": world.scenario.account, "architecture": "x86_64",
        "availabilityZone": owned(&instance.zone), "billingProducts": null, "devpayProductCodes": null,
        "imageId": owned(&instance.image), "instanceId": id, "instanceType": owned(&instance.instance_type),
        "kernelId": null, "marketplaceProductCodes": null, "pendingTime": iso_seconds(instance.launched),
        "privateIp": ip, "ramdiskId": null, "region": region, "version": "2017-09-30",
    });
    let spot = instance.spot_request.is_some();
    let mut leaves = vec![
        ("dynamic/instance-identity/document", format!("{document:#}")),
        ("meta-data/ami-id", owned(&instance.image)),
        ("meta-data/hostname", host.clone()),
        ("meta-data/instance-id", id),
        ("meta-data/instance-life-cycle", if spot { "spot" } else { "on-demand" }.to_owned()),
        ("meta-data/instance-type", owned(&instance.instance_type)),
        ("meta-data/local-hostname", host),
        ("meta-data/local-ipv4", ip),
        ("meta-data/placement/availability-zone", owned(&instance.zone)),
        ("meta-data/placement/availability-zone-id", world.zone_id(&instance.zone)),
        ("meta-data/placement/region", region),
        ("meta-data/reservation-id", owned(&instance.reservation)),
    ];
    let notices = world.notices.get(&instance.id).copied().unwrap_or_default();
    if let Some(time) = notices.rebalance {
        let text = json!({ "noticeTime": iso_seconds(time) }).to_string();
        leaves.push(("meta-data/events/recommendations/rebalance", text));
    }
    if let Some((action, at)) = notices.action {
        let text = json!({ "action": action, "time": iso_seconds(at) }).to_string();
        leaves.push(("meta-data/spot/instance-action", text));
        if action == "terminate" {
            leaves.push(("meta-data/spot/termination-time", iso_seconds(at)));
        }
    }
    leaves
}

/// The value at a path, or what is below it, a line each, with a `/` after what has more below.
fn found(leaves: &[(&'static str, String)], path: &str) -> Option<String> {
    if let Some((_, value)) = leaves.iter().find(|(name, _)| *name == path) {
        return Some(value.clone());
    }
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let below = leaves.iter().filter_map(|(name, _)| name.strip_prefix(&prefix));
    let mut names: Vec<_> = below.map(|rest| rest.split_inclusive('/').next().unwrap_or(rest)).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| names.join("\n"))
}

fn owned(text: &str) -> String {
    text.to_owned()
}

fn plain(status: StatusCode, text: String) -> Raw {
    Raw { status, headers: Vec::new(), body: Bytes::from(text) }
}

fn page(status: StatusCode, title: &str) -> Raw {
    plain(status, format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"))
}

fn not_found() -> Raw {
    page(StatusCode::NOT_FOUND, "404 - Not Found")
}

fn not_allowed() -> Raw {
    page(StatusCode::METHOD_NOT_ALLOWED, "405 - Method Not Allowed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::Scenario;

    fn world() -> (World, String) {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let world = World::open(Scenario::named("tiny").unwrap(), now, 1);
        let id = world.instances.iter().find(|instance| instance.spot_request.is_some()).unwrap().id.clone();
        (world, id)
    }

    fn ask(world: &World, method: Method, path: &str, header: Option<(&str, &str)>) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let raw = answer(world, &request.body(Bytes::new()).unwrap()).unwrap();
        (raw.status.as_u16(), String::from_utf8(raw.body.to_vec()).unwrap())
    }

    #[test]
    fn version_one_needs_no_token_and_version_two_a_good_one() {
        let (mut world, id) = world();
        let (path, token) =
            (format!("/imds/{id}/latest/meta-data/instance-id"), format!("/imds/{id}/latest/api/token"));
        assert_eq!(ask(&world, Method::GET, &path, None), (200, id));
        assert_eq!(ask(&world, Method::GET, &path, Some((TOKEN, "bad"))).0, 401);
        for ttl in [None, Some((TTL, "0")), Some((TTL, "21601"))] {
            assert_eq!(ask(&world, Method::PUT, &token, ttl).0, 400);
        }
        let (_, given) = ask(&world, Method::PUT, &token, Some((TTL, "60")));
        assert_eq!(ask(&world, Method::GET, &path, Some((TOKEN, &given))).0, 200);
        world.advance(world.now() + SignedDuration::from_secs(60));
        assert_eq!(ask(&world, Method::GET, &path, Some((TOKEN, &given))).0, 401);
    }

    #[test]
    fn a_directory_lists_what_is_below_it() {
        let (world, id) = world();
        let get = |path: &str| ask(&world, Method::GET, &format!("/imds/{id}/latest/{path}"), None);
        assert_eq!(get("meta-data/placement/").1, "availability-zone\navailability-zone-id\nregion");
        assert!(get("meta-data").1.contains("local-ipv4\nplacement/\nreservation-id"), "{:?}", get("meta-data"));
        assert_eq!(get("").1, "dynamic/\nmeta-data/");
        for path in
            ["meta-data/spot/instance-action", "meta-data/iam/security-credentials/", "user-data", "meta-data/spot"]
        {
            assert_eq!(get(path).0, 404, "{path}");
        }
        assert_eq!(ask(&world, Method::GET, "/imds/i-0/latest/meta-data/", None).0, 404);
    }

    #[test]
    fn what_was_announced_is_there() {
        let (mut world, id) = world();
        world.warn(&id);
        let get = |path: &str| ask(&world, Method::GET, &format!("/imds/{id}/latest/meta-data/{path}"), None).1;
        assert_eq!(get("events/recommendations/rebalance"), r#"{"noticeTime":"2026-11-22T12:00:00Z"}"#);
        assert_eq!(get("spot/instance-action"), r#"{"action":"terminate","time":"2026-11-22T12:02:00Z"}"#);
        assert_eq!(get("spot/termination-time"), "2026-11-22T12:02:00Z");
    }
}
