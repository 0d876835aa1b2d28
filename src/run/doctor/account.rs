//! Checks of the account and region: credentials, clock, the action of FIS, quotas, the safety lever. Knows no stack.

use jiff::SignedDuration;

use super::{Check, Patient, check, not_seen};
use crate::{
    aws::{Error, Kind, region::Quota},
    clock::Skew,
    doctor::{Area, Finding},
    drill::guard::caps::MOST_IN_WAVE,
};

const AREA: Area = Area::Aws;
/// The longest warning and its settling come to about this: credentials that end earlier end a drill's observation.
const ENOUGH: SignedDuration = SignedDuration::from_mins(30);
/// From here on AWS may refuse signatures. Source: AWS Signature Version 4, five minutes.
const MOST_SKEW: SignedDuration = SignedDuration::from_mins(4);

pub(super) fn identity(patient: &Patient) -> Vec<Finding> {
    let arn = &patient.identity.arn;
    if arn.ends_with(":root") {
        let fix = "Use a role with the policy that `spotdrill setup --print operator` prints";
        return vec![Finding::warn(AREA, "identity", format!("{arn}: the root user, whom no policy limits"), fix)];
    }
    vec![Finding::ok(AREA, "identity", arn.as_str())]
}

/// Without an identity nothing else can be looked at.
pub(super) fn nobody(error: &Error) -> Finding {
    match error.kind {
        Kind::NoCredentials | Kind::Expired | Kind::NotTaken => Finding::fail(
            AREA,
            "credentials",
            error.to_string(),
            "aws sso login\nor set AWS_PROFILE, or pass --profile",
        ),
        _ => Finding::fail(
            AREA,
            "connection",
            error.to_string(),
            "aws sts get-caller-identity\nsays the same without spotdrill",
        ),
    }
}

pub(super) fn checks(patient: &Patient) -> Vec<Check> {
    let name = |name: &str| String::from(name);
    let (one, two, three, four, five) =
        (patient.clone(), patient.clone(), patient.clone(), patient.clone(), patient.clone());
    vec![
        check(AREA, name("credentials"), async move { vec![credentials(&one).await] }),
        check(AREA, name("clock"), async move { vec![clock(&two)] }),
        check(AREA, name("FIS spot action"), async move { vec![action(&three).await] }),
        check(AREA, name("quota"), async move { vec![quota(&four).await] }),
        check(AREA, name("safety lever"), async move { vec![safety_lever(&five).await] }),
    ]
}

async fn credentials(Patient { aws, .. }: &Patient) -> Finding {
    const NAME: &str = "credentials";
    let renew = "Log in again, such as: aws sso login";
    match aws.credentials_expire().await {
        Ok(None) => Finding::ok(AREA, NAME, "do not expire"),
        Ok(Some(expiry)) => {
            let left = expiry.duration_since(aws.clock.now());
            let says = format!("expire at {}, in {} min", expiry.strftime("%H:%MZ"), left.as_secs().div_euclid(60));
            if left.is_negative() {
                Finding::fail(AREA, NAME, format!("expired at {}", expiry.strftime("%F %H:%MZ")), renew)
            } else if left < ENOUGH {
                let why = format!("{says}: a drill and what follows it may take {}", ENOUGH.as_secs() / 60);
                Finding::warn(AREA, NAME, format!("{why} min"), renew)
            } else {
                Finding::ok(AREA, NAME, says)
            }
        }
        Err(error) => Finding::fail(AREA, NAME, error.to_string(), renew),
    }
}

fn clock(Patient { aws, .. }: &Patient) -> Finding {
    const NAME: &str = "clock";
    let fix = "Set this machine's clock, such as with chrony or systemd-timesyncd";
    let Some(Skew { by: skew, .. }) = aws.clock.skew() else {
        return Finding::warn(AREA, NAME, "not compared: no answer of AWS's had a Date header", fix);
    };
    let says = format!("{:+.1} s from AWS's; times shown are AWS's", skew.as_secs_f64());
    if skew.abs() > MOST_SKEW {
        Finding::fail(AREA, NAME, format!("{says}; AWS refuses what is signed five minutes off"), fix)
    } else if skew.abs() > SignedDuration::from_secs(5) {
        Finding::warn(AREA, NAME, says, fix)
    } else {
        Finding::ok(AREA, NAME, says)
    }
}

async fn action(Patient { aws, .. }: &Patient) -> Finding {
    const NAME: &str = "FIS spot action";
    match aws.has_spot_action().await {
        Ok(true) => Finding::ok(AREA, NAME, format!("FIS can interrupt spot instances in {}", aws.region)),
        Ok(false) => {
            let says = format!("FIS has no action aws:ec2:send-spot-instance-interruptions in {}", aws.region);
            Finding::fail(AREA, NAME, says, "Choose another region with --region")
        }
        Err(error) => not_seen(AREA, NAME, &error),
    }
}

async fn quota(Patient { aws, .. }: &Patient) -> Finding {
    const NAME: &str = "quota";
    match tokio::try_join!(aws.quota(Quota::TargetsByTag), aws.quota(Quota::ActiveExperiments)) {
        Ok((Some(targets), Some(active))) => {
            let says = format!("{active} experiments at once; {targets} targets by tag, {MOST_IN_WAVE} in a wave");
            Finding::ok(AREA, NAME, says)
        }
        Ok(_) => Finding::unknown(AREA, NAME, "Service Quotas does not know FIS's quotas here"),
        Err(error) => not_seen(AREA, NAME, &error),
    }
}

async fn safety_lever(Patient { aws, .. }: &Patient) -> Finding {
    const NAME: &str = "safety lever";
    match aws.safety_lever_engaged().await {
        Ok(None) => Finding::ok(AREA, NAME, "disengaged: experiments can run"),
        Ok(Some(reason)) => {
            let fix = "Ask whoever engaged it. Then:\naws fis update-safety-lever-state --id default --state status=disengaged,reason=REASON";
            Finding::fail(AREA, NAME, format!("engaged, so FIS cancels every experiment: {reason}"), fix)
        }
        Err(error) => not_seen(AREA, NAME, &error),
    }
}
