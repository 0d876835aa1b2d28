//! An order carried out, and given again where it could not be given yet: AWS throttles, or the credentials have run out.
//! Knows for how long an order may wait, and nothing of what follows from it.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use jiff::SignedDuration;
use tokio::sync::mpsc::Sender;

use super::crew::News;
use crate::{
    aws::{Aws, Error},
    drill::{
        fact::{Fact, What},
        order::{Order, OrderName},
    },
    text::SafeText,
};

/// From one try to the next, in drill time.
const AGAIN: Duration = Duration::from_secs(4);
/// What would begin something waits no longer: the operator who confirmed it must still be there, and what was looked at
/// before must still hold.
const TO_BEGIN: SignedDuration = SignedDuration::from_mins(1);
/// What looks after something that was begun.
const TO_END: SignedDuration = SignedDuration::from_mins(15);
/// Trouble that passes sooner is not worth a word.
const WORTH_A_WORD: SignedDuration = SignedDuration::from_secs(12);

/// Carries out an order; what comes of it is reported as a fact, and that it waits is one, too.
pub(super) async fn carry_out(aws: Aws, order: Order, news: Sender<News>) {
    let begun = aws.clock.now();
    let (mut told, mut in_doubt, mut failed) = (false, false, None);
    aws.out_of_turn();
    let fact = loop {
        // the machine may have slept while it waited
        if let Some(error) =
            failed.filter(|_| aws.clock.now().duration_since(begun) >= patience(order.name(), in_doubt))
        {
            break aws.not_done(&order, &error, in_doubt);
        }
        let error = match AssertUnwindSafe(try_once(&aws, &order, in_doubt)).catch_unwind().await {
            Ok(Ok(fact)) => break fact,
            Ok(Err((error, sent))) => {
                in_doubt |= sent && error.kind.leaves_doubt();
                error
            }
            Err(_) => {
                let message = SafeText::new("spotdrill itself failed in between");
                break Fact::ours(aws.clock.now(), What::OrderUnanswered { order: order.name(), message });
            }
        };
        let waited = aws.clock.now().duration_since(begun);
        if !(error.kind.passes() || error.kind.wants_login()) || waited >= patience(order.name(), in_doubt) {
            break aws.not_done(&order, &error, in_doubt);
        }
        if !told && (error.kind.wants_login() || waited >= WORTH_A_WORD) {
            told = true;
            let (message, todo) = (SafeText::new(error.said()), error.meanwhile());
            let waits = What::OrderWaits { order: order.name(), message, todo };
            if news.send(News::Fact(Fact::ours(aws.clock.now(), waits))).await.is_err() {
                return;
            }
        }
        aws.clock.sleep(AGAIN).await;
        if order.name() != OrderName::StopExperiment {
            aws.turn().await; // a stop stands behind nothing
        }
        failed = Some(error);
    };
    let _ = news.send(News::Fact(fact)).await; // no one listens: the drill is over
}

/// A template of another's is compared once more, right before it is started from. An error says whether the order was sent.
async fn try_once(aws: &Aws, order: &Order, in_doubt: bool) -> Result<Fact, (Error, bool)> {
    if let Order::StartExperiment { as_is: Some(confirmed), .. } = order {
        let now = aws.template(&confirmed.id).await.map_err(|error| (error, false))?;
        aws.out_of_turn();
        if now != **confirmed {
            let message = SafeText::new(format!("template {} was changed or replaced since the preview", now.id));
            let order = order.name();
            let unsent = What::OrderWithheld { order, message: message.clone() };
            let what = if in_doubt { What::OrderUnanswered { order, message } } else { unsent };
            return Ok(Fact::ours(aws.clock.now(), what));
        }
    }
    aws.carry_out(order).await.map_err(|error| (error, true))
}

/// By its token FIS knows a start that it was given before. One that may have been carried out is not waited with for long,
/// but looked for.
fn patience(order: OrderName, in_doubt: bool) -> SignedDuration {
    match order {
        OrderName::StartExperiment if in_doubt => TO_BEGIN / 2,
        OrderName::CreateTemplate | OrderName::StartExperiment => TO_BEGIN,
        OrderName::FindTemplate
        | OrderName::FindExperiment
        | OrderName::StopExperiment
        | OrderName::DeleteTemplate
        | OrderName::FreeLock => TO_END,
    }
}
