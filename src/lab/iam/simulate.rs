//! What policies would say, without asking for it. Knows nothing of what the resources really are: as in AWS, their tags
//! count only as far as the caller gives them.

use super::{Answer, invalid, listing, no_such, required};
use crate::lab::{
    policy::{self, Context, Decision, Request},
    wire::{
        error::ApiError,
        query::{Element, Form, element, text},
    },
    world::{World, access::PolicyKind},
};

/// A policy with its name and what kind it is of.
type Source<'p> = (String, &'static str, &'p serde_json::Value);

pub(super) fn principal(world: &mut World, form: &Form) -> Answer {
    let arn = required(form, "PolicySourceArn")?;
    if !arn.starts_with("arn:aws:iam::") {
        return Err(ApiError::bad(
            "InvalidInput",
            format!("Invalid Entity Arn: {arn} does not clearly define entity type and name."),
        ));
    }
    let role = world.role_by_arn(arn).ok_or_else(|| no_such(format!("The role with ARN {arn} cannot be found.")))?;
    let kind = |kind| match kind {
        PolicyKind::Inline => "role",
        PolicyKind::Aws => "aws-managed",
        PolicyKind::Account => "user-managed",
    };
    let sources: Vec<Source<'_>> =
        world.policies_of(role).map(|(name, of, document)| (name.to_owned(), kind(of), document)).collect();
    results(form, "SimulatePrincipalPolicy", &sources, world.circumstances(role))
}

pub(super) fn custom(_: &mut World, form: &Form) -> Answer {
    let documents = form.list("PolicyInputList.member").into_iter().map(policy::identity);
    let documents = documents.collect::<Result<Vec<_>, _>>().map_err(|why| ApiError::bad("InvalidInput", why))?;
    if documents.is_empty() {
        return Err(invalid("PolicyInputList is missing."));
    }
    let sources =
        (1..).zip(&documents).map(|(number, document)| (format!("PolicyInputList.{number}"), "none", document));
    results(form, "SimulateCustomPolicy", &sources.collect::<Vec<_>>(), Context::new())
}

fn results(form: &Form, operation: &str, sources: &[Source<'_>], mut context: Context) -> Answer {
    let actions = form.list("ActionNames.member");
    if let Some(strange) = actions.iter().find(|action| action.matches(':').count() != 1 || action.contains('*')) {
        return Err(ApiError::bad("InvalidInput", format!("Invalid action name: {strange}")));
    }
    if actions.is_empty() {
        return Err(invalid("ActionNames is missing."));
    }
    for entry in form.structures("ContextEntries") {
        let key = entry.get("ContextKeyName").unwrap_or_default().to_lowercase();
        context.insert(key, entry.list("ContextKeyValues.member").into_iter().map(str::to_owned).collect());
    }
    let resources = form.list("ResourceArns.member");
    let resources = if resources.is_empty() { vec!["*"] } else { resources };
    let pairs = actions.iter().flat_map(|action| resources.iter().map(move |resource| (*action, *resource)));
    let members = pairs.map(|(action, resource)| result(action, resource, sources, &context)).collect();
    listing(form, operation, "EvaluationResults", members)
}

fn result(action: &str, resource: &str, sources: &[Source<'_>], context: &Context) -> Element {
    let documents = || sources.iter().map(|(_, _, document)| *document);
    let request = Request { action, resource, context, principals: &[] };
    let decision = policy::decide(documents(), request);
    // What matched is what decided: the denials if there is one, else what allows.
    let decides = |document| decision != Decision::ImplicitDeny && policy::decide([document], request) == decision;
    let matched = sources.iter().filter(|(_, _, document)| decides(*document));
    let matched = matched
        .map(|(name, kind, _)| element("member", vec![text("SourcePolicyId", name), text("SourcePolicyType", *kind)]));
    let missing =
        policy::condition_keys(documents()).into_iter().filter(|key| !context.contains_key(&key.to_lowercase()));
    element(
        "member",
        vec![
            text("EvalActionName", action),
            text("EvalResourceName", resource),
            text("EvalDecision", decision.as_str()),
            element("MatchedStatements", matched.collect::<Vec<_>>()),
            element("MissingContextValues", missing.map(|key| text("member", key)).collect()),
        ],
    )
}
